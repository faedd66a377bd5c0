"""Which handler gets what: in the order in which they were written, the first that takes it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from chatd_client import ChatdError
from chatd_client.bots import (
    PASS,
    Bot,
    CardContext,
    EntryContext,
    Filter,
    JoinContext,
    LeaveContext,
    Line,
    Menu,
    MessageContext,
    MineContext,
    Pass,
    PressContext,
    Router,
    button_id,
    filters,
)
from chatd_client.bots.help import declared
from chatd_client.bots.menus import split_id
from chatd_client.bots.testing import BadDialogue, DialogueFailed, play, read_dialogue
from chatd_protocol.bots import BotCommand
from chatd_protocol.log import Edited, Message, Reacted, Recalled
from tests.client.peer import in_loop

HERE = "* group Tea 茶: ann, bo\n"


def says(word: str) -> Callable[[MessageContext], Awaitable[None]]:
    async def say(ctx: MessageContext) -> None:
        await ctx.send(word)

    return say


@in_loop
async def test_the_first_handler_that_takes_it_is_the_only_one() -> None:
    bot = Bot("b")
    bot.pattern("tea")(says("first"))
    bot.pattern("green")(says("second"))
    await play(bot, HERE + "ann> green tea\nbot> first\nann> green\nbot> second\nann> water")


@in_loop
async def test_a_handler_may_pass_it_on_after_a_look() -> None:
    bot = Bot("b")

    @bot.message()
    async def look(ctx: MessageContext) -> Pass | None:
        if "me" not in ctx.text:
            return PASS
        await ctx.send("mine")
        return None

    bot.message()(says("the rest"))
    await play(bot, HERE + "ann> not yours\nbot> the rest\nann> for me\nbot> mine")


@in_loop
async def test_an_included_router_stands_where_it_was_included_at_any_depth() -> None:
    bot, outer, inner = Bot("b"), Router(), Router()
    bot.pattern("a")(says("bot a"))
    outer.include(inner, when=filters.contains("x"))
    bot.include(outer, when=~filters.contains("not"))
    bot.pattern("b")(says("bot b"))
    inner.pattern("a|b")(says("inner"))
    outer.pattern("b|c")(says("outer"))
    talk = (
        "ann> a x\nbot> bot a\nann> b x\nbot> inner\nann> b\nbot> outer\nann> b x not\nbot> bot b\nann> c\nbot> outer"
    )
    await play(bot, HERE + talk)


def test_a_router_that_includes_itself_is_refused() -> None:
    one, other = Router(), Router()
    one.include(other)
    with pytest.raises(ValueError, match="cannot include itself"):
        other.include(one)
    with pytest.raises(ValueError, match="cannot include itself"):
        one.include(one)


@in_loop
async def test_filters_combine() -> None:
    bot = Bot("b")
    shouts = Filter(lambda ctx: isinstance(ctx, MessageContext) and ctx.text.isupper())
    bot.message(when=shouts & ~filters.contains("please"))(says("quiet"))
    bot.message(when=shouts | filters.replies_to_me)(says("yes?"))
    bot.message(when=filters.direct)(says("alone"))
    talk = "ann> NOW\nbot> quiet\nann> NOW PLEASE\nbot> yes?\nann (reply)> fine\nbot> yes?\nann> fine\n"
    await play(bot, HERE + talk + "bo (to bot)> hello\nbot (to bo)> alone")


@in_loop
async def test_kinds_cards_mentions_and_patterns() -> None:
    bot = Bot("b")
    bot.card("video")(says("a video"))
    bot.card()(says("some card"))
    bot.mention()(says("me?"))

    @bot.pattern(re.compile(r"(?P<n>\d+) cups"))
    async def cups(ctx: MessageContext) -> None:
        assert ctx.match is not None
        await ctx.reply(f"{ctx.match['n']}!")

    bot.message("x-poll")(says("a poll"))
    talk = """
