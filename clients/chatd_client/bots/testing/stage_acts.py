"""What each command does on a stage: one function per op, from a request to its answer. Raises `ChatdError`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from chatd_client.bots.ops import derive_cid
from chatd_client.bots.testing.stage import Stage, StageUser
from chatd_client.bots.testing.stage_group import StageGroup
from chatd_client.errors import ChatdError
from chatd_protocol import bots, groups, invites, messages, relations, requests, users
from chatd_protocol.kinds import BUNDLE, CUSTOM_PREFIX, NOTICE, Card, CustomContent, Mark, TextContent, content_type
from chatd_protocol.log import Created, Edited, Joined, Left, MembersChanged, Message, Reacted, Recall, Recalled
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


# --- groups and people


def _create(stage: Stage, user: StageUser, request: groups.CreateGroup) -> View:
    now = stage.clock.now_ms()
    makers = [user.id]
    if request.kind == "direct":
        other = stage.users.get(request.user or "")
        if other is None:
            raise ChatdError("not_found")
        for old in stage.groups.values():
            if old.kind == "direct" and set(old.members) == {user.id, other.id}:
                return groups.CreateGroupOk(old.id, 1, created=False)
        if not other.bot and not _mutual(user, other):
            raise ChatdError("not_mutual")
        makers.append(other.id)
    group = stage.new_group(request.kind, request.title or "", user.id)
    for one in makers:
        group.let_in(one, now, "owner" if one == user.id and request.kind != "direct" else "member")
    for one in makers:
        stage.add_mine(one, "added", group=group.id, pos=1, by=user.id)
    stage.add_entry(group, Created(1, now, user.id, request.kind, makers, request.title or ""))
    return groups.CreateGroupOk(group.id, 1, created=True)


def _mutual(one: StageUser, other: StageUser) -> bool:
    return other.id in one.follows and one.id in other.follows


def _add(stage: Stage, user: StageUser, request: groups.AddMembers) -> View:
    group = stage.group_of(request.group, user.id)
    results: list[groups.Added] = []
    joined: list[Joined] = []
    for name in request.users:
        other = stage.users.get(name)
        if name in group.members:
            results.append(groups.Added(name, "already"))
        elif other is None or not (other.bot or _mutual(user, other)):
            results.append(groups.Added(name, "not_mutual"))
        else:
            results.append(groups.Added(name, "added"))
            joined.append(Joined(name, user.id, bot=other.bot))
    return groups.AddMembersOk(group.id, results, _let_in(stage, group, joined) if joined else None)


def _let_in(stage: Stage, group: StageGroup, joined: list[Joined]) -> int:
    now, pos = stage.clock.now_ms(), len(group.log) + 1
    for one in joined:
        group.let_in(one.user, now)
        stage.add_mine(one.user, "added", group=group.id, pos=pos, by=one.by, how=one.how)
    return stage.add_entry(group, MembersChanged(pos, now, len(group.members), joined=joined))


def _let_out(stage: Stage, group: StageGroup, left: Left, why: Any) -> int:
    pos = len(group.log) + 1
    del group.members[left.user]
    stage.add_mine(left.user, "removed", group=group.id, pos=pos, by=left.by, why=why)
    return stage.add_entry(group, MembersChanged(pos, stage.clock.now_ms(), len(group.members), left=[left]))


def _leave(stage: Stage, user: StageUser, request: groups.LeaveGroup) -> View:
    group = stage.group_of(request.group, user.id)
    if group.kind == "direct":
        return groups.LeaveGroupOk(group.id, archived=True)
    if group.members[user.id] == "owner":
        raise ChatdError("owner_must_stay")
    return groups.LeaveGroupOk(group.id, _let_out(stage, group, Left(user.id), "left"))


def _kick(stage: Stage, user: StageUser, request: groups.KickMember) -> View:
    group = stage.group_of(request.group, user.id)
    if request.user not in group.members:
        raise ChatdError("not_found")
    if group.members[user.id] not in {"owner", "admin"} or group.members[request.user] == "owner":
        raise ChatdError("forbidden")
    return groups.Placed(group.id, _let_out(stage, group, Left(request.user, user.id), "kicked"))


def _get_group(stage: Stage, user: StageUser, request: groups.GetGroup) -> View:
    group = stage.group_of(request.group, user.id)
    owner = next((one for one, role in group.members.items() if role == "owner"), None)
    return groups.GroupInfo(group.line(user.id), "", "none", 100, owner, group.log[0].at)


def _list_groups(stage: Stage, user: StageUser, request: groups.ListGroups) -> View:
    del request
    return groups.Groups([group.line(user.id) for group in stage.groups.values() if user.id in group.members])


def _list_members(stage: Stage, user: StageUser, request: groups.ListMembers) -> View:
    names = {one.id: (one.name, one.bot) for one in stage.users.values()}
    members = stage.group_of(request.group, user.id).listed(names)
    behind = [one for one in members if one.user > (request.after or "")]
    page = behind[: request.limit]
    return groups.Members(page, page[-1].user if len(behind) > len(page) else None)


def _get_users(stage: Stage, user: StageUser, request: users.GetUsers) -> View:
    del user
    found = [one for one in stage.users.values() if one.id in request.users or one.sub in request.subs]
    return users.GetUsersOk([users.User(one.id, one.sub, one.name, bot=one.bot) for one in found])


def _follow(stage: Stage, user: StageUser, request: relations.AddFollow) -> View:
    other = stage.users.get(request.user)
    if other is None:
        raise ChatdError("not_found")
    user.follows.add(other.id)
    return relations.FollowOk(other.id, following=True, mutual=_mutual(user, other))


def _invite(stage: Stage, user: StageUser, request: invites.CreateInvite) -> View:
    group = stage.group_of(request.group, user.id)
    secret = derive_cid("stage invite", len(stage.invites))
    stage.invites[secret] = (user.id, group.id)
    return invites.InviteMade("i" + secret, group.id, "link", token=secret, link=f"/i/{secret}")


def _redeem(stage: Stage, user: StageUser, request: invites.RedeemInvite) -> View:
    made = stage.invites.get(request.secret or "")
    if made is None:
        raise ChatdError("invite_invalid")
    maker, group = made[0], stage.groups[made[1]]
    if user.id in group.members:
        return requests.Entered(group.id, "already")
    return requests.Entered(group.id, "added", _let_in(stage, group, [Joined(user.id, maker, "invite")]))


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
    user.commands = [bots.CommandLine(one.name, one.en, one.zh) for one in request.commands]
    return bots.SetCommandsOk(len(user.commands))


def _list_bots(stage: Stage, user: StageUser, request: bots.ListBots) -> View:
    here = stage.group_of(request.group, user.id).members
    found = [one for one in stage.users.values() if one.bot and one.id in here]
    return bots.Bots([bots.BotLine(one.id, one.sub, one.name, "", one.commands) for one in found])


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
    groups.CreateGroup: _create,
    groups.AddMembers: _add,
    groups.LeaveGroup: _leave,
    groups.KickMember: _kick,
    groups.GetGroup: _get_group,
    groups.ListGroups: _list_groups,
    groups.ListMembers: _list_members,
    users.GetUsers: _get_users,
    relations.AddFollow: _follow,
    invites.CreateInvite: _invite,
    invites.RedeemInvite: _redeem,
    bots.PressMenu: _press,
    bots.SetCommands: _declare,
    bots.ListBots: _list_bots,
}
