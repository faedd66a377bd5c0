"""Echo, with commands: says what it was told, louder, several times or later; counts; votes with buttons.

A tour of what a command can be: several names, typed arguments with bounds, the rest of the line, memory of a person
and of a group, menus whose buttons change the message, something done later.

    python clients/examples/bots/echo.py --url ws://127.0.0.1:8080 --token-file echo.token

回声机器人，带命令：复述、大声说、重复、稍后再说，还能计数和用按钮投票。展示命令的各种写法：多个名字、带范围的参数、整行文字、
对个人和群的记忆、会变化的按钮，以及稍后执行的事。
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from msgspec import Meta

from chatd_client.bots import Bot, JobContext, Menu, MessageContext, Phrase, PressContext

bot = Bot("echo", intro=Phrase("I say what I am told:", "你说什么，我说什么："))
Times = Annotated[int, Meta(ge=1, le=5)]
Minutes = Annotated[int, Meta(ge=1, le=1440)]


@bot.command("echo", "复述", help=Phrase("says it again", "复述一遍"))
async def echo(ctx: MessageContext, *, text: str) -> None:
    await ctx.reply(text)


@bot.command("shout", "大声", help=Phrase("says it louder", "大声说"))
async def shout(ctx: MessageContext, *, text: str) -> None:
    await ctx.reply(text.upper() + ctx.pick("!", "！"))


@bot.command("repeat", "重复", help=Phrase("says it up to five times", "重复说，最多五遍"))
async def repeat(ctx: MessageContext, times: Times, *, text: str) -> None:
    for _ in range(times):
        await ctx.send(text)


@bot.command("later", "稍后", help=Phrase("says it in so many minutes", "过几分钟再说"))
async def later(ctx: MessageContext, minutes: Minutes, *, text: str) -> None:
    ctx.later("say", timedelta(minutes=minutes), text, key=str(ctx.pos))
    await ctx.react("⏰")


@bot.job("say")
async def say(ctx: JobContext) -> None:
    await ctx.send(str(ctx.payload))


@bot.command("count", "计数", help=Phrase("how often you have asked", "你问过几次"))
async def count(ctx: MessageContext) -> None:
    mine = ctx.memory.user["asked"] = ctx.memory.user.get("asked", 0) + 1
    all_of_us = ctx.memory.group["asked"] = ctx.memory.group.get("asked", 0) + 1
    await ctx.reply(ctx.pick(f"You: {mine}, this group: {all_of_us}", f"你：{mine} 次，本群：{all_of_us} 次"))


# --- a vote: one message whose buttons count


@bot.command("vote", "投票", help=Phrase("asks everybody, with buttons", "发起投票"))
async def vote(ctx: MessageContext, *, question: str) -> None:
    labels = [ctx.pick("Yes", "赞成"), ctx.pick("No", "反对")]
    sent = await ctx.send(question, menu=_ballot(labels[0], labels[1], 0, 0))
    ctx.memory.group[f"vote {sent.pos}"] = {"labels": labels, "said": {}}


@bot.press("vote")
async def voted(ctx: PressContext) -> None:
    kept = ctx.memory.group.get(f"vote {ctx.pos}")
    if kept is None or ctx.about not in {("yes",), ("no",)}:
        return
    kept["said"][ctx.user] = ctx.about[0]
    said = list(kept["said"].values())
    yes, no = kept["labels"]
    await ctx.edit(ctx.pos, menu=_ballot(yes, no, said.count("yes"), said.count("no")))


def _ballot(yes: str, no: str, ayes: int, noes: int) -> Menu:
    return Menu().button("vote", f"{yes} {ayes}", "yes").button("vote", f"{no} {noes}", "no")


def main() -> None:
    """Run it as a program."""
    bot.main()


if __name__ == "__main__":
    main()
