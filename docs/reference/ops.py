"""Every op by its noun: what it does, what it takes, what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from chatd_protocol.ops import OPS, Op
from chatd_protocol.reference import names_of, prose_of
from docs.reference import Words, said_by, table


def lines(words: Words) -> Iterator[str]:
    yield words.pick("# Ops", "# 操作")
    yield ""
    yield said_by(words, "chatd_protocol/ops.py")
    yield ""
    yield words.pick(
        "What a client may ask, by noun. Ops with a mark under `cid` change something lasting: they carry a `cid`, and repeated"
        " under it they happen once. `?` is a field that may be left out. The types of all fields are in"
        " [the wire](../../../protocol/README.md#ops).",
        "客户端能发的全部请求，按名词排列。`cid` 一栏打勾的会留下持久的改动：请求里带 `cid`，用同一个 `cid` 重发只算一次。"
        "带 `?` 的字段可以不写。各字段的类型见[协议](../../../protocol/README.md#ops)。",
    )
    yield ""
    ops = sorted(OPS.values(), key=lambda op: op.name.partition(".")[0])
    for noun, group in groupby(ops, key=lambda op: op.name.partition(".")[0]):
        yield f"## {noun}"
        yield ""
        yield from table(
            words.pick("op|`cid`|request|answer|what it does", "操作|`cid`|请求|答复|作用").split("|"),
            (row(op, words) for op in group),
        )


def row(op: Op, words: Words) -> list[str]:
    said = prose_of(op.request).split("\n")[0].removeprefix(f"`{op.name}`").lstrip(".:, ")
    said = said or OBVIOUS.get(op.name, "")
    return [
        f"[`{op.name}`](../../../protocol/README.md#{op.name.replace('.', '')})",
        "✓" if op.command else "",
        names_of(op.request),
        names_of(op.answer),
        words.of(said[:1].upper() + said[1:]),
    ]


OBVIOUS = {
    "privacy.get": "What others may learn of the caller, as it is set.",
    "block.remove": "Take a block back.",
    "group.get": "A group as it is now, with the caller's place in it.",
    "reaction.remove": "Take a sign back.",
    "request.refuse": "Do not let somebody in who asked.",
    "pin.remove": "Take a message off the pinned ones.",
    "feature.remove": "Take a message off the featured posts.",
}
"""What needs no words beside its name in the document of the wire."""
