"""Bytes to requests and values to bytes, in both encodings.

Both directions go through plain Python values, so that a mistake is described in the same words whichever encoding it
came in. Nothing here knows what an op means.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final, Literal, TypeVar

import msgpack
import msgspec
import orjson

from chatd_protocol.values import PATTERN_WORDS, SAFE_INTEGER_MAX, Data

Format = Literal["json", "msgpack"]
T = TypeVar("T")

FORMAT_OF: Final[dict[str, Format]] = {"chatd.v1.json": "json", "chatd.v1.msgpack": "msgpack"}


class Malformed(ValueError):
    """The payload is not an envelope: there is nothing to answer to."""


class Invalid(ValueError):
    """A field is not what it must be. `path` names it from `$`, the request; `problem` says what is wrong."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{problem} - at `{path}`")
        self.path = path
        self.problem = problem


class Request(msgspec.Struct, frozen=True):
    """An envelope whose outer shape is right; `data` is still unchecked."""

    id: int
    op: str
    data: dict[str, Any]


def _pack(value: object) -> bytes:
    packed: bytes = msgpack.packb(value, use_bin_type=True)
    return packed


class Extension:
    """A MessagePack extension value. No field takes one, so that it is refused where it stands."""

    def __init__(self, code: int, data: object) -> None:
        """Nothing is kept: nobody may look inside."""


def _unpack(payload: bytes) -> object:
    value: object = msgpack.unpackb(payload, raw=False, strict_map_key=True, ext_hook=Extension)
    return value


def _unpack_distrusting(payload: bytes) -> object:
    """As `_unpack`, for bytes from anybody.

    msgpack makes an array as long as its header claims before it has seen an element: 16 KiB of nested headers cost
    80 MB and 80 ms. Longer arrays are left to msgspec, which grows them as elements come and is otherwise less strict.
    """
    try:
        value: object = msgpack.unpackb(
            payload, raw=False, strict_map_key=True, ext_hook=Extension, max_array_len=_REQUEST_ARRAY_MAX
        )
    except ValueError as error:
        if "max_array_len" not in str(error):
            raise
        value = msgspec.msgpack.decode(payload, ext_hook=Extension)
    return value


def _pack_json(value: object) -> bytes:
    return orjson.dumps(value)


ENCODERS: Final[dict[Format, Callable[[object], bytes]]] = {"json": _pack_json, "msgpack": _pack}
_Decoders = dict[Format, Callable[[bytes], object]]
_DECODERS: Final[_Decoders] = {"json": orjson.loads, "msgpack": _unpack}
_REQUEST_DECODERS: Final[_Decoders] = {"json": orjson.loads, "msgpack": _unpack_distrusting}
_REQUEST_ARRAY_MAX: Final = 128
"""No list in a request may be longer than 100; one beyond this is only read to say so."""
_UNDECODABLE: Final = (ValueError, TypeError, OverflowError, RecursionError)


def encode(value: object, fmt: Format) -> bytes:
    """The bytes of plain values (dict, list, str, int, bool, None)."""
    return ENCODERS[fmt](value)


def decode(payload: bytes, fmt: Format) -> object:
    """Plain values from bytes. Raises `Malformed` for whatever is not exactly one value of the encoding."""
    return _decode(payload, fmt, _DECODERS)


def _decode(payload: bytes, fmt: Format, decoders: _Decoders) -> object:
    try:
        return decoders[fmt](payload)
    except _UNDECODABLE as error:
        raise Malformed("not JSON" if fmt == "json" else "not MessagePack") from error


