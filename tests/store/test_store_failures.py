"""What goes wrong in a commit, and what is true then: a refusal, or an outcome that the cid will tell."""

from __future__ import annotations

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from chatd.core.facts import Facts
from chatd.core.needs import Needs
from chatd.core.proposal import Wish
from chatd.core.wishes import AnyWish
from chatd.store.database import connect
from chatd.store.engine import Engine, Fenced
from chatd.store.failures import StorageFull, StoreLost
from chatd.store.outcome import Proposed
from chatd.store.verify import verify
from tests.store.kit import Store, Wrapped, add, create, edit, leave, recall, send

pytestmark = pytest.mark.promise("P1", "commit.failed")
LONE_SURROGATE = "\ud800"


def assert_whole(store: Store) -> None:
    database = connect(store.url)
    try:
        assert verify(database).problems == []
    finally:
        database.close()


# -- a poisonous proposal


class Broken(Wish, frozen=True, tag="broken"):
    """A rule with a bug, which shows after it has changed something."""

    group: str

    def needs(self, need: Needs) -> None:
        need.groups.add(self.group)

    def decide(self, facts: Facts) -> dict[str, Any]:
        facts.groups[self.group].head += 7
        facts.groups[self.group].title = "spoilt"
        raise KeyError(self.group)


@pytest.mark.parametrize("where", [0, 3, 7, 8])
@pytest.mark.parametrize("how", ["rule", "row"])
def test_the_one_that_spoils_the_batch_is_refused_and_the_others_happen(tea: Store, how: str, where: int) -> None:
    poison: Any = Broken("tea") if how == "rule" else send("ann", "tea", LONE_SURROGATE)
    batch: list[Any] = [send("ann", "tea", str(number)) for number in range(8)]
    batch.insert(where, poison)
    outcomes = tea.settle(*batch)
    verdicts = [verdict for outcome in outcomes for verdict in outcome.verdicts]
    assert len({verdict.pid for verdict in verdicts}) == len(verdicts) == 9
    verdicts.sort(key=lambda verdict: verdict.pid)
    assert [verdict.code for verdict in verdicts] == ["internal" if i == where else "" for i in range(9)]
    assert [v.answer["seq"] for v in verdicts if v.answer] == list(range(1, 9))
    assert tea.rows("SELECT head, title FROM groups") == [(10, "Tea")]
    assert_whole(tea)


def test_two_that_spoil_the_batch_are_both_found(tea: Store) -> None:
    batch: list[Any] = [send("ann", "tea") for _ in range(10)]
    batch[2] = batch[7] = send("ann", "tea", LONE_SURROGATE)
    assert tea.codes(*batch) == ["", "", "internal", "", "", "", "", "internal", "", ""]
    assert_whole(tea)


def test_outcomes_of_a_batch_taken_apart_come_in_commit_order(tea: Store) -> None:
    outcomes = tea.settle(*(send("ann", "tea", LONE_SURROGATE if number == 1 else "") for number in range(4)))
    numbers = [outcome.n for outcome in outcomes if outcome.n]
    assert numbers == sorted(numbers)
    heads = [(change.after, change.head) for outcome in outcomes for change in outcome.groups]
    assert all(before[1] == after[0] for before, after in itertools.pairwise(heads))


def test_one_refused_in_the_rules_has_not_spoilt_what_the_engine_remembers(tea: Store) -> None:
    """What a failed batch had changed in memory is not true for the next one."""
    tea.say("ann", "tea")
    assert tea.codes(Broken("tea")) == ["internal"]  # type: ignore[arg-type]
    assert tea.say("ann", "tea") == 4
    assert_whole(tea)


# -- no room


@pytest.mark.promise("P1", "disk.full")
def test_no_room_for_the_transaction_refuses_the_batch_whole(sqlite_tables: str) -> None:
    with Store(sqlite_tables) as store:
        store.people("ann", "ben")
        store.found("tea", "ann", "ben")
        ((pages,),) = store.database.run("PRAGMA page_count")[0]
        store.database.run(f"PRAGMA max_page_count = {pages + 10}")
        accepted = []
        before = store.everything()
        wish = send("ann", "tea", "x" * 3000)
        while (verdict := store.decide(wish, send("ann", "tea", "y" * 3000))[0]).answer is not None:
            accepted.append(verdict.answer["seq"])
            assert len(accepted) < 100
            before = store.everything()
            wish = send("ann", "tea", "x" * 3000)
        assert accepted, "there was some room"
        assert verdict.code == "storage_full"
        assert store.everything() == before
        assert store.codes(wish) == ["storage_full"]
        store.database.run("PRAGMA max_page_count = 1073741823")
        assert store.done(wish)[0]["seq"] == accepted[-1] + 2
        assert_whole(store)


