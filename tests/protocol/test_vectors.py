"""The golden vectors hold for this implementation, and nothing of the wire is without one."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest

from chatd_protocol import log
from chatd_protocol.codec import FORMAT_OF, Format, decode, encode
from chatd_protocol.errors import CLOSES, ERRORS
from chatd_protocol.ops import OPS
from chatd_protocol.schema import EVENTS
from chatd_protocol.values import MineKind
from tests.protocol.judge import judge
from tests.protocol.vectors import FILES, FOLDER, load, payloads

FORMATS = tuple(FORMAT_OF.values())
GOOD = [name for name in FILES if name != "bad"]


def _params(*files: str) -> list[Any]:
    return [pytest.param(vector, id=f"{name}: {vector['name']}") for name in files for vector in load(name)]


def _plain(value: object) -> Any:
    """As it would stand in JSON: tuples are lists, defaults are left out."""
    return msgspec.json.decode(msgspec.json.encode(value))


def _check_fields(value: dict[str, Any], kind: type) -> None:
    """Every field of `value` is one of the type and is read as it was written."""
    read: object = msgspec.convert(value, kind)
    assert {name: _plain(getattr(read, name)) for name in value} == value


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("vector", _params(*GOOD))
def test_both_encodings_say_the_value_in_exactly_these_bytes(vector: dict[str, Any], fmt: Format) -> None:
    payload = payloads(vector)[fmt]
    assert decode(payload, fmt) == vector["value"]
    assert encode(vector["value"], fmt) == payload


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("vector", _params("requests"))
def test_a_good_request_is_taken_with_every_field_it_has(vector: dict[str, Any], fmt: Format) -> None:
    outcome = judge(payloads(vector)[fmt], fmt)
    assert (outcome.code, outcome.op, outcome.re) == ("", vector["op"], vector["value"]["id"])
    data = vector["value"].get("data", {})
    assert {name: _plain(getattr(outcome.request, name)) for name in data} == data


@pytest.mark.parametrize("vector", _params("answers"))
def test_an_answer_is_of_the_type_of_its_op(vector: dict[str, Any]) -> None:
    _check_fields(vector["value"]["ok"], OPS[vector["op"]].answer)


@pytest.mark.parametrize("vector", _params("entries"))
def test_an_entry_is_of_the_type_of_its_kind(vector: dict[str, Any]) -> None:
    entry = log.read_entry(vector["value"])
    if vector.get("unknown"):
        assert entry == log.UnknownEntry(vector["value"]["pos"], vector["value"]["kind"])
    else:
        assert not isinstance(entry, log.UnknownEntry)
        assert _plain(entry) == vector["value"]


@pytest.mark.parametrize("vector", _params("events"))
def test_an_event_is_of_the_type_of_its_name(vector: dict[str, Any]) -> None:
    assert vector["value"]["ev"] == vector["event"]
    _check_fields(vector["value"]["data"], EVENTS[vector["event"]])


@pytest.mark.parametrize("vector", _params("bad"))
def test_bad_input_is_refused_alike_in_both_encodings(vector: dict[str, Any]) -> None:
    seen = {fmt: judge(payload, fmt) for fmt, payload in payloads(vector).items()}
    assert seen
    for outcome in seen.values():
        assert (outcome.code, outcome.re, outcome.path) == (vector["error"], vector.get("re"), vector.get("path"))
    if vector["error"] != "malformed":
        assert len(set(seen.values())) == 1
    assert ERRORS[vector["error"]].close == vector.get("close")


def test_every_op_has_a_request_and_an_answer() -> None:
    assert {vector["op"] for vector in load("requests")} == set(OPS)
    answered = {vector["op"] for vector in load("answers")}
    shared = {op.answer for op in OPS.values() if op.name in answered}
    assert {op.answer for op in OPS.values()} == shared


@pytest.mark.parametrize("name", OPS)
def test_every_field_of_a_request_and_an_answer_is_shown(name: str) -> None:
    """One vector at least has it: an implementer sees how each field is written."""
    op = OPS[name]
    asked = {key for v in load("requests") if v["op"] == name for key in v["value"].get("data", {})}
    assert asked == set(op.request.__struct_encode_fields__)
    same = {other.name for other in OPS.values() if other.answer is op.answer}
    answered = {key for v in load("answers") if v["op"] in same for key in v["value"]["ok"]}
    assert answered | _lines(op.answer) == set(op.answer.__struct_encode_fields__)


def _lines(answer: type) -> set[str]:
    """`group.open` answers with a line of the chat list; the rest of its fields stand in the lists of other answers."""
    if answer.__name__ != "GroupLine":
        return set()
    return {
        key for v in load("answers") for line in v["value"]["ok"].get("groups", []) if "head" in line for key in line
    }


def test_every_kind_of_entry_has_a_vector_with_every_field() -> None:
    for kind in get_args(log.Entry):
        tag = kind.__struct_config__.tag
        shown = {key for v in load("entries") if v["value"]["kind"] == tag for key in v["value"]}
        assert shown == {"kind", *kind.__struct_encode_fields__}, tag


def test_every_event_and_every_kind_of_the_users_log_has_a_vector() -> None:
    events = load("events")
    for name, kind in EVENTS.items():
        shown = {key for vector in events if vector["event"] == name for key in vector["value"]["data"]}
        assert shown == set(kind.__struct_encode_fields__), name
    mine = {entry["kind"] for v in events if v["event"] == "mine" for entry in v["value"]["data"]["entries"]}
    assert mine >= set(get_args(MineKind))


def test_every_error_has_a_vector_and_every_one_of_shape_a_bad_input() -> None:
    assert {vector["value"]["error"]["code"] for vector in load("errors")} == set(ERRORS) - {"malformed"}
    assert {vector["error"] for vector in load("bad")} == {"malformed", "invalid", "unknown_op"}
    assert {e.close for e in ERRORS.values() if e.close is not None} <= set(CLOSES)


def test_every_op_that_takes_something_refuses_something() -> None:
    """Each type of request is seen to refuse a field it does not have."""
    for op in OPS.values():
        outcome = judge(encode({"id": 1, "op": op.name, "data": {"surplus": 1}}, "json"), "json")
        assert outcome.code == "invalid"
        assert outcome.path is not None


def test_the_folder_holds_nothing_that_no_test_reads() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{name}.json" for name in (*FILES, "pasted")}


@pytest.mark.parametrize("name", FILES)
def test_names_are_unique(name: str) -> None:
    names = [vector["name"] for vector in load(name)]
    assert len(names) == len(set(names))
