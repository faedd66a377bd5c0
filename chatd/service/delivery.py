"""Handing codes to the operator's hook, which brings them to people: a program, or an address that is called.

The hook gets one JSON object {login, code, expires_at, purpose}. It is called a while after the answer, not always the
same: starting a program takes milliseconds, by which one could tell from outside whom there is to bring a code to. So
many may be under way, and what comes on top is dropped. No code, no login reaches the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import shlex
from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson
import structlog

from chatd.outbound import Bound, Outbound, Unreachable

UNDER_WAY_MAX: Final = 64
ANSWER_BYTES_MAX: Final = 65_536
PAUSE_S: Final = (0.2, 1.0)
"""From the answer to the hook: at least, and at most."""
Hand = Callable[[bytes], Awaitable[None]]
"""Brings one message to the hook. Raises `Unreachable`."""


def by_command(command: str, timeout_s: float) -> Hand:
    """A program that reads the message from its standard input and ends with status 0."""
    words = shlex.split(command)

    async def hand(message: bytes) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                *words,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError as error:
            raise Unreachable(f"the program cannot be started: {type(error).__name__}") from None
        try:
            async with asyncio.timeout(timeout_s):
                # uvloop raises RuntimeError when the program ended before its input was written: its status tells.
                with contextlib.suppress(RuntimeError):
                    await process.communicate(message)
                await process.wait()
        except TimeoutError:
            raise Unreachable(f"the program did not end within {timeout_s} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            raise Unreachable(f"the program ended with status {process.returncode}")

    return hand


def by_url(url: str, outbound: Outbound, timeout_s: float) -> Hand:
    """An address that the message is posted to."""
    headers = [("Content-Type", "application/json")]

    async def hand(message: bytes) -> None:
        await outbound.ask("POST", url, Bound(timeout_s, ANSWER_BYTES_MAX), body=message, headers=headers)

    return hand


def hook_of(command: str, url: str, outbound: Outbound, timeout_s: float) -> Hand | None:
    """The hook that is configured: a program or an address; None if neither is."""
    if command:
        return by_command(command, timeout_s)
    return by_url(url, outbound, timeout_s) if url else None


class Delivery:
    """`hand` is None where there is no hook: then nothing is delivered, and the log says so. `pause` lets the answer go
    first."""

    def __init__(self, hand: Hand | None, pause: Callable[[], Awaitable[None]]) -> None:
        self._hand = hand
        self._pause = pause
        self._under_way: set[asyncio.Task[None]] = set()
        self._log = structlog.get_logger("chatd.delivery")

    def send(self, purpose: str, login: str, code: str, expires_at: int) -> None:
        """Begin to deliver a code."""
        if len(self._under_way) >= UNDER_WAY_MAX:
            self._log.warning("a code was not delivered", why="too many at once")
            return
        message = {"purpose": purpose, "login": login, "code": code, "expires_at": expires_at}
        task = asyncio.get_running_loop().create_task(self._deliver(message))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _deliver(self, message: dict[str, Any]) -> None:
        await self._pause()
        if self._hand is None:
            self._log.warning("a code was not delivered", why="no hook")
            return
        try:
            await self._hand(orjson.dumps(message))
        except Unreachable as problem:
            self._log.warning("a code was not delivered", why=str(problem))

    async def stop(self) -> None:
        """End what is under way."""
        tasks = list(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
