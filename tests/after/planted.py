"""Exactly one fault at a time, so that the battery can be seen to find it: `python -m tests.after --fault NAME`.

Nothing of it is in the server itself: parts of the hub are replaced while a fault lasts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any, Final
from unittest.mock import patch

from chatd.hub import opening
from chatd.hub.feed import Feed, State
from chatd.hub.queries import bans, groups, invites, messages, presence, receipts, relations
from chatd.hub.receiver import Receiver
from chatd.hub.session import Session

_READING: Final[tuple[ModuleType, ...]] = (bans, groups, invites, messages, presence, receipts, relations)


@contextmanager
def answers_late() -> Iterator[None]:
    """What was awaited is answered to whoever asked, in or out by then."""
    with ExitStack() as stack:
        for module in _READING:
            stack.enter_context(patch.object(module, "check_still", lambda *_: None))
        yield


@contextmanager
def keeps_heads() -> Iterator[None]:
    """Sessions that only follow the heads of a group go on following them."""
    unfollow = Receiver.unfollow

    def but_heads(self: Receiver, group: str, upto: int | None) -> None:
        follow = self.follows.get(group)
        if follow is None or follow.state is not State.SUMMARY:
            unfollow(self, group, upto)

    with patch.object(Receiver, "unfollow", but_heads):
        yield


@contextmanager
def misses_the_seam() -> Iterator[None]:
    """Who is put out while their session is opened stays in, for that session."""
    apply = opening._apply_missed

    def but_leaves(session: Session, n: int, missed: opening.Missed) -> None:
        missed.moves = [move for move in missed.moves if move[3] is not None]
        apply(session, n, missed)

    with patch.object(opening, "_apply_missed", but_leaves):
        yield


@contextmanager
def shows_the_end() -> Iterator[None]:
    """Who is put out gets what was committed with it as it became afterwards."""
    with patch.object(Feed, "rest", lambda self, after, upto: self.recent(after, upto, upto - after)):
        yield


@contextmanager
def forgets_who_hangs() -> Iterator[None]:
    """Sessions that are behind go on reading."""
    unfollow = Receiver.unfollow

    def but_behind(self: Receiver, group: str, upto: int | None) -> None:
        follow = self.follows.get(group)
        if follow is None or follow.state is not State.BEHIND:
            unfollow(self, group, upto)

    with patch.object(Receiver, "unfollow", but_behind):
        yield


FAULTS: Final[Mapping[str, Callable[[], Any]]] = {
    one.__name__.replace("_", "-"): one
    for one in (answers_late, keeps_heads, misses_the_seam, shows_the_end, forgets_who_hangs)
}
