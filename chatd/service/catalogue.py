"""Changing the catalogue: what comes from outside becomes proposals, in bounded portions; a result for each item."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

import msgspec

from chatd.core.catalogue import ChangeCatalogue
from chatd.core.refusal import Refused
from chatd.core.wishes import AnyWish
from chatd.store.outcome import Verdict
from chatd_protocol import catalogue as wire
from chatd_protocol.codec import Invalid, shape, show
from chatd_protocol.money import DIGITS

T = TypeVar("T")
Ask = Callable[[AnyWish], Awaitable[Verdict]]
PORTION: Final = 100
"""Items of one proposal."""
_ITEMS: Final[dict[object, type[wire.Item]]] = {"video": wire.Video, "product": wire.Product}


def read_item(raw: object) -> wire.Item:
    """One item as its source says it. Raises `Invalid` with the path of the field below `$`."""
    if not isinstance(raw, dict):
        raise Invalid("$", "Expected `object`")
    kind = _ITEMS.get(raw.get("kind"))
    if kind is None:
        raise Invalid("$.kind", "Expected one of `video`, `product`")
    item = _shape(raw, kind)
    if isinstance(item, wire.Product) and item.currency not in DIGITS:
        raise Invalid("$.currency", f"`{item.currency}` is no currency of ISO 4217")
    return item


def read_deletion(raw: object) -> wire.Deletion:
    """One deletion. Raises `Invalid`."""
    return _shape(raw, wire.Deletion)


def _shape(raw: object, kind: type[T]) -> T:
    try:
        return shape(raw, kind)
    except Invalid as problem:
        raise Invalid("$" + problem.path.removeprefix("$.data"), problem.problem) from None


def proposal_of(items: Iterable[wire.Item], deletions: Iterable[wire.Deletion] = (), act: str = "") -> ChangeCatalogue:
    """What is proposed for these."""
    return ChangeCatalogue(
        [(kind_of(item), item.id, item.rev, data_of(item)) for item in items],
        [(deletion.kind, deletion.id, deletion.rev) for deletion in deletions],
        act,
    )


def kind_of(item: wire.Item) -> str:
    """`video` or `product`."""
    return "video" if isinstance(item, wire.Video) else "product"


def data_of(item: wire.Item) -> dict[str, Any]:
    """What is kept of an item beside its id and revision."""
    values = ((name, getattr(item, name)) for name in item.__struct_fields__ if name not in {"id", "rev"})
    return {name: value for name, value in values if value not in (None, "")}


async def change_catalogue(
    ask: Ask, items: Sequence[object], deletions: Sequence[object], act: str = ""
) -> list[dict[str, Any]]:
    """Make changes, each judged for itself. Returns a result for each, items first. `act`: what the audit log calls it,
    if it is the operator's.

    Raises `Refused` (`unavailable`, `overloaded`…): what was not answered may be sent again as it is.
    """
    results = [_read(raw, read_item) for raw in items] + [_read(raw, read_deletion) for raw in deletions]
    accepted = [(at, thing) for at, (thing, _) in enumerate(results) if thing is not None]
    shown = [refused for _, refused in results]
    for start in range(0, len(accepted), PORTION):
        portion = accepted[start : start + PORTION]
        good = [(at, thing) for at, thing in portion if isinstance(thing, wire.Video | wire.Product)]
        bad = [(at, thing) for at, thing in portion if isinstance(thing, wire.Deletion)]
        verdict = await ask(proposal_of([item for _, item in good], [deletion for _, deletion in bad], act))
        if verdict.answer is None:
            raise Refused(verdict.code)
        for (at, _), result in zip([*good, *bad], verdict.answer["results"], strict=True):
            shown[at] = shown[at] | {"result": result}
    return shown


def _read(raw: object, read: Callable[[object], T]) -> tuple[T | None, dict[str, Any]]:
    named = {name: show(raw[name], 64) for name in ("kind", "id") if name in raw} if isinstance(raw, dict) else {}
    try:
        return read(raw), named
    except Invalid as problem:
        return None, named | {"result": "refused", "path": problem.path, "problem": problem.problem}


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a request, of which each item is read by itself."""

    items: list[Any] = []
    deletions: list[Any] = []


def read_body(raw: bytes) -> Body:
    """Raises `Invalid` for what is no body, or one with too many items."""
    try:
        body = msgspec.json.decode(raw, type=Body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("$", show(error, 200)) from None
    if len(body.items) + len(body.deletions) > wire.ITEMS_MAX:
        raise Invalid("$.items", f"Expected at most {wire.ITEMS_MAX} items and deletions")
    return body
