"""Digest: what you missed. Every evening a summary of the day in each group; `/missed` tells one person what was said
since they last spoke.

    python clients/examples/bots/digest.py --url ws://127.0.0.1:8080 --token-file digest.token \\
        --at 20:00 --zone Asia/Shanghai

A summary counts messages and people, names the liveliest, and points to what got the most answers and signs. It keeps
numbers and the beginnings of a few messages of the day, and drops what was recalled. `/missed` answers in the direct
chat with the bot for those who have begun one, else in the group.

摘要机器人：每晚发一份当天的摘要；`/错过` 告诉你上次发言之后大家说了什么。
跟机器人私聊过的人会在私聊里收到，其他人在群里收到。
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, Final

from chatd_client import ChatdError
from chatd_client.bots import PASS, Bot, Context, EntryContext, JobContext, MessageContext, Pass, Phrase, filters
from chatd_protocol.log import Message, Reacted, Recalled, read_entry
from chatd_protocol.values import PAGE_MAX

bot = Bot("digest", intro=Phrase("I tell you what you missed:", "我告诉你错过了什么："))
KEPT: Final = 30
"""Messages of the day that are kept, those with the most answers and signs."""
SHOWN: Final = 3
START_MAX: Final = 60
LOOK_BACK: Final = 500
"""Messages that `/missed` looks back over."""
PEOPLE_MAX: Final = 500


@bot.command("missed", "错过", help=Phrase("what was said since you last spoke", "你上次发言之后的内容"))
async def missed(ctx: MessageContext) -> None:
    said = await _since_they_spoke(ctx)
    if not said:
        await _privately(ctx, ctx.pick("You missed nothing.", "你没有错过什么。"))
        return
    people = {message.sender for message in said}
    named = [m for m in said if any(mark.user == ctx.user or mark.all for mark in getattr(m.body, "entities", ()))]
    lines = [ctx.pick(f"{len(said)} messages from {len(people)} people", f"{len(people)} 人说了 {len(said)} 条")]
    lines += [ctx.pick("You were mentioned:", "提到你的：")] * bool(named)
    lines += [await _shown(ctx, message) for message in named[-SHOWN:]]
    lines += [ctx.pick("The last ones:", "最近几条：")]
    lines += [await _shown(ctx, message) for message in [m for m in said if m not in named][-SHOWN:]]
    await _privately(ctx, "\n".join(lines if len(said) > len(named) else lines[:-1]))


@bot.command("digest", "摘要", help=Phrase("the day so far", "今天到现在的摘要"))
async def digest(ctx: MessageContext) -> None:
    text = await _summary(ctx)
    await ctx.reply(text or Phrase("Nothing was said today.", "今天还没有人说话。").in_(ctx.lang))


@bot.message(when=~filters.direct)
async def heard(ctx: MessageContext) -> Pass:
    """Keep count of the day, and let others answer. What people ask of bots does not count."""
    if ctx.text.startswith(("/", "／")):
        return PASS
    day = _day(ctx)
    day["messages"] += 1
    people = day["people"]
    if ctx.user in people or len(people) < PEOPLE_MAX:
        people[ctx.user] = people.get(ctx.user, 0) + 1
    start = " ".join((ctx.text or ctx.message.alt).split())[:START_MAX]
    day["said"][str(ctx.pos)] = {"who": ctx.user, "start": start, "weight": 0}
    if ctx.message.reply_to is not None:
        _weigh(day, ctx.message.reply_to, 2)
    _trim(day)
    return PASS


@bot.entry(Reacted)
async def reacted(ctx: EntryContext[Reacted]) -> None:
    _weigh(_day(ctx), ctx.entry.target, 1 if ctx.entry.on else -1)


@bot.entry(Recalled)
async def recalled(ctx: EntryContext[Recalled]) -> None:
    """What is gone is gone here too."""
    day = _day(ctx)
    gone = day["said"].pop(str(ctx.entry.target), None)
    if gone is not None:
        day["messages"] -= 1
        day["people"][gone["who"]] -= 1


async def evening(ctx: JobContext) -> None:
    """The summary of the day, and a new day."""
    text = await _summary(ctx)
    ctx.memory.group.pop("day", None)
    if text is not None and ctx.group_kind != "direct":
        await ctx.send(text)


# --- the day of a group


def _day(ctx: Context) -> dict[str, Any]:
    day: dict[str, Any] = ctx.memory.group.setdefault("day", {"messages": 0, "people": {}, "said": {}})
    return day


def _weigh(day: dict[str, Any], pos: int, more: int) -> None:
    if str(pos) in day["said"]:
        day["said"][str(pos)]["weight"] += more


def _trim(day: dict[str, Any]) -> None:
    """Of many messages keep those that others cared for, then the newest."""
    said = day["said"]
    while len(said) > KEPT:
        del said[min(said, key=lambda pos: (said[pos]["weight"], int(pos)))]


async def _summary(ctx: Context) -> str | None:
    """The day in a few lines; None if nothing was said."""
    day = _day(ctx)
    if day["messages"] <= 0:
        return None
    people = sorted(day["people"].items(), key=lambda one: -one[1])
    names = [await ctx.name_of(user) for user, _ in people[:SHOWN]]
    lines = [
        ctx.pick(
            f"Today: {day['messages']} messages from {len(people)} people, most from {', '.join(names)}",
            f"今天 {len(people)} 人说了 {day['messages']} 条，最活跃：{'、'.join(names)}",
        )
    ]
    best = sorted(day["said"].items(), key=lambda one: (-one[1]["weight"], int(one[0])))
    for _, one in [one for one in best if one[1]["weight"] > 0][:SHOWN]:
        lines.append(f"★ {await ctx.name_of(one['who'])}: {one['start']}")
    return "\n".join(lines)


# --- what one person missed


async def _since_they_spoke(ctx: MessageContext) -> list[Message]:
    """Messages of others since the person spoke before this, oldest first, as far as the bot looks back."""
    found: list[Message] = []
    before = ctx.pos
    while len(found) < LOOK_BACK:
        page = await ctx.ops.read_history(ctx.group, before=before, limit=PAGE_MAX)
        entries = [read_entry(raw) for raw in page.entries]
        for entry in reversed(entries):
            if not isinstance(entry, Message) or entry.body is None or entry.bot or entry.sender == ctx.me:
                continue
            if entry.sender == ctx.user:
                return found[::-1]
            if not _text_of(entry).startswith(("/", "／")):  # what people ask of bots is no news
                found.append(entry)
        if not page.more or not entries:
            break
        before = entries[0].pos
    return found[::-1]


async def _shown(ctx: Context, message: Message) -> str:
    return f"· {await ctx.name_of(message.sender)}: {_text_of(message)[:START_MAX]}"


def _text_of(message: Message) -> str:
    return " ".join((getattr(message.body, "text", "") or message.alt).split())


async def _privately(ctx: MessageContext, text: str) -> None:
    """To them alone, where they have begun a chat with the bot; else here."""
    try:
        await ctx.tell(ctx.user, text)
    except ChatdError as error:
        if error.code not in {"not_for_bots", "not_mutual"}:
            raise
        await ctx.reply(text)
    else:
        if ctx.group_kind != "direct":
            await ctx.react("📬")


def main(args: Sequence[str] | None = None) -> None:
    """Run it as a program."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--at", default="20:00")
    parser.add_argument("--zone", default="UTC")
    own, rest = parser.parse_known_args(args)
    try:
        bot.daily(own.at, zone=own.zone, per_group=True)(evening)
    except ValueError as error:
        sys.exit(f"--at, --zone: {error}")
    bot.main(rest)


if __name__ == "__main__":
    main()
