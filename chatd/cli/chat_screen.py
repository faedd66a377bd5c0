"""Where lines are shown and typed: a terminal, or plain streams when there is none.

Neither knows what a line means.
"""

from __future__ import annotations

import asyncio
import os
import select
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Final, Protocol, TextIO

from prompt_toolkit import PromptSession, print_formatted_text
from prompt_toolkit.application.current import get_app_session
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.input import Input
from prompt_toolkit.output import Output
from prompt_toolkit.patch_stdout import patch_stdout

from chatd.cli.chat_names import NameCompleter
from chatd.cli.chat_render import Line, cut, plain

PLAIN_COLUMNS: Final = 100
LINES_AHEAD: Final = 64
LOOK_S: Final = 0.5
"""How often is looked whether the terminal is still there."""


def hung_up(number: int) -> bool:
    """Whether the other end of a terminal was closed. Not every one that goes sends a signal."""
    poll = select.poll()
    poll.register(number, 0)
    return any(event & select.POLLHUP for _, event in poll.poll(0))


def say_nowhere() -> None:
    """The program has nobody to talk to any more: what it says until it has ended is dropped, and fails at nothing."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


class Screen(Protocol):
    """Shows lines and reads them. `interactive`: a person sits there and sees what is typed."""

    interactive: bool

    @property
    def columns(self) -> int:
        """The cells of a line."""

    def show(self, line: Line) -> None:
        """Print one line above what is being typed."""

    def set_status(self, status: Callable[[], str]) -> None:
        """What is asked for the words at the edge, whenever they are drawn."""

    def refresh(self) -> None:
        """The status has changed."""

    def prefill(self, text: str) -> None:
        """What stands in the next line already, for the person to go on with."""

    def lines(self) -> AsyncIterator[str]:
        """What is typed, line by line, until the end of the input."""

    def drawn(self) -> AbstractContextManager[None]:
        """While this is entered, other output does not tear what is drawn."""


class TerminalScreen:
    """One line to type in at the bottom, the status below it, everything else scrolls by above: so it works in 80x24,
    over SSH and in tmux, and the terminal's own scrolling and searching keep working."""

    interactive = True

    def __init__(self, source: Input | None = None, output: Output | None = None) -> None:
        self._output = output or get_app_session().output
        self._unshown: list[Line] = []
        self._begun = ""
        self._status: Callable[[], str] = str
        self.people: Callable[[], Iterable[str]] = tuple
        """Asked for the names that `@` and the tab key offer."""
        self._session: PromptSession[str] = PromptSession(
            completer=NameCompleter(self._names),
            complete_while_typing=False,
            bottom_toolbar=lambda: cut(" " + self._status(), self.columns),
            erase_when_done=True,
            input=source,
            output=self._output,
        )

    def _names(self) -> Iterable[str]:
        return self.people()

    @property
    def columns(self) -> int:
        return self._output.get_size().columns

    def show(self, line: Line) -> None:
        """Lines of one turn of the loop are printed together: what is being typed is drawn anew only once."""
        if not self._unshown:
            asyncio.get_running_loop().call_soon(self._print)
        self._unshown.append(line)

    def _print(self) -> None:
        lines, self._unshown = self._unshown, []
        pieces = [piece for line in lines for piece in (*line, ("", "\n"))]
        print_formatted_text(FormattedText(pieces), end="", output=self._output)

    def set_status(self, status: Callable[[], str]) -> None:
        self._status = status

    def refresh(self) -> None:
        self._session.app.invalidate()

    def prefill(self, text: str) -> None:
        self._begun = text.replace("\n", " ")

    async def lines(self) -> AsyncIterator[str]:
        while True:
            begun, self._begun = self._begun, ""
            line = await self._ask(begun)
            if line is None:
                return
            yield line

    async def _ask(self, begun: str) -> str | None:
        """One line; None at the end. A terminal that goes while it is being drawn on may never tell of an end."""
        asking = asyncio.create_task(self._session.prompt_async("> ", default=begun))
        going = asyncio.create_task(self._vanish())
        try:
            await asyncio.wait([asking, going], return_when=asyncio.FIRST_COMPLETED)  # as long as somebody sits there
            return await asking if asking.done() else None
        except (EOFError, KeyboardInterrupt):
            return None
        finally:
            for task in (asking, going):
                task.cancel()
            await asyncio.gather(asking, going, return_exceptions=True)

    async def _vanish(self) -> None:
        """Return when the terminal is gone."""
        number = self._session.app.input.fileno()
        while not hung_up(number):  # noqa: ASYNC110 - no event tells it reliably
            await asyncio.sleep(LOOK_S)  # see above

    def drawn(self) -> AbstractContextManager[None]:
        return patch_stdout(raw=True)


class PlainScreen:
    """Lines in, lines out, nothing drawn: for scripts and pipes."""

    interactive = False

    def __init__(self, source: TextIO, target: TextIO, columns: int = PLAIN_COLUMNS) -> None:
        self._source = source
        self._target = target
        self.columns = columns

    def show(self, line: Line) -> None:
        self._target.write(plain(line) + "\n")
        self._target.flush()

    def set_status(self, status: Callable[[], str]) -> None:
        """Nobody looks at an edge."""

    def refresh(self) -> None:
        """The same."""

    def prefill(self, text: str) -> None:
        """Lines come whole."""

    async def lines(self) -> AsyncIterator[str]:
        """A thread waits for the input, because a file cannot be waited for on the loop; it ends with the process."""
        typed: asyncio.Queue[str | None] = asyncio.Queue(LINES_AHEAD)
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, args=(loop, typed), daemon=True, name="chat input").start()
        while (line := await typed.get()) is not None:
            yield line

    def _read(self, loop: asyncio.AbstractEventLoop, typed: asyncio.Queue[str | None]) -> None:
        try:
            for line in self._source:
                asyncio.run_coroutine_threadsafe(typed.put(line.rstrip("\r\n")), loop).result()
            asyncio.run_coroutine_threadsafe(typed.put(None), loop).result()
        except (RuntimeError, asyncio.CancelledError):
            return  # The loop is gone: the chat has ended before its input.

    def drawn(self) -> AbstractContextManager[None]:
        return nullcontext()
