"""What a client knows of the sections of one group beside the main one: built from lines, entries and signals alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
WHAT = ("section", "kind", "title", "intro")


@dataclass
class Places:
    """`shown`: what the open ones are, in their order, if there are several. `seqs` and `reads` are by number, also of
    those that are closed; of one that is not in `reads` the client does not know how far it is read."""

    shown: list[Json] = field(default_factory=list)
    seqs: dict[int, int] = field(default_factory=dict)
    reads: dict[int, int] = field(default_factory=dict)

    def take_line(self, line: Json) -> None:
        """A line of the chat list."""
        self._show(line.get("sections", []))
        for one in line.get("sections", []):
            self.seqs[one["section"]] = max(one.get("seq", 0), self.seqs.get(one["section"], 0))
            self.reads[one["section"]] = one.get("read", 0)

    def take_reads(self, reads: dict[int, int]) -> None:
        """Nothing happened in the group while the client was away but that somebody read."""
        self.reads = {number: reads.get(number, 0) for number in self.seqs}

    def take_change(self, entry: Json) -> bool:
        """A `sections` entry. False if the client has to ask how one that was opened again stands."""
        self._show([one for one in entry["sections"] if not one.get("closed")])
        if len(entry["sections"]) == 1:
            self.shown = []
        if entry["act"] == "create":
            self.seqs.setdefault(entry["section"], 0)
            self.reads.setdefault(entry["section"], 0)
        return bool(entry["act"] != "open")

    def take_message(self, entry: Json, user: str) -> None:
        """A message that stands in a section."""
        number, seq = entry["section"], entry.get("seq", 0)
        self.seqs[number] = max(seq, self.seqs.get(number, 0))
        if entry["sender"] == user and number in self.reads:
            self.reads[number] = max(seq, self.reads[number])

    def _show(self, sections: list[Json]) -> None:
        self.shown = [{name: one[name] for name in WHAT if one.get(name)} for one in sections]
