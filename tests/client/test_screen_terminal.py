"""The full-screen chat as a program on a real terminal: how it begins, how it ends, and what it leaves behind."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual import events
from textual.geometry import Size

from chatd.cli.screen.terminal import Keys, Writer
from chatd.testing import running_server
from chatd_client import Client, EntriesEvent
from chatd_protocol.log import Edited
from tests.client.peer import first, in_loop
from tests.client.sitting import sitting
from tests.client.test_chat_bots import first_message

BEGIN, END = "\x1b[?1049h", "\x1b[?1049l"
"""The terminal's other screen, and back (xterm's control sequences)."""

OWNING = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
"""Takes the terminal as its own, then is another program."""


class Terminal:
    """A program that believes that somebody sits there."""

    def __init__(self, process: subprocess.Popen[bytes], keyboard: int) -> None:
        self.process = process
        self._keyboard = keyboard
        self._changed = asyncio.Event()
        self.shown = ""
        asyncio.get_running_loop().add_reader(keyboard, self._read)

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # The other end is gone.
            self.shown += os.read(self._keyboard, 65_536).decode(errors="replace")
        self._changed.set()

    async def shows(self, part: str) -> None:
        while part not in self.shown:
            self._changed.clear()
            await self._changed.wait()

    def vanish(self) -> None:
        """What a window does that is closed: the number stays taken, so that it is closed once."""
        asyncio.get_running_loop().remove_reader(self._keyboard)
        nowhere = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nowhere, self._keyboard)
        os.close(nowhere)

    def press(self, keys: str) -> None:
        os.write(self._keyboard, keys.encode())

    async def ends(self) -> int:
        return await asyncio.to_thread(self.process.wait, 15)


@asynccontextmanager
async def on_a_terminal(url: str, token: Path, *more: str, owned: bool = False) -> AsyncIterator[Terminal]:
    """`chatd chat` on a terminal of 80 by 24. `owned`: it is told by signals when that goes, as below a shell."""
    keyboard, screen = pty.openpty()
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    line = [sys.executable, "-m", "chatd", "chat", "--url", url, "--token-file", str(token), "--lang", "en", *more]
    if owned:
        line = [sys.executable, "-c", OWNING, *line]
    environ = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": os.pathsep.join(sys.path)}
    inherited = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may be deaf to it, as under nohup
    process = subprocess.Popen(  # noqa: ASYNC220 - it has a terminal, not pipes
        line, stdin=screen, stdout=screen, stderr=screen, env=environ, start_new_session=True
    )
    signal.signal(signal.SIGHUP, inherited)
    os.close(screen)
    terminal = Terminal(process, keyboard)
    try:
        yield terminal
    finally:
        process.kill()
        process.wait(30)
        asyncio.get_running_loop().remove_reader(keyboard)
        os.close(keyboard)


@pytest.mark.parametrize("way", ["ctrl-c", "ctrl-q", "SIGTERM"])
def test_it_ends_at_once_and_gives_the_terminal_back(sqlite_url: str, tmp_path: Path, way: str) -> None:
    @in_loop
    async def scene() -> None:
        async with running_server(sqlite_url) as server:
            token = tmp_path / "ann.token"
            token.write_text(server.token("ann", "Ann"))
            async with Client(server.ws_url, token=server.token("ann"), device="phone") as ann:
                group = (await ann.create_group("Tea")).group
                await ann.send(group, "the kettle boils")
            async with on_a_terminal(server.ws_url, token) as terminal:
                await terminal.shows(BEGIN)
                await terminal.shows("the kettle boils")
                if way == "SIGTERM":
                    terminal.process.send_signal(signal.SIGTERM)
                else:
                    terminal.press("\x03" if way == "ctrl-c" else "\x11")
                await terminal.shows(END)
                assert await terminal.ends() == 0, terminal.shown[-300:]

    scene()


@pytest.mark.parametrize("way", ["unowned", "owned", "SIGHUP"])
def test_it_ends_when_its_terminal_goes_and_keeps_what_was_not_sent(sqlite_url: str, tmp_path: Path, way: str) -> None:
    @in_loop
    async def scene() -> None:
        async with running_server(sqlite_url) as server:
            token = tmp_path / "ann.token"
            token.write_text(server.token("ann", "Ann"))
            async with Client(server.ws_url, token=server.token("ann"), device="phone") as ann:
                group = (await ann.create_group("Tea")).group
                await ann.send(group, "the kettle boils")
                async with on_a_terminal(server.ws_url, token, owned=way == "owned") as terminal:
                    await terminal.shows("1 here")
                    terminal.press("half")
                    await terminal.shows("half")
                    if way == "SIGHUP":
                        terminal.process.send_signal(signal.SIGHUP)
                        terminal.process.send_signal(signal.SIGHUP)
                    else:
                        terminal.vanish()
                    assert await terminal.ends() == 0
                draft = (await ann.get_group(group)).draft
                assert draft is not None
                assert draft.text == "half"

    scene()


@pytest.mark.parametrize("way", ["vanish", "SIGHUP", "SIGTERM"])
def test_the_plain_chat_ends_with_its_terminal(sqlite_url: str, tmp_path: Path, way: str) -> None:
    @in_loop
    async def scene() -> None:
        async with running_server(sqlite_url) as server:
            token = tmp_path / "ann.token"
            token.write_text(server.token("ann", "Ann"))
            async with on_a_terminal(server.ws_url, token, "--plain") as terminal:
                await terminal.shows("connected as Ann")
                if way == "vanish":
                    terminal.vanish()
                else:
                    terminal.process.send_signal(signal.Signals[way])
                assert await terminal.ends() == (0 if way == "vanish" else -signal.Signals[way])

    scene()


@pytest.mark.parametrize("end", ["gone", "stalled"])
def test_who_draws_does_not_wait_for_a_terminal_that_takes_nothing(end: str) -> None:
    reading, writing = os.pipe()
    told = threading.Event()
    with os.fdopen(writing, "w", encoding="utf-8") as file:
        writer = Writer(file, told.set)
        writer.start()
        if end == "gone":
            os.close(reading)
        else:
            writer.give_up_in(0)

        def draw() -> None:
            for _ in range(100):
                writer.write("x" * 65_536)
            writer.stop()

        drawing = threading.Thread(target=draw, daemon=True)
        drawing.start()
        drawing.join(10)
        assert not drawing.is_alive()
        assert told.is_set()
        if end == "stalled":
            os.close(reading)  # who is stuck in the pipe is let go
        writer.join(10)
        assert not writer.is_alive()


@in_loop
async def test_a_token_that_is_not_accepted_is_told_below(sqlite_url: str, tmp_path: Path) -> None:
    async with running_server(sqlite_url) as server:
        token = tmp_path / "nobody.token"
        token.write_text("nonsense")
        async with on_a_terminal(server.ws_url, token) as terminal:
            await terminal.shows("the token was not accepted")
            assert await terminal.ends() == 1
            assert terminal.shown.rindex(END) < terminal.shown.rindex("the token was not accepted")


@in_loop
async def test_plain_leaves_the_whole_screen_alone(sqlite_url: str, tmp_path: Path) -> None:
    async with running_server(sqlite_url) as server:
        token = tmp_path / "ann.token"
        token.write_text(server.token("ann", "Ann"))
        async with on_a_terminal(server.ws_url, token, "--plain") as terminal:
            await terminal.shows("connected as Ann")
            assert BEGIN not in terminal.shown


@in_loop
async def test_a_fault_of_the_program_is_told_without_a_word_of_anybodys(sqlite_url: str) -> None:
    async def fail() -> None:
        written = "what somebody wrote"
        raise ZeroDivisionError(written)

    async def scene() -> None:
        async with running_server(sqlite_url) as server, sitting(server, "ann", "Ann") as here:
            await here.sees("online")
            here.app.do(fail)
            with contextlib.suppress(ZeroDivisionError):
                await here.sees("never")
            here.app._exception = None

    with pytest.raises(AssertionError, match=r"a fault of the program \(ZeroDivisionError test_screen") as told:
        await scene()
    assert "somebody wrote" not in str(told.value)


@in_loop
async def test_when_it_has_ended_nothing_is_begun_or_looked_for_on_the_screen(sqlite_url: str) -> None:
    begun: list[str] = []

    async def begin() -> None:
        begun.append("work")

    async with running_server(sqlite_url) as server:
        async with sitting(server, "ann", "Ann") as here:
            await here.sees("online")
            app = here.app
            await app.query("#left, #middle").remove()  # as the end does it
            app.on_resize(events.Resize(Size(80, 24), Size(80, 24)))
            app.action_chats()
            await app.stop_work()
            app.spawn(begin())
            assert app._tasks == set()
        await app.stop_work()
    assert begun == []


@pytest.mark.parametrize(
    ("came", "keys"),
    [
        (["\x1b\x15"], ["escape", "ctrl+u"]),
        (["\x1b", "\x15"], ["escape", "ctrl+u"]),
        (["\x1b\x01", "x"], ["escape", "ctrl+a", "x"]),
        (["\x1bx\x1b石"], ["escape", "x", "escape", "石"]),
        (["\x1b[A", "\x1b[1;3B", "\x1bOP"], ["up", "alt+down", "f1"]),
        (["\x1b\r"], ["alt+enter"]),
        (["\x1b[200~one ", "two\x1b[201~", "\x1b\x15"], ["one two", "escape", "ctrl+u"]),
    ],
)
def test_a_key_right_behind_escape_is_taken_as_itself(came: list[str], keys: list[str]) -> None:
    parser, told = Keys(), list[str]()
    for data in came:
        for event in parser.feed(data):
            assert isinstance(event, events.Key | events.Paste)
            told.append(event.key if isinstance(event, events.Key) else event.text)
    assert told == keys


@in_loop
async def test_escape_and_emptying_the_line_at_once_leaves_nothing_in_it(sqlite_url: str, tmp_path: Path) -> None:
    async with running_server(sqlite_url) as server:
        token = tmp_path / "ann.token"
        token.write_text(server.token("ann", "Ann"))
        async with Client(server.ws_url, token=server.token("ann"), device="phone") as ann:
            await ann.create_group("Tea")
            async with on_a_terminal(server.ws_url, token) as terminal:
                await terminal.shows("1 here")
                terminal.press("to be taken away\x1b\x15what is meant\r")
                assert (await first_message(ann)).entries[0].body.text == "what is meant"  # type: ignore[union-attr]


@in_loop
async def test_a_key_right_behind_the_one_that_goes_up_is_not_typed(sqlite_url: str, tmp_path: Path) -> None:
    async with running_server(sqlite_url) as server:
        token = tmp_path / "ann.token"
        token.write_text(server.token("ann", "Ann"))
        async with Client(server.ws_url, token=server.token("ann"), device="phone") as ann:
            group = (await ann.create_group("Tea")).group
            placed = await ann.send(group, "first")
            async with on_a_terminal(server.ws_url, token) as terminal:
                await terminal.shows("1 here")
                await terminal.shows("first")
                terminal.press("\x1b[Ae")
                await terminal.shows(f"editing #{placed.pos}")
                terminal.press(" and second\r")
                await first(ann, EntriesEvent, lambda event: any(isinstance(one, Edited) for one in event.entries))
                shown = (await ann.read_history(group, after=placed.pos - 1, limit=1)).entries[0]["body"]
                assert shown["text"] == "first and second"  # type: ignore[index]


def test_the_help_of_the_program_does_not_load_the_screen() -> None:
    code = "import sys, chatd.cli\nprint([name for name in sys.modules if name.split('.')[0] in ('textual', 'rich')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "textual" not in done.stdout
