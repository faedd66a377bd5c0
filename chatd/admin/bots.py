"""The operator's acts on bots: making them, their tokens, what they may do. Each is written into the audit log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from chatd.admin.operator import Operator
from chatd.core.bots import Bot, MakeBot
from chatd.core.refusal import Refused
from chatd.core.values import User
from chatd.service.bots import new_token
from chatd.service.persons import check_person
from chatd.store import bots as stored
from chatd_protocol.scopes import SCOPES

NAME: Final = re.compile(r"[a-z][a-z0-9_-]{1,31}")
INTRO_MAX: Final = 500
PAGE_MAX: Final = 1000
DEFAULT_SCOPES: Final = ("read", "send", "react", "profile")


async def create_bot(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """A bot called `bot`, shown as `name`, with an `intro`, `scopes`, and its first token, which is told this once.
    `direct`: anybody may begin a direct chat with it."""
    hub, name, intro = operator.hub, _name(request), request.get("intro") or ""
    _, shown = check_person("bot", request.get("name") or name)
    direct = request.get("direct") or False
    if not isinstance(intro, str) or len(intro) > INTRO_MAX or not intro.isprintable() or not isinstance(direct, bool):
        raise TypeError(f"intro, direct: expected at most {INTRO_MAX} printable characters, and true or false")
    scopes = _scopes(request.get("scopes", list(DEFAULT_SCOPES)))
    token = new_token()
    verdict = await hub.link.ask(
        MakeBot(hub.new_id("u"), name, shown, intro, scopes, direct, operator.bots.digest(token))
    )
    if verdict.answer is None:
        raise Refused(verdict.code, verdict.message, **verdict.details)
    return {"bot": name, "user": verdict.answer["user"], "scopes": scopes, "token": token}


async def list_bots(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """A page of the bots, by user id above `after`."""
    after, limit = request.get("after") or "", request.get("limit", 100)
    if not isinstance(after, str) or type(limit) is not int or not 1 <= limit <= PAGE_MAX:
        raise TypeError(f"after, limit: expected an id and 1 to {PAGE_MAX}")
    async with operator.hub.readers.snapshot() as reader:
        found = await stored.bots_page(reader, after, limit + 1)
    page: dict[str, Any] = {"bots": [_view(operator, *one) for one in found[:limit]]}
    return page | ({"more": page["bots"][-1]["user"]} if len(found) > limit else {})


async def show_bot(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of the bot called `bot`, with its commands."""
    user, bot = await _bot_of(operator, request)
    return _view(operator, user, bot) | {
        "intro": user.profile.get("bio", ""),
        "direct": user.settings.get("direct", False),
        "commands": bot.commands,
    }


async def make_token(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """A fresh token of a bot, told this once; with `rotate`, the older ones are refused from now on."""
    (user, bot), rotate = await _bot_of(operator, request), request.get("rotate") or False
    if not isinstance(rotate, bool):
        raise TypeError("rotate: expected true or false")
    token = new_token()
    closed = await operator.hub.rotate_token(user.id, operator.bots.digest(token), rotate=rotate)
    return {"bot": bot.name, "user": user.id, "token": token, "closed": closed}


async def set_scopes(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """What a bot may do from now on: exactly these `scopes`."""
    (user, bot), scopes = await _bot_of(operator, request), _scopes(request["scopes"])
    return {"bot": bot.name, "scopes": scopes, "closed": await operator.hub.set_scopes(user.id, scopes)}


async def disable_bot(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """Shut a bot out (`on`), or let it in again; its tokens stay."""
    (user, bot), on = await _bot_of(operator, request), request["on"]
    if not isinstance(on, bool):
        raise TypeError("on: expected true or false")
    return {"bot": bot.name, "disabled": on, "closed": await operator.hub.disable(user.id, on)}


async def _bot_of(operator: Operator, request: Mapping[str, Any]) -> tuple[User, Bot]:
    """The bot that the request names. Raises `Refused`: `not_found`."""
    name = _name(request)
    async with operator.hub.readers.snapshot() as reader:
        found = await stored.bot_named(reader, name)
    if found is None:
        raise Refused("not_found", f"There is no bot called {name}.")
    return found


def _name(request: Mapping[str, Any]) -> str:
    name = request["bot"]
    if not isinstance(name, str) or NAME.fullmatch(name) is None:
        raise TypeError("bot: expected 2 to 32 small letters, digits, `_` or `-`, a letter first")
    return name


def _scopes(scopes: object) -> list[str]:
    """Scopes as they are kept, in their order. Raises TypeError for one that there is not."""
    if not isinstance(scopes, list) or not set(map(str, scopes)) <= set(SCOPES):
        raise TypeError(f"scopes: expected some of {', '.join(SCOPES)}")
    return [scope for scope in SCOPES if scope in scopes]


def _view(operator: Operator, user: User, bot: Bot) -> dict[str, Any]:
    people = operator.hub.people
    connections = len(people[user.id].sessions) if user.id in people else 0
    shown = {"bot": bot.name, "user": user.id, "name": user.name, "scopes": bot.scopes, "created": bot.made_at}
    shown |= {"tokens": len(bot.tokens), "groups": user.groups, "connections": connections}
    return shown | ({"disabled": True} if user.disabled else {})


ACTS: Final = {
    "bot.create": create_bot,
    "bot.list": list_bots,
    "bot.show": show_bot,
    "bot.token": make_token,
    "bot.scopes": set_scopes,
    "bot.disable": disable_bot,
}
