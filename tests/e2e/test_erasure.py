"""Erasing a person from a running server, while others look on: their words vanish everywhere, and never come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from chatd.admin.socket import AdminError, call
from chatd.store.database import connect, path_of
from chatd.store.verify import verify
from chatd_client.view import GroupView
from chatd_protocol import errors
from chatd_protocol.log import read_entry
from tests.e2e.phone import PATIENCE_S, Denied, Phone
from tests.e2e.town import Town, a_millisecond_later, living_town, on_loop

WORD = "quagga"
SEARCHING: dict[str, Any] = {"search": {"on": True, "follow_every_s": 0.01}}


@asynccontextmanager
async def town_of(url: str, folder: Path, **sections: Any) -> AsyncIterator[Town]:
    async with living_town(url, folder, **(SEARCHING | sections)) as town:
        yield town


async def operate(town: Town, act: str, **fields: Any) -> dict[str, Any]:
    """An act of the operator."""
    return await asyncio.to_thread(call, town.server.config.admin_socket_path(), act, **fields)


async def erased(town: Town, user: str) -> None:
    """Erase somebody, and wait until it is through."""
    await operate(town, "erase", user=user, yes=True)
    async with asyncio.timeout(PATIENCE_S):
        while (await operate(town, "erase.status", user=user))["stage"] != "done":
            pass  # each turn asks the server anew


async def found(town: Town, phone: Phone, word: str) -> list[int]:
    search = town.server.hub.search
    assert search is not None
    async with asyncio.timeout(PATIENCE_S):
        await search.caught_up()
    return [hit["pos"] for hit in (await phone.ask("message.search", query=word))["hits"]]


def problems(url: str) -> list[str]:
    database = connect(url)
    try:
        return verify(database).problems
    finally:
        database.close()


@pytest.mark.promise("P9", "erase.live")
@pytest.mark.parametrize("fmt", ["json", "msgpack"])
@on_loop
async def test_whoever_looks_on_sees_the_words_vanish(store_url: str, tmp_path: Path, fmt: Any) -> None:
    async with town_of(store_url, tmp_path) as town:
        ann, zoe = await town.people("ann", "zoe")
        bob = await town.person("bob", fmt=fmt)
        group = await town.group_of(ann, zoe, bob)
        first = await zoe.say(group, f"one {WORD}")
        answer = await bob.say(group, "I answer", reply_to=first)
        await zoe.do("reaction.add", group=group, pos=answer, emoji="🦓")
        await ann.do("pin.add", group=group, pos=first)
        last = await zoe.say(group, f"two {WORD}")
        await bob.up_to(group, last)
        view = GroupView(group)
        view.apply(read_entry(entry) for entry in bob.entries[group])
        assert await found(town, ann, WORD) == [last, first]

        plan = await operate(town, "erase", user=zoe.sub)
        assert plan["entries"] == {"message": 2, "reaction": 1}
        assert plan["groups"] == [{"group": group, "title": "Friends", "messages": 2}]
        assert bob.cursor[group] == last
        seen = len(bob.entries[group])
        await erased(town, zoe.user)
        assert await zoe.closed() == errors.CLOSE_REVOKED

        entries = await bob.until(lambda: _with_kind(bob, group, "members", seen))
        fresh = bob.entries[group][seen:]
        assert [entry["kind"] for entry in fresh] == ["reaction", "erased", "members"], entries
        assert fresh[1]["user"] == zoe.user
        assert "reactions" not in fresh[0]
        assert fresh[2]["left"] == [{"user": zoe.user, "why": "erased"}]
        view.apply(read_entry(entry) for entry in fresh)
        page = await bob.history(group)
        assert WORD not in repr(page)
        assert WORD not in repr(view.messages)
        shown = {entry["pos"]: read_entry(entry) for entry in page if entry["kind"] == "message"}
        assert view.messages == shown
        assert (await bob.ask("pin.list", group=group))["pins"] == []
        assert await found(town, ann, WORD) == []
        again = await town.back(ann)
        assert WORD not in repr(again.hello)
        for phone in (again, bob):
            assert WORD not in repr(await phone.line(group))
    assert problems(store_url) == []


def _with_kind(phone: Phone, group: str, kind: str, after: int) -> list[dict[str, Any]]:
    return [entry for entry in phone.entries[group][after:] if entry["kind"] == kind]


@pytest.mark.promise("P9", "erase")
@on_loop
async def test_nothing_of_it_is_left_in_any_file(sqlite_url: str, tmp_path: Path) -> None:
    async with town_of(sqlite_url, tmp_path) as town:
        ann, zoe = await town.people("ann", "zoe")
        group = await town.group_of(ann, zoe)
        for number in range(50):
            await zoe.say(group, f"{WORD}{number} and more, 斑驴{number}")
        await zoe.do("user.update", bio=f"bio of {WORD}")
        assert len(await found(town, ann, f"{WORD}7")) == 1
        await zoe.settle()
        assert _files_with(tmp_path, WORD)
        await erased(town, zoe.user)
        assert await found(town, ann, f"{WORD}7") == []
        assert await found(town, ann, "斑驴") == []
    # The server is gone, and with it what SQLite had not folded into its files.
    assert _files_with(tmp_path, WORD) == []
    path = path_of(sqlite_url)
    assert path is not None
    assert WORD.encode() not in path.read_bytes()


def _files_with(folder: Path, word: str) -> list[str]:
    return [file.name for file in folder.rglob("*") if file.is_file() and word.encode() in file.read_bytes()]


@on_loop
async def test_the_file_of_the_running_server_is_free_of_it_too(sqlite_url: str, tmp_path: Path) -> None:
    async with living_town(sqlite_url, tmp_path) as town:
        ann, zoe = await town.people("ann", "zoe")
        group = await town.group_of(ann, zoe)
        await zoe.say(group, f"one {WORD}")
        await erased(town, zoe.user)
        assert _files_with(tmp_path, WORD) == []


@on_loop
async def test_an_old_token_speaks_for_nobody_and_a_new_one_for_somebody_new(store_url: str, tmp_path: Path) -> None:
    async with living_town(store_url, tmp_path) as town:
        ann, zoe = await town.people("ann", "zoe")
        group = await town.group_of(ann, zoe)
        old = town.server.token(zoe.sub, "Zoe", iat=int(town.server.hub.now_ms() / 1000) - 100)
        await erased(town, zoe.user)
        phone = await town.dial()
        with pytest.raises(Denied, match="revoked"):
            await phone.say_hello(old)
        later = town.server.token(zoe.sub, "Zoe", iat=int(town.server.hub.now_ms() / 1000) + 1)
        again = await town.dial()
        await again.say_hello(later)
        assert again.user != zoe.user
        assert again.hello["groups"] == []
        assert (await again.denied("message.history", group=group)).code == "not_found"
        with pytest.raises(AdminError, match="not_found"):
            await operate(town, "user.disable", sub=f"erased:{zoe.user}", on=False)


@on_loop
async def test_nobody_can_be_met_who_is_erased(store_url: str, tmp_path: Path) -> None:
    async with living_town(store_url, tmp_path) as town:
        ann, zoe, cat = await town.people("ann", "zoe", "cat")
        group = await town.group_of(ann, cat)
        await town.befriend(ann, zoe)
        a_millisecond_later()
        await erased(town, zoe.user)
        for op, data in (
            ("follow.add", {"user": zoe.user}),
            ("block.add", {"user": zoe.user}),
            ("contact.request", {"user": zoe.user, "text": "hi"}),
        ):
            assert await ann.cannot(op, **data) == "not_found", op
        assert await ann.cannot("group.create", kind="direct", user=zoe.user) == "not_mutual"
        added = await ann.do("member.add", group=group, users=[zoe.user])
        assert added["results"] == [{"user": zoe.user, "result": "not_mutual"}]
        with pytest.raises(AdminError, match="not_found"):
            await operate(town, "erase", user="nobody")
        with pytest.raises(AdminError, match="not_found"):
            await operate(town, "erase.status", user=ann.sub)
        assert (await operate(town, "erase", user=zoe.user, yes=True))["at"]
