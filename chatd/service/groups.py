"""Groups and who is in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec
import orjson

from chatd.core.groups import CreateDirect, CreateGroup, Kick, Leave, SetRole, UpdateGroup
from chatd.core.profiles import tag_names
from chatd.core.pulls import AddMembers
from chatd.core.refusal import Refused
from chatd.core.restrictions import own_end, restriction_in, restriction_of
from chatd.core.rights import RANK, rights_of
from chatd.core.values import Entry, Group, is_bot
from chatd.core.visibility import view
from chatd.service.author import Author
from chatd.service.chats import view_draft
from chatd.service.sections import add_calls, view_sections
from chatd.store import chats
from chatd.store import groups as stored
from chatd.store import messages as stored_messages
from chatd.store import sections as stored_sections
from chatd.store.readers import Reader
from chatd.store.relations import blocked_of
from chatd.store.sections import SectionPlace
from chatd_protocol import groups as wire
from chatd_protocol.codec import Invalid


def create_group(request: wire.CreateGroup, author: Author) -> CreateGroup | CreateDirect:
    """Create a group, or the direct chat with somebody. Raises `Invalid` for fields that the kind has not."""
    group = author.new_id("g")
    if request.kind == "direct":
        if request.user is None:
            raise Invalid("$.data.user", "Missing required field, which a direct chat needs")
        for field in ("title", "intro", "limit"):
            if getattr(request, field):
                raise Invalid(f"$.data.{field}", "A direct chat has none")
        return CreateDirect(author.user, request.cid, author.digest, group, request.user)
    if request.title is None:
        raise Invalid("$.data.title", f"Missing required field, which a {request.kind} group needs")
    if request.user is not None:
        raise Invalid("$.data.user", "Only a direct chat is created with somebody")
    return CreateGroup(
        author.user,
        request.cid,
        author.digest,
        group,
        request.title,
        request.intro,
        request.history,
        request.limit,
        request.kind,
    )


def update_group(request: wire.UpdateGroup, author: Author) -> UpdateGroup:
    """Change settings. Raises `Invalid` if none is named."""
    rights = None if request.rights is None else msgspec.to_builtins(request.rights)
    plain = (request.title, request.intro, request.history, request.limit, request.rules, request.avatar)
    if rights == {}:
        raise Invalid("$.data.rights", "Names no right")
    on_unfollow = request.on_unfollow_owner
    if rights is None and on_unfollow is None and all(change is None for change in plain):
        named = "title, intro, history, limit, rules, avatar, rights or on_unfollow_owner"
        raise Invalid("$.data", f"Names nothing to change: {named}")
    return UpdateGroup(author.user, request.cid, author.digest, request.group, *plain, rights, on_unfollow)


def add_members(request: wire.AddMembers, author: Author) -> AddMembers:
    """Pull people in. Raises `Invalid` if somebody is named twice."""
    if len(set(request.users)) < len(request.users):
        raise Invalid("$.data.users", "Names somebody twice")
    return AddMembers(author.user, request.cid, author.digest, request.group, request.users)


def leave_group(request: wire.LeaveGroup, author: Author) -> Leave:
    """Go."""
    return Leave(author.user, request.cid, author.digest, request.group, request.successor)


def kick_member(request: wire.KickMember, author: Author) -> Kick:
    """Put somebody out."""
    return Kick(author.user, request.cid, author.digest, request.group, request.user, request.reason, request.tell)


def set_role(request: wire.SetRole, author: Author) -> SetRole:
    """Make somebody an admin, a member, or a silent viewer."""
    return SetRole(author.user, request.cid, author.digest, request.group, request.user, request.role)


async def member_lines(
    reader: Reader, user: str, groups: list[str], read_at_least: Callable[[str, int], int]
) -> list[dict[str, Any]]:
    """Lines of the chat list for those of `groups` that the user is in, in that order.

    `read_at_least`: the read position in a section of a group, where that is newer than what is stored.
    """
    lines = await chats.lines_of(reader, user, groups)
    await _drop_blocked_calls(reader, user, lines)
    several = [line.group.id for line in lines if "sections" in line.group.settings]
    places = await stored_sections.lines_of(reader, user, several, read_at_least)
    keys = [(line.group.id, 0, line.group.seq) for line in lines if line.group.seq > line.from_seq]
    keys += [(one.group, one.section, one.seq) for of_one in places.values() for one in of_one if one.seq > one.floor]
    newest: dict[str, list[Entry]] = {}
    for entry in await stored_messages.messages_numbered(reader, keys):
        newest.setdefault(entry.group, []).append(entry)
    shown = []
    for line in lines:
        group = line.group.id
        await _read_on(reader, user, line, read_at_least)
        shown.append(view_line(line, user, newest.get(group, ()), places.get(group, ())))
    return shown


async def _drop_blocked_calls(reader: Reader, user: str, lines: Sequence[chats.Line]) -> None:
    """Whoever calls everybody does not call those who have blocked them."""
    unread = {call[4] for line in lines for call in line.calls if call[5] or call[1] > line.read}
    blocked = await blocked_of(reader, user, unread)
    for line in lines:
        line.calls = [call for call in line.calls if call[4] not in blocked]


async def sections_of_line(
    reader: Reader, user: str, group: str, read_at_least: Callable[[str, int], int]
) -> list[dict[str, Any]]:
    """All sections of a group as one of its members sees them. Raises `not_found`."""
    line = await chats.line_of(reader, user, group)
    if line is None:
        raise Refused("not_found")
    await _drop_blocked_calls(reader, user, [line])
    await _read_on(reader, user, line, read_at_least)
    places = (await stored_sections.lines_of(reader, user, [group], read_at_least)).get(group, [])
    for place in places:
        add_calls(place, line.calls, line.floor, user)
    newest = await stored_messages.messages_numbered(reader, [(group, 0, line.group.seq)])
    return view_sections(line.group, [_main_place(line, user, newest), *places])


async def _read_on(reader: Reader, user: str, line: chats.Line, read_at_least: Callable[[str, int], int]) -> None:
    """Lay a newer read position of the main section over what is stored."""
    group, read = line.group.id, read_at_least(line.group.id, 0)
    if read > line.read:
        line.read = read
        line.recalled = await chats.recalled_above(reader, group, read)
        line.mentions, line.mention = await chats.mentions_above(reader, user, group, read)


def view_line(
    line: chats.Line, user: str, newest: Sequence[Entry], places: Sequence[SectionPlace] = ()
) -> dict[str, Any]:
    """One line of the chat list as it goes on the wire, but for `stay`, which is for who asks here. `newest`: the last
    message of each section that the user sees. `places`: its sections, without the main one."""
    group = line.group
    main = _main_place(line, user, newest)
    last = max(newest, key=lambda entry: entry.pos, default=None)
    shown: dict[str, Any] = {
        "group": group.id,
        "kind": group.kind,
        "head": group.head,
        "at": group.head_at,
        "seq": group.seq,
        "read": line.read,
        "unread": max(0, main.seq - main.read - main.recalled),
        "floor": line.floor,
        "stay": line.stay,
        "role": line.role,
        "members": group.members,
    }
    optional = {
        "title": group.title,
        "peer": line.peer_of(user),
        "read_only": group.read_only or group.dissolved_at is not None,
        "archived": line.archived,
        "last": view(last, None, line.stay) if last is not None else None,
        "chat": line.chat.view() if line.chat is not None else None,
        "nickname": line.nickname,
        "draft": view_draft(line.draft) if line.draft is not None else None,
        "mentions": main.mentions,
        "mention": main.mention,
        "avatar": group.settings.get("avatar"),
        "gone_at": line.gone_at,
        **(_view_several(line, user, main, places) if places else {}),
    }
    shown.update({key: value for key, value in optional.items() if value})
    return shown


def _main_place(line: chats.Line, user: str, newest: Iterable[Entry]) -> SectionPlace:
    """Where the user stands in the main section."""
    group, head = line.group, next((entry.pos for entry in newest if not entry.section), 0)
    place = SectionPlace(
        group.id, 0, group.seq, head, line.from_seq, line.read, line.recalled, line.mentions, line.mention
    )
    add_calls(place, line.calls, line.floor, user)
    return place


def _view_several(line: chats.Line, user: str, main: SectionPlace, places: Sequence[SectionPlace]) -> dict[str, Any]:
    """What a line says of a group with sections: those that are open, and the sums over them."""
    for place in places:
        add_calls(place, line.calls, line.floor, user)
    shown = [one for one in view_sections(line.group, [main, *places]) if not one.get("closed")]
    return {
        "sections": shown,
        "unread": sum(one.get("unread", 0) for one in shown),
        "mentions": sum(one.get("mentions", 0) for one in shown),
        "mention": min((one["mention"] for one in shown if "mention" in one), default=None),
    }


def view_row(group: Group) -> dict[str, Any]:
    """A group as the operator sees it: what its row says, without what was written in it."""
    shown = {
        "group": group.id,
        "kind": group.kind,
        "title": group.title,
        "members": group.members,
        "limit": group.member_limit,
        "head": group.head,
        "messages": group.seq,
        "created": group.created_at,
        "at": group.head_at,
    }
    gone = group.dissolved_at is not None and not group.members
    optional = {"dissolved": group.dissolved_at, "gone": gone, "gone_at": group.settings.get("gone_at")}
    return shown | {key: value for key, value in optional.items() if value}


_TOLD: Final = ("entry", "question", "invites", "on_unfollow_owner")


async def group_info(
    reader: Reader, user: str, request: wire.GetGroup, read_at_least: Callable[[str, int], int], now_ms: int
) -> dict[str, Any]:
    """Everything about a group that a member may know. Raises `Refused("not_found")`."""
    line = await chats.line_of(reader, user, request.group)
    if line is None:
        raise Refused("not_found")
    lines = await member_lines(reader, user, [request.group], read_at_least)
    group = line.group
    own = restriction_of(await stored.restricted_until(reader, group, user), now_ms)
    everybody = restriction_in(group.settings, now_ms)
    moderated = {"slow_s": group.settings.get("slow_s") or None, "restricted": everybody, "restricted_self": own}
    door = {name: group.settings[name] for name in _TOLD if name in group.settings}
    draft = {"draft": view_draft(line.draft, whole=True)} if line.draft is not None else {}
    announcement = group.settings.get("announcement", {})
    optional = {
        "rules": group.settings.get("rules") or None,
        "announcement": announcement if announcement.get("text") else None,
        "rights": None if group.direct else rights_of(group),
    }
    return (
        door
        | draft
        | {
            "line": lines[0],
            "intro": group.intro,
            "history": group.history,
            "limit": group.member_limit,
            "owner": await stored.owner_of(reader, group.id),
            "created": group.created_at,
        }
        | {name: value for name, value in (optional | moderated).items() if value is not None}
    )


async def list_members(reader: Reader, user: str, request: wire.ListMembers, now_ms: int) -> dict[str, Any]:
    """A page of the members; who is restricted, only admins and they themselves see. Raises `Refused("not_found")`."""
    line = await chats.line_of(reader, user, request.group)
    if line is None:
        raise Refused("not_found")
    admin = RANK[line.role] >= RANK["admin"]
    rows = await stored.members_page(reader, request.group, request.after or "", request.limit + 1)
    members = []
    for other, role, since, name, by, restricted_until, profile, nickname, left_at, sub in rows[: request.limit]:
        member = {"user": other, "role": role, "since": since}
        optional = {"name": name, "by": by, "nickname": nickname, "bot": is_bot(sub)}
        optional["tags"] = tag_names(orjson.loads(profile), now_ms)
        member.update({key: value for key, value in optional.items() if value})
        restriction = restriction_of(own_end(line.group.settings, role, restricted_until, left_at), now_ms)
        if restriction is not None and (admin or other == user):
            member["restricted"] = restriction
        members.append(member)
    page: dict[str, Any] = {"members": members}
    if len(rows) > request.limit:
        page["more"] = rows[request.limit - 1][0]
    return page
