"""Passwords as argon2id hashes (RFC 9106), made and checked beside the loop: a hash takes tens of milliseconds.

A few threads do it, and so many may wait; whoever comes on top is refused. Nothing here keeps or tells a password.
"""

from __future__ import annotations

import asyncio
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import argon2

from chatd.core.refusal import Refused

T = TypeVar("T")


class Passwords:
    """`memory_kib` and `passes` are what one hash costs; `workers` threads, `queue_max` waiting beyond those."""

    def __init__(self, memory_kib: int, passes: int, workers: int, queue_max: int) -> None:
        self._hasher = argon2.PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="passwords")
        self._room = threading.BoundedSemaphore(workers + queue_max)
        # Nobody's: what is checked for a login that does not exist, so that it takes the same time.
        self._nobodys = self._hasher.hash("")

    def close(self) -> None:
        """End; what waits is dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def hash(self, password: str) -> str:
        """Raises `overloaded`."""
        return await self._run(lambda: self._hasher.hash(_normal(password)))

    async def fits(self, hashed: str | None, password: str) -> bool:
        """Whether it is the password of this hash; of None it never is, and takes as long. Raises `overloaded`."""
        right = await self._run(lambda: self._check(hashed or self._nobodys, _normal(password)))
        return right and hashed is not None

    def _check(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if not self._room.acquire(blocking=False):
            raise Refused("overloaded")
        try:
            future: Future[T] = self._pool.submit(work)
        except BaseException:
            self._room.release()
            raise
        future.add_done_callback(lambda _: self._room.release())
        return await asyncio.wrap_future(future)


def _normal(password: str) -> str:
    """The same however a keyboard puts accents together (RFC 8265, section 4.2)."""
    return unicodedata.normalize("NFC", password)