* product pot "Teapot" CNY 128.00
* video kiln "Kiln day"
ann> [video kiln]
bot> a video
ann> [product pot] 3 cups
bot> some card
ann> hello @bot
bot> me?
ann> hello @bo
ann> 12 cups
bot> 12!
"""
    await play(bot, HERE + talk)


@in_loop
async def test_people_entries_and_cards_that_change() -> None:
    bot = Bot("b")

    @bot.joined()
    async def joined(ctx: JoinContext) -> None:
        how = ctx.joined.how or "pull"
        await ctx.send(Line("+ ").mention(ctx.user, await ctx.name_of(ctx.user)).add(f" by {how}, {ctx.count} now"))

    @bot.left()
    async def left(ctx: LeaveContext) -> None:
        await ctx.send(f"- {await ctx.name_of(ctx.user)}{' kicked' if ctx.kicked else ''}")

    @bot.entry(Recalled)
    async def recalled(ctx: EntryContext[Recalled]) -> None:
        await ctx.send(f"{await ctx.name_of(ctx.entry.by)} took back {ctx.entry.target}")

    @bot.entry(Edited)
    async def edited(ctx: EntryContext[Edited]) -> None:
        await ctx.send(f"version {ctx.entry.version}")

    @bot.entry(Reacted)
    async def reacted(ctx: EntryContext[Reacted]) -> None:
        await ctx.react("🙏", ctx.entry.target)

    @bot.card_changed("product", "sold_out")
    async def sold_out(ctx: CardContext) -> None:
        assert ctx.product is not None
        await ctx.reply(f"no {ctx.product.title} left")

    @bot.message(when=filters.contains("hello"))
    async def hello(ctx: MessageContext) -> None:
        await ctx.reply("hi")

    talk = """
