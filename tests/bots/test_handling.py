"""What becomes of a handler that fails, hangs or takes the program down, and what is kept of what it did."""

from __future__ import annotations

import asyncio
import logging
import re
from datetime import timedelta
from pathlib import Path

import pytest

from chatd_client import ChatdError
from chatd_client.bots import Bot, Failure, JobContext, Menu, MessageContext, Policy, PressContext, Store
from chatd_client.bots.testing import DialogueFailed, StagePlace, play
from tests.client.peer import in_loop

HERE = "* group Tea 茶: ann, bo\n"


def letters(folder: Path, name: str = "b") -> list[tuple[str, str, int]]:
    store = Store(folder / f"{name}.db")
    try:
        return [(one.handler.rpartition(".")[2], one.error, one.attempts) for one in store.dead()]
    finally:
        store.close()


@in_loop
async def test_a_handler_that_fails_is_tried_again_and_what_it_said_is_said_once() -> None:
    bot, runs = Bot("b"), []

    @bot.message()
    async def shaky(ctx: MessageContext) -> None:
        runs.append(ctx.text)
        ctx.memory.group["runs"] = ctx.memory.group.get("runs", 0) + 1
        await ctx.send("one")
        await ctx.react("👍")
        if len(runs) < 3:
            raise OSError("the disk is shy")
        await ctx.send(f"two, run {ctx.memory.group['runs']}")

    await play(bot, HERE + "ann> tea\nbot> one\nbot reacts 👍\nbot> two, run 1\n")
    assert runs == ["tea"] * 3
    assert (bot.counters.failed, bot.counters.dead, bot.counters.taken) == (2, 0, 1)


@in_loop
async def test_a_button_that_no_handler_takes_is_named_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bot = Bot("b")

    @bot.command("ask")
    async def ask(ctx: MessageContext) -> None:
        await ctx.send("when?", menu=Menu().button("wait", "Later", "sku-1"))

    @bot.press("waiting")
    async def wait(ctx: PressContext) -> None:
        await ctx.send("waits")

    with caplog.at_level(logging.WARNING):
        await play(bot, HERE + "ann> /ask\nbot> when? [[Later]]\nann presses [[Later]]\n", folder=tmp_path)
    assert [one.message for one in caplog.records] == ["no handler takes the button wait"]


@in_loop
async def test_what_is_given_up_is_among_the_dead_letters_and_the_group_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bot = Bot("b", policy=Policy(retries=2))
    failures: list[Failure] = []

    @bot.on_error
    async def note(failure: Failure) -> None:
        failures.append(failure)

    @bot.pattern("bad")
    async def broken(ctx: MessageContext) -> None:
        ctx.memory.group["kept"] = "not this"
        raise ValueError(f"no good: {ctx.text}")

    @bot.pattern("good")
    async def fine(ctx: MessageContext) -> None:
        await ctx.send(f"kept: {ctx.memory.group.get('kept')}")

    with caplog.at_level(logging.WARNING), pytest.raises(DialogueFailed, match="ValueError: no good: a bad secret"):
        await play(bot, HERE + "ann> a bad secret\nann> a good one\nbot> kept: None", folder=tmp_path)
    told = letters(tmp_path)[0]
    assert re.fullmatch(r"ValueError: no good: a bad secret \(test_handling\.py:\d+\)", told[1])
    assert told[2] == 3
    assert letters(tmp_path)[0][0] == "broken"
    assert [(one.attempts, one.final) for one in failures] == [(1, False), (2, False), (3, True)]
    assert bot.counters.dead == 1
    assert "secret" not in caplog.text, "a log does not tell what people wrote"
    assert "broken failed at entry g" in caplog.text
    assert "ValueError in test_handling.py:" in caplog.text


