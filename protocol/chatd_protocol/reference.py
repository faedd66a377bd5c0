"""The tables of `protocol/README.md`, made from the types, so that the document cannot say something else.

A table stands between `<!-- generated: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, get_args

import msgspec
from msgspec import inspect as types

from chatd_protocol import log
from chatd_protocol.errors import CLOSES, ERRORS
from chatd_protocol.ops import OPS, Op
from chatd_protocol.schema import ANY_ENTRY, BODIES, BODY, CONTENT, CONTENTS, EVENTS
from chatd_protocol.scopes import SCOPE_OF
from chatd_protocol.session import Unnamed
from chatd_protocol.values import PATTERN_WORDS, SAFE_INTEGER_MAX

_PLACE = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_SHORT: Final = {
    "An opaque user id.": "user id",
    "An opaque group id.": "group id",
    "An opaque invite id.": "invite id",
    "The client's name for one command: 16 random bytes as 22 characters of unpadded base64url.": "cid",
    "The number of an entry in its group, from 1.": "number from 1",
    "The last number already seen, 0 for none.": "number from 0",
    "Milliseconds since 1970-01-01 UTC.": "ms",
    "The id of a video or product at its source.": "item id",
    ANY_ENTRY: "entry",
    "What was done, by name.": "map",
    BODY: "body, by `kind`",
    CONTENT: "content, by `type`",
}
"""Types that the section on values explains, by their description."""


def fill_in(text: str) -> str:
    """The document with every table made anew. Raises KeyError for a table that nobody makes."""
    return _PLACE.sub(lambda place: place[1] + "\n".join(TABLES[place[2]]()) + "\n" + place[3], text)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    head = list(head)
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def _list_ops() -> Iterator[str]:
    def row(op: Op) -> list[str]:
        return [
            f"[`{op.name}`](#{op.name.replace('.', '')})",
            "yes" if op.command else "",
            _of_bots(SCOPE_OF[op.name]),
            names_of(op.request),
            names_of(op.answer),
        ]

    yield from _table(["op", "`cid`", "bots", "request", "answer"], map(row, OPS.values()))


def _of_bots(rule: str) -> str:
    """What a bot needs for an op."""
    return {"open": "all", "closed": "none"}.get(rule) or f"`{rule}`"


def names_of(kind: type) -> str:
    shown = [f"{field.encode_name}" + ("" if field.required else "?") for field in _struct(kind).fields]
    return "`{" + ", ".join(shown) + "}`"


def _list_errors() -> Iterator[str]:
    rows = (
        [f"`{e.code}`", "yes" if e.retry else "", f"{e.close}" if e.close else "", e.meaning] for e in ERRORS.values()
    )
    yield from _table(["code", "retry", "then closed with", "meaning"], rows)


def _list_closes() -> Iterator[str]:
    rows = ([str(c.code), f"`{c.name}`", "yes" if c.reconnect else "no", c.meaning] for c in CLOSES.values())
    yield from _table(["code", "name", "reconnect", "meaning"], rows)


def _describe_ops() -> Iterator[str]:
    for op in OPS.values():
        about = prose_of(op.request).removeprefix(f"`{op.name}`").lstrip(".:, ")
        yield from _block(op.name, about[:1].upper() + about[1:], op.request)
        if op.answer is Unnamed:
            yield from ("Answer: `{}`.", "")
        else:
            about = prose_of(op.answer).removeprefix(f"`{op.name}`").lstrip(".:, ")
            yield from (f"Answer: `{op.answer.__name__}`" + (f". {about}" if about else "."), "")
            yield from _fields(op.answer)


def _describe_entries() -> Iterator[str]:
    for kind in get_args(log.Entry):
        yield from _block(f"`{_struct(kind).tag}`", prose_of(kind), kind)


def _describe_events() -> Iterator[str]:
    for name, kind in EVENTS.items():
        yield from _block(f"`{name}`", prose_of(kind), kind)


def _describe_shapes() -> Iterator[str]:
    """The types that stand inside others."""
    roots = [*get_args(log.Entry), *EVENTS.values(), *(t for op in OPS.values() for t in (op.request, op.answer))]
    parts = [*BODIES, *CONTENTS]
    found: dict[str, types.StructType] = {}
    for root in [*roots, *parts]:
        _collect(types.type_info(root), found)
    for name in sorted(found.keys() - {root.__name__ for root in roots} | {"GroupLine"}):
        yield from _block(f"`{name}`", prose_of(found[name].cls), found[name].cls)


def _collect(kind: types.Type, found: dict[str, types.StructType]) -> None:
    if isinstance(kind, types.StructType):
        if kind.cls.__name__ in found:
            return
        found[kind.cls.__name__] = kind
        below: Iterable[types.Type] = [field.type for field in kind.fields]
    else:
        below = _parts(kind)
    for part in below:
        _collect(part, found)


def _parts(kind: Any) -> list[types.Type]:
    if isinstance(kind, types.Metadata):
        return [kind.type]
    if isinstance(kind, types.UnionType):
        return list(kind.types)
    if isinstance(kind, types.ListType):
        return [kind.item_type]
    if isinstance(kind, types.TupleType):
        return list(kind.item_types)
    if isinstance(kind, types.DictType):
        return [kind.key_type, kind.value_type]
    return []


def _struct(kind: type) -> types.StructType:
    about = types.type_info(kind)
    assert isinstance(about, types.StructType)
    return about


def prose_of(kind: type) -> str:
    """What the type says of itself, with its paragraphs as lines."""
    own = kind.__doc__ if "__doc__" in vars(kind) else None
    return re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.cleandoc(own)) if own else ""


def _block(title: str, prose: str, kind: type) -> Iterator[str]:
    yield from (f"#### {title}", "")
    if prose:
        yield from (prose, "")
    yield from _fields(kind)


def _fields(kind: type) -> Iterator[str]:
    fields = _struct(kind).fields
    if fields:
        rows = [[f"`{f.encode_name}`" + ("" if f.required else "?"), _words(f.type) + _default(f)] for f in fields]
        yield from _table(["field", "is"], rows)
        yield ""


def _default(field: types.Field) -> str:
    if field.required or field.default in (msgspec.NODEFAULT, None, "", False):
        return ""
    return f"; without it {msgspec.json.encode(field.default).decode()}".replace('"', "`")


def _words(kind: Any) -> str:
    """What a value of the type is, for people."""
    if isinstance(kind, types.Metadata):
        said = (kind.extra_json_schema or {}).get("description", "")
        return _SHORT.get(said) or _words(kind.type)
    if isinstance(kind, types.UnionType):
        return " or ".join(_words(part) for part in kind.types if not isinstance(part, types.NoneType))
    if isinstance(kind, types.LiteralType):
        return " or ".join(f"`{value}`" for value in kind.values)
    if isinstance(kind, types.StructType):
        return f"`{kind.cls.__name__}`"
    return _words_of_plain(kind)


def _words_of_plain(kind: Any) -> str:
    if isinstance(kind, types.StrType):
        words = PATTERN_WORDS[kind.pattern] if kind.pattern else "string"
        return words if re.search(r"\d", words) else words + _bounds(kind.min_length, kind.max_length, " code points")
    if isinstance(kind, types.IntType):
        return "integer" + _bounds(kind.ge, kind.le, "")
    if isinstance(kind, types.ListType):
        return f"list of {_words(kind.item_type)}" + _bounds(kind.min_length, kind.max_length, " items")
    if isinstance(kind, types.TupleType):
        return "[" + ", ".join(_words(part) for part in kind.item_types) + "]"
    if isinstance(kind, types.AnyType):
        return "anything"
    if isinstance(kind, types.DictType):
        return f"map from {_words(kind.key_type)} to {_words(kind.value_type)}" + _bounds(
            kind.min_length, kind.max_length, " keys"
        )
    return "true or false" if isinstance(kind, types.BoolType) else "number"


def _bounds(low: int | None, high: int | None, unit: str) -> str:
    high = None if high == SAFE_INTEGER_MAX else high
    if low is not None and high is not None:
        return f", {low} to {high}{unit}"
    if high is not None:
        return f", at most {high}{unit}"
    return f", at least {low}{unit}" if low is not None else ""


TABLES: Final[dict[str, Callable[[], Iterator[str]]]] = {
    "ops": _list_ops,
    "errors": _list_errors,
    "closes": _list_closes,
    "operations": _describe_ops,
    "entries": _describe_entries,
    "events": _describe_events,
    "shapes": _describe_shapes,
}
