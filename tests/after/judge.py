"""Whether anything reached somebody that was not for them.

Whatever is written in a group carries a mark of its own, and every socket keeps what it was sent, in order. A mark, a
position or the name of the group where it may not be is a leak: on whatever path it came, in whatever field it stands.
No socket here, and no clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from chatd_protocol.ops import OPS

Json = dict[str, Any]
EVER: Final = 2**53
_MARK: Final = re.compile(rb"zq(\d{7})x")
WAYS_IN: Final = frozenset({"invite.redeem", "group.join", "request.create", "invite.preview"})
"""Ops whose answers name a group that the one who asks is not in yet."""
_TELLS: Final = frozenset({"added", "removed", "invited", "request"})
"""What a person's own log may say of a group that they are not in."""


class Place(NamedTuple):
    """Where a mark became visible: the entry that brought it, and the older one that it is shown in, if it is."""

    group: str
    pos: int
    target: int = EVER
    state: bool = False
    """Of the group as it is, like its title: also those see it who came later."""


class Marks:
    """Every mark that was given out, and where it went."""

    def __init__(self) -> None:
        self.count = 0
        self._places: dict[int, list[Place]] = {}

    def new(self) -> str:
        """A mark that nobody has used."""
        self.count += 1
        return f"zq{self.count:07d}x"

    def put(self, text: str, place: Place) -> None:
        """The marks in this text can be seen here from now on."""
        for number in found_in(text.encode()):
            self._places.setdefault(number, []).append(place)

    def may_be_seen(self, number: int, group: str, floor: int, until: int) -> bool:
        """By somebody whose stay lies between these positions, both excluded. Marks of other groups are not judged."""
        places = [place for place in self._places.get(number, ()) if place.group == group]
        if not places and number in self._places:
            return True
        return any(place.pos < until and (place.state or min(place.pos, place.target) > floor) for place in places)


def found_in(payload: bytes) -> set[int]:
    """The marks in it."""
    return {int(number) for number in _MARK.findall(payload)}


class Stay(NamedTuple):
    """One period: visible are the positions above `floor` and below `until`."""

    floor: int
    until: int


class Heard(NamedTuple):
    """What one socket was sent, as bytes and decoded, in order, and what it had asked, by number."""

    name: str
    user: str
    raw: Sequence[bytes]
    messages: Sequence[Json]
    asked: Mapping[int, tuple[str, Json]]


class Judge:
    """Reads everything that one socket was sent, following its person in and out of the group."""

    def __init__(self, heard: Heard, group: str, stays: Sequence[Stay], marks: Marks) -> None:
        self._heard = heard
        self._group = group
        self._stays = stays
        self._marks = marks
        self._stay: Stay | None = None
        self.leaks: list[str] = []
        self.deliveries = 0
        """Entries of the group that were looked at."""

    def judge(self) -> list[str]:
        """The leaks, each in a line."""
        for payload, message in zip(self._heard.raw, self._heard.messages, strict=True):
            if "re" in message:
                self._answer(message, payload)
            elif message["ev"] == "mine":
                self._own_log(message["data"]["entries"], payload)
            else:
                self._event(message["ev"], message["data"], payload)
        return self.leaks

    def _leak(self, what: str) -> None:
        self.leaks.append(f"{self._heard.name}: {what} (stay {self._stay}, of {list(self._stays)})")

    # -- what comes

    def _answer(self, message: Json, payload: bytes) -> None:
        op, asked = self._heard.asked.get(message["re"], ("", {}))
        ok = message.get("ok")
        if ok is None:
            self._check_marks(op, payload)
            return
        if op == "session.hello":
            self._hello(ok)
        named = self._group in (asked.get("group"), asked.get("source"))
        if self._stay is None and named and OPS[op].command and op not in WAYS_IN:
            # Done in the commit that put them out, before that; the answer may come behind what their own log says.
            if ok.get("pos", 0) > max((stay.until for stay in self._stays if stay.until < EVER), default=0):
                self._leak(f"{op} was done at {ok['pos']}")
            self._check_marks(op, payload)
            return
        if self._stay is None and op not in WAYS_IN and (named or self._group.encode() in payload):
            self._leak(f"{op} was answered: {str(ok)[:200]}")
            return
        if op != "member.leave" and op not in WAYS_IN:
            self._check_places(op, ok, asked.get("group", ""))
        self._check_marks(op, payload)

    def _hello(self, ok: Json) -> None:
        self._stay = None
        for line in ok["groups"]:
            if line["group"] == self._group:
                self._stay = next((stay for stay in self._stays if stay.floor == line["floor"]), None)
                if self._stay is None:
                    self._leak(f"hello shows a stay that there is not, of floor {line['floor']}")
        if self._group in ok.get("reads", {}):
            self._stay = next((stay for stay in self._stays if stay.until > self._head_of(ok)), None)

    def _head_of(self, ok: Json) -> int:
        """The position that the client came with: the group has not moved since."""
        sent = next(data for op, data in self._heard.asked.values() if op == "session.hello")
        return int(sent["heads"][self._group][0])

    def _own_log(self, entries: Sequence[Json], payload: bytes) -> None:
        for entry in entries:
            if entry.get("group") != self._group:
                continue
            if self._stay is None and entry["kind"] not in _TELLS:
                self._leak(f"own log: {entry}")
            if entry["kind"] == "added":
                self._stay = next((stay for stay in self._stays if stay.floor < entry["pos"] < stay.until), None)
            elif entry["kind"] == "removed" and self._stay is not None and self._stay.until == entry["pos"]:
                self._stay = None
        self._check_marks("own log", payload)

    def _event(self, name: str, data: Json, payload: bytes) -> None:
        if self._stay is None and (self._group.encode() in payload or name in ("presence", "receipts", "typing")):
            self._leak(f"{name}: {str(data)[:200]}")
            return
        if name == "entries" and data["group"] == self._group:
            self.deliveries += len(data["entries"])
        self._check_places(name, data, "")
        self._check_marks(name, payload)

    # -- what is in it

    def _check_marks(self, where: str, payload: bytes) -> None:
        for number in found_in(payload):
            floor, until = self._stay or (EVER, 0)
            if not self._marks.may_be_seen(number, self._group, floor, until):
                self._leak(f"{where}: the mark {number}, written at {self._marks._places.get(number)}")

    def _check_places(self, where: str, value: Json, group: str) -> None:
        for of, one in _parts(value, group):
            if of != self._group or self._stay is None:
                continue
            for key in ("pos", "to", "head", "as_of"):
                pos = one.get(key, self._stay.floor + 1)
                seen = self._stay.floor < pos < self._stay.until
                if not seen and not (key in ("head", "as_of") and pos == self._stay.floor):
                    self._leak(f"{where}: {key} {pos} in {str(one)[:200]}")


def _parts(value: object, group: str) -> Iterator[tuple[str, Json]]:
    """Every map in it, with the group that it is about."""
    if isinstance(value, dict):
        group = value.get("group", group)
        yield group, value
        for part in value.values():
            yield from _parts(part, group)
    elif isinstance(value, list):
        for part in value:
            yield from _parts(part, group)
