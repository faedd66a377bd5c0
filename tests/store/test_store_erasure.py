"""Erasing a person: nothing they wrote and nothing that says who they were is left, and every step leaves it whole."""

from __future__ import annotations

import pytest

from chatd.core.bots import MakeBot
from chatd.core.chats import Draft, SaveDrafts
from chatd.core.contacts import RequestContact
from chatd.core.devices import SaveDevices
from chatd.core.erasure import BeginErasure
from chatd.core.featured import Feature
from chatd.core.groups import Kick
from chatd.core.handles import SetHandle
from chatd.core.invites import CreateInvite
from chatd.core.pins import Pin
from chatd.core.profiles import SetTag, UpdateProfile
from chatd.core.requests import Join, SetEntry
from chatd.core.users import DisableUser, EnsureUser, SaveReads
from chatd.core.wishes import AnyWish
from chatd.service import erasure as service
from chatd.service.erasure import Eraser, begin, erase_offline, plan_of
from chatd.service.secrets import Secrets
from chatd.store import erasing
from chatd.store.database import connect, path_of
from chatd.store.outcome import Proposed, Verdict
from chatd.store.verify import verify
from tests.store.kit import (
    DIGEST,
    Store,
    add,
    announce,
    block,
    create,
    direct,
    edit,
    follow,
    leave,
    new_cid,
    nickname,
    put_product,
    react,
    recall,
    run,
    send,
    send_card,
    set_role,
)
from tests.store.town import build_town

WORD = "quagga"
"""Part of everything that the erased person ever wrote, or was called."""
SECRETS = Secrets(b"k" * 32)

pytestmark = [pytest.mark.promise("P9", "erase"), pytest.mark.relaxed_durability]


def problems(url: str) -> list[str]:
    database = connect(url)
    try:
        return verify(database).problems
    finally:
        database.close()


def fill(store: Store) -> None:
    """A town in which "zoe" did everything that leaves words: in "tea" as an admin, in "zoo" as its owner, in "pub" for
    a while, in a direct chat with ben, and asking at a door."""
    build_town(store)
    store.done(EnsureUser("zoe", f"sub {WORD}", f"Zoe {WORD}"), DisableUser("eve", on=False))
    store.make_mutual("zoe", "ann", "ben", "cat", "dan")
    store.done(add("ann", "tea", "zoe"), add("ben", "pub", "zoe"))
    store.done(set_role("ann", "tea", "zoe", "admin"), nickname("zoe", "tea", f"N {WORD}"))
    store.done(nickname("cat", "tea", "Kitty"))
    store.done(UpdateProfile("zoe", new_cid(), DIGEST, None, f"https://a.example/{WORD}", f"bio {WORD}", None))
    store.done(SetHandle("zoe", new_cid(), DIGEST, f"Z_{WORD}"), SetTag("zoe", f"t {WORD}", None, on=True))
    said = [store.say("zoe", "tea", f"message {number} {WORD}") for number in range(7)]
    answer = store.say("cat", "tea", "I answer", reply_to=said[0])
    store.done(put_product("p1", title="Tea"), send_card("zoe", "tea", "product", "p1", f"see {WORD}"))
    store.done(edit("zoe", "tea", said[1], f"better {WORD}"), recall("zoe", "tea", said[2]))
    store.done(react("ann", "tea", said[3]), react("zoe", "tea", said[3]), react("zoe", "tea", answer, "🦓"))
    store.done(react("zoe", "tea", answer, "👍"), react("zoe", "tea", answer, "👍", on=False), react("ann", "tea", 3))
    for pos in (said[3], answer, said[4]):
        store.done(Pin("ann", new_cid(), DIGEST, "tea", pos, None))
    store.done(Feature("zoe", new_cid(), DIGEST, "tea", answer, f"note {WORD}"))
    store.done(Feature("ann", new_cid(), DIGEST, "tea", said[5], "good"))
    store.done(announce("zoe", "tea", f"hear {WORD}"))
    store.done(send("zoe", "pub", f"in passing {WORD}"), nickname("zoe", "pub", f"P {WORD}"), leave("zoe", "pub"))
    store.done(create("zoe", "zoo", title="The Zoo"), add("zoe", "zoo", "ben", "dan"), send("zoe", "zoo", f"a {WORD}"))
    store.done(SetEntry("zoe", new_cid(), DIGEST, "zoo", "question", "Why?", None))
    store.done(Kick("zoe", new_cid(), DIGEST, "zoo", "dan", f"since {WORD}", tell=True))
    store.done(create("zoe", "alone", title="Alone"), send("zoe", "alone", f"alone {WORD}"))
    store.done(direct("zoe", "dz", "ben"), send("zoe", "dz", f"dear {WORD}"), send("ben", "dz", "dear all"))
    invite = CreateInvite("zoe", new_cid(), DIGEST, "tea", "i1", "link", "s1", None, "member", None, None, False, WORD)
    store.done(invite)
    store.done(
        create("ann", "door", title="Door"), SetEntry("ann", new_cid(), DIGEST, "door", "question", "Who?", None)
    )
    store.done(Join("zoe", new_cid(), DIGEST, "door", f"me {WORD}"))
    store.done(RequestContact("zoe", new_cid(), DIGEST, "eve", f"hi {WORD}"))
    store.done(SaveDrafts([Draft("zoe", "tea", store.now_ms, f"unsent {WORD}")]))
    store.done(SaveDevices([("zoe", "phone", f"app {WORD}", store.now_ms)]), SaveReads([("tea", "zoe", 0, 3)]))
    store.done(block("zoe", "dan"), follow("eve", "zoe"))
    store.now_ms += 5000


