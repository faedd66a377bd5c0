"""The terminal under a whole screen, which may vanish or stand still: the program then ends, and does not wait for it.

Textual's own driver hands what is drawn to a thread through a bounded queue. When the terminal is gone that thread dies
of it, nobody empties the queue any more, and whoever draws waits for ever, deaf to every signal; the thread that reads
keys meanwhile reads the end of its input over and over. It knows nothing of chats: `chatd top` sits on one as well.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable
from queue import Full
from typing import Any, Final, TextIO, TypeVar

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers import linux_driver
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from chatd.cli.chat_screen import LOOK_S, hung_up, say_nowhere

T = TypeVar("T")

STALLED_S: Final = 4.0
"""So long may a terminal that takes nothing hold up the end."""


ESCAPE: Final = "\x1b"
ALONE: Final = "[27u"
"""Behind it: the key by itself, as the kitty keyboard protocol writes it."""
_BEGINS: Final = frozenset("[O]P_^X\\" + ESCAPE)
"""What may follow it in one key: control strings and functions (ECMA-48)."""
_ALT_ENTER: Final = {"\r": "[13;3u", "\n": "[13;3u"}
_PASTE, _PASTED = "\x1b[200~", "\x1b[201~"


def _behind_escape(text: str) -> str:
    """What comes behind Escape, so that it is taken for what it is: a key together with it, or another one."""
    first = text[:1]
    if not first or first in _BEGINS or ESCAPE + first in ANSI_SEQUENCES_KEYS:
        return text
    return _ALT_ENTER[first] + text[1:] if first in _ALT_ENTER else ALONE + text


class Keys(XTermParser):
    """Textual's parser, which takes Escape and what follows at once for a key that it does not know, and types `^`."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._held = False
        """The Escape that came last is not decided on yet."""
        self._pasting = False

    def feed(self, data: str) -> Iterable[Message]:
        held, self._held = self._held, False
        text = _behind_escape(data) if held else data
        if not self._pasting and _PASTE not in data:
            first, *keys = text.split(ESCAPE)
            text = ESCAPE.join([first, *map(_behind_escape, keys)])
        self._pasting = data.rfind(_PASTE) > data.rfind(_PASTED) or (self._pasting and _PASTED not in data)
        self._held = not self._pasting and data.endswith(ESCAPE)
        yield from super().feed(text)

    def tick(self) -> Iterable[Message]:
        for message in super().tick():
            self._held = False
            yield message


linux_driver.XTermParser = Keys  # type: ignore[attr-defined] # the driver makes it by this name


class Writer(WriterThread):
    """Writes what is drawn. Once the terminal is lost it takes everything and writes nothing. `tell` is called then, in
    whatever thread noticed it."""

    def __init__(self, file: TextIO, tell: Callable[[], None]) -> None:
        super().__init__(file)
        self._to, self._encoding, self._errors = file.fileno(), file.encoding, file.errors or "strict"
        self.lost = False
        self._tell = tell
        self._until_s: float | None = None

    def write(self, text: str) -> None:
        self._put(text)

    def _put(self, text: str | None) -> None:
        while not self.lost:
            with contextlib.suppress(Full):
                self._queue.put(text, timeout=LOOK_S)
                return
            self._look()

    def give_up_in(self, seconds: float) -> None:
        """Wait for the terminal no longer than that. For handlers of signals: takes no lock."""
        self._until_s = time.monotonic() + seconds

    def _look(self) -> None:
        if self._until_s is not None and time.monotonic() > self._until_s:
            self.lose()

    def lose(self) -> None:
        """There is no terminal any more."""
        if not self.lost:
            self.lost = True
            self._tell()

    def run(self) -> None:
        """Past the buffers of the file, whose lock a thread that is stuck would keep until the end of the program."""
        try:
            while (text := self._queue.get()) is not None:  # for as long as the screen is drawn; the thread is a daemon
                rest = memoryview(text.encode(self._encoding, self._errors))
                while rest:
                    rest = rest[os.write(self._to, rest) :]
        except OSError:
            self.lose()

    def stop(self) -> None:
        self._put(None)
        while self.is_alive() and not self.lost:
            self.join(LOOK_S)
            self._look()


class Terminal(LinuxDriver):
    """Textual's driver, with our writer. `attend` says whom to tell."""

    lost = False

    def __init__(self, *given: Any, **named: Any) -> None:
        self._writer: Writer | None = None
        self._on_lost: Callable[[], None] = lambda: None
        super().__init__(*given, **named)

    @property
    def _writer_thread(self) -> WriterThread | None:
        return self._writer

    @_writer_thread.setter
    def _writer_thread(self, given: WriterThread | None) -> None:
        """The driver makes a thread of its own kind and starts what stands here: ours takes the place of that."""
        self._writer = None if given is None or self._file is None else Writer(self._file, self.lose)

    def attend(self, leave: Callable[[], None], on_lost: Callable[[], None]) -> None:
        """Call `leave` when the program is told to end, `on_lost` when the terminal has gone; both in the loop.

        The handlers are not the loop's: it may be waiting for the terminal just then.
        """
        self._on_lost = on_lost

        def told(number: int, _frame: object) -> None:
            if self._writer is not None:
                self._writer.give_up_in(STALLED_S)
            if number == signal.SIGHUP:
                self.look()
            self._call(leave if number == signal.SIGTERM else on_lost)

        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, told)
        if self.lost:
            self._call(on_lost)

    def look(self) -> None:
        """Notice that the terminal is gone."""
        if hung_up(self.fileno):
            self.lose()

    def lose(self) -> None:
        """The terminal is gone: no key is read any more, nothing is drawn."""
        self.lost = True
        self.exit_event.set()
        if self._writer is not None:
            self._writer.lost = True
        self._call(self._on_lost)

    def _call(self, what: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # The loop has ended before.
            self._loop.call_soon_threadsafe(what)

    def start_application_mode(self) -> None:
        if not self.lost:  # Whose terminal goes is also told to continue, and would begin anew.
            super().start_application_mode()  # type: ignore[no-untyped-call] # as Textual has it


class TerminalApp(App[T]):
    """An app that ends when it is told to, and when nobody can sit in front of it any more."""

    def __init__(self, **more: Any) -> None:
        super().__init__(driver_class=Terminal, **more)

    def leave(self) -> None:
        """End it."""
        self.exit()

    def attend_terminal(self) -> None:
        """From now on. To be called when it is mounted."""
        if isinstance(self._driver, Terminal):
            self._driver.attend(self.leave, self.lose_terminal)
            self.set_interval(LOOK_S, self._driver.look)

    def lose_terminal(self) -> None:
        """The terminal went; it may be told more than once."""
        self.leave()

    @property
    def terminal_lost(self) -> bool:
        """Whether nobody could read what is said at the end."""
        return isinstance(self._driver, Terminal) and self._driver.lost


def forget_terminal(*, lost: bool) -> None:
    """The end of the program: signals do again what they do to any, and what is said now goes nowhere if nobody could
    read it."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    if lost:
        say_nowhere()
