"""What stands behind a command: words become what the handler's parameters ask for, or a sentence that says why not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta

from chatd_client.bots.arguments import BadArguments, Mention, fill, read_parameters, usage_of
from chatd_client.bots.commands import Command, check_names, glued, read_call
from chatd_client.bots.contexts import MessageContext
from chatd_client.bots.words import Phrase, has_han, language_of
from chatd_protocol.kinds import Mark

Ctx = MessageContext


class Size(Enum):
    SMALL = "s"
    LARGE = "l"


def item_and_count(ctx: Ctx, item: str, count: Annotated[int, Meta(ge=1, le=9)] = 1) -> None: ...
def rest_of_line(ctx: Ctx, first: str, *, note: str = "none") -> None: ...
def many_words(ctx: Ctx, *words: str) -> None: ...
def of_every_type(ctx: Ctx, a: float, b: bool, c: Decimal, d: date, e: Size, f: Literal["x", "y"]) -> None: ...
def with_none(ctx: Ctx, n: int | None = None) -> None: ...
def whom(ctx: Ctx, who: Mention, reason: str = "") -> None: ...


def filled(handler: Callable[..., Any], text: str, marks: list[Mark] | None = None) -> tuple[list[Any], dict[str, Any]]:
    return fill(read_parameters(handler), text, 0, marks or [])


def test_words_fill_parameters_and_defaults_the_rest() -> None:
    assert filled(item_and_count, "apple 3") == (["apple", 3], {})
    assert filled(item_and_count, "  apple  ") == (["apple", 1], {})
    assert filled(item_and_count, "苹果　３") == (["苹果", 3], {}), "white space and digits may be full-width"


@pytest.mark.parametrize("quoted", ['"two words"', "“two words”", "「two words」"])
def test_quotes_make_one_word_of_several(quoted: str) -> None:
    assert filled(item_and_count, f"{quoted} 2") == (["two words", 2], {})


def test_a_parameter_behind_the_star_takes_the_rest_of_the_line_as_it_stands() -> None:
    assert filled(rest_of_line, 'a  b "c"  d ') == (["a"], {"note": 'b "c"  d'})
    assert filled(rest_of_line, "a") == (["a"], {"note": "none"})


def test_a_star_takes_all_words() -> None:
    assert filled(many_words, "a b c") == (["a", "b", "c"], {})
    assert filled(many_words, "") == ([], {})


def test_every_type_is_made_of_its_word() -> None:
    args, _ = filled(of_every_type, "1.5 是 2.50 2026-02-17 l y")
    assert args == [1.5, True, Decimal("2.50"), date(2026, 2, 17), Size.LARGE, "y"]
    assert filled(of_every_type, "1 Off 1 2026-02-17 s x")[0][1] is False
    assert filled(with_none, "5") == ([5], {})
    assert filled(with_none, "") == ([None], {})


def test_a_mention_is_one_word_however_many_its_name_has() -> None:
    marks = [Mark(2, 12, user="uAnn")]
    assert filled(whom, "  @Ann of Ohio spam", marks) == ([Mention("uAnn", "@Ann of Ohio"), "spam"], {})


@pytest.mark.parametrize(
    ("handler", "text", "en", "zh"),
    [
        (item_and_count, "", "item is missing.", "缺少「item」。"),
        (item_and_count, "a 2 b", "“b” is one word too many.", "多了「b」。"),
        (
            item_and_count,
            "a ten",
            "count: “ten” is not a whole number from 1 to 9.",
            "「count」：「ten」不是整数（1 到 9）。",
        ),
        (
            item_and_count,
            "a 10",
            "count: “10” is not a whole number from 1 to 9.",
            "「count」：「10」不是整数（1 到 9）。",
        ),
        (of_every_type, "1 maybe", "b: “maybe” is not yes or no.", "「b」：「maybe」不是“是”或“否”。"),
        (of_every_type, "1 y 1 2026-02-30", "d: “2026-02-30” is not a date such as 2026-01-31.", None),
        (of_every_type, "1 y 1 2026-02-17 m", "e: “m” is not one of s / l.", "「e」：「m」不是s / l 之一。"),
        (whom, "Ann", "who: “Ann” is not somebody, named with @.", None),
        (rest_of_line, "", "first is missing.", None),
    ],
)
def test_what_does_not_fit_is_told_in_both_languages(
    handler: Callable[..., Any], text: str, en: str, zh: str | None
) -> None:
    with pytest.raises(BadArguments) as bad:
        filled(handler, text)
    assert bad.value.told("en") == en
    assert has_han(bad.value.told("zh"))
    assert zh is None or bad.value.told("zh") == zh


def test_a_parameter_that_no_text_can_fill_is_refused_when_the_bot_is_written() -> None:
    def a_list(ctx: Ctx, items: list[str]) -> None: ...
    def named(ctx: Ctx, **more: str) -> None: ...
    def two_rests(ctx: Ctx, *words: str, note: str) -> None: ...
    def number_line(ctx: Ctx, *, n: int) -> None: ...

    for handler in (a_list, named, two_rests, number_line):
        with pytest.raises(TypeError):
            read_parameters(handler)


def test_the_usage_line_says_what_is_needed_and_what_is_not() -> None:
    assert usage_of("price", read_parameters(item_and_count), "en") == "/price <item> [count]"
    assert usage_of("say", read_parameters(rest_of_line), "en") == "/say <first> [note…]"
    assert usage_of("add", read_parameters(many_words), "en") == "/add [words…]"


Product = Annotated[str, Meta(max_length=3), Phrase("item", "商品")]


def test_a_parameter_may_have_a_name_in_both_languages() -> None:
    def price(ctx: Ctx, product: Product) -> None: ...

    parameters = read_parameters(price)
    assert usage_of("price", parameters, "en") == "/price <item>"
    assert usage_of("price", parameters, "zh") == "/price <商品>"
    for text, en, zh in [
        ("/price", "item is missing.", "缺少「商品」。"),
        ("/price long", "item: “long” is not", "「商品」：「long」不是"),
    ]:
        with pytest.raises(BadArguments) as bad:
            fill(parameters, text, len("/price"))
        assert bad.value.told("en").startswith(en)
        assert bad.value.told("zh").startswith(zh)
    assert fill(parameters, "/price cup", len("/price")) == (["cup"], {})


@pytest.mark.parametrize("text", ["/price apple", "／price apple", "/PRICE apple", " /ｐｒｉｃｅ　apple"])
def test_a_command_is_recognised_whatever_its_width_and_case(text: str) -> None:
    call = read_call(text)
    assert call is not None
    assert (call.name, call.to) == ("price", None)
    assert text[call.begin :].strip() == "apple"


def test_a_command_may_name_its_bot() -> None:
    call = read_call("/help@Shop me")
    assert call is not None
    assert (call.name, call.to) == ("help", "shop")


@pytest.mark.parametrize("text", ["price apple", "a /price", "/", "//price", "/price/apple", "", "1/2"])
def test_what_is_no_command_is_none(text: str) -> None:
    assert read_call(text) is None


def test_a_chinese_name_needs_no_space_behind_it() -> None:
    call = read_call("／价格苹果 2")
    assert call is not None
    found = glued(call, ["价格", "价", "price"], "／价格苹果 2")
    assert found is not None
    assert found[0] == "价格"
    assert "／价格苹果 2"[found[1] :] == "苹果 2"
    assert glued(call, ["price"], "／价格苹果 2") is None


def test_names_that_cannot_be_typed_are_refused() -> None:
    assert check_names(("Price", "价格")) == ("price", "价格")
    for name in ("", "two words", "/price", "1st", "a" * 33, "a-b"):
        with pytest.raises(ValueError, match="no name for a command"):
            check_names((name,))


def test_help_names_a_command_in_the_language_of_who_asks() -> None:
    command = Command(("price", "价格"), (), {"en": "what it costs", "zh": "多少钱"})
    assert command.line("en") == "/price — what it costs"
    assert command.line("zh") == "/价格 — 多少钱"


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("你好", "zh"),
        ("hello there", "en"),
        ("ok", None),
        ("/price red apples please", None),
        ("/price 苹果", "zh"),
        ("／price apple", "zh"),
        ("👍 123", None),
    ],
)
def test_a_language_is_told_by_what_people_write_and_not_by_what_they_order(text: str, lang: str | None) -> None:
    assert language_of(text) == lang
