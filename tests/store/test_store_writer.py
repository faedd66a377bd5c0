"""The loop of the writer, in a thread of this process, with a disk and a clock that the test turns."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.core.wishes import AnyWish
from chatd.store.engine import HOUSEKEEPING_ROWS
from chatd.store.outcome import Outcome, Proposed, Verdict
from chatd.store.verify import verify
from chatd.store.writer import FRAME_MAX, Frames, Settings, Writer, disk_free_of, frame
from tests.store.kit import START_MS, Store, add, create, leave, send

PATIENCE_S = 30.0
FLOOR_BYTES = 1000
_outcomes = msgspec.msgpack.Decoder(list[Outcome])


class Desk:
    """The hub's side of the socket, and what the writer's surroundings are."""

    def __init__(self, store: Store, batch_max: int = 512) -> None:
        self.free_bytes = FLOOR_BYTES
        self.now_s = 0.0
        self._store = store
        self._pids = 0
        self._frames = Frames()
        self._heard: list[bytes] = []
        self._ours, theirs = socket.socketpair()
        self._ours.settimeout(PATIENCE_S)
        settings = Settings(
            store.url,
            store.bounds,
            batch_max=batch_max,
            free_disk_floor_bytes=FLOOR_BYTES,
            command_ttl_ms=1000,
            commits_keep=3,
        )
        writer = Writer(
            theirs,
            store.engine,
            settings,
            disk_free=lambda: self.free_bytes,
            clock_s=lambda: self.now_s,
            now_ms=lambda: store.now_ms,
        )
        self._thread = threading.Thread(target=self._serve, args=(writer, theirs), name="writer", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ours.close()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    @staticmethod
    def _serve(writer: Writer, channel: socket.socket) -> None:
        with channel:
            writer.run(Frames())

    def hand_over(self, *wishes: AnyWish) -> bytes:
        """The frame with these proposals."""
        batch = [Proposed(self._pids + number, wish) for number, wish in enumerate(wishes, 1)]
        self._pids += len(wishes)
        return frame(batch)

    def write(self, data: bytes) -> None:
        self._ours.sendall(data)

    def read(self) -> list[Outcome]:
        """What the next frame says. Raises EOFError at the end."""
        while not self._heard:
            data = self._ours.recv(1 << 16)
            if not data:
                raise EOFError
            self._heard += self._frames.feed(data)
        return _outcomes.decode(self._heard.pop(0))

    def ask(self, *wishes: AnyWish) -> list[str]:
        """The refusals of one batch."""
        self.write(self.hand_over(*wishes))
        return [verdict.code for outcome in self.read() for verdict in outcome.verdicts]

    def say_no_more(self) -> None:
        self._ours.shutdown(socket.SHUT_WR)


@pytest.fixture
def sqlite_store(sqlite_tables: str) -> Iterator[Store]:
    with Store(sqlite_tables) as store:
        store.people("ann", "ben")
        store.found("tea", "ann", "ben")
        yield store


@pytest.fixture
def desk(sqlite_store: Store) -> Iterator[Desk]:
    with Desk(sqlite_store) as desk:
        yield desk


@pytest.mark.promise("P1", "disk.floor")
def test_below_the_floor_writes_are_off_and_above_it_on_again(desk: Desk, sqlite_store: Store) -> None:
    assert desk.ask(send("ann", "tea")) == [""]
    desk.free_bytes -= 1
    desk.now_s += 1
    before = sqlite_store.everything()
    assert desk.ask(send("ann", "tea"), create("ann", "milk")) == ["storage_full", "storage_full"]
    assert sqlite_store.everything() == before
    desk.free_bytes += 1
    desk.now_s += 1
    assert desk.ask(send("ann", "tea")) == [""]


def test_the_disk_is_looked_at_once_a_second(desk: Desk) -> None:
    assert desk.ask(send("ann", "tea")) == [""]
    desk.free_bytes = 0
    desk.now_s += 0.9
    assert desk.ask(send("ann", "tea")) == [""]
    desk.now_s += 0.2
    assert desk.ask(send("ann", "tea")) == ["storage_full"]


def test_the_free_disk_is_that_of_the_folder_of_the_database(tmp_path: Path) -> None:
    assert 0 < disk_free_of(f"sqlite:///{tmp_path / 'chatd.db'}")() < 2**62
    assert disk_free_of("postgresql://elsewhere/db")() > 2**62


@pytest.mark.promise("P1", "writer.close")
def test_when_the_other_end_says_no_more_what_it_said_is_settled(sqlite_store: Store) -> None:
    with Desk(sqlite_store, batch_max=4) as desk:
        desk.write(desk.hand_over(*(send("ann", "tea") for _ in range(30))))
        desk.say_no_more()
        verdicts: list[Verdict] = []
        while len(verdicts) < 30:
            verdicts += [verdict for outcome in desk.read() for verdict in outcome.verdicts]
        with pytest.raises(EOFError):
            desk.read()
        assert [verdict.pid for verdict in verdicts] == list(range(1, 31))
        assert [verdict.answer["seq"] for verdict in verdicts if verdict.answer] == list(range(1, 31))


@pytest.mark.promise("P8", "batch_max")
def test_no_batch_is_larger_than_it_may_be(sqlite_store: Store) -> None:
    with Desk(sqlite_store, batch_max=4) as desk:
        desk.write(desk.hand_over(*(send("ann", "tea") for _ in range(10))))
        sizes = [sum(len(outcome.verdicts) for outcome in desk.read()) for _ in range(3)]
        assert sizes == [4, 4, 2]


def test_what_lies_in_the_socket_is_taken_at_once(sqlite_store: Store) -> None:
    """One commit for everything that arrived while the last one ran, however it was cut into frames."""
    with Desk(sqlite_store) as desk:
        data = b"".join(desk.hand_over(send("ann", "tea")) for _ in range(20))
        desk.write(data[:30])
        desk.write(data[30:])
        (outcome,) = desk.read()
        assert len(outcome.verdicts) == 20


@pytest.mark.promise("P8", "housekeeping")
def test_housekeeping_runs_by_the_clock_and_goes_on_while_there_is_more(desk: Desk, sqlite_store: Store) -> None:
    for _ in range(3):
        sqlite_store.done(*(wish for _ in range(200) for wish in (leave("ben", "tea"), add("ann", "tea", "ben"))))
    old = sqlite_store.sizes()["commands"]
    assert old > 2 * HOUSEKEEPING_ROWS
    sqlite_store.now_ms += 1001
    assert desk.ask(send("ann", "tea")) == [""]
    assert sqlite_store.sizes()["commands"] == old, "it is not due yet"
    desk.now_s += 61
    left = []
    for _ in range(5):
        assert desk.ask(send("ann", "tea")) == [""]
        desk.ask(send("nobody", "tea"))  # when this is answered, what was behind the last batch is done
        left.append(sqlite_store.sizes()["commands"])
    assert left == sorted(left, reverse=True)
    assert left[0] >= old - 2 * HOUSEKEEPING_ROWS, "a bounded portion at a time"
    assert left[-1] == 0
    assert sqlite_store.sizes()["commits"] <= 3 + 5
    assert verify(sqlite_store.database).problems == []
    assert sqlite_store.now_ms > START_MS


# -- frames


@given(st.lists(st.binary(max_size=300), max_size=8), st.lists(st.integers(1, 40), min_size=1, max_size=30))
def test_frames_come_out_whole_however_the_stream_is_cut(values: list[bytes], cuts: Sequence[int]) -> None:
    stream = b"".join(frame(value) for value in values)
    frames, whole, at = Frames(), [], 0
    for number in range(len(stream)):
        step = cuts[number % len(cuts)]
        whole += frames.feed(stream[at : at + step])
        at += step
    assert [msgspec.msgpack.decode(payload) for payload in whole] == values


@pytest.mark.promise("P8", "frame_max")
def test_a_length_beyond_any_bound_is_refused_before_anything_is_kept() -> None:
    with pytest.raises(ValueError, match="frame of"):
        Frames().feed((FRAME_MAX + 1).to_bytes(4, "big"))
    assert Frames().feed(FRAME_MAX.to_bytes(4, "big")) == []
