"""Async tests, each in a loop of its own and within a time limit."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

P = ParamSpec("P")
Test = Callable[P, Coroutine[Any, Any, None]]
Runner = Callable[[Coroutine[Any, Any, None]], None]


def within(limit_s: float, runner: Runner = asyncio.run) -> Callable[[Test[P]], Callable[P, None]]:
    """Run an async test in a loop of its own, by `runner`; it fails if it takes longer."""

    def in_loop(test: Test[P]) -> Callable[P, None]:
        @functools.wraps(test)
        def run(*args: P.args, **kwargs: P.kwargs) -> None:
            async def bounded() -> None:
                async with asyncio.timeout(limit_s):
                    await test(*args, **kwargs)

            runner(bounded())

        return run

    return in_loop
