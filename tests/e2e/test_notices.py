"""Notices over real sockets: shown to everybody, unread for nobody."""

from __future__ import annotations

import pytest

from chatd_protocol.codec import Format
from tests.e2e.town import Town

BODY = {"text": "closed on Monday"}


@pytest.mark.parametrize("fmt", ["json", "msgpack"])
async def test_a_notice_reaches_everybody_and_nobody_has_it_unread(town: Town, fmt: Format) -> None:
    ann, bob = await town.person("ann", fmt=fmt), await town.person("bob", fmt=fmt)
    group = await town.group_of(ann, bob)
    said = await ann.say(group, "hello")
    assert await bob.cannot("message.send", group=group, kind="notice", body=BODY) == "forbidden"
    placed = await ann.do("message.send", group=group, kind="notice", body=BODY)
    assert (placed["pos"], "seq" in placed) == (said + 1, False)
    entry = (await bob.up_to(group, placed["pos"]))[-1]
    assert (entry["type"], entry["body"], entry["alt"], "seq" in entry) == ("notice", BODY, BODY["text"], False)
    line = await bob.line(group)
    assert (line["unread"], line["seq"], line["last"]["pos"], line["head"]) == (1, 1, said, placed["pos"])
    answer = await bob.do("message.send", group=group, kind="text", body={"text": "why?"}, reply_to=placed["pos"])
    assert (answer["seq"], (await bob.line(group))["unread"]) == (2, 0)
    quote = (await ann.up_to(group, answer["pos"]))[-1]["quote"]
    assert (quote["type"], quote["text"]) == ("notice", BODY["text"])
    again = await ann.do("message.send", group=group, kind="notice", body={"text": "and on Tuesday"})
    assert (await bob.line(group))["unread"] == 0
    await ann.do("message.recall", group=group, pos=again["pos"])
    assert [e["pos"] for e in await bob.history(group) if e.get("recalled")] == [again["pos"]]
    assert (await bob.line(group))["unread"] == 0
    assert (await ann.denied("message.send", group=group, cid="A" * 22, kind="notice", body={})).code == "invalid"
