"""People who do not follow each other: asking for a chat, and whom one could pull in."""

from __future__ import annotations

import pytest

from chatd_protocol.codec import Format
from tests.e2e.town import Town


@pytest.mark.parametrize("fmt", ["json", "msgpack"])
async def test_a_stranger_asks_is_heard_and_the_two_talk(town: Town, fmt: Format) -> None:
    ann, ben = await town.person("ann", fmt=fmt), await town.person("ben", fmt=fmt)
    assert await ann.cannot("group.create", kind="direct", user=ben.user) == "not_mutual"
    assert (await ann.do("contact.request", user=ben.user, text="about the tea"))["state"] == "sent"
    await ben.until(lambda: [e for e in ben.mine if e["kind"] == "contact"])
    (waiting,) = (await ben.ask("contact.list"))["requests"]
    assert (waiting["user"], waiting["text"]) == (ann.user, "about the tea")
    group = (await ben.do("contact.accept", user=ann.user))["group"]
    assert [e["body"]["text"] for e in await ann.history(group) if e["kind"] == "message"] == ["about the tea"]
    await ben.up_to(group, await ann.say(group, "and the cups"))
    assert (await ben.ask("contact.list"))["requests"] == []
    await ben.do("block.add", user=ann.user)
    assert await ann.cannot("message.send", group=group, kind="text", body={"text": "?"}) == "read_only"


async def test_who_declines_is_not_asked_again_and_the_asker_sees_no_difference(town: Town) -> None:
    ann, ben, cat = await town.people("ann", "ben", "cat")
    await cat.do("block.add", user=ann.user)
    answers = [await ann.do("contact.request", user=other.user) for other in (ben, cat)]
    await ben.do("contact.decline", user=ann.user)
    again = [await ann.do("contact.request", user=other.user) for other in (ben, cat)]
    assert [a["state"] for a in answers + again] == ["sent", "sent", "already", "already"]
    assert (await ben.ask("contact.list"))["requests"] == (await cat.ask("contact.list"))["requests"] == []
    await cat.settle()
    assert [e["kind"] for e in cat.mine] == []


async def test_who_blocks_after_the_question_does_not_see_it_any_more(town: Town) -> None:
    ann, ben = await town.people("ann", "ben")
    await ann.do("contact.request", user=ben.user)
    await ben.do("block.add", user=ann.user)
    assert (await ben.ask("contact.list"))["requests"] == []
    assert await ben.cannot("contact.accept", user=ann.user) == "not_mutual"


async def test_whom_one_has_blocked_one_does_not_ask_and_an_older_question_waits_for_nobody(town: Town) -> None:
    ann, ben = await town.people("ann", "ben")
    assert (await ann.do("contact.request", user=ben.user))["state"] == "sent"
    await ann.do("block.add", user=ben.user)
    assert (await ben.ask("contact.list"))["requests"] == []
    assert await ben.cannot("contact.accept", user=ann.user) == "not_mutual"
    assert await ann.cannot("contact.request", user=ben.user) == "not_mutual"


async def test_who_wants_no_questions_gets_none_and_friends_talk_all_the_same(town: Town) -> None:
    ann, ben, cat = await town.people("ann", "ben", "cat")
    await town.befriend(ben, cat)
    chosen = await ben.do("privacy.set", requests=False)
    assert chosen["requests"] is (await ben.ask("privacy.get"))["requests"] is False
    assert await ann.cannot("contact.request", user=ben.user) == "not_mutual"
    assert (await cat.do("group.create", kind="direct", user=ben.user))["created"] is True
    await ben.do("privacy.set", requests=True)
    assert (await ann.do("contact.request", user=ben.user))["state"] == "sent"


@pytest.mark.promise("P6", "suggest")
async def test_those_are_suggested_who_could_be_pulled_in_nearest_first(town: Town) -> None:
    ann, near, far, stranger, blocker, inside = await town.people("ann", "near", "far", "stranger", "blocker", "inside")
    await town.befriend(ann, near, far, blocker, inside)
    await stranger.do("follow.add", user=ann.user)
    await blocker.do("block.add", user=ann.user)
    await town.group_of(ann, near, title="another")
    group = await town.group_of(ann, inside)
    users = (await ann.ask("member.suggest", group=group))["users"]
    assert [(u["user"], u["common"]) for u in users] == [(near.user, 1), (far.user, 0)]
    await far.do("privacy.set", pull="nobody")
    users = (await ann.ask("member.suggest", group=group))["users"]
    assert [u["user"] for u in users] == [near.user], "nobody pulls in the other"
    await far.do("privacy.set", pull="mutual")
    users = (await ann.ask("member.suggest", group=group))["users"]
    one = (await ann.ask("member.suggest", group=group, limit=1))["users"]
    assert [u["user"] for u in one] == [near.user]
    assert (await near.denied("member.suggest", group=group)).code == "not_found"
    added = await ann.do("member.add", group=group, users=[u["user"] for u in users])
    assert [r["result"] for r in added["results"]] == ["added", "added"]