def decode_request(payload: bytes, fmt: Format) -> Request:
    """One request. Raises `Malformed` without a usable `id`, `BadEnvelope` where there is one to answer to."""
    raw = _decode(payload, fmt, _REQUEST_DECODERS)
    if type(raw) is not dict:
        raise Malformed("a request is a map")
    number = raw.get("id")
    if type(number) is not int or not 1 <= number <= SAFE_INTEGER_MAX:
        raise Malformed("`id` is a positive integer below 2^53")
    op = raw.get("op")
    data = raw.get("data", _NOTHING)
    if type(op) is not str:
        raise BadEnvelope(number, "$.op", "Expected `str`" if "op" in raw else _REQUIRED)
    if type(data) is not dict:
        raise BadEnvelope(number, "$.data", "Expected `object`")
    if len(raw) > 2 + ("data" in raw):
        extra = next(k for k in raw if k not in ("id", "op", "data"))
        raise BadEnvelope(number, f"$.{show(extra)}", _UNKNOWN)
    return Request(number, op, data)


_NOTHING: Final[dict[str, Any]] = {}


class BadEnvelope(Invalid):
    """An `Invalid` whose request had an `id`, so that it can be answered."""

    def __init__(self, number: int, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.number = number


_REQUIRED: Final = "This field is required"
_UNKNOWN: Final = "There is no such field"


def shape(data: object, kind: type[T]) -> T:
    """Check `data` against the type of an op's request. Raises `Invalid`, with the path below `$.data`."""
    return shape_part(data, kind, "$.data")


def shape_part(data: object, kind: type[T], where: str) -> T:
    """Check what stands at `where` against a type. Raises `Invalid`."""
    try:
        value = msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        below, problem = _explain(str(error), data, kind)
        raise Invalid(where + below, show(problem, 300)) from None
    return value.checked(where) if isinstance(value, Data) else value  # type: ignore[return-value]


_WHERE = re.compile(
    r"(?P<problem>.*?)(?: - at `(?P<key>key)` in `\$(?P<map>[^`]*)`| - at `\$(?P<path>[^`]*)`)?\Z", re.DOTALL
)
_FIELD = re.compile(r"Object (?P<what>missing required|contains unknown) field `(?P<name>.*)`\Z", re.DOTALL)
_REGEX = "Expected `str` matching regex "
_WORDS_OF_REPR: Final = {repr(pattern): words for pattern, words in PATTERN_WORDS.items()}


def _explain(text: str, data: object, kind: type) -> tuple[str, str]:
    """What msgspec says of a mistake, as (path below `data`, problem in words). The path names the field itself."""
    match = _WHERE.match(text)
    assert match is not None
    problem, where = match["problem"], match["map"] or match["path"] or ""
    name = text.removeprefix("Object contains unknown field `")[:-1]
    if isinstance(data, dict) and len(name) < len(text) - 1 and name in data:
        return f".{show(name)}", _UNKNOWN  # msgspec gives no place at the top, and the name may look like one
    field = _FIELD.match(problem)
    if field is not None:
        return f"{where}.{show(field['name'])}", _REQUIRED if field["what"].startswith("missing") else _UNKNOWN
    if problem.startswith(_REGEX):
        problem = "Expected " + _WORDS_OF_REPR[problem.removeprefix(_REGEX)]
    elif problem.startswith("Invalid enum value"):
        problem = _choices(kind, where) or problem
    return where, f"{problem} as a key" if match["key"] else problem


@cache
def _choices(kind: type, where: str) -> str:
    """The values that a field at the top of a request may have; "" if it is none with a fixed set of them."""
    about = msgspec.inspect.type_info(kind)
    assert isinstance(about, msgspec.inspect.StructType)
    for field in about.fields:
        if f".{field.encode_name}" == where and isinstance(field.type, msgspec.inspect.LiteralType):
            return "Expected one of " + ", ".join(f"`{value}`" for value in field.type.values)
    return ""


def show(text: object, length: int = 60) -> str:
    """A short, printable, encodable rendering of something a client sent."""
    plain = str(text)[: length + 1].encode("utf-8", "backslashreplace").decode()
    plain = "".join(c if c.isprintable() else "\ufffd" for c in plain)
    return plain if len(plain) <= length else plain[: length - 1] + "…"
