"""Groups that mind who follows their owner, over real sockets."""

from __future__ import annotations

import pytest

from chatd_protocol.codec import Format
from tests.e2e.town import Town


@pytest.mark.parametrize("fmt", ["json", "msgpack"])
async def test_who_unfollows_the_owner_is_silenced_and_told_and_free_when_they_follow_again(
    town: Town, fmt: Format
) -> None:
    ann, bob, cat = await town.person("ann", fmt=fmt), await town.person("bob", fmt=fmt), await town.person("cat")
    group = await town.group_of(ann, bob, cat)
    assert await bob.cannot("group.update", group=group, on_unfollow_owner="restrict") == "forbidden"
    pos = (await ann.do("group.update", group=group, on_unfollow_owner="restrict"))["pos"]
    assert (await cat.up_to(group, pos))[-1]["on_unfollow_owner"] == "restrict"
    assert (await cat.ask("group.get", group=group))["on_unfollow_owner"] == "restrict"
    await bob.do("follow.remove", user=ann.user)
    told = await bob.own("restricted", group)
    assert (told["why"], "by" in told, "until" in told) == ("unfollowed", False, False)
    refused = await bob.denied("message.send", group=group, cid="A" * 22, kind="text", body={"text": "hi"})
    assert (refused.code, refused.details) == ("restricted", {"whom": "unfollowed"})
    assert (await bob.ask("group.get", group=group))["restricted_self"] == {}
    for looker, shown in ((ann, {}), (bob, {}), (cat, None)):
        members = (await looker.ask("group.members", group=group))["members"]
        assert [m.get("restricted") for m in members if m["user"] == bob.user] == [shown]
    await bob.do("follow.add", user=ann.user)
    assert (await bob.own("unrestricted", group))["why"] == "unfollowed"
    await cat.up_to(group, await bob.say(group, "back"))
    assert "restricted_self" not in await bob.ask("group.get", group=group)


async def test_who_unfollows_or_blocks_the_owner_is_out_of_every_such_group(town: Town) -> None:
    ann, bob, cat = await town.people("ann", "bob", "cat")
    groups = [await town.group_of(ann, bob, cat) for _ in range(3)]
    for group in groups[1:]:
        await ann.do("group.update", group=group, on_unfollow_owner="remove")
    await bob.do("follow.remove", user=ann.user)
    await cat.do("block.add", user=ann.user)
    for phone in (bob, cat):
        for group in groups[1:]:
            gone = await phone.own("removed", group)
            assert gone["why"] == "unfollowed"
            entries = {entry["pos"]: entry for entry in await ann.up_to(group, gone["pos"])}
            assert entries[gone["pos"]]["left"] == [{"user": phone.user, "why": "unfollowed"}]
            assert await phone.cannot("message.send", group=group, kind="text", body={"text": "?"}) == "not_found"
        assert (await phone.line(groups[0]))["members"] == 3
    assert (await ann.line(groups[1]))["members"] == 1


async def test_whom_the_owner_blocks_notices_nothing(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    await ann.do("group.update", group=group, on_unfollow_owner="remove")
    heard = len(bob.mine)
    await ann.do("block.add", user=bob.user)
    await ann.up_to(group, await bob.say(group, "still here"))
    await bob.settle()
    assert len(bob.mine) == heard
