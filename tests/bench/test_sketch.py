"""The yardstick keeps the promises it is measured for: durable, once, dense."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import seed, sketch


def test_a_known_cid_gets_its_first_answer(tmp_path: Path) -> None:
    db = sketch.open_database(tmp_path / "sketch.db")
    first = sketch.commit_batch(db, [(1, "u1", "cid-a", "one"), (1, "u1", "cid-b", "two")], 1000)
    assert first == [(1, 1000, True), (2, 1000, True)]
    again = sketch.commit_batch(db, [(1, "u1", "cid-b", "two"), (1, "u2", "cid-b", "x"), (1, "u1", "cid-c", "y")], 2000)
    assert again == [(2, 1000, False), (3, 2000, True), (4, 2000, True)]
    db.close()


def test_a_cid_twice_in_one_batch_is_one_entry(tmp_path: Path) -> None:
    db = sketch.open_database(tmp_path / "sketch.db")
    assert sketch.commit_batch(db, [(7, "u1", "cid", "one")] * 2, 5) == [(1, 5, True), (1, 5, False)]
    db.close()


def test_commits_wait_for_the_disk(tmp_path: Path) -> None:
    db = sketch.open_database(tmp_path / "sketch.db")
    full = 2
    assert db.execute("PRAGMA synchronous").fetchone() == (full,)
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    db.close()


@pytest.mark.parametrize(("query", "values"), [(sketch.KNOWN, ("[]",)), (sketch.HEADS, ("[]",))])
def test_the_look_ups_scan_no_table(tmp_path: Path, query: str, values: tuple[str, ...]) -> None:
    db = sketch.open_database(tmp_path / "sketch.db")
    plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {query}", values).fetchall()]
    assert not [step for step in plan if step.startswith(("SCAN e", "SCAN heads"))], plan
    db.close()


def test_seeding_stores_messages_and_seats(tmp_path: Path) -> None:
    seats = seed.seed_sketch(tmp_path, (3, 2), stored=5)
    assert [seat.group for seat in seats] == [sketch.group_name(1)] * 3 + [sketch.group_name(2)] * 2
    assert len({seat.token for seat in seats}) == 5
    assert sketch.read_heads(tmp_path / seed.SKETCH_DATABASE) == {1: 3, 2: 2}


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
def test_frame_lengths(size: int) -> None:
    frame = sketch.text_frame(bytes(size))
    header = {0: 2, 125: 2, 126: 4, 65535: 4, 65536: 10}[size]
    assert len(frame) == header + size
    assert frame[0] == 0x81
