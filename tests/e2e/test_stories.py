"""What people do with each other, from the first to the last word, as all of them see it on their own devices."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from chatd_protocol.pasted import find_invite, share_text
from tests.e2e.phone import Denied, Phone
from tests.e2e.town import Town, a_millisecond_later
from tests.hub.kit import says, texts

JUNK = """小红 2026/11/22 20:15
“‘\u200b{text}\u200b’”
—— 来自 iPhone 16 · 这是 ¥9.9 的券 ¥1234-ABCD-5678-EF¥ 不是口令
[玫瑰][玫瑰] http://example.com/i/short"""


async def everybody_has(group: str, pos: int, *phones: Phone) -> list[dict[str, Any]]:
    """All of them were pushed the same log, from where they came in, and its pages say the same. Returns one."""
    logs = [await phone.up_to(group, pos) for phone in phones]
    shortest = min(len(log) for log in logs)
    for phone, log in zip(phones, logs, strict=True):
        assert log[-shortest:] == logs[0][-shortest:], phone.sub
        assert (await phone.history(group))[-len(log) :] == log, phone.sub
    return logs[0]


async def roles(phone: Phone, group: str) -> dict[str, str]:
    """Who is in, as somebody sees it."""
    return {one["user"]: one["role"] for one in (await phone.ask("group.members", group=group))["members"]}


async def outcome(phone: Phone, op: str, **data: Any) -> str:
    """How an attempt to come in ends."""
    try:
        ok = await phone.do(op, **data)
    except Denied as refusal:
        return refusal.code
    return str(ok["result"] if "result" in ok else ok["results"][0]["result"])


async def revoked_code(phone: Phone, group: str) -> str:
    """A code that is good no longer."""
    made = await phone.do("invite.create", group=group, kind="code")
    await phone.do("invite.revoke", invite=made["invite"])
    return str(made["code"])


async def test_two_strangers_follow_each_other_and_open_a_group(town: Town) -> None:
    ann, kai = await town.person("ann"), await town.person("kai", fmt="msgpack")
    # They are strangers: nothing but being found is possible.
    await kai.do("user.handle", handle=f"kai_{kai.sub.partition('.')[2]}")
    (found,) = (await ann.ask("user.search", query=f"@kai_{kai.sub.partition('.')[2]}"))["users"]
    assert (found["user"], found["name"]) == (kai.user, "Kai")
    assert await ann.cannot("group.create", kind="direct", user=kai.user) == "not_mutual"
    mine = (await ann.do("group.create", kind="private", title="先建一个群"))["group"]
    assert await outcome(ann, "member.add", group=mine, users=[kai.user]) == "not_mutual"
    assert (await ann.ask("member.suggest", group=mine))["users"] == []
    # One follows, and it is still not enough.
    assert (await ann.do("follow.add", user=kai.user))["mutual"] is False
    assert await outcome(ann, "member.add", group=mine, users=[kai.user]) == "not_mutual"
    assert [one["user"] for one in (await kai.ask("follow.list", which="followers"))["users"]] == [ann.user]
    # The other follows back.
    assert (await kai.do("follow.add", user=ann.user))["mutual"] is True
    for phone, other in ((ann, kai), (kai, ann)):
        assert [one["user"] for one in (await phone.ask("follow.list", which="mutual"))["users"]] == [other.user]
    assert [one["user"] for one in (await ann.ask("member.suggest", group=mine))["users"]] == [kai.user]
    direct = (await kai.do("group.create", kind="direct", user=ann.user))["group"]
    assert (await ann.do("group.create", kind="direct", user=kai.user))["group"] == direct
    # Now a group of the two, which both see in the same way.
    a_millisecond_later()
    group = (await kai.do("group.create", kind="private", title="周末骑行"))["group"]
    added = await kai.do("member.add", group=group, users=[ann.user])
    assert [one["result"] for one in added["results"]] == ["added"]
    own = await ann.own("added", group)
    assert (own["by"], own["pos"]) == (kai.user, added["pos"])
    assert await roles(ann, group) == await roles(kai, group) == {kai.user: "owner", ann.user: "member"}
    hello = await kai.say(group, "你好 👋")
    answer = await ann.say(group, "Hello!", reply_to=hello)
    last = (await kai.do("reaction.add", group=group, pos=answer, emoji="🎉"))["pos"]
    log = await ann.up_to(group, last)
    assert log == (await kai.up_to(group, last))[1:], "she was not there when it was made"
    assert log[-2]["quote"] == {"pos": hello, "sender": kai.user, "type": "text", "text": "你好 👋"}
    assert log[-1]["reactions"] == [{"emoji": "🎉", "count": 1}]
    assert (await kai.line(group))["unread"] == 1, "hers, which he has not read"
    await kai.ask("read.mark", group=group, seq=2)
    for phone in (ann, kai):
        line = await phone.line(group)
        assert (line["title"], line["members"], line["unread"], line["head"]) == ("周末骑行", 2, 0, last)
        assert line["last"]["pos"] == answer
    # Who comes back on another device, in the other encoding, finds it as it was left.
    tablet = await town.phone_of(kai.sub, "tablet", "json")
    assert [line["group"] for line in tablet.hello["groups"]][:1] == [group]
    assert await tablet.history(group) == await kai.history(group)
    assert (await tablet.line(direct))["peer"] == ann.user


