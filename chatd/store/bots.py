"""Bots in the store: whose a token is, who is in a group, and what is looked up before a press is judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec
import orjson

from chatd.core.bots import Bot, BotToken
from chatd.core.needs import Needs
from chatd.core.values import BOT_SUB, User
from chatd.store import records, schema, users
from chatd.store.database import Row
from chatd.store.readers import Reader
from chatd.store.statements import Probe

SENDERS: Final = Probe(schema.entries, ("group_id", "pos"), ("group_id", "actor"))
# From the bots, who are few, to whether each is in the group: the number of members does not count.
IN_GROUP: Final = (
    "SELECT b.user_id, b.name, u.name, u.profile, b.commands FROM bots AS b"
    " CROSS JOIN memberships AS m CROSS JOIN users AS u"
    " WHERE b.user_id > ? AND m.group_id = ? AND m.user_id = b.user_id AND m.until_pos IS NULL"
    " AND u.user_id = b.user_id AND NOT u.disabled ORDER BY b.user_id LIMIT ?"
)
_PAGE: Final = "user_id > ? ORDER BY user_id LIMIT ?"


class BotLine(msgspec.Struct, frozen=True):
    """A bot of a group."""

    user: str
    bot: str
    name: str
    profile: dict[str, Any]
    commands: list[dict[str, Any]]


def look_ahead(find: Callable[[Probe, Iterable[Row]], list[Row]], need: Needs) -> None:
    """Who sent what is pressed never changes, so it may be read without a lock; the sender is locked then."""
    for group, actor in find(SENDERS, need.pressed):
        if actor is not None:
            need.users.add(actor)
            need.members.add((group, actor))


async def token_by_digest(reader: Reader, digest: str) -> BotToken | None:
    """A token that is good."""
    found = await records.find(reader, BotToken, [(digest,)])
    return found[0] if found else None


async def bot_of_user(reader: Reader, user: str) -> Bot | None:
    """What is kept of the bot that a user is."""
    found = await records.find(reader, Bot, [(user,)])
    return found[0] if found else None


async def bot_named(reader: Reader, name: str) -> tuple[User, Bot] | None:
    """A bot by the name that it was made by."""
    user = await users.user_by_sub(reader, BOT_SUB + name)
    bot = await bot_of_user(reader, user.id) if user is not None else None
    return (user, bot) if user is not None and bot is not None else None


async def bots_page(reader: Reader, after: str, limit: int) -> list[tuple[User, Bot]]:
    """All bots, by user id above `after`."""
    bots = await records.select(reader, Bot, _PAGE, (after, limit))
    people = {user.id: user for user in await users.users_named(reader, [bot.user_id for bot in bots], [])}
    return [(people[bot.user_id], bot) for bot in bots]


async def bots_in(reader: Reader, group: str, after: str, limit: int) -> Sequence[BotLine]:
    """The bots of a group by id above `after`; those that are disabled answer nobody and are left out."""
    rows = await reader.all(IN_GROUP, (after, group, limit))
    return [
        BotLine(user, bot, name, orjson.loads(profile), orjson.loads(commands))
        for user, bot, name, profile, commands in rows
    ]
