"""The commit on both databases: numbers, verdicts, what is remembered, and what the hub is told."""

from __future__ import annotations

import orjson
import pytest

from chatd.core.limits import Bounds
from chatd.core.users import EnsureUser, Revoke, SaveReads
from chatd.store.engine import Engine
from tests.store.kit import (
    START_MS,
    Store,
    add,
    block,
    create,
    direct,
    edit,
    follow,
    kick,
    leave,
    react,
    recall,
    send,
    set_role,
    update,
)

pytestmark = pytest.mark.promise("P1", "commit")


@pytest.fixture
def tea(store: Store) -> Store:
    store.people("ann", "ben", "cat")
    store.found("tea", "ann", "ben")
    return store


@pytest.mark.promise("P3", "numbering")
def test_entries_of_each_group_are_numbered_without_a_hole(tea: Store) -> None:
    tea.done(create("ben", "milk"))
    batch = [send(user, group) for _ in range(5) for user, group in (("ann", "tea"), ("ben", "milk"), ("ben", "tea"))]
    first, second = tea.done(*batch), tea.done(*batch[:0], send("ann", "tea"))
    for group in ("tea", "milk"):
        answers = [answer for answer in first + second if answer["group"] == group]
        stored = tea.rows("SELECT pos, seq FROM entries WHERE group_id = ? ORDER BY pos", group)
        assert [pos for pos, _ in stored] == list(range(1, len(stored) + 1))
        assert [(a["pos"], a["seq"]) for a in answers] == [row for row in stored if row[1] is not None]
        assert [seq for _, seq in stored if seq is not None] == list(range(1, len(answers) + 1))
        assert tea.rows("SELECT head, seq FROM groups WHERE group_id = ?", group) == [stored[-1]]


@pytest.mark.promise("P3", "numbering")
def test_who_is_refused_takes_no_number_and_leaves_nothing(tea: Store) -> None:
    codes = tea.codes(
        send("ann", "tea"), send("cat", "tea"), send("ann", "nowhere"), leave("ann", "tea"), send("ann", "tea")
    )
    assert codes == ["", "not_found", "not_found", "owner_must_stay", ""]
    assert tea.rows("SELECT head, seq FROM groups") == [(4, 2)]
    before = tea.everything()
    outcome = tea.commit(send("cat", "tea"), leave("ann", "tea"))
    assert outcome.n == 0
    assert tea.everything() == before, "a batch of refusals alone is no commit"


@pytest.mark.promise("P3", "commits")
def test_each_commit_leaves_one_row_that_names_what_it_touched(tea: Store) -> None:
    n = tea.engine.n
    tea.done(create("ann", "milk"), send("ben", "tea"))
    tea.done(follow("cat", "ann"))
    rows = tea.rows("SELECT n, groups, users FROM commits WHERE n > ? ORDER BY n", n)
    assert [(number, sorted(orjson.loads(g)), orjson.loads(u)) for number, g, u in rows] == [
        (n + 1, ["milk", "tea"], ["ann"]),
        (n + 2, [], []),
    ]
    assert tea.engine.n == n + 2
    assert tea.rows("SELECT n FROM writers") == [(n + 2,)]


def test_the_next_engine_counts_on(tea: Store) -> None:
    n = tea.engine.n
    tea.reopen()
    assert tea.engine.n == n
    assert tea.commit(send("ann", "tea")).n == n + 1


def test_the_hub_is_told_what_changed(tea: Store) -> None:
    first = tea.say("ann", "tea", "one")
    outcome = tea.commit(
        send("ben", "tea", "two", first),
        edit("ann", "tea", first, "uno"),
        kick("ann", "tea", "ben"),
        follow("cat", "ann"),
    )
    (change,) = outcome.groups
    assert (change.group, change.after, change.head, change.seq, change.members) == ("tea", 3, 6, 2, 1)
    assert [(entry.pos, entry.kind, entry.target) for entry in change.entries] == [
        (4, "message", 3),
        (5, "edit", 3),
        (6, "members", None),
    ]
    assert [(target.pos, target.body) for target in change.targets] == [(3, {"type": "text", "body": {"text": "uno"}})]
    assert (change.joins, change.leaves) == ([], [("ben", 6)])
    assert [(mine.user, mine.kind, mine.pos) for mine in outcome.mine] == [("ben", "removed", 6)]
    tea.make_mutual("ann", "cat")
    (change,) = tea.commit(add("ann", "tea", "cat")).groups
    assert change.joins == [("cat", 7, 6, 2)]


