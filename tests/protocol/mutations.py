"""Requests turned into almost-requests: the same seed always makes the same ones."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

from tests.protocol.vectors import load

ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 0.0, 1.0, -0.5, 1e308, 5e-324),
    *(2**31, 2**32, 2**53 - 1, 2**53, 2**63 - 1, 2**63, 2**64 - 1, -(2**53), -(2**63)),
    *("", " ", "\n", "\x00", "\x1b[0m", "\u2028", "\ufeff", "\uffff", "\U0010ffff", "e\u0301", "𝄞", "` - at `$.x`"),
    *("a" * 23, "a" * 5000, "长" * 5000, "𝄞" * 4001, "NaN", "null", "{}", "message.send", "u" + "a" * 40),
    *([], [[]], {}, {"": 0}, [None], [1, 2], ["x"] * 129, {"a": {"b": {"c": []}}}, {"x": 1, "y": 2}),
)
"""Values that both encodings can express."""

ODD_BYTES = (
    *(b"\x00", b"\xff", b"\xc1", b"\xc0", b"\x80", b"\x90", b"\xa0", b"\xd9\xff", b"\xdb\xff\xff\xff\xff"),
    *(b"\xdd\xff\xff\xff\xff", b"\xdf\x00\x00\xff\xff", b"\xc6\x7f\xff\xff\xff", b"\xc7\x05\xff", b"\xd4\x01\x00"),
    *(b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", b"\xca\x7f\x80\x00\x00", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80"),
    *(b"\\ud800", b"\\udfff\\ud800", b"\\u0000", b"NaN", b"-Infinity", b"1e999", b"18446744073709551616", b"-0"),
    *(b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"//", b'"id":0,', b'"data":{},', b"\xef\xbb\xbf"),
)


def good_requests() -> list[dict[str, Any]]:
    """What the mutations start from: the requests of the golden vectors, without the huge ones."""
    return [vector["value"] for vector in load("requests") if len(vector["json"]) < 1000]


def mutate_value(request: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """One to three changes to the value, each at a random place."""
    changed = copy.deepcopy(request)
    for _ in range(rng.randint(1, 3)):
        places = list(_places(changed))
        holder, key = rng.choice(places)
        _change(holder, key, rng)
    return changed


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(items):
        yield value, key
        yield from _places(item)
    yield {"": value}, ""  # a place of its own, so that even an empty request has one


def _change(holder: Any, key: Any, rng: random.Random) -> None:
    choice = rng.randrange(5)
    if choice == 0:
        del holder[key]
    elif choice == 1 and isinstance(holder, dict):
        holder[_odd_key(rng)] = holder.pop(key)
    elif choice == 2 and isinstance(holder, dict):
        holder[_odd_key(rng)] = copy.deepcopy(rng.choice(ODD_VALUES))
    elif choice == 3 and isinstance(holder[key], str) and holder[key]:
        holder[key] = _odd_text(holder[key], rng)
    else:
        holder[key] = copy.deepcopy(rng.choice(ODD_VALUES))


def _odd_key(rng: random.Random) -> str:
    known = ("id", "op", "data", "group", "cid", "body", "text", "after", "at", "heads", "mine", "users", "limit")
    return rng.choice(known) if rng.random() < 0.7 else str(rng.choice(ODD_VALUES))


def _odd_text(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text))
    sign = chr(rng.choice((0, 9, 10, 31, 32, 61, 96, 127, 0x85, 0x2028, 0xFFFD, 0x1F44D)))
    return rng.choice(
        (text[:at], text[:at] + sign + text[at:], text[:at] + sign + text[at + 1 :], text * 2, text + sign)
    )


def mutate_bytes(payload: bytes, rng: random.Random) -> bytes:
    """One to four changes to the bytes: flipped, cut, doubled, dropped, replaced by something odd."""
    changed = bytearray(payload)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(changed) + 1)
        to = min(len(changed), at + rng.randint(0, 8))
        choice = rng.randrange(5)
        if choice == 0 and at < len(changed):
            changed[at] ^= 1 << rng.randrange(8)
        elif choice == 1:
            del changed[at:]
        elif choice == 2:
            changed[at:at] = changed[at:to]
        elif choice == 3:
            changed[at:to] = b""
        else:
            changed[at:to] = rng.choice(ODD_BYTES)
    return bytes(changed)
