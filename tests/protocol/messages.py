"""Whether one message of either side is what the types say: for the examples in documents."""

from __future__ import annotations

from typing import Any

import msgspec

from chatd_protocol import log
from chatd_protocol.codec import encode
from chatd_protocol.errors import ERRORS
from chatd_protocol.ops import OPS
from chatd_protocol.schema import EVENTS
from tests.protocol.judge import judge


def check_message(message: dict[str, Any]) -> str:
    """What the message is: an op, "ok", an error code, an event or a kind of entry. Raises if it is not right."""
    if "op" in message:
        outcome = judge(encode(message, "json"), "json")
        assert outcome.code == "", outcome
        return str(outcome.op)
    if "ev" in message:
        _convert_exactly(message["data"], EVENTS[message["ev"]])
        for entry in message["data"].get("entries", ()):
            if message["ev"] == "entries":
                check_message(entry)
        return str(message["ev"])
    if "kind" in message:
        entry = log.read_entry(message)
        assert not isinstance(entry, log.UnknownEntry), message
        _convert_exactly(message, type(entry))
        return str(message["kind"])
    if "error" in message:
        assert message["error"]["code"] in ERRORS
        return str(message["error"]["code"])
    assert _fits_an_answer(message["ok"]), message
    return "ok"


def _convert_exactly(value: dict[str, Any], kind: type) -> None:
    """Views take fields they do not know, examples must not have them."""
    assert set(value) - {"kind"} <= set(kind.__struct_encode_fields__), value  # type: ignore[attr-defined]
    msgspec.convert(value, kind)


def _fits_an_answer(ok: dict[str, Any]) -> bool:
    for op in OPS.values():
        if set(ok) <= set(op.answer.__struct_encode_fields__):
            try:
                msgspec.convert(ok, op.answer)
            except msgspec.ValidationError:
                continue
            return True
    return False
