"""The load generator judges servers that number nothing by what their members see; and the peers that are here run.

Faults are planted in one of the peers; the same run without one is clean.
"""

from __future__ import annotations

import sys
import tempfile
import textwrap
from dataclasses import astuple, replace
from pathlib import Path

import pytest

from bench import __main__ as program
from bench import machine
from bench.generator import FAULTS, Event, Load, LoadFailed, Member, faults_of, write_members
from bench.peers import __main__ as peers
from bench.peers import fetch
from bench.peers.registry import PEERS, UNAVAILABLE
from bench.servers import Server
from bench.subjects import SUBJECTS, Subject

READY_S, RUN_S = 20.0, 20.0

LOST = """
    def pass_on(members, message):
        count[0] += 1
        send(list(members)[1:] if count[0] % 7 == 3 else members, message)
"""
DOUBLED = """
    def pass_on(members, message):
        count[0] += 1
        send(members, message)
        if count[0] % 7 == 3:
            send(list(members)[:1], message)
"""
SWAPPED = """
    held = {}
    def pass_on(members, message):
        count[0] += 1
        first, *others = members
        send(others, message)
        if count[0] % 7 == 3 and first not in held:
            held[first] = message
            return
        send([first], message)
        if first in held:
            send([first], held.pop(first))
"""
STRAYED = """
    def pass_on(members, message):
        for everybody in peer.groups.values():
            send(everybody, message)
"""
FAITHFUL = """
    pass_on = send
"""


def serve_patched(patch: str) -> Subject:
    """The peer of `websockets`, with another way to pass on."""
    before = "from bench.peers.python import broadcast as peer\nimport uvloop\nsend, count = peer.broadcast, [0]\n"
    after = "\npeer.broadcast = pass_on\nimport sys\nuvloop.run(peer.main(int(sys.argv[1])))"
    text = before + textwrap.dedent(patch) + after
    return replace(PEERS["websockets"], command=lambda _, port: [sys.executable, "-c", text, str(port)])


def put_load(generator: Path, directory: Path, subject: Subject, senders: int = 250) -> Event:
    seats = subject.seed(directory, (8, 8), 0)
    write_members(directory / "members", [Member(seat.group, "d1", seat.token) for seat in seats])
    with Server(subject, directory, machine.choose_cores().server) as server:
        server.wait_for_port(READY_S)
        command: list[str | Path] = [generator, "--port", str(server.port), "--members", directory / "members"]
        how = ["--inflight", "4", "--senders", str(senders), "--warm", "0.1", "--seconds", "0.4", "--drain", "0.5"]
        with Load([*command, *subject.arguments, *how]) as load:
            load.wait_for("ready", READY_S)
            load.go()
            return load.wait_for("result", RUN_S)


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        pytest.param(FAITHFUL, set(), id="faithful"),
        pytest.param(LOST, {"missing", "disordered"}, id="lost"),
        pytest.param(DOUBLED, {"doubled"}, id="doubled"),
        pytest.param(SWAPPED, {"disordered"}, id="swapped"),
        pytest.param(STRAYED, {"strayed"}, id="strayed"),
    ],
)
def test_what_members_see_is_judged(generator: Path, tmp_path: Path, patch: str, expected: set[str]) -> None:
    result = put_load(generator, tmp_path, serve_patched(patch))
    found = {name for name in FAULTS if result[name]}
    # What is lost may be an answer, a swap may be of one sender's, and the last that is held never comes.
    assert expected <= found <= expected | ({"missing", "unacked", "unsorted"} if expected else set())
    assert bool(faults_of(result)) == bool(expected)
    assert result["delivered"] == result["owed"] or "missing" in found or "unacked" in found


def test_the_order_of_one_sender_is_judged_by_itself(generator: Path, tmp_path: Path) -> None:
    result = put_load(generator, tmp_path, serve_patched(SWAPPED), senders=1)
    assert result["unsorted"] > 0
    assert "unsorted" in faults_of(result, "sender")
    assert "disordered" not in faults_of(result, "sender")


def test_the_short_form_runs_all_that_are_here_and_names_the_others(
    capsys: pytest.CaptureFixture[str], generator: Path
) -> None:
    with tempfile.TemporaryDirectory(prefix="short") as directory:  # the name of a socket has to be short
        assert program.main(["--short", "--dir", directory]) == 0
    said = capsys.readouterr().out
    here = [name for name, subject in {**SUBJECTS, **PEERS}.items() if not subject.missing()]
    assert set(said.partition("\n")[0].removeprefix("ran: ").split(", ")) == set(here)
    assert "100.00% of all deliveries" in said
    for name in (PEERS.keys() | UNAVAILABLE.keys()) - set(here):
        assert f"passed over: {name}: " in said


def test_a_peer_that_was_not_fetched_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHATD_BENCH_PEERS", str(tmp_path))
    assert PEERS["nats"].missing() == "not fetched: python -m bench.peers python"
    assert PEERS["websockets"].missing() == ""
    assert peers.main(["--list"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in (*PEERS, *UNAVAILABLE))


def test_what_cannot_be_fetched_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CHATD_BENCH_PEERS", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert fetch.fetch(["node"]) == {"node": "there is no npm on the PATH"}
    assert PEERS["node-ws"].missing() == "there is no node on the PATH"
    assert PEERS["c"].missing().startswith("there is none of cc")


def test_every_peer_says_what_it_promises_and_speaks_a_known_dialect(generator: Path, tmp_path: Path) -> None:
    write_members(tmp_path / "members", [Member("g1", "d1", "token")])
    for subject in PEERS.values():
        assert subject.title
        assert "?" not in astuple(subject.promises)
        # It gets as far as the port, on which nobody listens.
        command: list[str | Path] = [generator, "--port", "1", "--members", tmp_path / "members", "--idle"]
        with Load([*command, *subject.arguments]) as load, pytest.raises(LoadFailed, match="Connection refused"):
            load.wait_for("ready", READY_S)
