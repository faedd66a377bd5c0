"""Bots by the rules alone: how they come to be, by what they speak, how they come into groups."""

from __future__ import annotations

import pytest

from chatd.core.bans import BanMember
from chatd.core.bots import TOKENS_MAX, AddToken, Bot, BotToken, MakeBot, SetCommands, SetScopes
from chatd.core.contacts import RequestContact
from chatd.core.groups import CreateDirect, Kick, Leave, SetRole
from chatd.core.invite_rows import Maker
from chatd.core.invites import CreateInvite, RedeemInvite
from chatd.core.messages import Recall, Send
from chatd.core.ownership import Transfer
from chatd.core.relations import Block
from chatd.core.requests import Join, SetEntry
from chatd.core.users import DisableUser, Revoke
from tests.core.world import DIGEST, START_MS, World, members_entries


def stored(world: World, user: str) -> Bot:
    bot = world._stored(Bot, user)
    assert bot is not None
    return bot


def add_token(world: World, digest: str, *, rotate: bool = False) -> AddToken:
    return AddToken("helper", digest, rotate)


def world_of(**bounds: int) -> World:
    """Ann owns a group with the admin ada and the member ben, who is a friend of hers; there is a bot."""
    world = World(**bounds)
    world.people("ann", "ada", "ben", "cat")
    world.make_mutual("ann", "ben")
    world.bot("helper")
    world.found("g", "ann", "ben", admins=["ada"])
    world.next_commit()
    return world


def test_a_bot_is_a_user_whose_sub_says_so_and_its_name_is_taken_from_then_on() -> None:
    world = World()
    world.act(MakeBot("uhelper", "helper", "小助手", "ask me", ["read"], True, "digest"))
    user = world.facts.users["uhelper"]
    assert (user.sub, user.name, user.bot, user.profile) == ("bot:helper", "小助手", True, {"bio": "ask me"})
    assert (user.settings["direct"], user.settings["requests"]) == (True, False)
    assert stored(world, "uhelper").tokens == ["digest"]
    token = world._stored(BotToken, "digest")
    assert token is not None
    assert (token.user_id, token.made_at) == ("uhelper", START_MS)
    assert [(one.act, one.by, one.user) for one in world.facts.new_audits] == [("bot.create", None, "uhelper")]
    assert world.refuse(MakeBot("uother", "helper", "x", "", [], False, "other")).code == "taken"
    assert not any("digest" in str(one.details) for one in world.facts.new_audits), "no token in the audit log"


def test_a_person_is_no_bot() -> None:
    world = World()
    world.people("ann")
    assert not world.facts.users["ann"].bot
    assert world.refuse(SetCommands("ann", world.cid(), DIGEST, [])).code == "bots_only"
    assert world.refuse(AddToken("ann", "digest", False)).code == "not_found"
    assert world.refuse(SetScopes("ann", ["read"])).code == "not_found"
    assert world.refuse(AddToken("nobody", "digest", False)).code == "not_found"


def test_a_further_token_leaves_the_older_ones_and_rotating_ends_them() -> None:
    world = world_of()
    first = stored(world, "helper").tokens[0]
    assert world.act(add_token(world, "second"))["tokens"] == [first, "second"]
    assert world.act(add_token(world, "third", rotate=True))["tokens"] == ["third"]
    assert stored(world, "helper").tokens == ["third"]
    assert [world._stored(BotToken, one) is not None for one in (first, "second", "third")] == [False, False, True]
    assert [(one.act, one.details["rotate"]) for one in world.facts.new_audits] == [
        ("bot.token", False),
        ("bot.token", True),
    ]


@pytest.mark.promise("P8", "limits.bot_tokens")
def test_a_bot_has_so_many_tokens_and_rotating_makes_room() -> None:
    world = world_of()
    for number in range(TOKENS_MAX - 1):
        world.act(add_token(world, f"{number}"))
    refused = world.refuse(add_token(world, "one more"))
    assert (refused.code, refused.details) == ("limit", {"bound": "tokens", "max": TOKENS_MAX})
    world.act(add_token(world, "the only one", rotate=True))
    assert stored(world, "helper").tokens == ["the only one"]


def test_a_token_made_in_the_millisecond_in_which_all_were_revoked_is_good() -> None:
    world = world_of()
    world.act(Revoke("helper", None, world.facts.now_ms + 1))
    world.act(add_token(world, "fresh"))
    token = world._stored(BotToken, "fresh")
    assert token is not None
    assert token.made_at >= world.facts.users["helper"].valid_after


def test_scopes_are_exactly_those_given_last_and_the_same_again_changes_nothing() -> None:
    world = world_of()
    assert world.act(SetScopes("helper", ["pin"])) == {"user": "helper", "scopes": ["pin"], "changed": True}
    assert stored(world, "helper").scopes == ["pin"]
    assert world.act(SetScopes("helper", ["pin"]))["changed"] is False
    assert [one.act for one in world.facts.new_audits] == ["bot.scopes"]


def test_a_bot_declares_all_its_commands_at_once() -> None:
    world = world_of()
    price, help_ = {"name": "price", "en": "What it costs", "zh": "查价"}, {"name": "help"}
    assert world.act(SetCommands("helper", world.cid(), DIGEST, [price, help_])) == {"commands": 2}
    assert world.act(SetCommands("helper", world.cid(), DIGEST, [help_])) == {"commands": 1}
    assert stored(world, "helper").commands == [help_]


