"""What people are called in one group: the rules."""

from __future__ import annotations

import pytest

from chatd.core.groups import Leave
from chatd.core.nicknames import SetNickname
from chatd.core.visibility import view
from tests.core.world import DIGEST, World, members_entries


def call(world: World, actor: str, nickname: str, group: str = "g") -> SetNickname:
    return SetNickname(actor, world.cid(), DIGEST, group, nickname)


def trio() -> World:
    world = World()
    world.people("ann", "ben", "cat", "dan")
    world.make_mutual("ann", "ben", "cat", "dan")
    world.found("g", "ann", "ben", "cat")
    world.next_commit()
    return world


def test_one_entry_tells_everybody_and_neighbours_share_it() -> None:
    world = trio()
    pos = world.act(call(world, "ben", "阿本"))["pos"]
    assert world.act(call(world, "cat", "猫"))["pos"] == pos
    assert world.act(call(world, "ben", "老本"))["pos"] == pos + 1, "nobody is in one twice"
    assert view(world.entry("g", pos), None, 0)["names"] == [
        {"user": "ben", "nickname": "阿本"},
        {"user": "cat", "nickname": "猫"},
    ]
    assert world.member("g", "ben").nickname == "老本"
    assert world.facts.new_mine == []
    world.next_commit()
    assert world.act(call(world, "ben", ""))["pos"] == pos + 2
    assert view(world.entry("g", pos + 2), None, 0)["names"] == [{"user": "ben", "nickname": ""}]


def test_the_same_nickname_is_no_news() -> None:
    world = trio()
    world.act(call(world, "ben", "b"))
    assert world.act(call(world, "ben", "b")) == {"group": "g", "nickname": "b"}
    assert len(world.facts.new_entries) == 1


def test_an_entry_is_not_reopened_behind_another_one() -> None:
    world = trio()
    first = world.act(call(world, "ben", "b"))["pos"]
    said = world.say("ann", "g")
    second = world.act(call(world, "cat", "c"))["pos"]
    world.pull("ann", "g", "dan")
    third = world.act(call(world, "dan", "d"))["pos"]
    assert (said, second, third) == (first + 1, first + 2, first + 4)
    assert members_entries(world, "g")[-1][:2] == (first + 3, ["dan"])
    world.act(Leave("cat", world.cid(), DIGEST, "g"))
    assert members_entries(world, "g")[-1][:3] == (first + 5, [], ["cat"])


def test_who_may_not_write_takes_no_nickname() -> None:
    world = trio()
    world.member("g", "ben").restricted_until = world.facts.now_ms + 1
    assert world.refuse(call(world, "ben", "loud")).code == "restricted"
    world.group("g").read_only = True
    assert world.refuse(call(world, "ann", "x")).code == "read_only"


@pytest.mark.promise("P7", "nickname")
def test_only_who_is_in_a_group_is_called_something_there() -> None:
    world = trio()
    world.found_direct("d", "ann", "ben")
    assert world.refuse(call(world, "dan", "d")).code == "not_found"
    assert world.refuse(call(world, "ann", "x", "nowhere")).code == "not_found"
    assert world.refuse(call(world, "ann", "x", "d")).code == "forbidden"
    world.act(call(world, "ben", "b"))
    world.act(Leave("ben", world.cid(), DIGEST, "g"))
    assert world.refuse(call(world, "ben", "c")).code == "not_found"
    world.next_commit()
    world.pull("ann", "g", "ben")
    assert world.member("g", "ben").nickname == ""
