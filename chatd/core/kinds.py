"""What the rules know of the kinds of messages: the words that stand for one, and what a copy of one holds.

A kind that the server knows has a row here; what people send was checked against its type before. Nothing here knows
groups or who may see what.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

ALT_MAX: Final = 200
TEXT: Final = "text"
BUNDLE: Final = "bundle"
NOTICE: Final = "notice"
"""A word of owner or admins. It has no number among the messages, and so nobody has it unread."""

Body = dict[str, Any]


def _alt_of_bundle(body: Body) -> str:
    """The first lines of what was forwarded: names and words, in no language of ours."""
    return " / ".join(f"{item['name']}: {item.get('alt') or item['body']['text']}"[:60] for item in body["items"][:3])


_ALT: Final[dict[str, Callable[[Body], str]]] = {
    TEXT: lambda body: str(body["text"]),
    NOTICE: lambda body: str(body["text"]),
    BUNDLE: _alt_of_bundle,
}


def alt_of(kind: str, body: Body) -> str:
    """The words that stand for a message where it cannot be shown; a host's kind brings its own."""
    derive = _ALT.get(kind)
    return derive(body)[:ALT_MAX] if derive is not None else str(body.get("alt", ""))


def copy_of(kind: str, body: Body) -> Body:
    """What of a message goes along when it is forwarded: everything but the mentions and the buttons."""
    if kind != TEXT:
        return body
    links = [part for part in body.get("entities", ()) if "url" in part]
    return {"text": body["text"], "entities": links} if links else {"text": body["text"]}


def kind_of_copy(kind: str) -> str:
    """What a message is when somebody else says it again: a notice is one only of who may post it."""
    return TEXT if kind == NOTICE else kind


def depth_of(kind: str, body: Body) -> int:
    """How many bundles lie inside each other."""
    return 1 + max(depth_of(item["type"], item["body"]) for item in body["items"]) if kind == BUNDLE else 0


def size_of(kind: str, body: Body) -> int:
    """About how much there is to read, in code points."""
    if kind in (TEXT, NOTICE):
        return len(body["text"])
    if kind == BUNDLE:
        return sum(len(item["name"]) + size_of(item["type"], item["body"]) for item in body["items"])
    return len(str(body))


def items_of(kind: str, body: Body) -> int:
    """How many messages a message is, with those in its bundles."""
    return sum(items_of(item["type"], item["body"]) for item in body["items"]) if kind == BUNDLE else 1
