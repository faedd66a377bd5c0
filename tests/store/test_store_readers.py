"""The readers on both databases: one moment per snapshot, a bounded pool, and failures that are over when they are."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

import psycopg
import pytest

from chatd.core.refusal import Refused
from chatd.store import messages
from chatd.store.readers import Reader, ReaderLost, Readers
from tests.store.kit import PATIENCE_S, Store, run, send


@asynccontextmanager
async def reading(url: str, count: int = 2) -> AsyncIterator[Readers]:
    readers = Readers(url, count)
    try:
        await readers.open()
        yield readers
    finally:
        await readers.close()


async def identify(reader: Reader) -> object:
    """Which connection this is, as long as it is open."""
    if "ANY" in reader.among:
        return (await reader.all("SELECT pg_backend_pid()"))[0][0]
    return reader


@pytest.fixture
def tea(store: Store) -> Store:
    store.people("ann")
    store.found("tea", "ann")
    return store


@pytest.mark.promise("P4", "snapshot")
def test_a_snapshot_is_one_moment_whatever_is_committed_meanwhile(tea: Store) -> None:
    async def work() -> None:
        async with reading(tea.url) as readers:
            async with readers.snapshot() as reader:
                assert await messages.head_of(reader, "tea") == 1
                tea.done(send("ann", "tea"), send("ann", "tea"))
                page = await messages.page_up(reader, "tea", 0, 99, 10)
                assert [entry.pos for entry in page.entries] == [1]
                assert await messages.head_of(reader, "tea") == 1
            async with readers.snapshot() as reader:
                assert await messages.head_of(reader, "tea") == 3

    run(work())


@pytest.mark.promise("P4", "snapshot")
def test_several_reads_as_one_step_are_of_that_moment_too(tea: Store) -> None:
    async def read_twice(reader: Reader) -> list[int]:
        first = await messages.head_of(reader, "tea")
        page = await messages.page_up(reader, "tea", 0, 99, 10)
        found = await messages.times_of(reader, [("tea", 1), ("tea", 2)])
        return [first, len(page.entries), len(found), await reader.run(partial(messages.head_of, group="tea"))]

    async def work() -> None:
        async with reading(tea.url) as readers:
            async with readers.snapshot() as reader:
                assert await reader.run(read_twice) == [1, 1, 1, 1]
                tea.done(send("ann", "tea"))
                assert await reader.run(read_twice) == [1, 1, 1, 1]
            async with readers.snapshot() as reader:
                assert await reader.run(read_twice) == [2, 2, 2, 2]

    run(work())


@pytest.mark.promise("P4", "snapshot")
def test_a_read_of_its_own_is_one_moment_and_ends_it(tea: Store) -> None:
    entered, go_on = threading.Event(), threading.Event()

    async def read_twice(reader: Reader) -> list[int]:
        first = await messages.head_of(reader, "tea")
        entered.set()
        if "ANY" in reader.among:  # on PostgreSQL this runs in the loop
            await asyncio.to_thread(go_on.wait, PATIENCE_S)
        assert go_on.wait(PATIENCE_S)
        return [first, await messages.head_of(reader, "tea")]

    async def refuse(reader: Reader) -> None:
        await messages.head_of(reader, "tea")
        raise Refused("not_found")

    def say_meanwhile() -> None:
        assert entered.wait(PATIENCE_S)
        tea.done(send("ann", "tea"))
        go_on.set()

    async def work() -> None:
        async with reading(tea.url, count=1) as readers:
            said = asyncio.get_running_loop().run_in_executor(None, say_meanwhile)
            assert await readers.read(read_twice) == [1, 1]
            await said
            assert await readers.read(lambda reader: messages.head_of(reader, "tea")) == 2
            async with readers.snapshot() as reader:
                before = await identify(reader)
            with pytest.raises(Refused):
                await readers.read(refuse)
            async with readers.snapshot() as reader:
                assert await identify(reader) == before, "a refusal costs no connection"
            tea.done(send("ann", "tea"))
            assert await readers.read(lambda reader: messages.head_of(reader, "tea")) == 3, "nothing stayed open"

    run(work())


def test_a_refusal_within_one_step_reaches_who_asked(tea: Store) -> None:
    async def refuse(reader: Reader) -> None:
        await messages.head_of(reader, "tea")
        raise Refused("not_found")

    async def work() -> None:
        async with reading(tea.url, count=1) as readers, readers.snapshot() as reader:
            with pytest.raises(Refused):
                await reader.run(refuse)
            assert await messages.head_of(reader, "tea") == 1

    run(work())


def test_a_step_in_the_connections_thread_waits_for_nothing_else(sqlite_tables: str) -> None:
    async def wait(reader: Reader) -> None:
        await asyncio.sleep(0)

    async def work() -> None:
        async with reading(sqlite_tables, count=1) as readers, readers.snapshot() as reader:
            with pytest.raises(RuntimeError):
                await reader.run(wait)

    run(work())


@pytest.mark.promise("P5", "snapshot")
def test_an_open_snapshot_holds_up_no_commit(tea: Store) -> None:
    async def work() -> None:
        async with reading(tea.url) as readers, readers.snapshot() as reader:
            await messages.head_of(reader, "tea")
            for _ in range(3):
                await asyncio.to_thread(tea.say, "ann", "tea")

    run(work())


def test_readers_write_nothing(tea: Store) -> None:
    async def work() -> None:
        async with reading(tea.url) as readers:
            with pytest.raises((ReaderLost, psycopg.errors.ReadOnlySqlTransaction)):
                async with readers.snapshot() as reader:
                    await reader.all("DELETE FROM entries")
        assert tea.sizes()["entries"] == 1

    run(work())


@pytest.mark.promise("P8", "readers")
def test_more_reads_than_connections_wait_for_their_turn(tea: Store) -> None:
    async def work() -> None:
        async with reading(tea.url, count=2) as readers:
            leave, entered = asyncio.Event(), asyncio.Queue[int]()

            async def read(number: int) -> None:
                async with readers.snapshot() as reader:
                    await messages.head_of(reader, "tea")
                    entered.put_nowait(number)
                    await leave.wait()

            async with asyncio.TaskGroup() as tasks:
                for number in range(4):
                    tasks.create_task(read(number))
                assert sorted([await entered.get(), await entered.get()]) == [0, 1]
                await asyncio.sleep(0)
                assert entered.empty()
                leave.set()
                assert sorted([await entered.get(), await entered.get()]) == [2, 3]

    run(work())


def test_a_refusal_by_who_reads_costs_no_connection(tea: Store) -> None:
    async def work() -> None:
        seen = set()

        async def refuse(readers: Readers) -> None:
            async with readers.snapshot() as reader:
                seen.add(await identify(reader))
                raise Refused("not_found")

        async with reading(tea.url, count=1) as readers:
            for _ in range(3):
                with pytest.raises(Refused):
                    await refuse(readers)
            async with readers.snapshot() as reader:
                seen.add(await identify(reader))
                assert await messages.head_of(reader, "tea") == 1
            assert len(seen) == 1

    run(work())


async def fail_in_sql(readers: Readers) -> None:
    with pytest.raises(ReaderLost):
        async with readers.snapshot():
            raise ReaderLost


async def cancel_in_the_middle(readers: Readers) -> None:
    started = asyncio.Event()

    async def read() -> None:
        async with readers.snapshot():
            started.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(read())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("fail", [fail_in_sql, cancel_in_the_middle])
def test_a_connection_that_failed_or_was_interrupted_is_replaced(
    tea: Store, fail: Callable[[Readers], Awaitable[None]]
) -> None:
    async def work() -> None:
        async with reading(tea.url, count=1) as readers:
            async with readers.snapshot() as reader:
                first = await identify(reader)
            await fail(readers)
            async with readers.snapshot() as reader:
                assert await identify(reader) != first
                assert await messages.head_of(reader, "tea") == 1

    run(work())


@pytest.mark.promise("P4", "readers.lost")
def test_connections_cut_off_while_idle_are_replaced_unnoticed(postgres_tables: str) -> None:
    """The database was restarted: the next reads find it up again, none fails for it."""
    with Store(postgres_tables) as store:
        store.people("ann")
        store.found("tea", "ann")

        async def work() -> None:
            async with reading(postgres_tables, count=3) as readers:
                for _ in range(2):
                    end_other_sessions(store)
                    async with asyncio.TaskGroup() as tasks:
                        for _ in range(6):
                            tasks.create_task(read_head(readers))

        async def read_head(readers: Readers) -> None:
            async with readers.snapshot() as reader:
                assert await messages.head_of(reader, "tea") == 1

        run(work())


@pytest.mark.promise("P4", "readers.lost")
def test_a_connection_cut_off_during_a_read_fails_that_read_only(postgres_tables: str) -> None:
    with Store(postgres_tables) as store:
        store.people("ann")
        store.found("tea", "ann")

        async def read_and_lose(readers: Readers) -> None:
            async with readers.snapshot() as reader:
                await messages.head_of(reader, "tea")
                end_other_sessions(store)
                await messages.head_of(reader, "tea")

        async def work() -> None:
            async with reading(postgres_tables, count=1) as readers:
                with pytest.raises(ReaderLost):
                    await read_and_lose(readers)
                async with readers.snapshot() as reader:
                    assert await messages.head_of(reader, "tea") == 1

        run(work())


def end_other_sessions(store: Store) -> None:
    """End the readers' sessions on the server, not the two of the store itself."""
    own = [database.run("SELECT pg_backend_pid()")[0][0][0] for database in (store.database,)]
    own += [store.rows("SELECT pg_backend_pid()")[0][0]]
    rows = store.rows(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> ALL(?)",
        own,
    )
    assert rows
    assert set(rows) == {(True,)}


