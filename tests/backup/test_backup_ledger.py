"""The file of the ledger: added to and never rewritten, whole lines only, right again after whatever interrupted it."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from chatd.backup.keeping import PORTION_ROWS, LedgerKeeper, keep_ledger
from chatd.backup.ledger_file import LedgerFile, Line
from chatd.backup.trouble import Trouble
from chatd.store.readers import Reader, Readers
from tests.store.kit import Store, recall, run

pytestmark = pytest.mark.relaxed_durability


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.ndjson"


def recall_some(store: Store, count: int) -> list[int]:
    places = [store.say("ann", "tea", "a secret word") for _ in range(count)]
    store.done(*(recall("ann", "tea", pos) for pos in places))
    return places


def positions(file: Path) -> list[int]:
    return [line.pos for line in LedgerFile(file).lines()]


def test_it_holds_ids_alone_for_its_owner_alone(tea: Store, file: Path) -> None:
    recall_some(tea, 2)
    assert keep_ledger(tea.database, file) == 2
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "secret" not in file.read_text()
    (n, at, made_at), _ = tea.rows("SELECT n, at, made_at FROM ledger ORDER BY n")
    assert next(LedgerFile(file).lines()) == Line(n, at, "recall", "tea", 3, "ann", made_at)


def test_it_is_only_added_to(tea: Store, file: Path) -> None:
    first = recall_some(tea, 2)
    keep_ledger(tea.database, file)
    before = file.read_bytes()
    assert keep_ledger(tea.database, file) == 0
    second = recall_some(tea, 1)
    assert keep_ledger(tea.database, file) == 1
    assert file.read_bytes().startswith(before)
    assert positions(file) == first + second


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_line_that_was_cut_short_is_taken_off_and_written_again(tea: Store, file: Path, cut: int) -> None:
    places = recall_some(tea, 3)
    keep_ledger(tea.database, file)
    file.write_bytes(file.read_bytes()[:-cut])
    assert positions(file) == places[:2]
    assert keep_ledger(tea.database, file) == 1
    assert positions(file) == places


def test_one_of_another_past_gets_everything_once_more(tea: Store, file: Path) -> None:
    """Twice does no harm; what is missing would."""
    LedgerFile(file).add([Line(2, 5, "recall", "elsewhere", 7, "eve", 4)])
    places = recall_some(tea, 3)
    assert keep_ledger(tea.database, file) == 3
    assert positions(file) == [7, *places]


def test_one_that_is_none_is_not_added_to(tea: Store, file: Path) -> None:
    recall_some(tea, 1)
    for wrong in ("dear diary\n", '{"n": 1}\n', "x" * 5000 + "\n"):
        file.write_text(wrong)
        with pytest.raises(Trouble) as caught:
            keep_ledger(tea.database, file)
        assert caught.value.code == "ledger"
        assert file.read_text() == wrong


def test_a_line_beyond_any_bound_is_named_and_not_read_to_its_end(file: Path) -> None:
    LedgerFile(file).add([Line(1, 5, "recall", "tea", 7, "ann", 4)])
    with file.open("a") as more:
        more.write("x" * 1_000_000)
    with pytest.raises(Trouble) as caught:
        positions(file)
    assert caught.value.values["line"] == 2


# -- kept by the server


@asynccontextmanager
async def keeper_of(store: Store, file: Path) -> AsyncIterator[LedgerKeeper]:
    readers = Readers(store.url, 1)
    await readers.open()
    try:
        yield LedgerKeeper(file, readers.snapshot)
    finally:
        await readers.close()


def test_a_ledger_that_cannot_be_kept_is_told_and_nothing_is_made(file: Path, tmp_path: Path) -> None:
    with pytest.raises(Trouble) as trouble:
        LedgerFile(tmp_path / "backups" / "ledger.ndjson").check()
    assert (trouble.value.code, trouble.value.values) == ("ledger_folder", {"folder": tmp_path / "backups"})
    before = sorted(tmp_path.iterdir())
    LedgerFile(file).check()
    assert sorted(tmp_path.iterdir()) == before


def test_the_server_goes_on_where_it_was_also_after_a_start(tea: Store, file: Path) -> None:
    async def keep(more: int) -> None:
        async with keeper_of(tea, file) as keeper:
            await keeper.step()
            for pos in recall_some(tea, more):
                expected.append(pos)
                await keeper.step()

    expected = recall_some(tea, 2)
    run(keep(2))
    run(keep(1))
    assert positions(file) == expected


def test_much_is_added_in_portions(tea: Store, file: Path) -> None:
    insert = "INSERT INTO ledger (at, kind, group_id, pos, user_id, made_at) VALUES (1, 'recall', 'tea', ?, 'ann', 1)"
    tea.database.begin()
    for pos in range(PORTION_ROWS + 1):
        tea.database.run(insert, (pos,))
    tea.database.commit()

    async def keep() -> tuple[float | None, float | None]:
        async with keeper_of(tea, file) as keeper:
            return await keeper.step(), await keeper.step()

    assert run(keep()) == (0.0, None)
    assert positions(file) == list(range(PORTION_ROWS + 1))


def test_after_trouble_with_the_disk_nothing_is_missing_and_nothing_torn(
    tea: Store, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = recall_some(tea, 3)
    add = LedgerFile.add

    def half(self: LedgerFile, lines: list[Line]) -> None:
        add(self, lines[:1])
        with self.path.open("ab") as torn:
            torn.write(b'{"n": 2, "at"')
        raise OSError(28, "No space left on device")

    async def keep() -> None:
        async with keeper_of(tea, file) as keeper:
            await keeper.step()
            places.extend(recall_some(tea, 2))
            with monkeypatch.context() as patch:
                patch.setattr(LedgerFile, "add", half)
                with pytest.raises(OSError, match="No space"):
                    await keeper.step()
            await keeper.step()

    run(keep())
    assert positions(file) == places


def test_a_snapshot_is_not_held_while_the_disk_is_waited_for(tea: Store, file: Path) -> None:
    """One reader serves it: if the write held it, a second step could not begin."""
    recall_some(tea, 1)
    held = 0

    async def keep() -> None:
        nonlocal held
        readers = Readers(tea.url, 1)
        await readers.open()

        @asynccontextmanager
        async def snapshot() -> AsyncIterator[Reader]:
            nonlocal held
            async with readers.snapshot() as reader:
                held += 1
                yield reader
                held -= 1

        add = LedgerFile.add
        with pytest.MonkeyPatch.context() as patch:

            def look_and_add(self: LedgerFile, lines: list[Line]) -> None:
                seen.append(held)
                add(self, lines)

            patch.setattr(LedgerFile, "add", look_and_add)
            await LedgerKeeper(file, snapshot).step()
        await readers.close()

    seen: list[int] = []
    run(keep())
    assert seen == [0]