@pytest.mark.promise("P1", "disk.full")
def test_no_room_on_postgresql_refuses_the_batch_whole(postgres_tables: str) -> None:
    """A real disk cannot be filled here without harming others on it; the server raises the same error by a trigger
    (class 53100, https://www.postgresql.org/docs/current/errcodes-appendix.html)."""
    with Store(postgres_tables) as store:
        store.people("ann", "ben")
        store.found("tea", "ann", "ben")
        store.database.run(
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = '53100'; END $$"
        )
        store.database.run("CREATE TRIGGER no_room BEFORE INSERT ON entries EXECUTE FUNCTION no_room()")
        before = store.everything()
        wishes: list[AnyWish] = [send("ann", "tea"), create("ann", "milk")]
        assert store.codes(*wishes) == ["storage_full", "storage_full"]
        assert store.everything() == before
        store.database.run("DROP TRIGGER no_room ON entries")
        store.done(*wishes)
        assert_whole(store)


class FullAt(Wrapped):
    """Has no room at one step."""

    def __init__(self, url: str, step: str) -> None:
        super().__init__(connect(url))
        self.step = step
        self.full = False

    def commit(self) -> None:
        if self.full and self.step == "commit":
            raise StorageFull
        super().commit()

    def write(self, *args: Any) -> None:
        if self.full and self.step == "write":
            raise StorageFull
        super().write(*args)


@pytest.mark.promise("P1", "disk.full")
def test_no_room_for_the_commit_itself_leaves_nothing(tables_url: str) -> None:
    database = FullAt(tables_url, "commit")
    with Store(tables_url, database=database) as store:
        store.people("ann")
        store.done(create("ann", "tea"))
        before = store.everything()
        database.full = True
        assert store.codes(send("ann", "tea"), create("ann", "milk")) == ["storage_full", "storage_full"]
        assert store.everything() == before
        database.full = False
        assert store.say("ann", "tea") == 2
        assert_whole(store)


@pytest.mark.promise("P1", "disk.full")
@pytest.mark.parametrize("step", ["write", "commit"])
def test_no_room_for_housekeeping_is_no_failure(tables_url: str, step: str) -> None:
    database = FullAt(tables_url, step)
    with Store(tables_url, database=database) as store:
        store.people("ann")
        store.done(create("ann", "tea"))
        before = store.everything()
        database.full = True
        assert store.engine.tidy(store.now_ms + 1, 0) == 0
        assert store.everything() == before
        database.full = False
        assert store.say("ann", "tea") == 2


# -- taken over


@pytest.mark.promise("P1", "fenced")
def test_a_writer_that_was_taken_over_commits_no_more(tea: Store) -> None:
    before = tea.everything()
    second = connect(tea.url)
    try:
        other = Engine(second, tea.bounds, lambda: tea.now_ms, "the second")
        with pytest.raises(Fenced):
            tea.settle(send("ann", "tea"))
        assert tea.everything() | {"writers": []} == before | {"writers": []}
        tea.database.close()
        assert other.settle([Proposed(1, send("ann", "tea"))])[0].verdicts[0].code == ""
    finally:
        second.close()


@pytest.mark.promise("P1", "fenced")
def test_a_writer_that_was_taken_over_between_two_commits_stays_out(tea: Store) -> None:
    """Also if the other one has already committed."""
    second = connect(tea.url)
    try:
        other = Engine(second, tea.bounds, lambda: tea.now_ms, "the second")
        assert other.settle([Proposed(1, send("ann", "tea"))])[0].n == tea.engine.n + 1
        with pytest.raises(Fenced):
            tea.settle(send("ann", "tea"))
        assert tea.rows("SELECT head FROM groups") == [(3,)]
    finally:
        second.close()


# -- the connection


class CutAt(Wrapped):
    """Has PostgreSQL end this very session at one step of the next transaction: what a network does."""

    def __init__(self, url: str, step: str) -> None:
        super().__init__(connect(url))
        self.url = url
        self.step = step
        self.armed = False
        ((self.backend,),) = self.run("SELECT pg_backend_pid()")[0]

    def _cut_at(self, step: str) -> None:
        if self.armed and step == self.step:
            with psycopg.connect(self.url, autocommit=True) as other:
                gone = other.execute("SELECT pg_terminate_backend(%s, 10000)", (self.backend,)).fetchone()
                assert gone == (True,)

    def begin(self) -> None:
        self._cut_at("before begin")
        super().begin()

    def write(self, *args: Any) -> None:
        self._cut_at("before a write")
        super().write(*args)

    def commit(self) -> None:
        self._cut_at("before commit")
        super().commit()
        if self.armed and self.step == "after commit":
            raise StoreLost("the answer to COMMIT was lost")


