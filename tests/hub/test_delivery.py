"""The loops over members, in Python and in C: for any state of a group both do the same."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.hub import delivery
from chatd.hub.delivery import flush_in_python, hand_out_in_python
from chatd.hub.feed import State

UPTO = 5
LIVE = State.LIVE
Made: TypeAlias = Any
"""Sessions and the like, of classes with slots or without: the loops are told nothing of what they are."""


class Seat(NamedTuple):
    """One member before a pass."""

    state: State
    cursor: int
    floor: int
    fmt: str
    waiting: bytes
    writable: bool
    in_step: bool


SEATS = st.lists(
    st.builds(
        Seat,
        st.sampled_from([LIVE, LIVE, LIVE, State.BEHIND, State.SUMMARY]),
        st.integers(2, UPTO),
        st.sampled_from([0, 3, 300]),
        st.sampled_from(["json", "msgpack"]),
        st.sampled_from([b"", b"", b"answer"]),
        st.sampled_from([True, True, False]),
        st.sampled_from([True, True, False]),
    ),
    max_size=12,
)


def record(name: str, fields: Sequence[str], slots: bool, **methods: Any) -> type:
    """A class with these attributes, in slots or in a dictionary."""

    def init(self: Any, **values: Any) -> None:
        for field in fields:
            setattr(self, field, values[field])

    return type(name, (), {"__init__": init} | methods | ({"__slots__": fields} if slots else {}))


class Segment:
    """Makes another frame for each format and view, and remembers it as the real one does."""

    lowest_target = 3

    def __init__(self, after: int) -> None:
        self.after = after
        self.full: dict[str, bytes] = {}

    def frame(self, fmt: str, floor: int) -> bytes:
        if floor < self.lowest_target:
            return self.full.setdefault(fmt, f"<{self.after} {fmt}>".encode())
        return f"<{self.after} {fmt} blind>".encode()


class Run:
    """A pass; what lies behind cursor 2 is not in the ring any more."""

    def __init__(self, left: list[Made]) -> None:
        self.upto = UPTO
        self.left = iter(left)
        self.asked: list[int] = []

    def segment_after(self, cursor: int) -> Segment | None:
        self.asked.append(cursor)
        return None if cursor == 2 else Segment(cursor)


def town(seats: list[Seat], slots: bool) -> tuple[list[Made], list[Made]]:
    """Follows and sessions of these seats."""

    def fall_behind(self: Any, follow: Any) -> None:
        follow.state = State.BEHIND

    socket_kind = record("Socket", ("writable", "direct"), slots)
    session_kind = record(
        "Session",
        ("outbox", "socket", "format", "mine_cursor", "mine_head"),
        slots,
        fall_behind=fall_behind,
    )
    follow_kind = record("Follow", ("cursor", "told", "state", "session", "floor"), slots)
    sessions = [
        session_kind(
            outbox=seat.waiting,
            socket=socket_kind(writable=seat.writable, direct=-1),
            format=seat.fmt,
            mine_cursor=1000,
            mine_head=int("1000") + (not seat.in_step),  # another object of the same value
        )
        for seat in seats
    ]
    follows = [
        follow_kind(cursor=seat.cursor, told=0, state=seat.state, session=session, floor=seat.floor)
        for seat, session in zip(seats, sessions, strict=True)
    ]
    return follows, sessions


def after_passes(hand_out: Any, seats: list[Seat], most: int, slots: bool) -> tuple[object, ...]:
    """All that can be seen once a group was handed out, `most` at a time."""
    follows, sessions = town(seats, slots)
    run = Run(follows)
    touched: list[Made] = []
    counts = [hand_out(run, touched, most, LIVE)]
    while counts[-1] >= most:
        counts.append(hand_out(run, touched, most, LIVE))
    places = {id(session): place for place, session in enumerate(sessions)}
    return (
        counts,
        [(follow.cursor, follow.told, follow.state) for follow in follows],
        [session.outbox for session in sessions],
        [places[id(session)] for session in touched],
        run.asked,
    )


@pytest.fixture(scope="module")
def native() -> Any:
    """The module in C."""
    return pytest.importorskip("chatd.hub._delivery", reason="installed where there was no C compiler")


@pytest.mark.parametrize("slots", [True, False], ids=["slots", "no slots"])
@given(SEATS, st.sampled_from([1, 2, 3, 100]))
def test_both_hand_out_alike(native: Any, slots: bool, seats: list[Seat], most: int) -> None:
    expected = after_passes(hand_out_in_python, seats, most, slots)
    assert after_passes(native.hand_out, seats, most, slots) == expected


@pytest.mark.parametrize("of", ["python", "c"])
def test_what_a_session_raises_ends_the_pass(native: Any, of: str) -> None:
    class Broken(Exception):
        pass

    def fall_behind(self: Any, follow: Any) -> None:
        raise Broken

    follows, sessions = town([Seat(LIVE, 4, 0, "json", b"", False, True)], slots=True)
    type(sessions[0]).fall_behind = fall_behind
    hand_out: Any = native.hand_out if of == "c" else hand_out_in_python
    with pytest.raises(Broken):
        hand_out(Run(follows), [], 100, LIVE)


@pytest.mark.parametrize("missing", ["state", "cursor", "session", "floor"])
def test_an_attribute_that_was_never_set_is_an_error_and_not_a_crash(native: Any, missing: str) -> None:
    follows, _ = town([Seat(LIVE, 4, 0, "json", b"", True, True)], slots=True)
    delattr(follows[0], missing)
    with pytest.raises(AttributeError, match=missing):
        native.hand_out(Run(follows), [], 100, LIVE)


def hand_out_often(native: Any, follows: list[Made], sessions: list[Made]) -> None:
    touched: list[Made] = []
    for after in range(4, 200):
        for follow in follows:
            follow.cursor = after
        run = Run(follows)
        run.upto = after + 1
        assert native.hand_out(run, touched, 100, LIVE) == 3
        for session in sessions:
            session.outbox = b""
        touched.clear()


def test_nothing_is_kept_of_what_was_handed_out(native: Any) -> None:
    follows, sessions = town([Seat(LIVE, 4, 0, "json", b"", True, True)] * 3, slots=True)
    before = [sys.getrefcount(thing) for thing in (*follows, *sessions)]
    hand_out_often(native, follows, sessions)
    assert [sys.getrefcount(thing) for thing in (*follows, *sessions)] == before


# -- flush


class Pipe:
    """A socket whose other end reads only when asked."""

    def __init__(self, direct: bool, room_bytes: int) -> None:
        ours, self.theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, room_bytes)
        ours.setblocking(False)
        self.ours = ours
        self.writable = True
        self.direct = ours.fileno() if direct else -1
        self.sent: list[bytes] = []
        self.later: list[bytes] = []

    def send(self, frames: bytes) -> None:
        self.sent.append(frames)

    def send_later(self, frames: bytes, taken: int) -> None:
        self.direct = -1
        self.later.append(frames[taken:])

    def heard(self) -> bytes:
        self.theirs.setblocking(False)
        parts = []
        try:
            while part := self.theirs.recv(65_536):
                parts.append(part)
        except (BlockingIOError, ConnectionResetError):
            pass
        return b"".join(parts)

    def close(self) -> None:
        self.ours.close()
        self.theirs.close()


def test_none_is_given_back_as_often_as_it_is_taken(native: Any) -> None:
    """Of a build that every Python from 3.11 on may load: where None is not immortal, each one counts."""
    before = sys.getrefcount(None)
    for _ in range(5000):
        native.flush([])
    assert abs(sys.getrefcount(None) - before) < 100
    source = Path(delivery.__file__).with_name("_delivery.c").read_text()
    assert not re.search(r"Py_RETURN_\w+;", source), "what these do is up to the headers and not to who loads it"


@pytest.fixture
def pipes() -> Iterator[list[Pipe]]:
    made: list[Pipe] = []
    yield made
    for pipe in made:
        pipe.close()


def speaker(pipe: Pipe, outbox: bytes) -> Made:
    kind = record("Session", ("outbox", "socket", "format", "mine_cursor", "mine_head"), True)
    return kind(outbox=outbox, socket=pipe, format="json", mine_cursor=0, mine_head=0)


def test_what_a_descriptor_takes_goes_there_and_the_rest_to_the_transport(native: Any, pipes: list[Pipe]) -> None:
    pipes += [Pipe(True, 65_536), Pipe(False, 65_536), Pipe(True, 4096), Pipe(True, 65_536)]
    roomy, indirect, tight, broken = pipes
    broken.theirs.close()
    big = bytes(range(256)) * 4096
    sessions = [speaker(roomy, b"a"), speaker(indirect, b"b"), speaker(tight, big), speaker(broken, b"d")]
    native.flush(sessions)
    native.flush(sessions)
    assert [session.outbox for session in sessions] == [b""] * 4
    assert (roomy.heard(), roomy.sent, roomy.later) == (b"a", [], [])
    assert (indirect.heard(), indirect.sent) == (b"", [b"b"])
    begun = tight.heard()
    assert 0 < len(begun) < len(big)
    assert [begun + rest for rest in tight.later] == [big]
    assert broken.later == [b"d"], "the transport finds out what is wrong"


def test_in_python_everything_goes_through_the_session(pipes: list[Pipe]) -> None:
    said: list[str] = []
    kind = record("Session", ("name",), True, flush=lambda self: said.append(self.name))
    flush_in_python([kind(name="ann"), kind(name="ben")])
    assert said == ["ann", "ben"]


def test_flush_wants_a_list_of_sessions_that_hold_bytes(native: Any, pipes: list[Pipe]) -> None:
    with pytest.raises(TypeError, match="list of sessions"):
        native.flush(())
    pipes.append(Pipe(True, 4096))
    with pytest.raises(TypeError, match="bytes"):
        native.flush([speaker(pipes[0], "text")])  # type: ignore[arg-type]


def test_the_environment_says_which_loops_run(native: Any) -> None:
    def asked(pure: str) -> str:
        line = "from chatd.hub.delivery import NATIVE; print(NATIVE)"
        environ = {**os.environ, "CHATD_PURE": pure, "PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.check_output([sys.executable, "-c", line], env=environ, text=True, timeout=60).strip()

    assert (asked(""), asked("1")) == ("True", "False")
    assert delivery.NATIVE or os.environ.get("CHATD_PURE")
