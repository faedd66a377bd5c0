"""Limits of time on open connections, and what slow or silent clients cost."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from chatd.hub.frames import frame
from chatd.ws.stream import FRAMES_PER_TURN
from chatd.ws.sweep import SLOTS, Sweep
from tests.ws.kit import CLOSE, PING, PONG, TEXT, Client, Recorder, client_frame, on_loop, serving, soon

SMALL: dict[str, Any] = {"receive_buffer_bytes": 4096}
BUFFERS: dict[str, Any] = {"send_buffer_bytes": 8192, "write_high_bytes": 65_536, "write_low_bytes": 16_384}
CHUNK = frame(b"x" * 32_768, "json")


async def fill(session: Recorder) -> None:
    """Send until the kernel takes no more and the socket says so."""
    while session.socket.writable and not session.gone.is_set():
        session.socket.send(CHUNK)
        await asyncio.sleep(0)


async def took_effect(client: Client, session: Recorder) -> None:
    """Bytes of the client have been handled once a later message of it has been."""
    client.send_frame(TEXT, b"marker")
    while await session.message() != b"marker":
        pass


@on_loop
async def test_a_session_is_swept_with_the_clock_of_the_port() -> None:
    async with serving() as port:
        _, session = await port.connect()
        first, second = await session.sweep(), await session.sweep()
        assert 0 < second - first < 20
        assert abs(second - time.monotonic()) < 20


@on_loop
async def test_the_sweep_deals_connections_out_evenly_and_survives_one_that_fails() -> None:
    class One:
        slot = -1

        def __init__(self) -> None:
            self.visits: asyncio.Queue[float] = asyncio.Queue()
            self.aborted = asyncio.Event()
            self.broken = False

        def swept(self, now_s: float) -> None:
            if self.broken:
                raise RuntimeError
            self.visits.put_nowait(now_s)

        def abort(self) -> None:
            self.aborted.set()

    sweep = Sweep(0.05, time.monotonic)
    crowd = [One() for _ in range(4 * SLOTS)]
    for one in crowd:
        sweep.add(one)
    assert sorted(one.slot for one in crowd) == sorted([*range(SLOTS)] * 4)
    crowd[0].broken = True
    gone = crowd[1]
    sweep.remove(gone)
    sweep.remove(gone)
    sweep.start()
    try:
        await soon(crowd[0].aborted.wait())
        for one in crowd[2:]:
            await soon(one.visits.get())
            await soon(one.visits.get())
        assert gone.visits.empty()
    finally:
        sweep.stop()


@pytest.mark.parametrize(
    "begun",
    [client_frame(TEXT, b"never finished")[:-1], b"\x81", client_frame(TEXT, b"a", fin=False)],
    ids=["payload", "head", "fragments"],
)
@on_loop
async def test_a_frame_that_is_begun_must_be_finished(begun: bytes) -> None:
    async with serving(frame_timeout_s=0.2, close_timeout_s=0.1) as port:
        client, session = await port.connect()
        client.send(begun)
        assert await client.close_code() == 4002
        assert await session.close_code() == 4002


@on_loop
async def test_trickling_fragments_and_pings_do_not_extend_a_message() -> None:
    async with serving(frame_timeout_s=0.3, max_fragments=1_000_000) as port:
        client, session = await port.connect()
        client.send_frame(TEXT, b"a", fin=False)

        async def trickle() -> None:
            while True:
                client.send_frame(0, b"a", fin=False)
                client.send_frame(PING, b"")
                await session.sweep()

        task = asyncio.create_task(trickle())
        assert await client.close_code() == 4002
        task.cancel()


@on_loop
async def test_a_client_that_is_always_within_a_frame_but_finishes_them_is_fine() -> None:
    async with serving(frame_timeout_s=0.6) as port:
        client, session = await port.connect()
        one = client_frame(TEXT, b"ten bytes!")
        client.send(one[:4])
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            client.send(one[4:] + one[:4])
            assert await session.message() == b"ten bytes!"
            await session.sweep()
        assert not session.gone.is_set()


@on_loop
async def test_a_silent_client_is_pinged_and_then_closed() -> None:
    async with serving(ping_interval_s=0.1, ping_timeout_s=0.2, close_timeout_s=0.1) as port:
        client, session = await port.connect()
        assert await client.frame() == (PING, b"")
        assert await client.frame() == (CLOSE, (4001).to_bytes(2, "big") + b"dead_peer")
        await client.cut_off()
        assert await session.close_code() == 4001


@pytest.mark.parametrize(
    "answer", [client_frame(PONG), client_frame(TEXT, b"busy"), b"\x8a"], ids=["pong", "text", "half"]
)
@on_loop
async def test_any_bytes_after_a_ping_prove_life(answer: bytes) -> None:
    async with serving(ping_interval_s=0.1, ping_timeout_s=2.0) as port:
        client, session = await port.connect()
        for _ in range(4):
            assert await client.frame() == (PING, b"")
            client.send(answer)
            answer = client_frame(PONG)[1:] + b"\x8a" if answer == b"\x8a" else answer
        assert not session.gone.is_set()


@on_loop
async def test_a_client_that_takes_no_byte_is_closed_then_aborted_and_delays_nobody() -> None:
    async with serving(stall_timeout_s=0.4, close_timeout_s=0.2, **BUFFERS) as port:
        stalled, session = await port.connect(**SMALL)
        stalled.stop_reading()
        await fill(session)
        unsent = session.socket.unsent_bytes()
        assert unsent > BUFFERS["write_high_bytes"]
        other, brisk = await port.connect()
        other.send_frame(TEXT, b"hello")
        assert await brisk.message() == b"hello"
        assert await session.close_code() == 4000
        assert not brisk.gone.is_set()


@on_loop
async def test_a_slow_reader_is_not_a_stalled_one() -> None:
    async with serving(stall_timeout_s=1.0, **BUFFERS) as port:
        client, session = await port.connect(**SMALL)
        client.stop_reading()
        await fill(session)
        for _ in range(10):  # more than is read below, so that bytes are waiting all the time
            session.socket.send(CHUNK)
        with client.writer.get_extra_info("socket").dup() as raw:  # read by hand: a StreamReader would read ahead
            until = time.monotonic() + 2.5
            while time.monotonic() < until:
                await session.sweep()
                assert await soon(asyncio.get_running_loop().sock_recv(raw, 2048))
        assert session.socket.unsent_bytes() > 0


@on_loop
async def test_writable_falls_at_the_high_mark_and_drained_comes_at_the_low_one() -> None:
    async with serving(**BUFFERS) as port:
        client, session = await port.connect(**SMALL)
        client.stop_reading()
        await fill(session)
        assert session.drains.empty()
        client.go_on_reading()
        sent = session.socket.unsent_bytes()
        while sent > 0:
            _, payload = await client.frame()
            sent -= len(payload)
        await soon(session.drains.get())
        assert session.socket.writable
        assert session.socket.unsent_bytes() <= BUFFERS["write_low_bytes"]


@on_loop
async def test_a_ping_flood_from_a_client_that_does_not_read_is_bounded() -> None:
    async with serving(stall_timeout_s=0.5, close_timeout_s=0.2, **BUFFERS) as port:
        client, session = await port.connect(**SMALL)
        client.stop_reading()
        socket: Any = session.socket
        pings = client_frame(PING, b"p" * 125) * 500
        gone = asyncio.ensure_future(session.gone.wait())
        sent = 0
        while not gone.done():
            if client.writer.transport.get_write_buffer_size() < 1_000_000:  # else the server reads no more: good
                client.send(pings)
                sent += len(pings)
            assert socket.unsent_bytes() < BUFFERS["write_high_bytes"] + 300_000
            await asyncio.wait([gone], timeout=0.01)
        assert sent > 1_000_000
        assert socket._written_bytes < 500_000
        assert await session.close_code() == 4000


@on_loop
async def test_a_long_burst_of_frames_is_taken_in_turns() -> None:
    async with serving() as port:
        client, session = await port.connect()
        loop = asyncio.get_running_loop()
        in_this_turn, most = 0, 0

        def next_turn() -> None:
            nonlocal in_this_turn
            in_this_turn = 0
            if session.received_count < 20_000:
                loop.call_soon(next_turn)

        def count(payload: bytes) -> None:
            nonlocal in_this_turn, most
            in_this_turn += 1
            most = max(most, in_this_turn)

        session.on_message = count
        client.send(client_frame(TEXT, b"") * 20_000)
        next_turn()
        for _ in range(20_000):
            await session.message()
        assert (
            FRAMES_PER_TURN <= most <= 2 * FRAMES_PER_TURN
        )  # what was left of the last read, and the first part of the next


@on_loop
async def test_paused_reading_hands_in_nothing_and_loses_nothing() -> None:
    async with serving() as port:
        client, session = await port.connect()

        def pause_after_two(payload: bytes) -> None:
            if session.received_count == 2:
                session.socket.pause_reading()

        session.on_message = pause_after_two
        client.send(b"".join(client_frame(TEXT, b"%d" % i) for i in range(5)))
        assert [await session.message(), await session.message()] == [b"0", b"1"]
        client.send_frame(TEXT, b"5")
        for _ in range(3):
            await session.sweep()
        assert session.received_count == 2
        session.socket.resume_reading()
        assert session.received_count == 2, "resuming must not call back into the session at once"
        assert [await session.message() for _ in range(4)] == [b"2", b"3", b"4", b"5"]


@on_loop
async def test_pausing_and_resuming_within_a_message_changes_nothing() -> None:
    async with serving() as port:
        client, session = await port.connect()

        def blink(payload: bytes) -> None:
            session.socket.pause_reading()
            session.socket.resume_reading()

        session.on_message = blink
        client.send(b"".join(client_frame(TEXT, b"%d" % i) for i in range(300)))
        assert [await session.message() for _ in range(300)] == [b"%d" % i for i in range(300)]


@on_loop
async def test_a_client_held_up_by_us_is_neither_late_nor_dead() -> None:
    limits: dict[str, Any] = {"frame_timeout_s": 0.2, "ping_interval_s": 0.1, "ping_timeout_s": 0.1}
    async with serving(**limits) as port:
        client, session = await port.connect()
        session.on_message = lambda payload: session.socket.pause_reading()
        client.send(client_frame(TEXT, b"one") + client_frame(TEXT, b"two")[:4])
        assert await session.message() == b"one"
        until = time.monotonic() + 1.0
        while time.monotonic() < until:
            await session.sweep()
        assert not session.gone.is_set()


@on_loop
async def test_close_is_heard_although_reading_was_paused() -> None:
    async with serving(close_timeout_s=30) as port:
        client, session = await port.connect()
        session.socket.pause_reading()
        session.socket.close(4402)
        assert await client.closed_with() == 4402
        assert await session.close_code() == 4402


@pytest.mark.parametrize("stalled", [True, False])
@on_loop
async def test_a_close_that_is_not_answered_ends_in_time(stalled: bool) -> None:
    async with serving(close_timeout_s=0.2, **BUFFERS) as port:
        client, session = await port.connect(**SMALL)
        if stalled:
            client.stop_reading()
            await fill(session)
        session.socket.close(4402)
        assert await session.close_code() == 4402


@pytest.mark.parametrize(("enough", "code"), [(False, 1006), (True, 4000)], ids=["some", "paused"])
@on_loop
async def test_a_client_that_ends_but_takes_no_byte_ends_in_time(enough: bool, code: int) -> None:
    """Above the high mark nothing is read, not even the end: there the limit for stalls applies."""
    async with serving(close_timeout_s=0.2, stall_timeout_s=0.5 if enough else 60, **BUFFERS) as port:
        client, session = await port.connect(**SMALL)
        client.stop_reading()
        while session.socket.writable and (enough or session.socket.unsent_bytes() == 0):
            session.socket.send(CHUNK)
            await asyncio.sleep(0)
        client.writer.write_eof()
        assert await session.close_code() == code


@on_loop
async def test_a_refused_client_that_keeps_sending_ends_in_time() -> None:
    async with serving(close_timeout_s=0.3) as port:
        client, session = await port.connect()
        client.send_frame(3, b"")
        assert await client.close_code() == 1002
        gone = asyncio.ensure_future(session.gone.wait())
        while not gone.done():
            client.send(b"x" * 1000)
            await asyncio.wait([gone], timeout=0.01)
        assert await session.close_code() == 1002


@on_loop
async def test_idle_connections_have_neither_task_nor_timer_nor_judge() -> None:
    async with serving() as port:
        tasks = len(asyncio.all_tasks())
        for _ in range(5):
            client, session = await port.connect()
            client.send_frame(PING, b"")
            assert await client.frame() == (PONG, b"")
            await took_effect(client, session)
            socket: Any = session.socket
            assert (socket._judge, socket._fragments, socket._rest) == (None, None, None)
            assert not hasattr(socket, "__dict__")
        assert len(asyncio.all_tasks()) == tasks