@pytest.mark.parametrize("step", ["before begin", "before a write", "before commit", "after commit"])
def test_a_lost_connection_leaves_the_outcome_to_the_cid(postgres_tables: str, step: str) -> None:
    database = CutAt(postgres_tables, step)
    with Store(postgres_tables, database=database) as store:
        store.people("ann", "ben")
        store.found("tea", "ann", "ben")
        before = store.everything()
        wishes: list[AnyWish] = [send("ann", "tea", "1"), create("ann", "milk"), send("ann", "tea", "2")]
        database.armed = True
        with pytest.raises(StoreLost):
            store.settle(*wishes)
        happened = store.everything() != before
        assert happened == (step == "after commit")
        store.reopen()
        answers = store.done(*wishes)
        assert [answer["pos"] for answer in answers] == [3, 1, 4]
        assert store.rows("SELECT group_id, head FROM groups ORDER BY group_id") == [("milk", 1), ("tea", 4)]
        assert_whole(store)


def test_a_lock_that_somebody_else_holds_is_an_outage_of_the_embedded_database(sqlite_tables: str) -> None:
    with Store(sqlite_tables) as store:
        store.people("ann")
        store.done(create("ann", "tea"))
        store.database.run("PRAGMA busy_timeout = 10")
        other = connect(sqlite_tables)
        other.begin()
        with pytest.raises(StoreLost):
            store.settle(send("ann", "tea"))
        other.rollback()
        other.close()
        store.reopen()
        assert store.say("ann", "tea") == 2


def test_a_deadlock_with_another_program_is_no_outage_and_refuses_nothing(postgres_tables: str) -> None:
    with Store(postgres_tables) as store, psycopg.connect(postgres_tables, autocommit=True) as other:
        store.people("ann")
        store.done(create("ann", "tea"))
        other.execute("SET deadlock_timeout = '30s'")  # so that it is the engine which is given up
        other.execute("BEGIN")
        other.execute("SELECT 1 FROM groups WHERE group_id = 'tea' FOR UPDATE")
        store.database.run("SET deadlock_timeout = '200ms'")
        n = store.engine.n
        with ThreadPoolExecutor(1) as threads:
            answers = threads.submit(store.settle, leave("ann", "tea"), create("ann", "milk"))
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            with psycopg.connect(postgres_tables, autocommit=True) as third:
                deadline = time.monotonic() + 20
                while third.execute(waiting).fetchone() != (1,):
                    assert time.monotonic() < deadline
            other.execute("SELECT 1 FROM users WHERE user_id = 'ann' FOR UPDATE")
            other.execute("ROLLBACK")
            (outcome,) = answers.result(20)
        assert [verdict.code for verdict in outcome.verdicts] == ["owner_must_stay", ""]
        assert store.engine.n == n + 1


def test_a_database_that_is_not_there_is_an_outage() -> None:
    with pytest.raises(StoreLost):
        connect("postgresql://nobody@127.0.0.1:1/none")


class LostAt(Wrapped):
    """Loses the outcome of COMMIT, once it was done or before: an fsync that fails tells nothing."""

    def __init__(self, url: str, done: bool) -> None:
        super().__init__(connect(url))
        self.done = done
        self.armed = False

    def commit(self) -> None:
        if self.armed and not self.done:
            raise StoreLost("COMMIT failed")
        super().commit()
        if self.armed:
            raise StoreLost("COMMIT failed")


@pytest.mark.parametrize("done", [True, False])
def test_after_a_failed_commit_the_next_engine_settles_by_cid(tables_url: str, done: bool) -> None:
    database = LostAt(tables_url, done)
    with Store(tables_url, database=database) as store:
        store.people("ann", "ben")
        store.found("tea", "ann", "ben")
        pos = store.say("ann", "tea")
        wishes: list[AnyWish] = [
            send("ann", "tea", "x"),
            edit("ann", "tea", pos),
            recall("ann", "tea", pos),
            add("ann", "tea", "ben"),
        ]
        database.armed = True
        with pytest.raises(StoreLost):
            store.settle(*wishes)
        assert len(store.rows("SELECT 1 FROM entries WHERE group_id = 'tea'")) == (6 if done else 3)
        store.reopen()
        answers = store.done(*wishes)
        assert [answer.get("pos") for answer in answers] == [4, 5, 6, None]
        assert store.sizes()["entries"] == 6
        assert_whole(store)
