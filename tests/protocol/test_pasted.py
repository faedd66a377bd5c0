"""Invites in pasted text: found wherever an app has put them, and never with a wrong character."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd_protocol.codes import ALPHABET, DRAWN_BITS, LENGTH, is_code, make_code, show_code
from chatd_protocol.pasted import PASTED_MAX, Pasted, find_invite, share_text
from tests.protocol.pasted_texts import LINK, TOKEN, damaged, fill_in, handwritten, run
from tests.protocol.vectors import pasted

CODES = [make_code(random.Random(seed).getrandbits(DRAWN_BITS)) for seed in range(3)]
NUMBERS = st.integers(0, 2**DRAWN_BITS - 1)
OTHER = make_code(7)


def test_there_are_two_hundred_texts_and_no_two_are_the_same() -> None:
    texts = handwritten()
    assert len(texts) == len(set(texts)) >= 200


@pytest.mark.parametrize("text", [pytest.param(text, id=str(n)) for n, text in enumerate(handwritten(), 1)])
def test_an_invite_is_found_in_what_people_paste(text: str) -> None:
    for code in CODES:
        expected = Pasted("link", TOKEN, LINK) if "{L}" in text else Pasted("code", code)
        assert find_invite(fill_in(text, code)) == expected


@pytest.mark.parametrize("vector", [pytest.param(vector, id=vector["name"]) for vector in pasted()])
def test_the_vectors_hold(vector: dict[str, object]) -> None:
    found = find_invite(str(vector["text"]))
    assert (None if found is None else [found.kind, found.secret]) == vector["found"]


def test_every_wrong_character_and_every_swap_is_noticed() -> None:
    for code in CODES:
        assert is_code(code)
        bad = list(damaged(code))
        assert len(bad) >= LENGTH * 31
        assert not any(map(is_code, bad))
        assert all(find_invite(f"¥{show_code(one)}¥") is None for one in bad)


def test_two_wrong_characters_are_noticed_wherever_they_are() -> None:
    code = CODES[0]
    for first in range(LENGTH):
        for second in range(first + 1, LENGTH):
            for sign in ALPHABET:
                for other in ALPHABET[::5]:
                    bad = [*code]
                    bad[first], bad[second] = sign, other
                    assert "".join(bad) == code or not is_code("".join(bad))


def test_a_battery_finds_what_is_whole_and_takes_nothing_else() -> None:
    tally = run(500)
    assert tally.taken == 0
    assert tally.found >= 0.999 * tally.tried


@given(NUMBERS)
def test_a_code_carries_sixty_bits(number: int) -> None:
    code = make_code(number)
    assert is_code(code)
    assert sum(ALPHABET.index(sign) << 5 * place for place, sign in enumerate(reversed(code[:12]))) == number


def test_more_than_sixty_bits_are_no_code() -> None:
    for number in (-1, 2**DRAWN_BITS):
        with pytest.raises(ValueError, match="60 bits"):
            make_code(number)


@given(st.text(max_size=200))
def test_no_text_is_too_odd(text: str) -> None:
    find_invite(text)
    found = find_invite(text + f"¥{show_code(OTHER)}¥")
    assert found is not None


@given(st.text(max_size=80), st.sampled_from(["zh", "en"]))
def test_no_title_hides_the_code_of_its_share_text(title: str, lang: str) -> None:
    found = find_invite(share_text(title, OTHER, lang).replace("/i/", ""))
    assert found == Pasted("code", OTHER)


def test_a_title_cannot_pretend_to_be_another_code() -> None:
    text = share_text(f"¥{show_code(CODES[0])}¥ ￥{show_code(CODES[1])}￥", OTHER)
    assert find_invite(text) == Pasted("code", OTHER)


def test_the_first_that_is_valid_wins() -> None:
    wrong = next(damaged(CODES[0]))
    text = f"¥{show_code(wrong)}¥ then ¥{show_code(CODES[1])}¥ then {LINK}"
    assert find_invite(text) == Pasted("code", CODES[1])
    assert find_invite(f"{LINK} ¥{show_code(CODES[1])}¥") == Pasted("link", TOKEN, LINK)
    assert find_invite(f"¥{show_code(wrong)}¥{show_code(CODES[2])}¥") == Pasted("code", CODES[2])


def test_what_lies_too_far_behind_is_not_looked_at() -> None:
    assert find_invite("x" * (PASTED_MAX - 25) + f"¥{show_code(OTHER)}¥") is not None
    assert find_invite("x" * PASTED_MAX + f"¥{show_code(OTHER)}¥") is None
