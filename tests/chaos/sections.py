"""What people of the battery do with sections: open, close, order and fill them, and read each for itself.

Which there are may be out of date: then the server refuses, which is as good. More are made than may be open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.chaos.draw import act_of

if TYPE_CHECKING:
    from tests.chaos.workload import Workload

KINDS = ("chat", "chat", "qa", "announce", "showcase")
FOR_ALL = frozenset({"chat", "qa"})
SHARE = 0.4
"""So much of what is said does not stand in the main section, where there is another one."""
NEAR = 12


class Sections:
    """The acts of one crowd."""

    def __init__(self, crowd: Workload) -> None:
        self._crowd = crowd
        self._rng = crowd.rng
        self._open: dict[str, dict[int, str]] = defaultdict(dict)
        """By group: number -> kind, as far as is known."""
        self._closed: dict[str, set[int]] = defaultdict(set)
        self._newest: dict[tuple[str, int], int] = {}
        """(group, section) -> the greatest number that was answered."""

    def act(self, group: str) -> None:
        """Now and then something."""
        act_of(self._rng, self._acts, self, group)

    # -- for those who talk

    def place(self, group: str, user: str) -> dict[str, Any]:
        """Where to say something."""
        boss = user == self._crowd.founder[group]
        places = [number for number, kind in self._open[group].items() if boss or kind in FOR_ALL]
        if not places or self._rng.random() > SHARE:
            return {}
        return {"section": self._rng.choice(places)}

    def said(self, ok: dict[str, Any]) -> None:
        """Something stands there."""
        if "seq" in ok:
            key = (ok["group"], ok.get("section", 0))
            self._newest[key] = max(ok["seq"], self._newest.get(key, 0))

    def mark(self, group: str) -> None:
        """Somebody has read up to somewhere near the end of the main section or another one."""
        section = self._rng.choice((0, *self._open[group]))
        newest = self._newest.get((group, section), 1)
        data = {"group": group, "seq": self._rng.randint(max(1, newest - NEAR), newest)}
        device = self._rng.choice(self._crowd.of[self._rng.choice(sorted(self._crowd.members[group]))])
        device.ask("read.mark", data | ({"section": section} if section else {}))

    # -- acts

    def _do(self, group: str, op: str, data: dict[str, Any], then: Callable[[dict[str, Any]], None]) -> None:
        def done(ok: dict[str, Any] | None) -> None:
            if ok is not None:
                then(ok)

        self._crowd.do(self._crowd.founder[group], op, {"group": group} | data, done)

    def _create(self, group: str) -> None:
        """Now and then two at once, for the last place."""
        for _ in range(self._rng.choice((1, 1, 2))):
            kind = self._rng.choice(KINDS)
            title = f"{self._rng.choice(('公告', 'shop', '问答'))} {self._crowd.cid()[:6]}"
            made = partial(self._opened, group, kind)
            self._do(group, "section.create", {"kind": kind, "title": title}, made)

    def _opened(self, group: str, kind: str, ok: dict[str, Any]) -> None:
        self._open[group][ok["section"]] = kind
        self._closed[group].discard(ok["section"])

    def _close(self, group: str) -> None:
        if places := self._open[group]:
            number = self._rng.choice(list(places))

            def closed(_: dict[str, Any]) -> None:
                if places.pop(number, None) is not None:
                    self._closed[group].add(number)

            self._do(group, "section.update", {"section": number, "closed": True}, closed)

    def _open_again(self, group: str) -> None:
        if numbers := self._closed[group]:
            number, kind = self._rng.choice(sorted(numbers)), self._rng.choice(KINDS)
            data = {"section": number, "kind": kind, "closed": False}
            self._do(group, "section.update", data, partial(self._opened, group, kind))

    def _rename(self, group: str) -> None:
        number = self._rng.choice((0, *self._open[group]))
        data = {"section": number, "title": self._crowd.cid()[:8], "intro": self._rng.choice(("", "说明"))}
        self._do(group, "section.update", data, lambda _: None)

    def _order(self, group: str) -> None:
        numbers = [0, *self._open[group]]
        self._rng.shuffle(numbers)
        self._do(group, "section.order", {"sections": numbers}, lambda _: None)

    def _look(self, group: str) -> None:
        """Reads of one section; what they show is judged."""
        device, section = self._rng.choice(self._crowd.devices), self._rng.choice((0, *self._open[group]))
        recent = self._crowd.recent[group]
        data: dict[str, Any] = {"group": group, "section": section, "limit": self._rng.choice((5, 30))}
        if recent and (way := self._rng.choice(("", "before", "after", "around"))):
            data[way] = self._rng.choice(recent)[0]
        device.ask("message.history", data)
        device.ask("section.list", {"group": group})

    _acts: tuple[tuple[float, Callable[[Sections, str], None]], ...] = (
        (0.006, _create),
        (0.002, _close),
        (0.002, _open_again),
        (0.001, _rename),
        (0.002, _order),
        (0.003, _look),
        (0.05, mark),
    )
