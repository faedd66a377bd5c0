"""Real servers before and after a restore, with clients that were there before: each is told, and right afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from chatd.backup.ledger_file import LedgerFile, Line
from chatd.backup.restoring import verify_file
from chatd.backup.trouble import Trouble
from chatd.store import lock
from chatd.testing import TestServer, running_server
from chatd_client import Client, Connected, FileCursors, GroupView, Reset
from chatd_protocol.messages import SendMessage, SendMessageOk
from tests.backup.kit import Desk, ask, problems_of
from tests.client.peer import in_loop
from tests.client.sitting import sitting
from tests.client.test_with_server import Reader, befriend, client_of
from tests.pg import PostgresServer

GENEROUS: dict[str, Any] = {"requests_per_s": 100_000.0}


@asynccontextmanager
async def serving(url: str, folder: Path, port: int = 0, **sections: Any) -> AsyncIterator[TestServer]:
    sections = {"limits": GENEROUS, "server": {"port": port}} | sections
    async with running_server(url, folder, drain_s=0.2, **sections) as server:
        yield server


def said_in(view: GroupView) -> dict[int, str | None]:
    """What a view shows at each position, None for what was recalled."""
    return {pos: None if one.recalled or one.body is None else one.body.text for pos, one in view.messages.items()}


async def until(reader: Reader, kind: type[Any], after: int = 0) -> Any:
    """The next event of a kind, behind so many that came before."""
    while not (found := [event for event in reader.others[after:] if isinstance(event, kind)]):
        reader._changed.clear()
        await reader._changed.wait()
    return found[0]


@pytest.fixture(params=["here", "sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, store_url: str, tmp_path: Path) -> Any:
    """Where it is brought back to: the same database, or another one of either kind."""
    if request.param == "here":
        yield store_url
    elif request.param == "sqlite":
        (tmp_path / "other").mkdir()
        yield f"sqlite:///{tmp_path / 'other' / 'chatd.db'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        with server.fresh_database() as url:
            yield url


@pytest.mark.promise("P4", "restore")
@in_loop
async def test_who_has_cursors_of_the_old_life_is_reset_and_right_afterwards(
    store_url: str, place: str, desk: Desk, tmp_path: Path
) -> None:
    """ann stays connected as far as she can, bob comes with the file of his cursors; both saw what is undone."""
    bobs = FileCursors(tmp_path / "bob.json")
    async with serving(store_url, tmp_path) as first:
        port = urlsplit(first.ws_url).port or 0
        ann = client_of(first, "ann")
        await ann.connect()
        async with client_of(first, "bob", cursors=bobs) as bob:
            group = await befriend(ann, bob)
            reading = Reader(bob)
            kept = [(await ann.send(group, f"kept {n}")).pos for n in range(10)]
            await asyncio.to_thread(desk.back_up, store_url)
            undone = [(await ann.send(group, f"undone {n}")).pos for n in range(5)]
            await ann.recall(group, kept[3])
            lost = (await ann.create_group("of the time between")).group
            await reading.until(group, undone[-1] + 1)
            reading.task.cancel()
    # ann's client is still there and tries to come back; what she says meanwhile waits.
    anns = Reader(ann)
    waiting = [asyncio.create_task(ann.send(group, f"waited {n}")) for n in range(3)]
    await asyncio.to_thread(desk.bring_back, place, force=True, also=[store_url])
    async with serving(place, tmp_path / "other" if "other" in place else tmp_path, port) as second:
        placed = [one.pos for one in await asyncio.gather(*waiting)]
        assert placed[0] > kept[-1], "numbers go on where the backup was"
        assert placed == list(range(placed[0], placed[0] + 3))
        reset = await until(anns, Reset)
        assert reset.group is None
        assert (await until(anns, Connected, anns.others.index(reset))).hello.epoch == second.life.epoch
        async with client_of(second, "bob", cursors=bobs) as bob:
            assert bob.hello is not None
            assert bob.hello.reset
            reading = Reader(bob)
            await until(reading, Reset)
            last = (await ann.send(group, "and on")).pos
            await reading.until(group, last)
            expected = dict(zip(kept, (f"kept {n}" for n in range(10)), strict=True)) | {kept[3]: None}
            expected |= dict(zip(placed, (f"waited {n}" for n in range(3)), strict=True)) | {last: "and on"}
            assert said_in(await bob.view(group)) == expected
            assert said_in(await ann.view(group)) == expected
            assert lost not in {line.group for line in bob.hello.groups}
            reading.task.cancel()
        again = FileCursors(tmp_path / "bob.json").load()
        assert again.epoch == second.life.epoch
        async with client_of(second, "bob", cursors=bobs) as bob:
            assert bob.hello is not None
            assert not bob.hello.reset, "once told, the new cursors are good"
        anns.task.cancel()
        await ann.close()
    assert problems_of(place) == []


@pytest.mark.promise("P4", "restore")
@in_loop
async def test_an_open_chat_shows_what_is_there_after_a_restore(sqlite_url: str, desk: Desk, tmp_path: Path) -> None:
    async with AsyncExitStack() as staying:
        async with serving(sqlite_url, tmp_path) as first, client_of(first, "ann") as ann:
            port = urlsplit(first.ws_url).port or 0
            async with client_of(first, "bob") as bob:
                group = await befriend(ann, bob)
                await bob.send(group, "kept")
                here = await staying.enter_async_context(sitting(first, "ann", "Ann", group=group))
                await here.hears("kept")
                await asyncio.to_thread(desk.back_up, sqlite_url)
                for number in range(3):
                    await bob.send(group, f"undone {number}")
                await here.hears("undone 2")
        await asyncio.to_thread(desk.bring_back, sqlite_url, force=True)
        second = await staying.enter_async_context(serving(sqlite_url, tmp_path, port))
        async with client_of(second, "bob") as bob:
            placed = [(await bob.send(group, f"anew {number}")).pos for number in range(2)]
            await here.hears("anew 1")
        await here.until(lambda: "undone" not in "\n".join(here.conversation))
        shown = "\n".join(here.conversation)
        assert "kept" in shown
        assert "anew 0" in shown
        assert f"#{placed[0]}" in shown
        await here.sees("restored from a backup")
        await here.sees_no("reconnecting")


@pytest.mark.promise("P2", "restore")
@in_loop
async def test_a_send_whose_answer_was_of_the_old_life_is_not_sent_twice(
    store_url: str, desk: Desk, tmp_path: Path
) -> None:
    """Accepted before the backup, repeated after it was brought back: the same answer, and it is there once."""
    async with serving(store_url, tmp_path) as first, client_of(first, "ann") as ann:
        group = (await ann.create_group("tea")).group
        cid = ann.new_cid()
        once = SendMessage(group=group, cid=cid, kind="text", body={"text": "once"})
        before = await ann.ask(once, SendMessageOk)
        await asyncio.to_thread(desk.back_up, store_url)
    await asyncio.to_thread(desk.bring_back, store_url, force=True)
    async with serving(store_url, tmp_path) as second, client_of(second, "ann") as ann:
        assert await ann.ask(once, SendMessageOk) == before
    assert ask(store_url, "SELECT count(*) FROM entries WHERE kind = 'message'") == [(1,)]


@pytest.mark.promise("P1", "backup")
@in_loop
async def test_a_backup_under_load_has_everything_acknowledged_before_it_began(
    store_url: str, desk: Desk, tmp_path: Path
) -> None:
    """By the program, as a process of its own, beside a server that four people write to as fast as they can."""
    async with serving(store_url, tmp_path) as server:
        clients = [client_of(server, f"writer{n}") for n in range(4)]
        for client in clients:
            await client.connect()
        groups = [(await client.create_group("busy")).group for client in clients]
        acked: list[tuple[str, int]] = []
        enough, ended = asyncio.Event(), asyncio.Event()

        async def write(client: Client, group: str) -> None:
            while not ended.is_set():
                placed = await asyncio.gather(*(client.send(group, "x" * 200) for _ in range(8)))
                acked.extend((group, one.pos) for one in placed)
                if len(acked) >= 400:
                    enough.set()

        writers = [asyncio.create_task(write(*pair)) for pair in zip(clients, groups, strict=True)]
        await enough.wait()
        before = list(acked)
        made = await _back_up_by_program(store_url, tmp_path, desk.file)
        during = len(acked) - len(before)
        ended.set()
        await asyncio.gather(*writers)
        for client in clients:
            await client.close()
    assert during > 0, "people went on writing meanwhile"
    assert made["audited"] is True
    assert verify_file(desk.file) == []
    copy = f"sqlite:///{tmp_path / 'copy.db'}"
    desk.bring_back(copy)
    there = set(ask(copy, "SELECT group_id, pos FROM entries WHERE kind = 'message'"))
    assert not set(before) - there
    assert len(there) < len(acked), "it is of one moment, and not of the end"


async def _back_up_by_program(url: str, folder: Path, to: Path) -> dict[str, Any]:
    env = os.environ | {
        "CHATD_STORE__URL": url,
        "CHATD_SERVER__STATE_DIR": str(folder),
        "CHATD_STORE__FREE_DISK_FLOOR_MB": "0",
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
    }
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "chatd", "backup", str(to), "--json", env=env, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await program.communicate()
    assert program.returncode == 0, said
    made: dict[str, Any] = json.loads(said)
    return made


@pytest.mark.promise("P9", "restore")
@in_loop
async def test_the_file_of_the_ledger_is_kept_while_the_server_runs(
    store_url: str, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is lost with the disk; what was recalled a moment before is in the file beside the backup."""
    file = tmp_path / "beside" / "ledger.ndjson"
    file.parent.mkdir()
    backup = {"ledger": str(file), "ledger_every_s": 0.05}
    loop, added, add = asyncio.get_running_loop(), asyncio.Event(), LedgerFile.add

    def add_and_tell(self: LedgerFile, lines: Sequence[Line]) -> None:
        add(self, lines)
        loop.call_soon_threadsafe(added.set)

    monkeypatch.setattr(LedgerFile, "add", add_and_tell)
    async with serving(store_url, tmp_path, backup=backup) as server, client_of(server, "ann") as ann:
        group = (await ann.create_group("tea")).group
        pos = (await ann.send(group, "a secret word")).pos
        await asyncio.to_thread(desk.back_up, store_url)
        await ann.recall(group, pos)
        await added.wait()
    other = f"sqlite:///{tmp_path / 'other.db'}"
    done = await asyncio.to_thread(desk.bring_back, other, ledger=file)
    assert done.ready.again == {"recall": 1}
    assert ask(other, "SELECT count(*) FROM entries WHERE body LIKE '%secret%'") == [(0,)]
    assert problems_of(other) == []


@in_loop
async def test_a_ledger_that_cannot_be_kept_stops_the_start(sqlite_url: str, tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="ledger_folder"):
        async with serving(sqlite_url, tmp_path, backup={"ledger": str(tmp_path / "no" / "ledger")}):
            pass


@in_loop
async def test_a_server_on_postgresql_keeps_a_restore_away_and_is_not_harmed(
    postgres_url: str, desk: Desk, tmp_path: Path
) -> None:
    async with serving(postgres_url, tmp_path) as server, client_of(server, "ann") as ann:
        group = (await ann.create_group("tea")).group
        await asyncio.to_thread(desk.back_up, postgres_url)
        with pytest.raises(lock.Held):
            await asyncio.to_thread(desk.bring_back, postgres_url, force=True)
        await ann.send(group, "and on")
    assert (await asyncio.to_thread(desk.bring_back, postgres_url, force=True)).ready.again == {}