async def test_a_third_comes_by_a_share_text_pasted_with_junk_around_it(town: Town) -> None:
    ann, kai = await town.person("ann"), await town.person("kai", fmt="msgpack")
    mia = await town.person("mia", fmt="msgpack")
    group = await town.group_of(ann, kai, title="石榴哥粉丝群", history="none")
    await ann.say(group, "before she came")
    made = await kai.do("invite.create", group=group, kind="code", max_uses=1, note="微博")
    pasted = JUNK.format(text=share_text("石榴哥粉丝群", made["code"]).lower().replace("-", " "))
    found = find_invite(pasted)
    assert found is not None
    assert found.secret == made["code"]
    # Looking costs nothing, and shows no more than the cover.
    look = await mia.ask("invite.preview", secret=found.secret)
    assert (look["title"], look["members"], look["inviter"], look["name"]) == ("石榴哥粉丝群", 2, kai.user, "Kai")
    assert await roles(ann, group) == {ann.user: "owner", kai.user: "member"}
    wrong = await revoked_code(kai, group)
    slip = found.secret[:-1] + ("2" if found.secret[-1] != "2" else "3")
    assert find_invite(share_text("石榴哥粉丝群", slip)) is None, "one wrong character"
    assert await outcome(mia, "invite.redeem", secret=wrong) == "invite_invalid"
    came = await mia.do("invite.redeem", secret=found.secret)
    assert (came["group"], came["result"]) == (group, "added")
    # Everybody learns who brought her; she sees what is said from there on.
    joined = [{"user": mia.user, "by": kai.user, "how": "invite"}]
    for phone in (ann, kai, mia):
        entry = (await phone.up_to(group, came["pos"]))[-1]
        assert (entry["kind"], entry["joined"], entry["count"]) == ("members", joined, 3)
    own = await mia.own("added", group)
    assert (own["by"], own["how"], own["pos"]) == (kai.user, "invite", came["pos"])
    said = await mia.say(group, "我来了")
    log = await everybody_has(group, said, mia)
    assert [entry["kind"] for entry in log] == ["members", "message"]
    assert not says(mia, "before she came")
    await ann.up_to(group, said)
    (brought,) = (await ann.ask("invite.tree", group=group, user=kai.user))["people"]
    assert (brought["user"], brought["invite"]) == (mia.user, made["invite"])
    # The one use is gone, for a fourth as for whoever never had the code.
    (listed,) = [one for one in (await ann.ask("invite.list", group=group, all=True))["invites"] if one["uses"]]
    assert (listed["uses"], listed["state"], listed["note"]) == (1, "used_up", "微博")
    eve = await town.person("eve")
    used_up = await eve.denied("invite.preview", secret=found.secret)
    assert used_up.error == (await eve.denied("invite.preview", secret=wrong)).error
    assert await outcome(mia, "invite.redeem", secret=found.secret) == "already"


