"""The stretch of a conversation that the screen keeps: pages and live entries joined, nothing twice, bounded."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from chatd.cli.chat_cards import card_state
from chatd.cli.chat_render import Renderer
from chatd.cli.chat_words import Lang, Words
from chatd.cli.screen.cells import width_of
from chatd.cli.screen.ink import Signs
from chatd.cli.screen.paint import Painter, Setting
from chatd.cli.screen.transcript import KEPT_MAX, Transcript
from chatd_protocol import kinds, log
from tests.client.peer import USER

GROUP = "g" * 20
TEA = kinds.ProductCard("tea", "on_sale", rev=1, title="Tea", price=100, currency="CNY")


def said(pos: int, text: str = "hello", section: int = 0) -> log.Message:
    return log.Message(
        pos, at=pos, seq=pos, sender=USER, cid="c", type="text", body=kinds.TextContent(text), section=section
    )


def page(transcript: Transcript, *positions: int, as_of: int) -> None:
    transcript.put_page([said(pos) for pos in positions], as_of)


def test_pages_and_live_entries_join_without_a_hole_and_without_doubles() -> None:
    transcript = Transcript(GROUP)
    transcript.take([said(11), said(12)])
    page(transcript, 9, 10, 11, as_of=11)
    page(transcript, 7, 8, as_of=12)
    transcript.take([said(12), said(13)])
    assert transcript.order == [7, 8, 9, 10, 11, 12, 13]


def test_what_is_newer_than_a_gap_waits_for_its_page() -> None:
    transcript = Transcript(GROUP)
    transcript.newer = True
    page(transcript, 3, 4, as_of=20)
    transcript.take([said(21)])
    assert transcript.order == [3, 4]
    transcript.newer = False
    page(transcript, *range(5, 21), as_of=20)
    assert transcript.order == list(range(3, 22))


def test_an_edit_that_came_while_a_page_was_on_its_way_is_in_it() -> None:
    transcript = Transcript(GROUP)
    transcript.take([log.Edited(12, at=1, by=USER, cid="c", target=9, version=1, body=kinds.TextContent("new"))])
    page(transcript, 9, 10, as_of=11)
    assert transcript.messages[9].body == kinds.TextContent("new")


def test_a_card_shows_what_it_costs_now() -> None:
    transcript = Transcript(GROUP)
    shared = log.Message(
        5, at=1, seq=5, sender=USER, cid="c", type="product_card", body=kinds.TextContent("look", card=TEA)
    )
    transcript.put_page([shared], 5)
    cheaper = kinds.ProductCard("tea", "sold_out", rev=2, title="Tea", price=80, currency="CNY")
    transcript.take([log.CardChanged(6, at=2, target=5, card=cheaper)])
    card = transcript.messages[5].body.card
    assert (card.status, card.price, card.price_then) == ("sold_out", 80, 100)
    assert transcript.order == [5]


def test_another_section_is_not_in_it() -> None:
    transcript = Transcript(GROUP, 1)
    transcript.take([said(1), said(2, section=1), log.MembersChanged(3, at=1, count=1)])
    assert transcript.order == [2]


def test_what_is_far_from_where_one_reads_is_dropped_and_can_be_asked_for() -> None:
    transcript = Transcript(GROUP)
    transcript.older = False
    page(transcript, *range(1, KEPT_MAX + 101), as_of=KEPT_MAX + 100)
    transcript.trim(keep_newest=True)
    assert (len(transcript.order), transcript.order[0], transcript.older, transcript.low) == (KEPT_MAX, 101, True, 101)
    page(transcript, *range(41, 101), as_of=KEPT_MAX + 100)
    transcript.trim(keep_newest=False)
    assert (transcript.order[0], transcript.newest, transcript.newer) == (41, KEPT_MAX + 40, True)
    assert transcript.high == KEPT_MAX + 40


def test_a_notice_of_a_pinned_message_does_not_keep_what_was_taken_back_or_erased() -> None:
    secret = said(1, "a secret")
    pinned = log.Pinned(2, at=0, by=USER, cid="c", target=1, quote=log.Quote(1, USER, "text", "a secret"))
    called = log.NicknamesChanged(3, at=0, names=[log.Nicknamed(USER, "nick")])
    told = log.Announced(4, at=0, by=USER, version=1, text="words of theirs")
    for gone in (log.Recalled(5, at=0, by=USER, cid="c", target=1), log.Erased(5, at=0, user=USER, since=0)):
        transcript = Transcript(GROUP)
        transcript.put_page([secret, pinned, called, told], as_of=4)
        transcript.take([gone])
        kept = transcript.at(2)
        assert isinstance(kept, log.Pinned)
        assert kept.quote is not None
        assert (kept.quote.text, kept.quote.recalled) == ("", True)
        names, words = transcript.at(3), transcript.at(4)
        assert isinstance(names, log.NicknamesChanged)
        assert isinstance(words, log.Announced)
        erased = isinstance(gone, log.Erased)
        assert (names.names[0].nickname, words.text) == (("", "") if erased else ("nick", "words of theirs"))


def test_what_is_no_longer_kept_goes_and_nothing_older_is_asked_for() -> None:
    transcript = Transcript(GROUP)
    page(transcript, 5, 6, 7, 8, as_of=8)
    transcript.forget(6)
    assert (transcript.order, transcript.older, transcript.low) == ([7, 8], False, 7)
    assert transcript.at(6) is None
    transcript.take([said(9)])
    assert transcript.order == [7, 8, 9]
    transcript.forget(20)
    assert transcript.order == []


def test_what_lies_further_back_than_is_shown_changes_nothing() -> None:
    transcript = Transcript(GROUP)
    page(transcript, 50, 51, as_of=51)
    transcript.forget(20)
    assert (transcript.order, transcript.older, transcript.low) == ([50, 51], True, 50)


def test_what_is_no_longer_kept_is_quoted_no_more() -> None:
    transcript = Transcript(GROUP)
    quotes = [log.Quote(pos, sender=USER, type="text", text=f"no. {pos}") for pos in (3, 6)]
    told = log.Pinned(9, at=9, by=USER, cid="c", target=3, quote=quotes[0])
    answers = [replace(said(pos), reply_to=quote.pos, quote=quote) for pos, quote in zip((7, 8), quotes, strict=True)]
    transcript.put_page([said(3), said(6), *answers, told], as_of=9)
    transcript.forget(5)
    assert transcript.order == [6, 7, 8, 9]
    assert (transcript.messages[7].quote, transcript.messages[8].quote) == (None, quotes[1])
    assert transcript.messages[7].reply_to == 3
    assert transcript.at(9) == replace(told, quote=None)


@pytest.mark.parametrize("text", ["", "look"])
@pytest.mark.parametrize("cells", [40, 54, 90])
def test_a_card_beside_its_number_is_as_wide_as_the_one_above(cells: int, text: str) -> None:
    words = Words("en")
    painter = Painter(words, Renderer(words, str, str), Signs("xterm"))
    shared = replace(said(5, text), type="product_card", body=kinds.TextContent(text, card=TEA))
    boxes = []
    for head in (True, False):
        rows = painter.entry(shared, Setting(cells, head=head)).rows
        drawn = ["".join(part for _, part in row) for row in rows]
        assert "#5" in "".join(drawn)
        assert max(map(width_of, rows)) <= cells
        boxes.append([row for row in drawn if row.strip().startswith(("│", "╰"))])
    assert len(boxes[0]) > 1
    assert boxes[0] == boxes[1]


@pytest.mark.parametrize(
    ("lang", "currency", "shown"),
    [("zh", "CNY", "¥1.00"), ("en", "CNY", "CNY 1.00"), ("zh", "USD", "USD 1.00"), ("zh", "JPY", "JPY 100")],
)
def test_a_price_is_written_as_in_the_readers_language(lang: Lang, currency: str, shown: str) -> None:
    assert card_state(Words(lang), replace(TEA, currency=currency)) == shown
