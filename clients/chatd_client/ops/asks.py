"""What every op of the client goes through, and how it is named.

Every method of the ops raises `ChatdError` if the server refuses, with the codes of the op, and `ClientClosed`. What is
lost with a connection or refused with a code that says "again" is repeated, a command under the `cid` it was first
given, so it happens once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TypeVar

from chatd_protocol.values import Data, View

V = TypeVar("V", bound=View)
PAGE = 100


class Asks(ABC):
    """Base of the ops of each noun."""

    @abstractmethod
    async def ask(self, request: Data, kind: type[V]) -> V:
        """Send any request of `chatd_protocol` and get the answer of its op."""

    @abstractmethod
    def new_cid(self) -> str:
        """A fresh name for one command."""