async def test_the_owner_leaves(town: Town) -> None:
    ann, kai, mia = await town.person("ann", fmt="msgpack"), await town.person("kai"), await town.person("mia")
    group = await town.group_of(ann, kai, mia, history="none")
    link = (await ann.do("invite.create", group=group, kind="link"))["token"]
    assert await ann.cannot("member.leave", group=group) == "owner_must_stay"
    assert await kai.cannot("member.leave", group=group, successor=mia.user) == "forbidden"
    assert await roles(kai, group) == {ann.user: "owner", kai.user: "member", mia.user: "member"}
    goodbye = await ann.say(group, "my last word")
    tablet = await town.phone_of(ann.sub, "tablet", "json")
    out = (await ann.do("member.leave", group=group, successor=kai.user))["pos"]
    log = await everybody_has(group, out, kai, mia)
    owner, left = log[-2:]
    assert (owner["kind"], owner["user"], owner["before"]) == ("owner", kai.user, ann.user)
    assert (left["kind"], left["left"], left["count"]) == ("members", [{"user": ann.user}], 2)
    assert (await mia.up_to(group, out))[-2:] == [owner, left]
    assert await roles(mia, group) == {kai.user: "owner", mia.user: "member"}
    # She sees that she is out, on all her devices, and then nothing.
    for device in (ann, tablet):
        removed = await device.own("removed", group)
        assert (removed["pos"], removed["why"]) == (out, "left")
        assert (await device.denied("message.history", group=group)).code == "not_found"
    await kai.say(group, "now that she is gone")
    await ann.settle()
    assert not says(ann, "now that she is gone")
    assert texts(ann.entries[group])[-1:] == ["my last word"]
    # The new owner can what she could, and her invites live on.
    await kai.do("group.update", group=group, title="Kai's")
    await kai.do("member.role", group=group, user=mia.user, role="admin")
    assert await kai.cannot("member.leave", group=group) == "owner_must_stay"
    nils = await town.person("nils", fmt="msgpack")
    assert (await nils.do("invite.redeem", secret=link))["result"] == "added"
    assert (await nils.own("added", group))["by"] == ann.user
    assert await outcome(ann, "invite.redeem", secret=link) == "invite_invalid", "nobody invites themselves"
    came = await kai.do("member.add", group=group, users=[ann.user])
    assert (await roles(kai, group))[ann.user] == "member"
    assert await ann.cannot("group.transfer", group=group, user=ann.user) == "forbidden"
    await ann.up_to(group, came["pos"])
    assert goodbye not in [entry["pos"] for entry in await ann.history(group)], "her earlier stay stays hidden"
    # The next owner vanishes without a word: the admin comes next.
    await town.server.hub.disable(kai.user, True)
    head = await mia.until(lambda: mia.entries[group][-1]["kind"] == "owner" and mia.cursor[group])
    heir = (await ann.up_to(group, head))[-1]
    assert (heir["user"], heir["before"], "by" in heir) == (mia.user, kai.user, False)
    assert (await mia.ask("group.get", group=group))["owner"] == mia.user


