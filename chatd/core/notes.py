"""What the operator did beside the store: to the word list, to the search index. Only that it was done is kept."""

from __future__ import annotations

from typing import Any

from chatd.core.facts import Facts
from chatd.core.needs import Needs
from chatd.core.proposal import Wish


class NoteAct(Wish, frozen=True, tag="note"):
    """The operator did `act`; `details` are numbers and names, never what somebody wrote."""

    act: str
    details: dict[str, Any]

    def needs(self, need: Needs) -> None:
        return

    def decide(self, facts: Facts) -> dict[str, Any]:
        facts.audit(self.act, by=None, **self.details)
        return {}
