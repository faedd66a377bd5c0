"""Bots: their tokens, what each may do, the commands they declare, and pressing their buttons."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Set as AbstractSet
from typing import Any, Final

import msgspec

from chatd.core.bots import SetCommands
from chatd.core.menus import Press
from chatd.core.refusal import Refused
from chatd.service.author import Author
from chatd.service.tokens import Claims
from chatd.store import bots as stored
from chatd.store import users
from chatd.store.readers import Reader, Readers
from chatd_protocol import bots as wire
from chatd_protocol.bots import TOKEN_PREFIX
from chatd_protocol.scopes import BOTS_ONLY, CLOSED, OPEN, SCOPE_OF

TOKEN_BYTES: Final = 24
TOKEN_MAX: Final = 100


def new_token() -> str:
    """A fresh token, which nothing here remembers: 192 random bits behind what says that it is one."""
    return TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)


def token_digest(key: bytes, token: str) -> str:
    """What a token is kept as, by the server whose database has this key."""
    return hmac.digest(key, b"bot token\0" + token.encode(), "sha256").hex()


class BotTokens:
    """Knows tokens of bots by their digests, which are keyed with `key`, that of the database."""

    def __init__(self, key: bytes, readers: Readers) -> None:
        self._key = key
        self._readers = readers

    def digest(self, token: str) -> str:
        """What a token is kept as."""
        return token_digest(self._key, token)

    async def verify(self, token: str) -> Claims:
        """Which bot a token speaks for. Raises `Refused`: `unauthenticated`."""
        if len(token) <= TOKEN_MAX:
            digest = self.digest(token)
            async with self._readers.snapshot() as reader:
                found = await stored.token_by_digest(reader, digest)
                people = await users.users_named(reader, [found.user_id if found is not None else ""], [])
            if found is not None and people:
                return Claims(people[0].sub, "", found.made_at, None, token=digest)
        raise Refused("unauthenticated", "There is no such token of a bot, or not any more.")


def check_scope(op: str, scopes: AbstractSet[str] | None) -> None:
    """Whether a bot with these scopes may ask for an op; None for a person, who may ask for what is not for bots only.

    Raises `scope_missing`, `not_for_bots`, `bots_only`.
    """
    if scopes is None:
        if op in BOTS_ONLY:
            raise Refused("bots_only")
        return
    needed = SCOPE_OF[op]
    if needed == CLOSED:
        raise Refused("not_for_bots")
    if needed != OPEN and needed not in scopes:
        raise Refused("scope_missing", scope=needed)


def set_commands(request: wire.SetCommands, author: Author) -> SetCommands:
    """Declare."""
    return SetCommands(author.user, request.cid, author.digest, msgspec.to_builtins(request.commands))


def press_menu(request: wire.PressMenu, author: Author) -> Press:
    """Press."""
    return Press(author.user, request.cid, author.digest, request.group, request.pos, request.button)


async def list_bots(reader: Reader, request: wire.ListBots) -> dict[str, Any]:
    """A page of the bots of a group."""
    found = await stored.bots_in(reader, request.group, request.after or "", request.limit + 1)
    bots = []
    for one in found[: request.limit]:
        optional = {"name": one.name, "intro": one.profile.get("bio"), "commands": one.commands}
        bots.append({"user": one.user, "bot": one.bot} | {key: value for key, value in optional.items() if value})
    page: dict[str, Any] = {"bots": bots}
    return page | ({"more": bots[-1]["user"]} if len(found) > request.limit else {})
