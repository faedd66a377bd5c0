"""Rights, owners, bans, announcements, public groups, and the end of a group, as people meet them over the wire."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chatd.core.rights import DEFAULT_RIGHTS
from chatd.hub.endings import JOB
from chatd_protocol.codec import Format
from tests.e2e.phone import Phone
from tests.e2e.test_groups import members_of
from tests.e2e.test_outside import OF_A_GROUP, refusal
from tests.e2e.town import Town, living_town, on_loop
from tests.hub.kit import says

FORMATS: tuple[Format, ...] = ("json", "msgpack")


async def entry(phone: Phone, group: str, pos: int) -> dict[str, Any]:
    """One entry as it was pushed to somebody."""
    return next(e for e in await phone.up_to(group, pos) if e["pos"] == pos)


@pytest.mark.parametrize("fmt", FORMATS)
async def test_the_owner_decides_who_may_write_and_everybody_learns_it(town: Town, fmt: Format) -> None:
    ann, bob = await town.person("ann", fmt=fmt), await town.person("bob", fmt=fmt)
    group = await town.group_of(ann, bob)
    assert (await bob.ask("group.get", group=group))["rights"] == DEFAULT_RIGHTS
    await ann.do("member.role", group=group, user=bob.user, role="admin")
    assert await bob.cannot("group.update", group=group, rights={"post": "member"}) == "forbidden"
    pos = (await ann.do("group.update", group=group, rights={"post": "owner", "pull": "admin"}))["pos"]
    changed = await entry(bob, group, pos)
    assert changed["rights"] == DEFAULT_RIGHTS | {"post": "owner", "pull": "admin"}
    denied = await bob.denied(
        "message.send", group=group, kind="text", body={"text": "?"}, cid="AAECAwQFBgcICQoLDA0ODA"
    )
    assert (denied.code, denied.details) == ("forbidden", {"right": "post"})
    await ann.say(group, "only me")
    for wrong in ({"post": "silent"}, {"edit": "member"}, {"dance": "owner"}, {}):
        assert await ann.cannot("group.update", group=group, rights=wrong) == "invalid"


@pytest.mark.parametrize("fmt", FORMATS)
async def test_a_silent_viewer_sees_everything_and_writes_nothing(town: Town, fmt: Format) -> None:
    ann, bob = await town.person("ann", fmt=fmt), await town.person("bob", fmt=fmt)
    group = await town.group_of(ann, bob)
    mine = await bob.say(group, "while I could")
    pos = (await ann.do("member.role", group=group, user=bob.user, role="silent"))["pos"]
    assert (await entry(bob, group, pos))["role"] == "silent"
    said = await ann.say(group, "listen")
    assert (await entry(bob, group, said))["body"] == {"text": "listen"}
    assert await bob.cannot("message.send", group=group, kind="text", body={"text": "?"}) == "forbidden"
    assert await bob.cannot("message.edit", group=group, pos=mine, text="?") == "forbidden"
    assert await bob.cannot("reaction.add", group=group, pos=said, emoji="👍") == "forbidden"
    assert await bob.cannot("member.add", group=group, users=[ann.user]) == "forbidden"
    await bob.do("message.recall", group=group, pos=mine)
    assert (await bob.line(group))["role"] == "silent"
    await bob.do("member.leave", group=group)
    again = (await ann.do("member.add", group=group, users=[bob.user]))["pos"]
    assert (await entry(ann, group, again))["joined"] == [{"user": bob.user, "by": ann.user, "role": "silent"}]
    assert await bob.cannot("message.send", group=group, kind="text", body={"text": "?"}) == "forbidden"


@pytest.mark.parametrize("fmt", FORMATS)
async def test_a_group_is_handed_over_and_its_owner_leaves_with_a_successor(town: Town, fmt: Format) -> None:
    ann, bob, cat = [await town.person(name, fmt=fmt) for name in ("ann", "bob", "cat")]
    group = await town.group_of(ann, bob, cat)
    assert await bob.cannot("group.transfer", group=group, user=bob.user) == "forbidden"
    pos = (await ann.do("group.transfer", group=group, user=bob.user))["pos"]
    shown = await entry(cat, group, pos)
    assert {key: shown[key] for key in ("kind", "by", "user", "before", "role")} == {
        "kind": "owner",
        "by": ann.user,
        "user": bob.user,
        "before": ann.user,
        "role": "admin",
    }
    assert await members_of(cat, group) == {ann.user: "admin", bob.user: "owner", cat.user: "member"}
    assert await bob.cannot("member.leave", group=group) == "owner_must_stay"
    assert await bob.cannot("member.leave", group=group, successor="u" + "x" * 22) == "not_found"
    out = (await bob.do("member.leave", group=group, successor=cat.user))["pos"]
    await ann.up_to(group, out)
    assert await members_of(ann, group) == {ann.user: "admin", cat.user: "owner"}
    assert (await ann.ask("group.get", group=group))["owner"] == cat.user
    assert (await bob.own("removed", group))["why"] == "left"
    assert await bob.cannot("group.transfer", group=group, user=bob.user) == "not_found"


@pytest.mark.parametrize("fmt", FORMATS)
async def test_an_announcement_rules_and_a_picture_are_shown_to_whoever_asks(town: Town, fmt: Format) -> None:
    ann, bob = await town.person("ann", fmt=fmt), await town.person("bob", fmt=fmt)
    group = await town.group_of(ann, bob)
    assert "announcement" not in await bob.ask("group.get", group=group)
    assert await bob.cannot("group.announce", group=group, text="mine") == "forbidden"
    done = await ann.do("group.announce", group=group, text="今晚八点\n直播")
    assert (await entry(bob, group, done["pos"]))["text"] == "今晚八点\n直播"
    pos = (await ann.do("group.update", group=group, rules="不许打广告", avatar="https://img.example/a.png"))["pos"]
    assert (await entry(bob, group, pos))["rules"] == "不许打广告"
    about = await bob.ask("group.get", group=group)
    assert about["announcement"].items() >= {"text": "今晚八点\n直播", "version": 1, "by": ann.user}.items()
    assert (about["rules"], about["line"]["avatar"]) == ("不许打广告", "https://img.example/a.png")
    await ann.do("group.announce", group=group, text="  ")
    await ann.do("group.update", group=group, avatar="")
    about = await bob.ask("group.get", group=group)
    assert "announcement" not in about
    assert "avatar" not in about["line"]
    for wrong in ("javascript:alert(1)", "//img.example/a", "https://a b", "https://a/" + "x" * 500):
        assert await ann.cannot("group.update", group=group, avatar=wrong) == "invalid"


@pytest.mark.promise("P6", "banned")
@pytest.mark.promise("P7", "bans")
@pytest.mark.parametrize("fmt", FORMATS)
async def test_who_is_banned_is_out_and_stays_out_until_it_is_lifted(town: Town, fmt: Format) -> None:
    ann, bob, cat = [await town.person(name, fmt=fmt) for name in ("ann", "bob", "cat")]
    group = await town.group_of(ann, bob, cat)
    await ann.do("member.role", group=group, user=cat.user, role="admin")
    assert await bob.cannot("member.ban", group=group, user=cat.user) == "forbidden"
    assert await cat.cannot("member.ban", group=group, user=ann.user) == "forbidden"
    out = (await cat.do("member.ban", group=group, user=bob.user, reason="selling", tell=True))["pos"]
    removed = await bob.own("removed", group)
    assert (removed["why"], removed["reason"], removed["by"], removed["pos"]) == ("banned", "selling", cat.user, out)
    shown = await entry(ann, group, out)
    assert shown["left"] == [{"user": bob.user, "by": cat.user}], "that it was a ban is not for all"
    results = (await ann.do("member.add", group=group, users=[bob.user]))["results"]
    assert results == [{"user": bob.user, "result": "banned"}]
    listed = (await cat.ask("member.bans", group=group))["bans"]
    assert [(one["user"], one["by"], one["reason"]) for one in listed] == [(bob.user, cat.user, "selling")]
    await ann.do("member.role", group=group, user=cat.user, role="member")
    assert (await cat.denied("member.bans", group=group)).code == "forbidden"
    assert (await bob.denied("member.bans", group=group)).code == "not_found"
    assert await cat.cannot("member.unban", group=group, user=bob.user) == "forbidden"
    await ann.do("member.unban", group=group, user=bob.user)
    assert (await ann.ask("member.bans", group=group))["bans"] == []
    assert (await ann.do("member.add", group=group, users=[bob.user]))["results"][0]["result"] == "added"


async def test_bans_are_paged_by_id(town: Town) -> None:
    ann = await town.person("ann")
    others = await town.people(*"abcde")
    group = await town.group_of(ann)
    for other in others:
        await ann.do("member.ban", group=group, user=other.user)
    seen: list[str] = []
    more: dict[str, str] = {}
    while True:
        page = await ann.ask("member.bans", group=group, limit=2, **more)
        assert len(page["bans"]) <= 2
        seen += [one["user"] for one in page["bans"]]
        if "more" not in page:
            break
        more = {"after": page["more"]}
    assert seen == sorted(other.user for other in others)


@pytest.mark.promise("P7", "find")
@pytest.mark.parametrize("fmt", FORMATS)
async def test_public_groups_are_found_by_strangers_and_private_ones_never(town: Town, fmt: Format) -> None:
    ann, eve = await town.person("ann", fmt=fmt), await town.person("eve", fmt=fmt)
    tag = f"标{ann.user[1:9]}"
    made = await ann.do("group.create", kind="public", title=f"周末骑行 Rides {tag}", intro="每周六")
    hidden = await town.group_of(ann, title=f"周末骑行 Rides {tag}")
    for query in (f"骑行 {tag}", f"RIDE {tag}", f"ｒｉｄｅｓ {tag}", tag):
        (found,) = (await eve.ask("group.find", text=query))["groups"]
        assert found == {
            "group": made["group"],
            "title": f"周末骑行 Rides {tag}",
            "members": 1,
            "limit": 1000,
            "intro": "每周六",
        }
    assert (await ann.ask("group.find", text=tag))["groups"][0]["joined"] is True
    assert (await eve.ask("group.find", text=f"行骑 {tag}"))["groups"] == []
    assert (await eve.denied("group.get", group=made["group"])).code == "not_found"
    await ann.do("group.update", group=made["group"], title=f"Cooking {tag}")
    assert (await eve.ask("group.find", text=f"骑行 {tag}"))["groups"] == []
    assert len((await eve.ask("group.find", text=f"cook {tag}"))["groups"]) == 1
    await ann.do("group.dissolve", group=made["group"])
    assert (await eve.ask("group.find", text=tag))["groups"] == []
    assert (await ann.line(hidden))["kind"] == "private"
    for wrong in ("nonsense", "x:g", "9" * 30 + ":g"):
        assert (await eve.denied("group.find", text=tag, after=wrong)).details["path"] == "$.data.after"


async def test_what_is_found_is_paged_the_largest_first(town: Town) -> None:
    ann, bob, eve = await town.people("ann", "bob", "eve")
    tag = f"页{ann.user[1:9]}"
    groups = [(await ann.do("group.create", kind="public", title=f"{tag} {n}"))["group"] for n in range(5)]
    await town.befriend(ann, bob)
    await ann.do("member.add", group=groups[3], users=[bob.user])
    seen: list[str] = []
    more: dict[str, str] = {}
    while True:
        page = await eve.ask("group.find", text=tag, limit=2, **more)
        seen += [one["group"] for one in page["groups"]]
        if "more" not in page:
            break
        more = {"after": page["more"]}
    assert seen == [groups[3], *sorted(g for g in groups if g != groups[3])]


@on_loop
@pytest.mark.promise("P6", "dissolved")
@pytest.mark.promise("P7", "dissolved")
async def test_a_dissolved_group_is_read_only_and_then_gone_by_every_path(store_url: str, tmp_path: Path) -> None:
    hub = {"heads_interval_s": 0.05}
    async with living_town(store_url, tmp_path, hub=hub, groups={"dissolved_keep_days": 0}) as town:
        ann, bob, cat = await town.people("ann", "bob", "cat")
        group = await town.group_of(ann, bob, title="Inner circle")
        await town.befriend(ann, cat)
        other = await town.phone_of(bob.sub, "other", "msgpack")
        seen = await ann.say(group, "while it lasted")
        await bob.do("reaction.add", group=group, pos=seen, emoji="🎉")
        assert await bob.cannot("group.dissolve", group=group) == "forbidden"
        ended = await ann.do("group.dissolve", group=group)
        assert (await entry(bob, group, ended["pos"]))["until"] == ended["until"]
        line = await bob.line(group)
        assert (line["read_only"], line["gone_at"]) == (True, ended["until"])
        assert [e["pos"] for e in await bob.history(group)] == list(range(2, ended["pos"] + 1))
        for op, data in (
            ("message.send", {"kind": "text", "body": {"text": "?"}}),
            ("message.recall", {"pos": seen}),
            ("message.forward", {"source": group, "positions": [seen]}),
            ("pin.add", {"pos": seen}),
            ("feature.add", {"pos": seen}),
            ("reaction.remove", {"pos": seen, "emoji": "🎉"}),
            ("member.add", {"users": [cat.user]}),
            ("group.update", {"title": "Reborn"}),
            ("group.announce", {"text": "?"}),
            ("group.dissolve", {}),
            ("group.transfer", {"user": bob.user}),
            ("group.slow", {"slow_s": 5}),
            ("member.restrict", {"user": bob.user}),
        ):
            phone = bob if op == "reaction.remove" else ann
            assert await phone.cannot(op, group=group, **data) == "read_only", op
        cursors = bob.cursors()
        town.server.hub.jobs.wake(JOB)
        for phone in (ann, bob, other):
            assert (await phone.own("removed", group))["why"] == "dissolved"
            for op in OF_A_GROUP:
                assert (await refusal(phone, op, group)).code == "not_found", op
            assert (await phone.ask("group.list"))["groups"] == []
        later = await town.phone_of(bob.sub, "later", **cursors)
        fresh = await town.phone_of(bob.sub, "fresh")
        for phone in (later, fresh):
            await phone.settle()
            assert phone.hello["groups"] == []
            assert group not in phone.entries
            assert not says(phone, "while it lasted")
        assert (await later.own("removed", group))["why"] == "dissolved"


async def test_owner_and_members_may_leave_a_dissolved_group_at_once(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    await ann.do("group.dissolve", group=group)
    await ann.do("member.leave", group=group)
    assert (await ann.own("removed", group))["why"] == "left"
    assert list(await members_of(bob, group)) == [bob.user]
    await bob.do("member.leave", group=group)
    assert (await bob.ask("group.list"))["groups"] == []
