"""The queue before the handler is bounded, and gives up only what can be had again."""

from __future__ import annotations

import pytest

from chatd_client import Disconnected, EntriesEvent, Reset
from chatd_client.events import Event
from chatd_client.inbox import Inbox
from chatd_protocol.log import UnknownEntry
from chatd_protocol.signals import GoingAway
from tests.client.peer import GROUP, in_loop


def entries(*numbers: int) -> EntriesEvent:
    return EntriesEvent(GROUP, 0, 0, tuple(UnknownEntry(pos=n, kind="x") for n in numbers), None)


async def drain(inbox: Inbox) -> list[Event]:
    inbox.close()
    events = []
    while (event := await inbox.first()) is not None:
        events.append(event)
        inbox.drop_first()
    return events


@in_loop
async def test_once_full_it_takes_nothing_until_it_is_half_empty() -> None:
    rooms: list[int] = []
    inbox = Inbox(4, lambda: rooms.append(1))
    assert [inbox.offer(entries(n)) for n in range(6)] == [True] * 4 + [False] * 2
    inbox.drop_first()
    assert (inbox.offer(entries(9)), rooms) == (False, [])
    inbox.drop_first()
    assert (inbox.offer(entries(9)), rooms) == (True, [1])
    assert await drain(inbox) == [entries(2), entries(3), entries(9)]


@in_loop
async def test_one_event_that_is_larger_than_the_room_still_comes() -> None:
    inbox = Inbox(2, lambda: None)
    assert inbox.offer(entries(1, 2, 3, 4))
    assert not inbox.offer(entries(5))
    assert await drain(inbox) == [entries(1, 2, 3, 4)]


@pytest.mark.parametrize("times", [1, 1000])
@in_loop
async def test_what_nobody_repeats_waits_aside_one_per_key(times: int) -> None:
    inbox = Inbox(1, lambda: None)
    inbox.offer(entries(1))
    for n in range(times):
        inbox.keep("link", Disconnected(4000, str(n), 0))
        inbox.keep(GROUP, Reset(GROUP))
        inbox.hint(GoingAway(1))
    assert len(inbox._aside) == 2
    assert await drain(inbox) == [entries(1), Disconnected(4000, str(times - 1), 0), Reset(GROUP)]


@in_loop
async def test_signals_are_dropped_when_there_is_no_room() -> None:
    inbox = Inbox(2, lambda: None)
    for n in range(5):
        inbox.hint(GoingAway(n))
    assert await drain(inbox) == [GoingAway(0), GoingAway(1)]
