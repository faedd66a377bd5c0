"""JSON and MessagePack say the same, in both directions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.phone import new_cid
from tests.e2e.town import Town


def events(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What nobody asked for."""
    return [message for message in messages if "ev" in message]


@pytest.mark.promise("P3", "encodings")
async def test_two_devices_of_one_person_are_told_the_same_in_both_encodings(town: Town) -> None:
    ann, bob, cat = await town.people("ann", "bob", "cat")
    first = await town.phone_of(bob.sub, "first", "json")
    second = await town.phone_of(bob.sub, "second", "msgpack")
    group = await town.group_of(ann, bob, history="last:3", title="群 👍🏽")
    pos = await ann.say(group, "多行\n\t文字 \u2028 𝄞")
    answer = await bob.say(group, "re", reply_to=pos)
    await ann.do("message.edit", group=group, pos=pos, text="edited")
    await bob.do("reaction.add", group=group, pos=pos, emoji="👍🏽")
    await ann.do("message.recall", group=group, pos=answer)
    await town.befriend(ann, cat)
    await ann.do("member.add", group=group, users=[cat.user])
    await ann.do("group.update", group=group, intro="a\nb", limit=7)
    await ann.do("member.role", group=group, user=cat.user, role="admin")
    await ann.ask("typing.start", group=group)
    await bob.ask("read.mark", group=group, seq=2)
    last = max([await ann.say(group, f"{number}") for number in range(40)])
    direct = (await ann.do("group.create", kind="direct", user=bob.user))["group"]
    await ann.do("follow.remove", user=bob.user)
    await ann.do("member.kick", group=group, user=bob.user)
    for phone in (first, second):
        await phone.own("removed", group)
        await phone.own("direct", direct)
    assert _by_log(first.messages) == _by_log(second.messages)
    assert last in {e["pos"] for e in second.entries[group]}
    assert [name for name, _ in first.signals] == [name for name, _ in second.signals]


def _by_log(messages: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Entries by the log they are of: how they are packed into events is up to the moment."""
    logs: dict[str, list[Any]] = {}
    for event in events(messages):
        for entry in event["data"].get("entries", []):
            logs.setdefault(event["data"].get("group", "mine"), []).append(entry)
    return logs


@pytest.mark.promise("P3", "encodings")
async def test_every_answer_and_every_refusal_is_the_same_in_both_encodings(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    pos = await ann.say(group, "a message")
    await ann.say(group, "an answer", reply_to=pos)
    await bob.do("reaction.add", group=group, pos=pos, emoji="👍")
    phones = [await town.phone_of(ann.sub, fmt, fmt) for fmt in ("json", "msgpack")]
    hellos = [phone.hello | {"device": "", "at": 0, "expires": 0} for phone in phones]
    assert hellos[0] == hellos[1]
    requests: list[tuple[str, dict[str, Any]]] = [
        ("user.get", {"users": [ann.user], "subs": [bob.sub]}),
        ("follow.list", {}),
        ("block.list", {}),
        ("group.get", {"group": group}),
        ("group.list", {}),
        ("group.members", {"group": group}),
        ("group.open", {"group": group}),
        ("message.history", {"group": group, "limit": 3}),
        ("reaction.list", {"group": group, "pos": pos}),
        ("read.mark", {"group": group, "seq": 1}),
        ("typing.start", {"group": group}),
        ("group.close", {"group": group}),
        ("message.history", {"group": group, "limit": 0}),
        ("message.history", {"group": group, "limit": "3"}),
        ("message.history", {"group": "x"}),
        ("message.history", {"group": group, "extra": 1}),
        ("message.history", {}),
        ("group.get", {"group": "g" + "x" * 20}),
        ("nonsense", {}),
        ("session.hello", {"token": "x", "device": "d"}),
        ("message.send", {"group": group, "cid": "short", "kind": "text", "body": {"text": "x"}}),
        ("message.send", {"group": group, "cid": new_cid(), "kind": "video", "body": {"text": "x"}}),
        ("message.send", {"group": group, "cid": new_cid(), "kind": "text", "body": {"text": " "}}),
        ("message.recall", {"group": group, "pos": 1, "cid": new_cid()}),
        ("group.create", {"cid": new_cid(), "kind": "private"}),
    ]
    for op, data in requests:
        answers = [await _response(phone, op, data) for phone in phones]
        assert answers[0] == answers[1], op


async def _response(phone: Any, op: str, data: dict[str, Any]) -> dict[str, Any]:
    response = dict(await phone.send(op, **data))
    del response["re"]
    for user in response["ok"]["users"] if op == "user.get" else ():
        user.pop("seen", None)  # the person is here, so it is later with every question
    return response


@pytest.mark.promise("P2", "retry.encodings")
async def test_a_command_sent_in_one_encoding_is_known_in_the_other(town: Town) -> None:
    ann = await town.person("ann")
    packed = await town.phone_of(ann.sub, "packed", "msgpack")
    group = await town.group_of(ann)
    cid = new_cid()
    assert await ann.say(group, "once 一", cid=cid) == await packed.say(group, "once 一", cid=cid)
