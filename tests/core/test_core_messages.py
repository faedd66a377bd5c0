"""Sending, recalling, editing and reacting, each with its bounds and with those who may not."""

from __future__ import annotations

from typing import Any

import pytest

from chatd.core.groups import Kick, Leave, SetRole
from chatd.core.messages import Edit, React, Recall, Send
from chatd.core.proposal import Abandon
from tests.core.world import DIGEST, START_MS, World


def world_of(**bounds: int) -> World:
    world = World(**bounds)
    world.people("ann", "ben", "cat", "out")
    world.found("g", "ann", "cat", admins=["ben"])
    return world


def send(world: World, actor: str, **changes: Any) -> Send:
    fields: dict[str, Any] = {"type": "text", "body": {"text": "hi"}, "reply_to": None, "after": None} | changes
    return Send(actor, fields.pop("cid", None) or world.cid(), DIGEST, fields.pop("group", "g"), **fields)


def recall(world: World, actor: str, pos: int, arrived_at: int = START_MS) -> Recall:
    return Recall(actor, world.cid(), DIGEST, "g", pos, arrived_at)


def edit(world: World, actor: str, pos: int, text: str = "better", arrived_at: int = START_MS) -> Edit:
    return Edit(actor, world.cid(), DIGEST, "g", pos, {"text": text}, arrived_at)


def react(world: World, actor: str, pos: int, emoji: str = "👍", on: bool = True) -> React:
    return React(actor, world.cid(), DIGEST, "g", pos, emoji, on)


# -- sending


@pytest.mark.promise("P3", "numbering")
def test_a_message_takes_the_next_pos_and_the_next_seq() -> None:
    world = world_of()
    answers = [world.act(send(world, user)) for user in ("ann", "cat")]
    assert [(a["pos"], a["seq"], a["at"], a["recall_until"]) for a in answers] == [
        (2, 1, START_MS, START_MS + 120_000),
        (3, 2, START_MS, START_MS + 120_000),
    ]
    assert (world.group("g").head, world.group("g").seq) == (3, 2)


@pytest.mark.promise("P7", "send.outsider")
def test_who_is_not_in_sends_nothing_and_a_group_that_is_not_there_looks_the_same() -> None:
    world = world_of()
    world.act(Kick("ann", world.cid(), DIGEST, "g", "cat"))
    for wish in (send(world, "out"), send(world, "cat"), send(world, "ann", group="h")):
        assert world.refuse(wish).code == "not_found"


def test_a_send_behind_another_needs_that_one_accepted_in_the_same_group() -> None:
    world = world_of()
    world.found("h", "ann")
    first = send(world, "ann")
    world.act(first)
    world.act(send(world, "ann", after=first.cid))
    assert world.refuse(send(world, "ann", after="never sent, 22 chars.A")).code == "out_of_order"
    assert world.refuse(send(world, "ann", after=first.cid, group="h")).code == "out_of_order"
    assert world.refuse(send(world, "cat", after=first.cid)).code == "out_of_order"


@pytest.mark.promise("P7", "visibility.reply")
def test_a_reply_names_a_message_that_the_sender_sees() -> None:
    world = world_of()
    pos = world.say("ann", "g")
    world.act(react(world, "ann", pos))
    assert world.entry("g", world.say("cat", "g", reply_to=pos)).target == pos
    for reply_to in (1, 3, 99):  # the first entry, a reaction, nothing
        assert world.refuse(send(world, "cat", reply_to=reply_to)).code == "not_found"
    world.member("g", "cat").from_pos = pos
    assert world.refuse(send(world, "cat", reply_to=pos)).code == "not_found"
    world.act(recall(world, "ann", pos))
    assert world.refuse(send(world, "ann", reply_to=pos)).code == "gone"


# -- recalling


