"""How the app lives: what it does one after the other, what it does on the side, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import traceback
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from chatd.cli.chat_commands import Mistyped
from chatd.cli.chat_render import ERROR, Line
from chatd.cli.chat_words import Words
from chatd.cli.screen.desk import COLLECTED, ScreenDesk
from chatd.cli.screen.ink import DARK, INKS, LIGHT, Ink, Look, look_for
from chatd.cli.screen.terminal import TerminalApp
from chatd.cli.typed.desk import NotANumber
from chatd_client import ChatdError, Client, ClientClosed

LEAVE_S: Final = 2.0


class Life(TerminalApp[int]):
    """Ends with 0, or 1 if the server ended it; `last_words` then say why."""

    desk: ScreenDesk

    def __init__(self, client: Client, words: Words, look: Look | None) -> None:
        plain = look_for(os.environ, None) == "plain"  # Textual takes `NO_COLOR` away.
        super().__init__(ansi_color=True if plain else None)
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.look: Look = look or ("plain" if plain else look_for(os.environ, self.console.color_system))
        self.words = words
        self.client = client
        self.last_words = ""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._typed: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue(256)
        self._leaving: asyncio.Task[None] | None = None
        self._ended = False

    def me(self) -> str:
        return self.client.hello.user if self.client.hello else ""

    def ink(self) -> Ink:
        """The styles of now."""
        return INKS[self.look]

    @abstractmethod
    def changed(self) -> None:
        """Something that stands at an edge is another: list, title, status."""

    @abstractmethod
    def answer(self, lines: list[Line]) -> None:
        """Show what a command had to say."""

    @abstractmethod
    async def keep_draft(self) -> None:
        """Keep unsent text where all devices find it. Raises `ChatdError`."""

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do this on the side; no more when the end has begun to take the screen away."""
        if self._ended:
            work.close()
            return
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            self._handle_exception(error)

    async def do_typed(self) -> None:
        """What was asked for, one after the other."""
        while True:
            work = await self._typed.get()
            lines: list[Line] = []
            token = COLLECTED.set(lines)
            try:
                await work()
            except Mistyped as mistake:
                lines.append([(ERROR, self.words(mistake.key, **mistake.values))])
            except NotANumber:
                lines.append([(ERROR, self.words("usage", usage=self.words("usage_goto")))])
            except ChatdError as error:
                self.desk.show_error(error)
            except ClientClosed:
                return
            finally:
                COLLECTED.reset(token)
                self._typed.task_done()
            self.answer(lines)
            self.changed()

    def do(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do this after what was asked for before."""
        try:
            self._typed.put_nowait(work)
        except asyncio.QueueFull:
            self.answer([[(ERROR, self.words("too_much_waits"))]])

    def leave(self) -> None:
        """End the chat; when asked twice, at once."""
        if self._leaving is None:
            self._leaving = asyncio.create_task(self._leave())
        else:
            self.exit()

    def lose_terminal(self) -> None:
        """Leave as one leaves. A terminal that goes is told of more than once, and that is no hurry."""
        if self._leaving is None:
            self.leave()

    async def _leave(self) -> None:
        """Do what was asked for and keep unsent text, not for long if the server does not answer. The screen goes when
        nothing can draw on it any more."""
        await self._finish()
        await self.stop_work()
        self.exit()

    async def _finish(self) -> None:
        with contextlib.suppress(TimeoutError, ChatdError, ClientClosed):
            async with asyncio.timeout(LEAVE_S):
                if len(self.screen_stack) == 1:  # Over it somebody is being asked something, and will not answer.
                    await self._typed.join()
                await self.desk.settle()
                await self.keep_draft()

    async def stop_work(self) -> None:
        """End what is done on the side; nothing more begins."""
        self._ended = True
        tasks = self._tasks - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        """End the session, when the screen is gone."""
        if self._leaving is not None:
            await self._leaving
        else:
            with contextlib.suppress(TimeoutError, ChatdError, ClientClosed):
                async with asyncio.timeout(LEAVE_S):
                    await self.keep_draft()
        await self.stop_work()
        await self.client.close()

    def _handle_exception(self, error: Exception) -> None:
        """A fault of the program ends it in one sentence: a trace of it would show what people have written."""
        last = traceback.extract_tb(error.__traceback__)[-1:]
        where = "".join(f" {Path(frame.filename).name}:{frame.lineno}" for frame in last)
        if self._exception is None:
            self.last_words = self.words("crashed", error=type(error).__name__ + where)
            self._return_code = 1
            self._exception = error
            self._exception_event.set()
        self._close_messages_no_wait()
