"""Messages and the log they are in."""

from __future__ import annotations

from typing import Any

import msgspec

from chatd.core.forwards import Forward
from chatd.core.messages import Edit, React, Recall, Send
from chatd.core.refusal import Refused
from chatd.core.visibility import page
from chatd.service.author import Author
from chatd.service.sections import read_section
from chatd.store import messages as stored
from chatd.store.readers import Reader
from chatd_protocol import forwards as wire_forwards
from chatd_protocol import messages as wire
from chatd_protocol.codec import Invalid


def send_message(request: wire.SendMessage, author: Author) -> Send:
    """Send. Raises `Refused`: `bots_only` for a menu of somebody who is none."""
    _check_menu(getattr(request.body, "menu", None), author, "$.data.body.menu")
    body = msgspec.to_builtins(request.body)
    return Send(
        author.user,
        request.cid,
        author.digest,
        request.group,
        request.kind,
        body,
        request.reply_to,
        request.after,
        author.tags,
        request.section,
        author.bot,
    )


def _check_menu(menu: object, author: Author, path: str) -> None:
    if menu is not None and not author.bot:
        raise Refused("bots_only", "Only the message of a bot has a menu.", path=path)


def recall_message(request: wire.RecallMessage, author: Author) -> Recall:
    """Take back. What others wrote, a bot takes back by the scope `moderate`."""
    missing = "moderate" if author.scopes is not None and "moderate" not in author.scopes else None
    return Recall(author.user, request.cid, author.digest, request.group, request.pos, author.arrived_at, missing)


def edit_message(request: wire.EditMessage, author: Author) -> Edit:
    """Rewrite. Raises `Refused`: `bots_only` for a menu of somebody who is none."""
    _check_menu(request.menu, author, "$.data.menu")
    body: dict[str, Any] = {} if request.text is None else {"text": request.text}
    if request.entities:
        body["entities"] = msgspec.to_builtins(request.entities)
    return Edit(
        author.user,
        request.cid,
        author.digest,
        request.group,
        request.pos,
        body,
        author.arrived_at,
        author.bot,
        msgspec.to_builtins(request.menu),
    )


def forward_messages(request: wire_forwards.ForwardMessages, author: Author) -> Forward:
    """Say again elsewhere. Raises `Refused`: `scope_missing` for a bot that may not read what it would carry there."""
    if author.scopes is not None and "read" not in author.scopes:
        raise Refused("scope_missing", scope="read")
    return Forward(
        author.user,
        request.cid,
        author.digest,
        request.group,
        request.source,
        request.positions,
        author.tags,
        request.section,
        author.bot,
    )


def add_reaction(request: wire.AddReaction, author: Author) -> React:
    """React."""
    return React(author.user, request.cid, author.digest, request.group, request.pos, request.emoji, True)


def remove_reaction(request: wire.RemoveReaction, author: Author) -> React:
    """Take a reaction back."""
    return React(author.user, request.cid, author.digest, request.group, request.pos, request.emoji, False)


async def read_history(
    reader: Reader, request: wire.ReadHistory, stay: int, published: int, span: tuple[int, int]
) -> dict[str, Any]:
    """A page of the log that is not above `published`, for somebody who sees what is above `stay`. `span`: the newest
    position in what `reader` reads, and the one below which nothing is kept. Raises `Invalid` for two directions."""
    as_of, floor = span[0], max(stay, span[1])
    if request.before is not None and request.after is not None:
        raise Invalid("$.data.after", "A page goes back from `before` or on from `after`, not both")
    if request.around is not None and (request.before is not None or request.after is not None):
        raise Invalid("$.data.around", "A page lies around a position, or goes one way from it")
    if request.section is not None:
        return await read_section(reader, request, request.section, (stay, floor), published, as_of)
    if request.around is not None:
        return await _read_around(reader, request, request.around, (stay, floor), published, as_of)
    if request.after is not None:
        found = await stored.page_up(reader, request.group, max(request.after, floor), published, request.limit)
    else:
        upto = published if request.before is None else min(published, request.before - 1)
        found = await stored.page_down(reader, request.group, floor, upto, request.limit)
    return {
        "group": request.group,
        "entries": page(found.entries, found.targets, stay),
        "as_of": as_of,
        "floor": floor,
        "more": found.more,
    }


async def _read_around(
    reader: Reader, request: wire.ReadHistory, pos: int, floors: tuple[int, int], published: int, as_of: int
) -> dict[str, Any]:
    """Half a page of what is older than `pos`; from there on what makes it whole."""
    group, half, (stay, floor) = request.group, request.limit // 2, floors
    older = await stored.page_down(reader, group, floor, min(pos - 1, published), half)
    left = request.limit - len(older.entries)
    newer = await stored.page_up(reader, group, max(pos - 1, floor), published, left)
    entries = page([*older.entries, *newer.entries], older.targets | newer.targets, stay)
    shown = {"group": group, "entries": entries, "as_of": as_of, "floor": floor, "more": newer.more}
    return shown | ({"older": True} if older.more else {})


async def find_pos(reader: Reader, request: wire.FindPos, stay: int, published: int) -> dict[str, Any]:
    """The first visible entry since a time."""
    floor = max(stay, (await stored.span_of(reader, request.group))[1])
    found = await reader.run(lambda r: stored.first_since(r, request.group, floor, published, request.at))
    return {"group": request.group} | ({"pos": found[0], "at": found[1]} if found is not None else {})


async def list_reactions(
    reader: Reader, request: wire.ListReactions, floor: int, signs_per_person: int
) -> dict[str, Any]:
    """A page of who reacted, by person. Raises `Refused`: `not_found`, `gone`."""
    message = await stored.message_at(reader, request.group, request.pos)
    if message is None or message.pos <= floor:
        raise Refused("not_found")
    if message.recalled:
        raise Refused("gone")
    most = (request.limit + 1) * signs_per_person
    signs: dict[str, list[str]] = {}
    for user, emoji in await stored.reacted(reader, request.group, request.pos, request.after or "", most):
        signs.setdefault(user, []).append(emoji)
    people = list(signs)[: request.limit]
    shown: dict[str, Any] = {"reactions": [{"user": user, "emoji": signs[user]} for user in people]}
    if len(signs) > request.limit:
        shown["more"] = people[-1]
    return shown