@pytest.mark.promise("P9", "recall.row")
def test_a_recalled_message_keeps_its_number_and_nothing_else() -> None:
    world = world_of()
    pos = world.say("cat", "g", "a secret")
    world.act(react(world, "ann", pos))
    world.next_commit()
    answer = world.act(recall(world, "cat", pos))
    entry = world.entry("g", pos)
    assert answer == {"group": "g", "pos": 4}
    assert (entry.seq, entry.recalled, entry.reactions) == (1, True, {})
    assert entry.body == {"type": "text", "recalled": {"by": "cat", "at": world.facts.now_ms}}
    assert world.facts.rewritten["g", pos] is entry
    assert world.facts.reactions_dropped == {("g", pos)}
    assert (world.entry("g", 4).kind, world.entry("g", 4).target, world.entry("g", 4).body) == ("recall", pos, {})
    assert "secret" not in repr(world.log("g"))


def test_recalled_once_is_gone_for_everything_that_comes_later() -> None:
    world = world_of()
    pos = world.say("cat", "g")
    world.act(recall(world, "cat", pos))
    for wish in (recall(world, "ann", pos), edit(world, "cat", pos), react(world, "ann", pos)):
        assert world.refuse(wish).code == "gone"


@pytest.mark.promise("P8", "limits.recall_window")
def test_the_window_is_judged_by_arrival_not_by_when_the_commit_runs() -> None:
    world = world_of(recall_window_ms=5000)
    pos = world.say("cat", "g")
    world.next_commit(after_ms=60_000)
    refusal = world.refuse(recall(world, "cat", pos, START_MS + 5001))
    assert (refusal.code, refusal.details) == ("too_late", {"bound": "recall_window_s", "max": 5})
    assert world.refuse(edit(world, "cat", pos, arrived_at=START_MS + 5001)).code == "too_late"
    world.act(edit(world, "cat", pos, arrived_at=START_MS + 5000))
    world.act(recall(world, "cat", pos, START_MS + 5000))


@pytest.mark.parametrize(
    ("actor", "sender", "code"),
    [
        ("ann", "ben", None),
        ("ann", "cat", None),
        ("ben", "cat", None),
        ("ben", "ann", "forbidden"),
        ("cat", "ben", "forbidden"),
        ("cat", "ann", "forbidden"),
        ("out", "ann", "not_found"),
    ],
)
def test_who_recalls_whose_message_at_any_time(actor: str, sender: str, code: str | None) -> None:
    world = world_of()
    pos = world.say(sender, "g")
    wish = recall(world, actor, pos, START_MS + 10**9)
    if code is None:
        world.act(wish)
        assert world.entry("g", pos).body["recalled"]["by"] == actor
    else:
        assert world.refuse(wish).code == code


def test_admins_do_not_recall_each_other_and_a_demotion_counts_at_once() -> None:
    world = world_of()
    world.act(SetRole("ann", world.cid(), DIGEST, "g", "cat", "admin"))
    pos = world.say("cat", "g")
    assert world.refuse(recall(world, "ben", pos)).code == "forbidden"
    world.act(SetRole("ann", world.cid(), DIGEST, "g", "cat", "member"))
    world.act(recall(world, "ben", pos))


def test_who_is_gone_has_no_rank_left() -> None:
    world = world_of()
    world.act(SetRole("ann", world.cid(), DIGEST, "g", "cat", "admin"))
    pos = world.say("cat", "g")
    world.act(Leave("cat", world.cid(), DIGEST, "g"))
    world.act(recall(world, "ben", pos))


@pytest.mark.promise("P7", "visibility.change")
def test_what_lies_below_the_floor_cannot_be_touched() -> None:
    world = world_of()
    pos = world.say("ben", "g")
    world.member("g", "ben").from_pos = pos
    for wish in (recall(world, "ben", pos), edit(world, "ben", pos), react(world, "ben", pos)):
        assert world.refuse(wish).code == "not_found"


