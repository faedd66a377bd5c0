"""What a log may hold, and what is said beside it: kinds of entries, of one's own log, and signals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from chatd_protocol import log
from chatd_protocol.reference import names_of, prose_of
from chatd_protocol.schema import EVENTS
from chatd_protocol.values import MineKind, View
from docs.reference import Words, said_by, table

OWN = {
    "added": "The user is in a group from `pos` on.",
    "removed": "The user is out of a group from `pos` on; `reason` if they are told one.",
    "direct": "A direct chat became read-only, or can be written again.",
    "archived": "A direct chat was put away, or came back.",
    "restricted": "The user may not write in a group, until `until` if it is there.",
    "unrestricted": "They may write again.",
    "profile": "Something of the user's own profile or privacy changed.",
    "invited": "An invite directed to the user.",
    "request": "A request to come into a group, one's own or one to decide on.",
    "contact": "Somebody asks for a direct chat, or what one asked was accepted.",
    "chat": "The user changed the line of a chat on one of their devices.",
    "pressed": "For a bot: `by` pressed the `button` of its message `pos`.",
    "declined": "An invite directed to the user was turned down on one of their devices.",
}


def lines(words: Words) -> Iterator[str]:
    yield words.pick("# Entries and signals", "# 日志记录和信号")
    yield ""
    yield said_by(words, "chatd_protocol/log, chatd_protocol/signals.py")
    yield ""
    yield words.pick("## Entries of a group", "## 群日志的记录")
    yield ""
    yield words.pick(
        "Each has a `pos`: 1, 2, 3 … without a hole. A kind that you do not know: skip it and advance.",
        "每条都有 `pos`：1、2、3……一个不缺。遇到不认识的种类，跳过它，位置照样往前走。",
    )
    yield ""
    yield from table(head(words), ([f"`{tag(kind)}`", *row(kind, tag(kind), words)] for kind in get_args(log.Entry)))
    yield words.pick("## Entries of one's own log", "## 个人日志的记录")
    yield ""
    yield words.pick(
        "What concerns one person alone comes in the event `mine`, numbered by `upos`.",
        "只和一个人有关的事，通过事件 `mine` 送达，按 `upos` 编号。",
    )
    yield ""
    yield from table(
        words.pick("kind|what happened", "种类|发生了什么").split("|"),
        ([f"`{kind}`", words.of(OWN.get(kind, ""))] for kind in get_args(MineKind)),
    )
    yield words.pick("## Events", "## 事件")
    yield ""
    yield words.pick(
        "What the server says unasked. `entries` and `mine` are durable; the others are signals and may be dropped.",
        "服务器主动发来的消息。`entries` 和 `mine` 是持久的；其余都是信号，可能会丢。",
    )
    yield ""
    yield from table(head(words), ([f"`{name}`", *row(kind, name, words)] for name, kind in EVENTS.items()))


def head(words: Words) -> list[str]:
    return words.pick("kind|what it says|fields", "种类|说的是什么|字段").split("|")


def tag(kind: type) -> str:
    return str(kind.__struct_config__.tag)  # type: ignore[attr-defined]  # of every Struct


def row(kind: type[View], name: str, words: Words) -> list[str]:
    first = prose_of(kind).split("\n")[0]
    said = f"{PLAIN.get(name, '')} {first}".strip()
    return [words.of(said), names_of(kind)]


PLAIN = {
    "role": "`user` has another role from here on.",
    "typing": "Somebody is writing.",
}
"""What the wire leaves to the name of the kind."""
