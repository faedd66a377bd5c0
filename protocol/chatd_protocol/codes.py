"""Invite codes: twelve characters that were drawn and two that check them, as people type, paste and dictate them.

A code is a word of a Reed-Solomon code over GF(32): fourteen symbols whose polynomial has the roots a and a^2, so that
any two codes differ in three places at least. A single wrong character is noticed, and so are two, which is what a
swap of neighbours amounts to. Twelve symbols carry 60 bits.

The alphabet has no 0, 1, I and O, which are mistaken for one another. Nothing here knows who made a code or what it
is good for.
"""

from __future__ import annotations

from typing import Final

ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
DRAWN: Final = 12
LENGTH: Final = DRAWN + 2
DRAWN_BITS: Final = 5 * DRAWN
_POLYNOMIAL: Final = 0b100101  # x^5 + x^2 + 1, primitive over GF(2)


def _powers() -> list[int]:
    """a^0, a^1, ... of GF(32), twice over, so that a sum of two logarithms needs no remainder."""
    powers = [1]
    while len(powers) < 62:
        grown = powers[-1] << 1
        powers.append(grown ^ _POLYNOMIAL if grown & 32 else grown)
    return powers


_POWER: Final = _powers()
_LOG: Final = {value: power for power, value in enumerate(_POWER[:31])}
_VALUE: Final = {sign: value for value, sign in enumerate(ALPHABET)}


def _times(one: int, other: int) -> int:
    return _POWER[_LOG[one] + _LOG[other]] if one and other else 0


def _at(values: list[int], point: int) -> int:
    """The polynomial with these coefficients, the highest first, at a point (Horner)."""
    total = 0
    for value in values:
        total = _times(total, point) ^ value
    return total


def make_code(number: int) -> str:
    """The code that carries 60 bits. Raises ValueError for a number that has more."""
    if not 0 <= number < 1 << DRAWN_BITS:
        raise ValueError(f"a code carries {DRAWN_BITS} bits")
    drawn = [number >> 5 * place & 31 for place in reversed(range(DRAWN))]
    values = drawn + _checks(drawn)
    return "".join(ALPHABET[value] for value in values)


def _checks(drawn: list[int]) -> list[int]:
    """The two values that make the polynomial vanish at a and a^2: two equations, c*a + d = s and c*a^2 + d = t."""
    a, b = _POWER[1], _POWER[2]
    s, t = _at([*drawn, 0, 0], a), _at([*drawn, 0, 0], b)
    inverse = _POWER[31 - _LOG[a ^ b]]
    first = _times(s ^ t, inverse)
    return [first, _times(first, a) ^ s]


def is_code(text: str) -> bool:
    """Whether these are fourteen characters of the alphabet that fit together."""
    if len(text) != LENGTH or not all(sign in _VALUE for sign in text):
        return False
    values = [_VALUE[sign] for sign in text]
    return _at(values, _POWER[1]) == 0 and _at(values, _POWER[2]) == 0


def show_code(code: str) -> str:
    """As people read it: 8KD3-XQ7P-M2VT-9A."""
    return "-".join(code[start : start + 4] for start in range(0, LENGTH, 4))
