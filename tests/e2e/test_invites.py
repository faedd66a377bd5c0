"""Coming in by invites, requests and open doors, over real sockets."""

from __future__ import annotations

import asyncio
import functools
import re
from typing import Any

import pytest

from chatd_protocol.codec import Format
from chatd_protocol.pasted import find_invite, share_text
from tests.e2e.phone import Denied, Phone, new_cid
from tests.e2e.town import Town, a_millisecond_later


async def link(maker: Phone, group: str, **fields: object) -> str:
    """The token of a new link."""
    made = await maker.do("invite.create", group=group, kind="link", **fields)
    return str(made["token"])


def told_of(phone: Phone, user: str) -> list[dict[str, Any]]:
    """What somebody's own log says of another person."""
    return [entry for entry in phone.mine if entry.get("user") == user]


async def redeem(phone: Phone, secret: str, **more: object) -> str:
    """The result, or the code of the refusal."""
    try:
        return str((await phone.do("invite.redeem", secret=secret, **more))["result"])
    except Denied as refusal:
        return refusal.code


@pytest.mark.promise("P6", "invite")
@pytest.mark.parametrize("fmt", ["json", "msgpack"])
async def test_a_third_comes_by_a_share_text_pasted_with_junk_around_it(town: Town, fmt: Format) -> None:
    ann, bob = await town.people("ann", "bob")
    cat = await town.person("cat", fmt=fmt)
    group = await town.group_of(ann, bob, title="石榴哥粉丝群")
    made = await ann.do("invite.create", group=group, kind="code")
    pasted = f"小明 20:15\n“{share_text('石榴哥粉丝群', made['code'])}”\n[玫瑰]"
    found = find_invite(pasted)
    assert found is not None
    look = await cat.ask("invite.preview", secret=found.secret)
    assert look == {
        "title": "石榴哥粉丝群",
        "members": 2,
        "inviter": ann.user,
        "entry": "invite",
        "name": "Ann",
    }
    came = await cat.do("invite.redeem", secret=found.secret)
    assert (came["group"], came["result"]) == (group, "added")
    own = await cat.own("added", group)
    assert (own["by"], own["how"], own["pos"]) == (ann.user, "invite", came["pos"])
    for phone in (ann, bob, cat):
        entries = await phone.up_to(group, came["pos"])
        assert entries[-1]["joined"] == [{"user": cat.user, "by": ann.user, "how": "invite"}]
    await ann.up_to(group, await cat.say(group, "我来了"))
    assert await redeem(cat, found.secret) == "already"


@pytest.mark.promise("P2", "secret")
@pytest.mark.parametrize("kind", ["link", "code"])
async def test_a_repetition_tells_the_same_secret_and_no_list_does(town: Town, kind: str) -> None:
    ann = await town.person("ann")
    second = await town.phone_of(ann.sub, "tablet", "msgpack")
    group = await town.group_of(ann)
    wish = {"group": group, "cid": new_cid(), "kind": kind, "note": "poster"}
    first = await ann.ask("invite.create", **wish)
    assert await ann.ask("invite.create", **wish) == first
    assert await second.ask("invite.create", **wish) == first
    secret = first["token" if kind == "link" else "code"]
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}|[2-9A-HJ-NP-Z]{14}", secret)
    a_millisecond_later()
    other = await ann.do("invite.create", group=group, kind=kind)
    assert other["token" if kind == "link" else "code"] != secret
    listed = (await ann.ask("invite.list", group=group))["invites"]
    assert [one["invite"] for one in listed] == [other["invite"], first["invite"]]
    assert secret not in str(listed)
    assert "token" not in str(listed) or kind == "link"


