"""Who gets in after a restore: the tokens of the host app go on working, whatever they say of their age."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Final

import jwt
import pytest

from chatd.admin.socket import call
from chatd.testing import TEST_SECRET, running_server
from chatd_client import Client, ClientClosed
from tests.backup.kit import Desk
from tests.client.peer import in_loop

pytestmark = pytest.mark.relaxed_durability
PATIENCE_S: Final = 20


def undated(sub: str) -> str:
    """A token that does not say when it was issued."""
    return jwt.encode({"sub": sub, "exp": int(time.time()) + 3600}, TEST_SECRET, algorithm="HS256")


async def comes_in(url: str, token: str, text: str = "") -> str:
    """The user that a client is, once it is in; it says something to a new group, if there is something to say."""
    async with asyncio.timeout(PATIENCE_S), Client(url, token=token, device="phone") as client:
        if text:
            await client.send((await client.create_group("Tea")).group, text)
        assert client.hello is not None
        return client.hello.user


def test_tokens_go_on_working_whether_they_are_dated_or_not(
    store_url: str, elsewhere: str, desk: Desk, tmp_path: Path
) -> None:
    people: list[str] = []

    @in_loop
    async def first() -> None:
        async with running_server(store_url, tmp_path) as server:
            people.append(await comes_in(server.ws_url, undated("ann"), "hello"))
            people.append(await comes_in(server.ws_url, server.token("bob"), "hi"))
            await comes_in(server.ws_url, undated("eve"))
            await asyncio.to_thread(call, server.config.admin_socket_path(), "revoke", sub="eve", device=None)

    @in_loop
    async def again() -> None:
        (tmp_path / "again").mkdir()
        async with running_server(elsewhere, tmp_path / "again") as server:
            assert await comes_in(server.ws_url, undated("ann"), "again") == people[0]
            assert await comes_in(server.ws_url, server.token("bob"), "again") == people[1]
            assert await comes_in(server.ws_url, undated("bob")) == people[1]
            await comes_in(server.ws_url, undated("cat"), "somebody new")
            with pytest.raises(ClientClosed) as ended:
                await comes_in(server.ws_url, undated("eve"))
            assert ended.value.error is not None
            assert ended.value.error.code == "revoked", "as before the restore: it may be older than the revocation"
            await comes_in(server.ws_url, server.token("eve", iat=int(time.time()) + 1))

    first()
    desk.back_up(store_url)
    desk.bring_back(elsewhere)
    again()
