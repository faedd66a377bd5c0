"""Who may be pulled into a group, and by whom: only people who follow each other, with nobody blocking."""

from __future__ import annotations

import pytest

from tests.e2e.phone import Phone, new_cid
from tests.e2e.town import Town


async def pulled(by: Phone, group: str, *people: Phone) -> list[str]:
    """What becomes of each of them."""
    answer = await by.do("member.add", group=group, users=[person.user for person in people])
    assert [r["user"] for r in answer["results"]] == [person.user for person in people]
    return [r["result"] for r in answer["results"]]


@pytest.mark.promise("P6", "pull")
async def test_following_on_one_side_is_not_enough(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann)
    assert await pulled(ann, group, bob) == ["not_mutual"]
    await ann.do("follow.add", user=bob.user)
    assert await pulled(ann, group, bob) == ["not_mutual"]
    followed = await bob.do("follow.add", user=ann.user)
    assert followed == {"user": ann.user, "following": True, "mutual": True}
    assert await pulled(ann, group, bob) == ["added"]
    assert await pulled(ann, group, bob) == ["already"]
    assert (await bob.own("added", group))["by"] == ann.user


@pytest.mark.promise("P6", "pull")
async def test_being_followed_is_not_enough_either(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann)
    await bob.do("follow.add", user=ann.user)
    assert await pulled(ann, group, bob) == ["not_mutual"]
    assert (await ann.line(group))["members"] == 1


@pytest.mark.promise("P6", "pull.block")
@pytest.mark.parametrize("blocker", ["who pulls", "who is pulled"])
async def test_a_block_in_either_direction_looks_like_not_mutual(town: Town, blocker: str) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann)
    await town.befriend(ann, bob)
    first, second = (ann, bob) if blocker == "who pulls" else (bob, ann)
    await first.do("block.add", user=second.user)
    assert await pulled(ann, group, bob) == ["not_mutual"]
    assert (await ann.cannot("group.create", kind="direct", user=bob.user)) == "not_mutual"
    assert (await bob.cannot("group.create", kind="direct", user=ann.user)) == "not_mutual"
    await first.do("block.remove", user=second.user)
    assert await pulled(ann, group, bob) == ["added"]