@pytest.mark.promise("P6", "invite.once")
async def test_two_hundred_at_once_for_a_single_use(town: Town) -> None:
    ann = await town.person("ann")
    group = await town.group_of(ann, limit=300)
    racers = await asyncio.gather(*(town.person(f"r{number}") for number in range(40)))
    secret = await link(ann, group, max_uses=1)
    tries = [phone.send("invite.redeem", cid=new_cid(), secret=secret) for phone in racers for _ in range(5)]
    answers = await asyncio.gather(*tries)
    results = [a.get("ok", {}).get("result") or a["error"]["code"] for a in answers]
    assert results.count("added") == 1
    assert set(results) <= {"added", "already", "invite_invalid"}
    assert results.count("already") == 4, "whoever came in asked five times"
    assert (await ann.line(group))["members"] == 2


@pytest.mark.promise("P6", "invite")
async def test_somebody_blocked_tries_every_way_in(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann)
    await ann.do("block.add", user=bob.user)
    code = await ann.do("invite.create", group=group, kind="code")
    directed = await ann.do("invite.create", group=group, kind="directed", user=bob.user)
    assert await redeem(bob, await link(ann, group)) == "invite_invalid"
    assert await redeem(bob, code["code"]) == "invite_invalid"
    assert await bob.cannot("invite.redeem", invite=directed["invite"]) == "invite_invalid"
    assert (await bob.denied("invite.preview", secret=code["code"])).code == "invite_invalid"
    assert await bob.cannot("group.join", group=group) == "not_found"
    assert await bob.cannot("request.create", group=group) == "not_found"
    await bob.settle()
    assert bob.mine == []
    assert (await ann.line(group))["members"] == 1


@pytest.mark.promise("P7", "invite")
async def test_every_refusal_of_an_invite_is_word_for_word_the_same(town: Town) -> None:
    ann, bob, cat = await town.people("ann", "bob", "cat")
    group = await town.group_of(ann)
    revoked = await ann.do("invite.create", group=group, kind="link")
    await ann.do("invite.revoke", invite=revoked["invite"])
    used = await link(ann, group, max_uses=1)
    assert await redeem(cat, used) == "added"
    await bob.do("block.add", user=ann.user)
    secrets = [revoked["token"], used, await link(ann, group), "A" * 22]
    errors = [(await bob.denied("invite.preview", secret=one)).error for one in secrets]
    errors += [(await bob.denied("invite.redeem", secret=one, cid=new_cid())).error for one in secrets]
    errors.append((await bob.denied("invite.preview", invite=revoked["invite"])).error)
    assert [error == errors[0] for error in errors] == [True] * len(errors)


async def test_a_mistyped_code_is_told_apart_before_anything_is_looked_up(town: Town) -> None:
    ann = await town.person("ann")
    group = await town.group_of(ann)
    code = (await ann.do("invite.create", group=group, kind="code"))["code"]
    wrong = code[:-1] + ("2" if code[-1] != "2" else "3")
    assert (await ann.denied("invite.preview", secret=wrong)).details == {"path": "$.data.secret"}
    for data in ({}, {"secret": code, "invite": "i" * 20}):
        assert (await ann.denied("invite.preview", **data)).code == "invalid"


