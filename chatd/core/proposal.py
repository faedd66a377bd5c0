"""What every proposal is: a wish with an author, which says what it needs to know and then decides on it.

A proposal crosses from the hub to the writer; it is a value. `needs` may only read the proposal itself; `decide` may
only read and change the facts, and must not change anything before it has passed its last check.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from chatd.core.facts import Facts
from chatd.core.needs import Needs
from chatd.core.refusal import Refused


class Proposal(Protocol):
    """What the engine asks of a wish."""

    def needs(self, need: Needs) -> None:
        """Say what has to be locked and loaded."""

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Make it true in `facts` and return the answer. Raises `Refused`."""


class Wish(msgspec.Struct, frozen=True, array_like=True, tag_field="wish"):
    """Base of proposals that need no `cid`: doing them twice is the same as doing them once."""


class Command(Wish, frozen=True):
    """Base of what a user asks for, which happens at most once: `cid` names it, `digest` (keyed) recognises it."""

    actor: str
    cid: str
    digest: bytes


class Abandon(Command, frozen=True, tag="abandon"):
    """What stands in for a command that cannot be carried out: answered if it was done before, refused otherwise."""

    def needs(self, need: Needs) -> None:
        return

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises `internal`."""
        raise Refused("internal")


class Refuse(Command, frozen=True, tag="refuse"):
    """What stands in for a command that was refused before it came here, for what it says.

    Whoever repeats a command that was accepted gets its first answer, even if it would be refused by now.
    """

    code: str
    details: dict[str, Any]

    def needs(self, need: Needs) -> None:
        return

    def decide(self, facts: Facts) -> dict[str, Any]:
        """Raises that refusal."""
        raise Refused(self.code, **self.details)
