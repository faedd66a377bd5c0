"""What each command does on a stage: one function per op, from a request to its answer. Raises `ChatdError`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from chatd_client.bots.testing import stage_people as people
from chatd_client.bots.testing.stage import Stage, StageUser
from chatd_client.errors import ChatdError
from chatd_protocol import bots, groups, invites, items, messages, relations, users
from chatd_protocol.kinds import BUNDLE, CUSTOM_PREFIX, NOTICE, Card, CustomContent, Mark, TextContent, content_type
from chatd_protocol.log import Edited, Message, Reacted, Recall, Recalled
from chatd_protocol.menus import Button, MenuButton, MenuRows
from chatd_protocol.money import show_price
from chatd_protocol.session import Unnamed
from chatd_protocol.values import Data, ItemKind, View

RECALL_WINDOW_MS: Final = 120_000


def _send(stage: Stage, user: StageUser, request: messages.SendMessage) -> View:
    group = stage.group_of(request.group, user.id)
    if group.members[user.id] == "silent":
        raise ChatdError("forbidden")
    if request.kind == NOTICE and group.members[user.id] not in {"owner", "admin"}:
        raise ChatdError("forbidden")
    pos, at = len(group.log) + 1, stage.clock.now_ms()
    body, alt = _content(stage, user, request.kind, request.body)
    seq = 0 if request.kind == NOTICE else group.seq + 1
    quote = None if request.reply_to is None else group.quote(user.id, request.reply_to)
    entry = Message(
        pos,
        at,
        user.id,
        request.cid,
        request.kind,
        seq,
        body,
        request.reply_to,
        quote,
        alt=alt,
        section=request.section,
        bot=user.bot,
    )
    group.note_price(pos, getattr(body, "card", None))
    stage.add_entry(group, entry)
    return messages.SendMessageOk(group.id, pos, request.cid, at, at + RECALL_WINDOW_MS, seq, request.section)


def _content(stage: Stage, user: StageUser, kind: str, raw: Any) -> tuple[Any, str]:
    """What the message holds, and what stands for it where it cannot be shown."""
    if kind.startswith(CUSTOM_PREFIX):
        return CustomContent(raw.alt, raw.data), raw.alt
    if content_type(kind) is None or kind == BUNDLE:
        raise ChatdError("invalid")
    menu = getattr(raw, "menu", None)
    if menu and not user.bot:
        raise ChatdError("bots_only")
    card: Card | None = None
    alt = ""
    if kind in {"video_card", "product_card"}:
        what: ItemKind = "video" if kind == "video_card" else "product"
        item = raw.video if what == "video" else raw.product
        card = stage.shelf.card(what, item)
        if card is None or not stage.shelf.may_share(what, item):
            raise ChatdError("no_item")
        alt = _alt_of(card)
    marks = [Mark(one.offset, one.length, one.user, one.all, one.url) for one in getattr(raw, "entities", None) or ()]
    return TextContent(raw.text or "", card, marks, _rows(menu)), alt


def _alt_of(card: Card) -> str:
    price, currency = getattr(card, "price", None), getattr(card, "currency", "")
    if price is None:
        return f"▶ {card.title}"
    return f"🛍 {card.title} {show_price(price, currency)}"


def _rows(menu: list[list[Button]] | None) -> MenuRows:
    return [[MenuButton(one.id, one.label) for one in row] for row in menu or ()]


def _edit(stage: Stage, user: StageUser, request: messages.EditMessage) -> View:
    group = stage.group_of(request.group, user.id)
    old = group.message(user.id, request.pos)
    now = stage.clock.now_ms()
    if old.sender != user.id:
        raise ChatdError("forbidden")
    if not user.bot and (old.type != "text" or now > old.at + RECALL_WINDOW_MS or request.menu is not None):
        raise ChatdError("too_late" if old.type == "text" and request.menu is None else "forbidden")
    body = old.body
    if request.text is not None:
        marks = [Mark(one.offset, one.length, one.user, one.all, one.url) for one in request.entities]
        body = msgspec.structs.replace(body, text=request.text, entities=marks)
    if request.menu is not None:
        body = msgspec.structs.replace(body, menu=_rows(request.menu))
    changed = group.put(request.pos, body=body, version=old.version + 1)
    pos = len(group.log) + 1
    stage.add_entry(group, Edited(pos, now, user.id, request.cid, request.pos, changed.version, body))
    return messages.EditMessageOk(group.id, pos, request.pos, changed.version)


def _recall(stage: Stage, user: StageUser, request: messages.RecallMessage) -> View:
    group = stage.group_of(request.group, user.id)
    old = group.message(user.id, request.pos)
    now = stage.clock.now_ms()
    if old.sender != user.id and group.members[user.id] not in {"owner", "admin"}:
        raise ChatdError("forbidden")
    group.put(request.pos, body=None, quote=None, reactions=[], version=0, recalled=Recall(user.id, now))
    pos = len(group.log) + 1
    stage.add_entry(group, Recalled(pos, now, user.id, request.cid, request.pos))
    return groups.Placed(group.id, pos)


def _react(stage: Stage, user: StageUser, request: messages.AddReaction | messages.RemoveReaction) -> View:
    group = stage.group_of(request.group, user.id)
    group.message(user.id, request.pos)
    on = isinstance(request, messages.AddReaction)
    counts = group.react(request.pos, user.id, request.emoji, on)
    if counts is None:
        return messages.ReactionOk(group.id, request.pos)
    pos = len(group.log) + 1
    now = stage.clock.now_ms()
    stage.add_entry(group, Reacted(pos, now, user.id, request.cid, request.pos, request.emoji, on, counts))
    return messages.ReactionOk(group.id, request.pos, pos)


def _history(stage: Stage, user: StageUser, request: messages.ReadHistory) -> View:
    group = stage.group_of(request.group, user.id)
    floor = group.since[user.id][0]
    seen = [entry for entry in group.log if entry.pos > floor]
    if request.section is not None:
        seen = [entry for entry in seen if isinstance(entry, Message) and entry.section == request.section]
    if request.after is not None:
        behind = [entry for entry in seen if entry.pos > request.after]
        page, more = behind[: request.limit], len(behind) > request.limit
    else:
        before = [entry for entry in seen if request.before is None or entry.pos < request.before]
        page, more = before[-request.limit :], len(before) > request.limit
    raw = [msgspec.to_builtins(entry) for entry in page]
    return messages.History(group.id, raw, len(group.log), floor, more)


# --- bots


def _press(stage: Stage, user: StageUser, request: bots.PressMenu) -> View:
    group = stage.group_of(request.group, user.id)
    entry = group.message(user.id, request.pos)
    rows = getattr(entry.body, "menu", ())
    if entry.sender not in group.members or not any(one.id == request.button for row in rows for one in row):
        raise ChatdError("no_button")
    stage.add_mine(entry.sender, "pressed", group=group.id, pos=request.pos, by=user.id, button=request.button)
    return bots.PressMenuOk(group.id, request.pos, request.button)


def _declare(stage: Stage, user: StageUser, request: bots.SetCommands) -> View:
    del stage
    user.commands = [bots.CommandLine(one.name, one.en, one.zh, one.also) for one in request.commands]
    return bots.SetCommandsOk(len(user.commands))


def _list_bots(stage: Stage, user: StageUser, request: bots.ListBots) -> View:
    here = stage.group_of(request.group, user.id).members
    found = [one for one in stage.users.values() if one.bot and one.id in here]
    return bots.Bots([bots.BotLine(one.id, one.sub, one.name, "", one.commands) for one in found])


def _find_items(stage: Stage, user: StageUser, request: items.FindItems) -> View:
    found = stage.shelf.find(request.text, request.kind)
    return items.FoundItems(found[: request.limit], len(found) > request.limit)


def _nothing(stage: Stage, user: StageUser, request: messages.Typing) -> View:
    stage.group_of(request.group, user.id)
    return Unnamed()


def _read(stage: Stage, user: StageUser, request: messages.MarkRead) -> View:
    stage.group_of(request.group, user.id)
    return messages.MarkReadOk(request.group, request.seq)


ACTS: Final[dict[type[Data], Callable[[Stage, StageUser, Any], View]]] = {
    messages.SendMessage: _send,
    messages.EditMessage: _edit,
    messages.RecallMessage: _recall,
    messages.AddReaction: _react,
    messages.RemoveReaction: _react,
    messages.ReadHistory: _history,
    messages.MarkRead: _read,
    messages.Typing: _nothing,
    groups.CreateGroup: people.create_group,
    groups.AddMembers: people.add_members,
    groups.LeaveGroup: people.leave_group,
    groups.KickMember: people.kick_member,
    groups.GetGroup: people.get_group,
    groups.ListGroups: people.list_groups,
    groups.ListMembers: people.list_members,
    users.GetUsers: people.get_users,
    relations.AddFollow: people.add_follow,
    invites.CreateInvite: people.create_invite,
    invites.RedeemInvite: people.redeem_invite,
    bots.PressMenu: _press,
    bots.SetCommands: _declare,
    bots.ListBots: _list_bots,
    items.FindItems: _find_items,
}
