"""`chatd top`: figures of a real server under real traffic, in 80 cells by 24 lines, and the keys."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop
from textual.pilot import Pilot

from chatd.cli.language import cells
from chatd.cli.top_figures import compare, processes_of
from chatd.cli.top_screen import Away, TopScreen
from chatd.cli.top_view import SORTS, cut, draw
from chatd.hub.feed import Feed
from chatd.hub.traffic import WATCHED_S, Traffic
from tests.cli.program import Program, Served
from tests.e2e.phone import Phone
from tests.e2e.town import on_loop


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    return Program(tmp_path_factory.mktemp("top"))


@pytest.fixture(scope="module")
def served(program: Program) -> Iterator[Served]:
    with program.serving() as served:
        yield served


def told(sessions: int = 3, entries: int = 0, at_s: float = 10.0) -> dict[str, Any]:
    """An answer of the server, as far as it matters."""
    counters = {"proposals": 2 * entries, "entries": entries, "deliveries": 9 * entries, "batches": entries // 2}
    state = {"sessions_behind": 1, "sessions_slow": 2, "unsent_bytes": 3 * 2**20, "proposals_waiting": 4}
    more = {
        "commits": entries,
        "pages_read": 0,
        "searches": 0,
        "batch_ms": entries,
        "fell_behind": 0,
        "people": 2,
        "bots": 4,
    }
    search = {"search_lag_ms": 12, "search_lag_commits": 1, "search_rebuilding": 0}
    groups = [
        {"group": "g1", "title": "茶 Tea 🍵 " * 9, "members": 10, "live": 3, "entries": 40},
        {"group": "g2", "title": "", "members": 2000, "live": 1, "entries": 6},
        {"group": "g3", "title": "a\x1b[2Jb", "members": 5, "live": 4, "entries": 2},
    ]
    usage = {"hub": {"pid": 1, "cpu_s": at_s / 2, "memory_bytes": 50 * 2**20}}
    rest = {
        "url": "ws://127.0.0.1:8080/ws",
        "at": 0,
        "at_s": at_s,
        "reads_unsaved": 5,
        "writer_restarts": 0,
        "groups": 7,
    }
    jobs = {"codes": 0, "receipts": 3}
    told = {"sessions": sessions, "groups_busy": groups, "usage": usage, "jobs": jobs}
    return counters | state | more | search | rest | told


def test_rates_are_what_happened_between_two_looks() -> None:
    figures = compare(told(entries=100, at_s=10.0), told(entries=120, at_s=12.0))
    assert (figures["entries_per_s"], figures["commands_per_s"], figures["deliveries_per_s"]) == (10.0, 20.0, 90.0)
    assert (figures["batches_per_s"], figures["commands_per_batch"], figures["ms_per_batch"]) == (5.0, 4.0, 2.0)
    assert figures["processes"]["hub"]["cpu_percent"] == 50.0
    assert [group["entries_per_s"] for group in figures["groups_busy"]] == [20.0, 3.0, 1.0]
    still = compare(told(at_s=10.0), told(at_s=12.0))
    assert (still["ms_per_batch"], still["commands_per_batch"]) == (0.0, 0.0)


def test_a_process_that_is_gone_or_new_has_no_percentage() -> None:
    assert processes_of({"hub": os.getpid(), "search": None}).keys() == {"hub"}
    assert processes_of({"hub": os.getpid()})["hub"]["memory_bytes"] > 2**20
    gone = processes_of({"writer": 2**22 + 1})["writer"]
    assert gone == {"pid": 2**22 + 1, "cpu_s": None, "memory_bytes": None}
    before, now = told(at_s=1.0), told(at_s=2.0)
    now["usage"]["hub"]["pid"] = 2
    assert compare(before, now)["processes"]["hub"]["cpu_percent"] is None
    assert "-" in draw(compare(before, now), "en")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("height", [24, 60])
def test_the_picture_fits_and_nothing_in_it_moves_the_terminal(lang: Any, height: int) -> None:
    figures = compare(told(entries=100, at_s=10.0), told(entries=3_000_000, at_s=12.0))
    for sort in SORTS:
        picture = draw(figures, lang, sort, paused=True, height=height)
        lines = picture.split("\n")
        assert len(lines) == height
        assert [line for line in lines if cells(line) > 80] == []
        assert "\x1b" not in picture
        assert ("已暂停" if lang == "zh" else "PAUSED") in lines[0]
        order = [line.split()[0] for line in lines if re.match(r"(茶|g2|a�)", line)]
        by_sort = {
            "entries_per_s": ["茶", "g2", "a�[2Jb"],
            "members": ["g2", "茶", "a�[2Jb"],
            "live": ["a�[2Jb", "茶", "g2"],
        }
        assert order == by_sort[sort]
    assert cut("茶茶茶", 5) == "茶茶…"
    assert cut("茶茶", 4) == "茶茶"


def test_both_languages_say_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = compare(told(at_s=1.0), told(at_s=2.0))
    english = [line for line in draw(figures, "en").splitlines() if not line.startswith("茶")]
    assert not re.search(r"[\u4e00-\u9fff]", "".join(english))
    assert not re.search(
        r"[a-z]{4,}", re.sub(r"ws://\S*|chatd top|receipts", "", "".join(draw(figures, "zh").splitlines()[:13]))
    )
    for change in ({"search_rebuilding": 1}, {"jobs": {"codes": 0}}):
        assert draw(figures | change, "zh") != draw(figures, "zh")
    without = {name: value for name, value in figures.items() if name != "search_lag_ms"}
    assert "搜索已关闭" in draw(without, "zh")


async def _talk(url: str, token: str, times: int, look: Callable[[], dict[str, Any]]) -> list[dict[str, Any]]:
    """What is seen in the looks since the first message, until all of them are counted or it was looked often enough;
    `groups_busy` of this group only."""
    phone = await Phone.dial(url)
    await phone.say_hello(token)
    group = str((await phone.do("group.create", kind="private", title="Tea 茶"))["group"])
    for _ in range(2):  # one may have begun before there was the group
        await asyncio.to_thread(look)
    for number in range(times):
        await phone.say(group, f"message {number}")
    seen: list[dict[str, Any]] = []
    while _entries(seen) < times and len(seen) < 50:
        figures = await asyncio.to_thread(look)
        busy = [one for one in figures["groups_busy"] if one["group"] == group]
        seen.append(figures | {"groups_busy": busy})
    await phone.cut_off()
    return seen


def _entries(seen: list[dict[str, Any]]) -> int:
    return round(sum(float(one["entries_per_s"] * f["interval_s"]) for f in seen for one in f["groups_busy"]))


def test_one_look_for_scripts_names_groups_processes_and_jobs(program: Program, served: Served) -> None:
    token = program.run("token", "ann").stdout.strip()
    looking = subprocess.Popen(
        [sys.executable, "-m", "chatd", "top", "--json", "--interval", "0.5"],
        cwd=program.folder,
        env=program.env,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert looking.stdout is not None
    lines = looking.stdout
    seen = uvloop.run(_talk(served.url, token, 20, lambda: dict(json.loads(lines.readline()))))
    looking.terminate()
    looking.wait(30)
    lines.close()
    busy = [one for figures in seen for one in figures["groups_busy"]]
    assert busy[0]["title"] == "Tea 茶"
    assert busy[0]["live"] == 1
    assert _entries(seen) == 20
    last = seen[-1]
    assert last["processes"]["hub"]["pid"] == served.process.pid
    assert set(last["processes"]) == {"hub", "writer", "search"}
    assert last["processes"]["writer"]["memory_bytes"] > 2**20
    assert {"receipts", "presence"} <= set(last["jobs"])
    assert sum(figures["commands_per_s"] for figures in seen) > 0
    assert sum(figures["ms_per_batch"] for figures in seen) > 0
    shown = program.run("top", "--once", "--interval", "0.2")
    assert shown.returncode == 0
    assert served.url in shown.stdout


def test_without_a_server_it_ends_with_the_reason(tmp_path: Path) -> None:
    ended = Program(tmp_path).run("top", "--once")
    assert (ended.returncode, "no_server" in ended.stderr) == (1, True)
    assert "No such file" in ended.stderr
    assert "[Errno" not in ended.stderr


def _read_until(terminal: int, wanted: bytes) -> bytes:
    """What a program drew, up to something; or all there was when it ended or 30 seconds are over."""
    seen, deadline_s = b"", time.monotonic() + 30
    while wanted not in seen and select.select([terminal], [], [], max(deadline_s - time.monotonic(), 0))[0]:
        try:
            seen += os.read(terminal, 65_536)
        except OSError:
            break  # the other end of a terminal was closed
    return seen


@contextmanager
def _on_a_terminal(program: Program) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`chatd top` on a terminal of 80 by 24, and the other end of that."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    env = program.env | {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", "LC_ALL": "zh_CN.UTF-8"}
    call = [sys.executable, "-m", "chatd", "top", "--interval", "0.2"]
    process = subprocess.Popen(
        call, cwd=program.folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    try:
        yield process, ours
    finally:
        process.kill()
        process.wait(30)


@pytest.mark.parametrize("way", ["q", "SIGTERM"])
def test_on_a_terminal_it_draws_itself_and_ends_when_it_is_told_to(program: Program, served: Served, way: str) -> None:
    with _on_a_terminal(program) as (process, ours):
        seen = _read_until(ours, "投递".encode())
        if way == "q":
            os.write(ours, b"q")
        else:
            process.terminate()
        # What is still drawn has to be taken, or it could not end.
        threading.Thread(target=_read_until, args=(ours, b"nothing like this"), daemon=True).start()
        assert process.wait(30) == 0, seen
    assert "投递".encode() in seen
    assert served.process.poll() is None


@pytest.mark.parametrize("way", ["vanishes", "stands still"])
def test_it_ends_when_nobody_can_see_it_any_more(program: Program, served: Served, way: str) -> None:
    with _on_a_terminal(program) as (process, ours):
        assert "投递".encode() in _read_until(ours, "投递".encode())
        if way == "vanishes":
            os.close(ours)
        else:
            process.send_signal(signal.SIGHUP)  # and nobody takes what is drawn
        assert process.wait(15) == 0
    assert served.process.poll() is None


async def _until(pilot: Pilot[None], true: Callable[[], bool]) -> None:
    """Let the screen go on until that is so."""
    async with asyncio.timeout(20):
        while not true():
            await pilot.pause(0.02)


def _text(screen: TopScreen) -> str:
    return str(screen.query_one("Static").render())


def test_keys_pause_and_sort_and_a_server_that_goes_and_comes_back_is_shown() -> None:
    asyncio.run(_press_keys())


async def _press_keys() -> None:
    answers: list[Any] = []
    looks = 0

    def look() -> dict[str, Any]:
        nonlocal looks
        looks += 1
        if answers:
            raise Away(answers[0])
        return compare(told(entries=1, at_s=1.0), told(entries=looks, at_s=2.0))

    screen = TopScreen(look, "en", 0.05)
    async with screen.run_test(size=(80, 24)) as pilot:
        await _until(pilot, lambda: "Connections" in _text(screen))
        await pilot.press("p")
        await _until(pilot, lambda: "PAUSED" in _text(screen))
        await pilot.press("s")
        await _until(pilot, lambda: "by members" in _text(screen))
        await pilot.press("s")
        await _until(pilot, lambda: "by connected" in _text(screen))
        await pilot.press("p")
        before = looks
        await _until(pilot, lambda: looks > before + 1)
        answers.append("no server answers")
        await _until(pilot, lambda: _text(screen) == "no server answers")
        answers.clear()
        await _until(pilot, lambda: "Connections" in _text(screen))
        await pilot.press("q")
    assert screen.return_code == 0


@on_loop
async def test_busy_groups_are_told_by_two_looks_and_forgotten_when_nobody_looks_any_more() -> None:
    now = [100.0]
    feeds = {name: Feed(name, 10, 0, 0, 2) for name in ("g", "h", "quiet")}
    traffic = Traffic(feeds, lambda: now[0])
    assert await traffic.watch(3) == []
    feeds["g"].head += 5
    feeds["h"].head += 7
    feeds["new"] = Feed("new", 1000, 0, 0, 2)
    assert await traffic.watch(1) == [("h", 7)]
    feeds["new"].head += 1
    del feeds["g"]
    assert await traffic.watch(3) == [("new", 1)]
    traffic.look_away()
    assert traffic.is_watched()
    now[0] += WATCHED_S
    feeds["h"].head += 1
    traffic.look_away()
    assert not traffic.is_watched()
    assert await traffic.watch(3) == []


@on_loop
async def test_looking_at_many_groups_lets_others_have_their_turn() -> None:
    feeds = {f"g{number}": Feed(f"g{number}", 0, 0, 0, 2) for number in range(5000)}
    traffic = Traffic(feeds, lambda: 0.0)
    looking, turns = asyncio.ensure_future(traffic.watch(1)), 0
    while not looking.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns >= 5
