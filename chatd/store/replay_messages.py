"""One group's messages replayed with what was done to them, and what does not fit: a part of `replay`.

What one entry says of another is compared by sums of hashes, so that memory does not depend on the number of entries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from chatd.core.cards import KIND_OF
from chatd.core.values import Entry


class Target(msgspec.Struct, array_like=True):
    """What an entry refers to, as it is now. `body` is only there for what was taken back or a recall refers to, `type`
    (of the message) for what a card entry refers to."""

    kind: str
    actor: str | None
    recalled: bool
    version: int
    body: dict[str, Any] | None
    type: str = ""

    @property
    def erased(self) -> bool:
        """Whether it went with the person who wrote it."""
        return self.recalled and bool((self.body or {}).get("recalled", {}).get("erased"))


class MessageReplay:
    """How the messages stand after the entries so far.

    `report` is called with each problem and the entry that has it; `floor_of` says below which position somebody who
    is in sees nothing, `outranks` whether one person stands above another.
    """

    def __init__(
        self,
        report: Callable[[Entry, str], None],
        floor_of: Callable[[str | None], int],
        outranks: Callable[[str | None, str | None], bool],
    ) -> None:
        self._say = report
        self._floor_of = floor_of
        self._outranks = outranks
        self._changes: dict[str, Callable[[Entry, Target], None]] = {
            "edit": self._take_edit,
            "recall": self._take_recall,
            "reaction": self._take_reaction,
            "card": self._take_card,
        }
        # What entries say of messages minus what the messages say of themselves: zero when all is well.
        self.balance: Counter[str] = Counter()
        self._alive: Counter[str] = Counter()
        """Messages by author that say something, and those that went with their author."""
        self._erased: Counter[str] = Counter()

    def take(self, entry: Entry, target: Target | None, reacted: Sequence[tuple[str, str]], gone: bool = False) -> None:
        """A message, with the (user, sign) pairs kept for it. `gone`: what it answers is no longer there."""
        if entry.target is not None and not gone:
            self._check_target(entry, target)
        keys = {"type", "recalled"} if entry.recalled else {"type", "body"}
        if entry.body.keys() - ({"operator"} if entry.recalled else {"tags", "forwarded", "bot", "operator"}) != keys:
            self._say(entry, "is recalled and still holds content" if entry.recalled else "holds no content")
        if entry.reactions != Counter(sign for _, sign in reacted):
            self._say(entry, "counts reactions that are not those kept for it")
        if entry.recalled:
            if reacted:
                self._say(entry, "is recalled and still has reactions")
            if entry.body.get("recalled", {}).get("erased"):
                self._erased[entry.actor or ""] += 1
            else:
                self.balance["recall"] -= hash(("recall", entry.pos))
        else:
            self._alive[entry.actor or ""] += 1
            self.balance["reaction"] -= sum(hash((entry.pos, user, sign)) for user, sign in reacted)
        self.balance["edit"] -= sum(hash((entry.pos, version)) for version in range(1, entry.version + 1))

    def erase(self, entry: Entry, user: str) -> None:
        """An entry says that everything that somebody wrote so far is gone."""
        if self._alive.pop(user, 0):
            self._say(entry, f"says that {user} was erased, of whom messages are left")
        self._erased.pop(user, None)

    def finish(self, is_going: Callable[[str], bool], say: Callable[[str], None]) -> None:
        """After the last entry. `is_going`: whose erasure is under way."""
        for user in self._erased:
            if not is_going(user):
                say(f"messages of {user} went with them, and no entry says so")

    def _check_target(self, entry: Entry, target: Target | None) -> bool:
        if target is None or target.kind != "message" or (entry.target or 0) >= entry.pos:
            self._say(entry, f"refers to {entry.target}, which is no message before it")
            return False
        if (entry.target or 0) <= self._floor_of(entry.actor):
            self._say(entry, f"refers to {entry.target}, which its author did not see")
        return True

    def take_change(self, entry: Entry, target: Target | None) -> None:
        """What refers to a message."""
        if not self._check_target(entry, target) or target is None:
            return
        if entry.kind in self._changes:  # The board follows the others.
            self._changes[entry.kind](entry, target)

    def _take_edit(self, entry: Entry, target: Target) -> None:
        if target.actor != entry.actor:
            self._say(entry, f"edits {entry.target}, which somebody else wrote")
        self.balance["edit"] += hash((entry.target, entry.version))

    def _take_recall(self, entry: Entry, target: Target) -> None:
        mark = (target.body or {}).get("recalled")
        if not target.recalled or mark != {"by": entry.actor, "at": entry.at}:
            self._say(entry, f"recalls {entry.target}, whose row does not say so")
        if (
            not entry.body.get("again")
            and target.actor != entry.actor
            and not self._outranks(entry.actor, target.actor)
        ):
            self._say(entry, f"recalls {entry.target} without the right to")
        self.balance["recall"] += hash(("recall", entry.target))

    def _take_reaction(self, entry: Entry, target: Target) -> None:
        if not target.recalled:
            sign = hash((entry.target, entry.actor, entry.body.get("emoji")))
            self.balance["reaction"] += sign if entry.body.get("on") else -sign

    def _take_card(self, entry: Entry, target: Target) -> None:
        if target.type not in KIND_OF or entry.actor is not None or entry.body:
            self._say(entry, f"tells of {entry.target}, which shows no item, or says more than that")
