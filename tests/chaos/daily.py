"""What people of the battery do beside talking and moving: doors, bans, pins, forwards, names, chat lists, searches.

Where the end must be known (bans, restrictions, chat lists), the next command about the same thing waits for the answer
to the one before: then the last one that was acknowledged says how things stand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.chaos.draw import act_of
from tests.chaos.shop import ITEMS

if TYPE_CHECKING:
    from tests.chaos.workload import Workload

DOORS = ("invite", "approval", "open", "request", "invite", "invite")
"""By group: how strangers come in; `approval` is by invite and an admin's word, `request` by that word alone."""
PINS = 18
FEATURED = 200
SHARE_OF_CARDS, SHARE_OF_MENTIONS, SHARE_OF_CALLS, SHARE_OF_NOTICES = 0.03, 0.05, 0.0005, 0.05
WORDS = ("吃什么", "hello")
Then = Callable[[dict[str, Any] | None], None]


class Made(NamedTuple):
    """An invite."""

    invite: str
    token: str


class Daily:
    """The acts of one crowd."""

    def __init__(self, crowd: Workload) -> None:
        self._crowd = crowd
        self._rng = crowd.rng
        self._door: dict[str, str] = {}
        self._invites: dict[str, list[Made]] = defaultdict(list)
        self._banned: dict[str, list[str]] = defaultdict(list)
        self._restricted: dict[str, list[str]] = defaultdict(list)
        self._pins: dict[str, list[int]] = defaultdict(list)
        self._featured: dict[str, list[int]] = defaultdict(list)
        self._open: set[tuple[Any, ...]] = set()
        """Things about which a command is under way."""

    def start(self) -> None:
        """The groups' doors are set."""
        for number, group in enumerate(self._crowd.members):
            door = self._door[group] = DOORS[number % len(DOORS)]
            if door != "invite":
                entry = "open" if door == "open" else "approval"
                self._crowd.do(self._crowd.founder[group], "group.entry", {"group": group, "entry": entry})

    def act(self, group: str) -> None:
        """Now and then something."""
        act_of(self._rng, self._acts, self, group)

    def dress(self, data: dict[str, Any], user: str) -> None:
        """Make something else of a text that is about to be sent: a card, or one that calls people."""
        dice = self._rng.random()
        text, crowd = data["body"]["text"], self._crowd
        if dice < SHARE_OF_CARDS and len(crowd.shop.changes) > len(ITEMS):
            data |= {"kind": "product_card", "body": {"product": self._rng.choice(ITEMS), "text": text}}
        elif dice < SHARE_OF_CARDS + SHARE_OF_MENTIONS:
            part = {"offset": 0, "length": 5, "user": self._rng.choice(sorted(crowd.of))}
            data["body"] = {"text": text, "entities": [part]}
        elif dice > 1 - SHARE_OF_CALLS and user == crowd.founder[data["group"]]:
            data["body"] = {"text": text, "entities": [{"offset": 0, "length": 5, "all": True}]}
        elif dice > 1 - SHARE_OF_NOTICES and user == crowd.founder[data["group"]]:
            data["kind"] = "notice"

    def speakers(self, group: str) -> list[str]:
        """Who may talk, as far as is known."""
        return sorted(self._crowd.members[group] - set(self._restricted[group]))

    # -- one at a time

    def alone(self, thing: tuple[Any, ...], user: str, op: str, data: dict[str, Any], then: Then | None = None) -> None:
        """Do it, unless a command about the same thing is under way."""
        if thing in self._open:
            return
        self._open.add(thing)

        def done(ok: dict[str, Any] | None) -> None:
            self._open.discard(thing)
            if then is not None:
                then(ok)

        self._crowd.do(user, op, data, done)

    # -- doors

    def _use_door(self, group: str) -> None:
        way = {"invite": self._use_invite, "approval": self._use_invite, "open": self._join, "request": self._ask}
        way[self._door[group]](group)

    def _use_invite(self, group: str) -> None:
        """An invite is made, taken up by several at once, or taken back while somebody takes it up."""
        made, founder = self._invites[group], self._crowd.founder[group]
        if len(made) < 3:
            limit = self._rng.choice((None, 1, 2, 5)) if self._door[group] == "invite" else None
            data = {"group": group, "kind": "link"} | ({} if limit is None else {"max_uses": limit})
            self._crowd.do(founder, "invite.create", data, partial(self._invited, group))
            return
        one = self._rng.choice(made)
        for user in self._rng.sample(self._outside(group), min(3, len(self._outside(group)))):
            self._crowd.do(user, "invite.redeem", {"secret": one.token}, partial(self._entered, group, user))
        if self._rng.random() < 0.4:
            made.remove(one)
            self._crowd.do(founder, "invite.revoke", {"invite": one.invite})

    def _invited(self, group: str, ok: dict[str, Any] | None) -> None:
        if ok is not None:
            self._invites[group].append(Made(ok["invite"], ok["token"]))

    def _outside(self, group: str) -> list[str]:
        return sorted(set(self._crowd.of) - self._crowd.members[group])

    def _entered(self, group: str, user: str, ok: dict[str, Any] | None) -> None:
        if ok is not None and ok["result"] in {"added", "already"}:
            self._crowd.members[group].add(user)
        elif ok is not None:
            self._decide(group)

    def _join(self, group: str) -> None:
        for user in self._rng.sample(self._outside(group), min(2, len(self._outside(group)))):
            self._crowd.do(user, "group.join", {"group": group}, partial(self._entered, group, user))

    def _ask(self, group: str) -> None:
        for user in self._rng.sample(self._outside(group), min(2, len(self._outside(group)))):
            self._crowd.do(user, "request.create", {"group": group}, partial(self._entered, group, user))

    def _decide(self, group: str) -> None:
        """What waits is decided on, now and then twice at once."""
        founder = self._crowd.founder[group]

        def listed(ok: dict[str, Any] | None) -> None:
            for asked in ok["requests"] if ok is not None and not self._crowd.over else ():
                named = {"group": group, "user": asked["user"], "number": asked["number"]}
                for _ in range(self._rng.choice((1, 2))):
                    op = self._rng.choice(("request.approve", "request.approve", "request.refuse"))
                    self._crowd.do(founder, op, named, partial(self._let_in, group, asked["user"]))

        self._crowd.of[founder][0].ask("request.list", {"group": group}, listed)

    def _let_in(self, group: str, user: str, ok: dict[str, Any] | None) -> None:
        if ok is not None and ok["state"] == "approved":
            self._crowd.members[group].add(user)

    # -- order

    def _inside(self, group: str) -> list[str]:
        return sorted(self._crowd.members[group] - {self._crowd.founder[group], self._crowd.owner[group]})

    def _ban(self, group: str) -> None:
        """Somebody is banned, in or out; or a ban is lifted."""
        banned, founder = self._banned[group], self._crowd.founder[group]
        if len(banned) > 2 or (banned and self._rng.random() < 0.5):
            user = banned[0]
            data = {"group": group, "user": user}
            self.alone((group, user, "ban"), founder, "member.unban", data, partial(_drop, banned, user))
            return
        user = self._rng.choice(sorted(set(self._crowd.of) - {founder, self._crowd.owner[group]}))

        def out(ok: dict[str, Any] | None) -> None:
            if ok is not None:
                self._crowd.members[group].discard(user)
                banned.append(user)

        if user not in banned:
            self.alone((group, user, "ban"), founder, "member.ban", {"group": group, "user": user}, out)

    def _restrict(self, group: str) -> None:
        restricted, founder = self._restricted[group], self._crowd.founder[group]
        if restricted:
            user = restricted[0]
            data = {"group": group, "user": user}
            self.alone((group, user, "mute"), founder, "member.unrestrict", data, partial(_drop, restricted, user))
        elif inside := self._inside(group):
            user = self._rng.choice(inside)
            muted: dict[str, Any] = {"group": group, "user": user, "for_s": 86_400}

            def quiet(ok: dict[str, Any] | None) -> None:
                if ok is not None:
                    restricted.append(user)

            self.alone((group, user, "mute"), founder, "member.restrict", muted, quiet)

    def _slow(self, group: str) -> None:
        """For as long as two commits take."""
        founder, off = self._crowd.founder[group], {"group": group, "slow_s": 0}

        def over(_: dict[str, Any] | None) -> None:
            self.alone((group, "slow"), founder, "group.slow", off)

        self.alone((group, "slow"), founder, "group.slow", {"group": group, "slow_s": 1}, over)

    def _transfer(self, group: str) -> None:
        """The group is given away, and given back."""
        crowd, founder = self._crowd, self._crowd.founder[group]
        inside = self._inside(group)
        if not inside or crowd.owner[group] != founder or crowd.relations.minds(group):
            return
        heir = self._rng.choice(inside)

        def back(ok: dict[str, Any] | None) -> None:
            if ok is not None:
                crowd.owner[group] = founder

        def given(ok: dict[str, Any] | None) -> None:
            if ok is not None:
                crowd.owner[group] = heir
                self.alone((group, "owner"), heir, "group.transfer", {"group": group, "user": founder}, back)

        self.alone((group, "owner"), founder, "group.transfer", {"group": group, "user": heir}, given)

    def _announce(self, group: str) -> None:
        self._crowd.do(self._crowd.founder[group], "group.announce", {"group": group, "text": self._crowd.cid()})

    # -- the board

    def _pin(self, group: str) -> None:
        self._keep(group, self._pins[group], PINS, "pin", {})

    def _feature(self, group: str) -> None:
        self._keep(group, self._featured[group], FEATURED, "feature", {"note": self._rng.choice(("", "精华"))})

    def _keep(self, group: str, kept: list[int], most: int, noun: str, more: dict[str, Any]) -> None:
        recent, founder = self._crowd.recent[group], self._crowd.founder[group]
        if kept and (len(kept) >= most or self._rng.random() < 0.4):
            pos = kept.pop(0)
            self._crowd.do(founder, f"{noun}.remove", {"group": group, "pos": pos})
        elif recent:
            pos = self._rng.choice(recent)[0]

            def put(ok: dict[str, Any] | None) -> None:
                if ok is not None and pos not in kept:
                    kept.append(pos)

            self._crowd.do(founder, f"{noun}.add", {"group": group, "pos": pos} | more, put)

    def _forward(self, group: str) -> None:
        """Into another group of the same person; several become a bundle."""
        user = self._rng.choice(sorted(self._crowd.members[group]))
        others = [other for other, inside in self._crowd.members.items() if user in inside and other != group]
        recent = sorted({pos for pos, _ in self._crowd.recent[group]})
        if others and recent:
            chosen = self._rng.sample(recent, min(len(recent), self._rng.choice((1, 1, 3))))
            into = self._rng.choice(others)
            data = {"group": into, "source": group, "positions": chosen} | self._crowd.sections.place(into, user)
            self._crowd.do(user, "message.forward", data)

    # -- each for themselves

    def _nickname(self, group: str) -> None:
        user = self._rng.choice(sorted(self._crowd.members[group]))
        self._crowd.do(user, "nickname.set", {"group": group, "nickname": self._rng.choice(("", "石榴哥", "Ann"))})

    def _chat(self, group: str) -> None:
        user = self._rng.choice(sorted(self._crowd.members[group]))
        change: dict[str, Any] = self._rng.choice(
            ({"pinned": True, "order": self._rng.randrange(1, 99)}, {"pinned": False}, {"level": "mentions"})
        )
        self.alone((group, user, "chat"), user, "chat.update", {"group": group} | change)

    def _draft(self, group: str) -> None:
        device = self._rng.choice(self._crowd.devices)
        device.ask("draft.save", {"group": group, "text": self._rng.choice(("", f"unsent {self._crowd.cid()}"))})

    def _receipts(self, group: str) -> None:
        self._rng.choice(self._crowd.devices).ask("receipt.get", {"group": group, "seq": self._rng.randrange(1, 9)})

    def _look(self, group: str) -> None:
        """Reads that nobody keeps: they have to be answered."""
        op, data = self._rng.choice(
            (
                ("message.search", {"query": self._rng.choice(WORDS), "group": group}),
                ("pin.list", {"group": group}),
                ("feature.list", {"group": group}),
                ("mention.list", {}),
                ("group.members", {"group": group}),
            )
        )
        self._rng.choice(self._crowd.devices).ask(op, data)

    _acts: tuple[tuple[float, Callable[[Daily, str], None]], ...] = (
        (0.02, _use_door),
        (0.006, _ban),
        (0.004, _restrict),
        (0.0002, _slow),
        (0.01, _transfer),
        (0.001, _announce),
        (0.03, _pin),
        (0.01, _feature),
        (0.01, _forward),
        (0.005, _nickname),
        (0.006, _chat),
        (0.005, _draft),
        (0.003, _receipts),
        (0.003, _look),
    )


def _drop(users: list[str], user: str, ok: dict[str, Any] | None) -> None:
    if ok is not None and user in users:
        users.remove(user)
