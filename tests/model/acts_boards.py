"""Acts with messages beyond talking: mentions, pins, featured posts, forwarding, cards, kinds of the host's own."""

from __future__ import annotations

from tests.model.picks import Act, Json, Picks, pick

ITEMS = (("video", "v1"), ("product", "p1"), ("product", "p2"))


def item_said(kind: str, item: str, rev: int, state: int) -> tuple[Json, Json]:
    """What the catalogue's source says of an item (or that it is deleted), and what everybody may see of it then."""
    if state == 4:
        return {"kind": kind, "id": item, "rev": rev}, {"status": "gone"}
    title = f"茶壶 {item} {state % 2}"
    if kind == "video":
        plain: Json = {"title": title, "url": "https://video.example/1"}
        private = {"visibility": "private"} if state == 3 else {}
        look = {"status": "unavailable"} if private else {"status": "available"} | plain
        return {"kind": kind, "id": item, "rev": rev} | plain | private, look
    plain = {"title": title, "price": 12_800 + 100 * (state % 2), "currency": "CNY"}
    where = {"shop_url": "https://shop.example/1"}
    states: dict[int, Json] = {2: {"stock": 0}, 3: {"status": "off_shelf"}}
    shown = {2: "sold_out", 3: "off_shelf"}.get(state, "on_sale")
    look = {"status": shown} | plain | ({} if state == 3 else {"url": "https://shop.example/1"})
    return {"kind": kind, "id": item, "rev": rev} | plain | where | states.get(state, {}), look


class BoardActs(Picks):
    """Each turns numbers into one request, or None."""

    def _body(self, c: int, *, everybody: bool = False) -> Json:
        """A text that begins with one to three people, a link, or everybody."""
        marks: list[Json] = [{"user": self.other(c + i)} for i in range(1 + c % 3)]
        marks = [{"all": True}] if everybody else [*marks, {"url": "https://tea.example/"}] if c % 4 == 0 else marks
        return {
            "text": "@" * len(marks) + self.text(),
            "entities": [{"offset": at, "length": 1} | mark for at, mark in enumerate(marks)],
        }

    def say(self, user: str, b: int, where: int, kind: str, body: Json, *, boss: bool = False) -> Act | None:
        act = self.in_group(user, "message.send", b, {"kind": kind, "body": body}, boss=boss)
        return act and act._replace(data=act.data | self.place(self.world.groups[act.data["group"]], where))

    def mention(self, user: str, b: int, c: int) -> Act | None:
        return self.say(user, b, c, "text", self._body(c))

    def call(self, user: str, b: int, c: int) -> Act | None:
        return self.say(user, b, c, "text", self._body(c, everybody=True), boss=True)

    def edit_mentions(self, user: str, b: int, c: int) -> Act | None:
        body = self._body(c, everybody=c % 5 == 0) if c % 6 else {"text": self.text()}
        return self.on_message(user, "message.edit", b, c, body, own=True)

    def note(self, user: str, b: int, c: int) -> Act | None:
        return self.say(user, b, c, "x-note", {"alt": self.text(), "data": {"n": c}})

    def pin(self, user: str, b: int, c: int) -> Act | None:
        act = self.on_message(user, "pin.add", b, c, {}, boss=True)
        pins = self.world.groups[act.data["group"]].pins if act else []
        above = pick(pins, c) if c % 2 else None
        return act._replace(data=act.data | {"above": above["pos"]}) if act and above else act

    def unpin(self, user: str, b: int, c: int) -> Act | None:
        act = self.on_message(user, "pin.remove", b, c, {}, boss=True)
        pin = pick(self.world.groups[act.data["group"]].pins, c) if act else None
        return act._replace(data=act.data | {"pos": pin["pos"]}) if act and pin and c % 5 else act

    def feature(self, user: str, b: int, c: int) -> Act | None:
        return self.on_message(user, "feature.add", b, c, {"note": f"best {c % 3}"} if c % 3 else {}, boss=True)

    def unfeature(self, user: str, b: int, c: int) -> Act | None:
        act = self.on_message(user, "feature.remove", b, c, {}, boss=True)
        pos = pick(sorted(self.world.groups[act.data["group"]].featured), c) if act else None
        return act._replace(data=act.data | {"pos": pos}) if act and pos and c % 5 else act

    def forward(self, user: str, b: int, c: int) -> Act | None:
        return self._forward(user, b, c, 1)

    def bundle(self, user: str, b: int, c: int) -> Act | None:
        return self._forward(user, b, c, 2 + c % 3)

    def _forward(self, user: str, b: int, c: int, count: int) -> Act | None:
        group, source = self.group(user, b), self.group(user, c)
        if group is None or source is None:
            return None
        chosen = [self.message(source, user, c + i, own=False) for i in range(count)]
        positions = sorted({entry.pos for entry in chosen if entry})
        data = {"group": group.id, "source": source.id, "positions": positions, "cid": self.cid()}
        return Act(user, "message.forward", data | self.place(group, c)) if positions else None

    def card(self, user: str, b: int, c: int) -> Act | None:
        kind, item = ITEMS[c % 3] if c % 11 else ("product", "unknown")
        words = {"text": self.text()} if c % 2 else {}
        return self.say(user, b, c, f"{kind}_card", {kind: item} | words)
