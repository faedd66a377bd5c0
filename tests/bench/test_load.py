"""The load generator sees everything that arrives, and notices what is lost, doubled, out of order or late.

Each fault is planted in the sketch by a patch of a few lines; the same run without one is clean.
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from bench import machine, seed
from bench.generator import (
    FAULTS,
    Event,
    Load,
    LoadFailed,
    Member,
    NoCompiler,
    compile_generator,
    faults_of,
    write_members,
)
from bench.servers import Server
from bench.subjects import SUBJECTS, Subject

GROUPS = (10, 10)
READY_S, RUN_S = 20.0, 20.0

LOST = """
    splice, count = sketch.Hub.splice, [0]
    def lose(hub, group, entries):
        count[0] += 1
        frame = splice(hub, group, entries)
        return b"" if count[0] % 5 == 0 else frame
    sketch.Hub.splice = lose
"""
LOST_BY_ONE = """
    class Leaky:
        def __init__(self, transport):
            self.transport, self.count = transport, 0
        def write(self, data):
            self.count += 1
            if self.count < 4 or self.count % 5:
                self.transport.write(data)
    made, first = sketch.Session.connection_made, []
    def connect(session, transport):
        made(session, transport)
        first.append(session)
        if len(first) == 2:  # the first is the harness, asking whether the server is up
            session.transport = Leaky(transport)
    sketch.Session.connection_made = connect
"""
DOUBLED = """
    splice = sketch.Hub.splice
    sketch.Hub.splice = lambda *arguments: splice(*arguments) * 2
"""
REVERSED = """
    splice = sketch.Hub.splice
    sketch.Hub.splice = lambda hub, group, entries: splice(hub, group, entries[::-1])
"""
RENUMBERED = """
    answer = sketch.encode_answer
    sketch.encode_answer = lambda send, pos, at: answer(send, pos + 1, at)
"""
STRAYED = """
    encode = sketch.encode_entry
    sketch.encode_entry = lambda proposal, pos, at: encode(proposal, pos, at)[:-1] + b',"to":%d}' % pos
"""
UNANSWERED = """
    answer = sketch.encode_answer
    sketch.encode_answer = lambda send, pos, at: answer(send, pos, at) if pos % 7 else b""
"""
REFUSED = """
    import orjson
    sketch.encode_answer = lambda send, pos, at: sketch.text_frame(
        orjson.dumps({"re": send.request_id, "error": {"code": "forbidden", "message": "planted"}}))
"""
HUNG_UP = """
    answer = sketch.encode_answer
    def hang_up(send, pos, at):
        if pos == 20:
            send.session.transport.abort()
        return answer(send, pos, at)
    sketch.encode_answer = hang_up
"""
STALLED = """
    import time
    commit, stalled = sketch.commit_batch, []
    def stall(db, batch, now_ms):
        verdicts = commit(db, batch, now_ms)
        if verdicts[0][0] > 30 and not stalled:  # once, for most of what is measured
            stalled.append(time.sleep(0.3))
        return verdicts
    sketch.commit_batch = stall
