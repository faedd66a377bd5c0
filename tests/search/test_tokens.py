"""How a text is cut into terms, and what a query finds in one: values alone."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.search.query import cut_snippet, find_spans, parse_query
from chatd.search.tokens import WORD_MAX, needed_tokens, runs_in, runs_of, terms_of, tokens_of


def runs(text: str) -> str:
    return runs_of(terms_of(text))


def found(query: str, text: str) -> list[str]:
    """The pieces of a text that a query finds."""
    return [text[begin:end] for begin, end in find_spans(parse_query(query), text)]


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("今天吃火锅，hello!", "今天吃火锅 hello"),
        ("iPhone手机真好用", "iphone 手机真好用"),
        ("CAFÉ ｃａｆｅ cafe\u0301", "cafe cafe cafe"),
        ("Straße ﬁne İzmir", "strasse fine izmir"),
        ("１２３ Ⅷ ㌔", "123 viii キロ"),
        ("Ёлка ΆΛΦΑ", "елка αλφα"),
        ("がか\u3099 ｶﾞ", "がが ガ"),
        ("ø đ ł", "ø đ ł"),
        ("हिन्दी", "हिन्दी"),
        ("각\u1100\u1161\u11a8", "각각"),
        ("สวัสดี", "สวัสดี"),
        ("👍🏽👍 ❤️ 👨‍👩‍👧", "👍 👍 ❤ 👨 👩 👧"),
        ("你\u200b好 so\u00adft", "你好 soft"),
        ("don't #话题# a_b", "don t 话题 a b"),
        ("𠮷野家", "𠮷野家"),
        ("，。！ …—", ""),
        ("", ""),
    ],
)
def test_a_text_is_cut_into_folded_terms(text: str, cut: str) -> None:
    assert runs(text) == cut


def test_traditional_and_simplified_characters_are_not_unified() -> None:
    assert found("后", "皇后與以後") == ["后"]
    assert found("後", "皇后與以後") == ["後"]


def test_terms_know_where_they_stand_in_code_points() -> None:
    text = "é👍🏽ﬁ 吃e\u0301"
    places = [(text[term.begin : term.end], term.text) for term in terms_of(text)]
    assert places == [("é", "e"), ("👍", "👍"), ("ﬁ", "fi"), ("吃", "吃"), ("e\u0301", "e")]


def test_the_index_has_single_characters_and_pairs_and_is_asked_for_as_few_as_will_do() -> None:
    assert tokens_of("吃火锅 hello") == ["吃", "火", "锅", "吃火", "火锅", "hello"]
    assert needed_tokens("吃火锅 hello") == ["吃火", "火锅", "hello"]
    assert needed_tokens("吃") == ["吃"]


def test_long_words_are_cut_alike_in_texts_and_queries() -> None:
    link = "x" * (2 * WORD_MAX + 5)
    assert max(map(len, runs(link).split())) == WORD_MAX
    assert found(link, f"see {link}!") == [link]


@pytest.mark.parametrize(
    ("query", "text", "pieces"),
    [
        ("火锅", "去吃火锅，火锅好吃", ["火锅", "火锅"]),
        ("火锅", "火车上有锅", []),
        ("火锅", "火 锅", []),
        ("锅", "火锅", ["锅"]),
        ("吃火锅", "吃火和火锅", []),
        ("hello world", "World, hello", ["World", "hello"]),
        ('"hello world"', "world hello", []),
        ('"hello world"', "say HELLO, world", ["HELLO, world"]),
        ("“你好 世界”", "你好，世界！", ["你好，世界"]),
        ("don't", "I don't", ["don't"]),
        ("iphone手机", "我的iPhone 手机", ["iPhone 手机"]),
        ("hell", "hello", []),
        ("👍", "好👍🏽", ["👍"]),
        ('"', "a", []),
        ("吃 吃火", "吃火", ["吃火"]),
    ],
)
def test_what_a_query_finds_in_a_text(query: str, text: str, pieces: list[str]) -> None:
    assert found(query, text) == pieces


def test_a_snippet_is_a_piece_around_the_first_place() -> None:
    text = "字" * 300 + "火锅" + "字" * 300 + "火锅"
    snippet = cut_snippet(text, find_spans(parse_query("火锅"), text), 160)
    assert (len(snippet.text), snippet.offset, snippet.highlights) == (160, 280, [(20, 22)])
    assert snippet.text[20:22] == "火锅"
    end = cut_snippet("字" * 300 + "火锅", [(300, 302)], 160)
    assert (end.offset, end.highlights, end.text[158:]) == (142, [(158, 160)], "火锅")
    assert cut_snippet("火锅", [(0, 2)], 160) == ("火锅", 0, [(0, 2)])


plain = st.text(
    st.one_of(
        st.characters(max_codepoint=0x7F),
        st.characters(min_codepoint=0x3400, max_codepoint=0x4DBF),
        st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF),
        st.sampled_from("、。，！？：；（）《》【】“”‘’…—"),
    ),
    max_size=30,
)


@given(st.one_of(plain, st.text(max_size=30), st.builds(lambda text, n: text * n, plain, st.integers(1, 80))))
def test_plain_text_is_cut_in_one_go_as_it_would_be_piece_by_piece(text: str) -> None:
    assert runs_in(text) == runs_of(terms_of(text))


def test_every_ideograph_is_cut_alike() -> None:
    for code in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000)):
        assert runs_in(f"a{chr(code)}b") == f"a {chr(code)} b" == runs_of(terms_of(f"a{chr(code)}b"))


texts = st.text(st.sampled_from("火锅吃ab Bé'\u0301，。👍🏽ﬁ１\u200b\"ガﾞ-@=!ส\ud7a3"), max_size=40)


@given(texts)
def test_every_text_finds_itself_and_the_index_knows_it_by_all_it_is_asked_for(text: str) -> None:
    terms = terms_of(text)
    assert [term.begin for term in terms] == sorted(term.begin for term in terms)
    assert all(0 <= term.begin < term.end <= len(text) for term in terms)
    query = parse_query(text.replace('"', " "))
    assert set(query.tokens) <= set(tokens_of(runs(text)))
    if query.phrases:
        assert find_spans(query, text)


@given(texts, texts)
def test_where_a_query_is_found_the_index_has_all_its_tokens(query: str, text: str) -> None:
    parsed = parse_query(query)
    if find_spans(parsed, text):
        assert set(parsed.tokens) <= set(tokens_of(runs(text)))


@given(st.text(max_size=60))
def test_tokens_have_no_character_by_which_an_index_could_be_made_to_do_something(text: str) -> None:
    for token in tokens_of(runs(text)):
        assert not set(token) & set(" \"'\\*():^{}=@!&|<>-+\x00")
        assert all(unicodedata.category(char)[0] in "LMNSC" for char in token)