@pytest.mark.promise("P6", "gate.bot")
def test_owner_and_admins_add_a_bot_that_follows_nobody_and_others_do_not() -> None:
    for actor, result in (("ann", "added"), ("ada", "added"), ("ben", "not_mutual")):
        world = world_of()
        assert world.pull(actor, "g", "helper") == [result]
        assert members_entries(world, "g")[-1:] == ([(2, ["helper"], [], 4)] if result == "added" else [])
        acts = [(one.act, one.by, one.user) for one in world.facts.new_audits]
        assert acts == ([("member.add", actor, "helper")] if result == "added" else [])


@pytest.mark.promise("P6", "gate.bot")
def test_not_even_a_member_who_is_mutual_with_a_bot_adds_it() -> None:
    world = world_of()
    world.make_mutual("ben", "helper")
    assert world.pull("ben", "g", "helper") == ["not_mutual"]


@pytest.mark.promise("P6", "gate.bot")
def test_bans_places_and_blocks_hold_for_bots() -> None:
    world = world_of()
    world.act(BanMember("ann", world.cid(), DIGEST, "g", "helper", "", False))
    assert world.pull("ann", "g", "helper") == ["banned"]
    world = world_of()
    world.group("g").member_limit = 3
    assert world.pull("ann", "g", "helper") == ["full"]
    world = world_of()
    world.act(Block("ann", world.cid(), DIGEST, "helper", True))
    assert world.pull("ann", "g", "helper") == ["not_mutual"]
    assert world.pull("ada", "g", "helper") == ["added"]
    assert world.pull("ada", "g", "helper") == ["already"]
    world.act(Kick("ann", world.cid(), DIGEST, "g", "helper"))
    assert world.pull("ada", "g", "helper") == ["added"], "an admin brings back who was kicked"
    world = world_of()
    world.act(DisableUser("helper", True))
    assert world.pull("ann", "g", "helper") == ["not_mutual"]


@pytest.mark.promise("P6", "gate.bot")
def test_a_bot_comes_in_by_no_invite_and_by_no_open_door() -> None:
    world = world_of()
    made = CreateInvite("ann", world.cid(), DIGEST, "g", "iLINK", "link", "hash", None, "member", None, None, False, "")
    world.act(made)
    world.facts.invite_of_secret["hash"] = "iLINK"
    world._stored(Maker, "g", "ann")
    assert world.refuse(RedeemInvite("helper", world.cid(), DIGEST, "hash", None, "")).code == "not_for_bots"
    world.act(SetEntry("ann", world.cid(), DIGEST, "g", "open", None, None))
    assert world.refuse(Join("helper", world.cid(), DIGEST, "g", "")).code == "not_for_bots"
    assert world.act(Join("cat", world.cid(), DIGEST, "g", ""))["result"] == "added", "the door was open"


def test_only_a_bot_that_talks_to_anybody_has_a_direct_chat_without_follows() -> None:
    world = world_of()
    world.bot("open", direct=True)
    assert world.refuse(CreateDirect("ben", world.cid(), DIGEST, "d1", "helper")).code == "not_mutual"
    assert world.act(CreateDirect("ben", world.cid(), DIGEST, "d2", "open"))["created"]
    world.say("ben", "d2", "/help")
    world.say("open", "d2", "here I am")
    world.act(Block("ben", world.cid(), DIGEST, "open", True))
    refused = world.refuse(Send("open", world.cid(), DIGEST, "d2", "text", {"text": "?"}, None, None))
    assert refused.code == "read_only", "who has had enough blocks it"
    assert world.refuse(CreateDirect("cat", world.cid(), DIGEST, "d3", "helper")).code == "not_mutual"
    world.act(Block("ben", world.cid(), DIGEST, "open", False))
    world.say("open", "d2", "again")
    world.act(Block("cat", world.cid(), DIGEST, "open", True))
    assert world.refuse(CreateDirect("cat", world.cid(), DIGEST, "d4", "open")).code == "not_mutual"


def test_nobody_waits_for_an_answer_that_a_bot_cannot_give() -> None:
    world = world_of()
    assert world.refuse(RequestContact("ben", world.cid(), DIGEST, "helper", "hi")).code == "not_mutual"


def test_a_bot_is_handed_no_group_and_comes_next_nowhere() -> None:
    world = world_of()
    world.pull("ann", "g", "helper")
    world.act(SetRole("ann", world.cid(), DIGEST, "g", "helper", "admin"))
    assert world.refuse(Transfer("ann", world.cid(), DIGEST, "g", "helper")).code == "not_for_bots"
    assert world.refuse(Leave("ann", world.cid(), DIGEST, "g", "helper")).code == "not_for_bots"
    world.act(Leave("ada", world.cid(), DIGEST, "g"))
    world.act(DisableUser("ann", True))
    assert world.member("g", "ben").role == "owner", "the bot was an admin, and he a member"
    world.act(DisableUser("ben", True))
    assert world.group("g").dissolved_at is not None, "nobody is left but a bot"


def test_what_others_wrote_a_bot_takes_back_by_the_scope_and_by_its_role() -> None:
    world = world_of()
    world.pull("ann", "g", "helper")
    pos, own = world.say("ben", "g"), world.say("helper", "g")
    now = world.facts.now_ms

    def recall(at: int, scope: str | None) -> Recall:
        return Recall("helper", world.cid(), DIGEST, "g", at, now, scope)

    refused = world.refuse(recall(pos, "moderate"))
    assert (refused.code, refused.details) == ("scope_missing", {"scope": "moderate"})
    assert world.refuse(recall(pos, None)).code == "forbidden", "the scope gives no role"
    world.act(recall(own, "moderate"))
    world.act(SetRole("ann", world.cid(), DIGEST, "g", "helper", "admin"))
    world.act(recall(pos, None))
    assert world.entry("g", pos).recalled