ann pulls in cat
bot> + @Cat by pull, 4 now
dan comes by ann's invite
bot> + @Dan by invite, 5 now
cat leaves
bot> - Cat
ann kicks dan
bot> - Dan kicked
ann> hello
bot> hi
ann edits> hello there
bot> version 1
ann recalls
bot> Ann took back 12
ann> hello
bot> hi
bo reacts 👍
bot reacts 🙏
* product pot "Teapot" CNY 128.00
ann> [product pot]
* product pot "Teapot" CNY 100.00
* product pot "Teapot" CNY 100.00, sold out
bot> no Teapot left
"""
    await play(bot, HERE + talk)


@in_loop
async def test_presses_of_its_own_buttons_and_what_they_are_about() -> None:
    bot = Bot("b")

    @bot.command("menu")
    async def menu(ctx: MessageContext) -> None:
        rows = Menu().button("buy", "One", "pot", 1).button("buy", "Two", "pot", 2).row().button("no", "Nothing")
        await ctx.send("What?", menu=rows)

    @bot.press("buy")
    async def buy(ctx: PressContext) -> None:
        await ctx.reply(f"{await ctx.name_of(ctx.user)} takes {' '.join(ctx.about)}")

    @bot.press("no")
    async def no(ctx: PressContext) -> None:
        await ctx.edit(ctx.pos, "Nothing then", menu=Menu())

    talk = "ann> /menu\nbot> What? [[One]] [[Two]] [[Nothing]]\nbo presses [[Two]]\nbot> Bo takes pot 2\n"
    await play(bot, HERE + talk + "ann presses [[Nothing]]\nbot edits> Nothing then")


@in_loop
async def test_a_bot_is_told_where_it_was_added() -> None:
    bot = Bot("b")

    @bot.added()
    async def added(ctx: MineContext) -> None:
        await ctx.send(f"Hello, I am new here ({ctx.group_kind})")

    await play(bot, HERE + "bot> Hello, I am new here (private)")


@in_loop
async def test_what_a_bot_itself_did_is_no_news_to_it() -> None:
    bot = Bot("b")

    @bot.message()
    async def echo(ctx: MessageContext) -> None:
        await ctx.react("👀")
        sent = await ctx.send(ctx.text)
        await ctx.edit(sent.pos, ctx.text + "!")

    @bot.entry(Reacted)
    async def reacted(ctx: EntryContext[Reacted]) -> None:
        await ctx.send("somebody reacted")

    @bot.entry(Edited)
    async def edited(ctx: EntryContext[Edited]) -> None:
        await ctx.send("somebody edited")

    await play(bot, HERE + "ann> tea\nbot reacts 👀\nbot> tea!\nbot edits> tea!")


@in_loop
async def test_a_command_for_another_bot_is_not_taken() -> None:
    bot = Bot("tea")
    bot.command("pour")(says("poured"))
    await play(bot, HERE + "ann> /pour@tea\nbot> poured\nann> /pour@coffee\nann> /Pour\nbot> poured")


@in_loop
async def test_whoever_asks_a_command_for_what_the_catalogue_does_not_have_is_told() -> None:
    bot = Bot("b")

    @bot.command("show")
    async def show(ctx: MessageContext, product: str) -> None:
        await ctx.send_product(product)

    await play(
        bot,
        HERE + "ann> /show tea\nbot> There is no such item in the catalogue, or it cannot be shown now.\n"
        "bo> ／show 茶\nbot> 目录里没有这一项，或现在不能展示。\n"
        '* product tea "Tea" CNY 12.00\nann> /show tea\nbot> [product tea]',
    )
    assert (bot.counters.failed, bot.counters.dead) == (0, 0)


@in_loop
async def test_only_that_refusal_of_a_command_is_answered(tmp_path: Path) -> None:
    bot = Bot("b")

    @bot.command("show")
    async def show(ctx: MessageContext) -> None:
        raise ChatdError("forbidden")

    with pytest.raises(DialogueFailed, match="forbidden"):
        await play(bot, HERE + "ann> /show", folder=tmp_path)


@in_loop
async def test_somebody_in_a_dialogue_who_may_not_do_it_fails_at_that_line() -> None:
    with pytest.raises(DialogueFailed, match=r"line 3 of the dialogue\n.*\n.*refused: not_found"):
        await play(Bot("b"), "* group Tea: ann\nann> tea\nan> tea")


@in_loop
async def test_what_a_bot_writes_in_both_languages_is_read_in_ones_own() -> None:
    bot = Bot("b", lang="zh")

    @bot.command("tea", "茶")
    async def tea(ctx: MessageContext) -> None:
        await ctx.reply({"en": "Tea.", "zh": "茶。"})

    talk = (
        "ann> /tea\nbot> 茶。\nann> good morning all\nann> /tea\nbot> Tea.\nbo> /茶\nbot> 茶。\nbo> /tea\nbot> 茶。\n"
    )
    await play(bot, HERE + talk + "* the bot restarts\nann> /tea\nbot> Tea.\nbo> /tea\nbot> 茶。")


@in_loop
async def test_where_nobody_has_said_anything_the_title_tells_the_language() -> None:
    for title, said in [("饭友群", "茶。"), ("Tea friends", "Tea."), ("Tea 茶友", "Tea.")]:
        bot = Bot("b")

        @bot.command("tea")
        async def tea(ctx: MessageContext) -> None:
            await ctx.reply({"en": "Tea.", "zh": "茶。"})

        await play(bot, f"* group {title}: ann\nann> /tea\nbot> {said}")


def test_what_could_never_come_is_refused_when_the_bot_is_written() -> None:
    bot = Bot("b")
    with pytest.raises(ValueError, match="no name for a command"):
        bot.command("two words")
    with pytest.raises(ValueError, match="needs a name"):
        bot.command()
    with pytest.raises(TypeError, match="decorators of its own"):
        bot.entry(Message)
    with pytest.raises(ValueError, match="1 to 32 characters"):
        bot.press("x" * 33)
    with pytest.raises(ValueError, match="name of a bot"):
        Bot("a b")
    with pytest.raises(ValueError, match="`concurrency`"):
        Bot("b", concurrency=0)


def test_a_menu_has_bounds_that_are_named() -> None:
    with pytest.raises(ValueError, match="have the id"):
        Menu().button("a", "A").button("a", "B")
    with pytest.raises(ValueError, match="label"):
        Menu().button("a", " ")
    full = Menu()
    for number in range(32):
        full.button("b", str(number), number)
    with pytest.raises(ValueError, match="8 rows of 4"):
        full.button("b", "32", 32)
    with pytest.raises(ValueError, match="32 characters of ASCII"):
        button_id("茶")
    for about in (("v:88",), ("a:b", "100%", "%3A"), ("",), ()):
        assert split_id(button_id("watch", *about)) == ("watch", about)
    assert [[one.id for one in row] for row in Menu().button("a", "A").row().row().button("b", "B", 1).rows] == [
        ["a"],
        ["b:1"],
    ]


@pytest.mark.parametrize("line", ["ann", "* something happens", "ann presses it", '* product pot "Pot" CNY 1.234'])
def test_a_line_of_a_dialogue_that_says_nothing_is_named(line: str) -> None:
    with pytest.raises(BadDialogue, match="line 3"):
        read_dialogue(f"# a comment\n* group Tea: ann\n{line}")


def test_the_server_is_told_every_name_of_a_command_that_is_shown() -> None:
    bot = Bot("b")
    bot.command("价格", "price", "PRICE", "多少钱", help={"en": "what it costs", "zh": "查询价格"})(says("68"))
    bot.command("secret", hidden=True)(says("never"))
    bot.command("只有中文")(says("its name cannot be declared"))
    told = declared(route.command for route in bot.routes() if route.command is not None)
    assert told == [BotCommand("price", "what it costs", "查询价格", ["价格", "多少钱"])]
