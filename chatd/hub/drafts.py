"""Unsent texts that changed and are not stored yet.

Like read positions they may lose their last second in a crash: kept here, handed to the writer in bounded portions, and
laid over what the store says until they are there. The text of a person's keys is written once, however often it came.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

from chatd.core.chats import Draft, SaveDrafts
from chatd.core.refusal import Refused
from chatd.service.chats import view_draft
from chatd.store.link import WriterLink
from chatd.store.outcome import Verdict

PORTION: Final = 50


class Drafts:
    """The newest text by person and group, empty for one that was removed."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._changed: dict[tuple[str, str], Draft] = {}
        self._saving = False
        self._link: WriterLink

    def __len__(self) -> int:
        return len(self._changed)

    def keep(self, draft: Draft) -> None:
        """Note a text. Raises `overloaded` at the bound."""
        if len(self._changed) >= self._most and draft.key not in self._changed:
            raise Refused("overloaded")
        self._changed[draft.key] = draft

    def forget(self, user: str, group: str) -> None:
        """The person is out of the group: what they had not sent there is of that stay."""
        self._changed.pop((user, group), None)

    def forget_all(self, user: str) -> None:
        """The person is no more."""
        for key in [key for key in self._changed if key[0] == user]:
            del self._changed[key]

    def times_of(self, user: str, groups: Iterable[str], stored: dict[str, int]) -> dict[str, int]:
        """When the texts there are in these groups were saved."""
        times = {}
        for group in groups:
            draft = self._changed.get((user, group))
            at = stored.get(group) if draft is None else draft.at if draft.text else None
            if at is not None:
                times[group] = at
        return times

    def lay_over(self, user: str, shown: dict[str, Any], group: str, *, whole: bool = False) -> None:
        """Put the newest text of a group where it is shown, in place of the stored one."""
        draft = self._changed.get((user, group))
        if draft is not None:
            shown.pop("draft", None)
            if draft.text:
                shown["draft"] = view_draft(draft, whole=whole)

    def save(self, link: WriterLink) -> None:
        """Hand a portion to the writer unless one is on its way."""
        if self._saving or not self._changed:
            return
        portion = list(islice(self._changed.values(), PORTION))
        self._link = link
        self._saving = link.propose(SaveDrafts(portion), lambda verdict: self._saved(portion, verdict))

    def _saved(self, portion: list[Draft], verdict: Verdict) -> None:
        self._saving = False
        if verdict.answer is None:
            return
        for draft in portion:
            if self._changed.get(draft.key) is draft:
                del self._changed[draft.key]
        self.save(self._link)
