"""The state machine: people, groups, relations, disconnects, stalls, restarts, in any order, each step checked."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.model import judge
from tests.model.acts_boards import ITEMS, item_said
from tests.model.device import Device
from tests.model.draws import (
    ACT,
    BACK,
    BATCH,
    CHOSEN,
    DEVICE,
    FROM_OUTSIDE,
    HEADS_S,
    LOOKS,
    MOVE,
    NAMING,
    PAIR,
    SMALL,
    STEPS_MS,
    TALK,
    THEME,
    WAYS,
    WITH_ITEMS,
    Drawn,
    opening,
)
from tests.model.rules_messages import DAY_MS
from tests.model.table import Table


class Chat(Table):
    """What may happen."""

    # -- the beginning

    @initialize(
        strangers=st.sets(PAIR, max_size=4), history=st.integers(0, 3), look=st.sampled_from(LOOKS), themes=CHOSEN
    )
    def befriend(self, strangers: set[tuple[int, int]], history: int, look: int, themes: list[str]) -> None:
        """Nearly all follow each other, and most are in one group; one came later than its first messages.
        Most are in a second one too, and so follow one of them only by its heads.

        `look`: how many come as newcomers after every step, which wakes what slept. `themes`: what beside talking.
        """
        self.look = look
        self.play.be_about(themes)
        people = range(len(self.play.world.users))
        pairs = [(a, b) for a in people for b in people if a != b and (a, b) not in strangers]
        self.after(self._batch([("follow", a, b, 0) for a, b in pairs]))
        self.after(self._batch([("create", 0, 1, history)]))
        self.after(self._batch(opening(themes)))
        if not set(themes) & FROM_OUTSIDE:
            self.after(self._batch([("add", 0, 3, 0)]))
        if "bots" in themes:
            self.after(self._batch([("menu", 0, 0, 2), ("menu", 0, 0, 1)]))
        self.after(self._batch([("create", 1, 1, 3)]))
        self.after(self._batch([("add", 1, 2, 1)]))
        if set(themes) & WITH_ITEMS:
            for number in range(len(ITEMS)):
                self.after(self._change_item(number, 0))

    # -- commands

    @rule(one=ACT)
    def act(self, one: Drawn) -> None:
        self.after(self._batch([one]))

    @rule(one=TALK)
    def talk(self, one: Drawn) -> None:
        self.after(self._batch([one]))

    @rule(one=MOVE)
    def move(self, one: Drawn) -> None:
        self.after(self._batch([one]))

    @rule(drawn=st.lists(THEME, min_size=2, max_size=4))
    def theme(self, drawn: list[Drawn]) -> None:
        """One after the other; everything is compared in the end."""
        self.after(self._row(drawn))

    async def _row(self, drawn: list[Drawn]) -> None:
        for one in drawn:
            await self._batch([one])

    @rule(drawn=st.lists(THEME, min_size=2, max_size=6))
    def theme_in_one_commit(self, drawn: list[Drawn]) -> None:
        self.after(self._batch(drawn))

    @rule(drawn=BATCH)
    def several_in_one_commit(self, drawn: list[Drawn]) -> None:
        self.after(self._batch(drawn))

    async def _batch(self, drawn: list[Drawn]) -> None:
        link = self.house.link
        link.commits.clear()
        link.held = True
        asked = self.play.send(self.made(drawn))
        await self.house.settle()
        link.let_go()
        await self.stage.settle(self.play)
        self.play.judge(asked, link.commits)

    @rule(drawn=BATCH, committed=st.booleans())
    def the_writer_dies(self, drawn: list[Drawn], committed: bool) -> None:
        self.after(self._outlive(drawn, "dies after commit" if committed else "dies"))

    async def _outlive(self, drawn: list[Drawn], fate: str) -> None:
        link, world = self.house.link, self.play.world
        link.commits.clear()
        link.held = True
        asked = self.play.send(self.made(drawn))
        await self.house.settle()
        link.fate = fate if asked else ""
        link.let_go()
        await self.stage.settle(self.play)
        reads = dict(world.reads)
        if fate == "dies after commit" and asked:
            # What was refused then is judged again by the next writer; what was accepted is known by its cid.
            self.play.replay(asked, link.commits.pop(0))
        self.play.judge(asked, link.commits)
        if fate == "dies after commit":
            world.reads = reads

    @rule(how=st.sampled_from(("stops", "dies", "dies after commit")), drawn=BATCH, back=BACK)
    def the_server_goes(self, how: str, drawn: list[Drawn], back: list[bool]) -> None:
        """It stops in good order, or dies at work; then another one starts, and some come back."""
        self.after(self._go(how, drawn, back))

    async def _go(self, how: str, drawn: list[Drawn], back: list[bool]) -> None:
        graceful, there = how == "stops", set(self.stage.sockets)
        if not graceful:
            await self._crash(drawn, how == "dies after commit")
        await self.stage.restart(graceful=graceful)
        (self.play.world.save_reads if graceful else self.play.world.lose_reads)()
        for device, comes in zip(self.play.devices, back, strict=True):
            if comes and device in there:
                await self.play.join(device, resume=True)

    async def _crash(self, drawn: list[Drawn], committed: bool) -> None:
        """Nobody hears what became of it. What nobody heard of would have no name here: no group or invite is made."""
        self.house.link.held = True
        asked = self.play.send([act for act in self.made(drawn) if act.op not in NAMING])
        await self.house.settle()
        if committed:
            self.house.link.commit_untold()
            self.play.assume([act for _, _, act in asked])

    @rule(step=st.sampled_from(STEPS_MS), then=st.sampled_from(("", "heads", "reads", "ends", "receipts")))
    def time_passes(self, step: int, then: str) -> None:
        """The clock goes on, or back; with it what is due now and then."""
        self.house.clocks.now_ms += step
        works = {"heads": self._tell_heads, "reads": self._save_reads, "ends": self._end_groups}
        if then:
            self.after(works.get(then, self._tell_receipts)())

    async def _end_groups(self) -> None:
        """Dissolved groups whose time is over are gone."""
        await self.house.end_dissolved()
        await self.stage.settle(self.play)
        self.play.world.end_dissolved(self.stage.now_ms())

    async def _tell_receipts(self) -> None:
        await self.house.hub.receipts.tell()
        await self.stage.settle(self.play)

    async def _save_reads(self) -> None:
        self.house.hub.reads.save(self.house.link)
        self.house.hub.drafts.save(self.house.link)
        await self.stage.settle(self.play)
        self.play.world.save_reads()

    async def _tell_heads(self) -> None:
        self.house.clocks.steady_s += HEADS_S
        for socket in list(self.stage.sockets.values()):
            socket.session.swept(self.house.clocks.steady_s)
        await self.stage.settle(self.play)
        for device in self.play.devices:
            if self.stage.is_reading(device):
                judge.check_heads(self.play.world, device)

    # -- what goes by age

    @precondition(lambda self: "retention" in self.play.acts.themes and not self.stage.stalled)
    @rule(step=st.sampled_from((0, DAY_MS // 2, DAY_MS)), keep_pinned=st.sampled_from((True, True, False)))
    def old_messages_go(self, step: int, keep_pinned: bool) -> None:
        """The operator's run, after some time: who looks on forgets, and nobody is shown any of it again."""
        self.after(self._let_go(step, keep_pinned))

    async def _let_go(self, step: int, keep_pinned: bool) -> None:
        self.house.clocks.now_ms += step
        await self.house.let_go(keep_pinned=keep_pinned)
        await self.stage.settle(self.play)
        self.play.world.let_go(self.stage.now_ms(), keep_pinned=keep_pinned)

    # -- the catalogue

    @precondition(lambda self: bool({"cards", "search"} & set(self.play.acts.themes)))
    @rule(number=st.integers(0, len(ITEMS) - 1), state=st.integers(0, 5), then=st.booleans())
    def an_item_changes(self, number: int, state: int, then: bool) -> None:
        self.after(self._change_item(number, state))
        if then:
            self.after(self._tell_cards())

    async def _change_item(self, number: int, state: int) -> None:
        world, (kind, item) = self.play.world, ITEMS[number]
        before = world.items.get((kind, item))
        rev = (before.rev if before else 0) + (state != 5)
        said, look = item_said(kind, item, rev, state)
        got = await self.house.change_catalogue(*(([], [said]) if look["status"] == "gone" else ([said], [])))
        await self.stage.settle(self.play)
        expected = world.change_item(kind, item, rev, look, self.stage.now_ms())
        judge.same(got, [expected], f"{said}", timeless=False)

    @precondition(lambda self: bool(self.play.world.untold))
    @rule()
    def cards_are_told(self) -> None:
        self.after(self._tell_cards())

    async def _tell_cards(self) -> None:
        """Every group that shows a changed item is told, in whatever order."""
        world = self.play.world
        world.now = self.stage.now_ms()
        due = {(key, name, pos) for key, groups in world.to_tell(world.now).items() for name, pos in groups.items()}
        told = await self.house.tell_cards()
        await self.stage.settle(self.play)
        shown = [(key, [(g, pos) for g, pos in places if not world.groups[g].gone_at]) for key, places in told]
        judge.same({(key, *place) for key, places in shown for place in places}, due, "told", timeless=False)
        for key, places in shown:
            world.tell(key, places)
        world.told_all(world.now)

    # -- connections

    @rule(number=DEVICE, resume=st.sampled_from((True, True, False)))
    def connect(self, number: int, resume: bool) -> None:
        """Come, or come again on a new connection while the old one is still there."""
        self.after(self.play.join(self.device(number), resume=resume))

    @rule(number=DEVICE)
    def disconnect(self, number: int) -> None:
        self.after(self._disconnect(self.device(number)))

    async def _disconnect(self, device: Device) -> None:
        self.stage.disconnect(device)
        await self.stage.settle(self.play)

    @rule(number=DEVICE, high_bytes=st.sampled_from((0, 300, 2000)))
    def stall(self, number: int, high_bytes: int) -> None:
        device = self.device(number)
        if self.stage.is_reading(device):
            self.stage.stall(device, high_bytes)

    @precondition(lambda self: self.stage.stalled)
    @rule(number=SMALL)
    def go_on_reading(self, number: int) -> None:
        stalled = sorted(self.stage.stalled, key=lambda device: (device.sub, device.name))
        self.after(self._release(stalled[number % len(stalled)]))

    async def _release(self, device: Device) -> None:
        self.stage.release(device)
        await self.stage.settle(self.play)

    # -- following

    @rule(number=DEVICE, which=SMALL, what=st.sampled_from(WAYS), seq=SMALL)
    def follow_a_group(self, number: int, which: int, what: str, seq: int) -> None:
        device, group = self._group_of(number, which)
        if group and what == "open":
            self.after(self.play.open(device, group))
        elif group and what == "close":
            self.after(self.play.close(device, group))
        elif group and what == "draft" and device.replica.user in self.play.world.users:
            self.after(self.play.save_draft(device, group, f"未发 {seq}" if seq % 3 else ""))
        elif group:
            self.after(self.play.mark_read(device, group, seq))

    def _group_of(self, number: int, which: int) -> tuple[Device, str]:
        device = self.device(number)
        groups = sorted(device.replica.groups) if self.stage.is_reading(device) else []
        return device, groups[which % len(groups)] if groups else ""

    # -- slow reads of the store, overtaken by commits

    @rule(number=DEVICE, pass_first=st.integers(0, 2), drawn=BATCH, resume=st.sampled_from((True, True, False)))
    def connect_while_others_act(self, number: int, pass_first: int, drawn: list[Drawn], resume: bool) -> None:
        self.after(self._overtake(self.device(number), pass_first, drawn, resume))

    async def _overtake(self, device: Device, pass_first: int, drawn: list[Drawn], resume: bool) -> None:
        self.stage.disconnect(device)
        await self.stage.settle(self.play)
        self.house.gate.shut(pass_first)
        number = self.stage.connect(device, resume=resume)
        self.play.live[device], device.quiet_reads, device.replica.loose = set(), False, True
        await self.house.settle_but_reads()
        await self._act_behind_the_gate(drawn, device, backwards=False)
        device.ok(number)
        device.replica.loose = False

    async def _act_behind_the_gate(self, drawn: list[Drawn], apart: Device, *, backwards: bool) -> None:
        """Commit one by one while reads are held up; then let them come, the newest first if `backwards`."""
        link = self.house.link
        for one in drawn:
            link.commits.clear()
            acts = [act for act in self.made([one]) if self.play.reader_of(act.user, len(act.data)) is not apart]
            asked = self.play.send(acts)
            await self.house.settle_but_reads()
            self.play.judge(asked, link.commits)
        while backwards and self.house.gate.let_newest_through():
            await self.house.settle_but_reads()
        self.house.gate.open()
        await self.stage.settle(self.play)

    @rule(number=DEVICE, before=BATCH, drawn=BATCH, reopen=st.sampled_from(("", "head", "cursor")))
    def catch_up_while_others_act(self, number: int, before: list[Drawn], drawn: list[Drawn], reopen: str) -> None:
        device = self.device(number)
        if device in self.stage.sockets:
            self.after(self._catch_up(device, before, drawn, reopen))

    async def _catch_up(self, device: Device, before: list[Drawn], drawn: list[Drawn], reopen: str) -> None:
        """A slow reader reads on from the store, and meanwhile closes its groups and opens them again."""
        if device not in self.stage.stalled:
            self.stage.stall(device, 0)
        for one in before:
            await self._batch([one])
        self.house.gate.shut(0)
        self.stage.release(device)
        await self.house.settle_but_reads()
        if reopen:
            for group in sorted(device.replica.groups):
                device.ask("group.close", {"group": group})
                self.play.ask_open(device, group, from_head=reopen == "head")
                device.replica.groups[group].overlap = reopen == "cursor"
        await self._act_behind_the_gate(drawn, device, backwards=True)
        for kept in device.replica.groups.values():
            kept.overlap = False
