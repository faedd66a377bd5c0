"""Bots against a real server: order under concurrency, reconnecting, stopping, and cursors that follow the handlers."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from chatd.testing import TestServer
from chatd_client import Client
from chatd_client.bots import Bot, MessageContext, Policy, Store, WrongBot
from chatd_client.bots.testing import NoPauses
from chatd_protocol.log import Message
from tests.bots.house import BotRun, bot_token, house, in_loop, running


def client_of(server: TestServer, name: str) -> Client:
    return Client(server.ws_url, token=server.token(name, name.title()), device="d")


async def group_with(owner: Client, run: BotRun, title: str = "Tea") -> str:
    """A group of somebody and the bot, which has seen itself come in."""
    group = (await owner.create_group(title)).group
    assert run.client.hello is not None
    added = await owner.add_members(group, [run.client.hello.user])
    assert added.pos is not None
    await run.while_it_runs(run.runner.until(group, added.pos))
    return group


async def said_by_bots(client: Client, group: str) -> list[str]:
    entries = [entry async for entry in client.history(group, newest_first=False)]
    return [entry.body.text for entry in entries if isinstance(entry, Message) and entry.bot and entry.body]


@in_loop
async def test_order_is_kept_per_group_while_groups_are_answered_at_the_same_time(
    store_url: str, tmp_path: Path
) -> None:
    bot, at_once, most = Bot("b", concurrency=4), 0, 0

    @bot.message()
    async def echo(ctx: MessageContext) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await ctx.send(ctx.text)
        at_once -= 1

    async with house(store_url, tmp_path) as server, AsyncExitStack() as people:
        owners = [await people.enter_async_context(client_of(server, f"owner{n}")) for n in range(6)]
        async with running(bot, server, await bot_token(server), tmp_path / "b.db") as run:
            groups = {await group_with(owner, run): owner for owner in owners}
            sends = [owner.send(group, str(n)) for n in range(15) for group, owner in groups.items()]
            sent = await asyncio.gather(*sends)
            for one in sent[-6:]:
                await run.while_it_runs(run.runner.until(one.group, one.pos))
            for group, owner in groups.items():
                assert await said_by_bots(owner, group) == [str(n) for n in range(15)]
        assert 1 < most <= 4


@in_loop
async def test_the_cursor_moves_only_after_the_handler_has_returned(sqlite_url: str, tmp_path: Path) -> None:
    bot, entered, may_end = Bot("b"), asyncio.Event(), asyncio.Event()

    @bot.message()
    async def slow(ctx: MessageContext) -> None:
        ctx.memory.group["seen"] = ctx.text
        entered.set()
        await may_end.wait()

    async with (
        house(sqlite_url, tmp_path) as server,
        client_of(server, "ann") as ann,
        running(bot, server, await bot_token(server), tmp_path / "b.db") as run,
    ):
        group = await group_with(ann, run)
        pos = (await ann.send(group, "tea")).pos
        await run.while_it_runs(entered.wait())
        kept = await run.store.run(run.store.cursors)
        assert kept.heads.get(group, (0, 0))[0] < pos
        assert await run.store.run(run.store.all_documents, "group") == {}
        may_end.set()
        await run.while_it_runs(run.runner.until(group, pos))
        kept = await run.store.run(run.store.cursors)
        assert kept.heads[group][0] == pos
        assert await run.store.run(run.store.all_documents, "group") == {group: {"seen": "tea"}}


@in_loop
async def test_a_bot_answers_over_reconnects_everything_and_once(store_url: str, tmp_path: Path) -> None:
    bot = Bot("b")

    @bot.message()
    async def echo(ctx: MessageContext) -> None:
        await ctx.reply(ctx.text)

    async with (
        house(store_url, tmp_path) as server,
        client_of(server, "ann") as ann,
        running(bot, server, await bot_token(server), tmp_path / "b.db", pauses=NoPauses()) as run,
    ):
        group = await group_with(ann, run)
        pos = 0
        for n in range(40):
            pos = (await ann.send(group, str(n))).pos
            if n % 7 == 3:
                run.client._session.link.cycle()
        await run.while_it_runs(run.runner.until(group, pos))
        assert await said_by_bots(ann, group) == [str(n) for n in range(40)]
        assert bot.counters.dead == 0


@in_loop
async def test_what_was_said_while_a_bot_was_away_is_answered_when_it_is_back(store_url: str, tmp_path: Path) -> None:
    bot, path = Bot("b"), tmp_path / "b.db"

    @bot.message()
    async def echo(ctx: MessageContext) -> None:
        await ctx.reply(ctx.text)

    async with house(store_url, tmp_path) as server, client_of(server, "ann") as ann:
        token = await bot_token(server)
        async with running(bot, server, token, path) as run:
            group = await group_with(ann, run)
            assert run.client.hello is not None
            user = run.client.hello.user
        await ann.send(group, "are you there?")
        other = (await ann.create_group("made meanwhile")).group
        await ann.add_members(other, [user])
        last = [await ann.send(one, "hello?") for one in (group, other)]
        async with running(bot, server, token, path) as run:
            for one in last:
                await run.while_it_runs(run.runner.until(one.group, one.pos))
        assert await said_by_bots(ann, group) == ["are you there?", "hello?"]
        assert await said_by_bots(ann, other) == ["hello?"]


@in_loop
async def test_a_bot_hears_groups_that_the_server_does_not_push_by_itself(sqlite_url: str, tmp_path: Path) -> None:
    bot = Bot("b")

    @bot.message()
    async def echo(ctx: MessageContext) -> None:
        await ctx.send(ctx.text)

    async with house(sqlite_url, tmp_path, hub={"live_groups": 2}) as server, client_of(server, "ann") as ann:
        token = await bot_token(server)
        async with running(Bot("b"), server, token, tmp_path / "first.db") as run:
            groups = [await group_with(ann, run, f"group {n}") for n in range(6)]
        async with running(bot, server, token, tmp_path / "b.db") as run:
            sent = [await ann.send(group, group) for group in groups]
            for one in sent:
                await run.while_it_runs(run.runner.until(one.group, one.pos))
        async with running(bot, server, token, tmp_path / "b.db") as run:
            sent = [await ann.send(group, "again") for group in groups]
            for one in sent:
                await run.while_it_runs(run.runner.until(one.group, one.pos))
        for group in groups:
            assert await said_by_bots(ann, group) == [group, "again"]


@in_loop
async def test_a_stop_lets_the_handler_end_that_runs_and_keeps_its_cursor(sqlite_url: str, tmp_path: Path) -> None:
    bot, entered, may_end, stopped = Bot("b"), asyncio.Event(), asyncio.Event(), []

    @bot.message()
    async def slow(ctx: MessageContext) -> None:
        entered.set()
        await may_end.wait()
        await ctx.send("done")

    @bot.on_stop
    async def last() -> None:
        stopped.append("stopped")

    async with house(sqlite_url, tmp_path) as server, client_of(server, "ann") as ann:
        async with running(bot, server, await bot_token(server), tmp_path / "b.db") as run:
            group = await group_with(ann, run)
            pos = (await ann.send(group, "tea")).pos
            await ann.send(group, "more tea")
            await run.while_it_runs(entered.wait())
            bot.stop()
            may_end.set()
            assert run.task is not None
            await run.task
            assert run.store.cursors().heads[group][0] == pos
        assert await said_by_bots(ann, group) == ["done"]
        assert stopped == ["stopped"]


@in_loop
async def test_a_stop_does_not_wait_for_ever_and_what_it_cut_off_comes_again(sqlite_url: str, tmp_path: Path) -> None:
    bot, entered, hang = Bot("b", stop_s=0.05, policy=Policy(crashes=1)), asyncio.Event(), [True]

    @bot.message()
    async def slow(ctx: MessageContext) -> None:
        entered.set()
        await ctx.send("one")
        if hang:
            await asyncio.Event().wait()
        await ctx.send("two")

    async with house(sqlite_url, tmp_path) as server, client_of(server, "ann") as ann:
        token = await bot_token(server)
        async with running(bot, server, token, tmp_path / "b.db") as run:
            group = await group_with(ann, run)
            pos = (await ann.send(group, "tea")).pos
            await run.while_it_runs(entered.wait())
        hang.clear()
        async with running(bot, server, token, tmp_path / "b.db") as run:
            await run.while_it_runs(run.runner.until(group, pos))
        assert await said_by_bots(ann, group) == ["one", "two"]
        assert bot.counters.dead == 0, "what was stopped on purpose did not crash"


@in_loop
async def test_a_group_that_talks_faster_than_the_bot_is_answered_whole(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatd_client.bots.lanes.Lanes.__init__.__defaults__", (20,))
    bot, gate, heard = Bot("b"), asyncio.Event(), []

    @bot.message()
    async def note(ctx: MessageContext) -> None:
        await gate.wait()
        heard.append(ctx.text)

    async with house(sqlite_url, tmp_path) as server, client_of(server, "ann") as ann:
        async with running(bot, server, await bot_token(server), tmp_path / "b.db") as run:
            group = await group_with(ann, run)
            sent = await asyncio.gather(*(ann.send(group, str(n)) for n in range(300)))
            gate.set()
            await run.while_it_runs(run.runner.until(group, sent[-1].pos))
        assert heard == [str(n) for n in range(300)]
        assert bot.counters.behind >= 1


@in_loop
async def test_the_server_knows_a_bots_commands_in_both_languages(sqlite_url: str, tmp_path: Path) -> None:
    bot = Bot("b")

    @bot.command("price", "价格", help={"en": "what it costs", "zh": "多少钱"})
    async def price(ctx: MessageContext) -> None: ...

    @bot.command("secret", hidden=True)
    async def secret(ctx: MessageContext) -> None: ...

    async with (
        house(sqlite_url, tmp_path) as server,
        client_of(server, "ann") as ann,
        running(bot, server, await bot_token(server), tmp_path / "b.db") as run,
    ):
        group = await group_with(ann, run)
        (line,) = (await ann.list_bots(group)).bots
    told = [(one.name, one.en, one.zh) for one in line.commands]
    assert told == [("price", "what it costs", "多少钱"), ("help", "what I can do", "我会什么")]


@in_loop
async def test_the_memory_of_another_bot_is_not_touched(sqlite_url: str, tmp_path: Path) -> None:
    async with house(sqlite_url, tmp_path) as server:
        async with running(Bot("b"), server, await bot_token(server), tmp_path / "b.db"):
            pass
        run = BotRun(Bot("b"), server, await bot_token(server), tmp_path / "b.db")
        with pytest.raises(WrongBot):
            await run.start()
        await run.client.close()
        run.store.close()


@in_loop
async def test_a_full_disk_ends_the_bot_and_what_it_did_not_keep_comes_again(sqlite_url: str, tmp_path: Path) -> None:
    bot = Bot("b")

    @bot.message()
    async def count(ctx: MessageContext) -> None:
        n = ctx.memory.group["n"] = ctx.memory.group.get("n", 0) + 1
        await ctx.send(str(n))

    async with house(sqlite_url, tmp_path) as server, client_of(server, "ann") as ann:
        token = await bot_token(server)
        run = BotRun(bot, server, token, tmp_path / "b.db")
        await run.start()
        group = await group_with(ann, run)

        def full(self: Store, steps: object, now_ms: int) -> None:
            raise OSError("no space left on the device")

        run.store.settle = full.__get__(run.store)  # type: ignore[method-assign]
        pos = (await ann.send(group, "tea")).pos
        assert run.task is not None
        with pytest.raises(OSError, match="no space left"):
            await run.task
        await run.client.close()
        run.store.close()
        async with running(bot, server, token, tmp_path / "b.db") as again:
            await again.while_it_runs(again.runner.until(group, pos))
        assert await said_by_bots(ann, group) == ["1"]


@in_loop
async def test_the_memory_of_a_person_is_one_wherever_they_speak_at_the_same_time(
    sqlite_url: str, tmp_path: Path
) -> None:
    bot = Bot("b")

    @bot.message()
    async def count(ctx: MessageContext) -> None:
        n = ctx.memory.user.get("n", 0)
        await ctx.react("👀")
        ctx.memory.user["n"] = n + 1

    @bot.message()
    async def never(ctx: MessageContext) -> None:
        raise AssertionError("the first one took it")

    async with (
        house(sqlite_url, tmp_path) as server,
        client_of(server, "ann") as ann,
        running(bot, server, await bot_token(server), tmp_path / "b.db") as run,
    ):
        groups = [await group_with(ann, run) for _ in range(5)]
        sent = await asyncio.gather(*(ann.send(group, str(n)) for n in range(6) for group in groups))
        for one in sent[-5:]:
            await run.while_it_runs(run.runner.until(one.group, one.pos))
        assert ann.hello is not None
        kept = await run.store.run(run.store.all_documents, "user")
        assert kept == {ann.hello.user: {"n": 30}}


@in_loop
async def test_what_all_share_is_changed_by_one_at_a_time(sqlite_url: str, tmp_path: Path) -> None:
    bot = Bot("b")

    @bot.message()
    async def count(ctx: MessageContext) -> None:
        shared = await ctx.memory.shared()
        n = shared.get("n", 0)
        await ctx.react("👀")
        shared["n"] = n + 1

    async with house(sqlite_url, tmp_path) as server, AsyncExitStack() as people:
        owners = [await people.enter_async_context(client_of(server, f"owner{n}")) for n in range(4)]
        async with running(bot, server, await bot_token(server), tmp_path / "b.db") as run:
            groups = {await group_with(owner, run): owner for owner in owners}
            sends = [owner.send(group, str(n)) for n in range(5) for group, owner in groups.items()]
            for one in (await asyncio.gather(*sends))[-4:]:
                await run.while_it_runs(run.runner.until(one.group, one.pos))
            assert await run.store.run(run.store.all_documents, "shared") == {"": {"n": 20}}


@in_loop
async def test_a_server_whose_past_is_another_one_is_followed_from_now_on(store_url: str, tmp_path: Path) -> None:
    bot, path = Bot("b"), tmp_path / "b.db"

    @bot.message()
    async def count(ctx: MessageContext) -> None:
        ctx.memory.group["n"] = ctx.memory.group.get("n", 0) + 1
        await ctx.send(f"{ctx.memory.group['n']} {ctx.text}")

    async with house(store_url, tmp_path) as server, client_of(server, "ann") as ann:
        token = await bot_token(server)
        async with running(bot, server, token, path) as run:
            group = await group_with(ann, run)
            pos = (await ann.send(group, "before")).pos
            await run.while_it_runs(run.runner.until(group, pos))
        store = Store(path)
        store.set_fact("epoch", "another life")
        store.close()
        await ann.send(group, "in between")
        async with running(bot, server, token, path) as run:
            pos = (await ann.send(group, "after")).pos
            await run.while_it_runs(run.runner.until(group, pos))
            assert ann.hello is not None
            assert (await run.store.run(run.store.cursors)).epoch == ann.hello.epoch
        assert await said_by_bots(ann, group) == ["1 before", "2 after"]
