"""A session as a pure object: its states, and the budgets it spends. No socket, no clock, no loop.

NEW       only `session.hello` is understood
OPENING   hello is being answered; what comes behind it waits
OPEN      everything else is understood
CLOSED    nothing is
"""

from __future__ import annotations

import enum
from typing import Final

from chatd.core.refusal import Refused


class Phase(enum.Enum):
    """Where a session is in its life."""

    NEW = "new"
    OPENING = "opening"
    OPEN = "open"
    CLOSED = "closed"


HELLO: Final = "session.hello"

MOVES: Final[dict[Phase, frozenset[Phase]]] = {
    Phase.NEW: frozenset({Phase.OPENING, Phase.CLOSED}),
    Phase.OPENING: frozenset({Phase.OPEN, Phase.CLOSED}),
    Phase.OPEN: frozenset({Phase.CLOSED}),
    Phase.CLOSED: frozenset(),
}


def check_move(before: Phase, after: Phase) -> Phase:
    """The phase after a move. Raises AssertionError for a move that the table does not have."""
    assert after in MOVES[before], f"a session does not go from {before} to {after}"
    return after


def check_op(phase: Phase, op: str) -> None:
    """Raises `wrong_state` for hello twice, and for anything else before hello."""
    if (op == HELLO) != (phase is Phase.NEW):
        expected = "`session.hello` comes first" if phase is Phase.NEW else "`session.hello` was answered already"
        raise Refused("wrong_state", expected)
