"""Groups and who is in them: making, changing, listing, coming, going, roles and places."""

from __future__ import annotations

from typing import Any

import pytest

from chatd.core.rights import DEFAULT_RIGHTS
from tests.e2e.phone import Phone
from tests.e2e.town import Town
from tests.hub.kit import texts


async def members_of(phone: Phone, group: str) -> dict[str, str]:
    """By user: the role."""
    members = (await phone.ask("group.members", group=group))["members"]
    return {member["user"]: member["role"] for member in members}


async def test_a_new_group_has_its_maker_as_owner(town: Town) -> None:
    ann = await town.person("ann")
    made = await ann.do("group.create", kind="private", title="石榴哥粉丝群", intro="Hello\nthere", history="last:5")
    assert made == {"group": made["group"], "pos": 1, "created": True}
    created = (await ann.up_to(made["group"], 1))[0]
    assert (created["kind"], created["by"], created["members"]) == ("created", ann.user, [ann.user])
    info = await ann.ask("group.get", group=made["group"])
    line = info.pop("line")
    assert info == {
        "intro": "Hello\nthere",
        "history": "last:5",
        "limit": 100,
        "owner": ann.user,
        "created": created["at"],
        "rights": DEFAULT_RIGHTS,
    }
    assert (line["title"], line["role"], line["members"], line["head"], line["seq"]) == (
        "石榴哥粉丝群",
        "owner",
        1,
        1,
        0,
    )
    assert (line["unread"], line["floor"], line["live"]) == (0, 0, True)


