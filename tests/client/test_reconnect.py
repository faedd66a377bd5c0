"""Coming back: when, how soon, with which cursors, and when not."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import Any

import pytest

from chatd_client import Client, ClientClosed, Connected, Disconnected
from chatd_client.client import address_of
from chatd_client.timing import Backoff
from chatd_protocol.errors import CLOSES
from chatd_protocol.signals import Heads, TypingSignal
from tests.client.peer import EPOCH, GROUP, HalfRandom, first, in_loop, line, message, refusal, staged

FINAL = sorted(code for code, close in CLOSES.items() if not close.reconnect)
AT_ONCE = sorted(code for code in CLOSES if 4000 <= code < 4100)
LATER = sorted(code for code, close in CLOSES.items() if close.reconnect and code not in {1006, *AT_ONCE})


@pytest.mark.parametrize("fmt", ["json", "msgpack"])
@in_loop
async def test_hello_says_who_it_is_in_either_encoding(fmt: Any) -> None:
    async with staged(format=fmt, program="bot 1") as stage:
        conversation = await stage.peer.conversation()
        assert conversation.format == fmt
        hello = await conversation.greet(name="Alice")
        assert hello.data == {"token": "token-1", "device": "test", "client": "bot 1"}
        assert (await stage.starting).name == "Alice"


@pytest.mark.parametrize("code", AT_ONCE)
@in_loop
async def test_it_is_back_at_once_with_its_cursors(code: int) -> None:
    async with staged() as stage:
        conversation = await stage.begin(groups=[line()])
        await conversation.entries(40, message(41), message(42))
        await conversation.event("mine", after=0, entries=[{"upos": 1, "at": 5, "kind": "archived", "group": GROUP}])
        await conversation.close(code)
        assert await stage.clock.end_pause() == 0
        back = await stage.peer.conversation()
        hello = await back.greet()
        assert hello.data["epoch"] == EPOCH
        assert hello.data["mine"] == [1, 5]
        assert hello.data["heads"] == {GROUP: [42, 420]}


@pytest.mark.parametrize("code", LATER)
@in_loop
async def test_other_ends_make_it_pause(code: int) -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        await conversation.close(code)
        assert await stage.clock.end_pause() == 0.25
        await stage.peer.greeted()


@in_loop
async def test_the_log_says_that_it_is_back_and_how_long_it_was_away(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "chatd_client")
    async with staged() as stage:
        conversation = await stage.begin()
        assert caplog.messages == [], "the first session is no return"
        await conversation.close(1012)
        assert await stage.clock.end_pause() == 0.25
        conversation = await stage.peer.conversation()
        await conversation.refuse(await conversation.ask("session.hello"), "unavailable")
        assert await stage.clock.end_pause() == 0.5
        await stage.peer.greeted()
        await first(stage.client, Connected, lambda back: back.resumed)
        ends = [line for line in caplog.messages if line.startswith("connection ended")]
        assert (len(ends), caplog.messages[-1]) == (2, "connected again after 0.8 s")


@pytest.mark.parametrize("code", FINAL)
@in_loop
async def test_a_final_end_is_final(code: int) -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        asking = asyncio.create_task(stage.client.list_groups())
        await conversation.ask("group.list")
        await conversation.close(code, "enough")
        with pytest.raises(ClientClosed) as why:
            await asking
        assert (why.value.code, why.value.reason) == (code, "enough")
        if code != 1000:
            with pytest.raises(ClientClosed):
                await first(stage.client, Disconnected)
        with pytest.raises(ClientClosed):
            await stage.client.send(GROUP, "too late")


@in_loop
async def test_pauses_grow_to_a_bound_and_shrink_after_a_good_while() -> None:
    async with staged(door=refusal(HTTPStatus.BAD_GATEWAY)) as stage:
        pauses = [await stage.clock.end_pause() for _ in range(10)]
        assert pauses == [0.25, 0.5, 0.5, 0.5, 0.5, 1, 1, 2, 3.125, 4.6875]
        await stage.clock.advance(60)
        await first(stage.client, Disconnected, lambda lost: lost.retry_in_s == 15)
        stage.peer.door = lambda _: None
        assert await stage.clock.end_pause() == 15
        conversation = await stage.begin()
        await stage.clock.advance(10)
        await conversation.close(1012)
        assert await stage.clock.end_pause() == 0.25


@in_loop
async def test_a_server_that_refuses_is_asked_again_after_pauses_that_double() -> None:
    async with staged() as stage:
        pauses = []
        for _ in range(4):
            conversation = await stage.peer.conversation()
            await conversation.refuse(await conversation.ask("session.hello"), "unavailable")
            pauses.append(await stage.clock.end_pause())
        assert pauses == [0.25, 0.5, 1, 2]


@in_loop
async def test_whoever_cannot_wait_is_back_at_once_but_not_as_often_as_they_ask() -> None:
    async with staged(door=refusal(HTTPStatus.SERVICE_UNAVAILABLE, Retry_After="9")) as stage:
        await first(stage.client, Disconnected)
        await stage.clock.advance(1)
        stage.client.retry_now()
        again = await first(stage.client, Disconnected, lambda lost: lost.retry_in_s == 9.5)
        assert again.reason == "HTTP status 503"
        stage.client.retry_now()  # That was a moment ago.
        await stage.clock.advance(1)
        stage.peer.door = lambda _: None
        stage.client.retry_now()
        await stage.peer.greeted()
        assert stage.clock.now() == 1002


@in_loop
async def test_a_server_that_greets_and_drops_is_not_hammered() -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        pauses = []
        for _ in range(4):
            await conversation.close(4000)
            pauses.append(await stage.clock.end_pause())
            conversation = await stage.peer.greeted()
        assert pauses == [0, 0.5, 1, 2]


def test_jitter_is_full() -> None:
    class Whole(HalfRandom):
        def __init__(self, share: float) -> None:
            super().__init__(1)
            self.share = share

        def random(self) -> float:
            return self.share

    assert [Backoff(Whole(0.0)).pause_s(n) for n in (1, 5, 2000)] == [0, 0, 0]
    assert [Backoff(Whole(0.0)).return_s(n, 99) for n in (1, 7, 8, 2000)] == [0, 0, 0, 0]
    assert [Backoff(Whole(1.0)).return_s(n, 99) for n in (1, 7, 8, 9, 2000)] == [0.5, 2, 4, 8, 30]
    assert [Backoff(Whole(1.0)).return_s(2000, gone_s) for gone_s in (0, 7, 99)] == [2, 7, 30]
    assert [Backoff(Whole(1.0)).pause_s(n) for n in (1, 5, 2000)] == [0.5, 8, 30]


@in_loop
async def test_a_leaving_server_says_when_to_come_back() -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        await conversation.event("going_away", delay_ms=7300)
        await conversation.close(1001)
        assert await stage.clock.end_pause() == pytest.approx(7.3)
        await stage.peer.greeted()


@in_loop
async def test_retry_after_is_waited_for() -> None:
    async with staged(door=refusal(HTTPStatus.SERVICE_UNAVAILABLE, Retry_After="9")) as stage:
        await first(stage.client, Disconnected)
        stage.peer.door = lambda _: None
        assert await stage.clock.end_pause() == 9.25
        conversation = await stage.peer.conversation()
        await conversation.refuse(await conversation.ask("session.hello"), "overloaded", retry_after=3)
        assert await stage.clock.end_pause() == 3.5
        await stage.begin()


@pytest.mark.parametrize(
    ("refused", "code"),
    [("unauthenticated", 4401), ("revoked", 4402), ("disabled", 4405), ("unsupported", 4103), ("of_tomorrow", 4103)],
)
@in_loop
async def test_a_refused_hello_is_final_with_its_error_and_the_close_code_that_belongs_to_it(
    refused: str, code: int
) -> None:
    async with staged() as stage:
        conversation = await stage.peer.conversation()
        await conversation.refuse(await conversation.ask("session.hello"), refused)
        with pytest.raises(ClientClosed) as why:
            await stage.starting
        assert why.value.error is not None
        assert (why.value.error.code, why.value.code) == (refused, code)


@pytest.mark.parametrize("status", [HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND])
@in_loop
async def test_a_door_that_stays_shut_is_final(status: HTTPStatus) -> None:
    async with staged(door=refusal(status)) as stage:
        with pytest.raises(ClientClosed):
            await stage.starting


@in_loop
async def test_a_server_of_another_protocol_is_final() -> None:
    async with staged(subprotocols=["something.else"]) as stage:
        with pytest.raises(ClientClosed) as why:
            await stage.starting
        assert "chatd.v1.json" in why.value.reason


@in_loop
async def test_silence_means_that_nobody_is_there() -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        await stage.clock.advance(45)
        await conversation.event("heads", at=1, heads={})
        await first(stage.client, Heads)
        await stage.clock.advance(45)
        assert not stage.clock.sleeps[0].over.done()
        await stage.clock.advance(5)
        assert await stage.clock.end_pause() == 0.25
        lost = await first(stage.client, Disconnected)
        assert lost == Disconnected(1006, "silence", 0.25)
        await stage.peer.greeted()


@in_loop
async def test_a_request_without_an_answer_ends_the_connection() -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        asking = asyncio.create_task(stage.client.get_users(["u1234567890123456"]))
        await conversation.ask("user.get")
        await stage.clock.advance(40)
        await conversation.event("typing", group=GROUP, user="u1234567890123456")
        await first(stage.client, TypingSignal)
        await stage.clock.advance(20)
        assert (await first(stage.client, Disconnected)).reason == "no answer"
        await stage.clock.end_pause()
        back = await stage.peer.greeted()
        await back.ok(await back.ask("user.get"), users=[])
        assert await asking == []


@in_loop
async def test_frames_that_cannot_be_understood_end_the_connection() -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        await conversation.event("entries", group=GROUP, after="x", as_of=1, entries=[])
        await first(stage.client, Disconnected, lambda lost: lost.reason == "not understood")
        await stage.clock.end_pause()
        back = await stage.peer.greeted()
        await back.socket.send("{nonsense")
        lost = await first(stage.client, Disconnected, lambda lost: lost.retry_in_s > 0.25)
        assert lost.reason == "not understood"


@in_loop
async def test_an_event_of_a_kind_not_known_is_skipped() -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        await conversation.event("weather", sunny=True)
        asking = asyncio.create_task(stage.client.get_users())
        await conversation.ok(await conversation.ask("user.get"), users=[], more="fields")
        assert await asking == []


class Tokens:
    """Gives a new token each time, or fails to."""

    def __init__(self) -> None:
        self.given = 0
        self.fail = False

    async def __call__(self) -> str:
        if self.fail:
            raise LookupError("no token to be had")
        self.given += 1
        return f"token-{self.given}"


@in_loop
async def test_a_token_is_renewed_in_time() -> None:
    async with staged(token=Tokens()) as stage:
        conversation = await stage.begin()
        await conversation.event("token_expiring", expires=60_000)
        renewal = await conversation.ask("session.renew")
        assert renewal.data == {"token": "token-2"}
        await conversation.ok(renewal, expires=120_000)


@in_loop
async def test_a_token_that_ran_out_is_replaced_where_it_can_be() -> None:
    async with staged(token=Tokens()) as stage:
        conversation = await stage.begin()
        await conversation.close(4403)
        await stage.clock.end_pause()
        hello = await (await stage.peer.conversation()).greet()
        assert hello.data["token"] == "token-2"


@in_loop
async def test_without_a_token_it_tries_again_later() -> None:
    tokens = Tokens()
    async with staged(token=tokens) as stage:
        conversation = await stage.begin()
        tokens.fail = True
        await conversation.close(4000)
        assert await stage.clock.end_pause() == 0
        await first(stage.client, Disconnected, lambda lost: lost.reason == "no token: LookupError")
        tokens.fail = False
        assert await stage.clock.end_pause() == 0.5
        await stage.peer.greeted()


@in_loop
async def test_closing_ends_everything_that_waits() -> None:
    async with staged() as stage:
        conversation = await stage.begin()
        asking = asyncio.create_task(stage.client.list_groups())
        sending = asyncio.create_task(stage.client.send(GROUP, "hi"))
        reading = asyncio.create_task(first(stage.client, Disconnected))
        await conversation.ask()
        await conversation.ask()
        stage.peer.over.set()
        await stage.client.close()
        for waiting in (asking, sending):
            with pytest.raises(ClientClosed):
                await waiting
        with pytest.raises(AssertionError, match="no Disconnected"):
            await reading


@in_loop
async def test_the_handler_learns_what_happened_to_the_session() -> None:
    async with staged() as stage:
        conversation = await stage.begin(groups=[line()])
        connected = await first(stage.client, Connected)
        assert (connected.resumed, connected.missed) == (False, 0)
        await conversation.entries(40, message(41))
        await conversation.close(4000)
        await stage.clock.end_pause()
        await stage.peer.greeted(groups=[line(head=44, after=41)])
        assert (await first(stage.client, Disconnected)).code == 4000


@pytest.mark.parametrize(
    "url",
    ["http://host", "ws://", "host", "ws://me:secret@host", "ws://:secret@host", "ws://host/ws?t=x", "ws://host/#x"],
)
def test_a_wrong_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="the URL must"):
        Client(url, token="t", device="d")


def test_the_path_is_added() -> None:
    assert address_of("ws://host:1") == "ws://host:1/ws"
    assert address_of("wss://host/chat/ws") == "wss://host/chat/ws"