class Steps:
    """An erasure taken step by step, over the engine of a store."""

    def __init__(self, store: Store, user: str) -> None:
        self.store, self.user = store, user
        self.reader = erasing.FromDatabase(store.database)
        run(begin(user, self.ask, self.read, SECRETS))
        self.eraser = Eraser(user, self.ask, self.read)

    async def ask(self, wish: AnyWish) -> Verdict:
        return self.store.engine.settle([Proposed(1, wish)])[-1].verdicts[0]

    async def read(self, work):  # type: ignore[no-untyped-def]
        return await work(self.reader)

    def step(self) -> bool:
        return run(self.eraser.step())

    def all(self) -> int:
        steps = 1
        while self.step():
            steps += 1
        return steps


def words_left(store: Store) -> list[tuple[str, object]]:
    """(table, row) of whatever has the word in it."""
    everything = store.everything()
    return [(table, row) for table, rows in everything.items() for row in rows if WORD in repr(row)]


def test_nothing_of_the_person_is_left_in_any_table(store: Store) -> None:
    fill(store)
    assert len({table for table, _ in words_left(store)}) >= 12
    Steps(store, "zoe").all()
    assert words_left(store) == []
    assert problems(store.url) == []


def test_every_step_leaves_a_whole_database(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "PORTION", 3)
    monkeypatch.setattr(service, "GROUPS", 2)
    monkeypatch.setattr(erasing, "PORTION_ROWS", 4)
    fill(store)
    assert problems(store.url) == []
    steps = Steps(store, "zoe")
    assert problems(store.url) == []
    count = 0
    while steps.step():
        count += 1
        assert problems(store.url) == [], f"after step {count}, {steps.eraser.stage}"
    assert count > 20
    assert problems(store.url) == []
    assert words_left(store) == []


@pytest.mark.parametrize("user", ["ann", "ben", "cat", "dan", "eve"])
def test_everybody_can_be_erased_and_the_log_stays_whole(store: Store, user: str) -> None:
    fill(store)
    Steps(store, user).all()
    assert problems(store.url) == []
    rows = store.rows("SELECT name, profile, settings, disabled FROM users WHERE user_id = ?", user)
    assert [(name, profile, settings, bool(off)) for name, profile, settings, off in rows] == [("", "{}", "{}", True)]
    assert store.rows("SELECT 1 FROM follows WHERE user_id = ? OR target_id = ?", user, user) == []
    assert store.rows("SELECT 1 FROM memberships WHERE user_id = ? AND until_pos IS NULL", user) == []


def test_all_of_them_can_be_erased_one_after_the_other(store: Store) -> None:
    fill(store)
    for user in ("zoe", "cat", "ann", "eve", "ben", "dan"):
        Steps(store, user).all()
        assert problems(store.url) == []


def test_looking_at_what_would_go_changes_nothing(store: Store) -> None:
    fill(store)
    before = store.everything()
    plan = run(plan_of(erasing.FromDatabase(store.database), "zoe"))
    assert store.everything() == before
    groups = {one["group"]: one["messages"] for one in plan["groups"]}
    assert groups == {"tea": 8, "pub": 1, "zoo": 1, "alone": 1, "dz": 1}
    assert plan["entries"] == {"feature": 1, "message": 11, "reaction": 4, "edit": 1, "recall": 1}
    rows = {table: plan["rows"].get(table) for table in ("drafts", "handles", "follows", "blocks", "devices")}
    assert rows == {"drafts": 1, "handles": 1, "follows": 9, "blocks": 1, "devices": 1}


def test_nobody_writes_as_that_person_once_it_began(store: Store) -> None:
    fill(store)
    begun = BeginErasure("zoe", "digest", None, [])
    assert store.codes(begun, send("zoe", "tea", "not any more"), follow("zoe", "eve")) == ["", "disabled", "disabled"]
    store.reopen()
    assert store.codes(send("zoe", "tea", "nor later")) == ["disabled"]
    assert store.codes(add("ann", "door", "zoe"), follow("cat", "zoe", on=False)) == ["", "not_found"]
    assert store.codes(BeginErasure("nobody", "digest", None, [])) == ["not_found"]


