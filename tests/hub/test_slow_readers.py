"""Readers that stop reading: they cost little, delay nobody, and lose nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatd.hub.feed import State
from tests.e2e.phone import Phone, new_cid
from tests.e2e.town import Town, living_town, on_loop
from tests.hub.kit import held_outcomes, says, session_of, texts

NARROW = {"write_high_bytes": 16_384, "write_low_bytes": 4096, "send_buffer_bytes": 8192}
PAGE = {"ring_entries": 16, "page_entries": 8}
SETTINGS = {"ws": NARROW, "hub": PAGE}
STORES = ["sqlite", "postgresql"]
TEXT = "x" * 1500
UNSENT_MAX = NARROW["write_high_bytes"] + PAGE["page_entries"] * (len(TEXT) + 300)
"""What one who does not read may cost: a full buffer, and the page that filled it."""


async def stall_until_behind(town: Town, ann: Phone, slow: Phone, group: str) -> None:
    """Let `slow` stop reading, and `ann` talk until the server notices."""
    slow.stall()
    follow = session_of(town.server.hub, slow).follows[group]
    for _ in range(500):
        await ann.say(group, TEXT)
        if follow.state is State.BEHIND and not follow.session.socket.writable:
            return
    raise AssertionError("nobody fell behind")


async def slow_group(town: Town) -> tuple[Phone, Phone, Phone, str]:
    """A group of somebody who talks, somebody who listens, and somebody whose window is small."""
    ann, cat = await town.people("ann", "cat")
    bob = await town.person("bob", receive_buffer_bytes=4096)
    return ann, bob, cat, await town.group_of(ann, bob, cat)


@pytest.mark.promise("P5", "stall.loses_nothing", "stall.memory", "stall.others")
@pytest.mark.promise("P4", "behind.store", "behind.ring")
async def test_who_stalls_falls_behind_costs_little_and_loses_nothing(town: Town) -> None:
    ann, bob, cat, group = await slow_group(town)
    before = town.server.hub.fell_behind
    await stall_until_behind(town, ann, bob, group)
    session = session_of(town.server.hub, bob)
    most = pos = 0
    for number in range(200):
        pos = await ann.say(group, f"{number} {TEXT}")
        most = max(most, session.socket.unsent_bytes() + len(session.outbox))
    await cat.up_to(group, pos)
    assert bob.cursor[group] < pos - 100
    assert 0 < most <= UNSENT_MAX
    assert town.server.hub.fell_behind == before + 1
    assert len(town.server.hub.feeds[group].ring or ()) == PAGE["ring_entries"]
    seen = bob.cursor[group]
    bob.read_on()
    await bob.up_to(group, seen + 20)
    bob.stall()
    for _ in range(30):
        await cat.settle()
    assert session.socket.unsent_bytes() + len(session.outbox) <= UNSENT_MAX, "pages come at the pace of who reads"
    assert session.follows[group].state is State.BEHIND
    bob.read_on()
    await bob.up_to(group, pos)
    assert bob.entries[group][-pos + 3 :] == cat.entries[group][-pos + 3 :]
    assert session.follows[group].state is State.LIVE
    assert town.server.hub.pages.reads > 0
    await ann.say(group, "and live again")
    assert (await bob.up_to(group, pos + 1))[-1]["body"]["text"] == "and live again"


@pytest.mark.promise("P5", "stall.memory")
async def test_one_who_stalls_in_many_groups_costs_no_more(town: Town) -> None:
    ann, bob, _, group = await slow_group(town)
    others = [await town.group_of(ann, bob) for _ in range(10)]
    await stall_until_behind(town, ann, bob, group)
    session = session_of(town.server.hub, bob)
    ends = {}
    for other in others:
        ends[other] = max([await ann.say(other, TEXT) for _ in range(20)])
        assert session.socket.unsent_bytes() + len(session.outbox) <= UNSENT_MAX
    bob.read_on()
    for other, pos in ends.items():
        await bob.up_to(other, pos)
    assert session.socket.unsent_bytes() <= UNSENT_MAX


@on_loop
@pytest.mark.promise("P5", "stall.timeout")
@pytest.mark.promise("P4", "resume.store")
async def test_who_takes_no_byte_for_too_long_is_closed_and_resumes_exactly(sqlite_url: str, tmp_path: Path) -> None:
    async with living_town(sqlite_url, tmp_path, ws=NARROW | {"stall_timeout_s": 0.5}, hub=PAGE) as town:
        ann, bob, cat, group = await slow_group(town)
        await stall_until_behind(town, ann, bob, group)
        session = session_of(town.server.hub, bob)
        while session.socket._open:  # type: ignore[attr-defined]
            await cat.settle()
        bob.read_on()
        assert await bob.closed() == 4000
        pos = await ann.say(group, "while away")
        before = bob.cursor[group]
        again = await town.back(bob)
        await again.up_to(group, pos)
        assert again.entries[group][0]["pos"] == before + 1
        assert texts(bob.entries[group] + again.entries[group]) == texts(cat.entries[group])


@on_loop
@pytest.mark.promise("P5", "stall.timeout")
async def test_who_stalls_and_never_reads_again_is_dropped(sqlite_url: str, tmp_path: Path) -> None:
    short = NARROW | {"stall_timeout_s": 0.3, "close_timeout_s": 0.3}
    async with living_town(sqlite_url, tmp_path, ws=short, hub=PAGE) as town:
        ann, bob, cat, group = await slow_group(town)
        await stall_until_behind(town, ann, bob, group)
        while bob.user in town.server.hub.people:
            await cat.settle()
        bob.read_on()
        await bob.closed()
        again = await town.back(bob)
        pos = await ann.say(group, "the last one")
        await again.up_to(group, pos)
        assert texts(bob.entries[group] + again.entries[group]) == texts(cat.entries[group])


@on_loop
@pytest.mark.parametrize("ring_entries", [1, 256], ids=["store", "ring"])
@pytest.mark.promise("P9", "behind.store", "behind.ring")
async def test_what_was_recalled_while_somebody_was_behind_is_never_sent_to_them(
    sqlite_url: str, tmp_path: Path, ring_entries: int
) -> None:
    hub = PAGE | {"ring_entries": ring_entries}
    async with living_town(sqlite_url, tmp_path, ws=NARROW, hub=hub) as town:
        ann, bob, cat, group = await slow_group(town)
        await stall_until_behind(town, ann, bob, group)
        regretted = await ann.say(group, "regretted")
        quoting = await ann.say(group, "quoting", reply_to=regretted)
        edited = await ann.say(group, "badly worded")
        await ann.do("message.edit", group=group, pos=edited, text="well put")
        last = (await ann.do("message.recall", group=group, pos=regretted))["pos"]
        bob.read_on()
        seen = {entry["pos"]: entry for entry in await bob.up_to(group, last)}
        assert not says(bob, "regretted")
        assert not says(bob, "badly worded")
        assert "body" not in seen[regretted]
        assert seen[regretted]["recalled"]["by"] == ann.user
        assert seen[quoting]["quote"] == {"pos": regretted, "sender": ann.user, "type": "text", "recalled": True}
        assert seen[edited]["body"] == {"text": "well put"}
        assert seen[last]["kind"] == "recall"
        assert cat.cursor[group] == last


@pytest.mark.promise("P7", "behind")
async def test_who_is_put_out_while_behind_gets_nothing_more(town: Town) -> None:
    ann, bob, _, group = await slow_group(town)
    await stall_until_behind(town, ann, bob, group)
    await ann.say(group, "not for bob, as he never asked for it")
    await ann.do("member.kick", group=group, user=bob.user)
    await ann.say(group, "behind his back")
    bob.read_on()
    out = await bob.own("removed", group)
    await bob.settle()
    assert not says(bob, "behind his back")
    assert all(entry["pos"] < out["pos"] for entry in bob.entries[group])
    end = next(i for i, m in enumerate(bob.messages) if m.get("ev") == "mine" and "removed" in str(m))
    assert all(m.get("ev") != "entries" for m in bob.messages[end:])


@pytest.mark.promise("P4", "behind.own_log")
async def test_one_who_stalls_gets_all_of_their_own_log_first(town: Town) -> None:
    ann, bob, _, group = await slow_group(town)
    await stall_until_behind(town, ann, bob, group)
    more = []
    for _ in range(5):
        more.append(str((await ann.do("group.create", kind="private", title="More"))["group"]))
        await ann.do("member.add", group=more[-1], users=[bob.user])
        await ann.say(more[-1], "welcome")
    bob.read_on()
    for other in more:
        await bob.up_to(other, 3)
        added = await bob.own("added", other)
        assert [e["pos"] for e in bob.entries[other]] == [added["pos"], added["pos"] + 1]
    order = [(m["ev"], e.get("group")) for m in bob.messages if m.get("ev") == "mine" for e in m["data"]["entries"]]
    assert [group for _, group in order[-5:]] == more


@pytest.mark.promise("P5", "stall.memory")
async def test_one_who_stalls_is_not_sent_their_own_log_either(town: Town) -> None:
    ann, bob, _, group = await slow_group(town)
    direct = (await ann.do("group.create", kind="direct", user=bob.user))["group"]
    await stall_until_behind(town, ann, bob, group)
    session = session_of(town.server.hub, bob)
    answers = [ann.send(op, user=bob.user, cid=new_cid()) for _ in range(150) for op in ("follow.remove", "follow.add")]
    for answer in answers:
        await ann.answer_to(answer)
    assert session.socket.unsent_bytes() + len(session.outbox) <= UNSENT_MAX
    bob.read_on()
    await bob.own("direct", direct, nth=300)
    assert [entry["upos"] for entry in bob.mine] == list(range(1, bob.mine_cursor[0] + 1))


@pytest.mark.promise("P4", "behind.own_log")
async def test_the_own_log_is_not_read_beyond_what_is_published(town: Town) -> None:
    ann, bob, _, group = await slow_group(town)
    await stall_until_behind(town, ann, bob, group)
    more = (await ann.do("group.create", kind="private", title="More"))["group"]
    await ann.do("member.add", group=more, users=[bob.user])
    with held_outcomes(town.server):
        await ann.do("member.kick", group=group, user=bob.user)
        bob.read_on()
        await bob.own("added", more)
        await bob.settle()
    await bob.own("removed", group)
    await bob.settle()
    told = [message["data"] for message in bob.messages if message.get("ev") in ("mine", "entries")]
    out = next(i for i, data in enumerate(told) if any(e["kind"] == "removed" for e in data["entries"]))
    assert all(data.get("group") != group for data in told[out:]), "no entry of a group comes behind its `removed`"
