"""What unfollowing and blocking do to what was there before: both stay where both are, and nothing new comes about."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.phone import Denied, Phone
from tests.e2e.test_gate import pulled
from tests.e2e.town import Town


async def redeemed(phone: Phone, **named: Any) -> str:
    """What becomes of taking up an invite."""
    try:
        return str((await phone.do("invite.redeem", **named))["result"])
    except Denied as refusal:
        return refusal.code


@pytest.mark.promise("P6", "pull.block", "invite", "pull.asked")
@pytest.mark.promise("P7", "mention", "block")
@pytest.mark.parametrize("later", ["ann blocks bob", "bob blocks ann", "ann unfollows bob", "bob unfollows ann"])
async def test_nothing_new_comes_about_between_two_who_are_no_longer_friends(town: Town, later: str) -> None:
    ann, bob, cat = await town.people("ann", "bob", "cat")
    common = await town.group_of(cat, ann, bob)
    own, other = await town.group_of(ann), await town.group_of(ann, title="another")
    await town.befriend(ann, bob)
    direct = (await ann.do("group.create", kind="direct", user=bob.user))["group"]
    await bob.do("privacy.set", pull="ask")
    assert await pulled(ann, own, bob) == ["asked"]
    asked = (await bob.own("invited", own))["invite"]
    link = (await ann.do("invite.create", group=own, kind="link"))["token"]
    directed = (await ann.do("invite.create", group=other, kind="directed", user=bob.user))["invite"]

    who, what, _ = later.split()
    first, second = (ann, bob) if who == "ann" else (bob, ann)
    block = what == "blocks"
    await first.do("block.add" if block else "follow.remove", user=second.user)
    heard = len(bob.mine)

    assert await pulled(ann, own, bob) == ["not_mutual"]
    assert await redeemed(bob, invite=asked) == "invite_invalid"
    assert (await bob.denied("invite.preview", invite=asked)).code == "invite_invalid"
    assert await ann.cannot("message.send", group=direct, kind="text", body={"text": "?"}) == "read_only"
    assert await ann.cannot("group.create", kind="direct", user=bob.user) == "not_mutual"
    if block:
        for look in ({"secret": link}, {"invite": directed}):
            assert (await bob.denied("invite.preview", **look)).code == "invite_invalid"
            assert await redeemed(bob, **look) == "invite_invalid"
        assert (await bob.ask("invite.received"))["invites"] == []
        await ann.do("invite.create", group=other, kind="directed", user=bob.user)
        if first is bob:
            assert (await ann.do("contact.request", user=bob.user))["state"] == "sent"
            assert await bob.cannot("contact.request", user=ann.user) == "not_mutual"
        else:
            assert await ann.cannot("contact.request", user=bob.user) == "not_mutual"
        assert (await bob.ask("contact.list"))["requests"] == []

    body = {"text": "@bob", "entities": [{"offset": 0, "length": 4, "user": bob.user}]}
    said = (await ann.do("message.send", group=common, kind="text", body=body))["pos"]
    assert (await bob.up_to(common, said))[-1]["body"] == body, "both stay, and both see it"
    assert (await bob.line(common)).get("mentions", 0) == (0 if block else 1)
    assert {ann.user, bob.user} <= {m["user"] for m in (await cat.ask("group.members", group=common))["members"]}
    await bob.settle()
    told = [entry["kind"] for entry in bob.mine[heard:]]
    assert "invited" not in told
    assert "contact" not in told
    assert await redeemed(bob, secret=link) == ("invite_invalid" if block else "added")
