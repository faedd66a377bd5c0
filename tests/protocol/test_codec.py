"""What the codec refuses, in which words, and at what cost."""

from __future__ import annotations

import tracemalloc

import msgpack
import msgspec
import pytest

from chatd_protocol import log
from chatd_protocol.codec import FORMAT_OF, Format, Malformed, decode, encode, show
from tests.protocol.judge import judge
from tests.protocol.vectors import load

FORMATS = tuple(FORMAT_OF.values())


def nested_headers(size_bytes: int, depth: int) -> bytes:
    """MessagePack arrays inside each other, each claiming as many elements as the message has bytes."""
    return (b"\xdd" + size_bytes.to_bytes(4, "big")) * depth + b"\xc0" * (size_bytes - 5 * depth)


@pytest.mark.parametrize("size_bytes", [16_384, 65_536])
def test_lengths_that_lie_cost_no_memory(size_bytes: int) -> None:
    payload = nested_headers(size_bytes, 1000)
    tracemalloc.start()
    try:
        assert judge(payload, "msgpack").code == "malformed"
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 2_000_000


def test_a_list_too_long_is_refused_by_name_not_as_malformed() -> None:
    """The way around the cost above must not make a client's mistake end its connection."""
    vector = next(v for v in load("requests") if v["op"] == "user.get" and v["value"].get("data"))
    for count in (101, 128, 129, 5000):
        value = vector["value"] | {"data": {"users": ["u" + "a" * 16] * count}}
        seen = {judge(encode(value, fmt), fmt) for fmt in FORMATS}
        assert [(outcome.code, outcome.path) for outcome in seen] == [("invalid", "$.data.users")]


def test_extension_types_are_refused_where_they_stand_whatever_is_around_them() -> None:
    extension = msgpack.ExtType(5, b"\x01\x02")
    for count in (1, 200):
        payload = msgpack.packb({"id": 1, "op": "user.get", "data": {"users": [extension] * count}})
        outcome = judge(payload, "msgpack")
        assert outcome.code == "invalid"
        assert outcome.path in {"$.data.users[0]", "$.data.users"}


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_long_page_can_be_read_by_a_client(fmt: Format) -> None:
    value = {"entries": [{"pos": number} for number in range(5000)]}
    assert decode(encode(value, fmt), fmt) == value


@pytest.mark.parametrize("fmt", FORMATS)
def test_bytes_that_are_no_value_are_malformed(fmt: Format) -> None:
    with pytest.raises(Malformed):
        decode(b"\xc1", fmt)


def test_what_a_client_sent_is_shown_short_printable_and_encodable() -> None:
    assert show("plain") == "plain"
    assert show("a" * 61) == "a" * 59 + "…"
    assert show("\x1b[0m\u202e\ud800") == "\ufffd[0m\ufffd\\ud800"
    assert len(show("\ud800" * 1000)) == 60
    assert len(show(b"\xff" * 1000, 10)) == 10


def test_showing_something_huge_looks_at_its_beginning_only() -> None:
    huge = "\u4e00" * 1_000_000
    tracemalloc.start()
    try:
        show(huge)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 100_000


def test_an_entry_of_a_later_version_is_skipped_and_a_broken_one_refused() -> None:
    assert log.read_entry({"kind": "poll", "pos": 7, "more": {}}) == log.UnknownEntry(7, "poll")
    broken_ones: list[dict[str, object]] = [
        {"pos": 7},
        {"kind": "pin"},
        {"kind": ["pin"], "pos": 7},
        {"kind": "pin", "pos": True},
    ]
    for broken in broken_ones:
        with pytest.raises(msgspec.ValidationError):
            log.read_entry(broken)
    with pytest.raises(msgspec.ValidationError):
        log.read_entry({"kind": "hidden", "pos": 7, "to": "8"})