@pytest.mark.promise("P7", "block")
async def test_somebody_blocked_tries_every_way_in(town: Town) -> None:
    ann, kai = await town.person("ann"), await town.person("kai", fmt="msgpack")
    eve = await town.person("eve", fmt="msgpack")
    await town.befriend(ann, eve)
    direct = (await eve.do("group.create", kind="direct", user=ann.user))["group"]
    group = await town.group_of(ann, kai, title="Without Eve")
    link, code = [await ann.do("invite.create", group=group, kind=kind) for kind in ("link", "code")]
    await ann.do("block.add", user=eve.user)
    directed = await ann.do("invite.create", group=group, kind="directed", user=eve.user)
    shown = len(ann.messages)
    # Whatever Ann made is as good as expired, in the same words, and nothing says that she is the reason.
    nobody = (await eve.denied("invite.preview", secret="2" * 22)).error
    pasted = find_invite(JUNK.format(text=share_text("Without Eve", code["code"])))
    assert pasted is not None
    for secret in (link["token"], code["code"], pasted.secret):
        assert (await eve.denied("invite.preview", secret=secret)).error == nobody
        assert await outcome(eve, "invite.redeem", secret=secret) == "invite_invalid"
    assert await outcome(eve, "invite.redeem", invite=directed["invite"]) == "invite_invalid"
    for op in ("group.join", "request.create"):
        assert await outcome(eve, op, group=group) == "not_found"
    assert await outcome(ann, "member.add", group=group, users=[eve.user]) == "not_mutual"
    home = (await eve.do("group.create", kind="private", title="Come to me"))["group"]
    assert await outcome(eve, "member.add", group=home, users=[ann.user]) == "not_mutual"
    asked = await eve.do("invite.create", group=home, kind="directed", user=ann.user)
    assert await eve.cannot("message.send", group=direct, kind="text", body={"text": "why?"}) == "read_only"
    await eve.do("follow.remove", user=ann.user)
    assert (await eve.do("follow.add", user=ann.user))["following"] is True
    await eve.do("contact.request", user=ann.user, text="let me explain")
    await ann.settle()
    assert (await ann.ask("contact.list"))["requests"] == []
    assert not [message for message in ann.messages[shown:] if asked["invite"] in str(message)]
    assert await roles(ann, group) == {ann.user: "owner", kai.user: "member"}
    # The page of the link is what it is for everybody: a page does not know who looks.
    async with httpx.AsyncClient() as browser:
        page = await browser.get(f"{town.server.http_url}/i/{link['token']}")
    assert (page.status_code, "Without Eve" in page.text) == (200, True)


@pytest.mark.promise("P6", "banned")
async def test_somebody_banned_tries_every_way_in(town: Town) -> None:
    ann, kai = await town.person("ann", fmt="msgpack"), await town.person("kai")
    eve = await town.person("eve", fmt="msgpack")
    group = await town.group_of(ann, kai, title="Without Eve")
    nobody = (await eve.denied("invite.preview", secret="2" * 22)).error
    await ann.do("block.add", user=eve.user)
    # A friend could let her in, for a block is between two; a ban is for the group, by every way.
    await town.befriend(kai, eve)
    by_kai = (await kai.do("invite.create", group=group, kind="link"))["token"]
    assert (await eve.ask("invite.preview", secret=by_kai))["inviter"] == kai.user
    assert (await ann.do("member.ban", group=group, user=eve.user, reason="spam"))["banned"] is True
    assert (await eve.denied("invite.preview", secret=by_kai)).error == nobody
    assert await outcome(eve, "invite.redeem", secret=by_kai) == "invite_invalid"
    assert await outcome(kai, "member.add", group=group, users=[eve.user]) == "banned"
    for entry in ("open", "approval"):
        await ann.do("group.entry", group=group, entry=entry)
        assert await outcome(eve, "group.join", group=group) == "not_found"
        assert await outcome(eve, "request.create", group=group) == "not_found"
        assert await outcome(eve, "invite.redeem", secret=by_kai) == "invite_invalid"
    assert (await ann.ask("request.list", group=group))["requests"] == []
    assert await eve.ask("group.list") == await eve.ask("group.list", archived=False)
    assert [e for e in eve.mine if e.get("group") == group] == []
    assert not says(eve, group)
    # Forgiven, she comes in like anybody.
    await ann.do("group.entry", group=group, entry="invite")
    await ann.do("member.unban", group=group, user=eve.user)
    assert await outcome(eve, "invite.redeem", secret=by_kai) == "added"
    assert (await eve.own("added", group))["by"] == kai.user