def test_what_is_decided_in_a_batch_is_what_the_next_one_of_it_sees(tea: Store) -> None:
    """One batch from nothing to a history: every step is decided on what the one before left."""
    tea.make_mutual("ann", "cat")
    codes = tea.codes(
        create("ann", "new", "all", 3),
        add("ann", "new", "ben", "cat"),
        send("cat", "new"),
        react("ben", "new", 3),
        set_role("ann", "new", "ben", "admin"),
        recall("ben", "new", 3),
        react("ann", "new", 3),
        kick("ben", "new", "cat"),
        send("cat", "new"),
        add("ben", "new", "cat"),
        update("ann", "new", title="Milk"),
    )
    assert codes == ["", "", "", "", "", "", "gone", "", "not_found", "", ""]
    kinds = [kind for (kind,) in tea.rows("SELECT kind FROM entries WHERE group_id = 'new' ORDER BY pos")]
    assert kinds == ["created", "members", "message", "reaction", "role", "recall", "members", "settings"]
    assert tea.sizes()["reactions"] == 0
    assert tea.rows("SELECT title FROM groups WHERE group_id = 'new'") == [("Milk",)]


def test_a_batch_gives_what_one_at_a_time_gives(store: Store) -> None:
    """The same wishes, in one batch and alone: the same log, apart from joins and leaves that share an entry."""
    store.people("ann", "ben", "cat")
    store.make_mutual("ann", "ben", "cat")

    def wishes(group: str) -> list[object]:
        return [
            create("ann", group, "last:1"),
            send("ann", group, "1"),
            send("ann", group, "2"),
            add("ann", group, "ben"),
            send("ben", group, "3", 3),
            edit("ben", group, 5, "drei"),
            add("ann", group, "cat"),
            react("cat", group, 5),
            react("cat", group, 5, on=False),
            recall("ben", group, 5),
            leave("cat", group),
        ]

    store.done(*wishes("at-once"))  # type: ignore[arg-type]
    for wish in wishes("alone"):
        store.done(wish)  # type: ignore[arg-type]
    columns = "pos, kind, actor, seq, target, version, recalled, reactions, body"
    logs = [
        store.rows(f"SELECT {columns} FROM entries WHERE group_id = ? ORDER BY pos", group)
        for group in ("at-once", "alone")
    ]
    assert logs[0] == logs[1]
    columns = "user_id, period, role, from_pos, from_seq, joined_pos, until_pos, until_seq, why"
    rosters = [
        store.rows(f"SELECT {columns} FROM memberships WHERE group_id = ? ORDER BY user_id", group)
        for group in ("at-once", "alone")
    ]
    assert rosters[0] == rosters[1]


@pytest.mark.promise("P6", "gate.pull")
@pytest.mark.parametrize("breaks", [follow("ben", "ann", False), follow("ann", "ben", False), block("ben", "ann")])
def test_the_gate_is_judged_on_what_was_committed_before(tea: Store, breaks: object) -> None:
    tea.done(create("ann", "new"))
    tea.done(breaks)  # type: ignore[arg-type]
    assert tea.done(add("ann", "new", "ben", "cat"))[0]["results"] == [
        {"user": "ben", "result": "not_mutual"},
        {"user": "cat", "result": "not_mutual"},
    ]


@pytest.mark.promise("P6", "gate.direct")
def test_one_direct_chat_per_pair_in_one_batch_and_later(tea: Store) -> None:
    first = tea.done(direct("ann", "d1", "ben"), direct("ben", "d2", "ann"))
    later = tea.done(direct("ben", "d3", "ann"))
    assert [(answer["group"], answer["created"]) for answer in first + later] == [
        ("d1", True),
        ("d1", False),
        ("d1", False),
    ]
    assert tea.rows("SELECT group_id FROM groups WHERE kind = 'direct'") == [("d1",)]
    tea.done(block("ben", "ann"))
    assert tea.codes(send("ann", "d1")) == ["read_only"]
    tea.done(block("ben", "ann", False))
    assert tea.codes(send("ann", "d1")) == [""]


@pytest.mark.promise("P7", "visibility.floor")
def test_floors_of_newcomers_who_come_in_the_batch_that_moves_them(tea: Store) -> None:
    tea.make_mutual("ann", "cat")
    tea.done(update("ann", "tea", history="last:3"))
    tea.done(*(send("ann", "tea", str(number)) for number in range(1, 6)))
    n = tea.engine.n
    tea.done(send("ann", "tea", "6"), add("ann", "tea", "cat"), send("ann", "tea", "7"))
    assert tea.engine.n == n + 1, "the batch did not have to be taken apart"
    ((from_pos, from_seq),) = tea.rows("SELECT from_pos, from_seq FROM memberships WHERE user_id = 'cat'")
    assert from_seq == 3
    assert tea.rows("SELECT pos FROM entries WHERE group_id = 'tea' AND seq = 3") == [(from_pos,)]


