"""What a program may ask of one user's session: every command, and everything that happens.

`Client` is one, over a real connection. What is written against a `Port` also runs on the stage of
`chatd_client.bots.testing`, where there is no server.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator

from chatd_client.commands import Commands
from chatd_client.events import Event
from chatd_protocol.groups import GroupLine
from chatd_protocol.session import HelloOk


class Port(Commands):
    """A session that is kept up by itself, and its commands."""

    @property
    @abstractmethod
    def hello(self) -> HelloOk | None:
        """What the server said when the session was last opened."""

    @abstractmethod
    async def connect(self) -> HelloOk:
        """Start, and wait for the first session."""

    @abstractmethod
    async def close(self) -> None:
        """End the session."""

    @abstractmethod
    def events(self) -> AsyncIterator[Event]:
        """Everything that happens, in order."""

    @abstractmethod
    async def open_group(self, group: str, *, from_start: bool = False) -> GroupLine:
        """Get a group's entries from here on."""
