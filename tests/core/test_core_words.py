"""Words that must not be said: found however they are written, and only they."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatd.core.words import Action, Folded, Found, WordList, fold, mask


def words_of(*words: str, action: Action = "block", whole: bool = True, skip: bool = False) -> WordList:
    return WordList([(word, action) for word in words], whole_words=whole, skip_separators=skip)


def hits(words: WordList, text: str) -> list[str]:
    return [text[one.start : one.end] for one in words.find(text)]


@pytest.mark.parametrize(
    ("word", "text", "found"),
    [
        ("赌博", "来赌博吧", ["赌博"]),
        ("赌博", "来赌\u200b博吧", ["赌\u200b博"]),
        ("赌博", "赌 博", []),
        ("weixin", "加我 WeiXin 号", ["WeiXin"]),
        ("weixin", "加我ＷＥＩＸＩＮ号", ["ＷＥＩＸＩＮ"]),
        ("ＷｅＩxin", "weixin", ["weixin"]),
        ("weixin", "wei\u00adxin", ["wei\u00adxin"]),
        ("weixin", "ⓦⓔⓘⓧⓘⓝ", ["ⓦⓔⓘⓧⓘⓝ"]),
        ("straße", "STRASSE", ["STRASSE"]),
        ("strasse", "Straße", ["Straße"]),
        ("café", "cafe\u0301", ["cafe\u0301"]),
        ("cafe", "cafe\u0301", []),
        ("ガス", "ｶﾞｽ", ["ｶﾞｽ"]),
        ("각", "\u1100\u1161\u11a8", ["\u1100\u1161\u11a8"]),
        ("fi", "a ﬁ b", ["ﬁ"]),
        ("😀", "so 😀!", ["😀"]),
        ("日", "㊐曜", ["㊐"]),
    ],
)
def test_a_word_is_found_however_it_is_written(word: str, text: str, found: list[str]) -> None:
    assert hits(words_of(word), text) == found


def test_of_words_that_overlap_the_first_and_longest_counts() -> None:
    words = WordList([("微", "mask"), ("微信", "mask"), ("信号", "block"), ("微信号码", "mask")])
    assert [(one.start, one.end, one.action) for one in words.find("加微信号")] == [(1, 3, "mask")]
    assert hits(words, "微信号码") == ["微信号码"]
    assert [one.action for one in words.find("信号")] == ["block"]
    assert hits(words, "微微信微") == ["微", "微信", "微"]


def test_letters_that_touch_a_word_make_it_another_one() -> None:
    words = words_of("ass", "赌")
    assert hits(words, "class pass assess 赌ass, ASS!") == ["赌", "ass", "ASS"]
    assert hits(words_of("ass", whole=False), "class") == ["ass"]
    assert hits(words_of("123"), "x123 1234 123") == ["123"]
    assert hits(words_of("ass"), "cl\u200bass") == [], "what is not seen separates nothing"


def test_separators_are_skipped_only_where_that_is_set() -> None:
    words = words_of("微信", "weixin", skip=True)
    assert hits(words, "加微-信 或 w.e i_x·i n。") == ["微-信", "w.e i_x·i n"]
    assert hits(words, "we ixing") == []
    assert hits(words_of("微信"), "微-信") == []


def test_a_mask_keeps_the_length_and_what_is_around() -> None:
    words = words_of("微信", "straße", action="mask")
    for text in ("加微信", "𝄞 微\u200b信 𝄞", "a STRASSE b", "微信微信"):
        found = words.find(text)
        covered = mask(text, found)
        assert found
        assert len(covered) == len(text)
        assert hits(words, covered) == []
    assert mask("加微\u200b信吧", words.find("加微\u200b信吧")) == "加***吧"


def test_nothing_is_found_with_no_words_and_in_no_text() -> None:
    assert WordList(()).find("anything") == []
    assert words_of("a").find("") == []
    assert len(words_of("A", "ａ", "\u200b")) == 1


TEXT = st.text(st.sampled_from("aAbBßİ ﬁＡ微信\u200b\u0301\u00e9-_.ｶﾞ\u1100\u1161각😀\ufe0f\n"), max_size=20)


@given(TEXT, st.booleans())
def test_folding_keeps_the_order_and_the_places(text: str, skip: bool) -> None:
    folded = fold(text, skip_separators=skip)
    places = folded.spans if folded.spans is not None else [(n, n + 1) for n in range(len(text))]
    assert len(places) == len(folded.text)
    assert places == sorted(places)
    assert all(0 <= start < end <= len(text) for start, end in places)


@given(TEXT)
def test_folding_twice_is_folding_once(text: str) -> None:
    once = fold(text).text
    assert fold(once).text == once


@given(TEXT, TEXT, TEXT)
def test_whatever_is_listed_is_found_in_any_text(before: str, word: str, after: str) -> None:
    """Between separators, which keep the three apart."""
    folded: Folded = fold(word)
    if folded.text:
        words = words_of(word, whole=False)
        assert words.find(before + "|" + word + "|" + after)


def test_two_words_in_one_place_are_one_place() -> None:
    words = WordList([("s", "mask"), ("st", "block")], whole_words=False)
    assert words.find("ß") == [Found(0, 1, "mask")]
    assert words.find("ßt.") == [Found(0, 2, "block")]
    assert mask("ß\u1161\u1161.", words_of("\u1161", action="mask", whole=False).find("ß\u1161\u1161.")) == "***."


@given(TEXT, st.lists(TEXT.filter(lambda word: bool(fold(word).text)), min_size=1, max_size=4))
@example("ß\u1161\u1161", ["\u1161"])
def test_what_is_found_does_not_overlap_and_covering_it_keeps_the_length(text: str, listed: list[str]) -> None:
    words = words_of(*listed, action="mask")
    found = words.find(text)
    ends = [0, *(one.end for one in found)]
    assert all(one.start >= end for one, end in zip(found, ends, strict=False))
    assert len(mask(text, found)) == len(text)
