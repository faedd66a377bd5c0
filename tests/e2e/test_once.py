"""Every command happens once, however often and wherever it is repeated."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from chatd.testing import running_server
from chatd_protocol.ops import OPS
from tests.e2e.phone import Phone, new_cid
from tests.e2e.town import Town, living_town, on_loop
from tests.hub.kit import one_commit

Setting = dict[str, Any]


async def a_setting(town: Town) -> tuple[Phone, Phone, Phone, Setting]:
    """Three friends, two of them in a group with a message that has a reaction, strangers, two of whom ask for a chat,
    and what commands need to name."""
    ann, bob, cat = await town.people("ann", "bob", "cat")
    group = await town.group_of(ann, bob)
    await town.befriend(ann, cat)
    pos = await ann.say(group, "a message")
    await ann.do("reaction.add", group=group, pos=pos, emoji="👍")
    await ann.do("section.create", group=group, kind="chat", title="More")
    dan, eve, fay = await town.people("dan", "eve", "fay")
    await dan.do("contact.request", user=ann.user)
    await eve.do("contact.request", user=ann.user)
    people = {"bob": bob.user, "cat": cat.user, "dan": dan.user, "eve": eve.user, "fay": fay.user}
    invite = await ann.do("invite.create", group=group, kind="link", approval=True)
    assert (await cat.do("invite.redeem", secret=invite["token"]))["result"] == "pending"
    elsewhere = await town.group_of(dan)
    directed = await dan.do("invite.create", group=elsewhere, kind="directed", user=ann.user)
    names = people | {"invite": invite["invite"], "secret": invite["token"], "directed": directed["invite"]}
    return ann, bob, cat, {"group": group, "pos": pos} | names


COMMANDS: dict[str, Callable[[Setting], dict[str, Any]]] = {
    "follow.add": lambda s: {"user": s["bob"]},
    "follow.remove": lambda s: {"user": s["bob"]},
    "block.add": lambda s: {"user": s["bob"]},
    "block.remove": lambda s: {"user": s["bob"]},
    "contact.request": lambda s: {"user": s["fay"], "text": "hi"},
    "contact.accept": lambda s: {"user": s["dan"]},
    "contact.decline": lambda s: {"user": s["eve"]},
    "group.create": lambda s: {"kind": "private", "title": "Once"},
    "group.update": lambda s: {"group": s["group"], "title": "Once"},
    "member.add": lambda s: {"group": s["group"], "users": [s["cat"]]},
    "member.kick": lambda s: {"group": s["group"], "user": s["bob"]},
    "member.role": lambda s: {"group": s["group"], "user": s["bob"], "role": "admin"},
    "member.restrict": lambda s: {"group": s["group"], "user": s["bob"], "for_s": 60},
    "member.unrestrict": lambda s: {"group": s["group"], "user": s["bob"]},
    "group.restrict": lambda s: {"group": s["group"], "for_s": 60},
    "group.unrestrict": lambda s: {"group": s["group"]},
    "group.slow": lambda s: {"group": s["group"], "slow_s": 30},
    "chat.update": lambda s: {"group": s["group"], "level": "none"},
    "nickname.set": lambda s: {"group": s["group"], "nickname": "once"},
    "message.send": lambda s: {"group": s["group"], "kind": "text", "body": {"text": "once"}},
    "message.recall": lambda s: {"group": s["group"], "pos": s["pos"]},
    "message.edit": lambda s: {"group": s["group"], "pos": s["pos"], "text": "once"},
    "reaction.add": lambda s: {"group": s["group"], "pos": s["pos"], "emoji": "🎉"},
    "reaction.remove": lambda s: {"group": s["group"], "pos": s["pos"], "emoji": "👍"},
    "user.update": lambda s: {"bio": "Once"},
    "user.handle": lambda s: {"handle": "h" + s["bob"][-20:].replace("-", "_")},
    "privacy.set": lambda s: {"findable": True},
    "device.revoke": lambda s: {"device": "gone"},
    "invite.create": lambda s: {"group": s["group"], "kind": "code", "note": "Once"},
    "invite.revoke": lambda s: {"invite": s["invite"]},
    "invite.decline": lambda s: {"invite": s["directed"]},
    "invite.redeem": lambda s: {"secret": s["secret"]},
    "group.entry": lambda s: {"group": s["group"], "entry": "approval"},
    "group.join": lambda s: {"group": s["group"]},
    "request.create": lambda s: {"group": s["group"]},
    "request.approve": lambda s: {"group": s["group"], "user": s["cat"], "number": 1},
    "request.refuse": lambda s: {"group": s["group"], "user": s["cat"], "number": 1},
    "message.forward": lambda s: {"group": s["group"], "source": s["group"], "positions": [s["pos"]]},
    "pin.add": lambda s: {"group": s["group"], "pos": s["pos"]},
    "pin.remove": lambda s: {"group": s["group"], "pos": s["pos"]},
    "feature.add": lambda s: {"group": s["group"], "pos": s["pos"], "note": "once"},
    "feature.remove": lambda s: {"group": s["group"], "pos": s["pos"]},
    "group.transfer": lambda s: {"group": s["group"], "user": s["bob"]},
    "group.dissolve": lambda s: {"group": s["group"]},
    "group.announce": lambda s: {"group": s["group"], "text": "once"},
    "member.ban": lambda s: {"group": s["group"], "user": s["bob"]},
    "member.unban": lambda s: {"group": s["group"], "user": s["bob"]},
    "section.create": lambda s: {"group": s["group"], "kind": "qa", "title": "Once"},
    "section.update": lambda s: {"group": s["group"], "section": 1, "title": "Once"},
    "section.order": lambda s: {"group": s["group"], "sections": [1, 0]},
}
"""A request of the owner for each command but leaving, which they may not, taking a request back, and what needs a bot
(`test_bot_scopes`)."""


def test_every_command_is_here() -> None:
    assert {*COMMANDS, "member.leave", "request.withdraw", "bot.commands", "menu.press"} == {
        op.name for op in OPS.values() if op.command
    }


@pytest.mark.promise("P2", "retry.every_op", "retry.reconnect")
@pytest.mark.parametrize("op", sorted(COMMANDS))
async def test_a_repetition_gets_the_first_answer_and_nothing_happens(town: Town, op: str) -> None:
    ann, _, _, setting = await a_setting(town)
    request = COMMANDS[op](setting) | {"cid": new_cid()}
    first = await ann.ask(op, **request)
    head = (await ann.line(setting["group"]))["head"]
    groups = len((await ann.ask("group.list"))["groups"])
    assert await ann.ask(op, **request) == first
    tablet = await town.phone_of(ann.sub, "tablet", "msgpack")
    assert await tablet.ask(op, **request) == first
    assert (await ann.line(setting["group"]))["head"] == head
    assert len((await ann.ask("group.list"))["groups"]) == groups


@pytest.mark.promise("P2", "retry.every_op")
async def test_leaving_twice_is_leaving_once(town: Town) -> None:
    ann, bob, _, setting = await a_setting(town)
    request = {"group": setting["group"], "cid": new_cid()}
    first = await bob.ask("member.leave", **request)
    assert await bob.ask("member.leave", **request) == first
    await ann.do("member.add", group=setting["group"], users=[bob.user])
    assert await bob.ask("member.leave", **request) == first
    assert (await bob.line(setting["group"]))["role"] == "member", "the repetition did not leave again"


@pytest.mark.promise("P2", "retry.every_op")
async def test_withdrawing_twice_is_withdrawing_once(town: Town) -> None:
    _, _, cat, setting = await a_setting(town)
    request = {"group": setting["group"], "cid": new_cid()}
    first = await cat.ask("request.withdraw", **request)
    assert await cat.ask("request.withdraw", **request) == first
    assert await cat.cannot("request.withdraw", group=setting["group"]) == "already_decided"


@pytest.mark.promise("P2", "conflict")
@pytest.mark.parametrize("op", sorted(COMMANDS))
async def test_another_request_under_the_same_cid_is_a_conflict(town: Town, op: str) -> None:
    ann, _, _, setting = await a_setting(town)
    cid = new_cid()
    await ann.ask(op, **COMMANDS[op](setting), cid=cid)
    head = (await ann.line(setting["group"]))["head"]
    for other, make in COMMANDS.items():
        request = make(setting | {"pos": 1 if other == op else setting["pos"]})
        if other == op:
            changed = {"title": "Twice", "user": setting["cat"], "users": [setting["bob"]], "body": {"text": "twice"}}
            changed |= {"for_s": 61, "slow_s": 31}
            changed |= {"invite": "i" + "x" * 21, "secret": "A" * 22, "note": "Twice", "entry": "open"}
            changed |= {"bio": "Twice", "handle": "twice", "findable": False, "device": "lost"}
            changed |= {"text": "twice"} | ({"group": "g" + "x" * 22} if request.keys() == {"group"} else {})
            request |= {key: value for key, value in changed.items() if key in request}
            if request == make(setting):
                request["group"] = "g" + "x" * 21
        assert (await ann.denied(other, **request, cid=cid)).code == "conflict", other
    assert (await ann.line(setting["group"]))["head"] == head


@pytest.mark.promise("P2", "conflict")
async def test_the_same_cid_of_somebody_else_is_another_one(town: Town) -> None:
    ann, bob, _, setting = await a_setting(town)
    cid = new_cid()
    first = await ann.say(setting["group"], "hers", cid=cid)
    assert await bob.say(setting["group"], "his", cid=cid) == first + 1


@pytest.mark.promise("P2", "refusal")
async def test_a_refusal_is_not_remembered(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    cid = new_cid()
    refused = await ann.denied("group.create", kind="direct", user=bob.user, cid=cid)
    assert refused.code == "not_mutual"
    await town.befriend(ann, bob)
    assert (await ann.ask("group.create", kind="direct", user=bob.user, cid=cid))["created"]


@pytest.mark.promise("P2", "retry.after_change")
async def test_the_first_answer_stands_whatever_became_of_it(town: Town) -> None:
    ann, _, _, setting = await a_setting(town)
    group = setting["group"]
    request = {"group": group, "kind": "text", "body": {"text": "to be changed"}, "cid": new_cid()}
    sent = await ann.ask("message.send", **request)
    edit = {"group": group, "pos": sent["pos"], "text": "changed", "cid": new_cid()}
    edited = await ann.ask("message.edit", **edit)
    await ann.do("message.edit", group=group, pos=sent["pos"], text="changed again")
    await ann.do("message.recall", group=group, pos=sent["pos"])
    assert await ann.ask("message.send", **request) == sent
    assert await ann.ask("message.edit", **edit) == edited
    assert (await ann.denied("message.send", **request | {"body": {"text": "guessed"}})).code == "conflict"


@on_loop
@pytest.mark.promise("P2", "twice_at_once")
async def test_the_same_command_twice_in_one_commit(store_url: str, tmp_path: Path) -> None:
    async with living_town(store_url, tmp_path) as town:
        ann, _, _, setting = await a_setting(town)
        tablet = await town.phone_of(ann.sub, "tablet")
        for op in ("message.send", "member.add", "reaction.add"):
            request = COMMANDS[op](setting) | {"cid": new_cid()}
            async with one_commit(town.server):
                answers = [phone.send(op, **request) for phone in (ann, tablet, ann)]
                for phone in (ann, tablet):
                    await phone.settle()
            first, second, third = [await ann.answer_to(answer) for answer in answers]
            assert first == second == third
        history = await ann.history(setting["group"], after=setting["pos"])
        entries = [e for e in history if e["kind"] not in ("settings", "sections")]
        assert [e["kind"] for e in entries] == ["reaction", "message", "members", "reaction"]


@on_loop
@pytest.mark.promise("P1", "restart")
@pytest.mark.promise("P2", "retry.restart")
@pytest.mark.promise("P4", "resume.restart")
async def test_what_was_acknowledged_is_there_after_a_restart(store_url: str, tmp_path: Path) -> None:
    async def life(story: Callable[[Town], Awaitable[Any]]) -> Any:
        async with running_server(store_url, tmp_path, drain_s=0.1) as server:
            town = Town(server)
            try:
                return await story(town)
            finally:
                await town.leave()

    async def before(town: Town) -> Any:
        ann, bob, _, setting = await a_setting(town)
        await bob.up_to(setting["group"], setting["pos"])
        await bob.cut_off()
        done = []
        for op in ("group.update", "message.send", "message.edit", "member.add", "reaction.add", "follow.remove"):
            request = COMMANDS[op](setting) | {"cid": new_cid()}
            done.append((op, request, await ann.ask(op, **request)))
        log = await ann.history(setting["group"])
        return ann, bob, setting, done, log

    async def after(town: Town) -> None:
        again = await town.back(ann)
        assert "reset" not in again.hello
        for op, request, answer in done:
            assert await again.ask(op, **request) == answer
        assert await again.history(setting["group"]) == log
        resumed = await town.back(bob)
        await resumed.up_to(setting["group"], log[-1]["pos"])
        assert resumed.entries[setting["group"]] == [e for e in log if e["pos"] > bob.cursor[setting["group"]]]

    ann, bob, setting, done, log = await life(before)
    await life(after)
