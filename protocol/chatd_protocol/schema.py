"""The wire as JSON Schema (draft 2020-12), made from the types.

`python -m chatd_protocol.schema` rewrites what is generated in the folder `protocol/`: `schema/chatd.v1.json` and the
tables in `README.md`. Nothing of a running client or server needs this module.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
from msgspec import Struct

from chatd_protocol import PROTOCOL_VERSION, kinds, log
from chatd_protocol.catalogue import Changes
from chatd_protocol.errors import ERRORS
from chatd_protocol.ops import OPS, Op
from chatd_protocol.signals import SIGNALS
from chatd_protocol.values import SAFE_INTEGER_MAX, View

ANY_ENTRY: Final[str] = get_args(log.AnyEntry)[1].description
BODY: Final[str] = get_args(kinds.AnyBody)[1].description
CONTENT: Final[str] = get_args(kinds.Content)[1].description
BODIES: Final[list[type[Struct]]] = [*kinds.BODIES.values(), kinds.CustomBody]
CONTENTS: Final[list[type[Struct]]] = [*dict.fromkeys(kinds.CONTENTS.values()), kinds.CustomContent]
_OPEN: Final = {ANY_ENTRY: "Entry", BODY: "Body", CONTENT: "Content"}
"""Values that are read by another field of theirs: their description, and the definition that stands for them."""
EVENTS: Final[dict[str, type[View]]] = {"entries": log.Entries, "mine": log.Mine, **SIGNALS}

_NUMBER = {"type": "integer", "minimum": 1, "maximum": SAFE_INTEGER_MAX}
_REF = "#/$defs/{name}"


def _ref_to(name: str) -> dict[str, str]:
    return {"$ref": _REF.format(name=name)}


def schema() -> dict[str, Any]:
    """The whole document: a message of either side at the top, every type under `$defs`."""
    types: list[Any] = [log.Entry, *EVENTS.values(), *BODIES, *CONTENTS, Changes]
    for op in OPS.values():
        types += [op.request, op.answer]
    (entry, *_), components = msgspec.json.schema_components(types, schema_hook=_hook, ref_template=_REF)
    defs: dict[str, Any] = {
        "Request": {"oneOf": [_request(op) for op in OPS.values()]},
        "Response": {"oneOf": [_accepted(), _refused()]},
        "Event": {"oneOf": [_event(name, kind) for name, kind in EVENTS.items()]},
        "Entry": entry | {"description": "By `kind`. A later server may send other kinds: skip them and advance."},
        "Body": {"description": "Of a message to send, by its `kind`.", "anyOf": _refs_to(BODIES)},
        "Content": {
            "description": "Of a message, by its `type`; of an edit, that of its target.",
            "anyOf": _refs_to(CONTENTS),
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"The wire of chatd, version {PROTOCOL_VERSION}",
        "description": "Generated. Patterns are meant with the Unicode flag; lengths count code points.",
        "oneOf": [_ref_to(name) for name in ("Request", "Response", "Event")],
        "x-ops": {op.name: _row(op) for op in OPS.values()},
        "$defs": defs | {name: _tidy(components[name]) for name in sorted(components)},
    }


def _refs_to(kinds_of: Iterable[type[Struct]]) -> list[dict[str, str]]:
    return [_ref_to(kind.__name__) for kind in kinds_of]


def _hook(kind: type) -> dict[str, Any]:
    """`object` says nothing; it only stands inside `AnyEntry`, which is replaced as a whole."""
    assert kind is object
    return {"description": "Anything."}


def _tidy(value: Any) -> Any:
    """Descriptions on one line, and what is open in Python (for speed and for unknown kinds) by its definition."""
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("description") in _OPEN:
        return _ref_to(_OPEN[value["description"]])
    tidy = {key: _tidy(item) for key, item in value.items()}
    if isinstance(tidy.get("description"), str):
        tidy["description"] = " ".join(tidy["description"].split())
    return tidy


def _row(op: Op) -> dict[str, Any]:
    return {"request": op.request.__name__, "answer": op.answer.__name__, "command": op.command}


def _request(op: Op) -> dict[str, Any]:
    about = msgspec.inspect.type_info(op.request)
    assert isinstance(about, msgspec.inspect.StructType)
    needs_data = any(field.required for field in about.fields)
    properties = {"id": _NUMBER, "op": {"const": op.name}, "data": _ref_to(op.request.__name__)}
    required = ["id", "op", *(["data"] if needs_data else [])]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _accepted() -> dict[str, Any]:
    answers = sorted({op.answer.__name__ for op in OPS.values()})
    ok = {"description": "By op, see `x-ops`.", "anyOf": [_ref_to(name) for name in answers]}
    return {"type": "object", "properties": {"re": _NUMBER, "ok": ok}, "required": ["re", "ok"]}


def _refused() -> dict[str, Any]:
    error = {
        "type": "object",
        "properties": {
            "code": {"type": "string", "description": "A code not listed here may come.", "examples": list(ERRORS)},
            "message": {"type": "string", "description": "For developers, in English; not for deciding."},
            "retry_after": {"type": "number", "minimum": 0, "description": "Seconds."},
            "details": {"type": "object"},
        },
        "required": ["code", "message"],
    }
    return {"type": "object", "properties": {"re": _NUMBER, "error": error}, "required": ["re", "error"]}


def _event(name: str, kind: type[View]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"ev": {"const": name}, "data": _ref_to(kind.__name__)},
        "required": ["ev", "data"],
    }


def render(document: dict[str, Any]) -> str:
    """The text of the schema file."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def main(folder: Path) -> None:
    """Write what is generated in `folder`, the `protocol/` of a checkout."""
    from chatd_protocol.reference import fill_in

    (folder / "schema" / f"chatd.v{PROTOCOL_VERSION}.json").write_text(render(schema()), encoding="utf-8")
    readme = folder / "README.md"
    readme.write_text(fill_in(readme.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1])
