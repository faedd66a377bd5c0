"""Asking those first who want to be asked before they are pulled in, over real sockets."""

from __future__ import annotations

from typing import Any

import pytest

from chatd_protocol.codec import Format
from tests.e2e.phone import Phone
from tests.e2e.test_gate import pulled
from tests.e2e.town import Town, a_millisecond_later

pytestmark = pytest.mark.promise("P6", "pull.asked")


async def waiting(phone: Phone) -> list[dict[str, Any]]:
    """The invites that wait for somebody."""
    found: list[dict[str, Any]] = (await phone.ask("invite.received"))["invites"]
    return found


@pytest.mark.parametrize("fmt", ["json", "msgpack"])
async def test_who_wants_to_be_asked_hears_of_it_looks_and_says_yes(town: Town, fmt: Format) -> None:
    ann, bob = await town.person("ann", fmt=fmt), await town.person("bob", fmt=fmt)
    group = await town.group_of(ann, title="Tea")
    await town.befriend(ann, bob)
    assert (await bob.do("privacy.set", pull="ask"))["pull"] == "ask"
    assert await pulled(ann, group, bob) == ["asked"]
    told = await bob.own("invited", group)
    assert told["by"] == ann.user
    (one,) = await waiting(bob)
    assert one == {k: one[k] for k in ("at", "expires")} | {
        "invite": told["invite"],
        "group": group,
        "by": ann.user,
        "title": "Tea",
        "name": "Ann",
    }
    (listed,) = (await ann.ask("invite.list", group=group))["invites"]
    assert (listed["kind"], listed["pull"], listed["user"]) == ("directed", True, bob.user)
    assert (await bob.ask("invite.preview", invite=told["invite"]))["members"] == 1
    assert (await ann.line(group))["members"] == 1
    came = await bob.do("invite.redeem", invite=told["invite"])
    assert came["result"] == "added"
    assert (await ann.up_to(group, came["pos"]))[-1]["joined"] == [{"user": bob.user, "by": ann.user, "how": "invite"}]
    assert await waiting(bob) == []


async def test_asked_again_after_a_no_nothing_comes_and_who_asks_sees_no_difference(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    tablet = await town.phone_of(bob.sub, "tablet", "msgpack")
    group = await town.group_of(ann)
    await town.befriend(ann, bob)
    await bob.do("privacy.set", pull="ask")
    assert await pulled(ann, group, bob) == await pulled(ann, group, bob) == ["asked"]
    invite = (await bob.own("invited", group))["invite"]
    assert await ann.cannot("invite.decline", invite=invite) == "not_found"
    assert await bob.do("invite.decline", invite=invite) == {"invite": invite}
    assert (await tablet.own("declined", group))["invite"] == invite
    assert await pulled(ann, group, bob) == ["asked"]
    assert [one["state"] for one in (await ann.ask("invite.list", group=group))["invites"]] == ["open"]
    await bob.settle()
    assert [entry["kind"] for entry in bob.mine] == ["invited", "declined"]
    assert await waiting(bob) == []
    assert await bob.cannot("invite.redeem", invite=invite) == "invite_invalid"


async def test_what_no_longer_holds_waits_for_nobody(town: Town) -> None:
    """Blocked in either direction, banned, taken back, the maker put out, in already: not on the list."""
    bob = await town.person("bob")
    await bob.do("privacy.set", pull="ask")
    owners = await town.people("ann", "blocker", "blocked", "banner", "taker", "late")
    groups = {}
    for owner in owners:
        groups[owner.user] = await town.group_of(owner)
        await town.befriend(owner, bob)
        a_millisecond_later()
        assert await pulled(owner, groups[owner.user], bob) == ["asked"]
    by = {one["by"]: one["invite"] for one in await waiting(bob)}
    assert [one["by"] for one in await waiting(bob)] == [owner.user for owner in reversed(owners)]
    first = await bob.ask("invite.received", limit=2)
    rest = await bob.ask("invite.received", limit=4, after=first["more"])
    assert [one["by"] for one in first["invites"] + rest["invites"]] == [owner.user for owner in reversed(owners)]
    assert "more" not in rest
    _, blocker, blocked, banner, taker, late = owners
    await blocker.do("block.add", user=bob.user)
    await bob.do("block.add", user=blocked.user)
    await banner.do("member.ban", group=groups[banner.user], user=bob.user)
    await taker.do("invite.revoke", invite=by[taker.user])
    await late.do("group.dissolve", group=groups[late.user])
    assert [one["by"] for one in await waiting(bob)] == [owners[0].user]
    for owner in owners[1:]:
        assert await bob.cannot("invite.redeem", invite=by[owner.user]) == "invite_invalid"
