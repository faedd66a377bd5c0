"""A bot: what it answers to, and how it is run.

    from chatd_client.bots import Bot, MessageContext

    bot = Bot("hello")

    @bot.command("hello", "你好", help={"en": "says hello", "zh": "打个招呼"})
    async def hello(ctx: MessageContext, name: str = "") -> None:
        await ctx.reply(f"你好 {name}")

    if __name__ == "__main__":
        bot.main()

**What it promises.** Every entry of every group the bot is in is handled, in the order of its group, at least once: the
cursor moves only after the handler has returned, together with what it remembered. Entries that come again after a
crash are answered under the same names, so nothing is posted twice. What happened while the bot was down is handled
when it is back. A bot that comes for the first time begins with what is said from then on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from typing import TypeVar

from chatd_client.bots.clock import SystemWallClock, WallClock
from chatd_client.bots.failures import Counters, Failure, Policy, place_of
from chatd_client.bots.help import help_router
from chatd_client.bots.router import Route, Router
from chatd_client.bots.runner import Runner
from chatd_client.bots.store import Store
from chatd_client.bots.words import Lang, Said
from chatd_client.bots.worker import Tools
from chatd_client.errors import ClientClosed
from chatd_client.port import Port
from chatd_client.timing import Clock, SystemClock

_log = logging.getLogger("chatd_client.bots")
being_tried: ContextVar[bool] = ContextVar("being_tried", default=False)
"""Set while the test kit reads a program: one that runs its bot whenever it is read is to be tried all the same."""
Hook = TypeVar("Hook", bound=Callable[[], Awaitable[object]])
OnError = TypeVar("OnError", bound=Callable[[Failure], Awaitable[object]])


class Bot(Router):
    """Handlers and how patient they are.

    `name`: what it is called in `/help@name`, in files and logs. `lang`: the language where nobody has shown one.
    `intro`: the first line of `/help`. `concurrency`: handlers that may run at the same time, one per group at most.
    `policy`: what becomes of those that fail (`failures`). `stop_s`: how long a stop waits for those that run.
    """

    def __init__(
        self,
        name: str,
        *,
        lang: Lang = "en",
        intro: Said = "",
        policy: Policy | None = None,
        concurrency: int = 16,
        stop_s: float = 10.0,
    ) -> None:
        if not name or not name.replace("-", "").replace("_", "").isalnum():
            raise ValueError("the name of a bot is made of letters, digits, `-` and `_`")
        if concurrency < 1:
            raise ValueError("`concurrency` is 1 or more")
        super().__init__()
        self.name = name
        self.lang = lang
        self.intro = intro
        self.policy = policy or Policy()
        self.concurrency = concurrency
        self.stop_s = stop_s
        self.counters = Counters()
        self.runner: Runner | None = None
        """The run that is going on."""
        self.running = asyncio.Event()
        """Set while there is one."""
        self._on_start: list[Callable[[], Awaitable[object]]] = []
        self._on_stop: list[Callable[[], Awaitable[object]]] = []
        self._on_error: list[Callable[[Failure], Awaitable[object]]] = []

    # --- hooks

    def on_start(self, hook: Hook) -> Hook:
        """Called before the first event. What it raises ends the run."""
        self._on_start.append(hook)
        return hook

    def on_stop(self, hook: Hook) -> Hook:
        """Called when the last handler has ended."""
        self._on_stop.append(hook)
        return hook

    def on_error(self, hook: OnError) -> OnError:
        """Called with every failure of a handler, beside the log. With the last one it has a `context` to answer with.
        A hook that fails itself, or does not end in the time of a handler, is logged, and that is all."""
        self._on_error.append(hook)
        return hook

    # --- running

    def all_routes(self) -> Sequence[Route]:
        """Every handler in the order in which it is asked, `/help` last."""
        own = list(self.routes())
        first = help_router([], "").routes()
        commands = [one.command for one in [*own, *first] if one.command is not None]
        return [*own, *help_router(commands, self.intro).routes()]

    async def run(
        self, port: Port, store: Store, *, clock: WallClock | None = None, pauses: Clock | None = None
    ) -> None:
        """Run with a client that is not connected yet and was made with `StoredCursors(store)`, until `stop()`.

        Raises `ClientClosed` if the server ended it for good; what a hook, or the store, raises. The port and the store
        are the caller's to close.
        """
        self.counters = Counters()
        tools = Tools(
            port,
            store,
            clock or SystemWallClock(),
            pauses or SystemClock(),
            self.policy,
            self.lang,
            self.concurrency,
            counters=self.counters,
            report=self._report,
        )
        runner = Runner(tools, port, self.all_routes(), list(self.jobs()), self.name, self.stop_s)
        self.runner = runner
        self.running.set()
        try:
            for hook in self._on_start:
                await hook()
            await runner.run()
        finally:
            self.runner = None
            self.running.clear()
            for hook in self._on_stop:
                await hook()

    def stop(self) -> None:
        """Let the handlers that run end, keep the cursors, and let `run` return."""
        if self.runner is not None:
            self.runner.stop()

    def main(self, args: Sequence[str] | None = None) -> None:
        """The bot as a program, see `program`; ends the process. Does nothing in a program that is only being tried."""
        from chatd_client.bots.program import main

        if being_tried.get():
            return
        raise SystemExit(main(self, args))

    async def _report(self, failure: Failure) -> None:
        for hook in self._on_error:
            try:
                async with asyncio.timeout(self.policy.timeout_s):
                    await hook(failure)
            except ClientClosed:
                raise
            except Exception as error:  # noqa: BLE001  hooks are somebody else's code
                _log.error("on_error failed at %s: %s", failure.unit, place_of(error))