async def test_what_is_changed_is_told_to_all_and_shown_from_then_on(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    assert (await bob.cannot("group.update", group=group, title="Mine")) == "forbidden"
    pos = (await ann.do("group.update", group=group, title="Renamed", limit=3, history="all"))["pos"]
    entry = (await bob.up_to(group, pos))[-1]
    assert {k: entry[k] for k in ("kind", "by", "title", "limit", "history")} == {
        "kind": "settings",
        "by": ann.user,
        "title": "Renamed",
        "limit": 3,
        "history": "all",
    }
    assert "intro" not in entry
    info = await bob.ask("group.get", group=group)
    assert (info["line"]["title"], info["limit"], info["history"]) == ("Renamed", 3, "all")
    await ann.do("member.role", group=group, user=bob.user, role="admin")
    await bob.do("group.update", group=group, intro="by an admin")
    assert (await ann.ask("group.get", group=group))["intro"] == "by an admin"


@pytest.mark.promise("P8", "places")
async def test_places_are_filled_in_the_order_given_and_no_further(town: Town) -> None:
    ann, *others = await town.people("ann", "b", "c", "d", "e")
    group = await town.group_of(ann, limit=3)
    await town.befriend(ann, *others)
    answer = await ann.do("member.add", group=group, users=[p.user for p in others])
    assert [r["result"] for r in answer["results"]] == ["added", "added", "full", "full"]
    await ann.do("group.update", group=group, limit=2)
    assert len(await members_of(ann, group)) == 3, "a lower limit removes nobody"
    await others[0].do("member.leave", group=group)
    again = await ann.do("member.add", group=group, users=[others[2].user])
    assert [r["result"] for r in again["results"]] == ["full"]
    await others[1].do("member.leave", group=group)
    again = await ann.do("member.add", group=group, users=[others[2].user, others[3].user])
    assert [r["result"] for r in again["results"]] == ["added", "full"]
    assert (await ann.cannot("group.update", group=group, limit=1)) == "invalid"
    assert (await ann.cannot("group.update", group=group, limit=1001)) == "limit"


async def test_the_owner_cannot_leave_and_members_can(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    assert (await ann.cannot("member.leave", group=group)) == "owner_must_stay"
    left = await bob.do("member.leave", group=group)
    entry = (await ann.up_to(group, left["pos"]))[-1]
    assert (entry["kind"], entry["left"], entry["count"]) == ("members", [{"user": bob.user}], 1)
    own = await bob.own("removed", group)
    assert (own["pos"], own["why"]) == (left["pos"], "left")
    again = await ann.do("member.add", group=group, users=[bob.user])
    assert again["results"][0]["result"] == "added", "who left by themselves may be pulled in by anybody"


@pytest.mark.promise("P6", "kicked")
async def test_who_was_put_out_comes_back_only_through_an_admin(town: Town) -> None:
    ann, bob, cat = await town.people("ann", "bob", "cat")
    group = await town.group_of(ann, bob, cat)
    await town.befriend(bob, cat)
    pos = (await ann.do("member.kick", group=group, user=cat.user))["pos"]
    entry = (await bob.up_to(group, pos))[-1]
    assert entry["left"] == [{"user": cat.user, "by": ann.user}]
    assert (await cat.own("removed", group))["why"] == "kicked"
    pull: dict[str, Any] = {"group": group, "users": [cat.user]}
    assert (await bob.do("member.add", **pull))["results"][0]["result"] == "kicked"
    await ann.do("member.role", group=group, user=bob.user, role="admin")
    assert (await bob.do("member.add", **pull))["results"][0]["result"] == "added"
    assert (await cat.own("added", group, nth=2))["by"] == bob.user


async def test_roles_and_whom_they_may_act_on(town: Town) -> None:
    ann, bob, cat, dan = await town.people("ann", "bob", "cat", "dan")
    group = await town.group_of(ann, bob, cat, dan)
    for phone in (bob, cat):
        pos = (await ann.do("member.role", group=group, user=phone.user, role="admin"))["pos"]
        entry = (await dan.up_to(group, pos))[-1]
        assert (entry["kind"], entry["user"], entry["role"]) == ("role", phone.user, "admin")
    assert await members_of(dan, group) == {
        ann.user: "owner",
        bob.user: "admin",
        cat.user: "admin",
        dan.user: "member",
    }
    for target in (ann, cat):
        assert (await bob.cannot("member.kick", group=group, user=target.user)) == "forbidden"
    assert (await bob.cannot("member.role", group=group, user=dan.user, role="admin")) == "forbidden"
    assert (await ann.cannot("member.role", group=group, user=ann.user, role="member")) == "forbidden"
    assert (await dan.cannot("member.kick", group=group, user=bob.user)) == "forbidden"
    assert (await ann.cannot("member.role", group=group, user="u" + "x" * 22, role="admin")) == "not_found"
    assert (await bob.cannot("member.kick", group=group, user="u" + "x" * 22)) == "not_found"
    theirs = await cat.say(group, "by an admin")
    assert (await bob.cannot("message.recall", group=group, pos=theirs)) == "forbidden"
    await ann.do("message.recall", group=group, pos=theirs)
    await ann.do("member.role", group=group, user=cat.user, role="member")
    assert (await cat.cannot("member.kick", group=group, user=dan.user)) == "forbidden"
    await bob.do("member.kick", group=group, user=cat.user)
    await bob.do("member.kick", group=group, user=dan.user)
    assert await members_of(bob, group) == {ann.user: "owner", bob.user: "admin"}


@pytest.mark.promise("P7", "floor")
@pytest.mark.parametrize(
    ("rule", "seen"), [("none", []), ("last:2", ["three", "four"]), ("all", ["one", "two", "three", "four"])]
)
async def test_what_newcomers_see_of_the_past(town: Town, rule: str, seen: list[str]) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, history=rule)
    for text in ("one", "two", "three", "four"):
        await ann.say(group, text)
    await town.befriend(ann, bob)
    pos = (await ann.do("member.add", group=group, users=[bob.user]))["pos"]
    await bob.up_to(group, pos)
    page = await bob.ask("message.history", group=group)
    assert texts(page["entries"]) == seen
    assert page["floor"] == (await bob.line(group))["floor"]
    assert not page["more"]
    line = await bob.line(group)
    assert line["unread"] == len(seen)
    assert ("last" in line) == bool(seen)
    await ann.do("group.update", group=group, history="all")
    assert texts(await bob.history(group)) == seen, "fixed at joining"


@pytest.mark.promise("P7", "rejoin")
async def test_coming_back_hides_the_earlier_stay(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob, history="all")
    before = await ann.say(group, "first stay")
    kept = (await bob.up_to(group, before))[0]
    await ann.do("member.kick", group=group, user=bob.user)
    await ann.say(group, "while he was out")
    pos = (await ann.do("member.add", group=group, users=[bob.user]))["pos"]
    await bob.own("added", group, nth=2)
    await bob.up_to(group, pos)
    page = await bob.ask("message.history", group=group)
    assert "first stay" not in texts(page["entries"])
    assert page["floor"] >= before
    assert (
        await bob.cannot("message.send", group=group, kind="text", body={"text": "re"}, reply_to=before)
    ) == "not_found"
    assert (await bob.denied("reaction.list", group=group, pos=before)).code == "not_found"
    opened = await bob.ask("group.open", group=group, after=kept["pos"], at=kept["at"])
    assert opened["truncated"] == opened["after"] == page["floor"]


async def test_the_chat_list_is_paged_and_newest_first(town: Town) -> None:
    ann = await town.person("ann")
    groups = [await town.group_of(ann, title=f"Group {number}") for number in range(7)]
    for number, group in enumerate(groups):
        if number % 2:
            await ann.say(group, "bump")
    seen: list[dict[str, Any]] = []
    more: dict[str, str] = {}
    while True:
        page = await ann.ask("group.list", limit=3, **more)
        assert len(page["groups"]) <= 3
        seen += page["groups"]
        if "more" not in page:
            break
        more = {"after": page["more"]}
    assert sorted(line["group"] for line in seen) == sorted(groups)
    keys = [(line["at"], line["group"]) for line in seen]
    assert keys == sorted(keys, reverse=True)
    assert {line["title"] for line in seen} == {f"Group {number}" for number in range(7)}
    assert (await ann.denied("group.list", after="nonsense")).details["path"] == "$.data.after"


async def test_members_are_paged_by_id(town: Town) -> None:
    ann, *others = await town.people("ann", "b", "c", "d")
    group = await town.group_of(ann, *others)
    first = await ann.ask("group.members", group=group, limit=3)
    second = await ann.ask("group.members", group=group, limit=3, after=first["more"])
    users = [m["user"] for m in first["members"] + second["members"]]
    assert users == sorted(p.user for p in (ann, *others))
    assert "more" not in second
    by = {m["user"]: m.get("by") for m in first["members"] + second["members"]}
    assert by.pop(ann.user) is None
    assert set(by.values()) == {ann.user}
