"""The shortest bot: answers `/hello Ann`, and tells people who are new here how to say it.

最短的机器人：回答 `/你好 小波`。
"""

from chatd_client.bots import Bot, MessageContext

bot = Bot("hello")


@bot.command("hello", "你好", help={"en": "says hello", "zh": "打个招呼"})
async def hello(ctx: MessageContext, name: str = "") -> None:
    await ctx.reply({"en": f"Hello {name or 'there'}!", "zh": f"你好，{name or '朋友'}！"})


if __name__ == "__main__":
    bot.main()
