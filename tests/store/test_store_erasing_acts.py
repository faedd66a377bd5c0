"""The operator's acts that name somebody who is being erased, or was: what was begun for them before they were looked
up again is refused, nothing is said in their name any more, and what the erasure leaves is whole."""

from __future__ import annotations

import pytest

from chatd.core.bans import Expel, Pardon
from chatd.core.broadcasts import (
    AimBroadcast,
    DeliverBroadcast,
    PlanBroadcast,
    PostNotice,
    StartBroadcast,
)
from chatd.core.follows import ChangeFollows, CheckPull, Edge
from chatd.core.ownership import Appoint
from chatd.core.profiles import SetTag
from chatd.core.requests import SetEntry
from chatd.core.tending import Admit, Assign, Enlist, FoundFor, InviteFor, Silence
from chatd.core.users import DisableUser, EnsureUser, Revoke
from chatd.core.wishes import AnyWish
from tests.store.kit import DIGEST, Store, new_cid
from tests.store.test_store_erasure import WORD, Steps, fill, problems, words_left

pytestmark = [pytest.mark.promise("P9", "erase"), pytest.mark.relaxed_durability]
WHEN = {"as it begins": 0, "before the groups": 3, "among the groups": 9, "before the end": -1, "when it is over": -2}
"""After so many steps; -1: before the last one; -2: after it."""
BODY = {"text": f"Spring {WORD}"}


def acts() -> dict[str, tuple[AnyWish, str]]:
    """What the operator asks of "zoe", and what they are told."""
    invite = InviteFor("zoe", new_cid(), DIGEST, "zoo", "i9", "link", "s9", None, "member", None, None, False, WORD)
    title = f"For {WORD}"
    made = FoundFor("zoe", new_cid(), DIGEST, "fresh", title, "", "none", None)
    return {
        "group.create": (made, "not_found disabled"),
        "invite.create": (invite, "not_found disabled"),
        "member.add": (Enlist("rock", "zoe"), "not_found"),
        "member.role": (Assign("tea", "zoe", "member"), "not_found"),
        "member.restrict": (Silence("tea", "zoe", True, None, WORD, True), "not_found"),
        "request.approve": (Admit("door", "zoe", True), "not_found already_decided"),
        "request.decline": (Admit("door", "zoe", False), "not_found already_decided"),
        "group.transfer": (Appoint("tea", "zoe"), "not_found"),
        "member.kick": (Expel("tea", "zoe", WORD, True, True), "not_found"),
        "member.unban": (Pardon("tea", "zoe"), "not_found"),
        "user.disable": (DisableUser("zoe", False), "not_found"),
        "user.tag": (SetTag("zoe", f"tag {WORD}", None, True), "not_found"),
        "revoke": (Revoke("zoe", f"phone {WORD}", 1), "not_found"),
        "user": (EnsureUser("z3", "erased:zoe", f"Back {WORD}", None, "x", 2**53), "revoked"),
        "follow.add": (ChangeFollows([Edge("cat", "zoe", True)], None, "follow.add"), ""),
        "follow.check": (CheckPull("ann", "zoe", None), "not_found"),
        "group.notice": (PostNotice("tea", "zoe", "text", BODY, new_cid()), "not_found"),
        "broadcast.plan": (PlanBroadcast("late", "x", "text", "zoe", BODY), "not_found"),
    }


def begin_with_broadcasts(store: Store) -> Steps:
    """One is planned and one goes out in her name when the erasure begins."""
    fill(store)
    store.done(SetEntry("ann", new_cid(), DIGEST, "door", "approval", None, None))
    store.done(PlanBroadcast("planned", "x", "text", "zoe", BODY), AimBroadcast("planned", ["tea"]))
    store.done(PlanBroadcast("running", "x", "text", "zoe", BODY), AimBroadcast("running", ["tea", "rock"]))
    store.done(StartBroadcast("running"))
    return Steps(store, "zoe")


def go(steps: Steps, when: str) -> bool:
    """Take the steps. Whether there are more."""
    more, count = True, WHEN[when]
    while more and (count > 0 or count == -2 or (count == -1 and steps.eraser.stage != "rows")):
        more, count = steps.step(), count - (count > 0)
    return more


@pytest.mark.parametrize("when", WHEN)
def test_the_operator_can_do_nothing_for_or_as_somebody_who_is_being_erased(store: Store, when: str) -> None:
    steps = begin_with_broadcasts(store)
    more = go(steps, when)
    before = store.rows("SELECT count(*) FROM audit")
    for name, (wish, code) in acts().items():
        assert store.codes(wish)[0] in (code.split() or [""]), name
    assert store.done(acts()["follow.add"][0]) == [{"results": ["unknown"]}]
    assert store.rows("SELECT count(*) FROM audit") == before
    if more:
        steps.all()
    assert store.rows("SELECT 1 FROM memberships WHERE user_id = 'zoe' AND until_pos IS NULL") == []
    assert [row for row in words_left(store) if row[0] != "broadcasts"] == []
    assert problems(store.url) == []


@pytest.mark.parametrize("when", WHEN)
def test_no_broadcast_goes_on_in_the_name_of_somebody_who_is_being_erased(store: Store, when: str) -> None:
    steps = begin_with_broadcasts(store)
    more = go(steps, when)
    entries = store.rows("SELECT count(*) FROM entries")
    store.done(StartBroadcast("planned"))
    for name in ("planned", "running"):
        assert store.done(DeliverBroadcast(name, "text", BODY, "zoe", ["rock", "tea"])) == [{"sent": 0}]
    assert store.rows("SELECT count(*) FROM entries") == entries
    assert store.rows("SELECT state, body FROM broadcasts") == [("cancelled", "{}")] * 2
    if more:
        steps.all()
    assert words_left(store) == []
    assert problems(store.url) == []