"""


def serve_patched(patch: str) -> Subject:
    """The sketch with a fault."""
    program = f"from bench import sketch\n{textwrap.dedent(patch)}\nsketch.main()"

    def command(directory: Path, port: int) -> list[str]:
        database = str(directory / seed.SKETCH_DATABASE)
        return [sys.executable, "-c", program, "--port", str(port), "--db", database]

    return Subject("patched", seed.seed_sketch, command)


def put_load(generator: Path, directory: Path, subject: Subject, *how: str) -> Event:
    """20 connections in two groups for a fraction of a second, unless `how` says otherwise."""
    seats = subject.seed(directory, GROUPS, 0)
    write_members(directory / "members", [Member(seat.group, "d1", seat.token) for seat in seats])
    with Server(subject, directory, machine.choose_cores().server) as server:
        server.wait_for_hello(seats[0].token, READY_S)
        command: list[str | Path] = [generator, "--port", str(server.port), "--members", directory / "members", *how]
        with Load([*command[:1], "--warm", "0.1", "--seconds", "0.4", *command[1:]]) as load:
            load.wait_for("ready", READY_S)
            load.go()
            return load.wait_for("result", RUN_S)


def test_everybody_gets_every_message_once_and_in_order(generator: Path, tmp_path: Path) -> None:
    result = put_load(generator, tmp_path, SUBJECTS["sketch"], "--inflight", "4", "--seconds", "2")
    assert faults_of(result) == ""
    assert result["connections"] == 20
    assert result["sent"] >= 8  # 4 in flight in each of two groups, at the least
    assert result["delivered"] == result["sent"] * 10
    assert 0 < result["messages"] <= result["sent"]
    assert 0 < result["ack_p50_ms"] <= result["ack_p99_ms"] <= result["last_max_ms"]


def test_entries_joined_in_one_frame_are_all_counted(generator: Path, tmp_path: Path) -> None:
    result = put_load(generator, tmp_path, SUBJECTS["sketch"], "--inflight", "64")
    assert faults_of(result) == ""
    assert result["frames"] < result["delivered"] == result["sent"] * 10


def test_an_open_loop_sends_what_is_due(generator: Path, tmp_path: Path) -> None:
    result = put_load(generator, tmp_path, SUBJECTS["sketch"], "--rate", "200")
    assert faults_of(result) == ""
    assert result["sent"] >= 200 * 0.5  # 0.1 s of warm-up and 0.4 s measured
    assert result["delivered"] == result["sent"] * 10


def test_an_open_loop_charges_a_stall_to_all_who_waited_for_it(generator: Path, tmp_path: Path) -> None:
    result = put_load(generator, tmp_path, serve_patched(STALLED), "--rate", "400")
    assert faults_of(result) == ""
    # A client that waits for each ack would have seen one slow message; half of those due were slow.
    assert result["ack_p50_ms"] > 20


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        pytest.param(LOST, {"missing", "disordered"}, id="lost"),
        pytest.param(LOST_BY_ONE, {"missing", "disordered"}, id="lost by one"),
        pytest.param(DOUBLED, {"doubled"}, id="doubled"),
        pytest.param(REVERSED, {"disordered"}, id="reversed"),
        pytest.param(RENUMBERED, {"mismatched"}, id="renumbered"),
        pytest.param(STRAYED, {"strayed"}, id="hidden"),
        pytest.param(UNANSWERED, {"unacked"}, id="unanswered"),
        pytest.param(REFUSED, {"errors"}, id="refused"),
        pytest.param(HUNG_UP, {"closed"}, id="hung up"),
    ],
)
def test_a_planted_fault_is_counted(generator: Path, tmp_path: Path, patch: str, expected: set[str]) -> None:
    result = put_load(generator, tmp_path, serve_patched(patch), "--inflight", "4", "--drain", "0.5")
    assert {name for name in FAULTS if result[name]} >= expected
    assert faults_of(result) != ""


def test_every_message_without_an_answer_is_counted(generator: Path, tmp_path: Path) -> None:
    result = put_load(generator, tmp_path, serve_patched(UNANSWERED), "--inflight", "4", "--drain", "0.5")
    # Each one takes its place in flight for good: with four in each of two groups, the eighth ends the sending.
    assert result["unacked"] == 8
    assert result["missing"] == 0


def test_a_machine_without_a_compiler_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoCompiler, match="needs a compiler"):
        compile_generator(tmp_path)


def test_a_server_that_is_not_there_is_named(generator: Path, tmp_path: Path) -> None:
    write_members(tmp_path / "members", [Member("g1", "d1", "token")])
    command: list[str | Path] = [generator, "--port", "1", "--members", tmp_path / "members", "--idle"]
    with Load(command) as load, pytest.raises(LoadFailed, match="Connection refused"):
        load.wait_for("ready", READY_S)