def test_a_command_that_was_accepted_before_is_still_answered(store: Store) -> None:
    fill(store)
    said = send("zoe", "tea", "once")
    answer = store.done(said)
    store.done(BeginErasure("zoe", "digest", None, []))
    assert store.done(said) == answer


def test_a_sub_is_free_again_for_tokens_of_later(store: Store) -> None:
    fill(store)
    sub = f"sub {WORD}"
    digest = SECRETS.hash_sub(sub)
    Steps(store, "zoe").all()
    assert store.codes(EnsureUser("z2", sub, "Zoe", None, digest, store.now_ms - 1)) == ["revoked"]
    assert store.done(EnsureUser("z2", sub, "Zoe", None, digest, store.now_ms)) == [{"user": "z2"}]
    assert problems(store.url) == []


def test_without_a_server_it_goes_to_the_end_and_can_be_repeated(store: Store) -> None:
    fill(store)
    eyes = connect(store.url)
    try:
        assert erase_offline(store.engine, eyes, "zoe")
        assert words_left(store) == []
        whole = store.everything()
        assert erase_offline(store.engine, eyes, "zoe")
        assert {**store.everything(), "commits": [], "writers": []} == {**whole, "commits": [], "writers": []}
        assert not erase_offline(store.engine, eyes, "nobody")
    finally:
        eyes.close()
    assert problems(store.url) == []


def test_each_step_can_be_repeated_and_is_refused_when_nothing_is_under_way(store: Store) -> None:
    fill(store)
    steps = Steps(store, "zoe")
    wishes: list[AnyWish] = []
    ask = steps.ask

    async def twice(wish: AnyWish) -> Verdict:
        wishes.append(wish)
        wishes.append(wish)
        await ask(wish)
        return await ask(wish)

    steps.eraser = Eraser("zoe", twice, steps.read)
    steps.all()
    assert problems(store.url) == []
    assert store.rows("SELECT count(*) FROM entries WHERE kind = 'erased'") == [(5,)]
    assert store.codes(*wishes) == ["not_found"] * (len(wishes) - 2) + [""] * 2


def test_it_is_said_once_in_each_group_to_those_whom_it_concerns(store: Store) -> None:
    fill(store)
    Steps(store, "zoe").all()
    rows = store.rows("SELECT group_id, actor, target FROM entries WHERE kind = 'erased' ORDER BY group_id")
    last = store.rows("SELECT max(pos) FROM entries WHERE group_id = 'pub' AND actor = 'zoe' AND kind = 'message'")
    assert [tuple(row) for row in rows] == [
        ("alone", None, None),
        ("dz", None, None),
        ("pub", None, last[0][0]),
        ("tea", None, None),
        ("zoo", None, None),
    ]
    owners = store.rows("SELECT user_id FROM memberships WHERE group_id = 'zoo' AND role = 'owner'")
    assert [tuple(row) for row in owners] == [("ben",)]
    gone = store.rows("SELECT dissolved_at IS NULL, member_count FROM groups WHERE group_id = 'alone'")
    assert [tuple(map(int, row)) for row in gone] == [(0, 0)]


def test_no_step_is_large(store: Store) -> None:
    """However much somebody wrote: what one commit changes is bounded."""
    store.people("ann", "zoe")
    store.found("tea", "ann", "zoe", history="all")
    for _ in range(5):
        store.done(*(send("zoe", "tea", "word") for _ in range(200)))
    steps = Steps(store, "zoe")
    rewritten: list[int] = []

    async def counted(wish: AnyWish) -> Verdict:
        (outcome,) = store.engine.settle([Proposed(1, wish)])
        rewritten.extend(len(change.redacted) for change in outcome.groups)
        return outcome.verdicts[0]

    steps.eraser = Eraser("zoe", counted, steps.read)
    steps.all()
    assert max(rewritten) == service.PORTION
    assert sum(rewritten) == 1000


def test_nothing_is_left_in_the_file_of_the_database(sqlite_tables: str) -> None:
    with Store(sqlite_tables) as store:
        fill(store)
        Steps(store, "zoe").all()
        path = path_of(store.url)
        assert path is not None
        for file in (path, path.with_name(f"{path.name}-wal")):
            assert WORD.encode() not in file.read_bytes(), file.name


def test_a_bot_goes_with_its_tokens_and_commands(store: Store) -> None:
    store.people("ann")
    store.found("tea", "ann", history="all")
    store.done(MakeBot("ubot", "helper", f"Bot {WORD}", f"says {WORD}", ["read", "write"], True, "digest of a token"))
    assert store.rows("SELECT count(*) FROM bot_tokens") == [(1,)]
    Steps(store, "ubot").all()
    assert words_left(store) == []
    assert store.rows("SELECT (SELECT count(*) FROM bots) + (SELECT count(*) FROM bot_tokens)") == [(0,)]
    assert problems(store.url) == []