@pytest.mark.promise("P7", "block")
async def test_who_is_blocked_cannot_notice(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    await town.befriend(ann, bob)
    await ann.do("block.add", user=bob.user)
    again = await bob.do("follow.add", user=ann.user)
    assert again == {"user": ann.user, "following": True, "mutual": True}
    for which in ("following", "followers", "mutual"):
        listed = (await bob.ask("follow.list", which=which))["users"]
        assert [person["user"] for person in listed] == [ann.user]
    for which, seen in (("following", [bob.user]), ("followers", []), ("mutual", [])):
        listed = (await ann.ask("follow.list", which=which))["users"]
        assert [person["user"] for person in listed] == seen
    assert [person["user"] for person in (await ann.ask("block.list"))["users"]] == [bob.user]
    assert (await bob.ask("block.list"))["users"] == []
    assert bob.mine == []


@pytest.mark.promise("P6", "pull")
async def test_unfollowing_removes_nobody_and_keeps_out_who_is_not_in(town: Town) -> None:
    ann, bob, cat = await town.people("ann", "bob", "cat")
    group = await town.group_of(ann, bob)
    await town.befriend(ann, cat)
    await bob.do("follow.remove", user=ann.user)
    await cat.do("follow.remove", user=ann.user)
    pos = await bob.say(group, "still here")
    await ann.up_to(group, pos)
    assert await pulled(ann, group, bob, cat) == ["already", "not_mutual"]


@pytest.mark.promise("P6", "pull", "pull.members")
async def test_every_member_pulls_in_their_own_friends_only(town: Town) -> None:
    ann, bob, cat, dan = await town.people("ann", "bob", "cat", "dan")
    group = await town.group_of(ann, bob)
    await town.befriend(bob, cat)
    assert await pulled(ann, group, cat) == ["not_mutual"]
    assert await pulled(bob, group, cat, dan) == ["added", "not_mutual"]
    outsider = await cat.cannot("member.add", group=await town.group_of(ann), users=[bob.user])
    assert outsider == "not_found"


@pytest.mark.promise("P6", "pull.unknown")
async def test_nobody_and_oneself_look_like_strangers(town: Town) -> None:
    ann = await town.person("ann")
    group = await town.group_of(ann)
    answer = await ann.do("member.add", group=group, users=["u" + "x" * 22])
    assert [r["result"] for r in answer["results"]] == ["not_mutual"]
    assert await pulled(ann, group, ann) == ["already"]
    assert (await ann.cannot("follow.add", user=ann.user)) == "invalid"
    assert (await ann.cannot("follow.add", user="u" + "x" * 22)) == "not_found"
    assert (await ann.cannot("block.add", user=ann.user)) == "invalid"


async def test_relations_are_paged_by_id(town: Town) -> None:
    ann = await town.person("ann")
    others = await town.people(*["x"] * 5)
    await town.befriend(ann, *others)
    users = sorted(phone.user for phone in others)
    for which in ("following", "followers", "mutual"):
        seen: list[str] = []
        more: dict[str, str] = {}
        while True:
            page = await ann.ask("follow.list", which=which, limit=2, **more)
            seen += [person["user"] for person in page["users"]]
            if "more" not in page:
                break
            more = {"after": page["more"]}
        assert seen == users
    assert {person["name"] for person in (await ann.ask("follow.list"))["users"]} == {"X"}


async def test_people_are_found_by_id_and_by_sub(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    found = await ann.ask("user.get", users=[bob.user, "u" + "x" * 22], subs=[ann.sub, "nobody"])
    for user in found["users"]:
        assert ("seen" in user) == (user["user"] == ann.user), "of strangers one does not learn when they were here"
        user.pop("seen", None)
    assert found["users"] == sorted(
        ({"user": phone.user, "sub": phone.sub, "name": name} for phone, name in ((ann, "Ann"), (bob, "Bob"))),
        key=lambda user: user["user"],
    )


@pytest.mark.promise("P6", "direct")
async def test_a_direct_chat_needs_both_to_follow_and_is_one_per_pair(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    assert (await ann.cannot("group.create", kind="direct", user=bob.user)) == "not_mutual"
    assert (await ann.cannot("group.create", kind="direct", user=ann.user)) == "invalid"
    assert (await ann.cannot("group.create", kind="direct", user="u" + "x" * 22)) == "not_mutual"
    await town.befriend(ann, bob)
    made = await ann.do("group.create", kind="direct", user=bob.user)
    assert made["created"]
    again = await bob.do("group.create", kind="direct", user=ann.user)
    assert again == {"group": made["group"], "pos": 1, "created": False}
    group = made["group"]
    for phone, peer in ((ann, bob), (bob, ann)):
        await phone.own("added", group)
        line = await phone.line(group)
        assert (line["kind"], line["peer"], line["members"], line["role"]) == ("direct", peer.user, 2, "member")
    for op, data in (
        ("member.add", {"users": [bob.user]}),
        ("member.kick", {"user": bob.user}),
        ("member.role", {"user": bob.user, "role": "admin"}),
        ("group.update", {"title": "Ours"}),
    ):
        assert (await ann.cannot(op, group=group, **data)) == "forbidden"


@pytest.mark.promise("P6", "direct.read_only")
@pytest.mark.parametrize("end", ["follow.remove", "block.add"])
async def test_a_direct_chat_is_read_only_while_the_two_are_not_mutual(town: Town, end: str) -> None:
    ann, bob = await town.people("ann", "bob")
    await town.befriend(ann, bob)
    group = (await ann.do("group.create", kind="direct", user=bob.user))["group"]
    pos = await bob.say(group, "hello")
    await ann.do(end, user=bob.user)
    for phone, other in ((ann, bob), (bob, ann)):
        assert (await phone.own("direct", group))["read_only"] is True
        sent = await phone.cannot("message.send", group=group, kind="text", body={"text": "?"})
        assert sent == "read_only"
        assert (await phone.cannot("reaction.add", group=group, pos=pos, emoji="👍")) == "read_only"
        assert (await phone.line(group))["read_only"] is True
        assert [e["pos"] for e in await phone.history(group)] == [1, 2]
        assert (await phone.line(group))["peer"] == other.user
    assert (await bob.cannot("message.recall", group=group, pos=pos)) == "read_only"
    assert (await bob.cannot("message.edit", group=group, pos=pos, text="?")) == "read_only"
    await ann.do("follow.add" if end == "follow.remove" else "block.remove", user=bob.user)
    for phone in (ann, bob):
        assert (
            "read_only" not in await phone.own("direct", group, nth=2)
            or not (await phone.own("direct", group, nth=2))["read_only"]
        )
    await ann.up_to(group, await bob.say(group, "writable again"))


async def test_leaving_a_direct_chat_only_puts_it_away(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    await town.befriend(ann, bob)
    group = (await ann.do("group.create", kind="direct", user=bob.user))["group"]
    second = await town.phone_of(ann.sub, "tablet")
    assert await ann.do("member.leave", group=group) == {"group": group, "archived": True}
    for phone in (ann, second):
        assert (await phone.own("archived", group))["archived"] is True
    assert (await ann.line(group))["archived"] is True
    assert "archived" not in await bob.line(group)
    await ann.up_to(group, await bob.say(group, "are you there?"))
    await ann.do("group.create", kind="direct", user=bob.user)
    assert (await second.own("archived", group, nth=2)).get("archived", False) is False
    assert bob.mine[-1]["kind"] == "added"


@pytest.mark.promise("P2", "conflict")
async def test_a_pull_that_is_repeated_gives_the_first_answer(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann)
    await town.befriend(ann, bob)
    pull = {"cid": new_cid(), "group": group, "users": [bob.user]}
    first = await ann.ask("member.add", **pull)
    await ann.do("member.kick", group=group, user=bob.user)
    assert await ann.ask("member.add", **pull) == first
    assert (await ann.line(group))["members"] == 1, "the repetition pulled nobody in"


@pytest.mark.promise("P7", "block")
async def test_nobody_sees_who_blocked_them_type(town: Town) -> None:
    ann, bob = await town.person("ann"), await town.person("bob", fmt="msgpack")
    await town.befriend(ann, bob)
    direct = (await bob.do("group.create", kind="direct", user=ann.user))["group"]
    for phone in (ann, bob):
        await phone.own("added", direct)
        await phone.ask("group.open", group=direct)
    await ann.do("block.add", user=bob.user)
    await bob.own("direct", direct)
    fresh = await town.phone_of(bob.sub, "fresh")
    await fresh.ask("group.open", group=direct)
    for phone in (ann, bob, fresh):
        assert await phone.ask("typing.start", group=direct) == {}
    await ann.do("block.remove", user=bob.user)
    await bob.own("direct", direct, 2)
    for phone in (ann, bob, fresh):
        await phone.settle()
        assert [name for name, _ in phone.signals if name == "typing"] == []
    await ann.ask("typing.start", group=direct)
    assert (await bob.signal("typing"))["user"] == ann.user


@pytest.mark.promise("P7", "block")
@pytest.mark.parametrize("rule", ["everybody", "mutual"])
async def test_nobody_sees_when_somebody_was_here_across_a_block(town: Town, rule: str) -> None:
    ann, bob = await town.person("ann"), await town.person("bob", fmt="msgpack")
    await town.befriend(ann, bob)
    for phone in (ann, bob):
        await phone.do("privacy.set", last_seen=rule)

    async def shown(phone: Phone, other: Phone) -> bool:
        (person,) = (await phone.ask("user.get", users=[other.user]))["users"]
        return "seen" in person

    assert (await shown(ann, bob), await shown(bob, ann)) == (True, True)
    await ann.do("block.add", user=bob.user)
    assert (await shown(ann, bob), await shown(bob, ann)) == (False, False)
    await ann.do("block.remove", user=bob.user)
    assert (await shown(ann, bob), await shown(bob, ann)) == (True, True)
