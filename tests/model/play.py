"""One run: devices on a stage, the world beside it, and after every step the comparison of the two.

A stage carries bytes and says when all is quiet; `Play` knows what was done and what must have come of it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any, Protocol

from chatd.core.pulls import ask_id
from chatd.hub.ports import Format
from tests.model import judge, views, views_sections
from tests.model.acts import Acts
from tests.model.device import Device
from tests.model.looks import Look, Looks
from tests.model.picks import Act
from tests.model.rules import Bounds, Json, No, World

BOT = 4
"""The one who is a program. What it does alone stands in `acts_bots`; beyond it may whatever is not for people only."""
DEVICES = ((0, "phone"), (0, "desk"), (1, "phone"), (1, "desk"), (2, "phone"), (3, "phone"), (BOT, "server"))
PAGE = 3


class Stage(Protocol):
    """A server, and what connects devices to it."""

    timeless: bool
    """The server has a clock of its own."""
    live_groups: int

    async def follow_log(self) -> None:
        """Until what was said can be found."""

    def now_ms(self) -> int: ...

    def connect(self, device: Device, *, resume: bool) -> int:
        """Begin a connection and say hello. Returns the number of the request."""

    def disconnect(self, device: Device) -> None: ...

    def is_reading(self, device: Device) -> bool:
        """Connected, and not stalled."""

    async def settle(self, play: Play) -> None:
        """Until all that was asked is answered and all that was told has come."""


class Play:
    """The world, the devices, and what both were told."""

    def __init__(self, stage: Stage, bounds: Bounds) -> None:
        self.stage = stage
        self.world = World(bounds)
        self.world.id_of_ask = ask_id
        self.acts = Acts(self.world)
        formats: tuple[Format, Format] = ("json", "msgpack")
        subs = [f"bot:p{i}" if i == BOT else f"p{i}" for i, _ in DEVICES]
        self.devices = [Device(subs[n], name, formats[n % 2]) for n, (_, name) in enumerate(DEVICES)]
        self.live: dict[Device, set[str]] = {}
        self.looks = 0
        self.more_looks: list[Look] = []
        """Lists that a run with a theme looks at, too."""

    def be_about(self, themes: list[str]) -> None:
        """What this run is about beside talking."""
        looks = Looks(self)
        self.acts.themes = themes
        self.more_looks = list(dict.fromkeys(one for theme in themes if (one := looks.of(theme))))

    # -- people

    async def meet(self) -> None:
        """Everybody comes once, so that the server has given each an id; then the world knows them."""
        for device in self.devices:
            await self.join(device, resume=False)
            user = device.replica.user
            if device.sub.startswith("bot:"):
                self.world.bots.append(user)
                self.world.names[user] = device.sub.removeprefix("bot:")
                self.world.no_requests.add(user)
            elif user not in self.world.users:
                self.world.users.append(user)

    async def join(self, device: Device, *, resume: bool) -> None:
        """Connect, as somebody new or from the cursors, and wait for what follows."""
        number = self.stage.connect(device, resume=resume)
        self.joined(device)
        await self.stage.settle(self)
        device.ok(number)

    def joined(self, device: Device) -> None:
        """The groups that a hello at this moment makes live."""
        places = views.places(self.world, device.replica.user) if device.replica.user else []
        self.live[device] = {group.id for group in places[: self.stage.live_groups]}
        device.quiet_reads = True

    def reader_of(self, user: str, number: int = 0) -> Device | None:
        """A device of somebody that can ask and hear."""
        able = [d for d in self.devices if d.replica.user == user and self.stage.is_reading(d)]
        return able[number % len(able)] if able else None

    def present(self) -> list[str]:
        """Who has a device that can ask and hear."""
        able = self.world.known if "bots" in self.acts.themes else self.world.users
        return [user for user in able if self.reader_of(user)]

    # -- commands

    def send(self, acts: Sequence[Act]) -> list[tuple[Device, int, Act]]:
        """Ask, all at once; acts of people who are not there are left out."""
        asked = []
        for act in acts:
            device = self.reader_of(act.user, len(act.data))
            if device is not None:
                asked.append((device, device.ask(act.op, act.data), act))
        return asked

    def judge(self, asked: Sequence[tuple[Device, int, Act]], commits: Sequence[int]) -> None:
        """Do the same in the world, cut into the same transactions, and compare every verdict."""
        assert sum(commits) == len(asked), f"{len(asked)} proposals, in transactions of {commits}"
        rest = list(asked)
        for size in commits:
            for device, number, act in rest[:size]:
                self._judge_one(device, number, act)
            rest = rest[size:]
            self.world.end_commit()
        self._end_marks()

    def _end_marks(self) -> None:
        """Whoever wrote in a group has no longer marked it as unread, in a commit of its own."""
        unmarking, self.world.unmarking = self.world.unmarking, []
        for user, group in unmarking:
            self.world.read_ends_mark(user, self.world.groups[group])
            self.world.end_commit()

    def _judge_one(self, device: Device, number: int, act: Act) -> None:
        code, answer = device.verdict(number)
        try:
            now_ms = self.stage.now_ms()
            expected: tuple[str, Json] = ("ok", self.world.command(act.user, act.op, act.data, now_ms, answer))
        except No as no:
            expected = (no.code, {})
        judge.same((code, answer), expected, f"verdict on {act}", timeless=self.stage.timeless)

    def replay(self, asked: Sequence[tuple[Device, int, Act]], size: int) -> None:
        """These were carried out in one transaction whose verdicts nobody heard; the answers came later."""
        assert size == len(asked)
        for device, number, act in asked:
            with contextlib.suppress(No):
                self.world.command(act.user, act.op, act.data, self.stage.now_ms(), device.verdict(number)[1])
        self.world.end_commit()
        self.world.unmarking.clear()

    def assume(self, acts: Sequence[Act]) -> None:
        """These were carried out in one transaction, and nobody heard what became of them."""
        reads = dict(self.world.reads)
        for act in acts:
            with contextlib.suppress(No):
                self.world.command(act.user, act.op, act.data, self.stage.now_ms(), {})
        self.world.end_commit()
        self.world.unmarking.clear()
        self.world.reads = reads

    async def open(self, device: Device, group: str) -> None:
        """Follow a group live, from what is kept of it."""
        number = self.ask_open(device, group)
        await self.stage.settle(self)
        device.ok(number)

    def ask_open(self, device: Device, group: str, *, from_head: bool = False) -> int:
        kept = device.replica.groups[group]
        kept.jumps = from_head
        pair = None if from_head else kept.pair()
        data: Json = {"group": group}
        if pair is not None:
            kept.move_to(pair[0])
            data |= {"after": pair[0], "at": pair[1]}
        self.live[device].add(group)
        return device.ask("group.open", data)

    async def close(self, device: Device, group: str) -> None:
        number = device.ask("group.close", {"group": group})
        await self.stage.settle(self)
        device.ok(number)
        self.live[device].discard(group)

    async def mark_read(self, device: Device, group: str, number: int) -> None:
        """`read.mark`, which needs no transaction."""
        known = self.world.groups[group]
        section = known.sections[-1 - number % len(known.sections)]["section"]
        count = len(known.messages(section))
        if not count:
            return
        place: Json = {"section": section} if section else {}
        user, seq = device.replica.user, 1 + number // len(known.sections) % count
        if seq > views_sections.read_of(self.world, known, user, section):
            self.world.mark_read(user, group, seq, section)
            for other in self.devices:
                if other.replica.user == user and not self.stage.is_reading(other):
                    other.quiet_reads = False
        self.world.now = self.stage.now_ms()
        self.world.read_ends_mark(user, known)
        self.world.end_commit()
        asked = device.ask("read.mark", {"group": group, "seq": seq} | place)
        await self.stage.settle(self)
        judge.same(
            device.ok(asked),
            {"group": group, "read": views_sections.read_of(self.world, known, user, section)} | place,
            "read.mark",
            timeless=False,
        )

    async def save_draft(self, device: Device, group: str, text: str) -> None:
        """`draft.save`, which needs no transaction either."""
        asked = device.ask("draft.save", {"group": group, "text": text})
        await self.stage.settle(self)
        self.world.save_draft(device.replica.user, group, text, device.ok(asked)["at"])

    # -- looking

    async def check(self, *, look: int) -> None:
        """What everybody has gathered, and what `look` of them (in turn) are told as newcomers, against the world."""
        await self.stage.settle(self)
        for device in self.devices:
            assert device.broken is None, f"{device.sub}/{device.name}: {device.broken}"
            if self.stage.is_reading(device):
                await self._tend(device)
                judge.check_replica(self.world, device, self.live_of(device), timeless=self.stage.timeless)
        for _ in range(look):
            await self.look(self.world.users[self.looks % len(self.world.users)])

    async def check_all(self) -> None:
        """In the end everybody looks at everything."""
        await self.check(look=0)
        for user in self.world.users:
            await self.look(user, at_all=True)

    def live_of(self, device: Device) -> set[str]:
        """The groups whose entries are pushed to a device."""
        return self.live[device] | {group for group, kept in device.replica.groups.items() if kept.live}

    async def _tend(self, device: Device) -> None:
        """What a client does when it hears of something new: read the list, the group, its past."""
        replica = device.replica
        if replica.relist:
            replica.take_list(await self._list(device))
        for group in sorted(replica.wanted | self._cut_meanwhile(device)):
            number = device.ask("group.get", {"group": group})
            await self.stage.settle(self)
            device.ok(number)
        for group, kept in sorted(replica.groups.items()):
            if kept.since > kept.line["floor"]:
                pages = await self._history(device, group, before=kept.since + 1, small=True)
                for page in pages:
                    replica.take_page(group, page, whole=False)
                kept.since = kept.line["floor"]

    def _cut_meanwhile(self, device: Device) -> set[str]:
        """Groups whose floor rose while the device was away, and nothing else did: it learns that by their lines."""
        unsure = {group: kept for group, kept in device.replica.groups.items() if kept.unsure and kept.line}
        return {group for group, kept in unsure.items() if self.world.groups[group].floor > kept.line["floor"]}

    async def look(self, user: str, *, at_all: bool = False) -> None:
        """Come as a new device and read the whole log of every group, and one or another list, or all of them."""
        self.looks += 1
        sub = next(device.sub for device in self.devices if device.replica.user == user)
        formats: tuple[Format, Format] = ("json", "msgpack")
        probe = Device(sub, "probe", formats[self.looks % 2])
        hello = self.stage.connect(probe, resume=False)
        await self.stage.settle(self)
        judge.check_hello(self.world, probe.ok(hello), self.stage.live_groups, timeless=self.stage.timeless)
        for group in views.places(self.world, user):
            pages = await self._history(probe, group.id, small=self.looks % 3 == 0)
            entries = [entry for page in pages for entry in page["entries"]]
            judge.check_history(group, user, entries, timeless=self.stage.timeless)
        looks = (self._look_at_list, self._look_into_groups, self._look_at_people, *self.more_looks)
        for one in looks if at_all else [looks[self.looks // 4 % len(looks)]]:
            await one(probe, user)
        assert probe.broken is None, f"probe of {user}: {probe.broken}"
        self.stage.disconnect(probe)
        await self.stage.settle(self)

    async def _look_at_list(self, probe: Device, user: str) -> None:
        judge.check_list(self.world, user, await self._list(probe), timeless=self.stage.timeless)

    async def _look_into_groups(self, probe: Device, user: str) -> None:
        groups = views.places(self.world, user)
        infos = [probe.ask("group.get", {"group": group.id}) for group in groups]
        rosters = [probe.ask("group.members", {"group": group.id}) for group in groups]
        await self.stage.settle(self)
        for group, info, roster in zip(groups, infos, rosters, strict=True):
            now, timeless = self.stage.now_ms(), self.stage.timeless
            judge.check_info(self.world, group, user, probe.ok(info), now, timeless=timeless)
            people = views.members(self.world, group, user, now)
            judge.same(probe.ok(roster)["members"], people, f"members of {group.id}", timeless=timeless)

    async def _look_at_people(self, probe: Device, user: str) -> None:
        lists = {which: probe.ask("follow.list", {"which": which}) for which in ("following", "followers", "mutual")}
        lists["blocked"] = probe.ask("block.list", {})
        await self.stage.settle(self)
        shown = {which: [one["user"] for one in probe.ok(number)["users"]] for which, number in lists.items()}
        judge.same(shown, views.relations(self.world, user), f"relations of {user}", timeless=False)

    async def _list(self, device: Device) -> list[Json]:
        lines: list[Json] = []
        after: Json = {}
        while True:
            number = device.ask("group.list", {"limit": PAGE} | after)
            await self.stage.settle(self)
            page = device.ok(number)
            lines += page["groups"]
            if "more" not in page:
                return lines
            after = {"after": page["more"]}

    async def _history(self, device: Device, group: str, *, before: int | None = None, small: bool) -> list[Json]:
        """Pages back to the floor, oldest first."""
        pages: list[Json] = []
        data: dict[str, Any] = {"group": group, "limit": PAGE if small else 200}
        while True:
            number = device.ask("message.history", data | ({"before": before} if before else {}))
            await self.stage.settle(self)
            pages.insert(0, device.ok(number))
            if not pages[0]["more"]:
                return pages
            before = pages[0]["entries"][0]["pos"]
