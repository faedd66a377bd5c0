"""What was given up and is tried again: in its order, under its old names, and only what is still there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from chatd.admin.socket import call
from chatd.testing import TestServer
from chatd_client.bots import Bot, Failure, JobContext, JoinContext, MessageContext, Policy, Store
from chatd_client.bots.store import DeadLetter
from chatd_client.bots.testing import NoPauses, TurnedClock
from tests.bots.house import BotRun, bot_token, house, in_loop, running
from tests.bots.test_running import client_of, group_with, said_by_bots


class Shaky:
    """A bot that gives up everything until it is mended; what it said before it fell over stays said."""

    def __init__(self) -> None:
        self.mended = False
        self.handled: list[str] = []

    def bot(self) -> Bot:
        bot = Bot("b", policy=Policy(retries=0))

        @bot.message()
        async def answer(ctx: MessageContext) -> None:
            self.handled.append(ctx.text)
            await ctx.send(f"{ctx.text}: heard")
            self._stumble(ctx.text)
            ctx.memory.group["count"] = ctx.memory.group.get("count", 0) + 1
            await ctx.send(f"{ctx.text}: number {ctx.memory.group['count']}")

        @bot.joined()
        async def welcome(ctx: JoinContext) -> None:
            name = await ctx.name_of(ctx.user)
            if name == "Cat":
                self._stumble(name)
            await ctx.send(f"welcome {name}")

        return bot

    def _stumble(self, over: str) -> None:
        if not self.mended and over != "fine":
            raise OSError("no disk")


def letters_of(path: Path, change: Callable[[Store], None] | None = None) -> list[DeadLetter]:
    """While no bot runs."""
    store = Store(path)
    try:
        if change is not None:
            change(store)
        return store.dead()
    finally:
        store.close()


def revive_all(store: Store) -> None:
    store.revive([one.id for one in store.dead()])


@asynccontextmanager
async def up(bot: Bot, server: TestServer, token: str, path: Path) -> AsyncIterator[BotRun]:
    async with running(bot, server, token, path, pauses=NoPauses()) as run:
        yield run


async def no_more_waits(run: BotRun) -> None:
    """Until no dead letter is still to be tried."""

    def done() -> bool:
        return not run.runner._lanes.load and run.runner._lanes.idle

    await run.while_it_runs(run.runner.wait_for(done))


@in_loop
async def test_dead_letters_are_tried_again_in_order_and_said_once(store_url: str, tmp_path: Path) -> None:
    shaky, path = Shaky(), tmp_path / "b.db"
    async with house(store_url, tmp_path) as server, client_of(server, "ann") as ann, client_of(server, "cat") as cat:
        token = await bot_token(server)
        async with up(shaky.bot(), server, token, path) as run:
            group = await group_with(ann, run)
            sent = [await ann.send(group, text) for text in ("one", "two", "fine")][-1]
            assert cat.hello is not None
            await asyncio.to_thread(
                call, server.config.admin_socket_path(), "member.add", 10.0, group=group, sub="cat", role="member"
            )
            await run.while_it_runs(run.runner.until(group, sent.pos + 3))
        assert [one.unit for one in letters_of(path)][1:] == [
            f"entry {group} {sent.pos - 1}",
            f"entry {group} {sent.pos - 2}",
        ]

        shaky.handled.clear()
        async with up(shaky.bot(), server, token, path) as run:
            await no_more_waits(run)
        assert shaky.handled == [], "nobody asked for it"

        first = letters_of(path, revive_all)
        async with up(shaky.bot(), server, token, path) as run:
            await no_more_waits(run)
        again = letters_of(path)
        assert shaky.handled == ["one", "two"]
        assert [(one.id, one.attempts, one.again) for one in again] == [(one.id, 2, False) for one in first]

        shaky.mended = True
        letters_of(path, lambda store: store.revive([again[-1].id]))
        async with up(shaky.bot(), server, token, path) as run:
            await no_more_waits(run)
        assert [one.id for one in letters_of(path, revive_all)] == [one.id for one in again[:-1]]
        async with up(shaky.bot(), server, token, path) as run:
            await no_more_waits(run)
        assert letters_of(path) == []
        assert await said_by_bots(ann, group) == [
            *("one: heard", "two: heard", "fine: heard", "fine: number 1"),
            *("one: number 2", "two: number 3", "welcome Cat"),
        ]


@in_loop
async def test_what_is_gone_meanwhile_is_not_tried_again(sqlite_url: str, tmp_path: Path) -> None:
    shaky, path = Shaky(), tmp_path / "b.db"
    async with house(sqlite_url, tmp_path) as server, client_of(server, "ann") as ann:
        token = await bot_token(server)
        async with up(shaky.bot(), server, token, path) as run:
            group, other = await group_with(ann, run), await group_with(ann, run, "Coffee")
            taken_back = await ann.send(group, "taken back")
            elsewhere = await ann.send(other, "elsewhere")
            await run.while_it_runs(run.runner.until(group, taken_back.pos))
            await run.while_it_runs(run.runner.until(other, elsewhere.pos))
            assert run.client.hello is not None
            me = run.client.hello.user
        await ann.recall(group, taken_back.pos)
        await ann.kick_member(other, me)
        shaky.handled.clear()
        shaky.mended = True
        letters_of(path, revive_all)
        bot = shaky.bot()
        async with up(bot, server, token, path) as run:
            await no_more_waits(run)
            assert (bot.counters.gone, shaky.handled) == (1, [])
        assert [(one.unit, one.again) for one in letters_of(path)] == [(f"entry {other} {elsewhere.pos}", False)]


@in_loop
async def test_a_job_that_was_given_up_is_done_once_more_beside_its_next_time(sqlite_url: str, tmp_path: Path) -> None:
    bots, runs, path = [Bot("b", policy=Policy(retries=0)) for _ in range(2)], list[int](), tmp_path / "b.db"
    clock = TurnedClock()

    for bot in bots:

        @bot.every(hours=1)
        async def hourly(ctx: JobContext) -> None:
            runs.append(ctx.due_ms)
            if len(runs) == 1:
                raise OSError("not yet")

    async with house(sqlite_url, tmp_path) as server:
        token = await bot_token(server)
        async with running(bots[0], server, token, path, clock=clock, pauses=NoPauses()) as run:
            clock.turn(3_600_000)
            await run.while_it_runs(run.runner.wait_for(lambda: bots[0].counters.dead == 1))
        assert [one.unit.split()[0] for one in letters_of(path, revive_all)] == ["job"]
        async with running(bots[1], server, token, path, clock=clock, pauses=NoPauses()) as run:
            await run.while_it_runs(run.runner.wait_for(lambda: len(runs) == 2))
            clock.turn(3_600_000)
            await run.while_it_runs(run.runner.wait_for(lambda: len(runs) == 3))
        assert letters_of(path) == []
        assert runs == [runs[0], runs[0], runs[0] + timedelta(hours=1) // timedelta(milliseconds=1)]


@in_loop
async def test_a_dead_letter_without_its_subject_says_that_it_can_only_be_dropped(
    sqlite_url: str, tmp_path: Path
) -> None:
    shaky, path = Shaky(), tmp_path / "b.db"
    store = Store(path)
    store._db.execute(
        "INSERT INTO dead (at, unit, handler, error, attempts, again) VALUES (1, 'mine 4', 'h', 'E', 4, 1)"
    )
    store.close()
    async with house(sqlite_url, tmp_path) as server:
        async with up(shaky.bot(), server, await bot_token(server), path) as run:
            await no_more_waits(run)
        (letter,) = letters_of(path)
        assert (letter.error.split(":")[0], letter.again) == ("NoSubject", False)


@in_loop
async def test_a_bot_that_runs_hears_that_a_dead_letter_is_to_be_tried_again(sqlite_url: str, tmp_path: Path) -> None:
    shaky, path = Shaky(), tmp_path / "b.db"
    async with house(sqlite_url, tmp_path) as server, client_of(server, "ann") as ann:
        async with up(shaky.bot(), server, await bot_token(server), path) as run:
            group = await group_with(ann, run)
            sent = await ann.send(group, "one")
            await run.while_it_runs(run.runner.until(group, sent.pos))
            shaky.mended = True
            beside = Store(path, beside=True)
            revive_all(beside)
            await run.while_it_runs(run.runner.wait_for(lambda: len(shaky.handled) == 2))
            await no_more_waits(run)
            assert beside.dead() == []
            beside.close()
        assert await said_by_bots(ann, group) == ["one: heard", "one: number 1"]


@in_loop
async def test_that_it_failed_is_told_once_and_never_stands_for_the_answer(sqlite_url: str, tmp_path: Path) -> None:
    shaky, path = Shaky(), tmp_path / "b.db"

    def bot() -> Bot:
        made = shaky.bot()

        @made.on_error
        async def sorry(failure: Failure) -> None:
            if failure.context is not None:
                await failure.context.reply("sorry")
                await failure.context.send("and again: sorry")

        return made

    async with house(sqlite_url, tmp_path) as server, client_of(server, "ann") as ann:
        token = await bot_token(server)
        async with up(bot(), server, token, path) as run:
            group = await group_with(ann, run)
            sent = await ann.send(group, "one")
            await run.while_it_runs(run.runner.until(group, sent.pos + 3))
        told = ["one: heard", "sorry", "and again: sorry"]
        assert await said_by_bots(ann, group) == told
        for mended, more in ((False, []), (True, ["one: number 1"])):
            shaky.mended = mended
            letters_of(path, revive_all)
            async with up(bot(), server, token, path) as run:
                await no_more_waits(run)
            assert await said_by_bots(ann, group) == told + more
