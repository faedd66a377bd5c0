"""Welcome: greets who comes in, and thanks who brought them; keeps count of who brought how many.

    python clients/examples/bots/welcome.py --url ws://127.0.0.1:8080 --token-file welcome.token

People who come in together are greeted together. `/brought` shows who brought how many; admins set their own words with
`/greeting`, in which `{name}` and `{by}` are filled in.

迎新机器人：欢迎新成员，感谢带他们来的人，并记下谁带来了多少人。`/谁带来` 查看排行；
群主和管理员用 `/欢迎语` 设置自己的话，其中 `{name}` 和 `{by}` 会换成名字。
"""

from __future__ import annotations

from typing import Final

from chatd_client.bots import Bot, JoinContext, LeaveContext, Line, MessageContext, Phrase
from chatd_protocol.values import PAGE_MAX

bot = Bot("welcome", intro=Phrase("I greet who comes in:", "我负责迎新："))
GREETING_MAX: Final = 200
SHOWN: Final = 10


@bot.joined()
async def greet(ctx: JoinContext) -> None:
    if ctx.joined.bot:
        return
    name = await ctx.name_of(ctx.user)
    by = ctx.by if ctx.by not in {None, ctx.user} else None
    own = ctx.memory.group.get("greeting")
    if by is not None:
        brought = ctx.memory.group.setdefault("brought", {})
        brought[by] = brought.get(by, 0) + 1
    if own:
        before, _, after = own.partition("{name}")
        who = await ctx.name_of(by) if by else ctx.pick("nobody", "自己")
        await ctx.send(Line(before.replace("{by}", who)).mention(ctx.user, name).add(after.replace("{by}", who)))
    elif by is None:
        await ctx.send(_around(ctx, "Welcome, ", "欢迎 ", name).add(ctx.pick("!", "！")))
    else:
        line = _around(ctx, "Welcome, ", "欢迎 ", name)
        who = await ctx.name_of(by)
        times = ctx.memory.group["brought"][by]
        more = "" if times == 1 else ctx.pick(f" That makes {times}.", f"这是第 {times} 位。")
        await ctx.send(line.add(ctx.pick(f"! Thank you, {who}, for bringing them.", f"！谢谢{who}带来新朋友。") + more))


@bot.left()
async def farewell(ctx: LeaveContext) -> None:
    """Who leaves is forgotten as somebody who brought others; nothing is said about it."""
    ctx.memory.group.get("brought", {}).pop(ctx.user, None)


@bot.command("brought", "谁带来", help=Phrase("who brought how many", "谁带来了多少人"))
async def brought(ctx: MessageContext) -> None:
    counts: dict[str, int] = ctx.memory.group.get("brought", {})
    if not counts:
        await ctx.reply(Phrase("Nobody has brought anybody yet.", "还没有人带来新朋友。"))
        return
    most = sorted(counts.items(), key=lambda one: -one[1])[:SHOWN]
    await ctx.reply("\n".join([f"{place}. {await ctx.name_of(user)}: {n}" for place, (user, n) in enumerate(most, 1)]))


@bot.command("greeting", "欢迎语", help=Phrase("sets the words of the greeting (admins)", "设置欢迎语（管理员）"))
async def greeting(ctx: MessageContext, *, words: str = "") -> None:
    if not await _is_admin(ctx):
        await ctx.reply(Phrase("Only admins change the greeting.", "只有管理员可以修改欢迎语。"))
    elif words and "{name}" not in words:
        await ctx.reply(Phrase("The greeting needs {name} somewhere.", "欢迎语里要有 {name}。"))
    elif len(words) > GREETING_MAX:
        await ctx.reply(ctx.pick(f"At most {GREETING_MAX} characters.", f"最多 {GREETING_MAX} 个字。"))
    else:
        ctx.memory.group["greeting"] = words
        await ctx.reply(Phrase("From now on.", "从现在起就这么说。"))


async def _is_admin(ctx: MessageContext) -> bool:
    """Needs the scope `members`; without it nobody counts as one."""
    after = None
    while True:
        page = await ctx.ops.list_members(ctx.group, after, PAGE_MAX)
        for member in page.members:
            if member.user == ctx.user:
                return member.role in {"owner", "admin"}
        after = page.more
        if after is None:
            return False


def _around(ctx: JoinContext, en: str, zh: str, name: str) -> Line:
    return Line(ctx.pick(en, zh)).mention(ctx.user, name)


def main() -> None:
    """Run it as a program."""
    bot.main()


if __name__ == "__main__":
    main()
