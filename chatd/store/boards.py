"""The boards of the groups in the store: pins and featured posts; and what a group's log says its board must be."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chatd.core.board import Board, Featured
from chatd.core.kinds import TEXT
from chatd.core.mentions import calls_all
from chatd.core.values import Entry
from chatd.store import records
from chatd.store.readers import Reader

_OF_A_GROUP = "EXISTS (SELECT 1 FROM groups AS p WHERE p.group_id = o.group_id)"
ALL = (
    "SELECT o.group_id, o.pins, o.featured, o.calls FROM boards AS o"
    f" WHERE o.group_id > ? AND {_OF_A_GROUP} ORDER BY o.group_id LIMIT ?"
)
ALL_FEATURED = (
    "SELECT o.group_id, o.pos, o.by, o.at, o.note FROM featured AS o"
    f" WHERE (o.group_id, o.pos) > (?, ?) AND {_OF_A_GROUP} ORDER BY o.group_id, o.pos LIMIT ?"
)
"""Page by page, for who reads everything."""


async def board_of(reader: Reader, group: str) -> Board:
    """The group's board; an empty one if nothing was put there yet."""
    found = await records.find(reader, Board, [(group,)])
    return found[0] if found else Board(group)


async def featured_page(reader: Reader, group: str, floor: int, before: int, limit: int) -> list[Featured]:
    """Featured posts above `floor` and below `before`, the newest message first."""
    where = "group_id = ? AND pos > ? AND pos < ? ORDER BY pos DESC LIMIT ?"
    return await records.select(reader, Featured, where, (group, floor, before, limit))


class BoardReplay:
    """Follows what a group's log puts on its board, and compares. `say` is called with each problem."""

    def __init__(
        self, board: Board | None, featured: Sequence[Featured], floor: int, say: Callable[[str], None]
    ) -> None:
        """`board` and `featured` as they are kept; what is at or below `floor` and stands on neither has gone."""
        self._board = board or Board("")
        self._kept = featured
        self._floor = floor
        self._in_order = True
        """Whether the order of the pins can be told: not when one was pinned above another that has gone since."""
        self.standing = {one.pos for one in featured} | {pin[0] for pin in self._board.pins}
        self._say = say
        self._pins: list[tuple[int, str]] = []
        self._featured: dict[int, tuple[str, str]] = {}
        self._calls = {call[0]: call for call in self._board.calls if call[3] and call[0] > floor}
        self._erased: set[int] = set()
        """What stood on the board and went with who wrote it: nobody sees when."""

    def take(self, entry: Entry, target_erased: bool = False, target_gone: bool = False) -> None:
        """The next entry; those that concern no board, or what is no longer there, change nothing."""
        target = entry.target or 0
        if target_gone and entry.kind != "message":
            return
        if target_erased and entry.kind in ("pin", "feature"):
            self._erased.add(target)
        if entry.kind == "message":
            self._take_message(entry)
        elif entry.kind == "pin":
            self._pin(target, entry)
        elif entry.kind in ("unpin", "recall"):
            self._pins = [pin for pin in self._pins if pin[0] != target]
        if entry.kind == "feature":
            self._featured[target] = (entry.actor or "", entry.body.get("note", ""))
        elif entry.kind in ("unfeature", "recall"):
            self._featured.pop(target, None)

    def _take_message(self, entry: Entry) -> None:
        call = self._calls.pop(entry.pos, None)
        if call is None:
            return
        stands = not entry.recalled and entry.body["type"] == TEXT and calls_all(entry.body["body"])
        if not stands or call[1] != entry.seq or call[5] != entry.section or call[4] != entry.actor:
            self._say(f"entry {entry.pos} does not call everybody as its board says")

    def _pin(self, target: int, entry: Entry) -> None:
        mine = next((pin for pin in self._pins if pin[0] == target), (target, entry.actor or ""))
        pins = [pin for pin in self._pins if pin[0] != target]
        above = entry.body.get("above")
        places = [place for place, pin in enumerate(pins) if pin[0] == above]
        if above is not None and not places and above <= self._floor and above not in self.standing:
            self._in_order = False
        elif above is not None and not places:
            self._say(f"entry {entry.pos} pins above {above}, which was not pinned")
        pins.insert(places[0] if places else len(pins), mine)
        self._pins = pins

    def finish(self) -> None:
        """After the last entry."""
        self._pins = [pin for pin in self._pins if pin[0] not in self._erased]
        self._featured = {pos: one for pos, one in self._featured.items() if pos not in self._erased}
        pins = [(pin[0], pin[1]) for pin in self._board.pins]
        if (pins if self._in_order else sorted(pins)) != (self._pins if self._in_order else sorted(self._pins)):
            self._say("its pins are not what its log leads to")
        if {one.pos: (one.by, one.note) for one in self._kept} != self._featured:
            self._say("its featured posts are not what its log leads to")
        if self._board.featured != len(self._featured):
            self._say(f"counts {self._board.featured} featured posts, its log leads to {len(self._featured)}")
        for pos in self._calls:
            self._say(f"its board says that {pos} calls everybody, which is no message")