@pytest.mark.parametrize("pos", [1, 3, 99])
def test_only_messages_are_recalled_edited_and_reacted_to(pos: int) -> None:
    world = world_of()
    world.act(react(world, "ann", world.say("ann", "g")))
    for wish in (recall(world, "ann", pos), edit(world, "ann", pos), react(world, "ann", pos)):
        assert world.refuse(wish).code == "not_found"


# -- editing


def test_an_edit_rewrites_the_row_and_counts_versions() -> None:
    world = world_of()
    pos = world.say("cat", "g", "teh")
    first = world.act(edit(world, "cat", pos, "the"))
    assert first == {"group": "g", "pos": 3, "target": pos, "version": 1}
    assert world.act(edit(world, "cat", pos, "The"))["version"] == 2
    entry = world.entry("g", pos)
    assert (entry.version, entry.body) == (2, {"type": "text", "body": {"text": "The"}})
    assert [(e.kind, e.target, e.version, e.body) for e in world.log("g")[2:]] == [
        ("edit", pos, 1, {}),
        ("edit", pos, 2, {}),
    ]


def test_nobody_edits_what_somebody_else_wrote() -> None:
    world = world_of()
    pos = world.say("cat", "g")
    for actor in ("ann", "ben"):
        assert world.refuse(edit(world, actor, pos)).code == "forbidden"
    assert world.refuse(edit(world, "out", pos)).code == "not_found"


@pytest.mark.promise("P8", "limits.edits_per_message")
def test_edits_of_a_message_are_bounded() -> None:
    world = world_of(edits_per_message=2)
    pos = world.say("cat", "g")
    for _ in range(2):
        world.act(edit(world, "cat", pos))
    refusal = world.refuse(edit(world, "cat", pos))
    assert (refusal.code, refusal.details) == ("limit", {"bound": "edits_per_message", "max": 2})


# -- reacting


def test_a_sign_counts_once_per_person_and_goes_with_the_last() -> None:
    world = world_of()
    pos = world.say("cat", "g")
    for user in ("ann", "ben"):
        world.act(react(world, user, pos))
    assert world.entry("g", pos).reactions == {"👍": 2}
    assert world.act(react(world, "ann", pos)) == {"group": "g", "target": pos}
    assert world.act(react(world, "cat", pos, on=False)) == {"group": "g", "target": pos}
    assert world.entry("g", pos).reactions == {"👍": 2}
    assert world.group("g").head == 4, "what changes nothing is no entry"
    for user in ("ann", "ben"):
        world.act(react(world, user, pos, on=False))
    assert world.entry("g", pos).reactions == {}
    assert world.facts.reaction_changes == {("g", pos, "ann", "👍"): False, ("g", pos, "ben", "👍"): False}


@pytest.mark.promise("P8", "limits.reactions_per_message")
def test_signs_on_a_message_are_bounded_and_people_are_not() -> None:
    world = world_of(reactions_per_message=2)
    pos = world.say("cat", "g")
    world.act(react(world, "ann", pos, "a"))
    world.act(react(world, "ann", pos, "b"))
    refusal = world.refuse(react(world, "ben", pos, "c"))
    assert (refusal.code, refusal.details) == ("limit", {"bound": "reactions_per_message", "max": 2})
    world.act(react(world, "ben", pos, "a"))
    world.act(react(world, "ann", pos, "b", on=False))
    world.act(react(world, "ben", pos, "c"))
    assert world.entry("g", pos).reactions == {"a": 2, "c": 1}


def test_a_reaction_says_what_it_changed() -> None:
    world = world_of()
    pos = world.say("cat", "g")
    answer = world.act(react(world, "ann", pos))
    entry = world.entry("g", answer["pos"])
    assert answer == {"group": "g", "pos": 3, "target": pos}
    assert (entry.kind, entry.actor, entry.target, entry.body) == ("reaction", "ann", pos, {"emoji": "👍", "on": True})


def test_what_stands_in_for_a_command_that_cannot_be_carried_out_is_refused() -> None:
    world = world_of()
    assert world.refuse(Abandon("ann", world.cid(), DIGEST)).code == "internal"