def test_a_read_that_is_under_way_when_the_readers_are_closed_fails_at_once(postgres_tables: str) -> None:
    """Nobody waits for an answer on a socket that is closed, or on another one that has got its number."""

    async def read(readers: Readers) -> None:
        async with readers.snapshot() as reader:
            await reader.all("SELECT pg_sleep(60)")

    async def work() -> None:
        readers = Readers(postgres_tables, 1)
        await readers.open()
        under_way = asyncio.create_task(read(readers))
        while not await sleeping(postgres_tables):
            pass
        await readers.close()
        async with reading(postgres_tables) as others:  # whose sockets have the numbers now
            async with asyncio.timeout(10):
                with pytest.raises(ReaderLost):
                    await under_way
                async with others.snapshot() as reader:
                    assert await reader.all("SELECT 1") == [(1,)]

    run(work())


async def sleeping(url: str) -> bool:
    """Whether the server is about a read that lasts."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        rows = await connection.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
        return await rows.fetchone() is not None


def test_a_database_that_is_not_there_is_lost() -> None:
    async def work(url: str) -> None:
        with pytest.raises(ReaderLost):
            async with reading(url):
                pass
        for thread in threading.enumerate():
            if "_connection_worker_thread" in thread.name:
                # aiosqlite lets it end by itself, and it says so to the loop.
                await asyncio.to_thread(thread.join)

    for url in ("sqlite:////nowhere/at/all.db", "postgresql://nobody@127.0.0.1:1/none"):
        run(work(url))


def test_readers_that_were_closed_open_nothing_any_more(sqlite_tea: str) -> None:
    """A connection is a thread, and a thread that nobody ends keeps the process from ending."""

    async def story() -> None:
        others = set(threading.enumerate())
        readers = Readers(sqlite_tea, 1)
        await readers.open()
        waiting = asyncio.Event()

        async def late() -> None:
            waiting.set()
            async with readers.snapshot() as reader:
                await reader.all("SELECT 1")

        with suppress(ReaderLost):
            async with readers.snapshot():
                task = asyncio.create_task(late())
                await waiting.wait()
                await readers.close()
        with pytest.raises(ReaderLost):
            await task
        for thread in set(threading.enumerate()) - others:
            await asyncio.to_thread(thread.join, PATIENCE_S)  # it may be about to end
            assert not thread.is_alive()

    run(story())


def test_a_connection_that_somebody_else_has_closed_is_given_up_and_replaced(tea: Store) -> None:
    """As when the pool is closed and opened anew under a read that has just been given up."""

    async def read_what_is_closed(readers: Readers) -> None:
        async with readers.snapshot() as reader:
            await reader._connection._execute(reader._connection._conn.close)  # type: ignore[attr-defined]
            await messages.head_of(reader, "tea")

    async def work() -> None:
        async with reading(tea.url, 1) as readers:
            with pytest.raises(ReaderLost):
                await read_what_is_closed(readers)
            async with readers.snapshot() as reader:
                assert await messages.head_of(reader, "tea") == 1

    if tea.url.startswith("sqlite"):
        run(work())
