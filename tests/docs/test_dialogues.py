"""The guide to bots says all that a dialogue may say, and which language a message is taken for, in both languages."""

from __future__ import annotations

import re
from typing import Final

import pytest

from chatd_client.bots.testing import dialogue
from chatd_client.bots.testing.dialogue import Did, Said, Stocked, Switched, Turn, read_dialogue
from chatd_client.bots.words import language_of
from chatd_protocol.catalogue import Deletion, Product
from tests.docs.blocks import ROOT

LANGUAGES: Final = {
    "en": {"Chinese": "zh", "English": "en", "neither": None},
    "zh": {"中文": "zh", "英文": "en", "看不出": None},
}
TAKEN_FOR: Final = {"en": "this is taken for its language:", "zh": "一条消息的语言这样判断："}
ALL: Final = {"en": "All that a dialogue may say:", "zh": "对话里能写的全在这里："}
SPAN: Final = re.compile(r"`([^`]+)`")


def rows(lang: str, above: str) -> list[str]:
    """The rows of the table below a sentence, without its heading."""
    page = (ROOT / "docs" / lang / "bots.md").read_text(encoding="utf-8")
    table = page.partition(above + "\n\n")[2].partition("\n\n")[0]
    return table.splitlines()[2:]


def sort_of(turn: Turn) -> str:
    """What kind of line it is; lines of one kind are written alike."""
    if isinstance(turn, Said):
        more = {"to": turn.to, "reply": turn.reply, "edits": turn.edits, "card": turn.card, "buttons": turn.buttons}
        return " ".join(["bot" if turn.who == "bot" else "somebody", *(name for name, there in more.items() if there)])
    if isinstance(turn, Did):
        return f"{'bot' if turn.who == 'bot' else 'somebody'} {turn.act}"
    if isinstance(turn, Switched):
        return f"the bot {turn.what}"
    if isinstance(turn, Stocked) and not isinstance(turn.item, Deletion):
        item = turn.item
        state = f"{item.status} {item.stock}" if isinstance(item, Product) else item.visibility
        return f"{type(item).__name__} {state}"
    if isinstance(turn, Stocked):
        return "Deletion"
    return type(turn).__name__ + (" until" if getattr(turn, "until_ms", 0) else "")


SORTS: Final = {
    *("somebody", "somebody card", "somebody reply", "somebody to", "somebody edits"),
    *(f"somebody {act}" for act in ("recalls", "reacts", "presses", "pulls", "comes", "kicks", "leaves")),
    *("bot", "bot buttons", "bot card buttons", "bot to", "bot edits", "bot recalls", "bot reacts"),
    *("Named", "Gathered", "Passed", "Passed until", "Deletion", "Video public", "Video private"),
    *("Product on_shelf None", "Product on_shelf 0", "Product off_shelf None"),
    *("the bot stops", "the bot starts", "the bot restarts"),
}


@pytest.mark.parametrize("lang", ALL)
def test_every_line_that_a_dialogue_may_have_is_in_the_table_and_can_be_read(lang: str) -> None:
    spans = [span for row in rows(lang, ALL[lang]) for span in SPAN.findall(row) if span != "…"]
    assert {sort_of(line.turn) for span in spans for line in read_dialogue(span)} == SORTS


@pytest.mark.parametrize("lang", ALL)
def test_both_tables_have_the_lines_of_the_module(lang: str) -> None:
    told = "\n".join(rows(lang, ALL[lang]))
    words = set(re.findall(r"\(\?P<\w+>([a-z]{4,})", (ROOT / dialogue.__file__).read_text(encoding="utf-8")))
    assert words > {"presses", "recalls", "stops"}
    assert {word for word in words if word not in told} == set()


@pytest.mark.parametrize("lang", TAKEN_FOR)
def test_a_message_is_taken_for_the_language_that_the_guide_says(lang: str) -> None:
    table = rows(lang, TAKEN_FOR[lang])
    assert len(table) == len(LANGUAGES[lang])
    for row in table:
        name = row.strip("| ").partition(" |")[0]
        shown = SPAN.findall(row)
        assert shown
        assert {language_of(one) for one in shown} == {LANGUAGES[lang][name]}, row