@in_loop
async def test_a_bot_may_tell_who_waits_that_it_gave_up_once_and_after_the_last_attempt(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bot = Bot("b", policy=Policy(retries=2))
    told: list[bool] = []

    @bot.on_error
    async def fails_too(failure: Failure) -> None:
        raise OSError(f"no mail: {failure.error}")

    @bot.on_error
    async def sorry(failure: Failure) -> None:
        told.append(failure.context is not None)
        if failure.context is not None:
            failure.context.memory.group["told"] = True
            await failure.context.reply({"en": "That failed.", "zh": "出错了。"})

    @bot.pattern("bad|坏")
    async def broken(ctx: MessageContext) -> None:
        await ctx.send("let me see")
        raise ValueError(ctx.text)

    @bot.pattern("told")
    async def ask(ctx: MessageContext) -> None:
        await ctx.send(f"kept: {ctx.memory.group.get('told')}")

    talk = "ann> a bad secret\nbot> let me see\nbot> That failed.\nbo> 坏了\nbot> let me see\nbot> 出错了。\n"
    with caplog.at_level(logging.ERROR), pytest.raises(DialogueFailed, match="no handler that fails"):
        await play(bot, HERE + talk + "ann> told?\nbot> kept: None", folder=tmp_path)
    assert told == [False, False, True] * 2
    assert "on_error failed at entry g" in caplog.text
    assert "secret" not in caplog.text


@in_loop
async def test_a_refusal_that_cannot_change_is_not_tried_again(tmp_path: Path) -> None:
    bot = Bot("b")

    @bot.message()
    async def show(ctx: MessageContext) -> None:
        await ctx.send_product("nothing")

    with pytest.raises(DialogueFailed, match="no_item"):
        await play(bot, HERE + "ann> tea", folder=tmp_path)
    ((name, told, attempts),) = letters(tmp_path)
    assert (name, attempts) == ("show", 1)
    assert re.fullmatch(r"ChatdError: no_item \(test_handling\.py:\d+\)", told), (
        "a line of the author's, not of the SDK"
    )


@in_loop
async def test_an_answer_to_what_was_taken_back_meanwhile_is_dropped() -> None:
    bot = Bot("b")

    @bot.message()
    async def late(ctx: MessageContext) -> None:
        raise ChatdError("gone")

    await play(bot, HERE + "ann> tea")
    assert (bot.counters.gone, bot.counters.dead) == (1, 0)


@in_loop
async def test_a_handler_that_does_not_end_has_failed(tmp_path: Path) -> None:
    bot = Bot("b", policy=Policy(retries=1, timeout_s=0.05))

    @bot.pattern("wait")
    async def hangs(ctx: MessageContext) -> None:
        await asyncio.Event().wait()

    @bot.pattern("go")
    async def goes(ctx: MessageContext) -> None:
        await ctx.send("on we go")

    with pytest.raises(DialogueFailed, match="TimeoutError"):
        await play(bot, HERE + "ann> wait\nann> go\nbot> on we go", folder=tmp_path)
    assert [one[2] for one in letters(tmp_path)] == [2]


@in_loop
async def test_a_filter_that_fails_is_an_error_like_any_other(tmp_path: Path) -> None:
    bot = Bot("b", policy=Policy(retries=0))

    @bot.message(when=lambda ctx: bool(ctx.memory.user["missing"]))
    async def never(ctx: MessageContext) -> None: ...

    with pytest.raises(DialogueFailed, match="KeyError"):
        await play(bot, HERE + "ann> tea", folder=tmp_path)
    assert letters(tmp_path)[0][0] == "never"


@in_loop
async def test_what_cannot_be_kept_is_an_error_of_the_handler(tmp_path: Path) -> None:
    bot = Bot("b", policy=Policy(retries=0))

    @bot.message()
    async def hoards(ctx: MessageContext) -> None:
        ctx.memory.user["all"] = "x" * 70_000

    with pytest.raises(DialogueFailed, match="65536 bytes"):
        await play(bot, HERE + "ann> tea", folder=tmp_path)


@in_loop
async def test_what_took_the_program_down_too_often_is_not_begun_again(tmp_path: Path) -> None:
    place = StagePlace("b")
    bot = Bot("b", policy=Policy(crashes=3))
    runs: list[int] = []

    @bot.message()
    async def count(ctx: MessageContext) -> None:
        runs.append(ctx.pos)

    store = Store(tmp_path / "b.db")
    group = next(iter(place.stage.groups), None)
    assert group is None
    store.close()
    await play(bot, HERE + "* the bot stops\nann> tea", place, folder=tmp_path)
    (group,) = place.stage.groups
    pos = len(place.stage.groups[group].log)
    store = Store(tmp_path / "b.db")
    for _ in range(3):
        store.begin(f"entry {group} {pos}")
    store.close()
    again = StagePlace("b")
    again.stage = place.stage
    with pytest.raises(DialogueFailed, match="KeepsDying"):
        await play(bot, "* the bot starts", again, folder=tmp_path)
    assert runs == []
    assert letters(tmp_path) == [("count", "KeepsDying", 1)]


# --- what one remembers


@in_loop
async def test_memory_of_people_groups_members_and_all() -> None:
    bot = Bot("b")

    @bot.message()
    async def count(ctx: MessageContext) -> None:
        shared = await ctx.memory.shared()
        counts = []
        for one in (ctx.memory.user, ctx.memory.group, ctx.memory.member, shared):
            one["n"] = one.get("n", 0) + 1
            counts.append(one["n"])
        await ctx.send(" ".join(map(str, counts)))

    talk = """
ann> a
bot> 1 1 1 1
ann> b
bot> 2 2 2 2
bo> c
bot> 1 3 1 3
ann (to bot)> d
bot (to ann)> 3 1 1 4
* the bot restarts
ann> e
bot> 4 4 3 5
"""
    await play(bot, HERE + talk)


@in_loop
async def test_what_a_run_before_said_otherwise_stands() -> None:
    """The answer of a second run differs, for it depends on what is kept nowhere: the first one stands."""
    bot, runs = Bot("b"), []

    @bot.message()
    async def clock(ctx: MessageContext) -> None:
        runs.append(ctx.pos)
        sent = await ctx.send(f"run {len(runs)}")
        if len(runs) == 1:
            raise OSError("once")
        await ctx.reply(f"I said it at {sent.pos - ctx.pos}")

    await play(bot, HERE + "ann> tea\nbot> run 1\nbot> I said it at 1")


# --- by the clock


@in_loop
async def test_jobs_come_when_they_are_due_and_after_a_restart_too() -> None:
    bot = Bot("b")

    @bot.daily("09:30", zone="Asia/Shanghai", days="mon-fri", per_group=True)
    async def morning(ctx: JobContext) -> None:
        await ctx.send(f"good morning {ctx.due_ms // 60_000 % 1440}")

    @bot.every(hours=36, per_group=True)
    async def often(ctx: JobContext) -> None:
        n = ctx.memory.group["n"] = ctx.memory.group.get("n", 0) + 1
        await ctx.send(f"{n} times")

    talk = """
* it is 2026-01-05 12:00
* group Tea: ann, bo
* it is 2026-01-06 01:29
* 1 minute passes
bot> good morning 90
* it is 2026-01-07 00:00
bot> 1 times
* the bot stops
* it is 2026-01-09 12:01
* the bot starts
bot> …
bot> …
* it is 2026-01-12 01:30
bot> …
bot> …
"""
    await play(bot, talk)


@in_loop
async def test_what_was_missed_is_left_out_where_that_is_wished() -> None:
    bot = Bot("b")

    @bot.daily("09:00", per_group=True, catch_up=False)
    async def morning(ctx: JobContext) -> None:
        await ctx.send("good morning")

    talk = "* it is 2026-01-06 12:00\n* the bot starts\n* it is 2026-01-07 09:00\nbot> good morning"
    await play(bot, HERE + "* the bot stops\n" + talk)


@in_loop
async def test_something_later_is_kept_replaced_and_cancelled() -> None:
    bot = Bot("b")

    @bot.command("remind")
    async def remind(ctx: MessageContext, minutes: int, *, text: str) -> None:
        ctx.later("reminder", timedelta(minutes=minutes), {"text": text}, key=ctx.user)

    @bot.command("forget")
    async def forget(ctx: MessageContext) -> None:
        ctx.cancel("reminder", key=ctx.user)

    @bot.job("reminder")
    async def reminder(ctx: JobContext) -> None:
        await ctx.send(ctx.payload["text"])

    talk = """
ann> /remind 10 tea
bo> /remind 10 coffee
ann> /remind 20 more tea
* the bot restarts
* 10 minutes pass
bot> coffee
* 10 minutes pass
bot> more tea
bo> /remind 5 coffee
bo> /forget
* 10 minutes pass
"""
    await play(bot, HERE + talk)


@in_loop
async def test_a_job_that_fails_is_given_up_and_comes_again_at_its_next_time(tmp_path: Path) -> None:
    bot, runs = Bot("b", policy=Policy(retries=1)), []

    @bot.every(hours=1, per_group=True)
    async def hourly(ctx: JobContext) -> None:
        runs.append(ctx.due_ms)
        if len(runs) <= 2:
            raise OSError("not yet")
        await ctx.send("at last")

    with pytest.raises(DialogueFailed, match="OSError"):
        await play(bot, HERE + "* 1 hour passes\n* 1 hour passes\nbot> at last", folder=tmp_path)
    assert [one[2] for one in letters(tmp_path)] == [2]


@in_loop
async def test_a_job_that_is_no_more_is_a_dead_letter_and_no_riddle(tmp_path: Path) -> None:
    bot, place = Bot("b"), StagePlace("b")

    @bot.message()
    async def promise(ctx: MessageContext) -> None:
        ctx.later("nobody does this", timedelta(minutes=1))

    with pytest.raises(DialogueFailed, match="NoSuchJob"):
        await play(bot, HERE + "ann> tea\n* 1 minute passes", place, folder=tmp_path)


def test_two_jobs_of_one_name_are_refused() -> None:
    bot = Bot("b")

    @bot.every(hours=1, name="same")
    async def one(ctx: JobContext) -> None: ...

    @bot.every(hours=2, name="same")
    async def other(ctx: JobContext) -> None: ...

    with pytest.raises(ValueError, match="two jobs are called 'same'"):
        asyncio.run(play(bot, HERE))