async def test_a_directed_invite_reaches_its_person_on_every_device(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    second = await town.phone_of(bob.sub, "tablet")
    group = await town.group_of(ann)
    made = await ann.do("invite.create", group=group, kind="directed", user=bob.user)
    assert made.keys() == {"invite", "group", "kind"}
    for phone in (bob, second):
        told = await phone.own("invited", group)
        assert (told["invite"], told["by"]) == (made["invite"], ann.user)
    assert (await bob.ask("invite.preview", invite=made["invite"]))["title"] == "Friends"
    assert (await bob.do("invite.redeem", invite=made["invite"]))["result"] == "added"
    await second.own("added", group)


async def test_lists_are_for_makers_and_admins(town: Town) -> None:
    ann, bob, cat = await town.people("ann", "bob", "cat")
    group = await town.group_of(ann, bob)
    mine = await bob.do("invite.create", group=group, kind="link", note="wall", max_uses=3, expires_in=60)
    a_millisecond_later()
    theirs = await ann.do("invite.create", group=group, kind="code", approval=True)
    (own,) = (await bob.ask("invite.list", group=group))["invites"]
    assert (own["invite"], own["note"], own["state"], own["uses"], own["max_uses"]) == (
        mine["invite"],
        "wall",
        "open",
        0,
        3,
    )
    assert own["expires"] == mine["expires"]
    assert (await bob.denied("invite.list", group=group, all=True)).code == "forbidden"
    assert (await cat.denied("invite.list", group=group)).code == "not_found"
    page = await ann.ask("invite.list", group=group, all=True, limit=1)
    assert [one["invite"] for one in page["invites"]] == [theirs["invite"]]
    rest = await ann.ask("invite.list", group=group, all=True, after=page["more"])
    assert [one["invite"] for one in rest["invites"]] == [mine["invite"]]
    await ann.do("member.kick", group=group, user=bob.user)
    states = {one["invite"]: one["state"] for one in (await ann.ask("invite.list", group=group, all=True))["invites"]}
    assert states == {mine["invite"]: "void", theirs["invite"]: "open"}
    assert await redeem(cat, mine["token"]) == "invite_invalid"


@pytest.mark.promise("P6", "request")
async def test_a_request_is_decided_once_and_both_sides_learn_it(town: Town) -> None:
    ann, bob, cat, dan = await town.people("ann", "bob", "cat", "dan")
    group = await town.group_of(ann, bob)
    await ann.do("member.role", group=group, user=bob.user, role="admin")
    await ann.do("group.entry", group=group, entry="question", question="Who are you?")
    assert (await ann.ask("group.get", group=group))["question"] == "Who are you?"
    assert await cat.cannot("group.join", group=group) == "invalid"
    for phone, answer in ((cat, "Cat"), (dan, "Dan")):
        assert (await phone.do("request.create", group=group, answer=answer))["result"] == "pending"
        for other in (ann, bob, phone):
            told = await other.until(functools.partial(told_of, other, phone.user))
            assert (told[-1]["kind"], told[-1]["state"], told[-1]["number"]) == ("request", "pending", 1)
    page = await bob.ask("request.list", group=group, limit=1)
    assert [(one["user"], one["answer"], one["name"]) for one in page["requests"]] == [(cat.user, "Cat", "Cat")]
    rest = await bob.ask("request.list", group=group, after=page["more"])
    assert [one["user"] for one in rest["requests"]] == [dan.user]
    assert [one["group"] for one in (await cat.ask("request.list"))["requests"]] == [group]
    assert (await cat.denied("request.list", group=group)).code == "not_found"
    both = [phone.send("request.approve", cid=new_cid(), group=group, user=cat.user, number=1) for phone in (ann, bob)]
    answers = await asyncio.gather(*both)
    assert sorted(a.get("error", {}).get("code", "") for a in answers) == ["", "already_decided"]
    added = await cat.own("added", group)
    assert added["how"] == "request"
    await ann.up_to(group, await cat.say(group, "hello"))
    await ann.do("request.refuse", group=group, user=dan.user, number=1)
    refused = await dan.own("request", group, nth=2)
    assert (refused["state"], refused["by"]) == ("refused", ann.user)
    assert (await dan.denied("request.create", group=group, answer="again", cid=new_cid())).code == "rate_limited"
    assert (await dan.denied("message.history", group=group)).code == "not_found"


@pytest.mark.promise("P6", "open")
async def test_an_open_door_and_a_closed_one(town: Town) -> None:
    ann, bob, cat = await town.people("ann", "bob", "cat")
    group = await town.group_of(ann)
    assert await bob.cannot("group.join", group=group) == "not_found"
    assert await bob.cannot("group.entry", group=group, entry="open") == "not_found"
    await ann.do("group.entry", group=group, entry="open")
    came = await bob.do("group.join", group=group)
    assert (await bob.own("added", group))["how"] == "open"
    await ann.up_to(group, came["pos"])
    await ann.do("group.entry", group=group, entry="invite")
    assert await cat.cannot("group.join", group=group) == "not_found"


async def test_a_request_is_withdrawn_and_what_came_by_a_revoked_invite_is_flagged(town: Town) -> None:
    ann, bob, cat = await town.people("ann", "bob", "cat")
    group = await town.group_of(ann)
    made = await ann.do("invite.create", group=group, kind="link", approval=True)
    for phone in (bob, cat):
        assert await redeem(phone, made["token"]) == "pending"
    assert not any(one.get("flagged") for one in (await ann.ask("request.list", group=group))["requests"])
    await ann.do("invite.revoke", invite=made["invite"])
    listed = (await ann.ask("request.list", group=group))["requests"]
    assert [(one["flagged"], one["invite"], one["inviter"]) for one in listed] == [(True, made["invite"], ann.user)] * 2
    assert "flagged" not in str((await bob.ask("request.list"))["requests"])
    assert (await cat.do("request.withdraw", group=group))["state"] == "withdrawn"
    assert await ann.cannot("request.approve", group=group, user=cat.user, number=1) == "already_decided"
    assert (await ann.do("request.approve", group=group, user=bob.user, number=1))["state"] == "approved"


@pytest.mark.promise("P6", "attribution")
@pytest.mark.promise("P7", "tree")
async def test_the_tree_says_who_brought_whom(town: Town) -> None:
    ann, bob, cat, dan, eve = await town.people("ann", "bob", "cat", "dan", "eve")
    group = await town.group_of(ann, bob)
    await redeem(cat, await link(bob, group))
    by_cat = await cat.do("invite.create", group=group, kind="link")
    await redeem(dan, by_cat["token"])
    await dan.do("member.leave", group=group)
    top = await ann.ask("invite.tree", group=group)
    assert top["total"] == 4
    assert [(one["user"], one["brought"], one["branch"]) for one in top["people"]] == [(ann.user, 1, 4)]
    (branch,) = (await ann.ask("invite.tree", group=group, user=ann.user, days=1))["people"]
    assert (branch["user"], branch["branch"]) == (bob.user, 3)
    assert branch.get("eligible", 0) == 0, "nobody has been there for a day"
    (leaf,) = (await ann.ask("invite.tree", group=group, user=cat.user))["people"]
    assert (leaf["user"], leaf["invite"], leaf["present"]) == (dan.user, by_cat["invite"], False)
    assert (await bob.denied("invite.tree", group=group)).code == "forbidden"
    assert (await eve.denied("invite.tree", group=group)).code == "not_found"
    assert (await ann.denied("invite.tree", group=group, user=eve.user)).code == "not_found"


@pytest.mark.promise("P7", "invite")
async def test_outsiders_learn_nothing_through_ids_they_know(town: Town) -> None:
    ann, bob, cat = await town.people("ann", "bob", "cat")
    group = await town.group_of(ann, bob)
    made = await ann.do("invite.create", group=group, kind="link")
    await ann.do("group.entry", group=group, entry="approval")
    await cat.do("request.create", group=group)
    for op, data in (
        ("invite.create", {"group": group, "kind": "link"}),
        ("invite.revoke", {"invite": made["invite"]}),
        ("group.entry", {"group": group, "entry": "open"}),
        ("request.approve", {"group": group, "user": cat.user, "number": 1}),
        ("request.refuse", {"group": group, "user": cat.user, "number": 1}),
    ):
        there = await cat.denied(op, cid=new_cid(), **data)
        nowhere = {
            k: "g" + "x" * 20 if k == "group" else "i" + "x" * 20 if k == "invite" else v for k, v in data.items()
        }
        assert there.error == (await cat.denied(op, cid=new_cid(), **nowhere)).error, op
        assert there.code == "not_found"
    assert await bob.cannot("invite.revoke", invite=made["invite"]) == "not_found"
    assert await bob.cannot("request.approve", group=group, user=cat.user, number=1) == "forbidden"
