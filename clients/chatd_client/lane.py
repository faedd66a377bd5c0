"""The sends of one group: first in, first out, with several in flight.

Every send names the one in flight before it in `after`, and the server accepts it only if it accepted that one. So
when one fails, those behind it fail too, without a gap in the order: the lane lets all that flies land, gives each
caller what is theirs, and sends the rest again in the old order under the same `cid`.

A send whose answer was lost with a connection is repeated exactly as it was. One that was surely not accepted is tied
anew: to the one in flight before it, or to nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import msgspec

from chatd_client.errors import ChatdError, ClientClosed, ConnectionLost
from chatd_protocol.messages import SendMessage, SendMessageOk

WINDOW: Final = 32
Answer = asyncio.Future[dict[str, Any]]


@dataclass(slots=True, eq=False)
class _Parcel:
    message: SendMessage
    answer: asyncio.Future[SendMessageOk]
    tied: bool = False
    """It may have been accepted as it stands, so it is repeated as it stands."""
    refusals: int = 0
    failure: BaseException | None = None


class Lane:
    """`fly` sends a request on the open connection (raises `ConnectionLost`); `pause` waits after so many refusals with
    this `retry_after`, and for an open connection (raises `ClientClosed`); it is given up after `refusals_max`."""

    def __init__(
        self,
        fly: Callable[[SendMessage], Answer],
        pause: Callable[[int, float], Awaitable[None]],
        refusals_max: int,
    ) -> None:
        self._fly = fly
        self._pause = pause
        self._refusals_max = refusals_max
        self._waiting: deque[_Parcel] = deque()
        self._flying: list[_Parcel] = []
        self._in_air = 0
        self._halted = False
        self._task: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing flies."""
        return not self._waiting and not self._flying and not self._halted

    def post(self, message: SendMessage) -> asyncio.Future[SendMessageOk]:
        """Queue a send. The future holds its answer, or `ChatdError` or `ClientClosed`."""
        answer: asyncio.Future[SendMessageOk] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Parcel(message, answer))
        self._pump()
        return answer

    def _pump(self) -> None:
        while self._waiting and not self._halted and len(self._flying) < WINDOW:
            parcel = self._waiting.popleft()
            if parcel.answer.done() and not parcel.tied:
                continue  # given up by its caller before it could have been accepted
            try:
                self._launch(parcel)
            except ConnectionLost:
                self._waiting.appendleft(parcel)
                self._halt()

    def _launch(self, parcel: _Parcel) -> None:
        if not parcel.tied:
            after = self._flying[-1].message.cid if self._flying else None
            parcel.message = msgspec.structs.replace(parcel.message, after=after)
        reply = self._fly(parcel.message)
        parcel.tied, parcel.failure = True, None
        self._flying.append(parcel)
        self._in_air += 1
        reply.add_done_callback(partial(self._land, parcel))

    def _land(self, parcel: _Parcel, reply: Answer) -> None:
        self._in_air -= 1
        parcel.failure = ConnectionLost() if reply.cancelled() else reply.exception()
        if parcel.failure is None:
            self._flying.remove(parcel)
            _deliver(parcel, reply.result())
        else:
            self._halted = True
        if self._halted:
            self._halt()
        else:
            self._pump()

    def _halt(self) -> None:
        """Launch nothing more; once everything has landed, sort out what failed and start again."""
        self._halted = True
        if self._in_air or self._task is not None:
            return
        refusals, retry_after = self._sort_out()
        self._task = asyncio.create_task(self._resume(refusals, retry_after))

    def _sort_out(self) -> tuple[int, float]:
        """Answer the callers whose sends are refused for good, put the others back. Returns why to pause."""
        failed, self._flying = self._flying, []
        again: list[_Parcel] = []
        untie, retry_after = False, 0.0
        for parcel in failed:
            keep = self._judge(parcel, first=parcel is failed[0])
            parcel.tied = parcel.tied and not untie
            if not keep:
                untie = True
                continue
            untie = False
            again.append(parcel)
            if isinstance(parcel.failure, ChatdError):
                retry_after = max(retry_after, parcel.failure.retry_after or 0.0)
        self._waiting.extendleft(reversed(again))
        return max((parcel.refusals for parcel in again), default=0), retry_after

    def _judge(self, parcel: _Parcel, first: bool) -> bool:
        """Whether a failed send is sent again; if not, its caller is told. Patience is counted only for the `first` of
        those that failed: the others may have failed because of it."""
        failure = parcel.failure
        if isinstance(failure, ConnectionLost):
            return True
        parcel.tied = False
        if isinstance(failure, ChatdError):
            if failure.code == "out_of_order" and parcel.message.after is not None:
                return not parcel.answer.done()
            if failure.retry:
                parcel.refusals += first
            if failure.retry and parcel.refusals <= self._refusals_max:
                return not parcel.answer.done()
        _fail(parcel, failure or ConnectionLost())
        return False

    async def _resume(self, refusals: int, retry_after: float) -> None:
        try:
            await self._pause(refusals, retry_after)
        except ClientClosed as why:
            waiting, self._waiting = self._waiting, deque()
            for parcel in waiting:
                _fail(parcel, why)
        self._task = None
        self._halted = False
        self._pump()


def _deliver(parcel: _Parcel, raw: dict[str, Any]) -> None:
    if parcel.answer.done():
        return
    try:
        parcel.answer.set_result(msgspec.convert(raw, SendMessageOk))
    except msgspec.ValidationError as error:
        parcel.answer.set_exception(error)


def _fail(parcel: _Parcel, failure: BaseException) -> None:
    if not parcel.answer.done():
        parcel.answer.set_exception(failure)