@pytest.mark.promise("P7", "visibility.floor")
@pytest.mark.parametrize("before", ["none", "last:1", "all"])
def test_a_rule_changed_in_the_same_batch_holds_for_who_comes_behind_it(tea: Store, before: str) -> None:
    tea.make_mutual("ann", "cat")
    tea.done(update("ann", "tea", history=before))
    tea.done(*(send("ann", "tea", str(number)) for number in range(1, 9)))
    n = tea.engine.n
    tea.done(update("ann", "tea", history="last:5"), add("ann", "tea", "cat"))
    assert tea.engine.n == n + 1, "the batch did not have to be taken apart"
    assert tea.rows("SELECT from_seq FROM memberships WHERE user_id = 'cat'") == [(3,)]


@pytest.mark.promise("P9", "recall.row")
def test_a_recall_leaves_nothing_of_the_text_in_the_database(tea: Store) -> None:
    pos = tea.say("ben", "tea", "a secret")
    tea.done(send("ann", "tea", "so what", pos), react("ann", "tea", pos), edit("ben", "tea", pos, "a worse secret"))
    tea.done(recall("ben", "tea", pos))
    assert "secret" not in repr(tea.everything())
    assert tea.sizes()["reactions"] == 0
    assert tea.rows("SELECT recalled, reactions, seq FROM entries WHERE pos = ?", pos) == [(True, None, 1)]


def test_users_are_made_once_even_in_one_batch(store: Store) -> None:
    first = store.done(EnsureUser("u1", "sub", "Ann"), EnsureUser("u2", "sub", "Anna"), EnsureUser("u3", "other", ""))
    assert [answer["user"] for answer in first] == ["u1", "u1", "u3"]
    assert store.done(EnsureUser("u4", "sub", ""))[0]["user"] == "u1"
    assert store.rows("SELECT user_id, name FROM users ORDER BY user_id") == [("u1", "Anna"), ("u3", "")]


def test_read_positions_and_revocations_only_move_forward(tea: Store) -> None:
    tea.done(*(send("ann", "tea") for _ in range(5)))
    for seq in (3, 5, 2):
        tea.done(SaveReads([("tea", "ben", 0, seq), ("tea", "ben", 0, seq - 1)]))
    tea.done(Revoke("ben", "phone", 9), Revoke("ben", "phone", 7), Revoke("ben", None, 5))
    tea.done(Revoke("ben", "phone", 8), Revoke("ben", None, 3))
    assert tea.rows("SELECT seq FROM reads WHERE user_id = 'ben'") == [(5,)]
    assert tea.rows("SELECT device, before FROM revocations") == [("phone", 9)]
    assert tea.rows("SELECT valid_after FROM users WHERE user_id = 'ben'") == [(5,)]


@pytest.mark.promise("P8", "limits.user_log_keep")
def test_a_users_log_is_cut_and_says_where_it_begins(tables_url: str) -> None:
    with Store(tables_url, Bounds(user_log_keep=4)) as store:
        store.people("ann", "ben")
        store.found("tea", "ann", "ben")
        for _ in range(10):
            store.done(leave("ben", "tea"), add("ann", "tea", "ben"))
        ((upos, floor),) = store.rows("SELECT upos, mine_floor FROM users WHERE user_id = 'ben'")
        kept = [number for (number,) in store.rows("SELECT upos FROM mine WHERE user_id = 'ben' ORDER BY upos")]
        assert upos == 21
        assert kept == list(range(floor + 1, upos + 1))
        assert 4 <= len(kept) <= 9


def test_housekeeping_drops_what_has_outlived_its_use(tea: Store) -> None:
    tea.now_ms += 1000
    tea.done(create("ann", "late"))
    n = tea.engine.n
    tea.engine.tidy(START_MS + 1000, 2)
    assert tea.rows("SELECT n FROM commits ORDER BY n") == [(n - 1,), (n,)]
    assert tea.rows("SELECT answer FROM commands") == [('{"group":"late","pos":1,"created":true}',)]


@pytest.mark.promise("P3", "time.never.back")
def test_times_in_a_group_never_go_back(tea: Store) -> None:
    for step in (10, -500, 3, 600):
        tea.now_ms += step
        tea.say("ann", "tea")
    times = [at for (at,) in tea.rows("SELECT at FROM entries WHERE group_id = 'tea' ORDER BY pos")]
    assert times == sorted(times)
    assert tea.rows("SELECT head_at FROM groups") == [(times[-1],)]


def test_an_engine_does_not_remember_what_another_one_has_changed(tea: Store) -> None:
    """Whoever takes over reads anew; nothing is carried from a batch that did not happen either."""
    tea.say("ann", "tea")
    other = Engine(tea.database, Bounds(), lambda: START_MS, "another")
    first, tea.engine = tea.engine, other
    tea.say("ben", "tea")
    assert first.n < other.n
    assert tea.rows("SELECT head FROM groups") == [(4,)]
