"""What the model says that somebody must be shown: entries, lines of the chat list, what else there is of a group.

Built from the whole world each time. It must not know how the server stores or encodes any of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.model.nouns import FOREVER, RANK, Entry, Group, Item, Json, Key, numbers_of
from tests.model.views_sections import floor_in, mentions_of, read_of, sections_of

if TYPE_CHECKING:
    from tests.model.rules import World

CHANGES = ("edit", "recall", "reaction", "pin", "unpin", "feature", "unfeature", "card")
QUOTED_CODE_POINTS = 100


def log_of(group: Group, user: str) -> list[Json]:
    """The whole log as somebody in the group sees it, runs of hidden entries joined."""
    stay = group.stay(user)
    assert stay is not None
    shown: list[Json] = []
    for entry in group.log[group.begins(user) :]:
        one = view(group, entry, stay.floor)
        if one["kind"] == "hidden" and shown and shown[-1]["kind"] == "hidden":
            shown[-1] |= {"to": entry.pos, "at": entry.at}
        else:
            shown.append(one)
    return shown


def view(group: Group, entry: Entry, floor: int, *, quoting: bool = True) -> Json:
    """One entry, for somebody who sees what lies above `floor`."""
    if entry.kind in CHANGES:
        return _view_change(group, entry, floor)
    shown: Json = {"kind": entry.kind, "pos": entry.pos, "at": entry.at}
    if entry.kind != "message":
        return shown | ({"by": entry.by} if entry.by else {}) | entry.body
    shown |= numbers_of(entry) | {"sender": entry.by, "cid": entry.cid, "type": entry.type}
    shown |= {"reply_to": entry.target} if entry.target else {}
    if entry.recalled:
        return shown | {"recalled": entry.recalled}
    shown["body"] = body_of(group, entry)
    shown |= {} if entry.type == "text" else {"alt": alt_of(group, entry)}
    shown |= {"forwarded": entry.forwarded} if entry.forwarded is not None else {}
    shown |= {"version": entry.version} if entry.version else {}
    shown |= {"bot": True} if entry.bot else {}
    shown |= signs_of(entry)
    if quoting and entry.target > floor and not group.log[entry.target - 1].gone:
        shown["quote"] = _quote(group, group.log[entry.target - 1])
    return shown


def body_of(group: Group, entry: Entry) -> Json:
    """What a message holds, with what the catalogue says now."""
    text = {"text": entry.text} if entry.text else {}
    if entry.card is not None:
        menu = {"menu": entry.more["menu"]} if "menu" in entry.more else {}
        return text | menu | {"card": card_of(entry.card, group.items[entry.card], entry.more)}
    return text | entry.more


def card_of(key: Key, item: Item, kept: Json) -> Json:
    """An item as a message shows it that keeps its title and what it cost."""
    shown = {"kind": key[0], "id": key[1], "rev": item.version} | item.look
    if item.look["status"] == "gone":
        shown["title"] = kept["title"]
    elif "price" in item.look and item.look["price"] != kept["price"]:
        shown["price_then"] = kept["price"]
    return shown


def alt_of(group: Group, entry: Entry) -> str:
    """The line that stands for a message of another kind than text."""
    if entry.card is not None:
        card = card_of(entry.card, group.items[entry.card], entry.more)
        words = ["🎬" if card["kind"] == "video" else "🛍", card.get("title", "—")]
        price = [f"CNY {card['price'] / 100:.2f}"] if card["status"] == "on_sale" else []
        return " ".join([*words, *price])
    if entry.type == "bundle":
        lines = [f"{item['name']}: {item.get('alt') or item['body']['text']}"[:60] for item in entry.more["items"]]
        return " / ".join(lines[:3])[:200]
    return entry.text[:200] if entry.type == "notice" else str(entry.more["alt"])


def words_of(group: Group, entry: Entry) -> str:
    """What a quote begins with."""
    if entry.card is None:
        return entry.text if entry.type == "text" else alt_of(group, entry)
    title = card_of(entry.card, group.items[entry.card], entry.more).get("title")
    return "\n".join(part for part in (title, entry.text) if part)


def found_in(group: Group, entry: Entry) -> str:
    """The words that a message is found by; nothing of what may not be shown."""
    if entry.card is None:
        return words_of(group, entry)
    hidden = group.items[entry.card].look["status"] == "unavailable"
    return "\n".join(part for part in ("" if hidden else entry.more["title"], entry.text) if part)


def _view_change(group: Group, entry: Entry, floor: int) -> Json:
    if entry.target <= floor:
        return {"kind": "hidden", "pos": entry.pos, "at": entry.at, "to": entry.pos}
    target = group.log[entry.target - 1]
    shown: Json = {"kind": entry.kind, "pos": entry.pos, "at": entry.at, "target": entry.target}
    if entry.kind == "card":
        return shown | ({} if target.recalled or target.gone else {"card": body_of(group, target)["card"]})
    if target.gone:
        return shown | _of_what_went(entry)
    shown |= {"by": entry.by, "cid": entry.cid} | entry.body
    if entry.kind == "edit":
        shown["version"] = target.version
        shown |= {} if target.recalled else {"body": body_of(group, target)}
    elif entry.kind == "reaction":
        shown |= signs_of(target)
    elif entry.kind in ("pin", "feature"):
        shown["quote"] = _quote(group, target)
    return shown


def _of_what_went(entry: Entry) -> Json:
    """That something was done is all there is to tell."""
    told = entry.body if entry.kind in ("edit", "reaction") else {}
    return {"by": entry.by, "cid": entry.cid} | told


def signs_of(entry: Entry) -> Json:
    counts = sorted(((-len(users), sign) for sign, users in entry.signs.items()))
    return {"reactions": [{"emoji": sign, "count": -count} for count, sign in counts]} if counts else {}


def _quote(group: Group, target: Entry) -> Json:
    shown: Json = {"pos": target.pos, "sender": target.by, "type": target.type}
    shown |= {"section": target.section} if target.section else {}
    if target.recalled:
        return shown | {"recalled": True}
    card = {"card": {"kind": target.card[0], "id": target.card[1]}} if target.card else {}
    return shown | {"text": words_of(group, target)[:QUOTED_CODE_POINTS]} | card


def places(world: World, user: str) -> list[Group]:
    """The groups somebody is in: pinned ones, then by newest activity, what is put away last."""
    inside = [(stay, group) for group in world.groups.values() if (stay := group.stay(user))]
    ranked = [(0 if s.archived else (s.chat or {}).get("pinned", 0) + 1, g.at, g.id, g) for s, g in inside]
    return [group for *_, group in sorted(ranked, key=lambda x: x[:3], reverse=True)]


def line(world: World, group: Group, user: str) -> Json:
    """A line of the chat list."""
    stay = group.stay(user)
    assert stay is not None
    shown: Json = {
        "group": group.id,
        "kind": group.kind,
        "head": group.head,
        "at": group.at,
        "seq": group.seq,
        "read": read_of(world, group, user),
        "floor": group.begins(user),
        "role": stay.role,
        "members": len(group.people()),
    }
    last = next((entry for entry in reversed(group.log[group.begins(user) :]) if entry.seq), None)
    sections = [one for one in sections_of(world, group, user) if not one.get("closed")]
    shown["unread"] = sum(one.get("unread", 0) for one in sections)
    optional: Json = {
        "title": group.title,
        "peer": next((other for other in group.pair or () if other != user), None),
        "read_only": group.read_only,
        "archived": stay.archived,
        "last": view(group, last, stay.floor, quoting=False) if last else None,
        "chat": stay.chat,
        "nickname": stay.nickname,
        "draft": world.draft_of(group, user),
        "mentions": sum(one.get("mentions", 0) for one in sections),
        "mention": min((one["mention"] for one in sections if "mention" in one), default=None),
        "sections": sections if len(group.sections) > 1 else None,
        "avatar": group.avatar,
        "gone_at": group.gone_at,
    }
    return shown | {key: value for key, value in optional.items() if value}


def info(world: World, group: Group, user: str, now: int) -> Json:
    """`group.get`, but for when it was created."""
    optional: Json = {
        "rights": None if group.kind == "direct" else group.rights,
        "entry": group.entry if group.entry != "invite" else None,
        "question": group.question,
        "invites": group.invites if group.invites != "anyone" else None,
        "rules": group.rules,
        "announcement": group.announcement,
        "slow_s": group.slow_s,
        "on_unfollow_owner": group.on_unfollow if group.on_unfollow != "keep" else None,
        "draft": world.draft_of(group, user),
    }
    until = {"restricted": group.quiet_until, "restricted_self": group.restricted_until(user)}
    shown: Json = {"intro": group.intro, "history": group.history, "limit": group.limit, "owner": group.owner()}
    shown |= {key: value for key, value in optional.items() if value}
    shown |= {name: _end_of(at) for name, at in until.items() if at > now}
    return shown | {"line": line(world, group, user)}


def _end_of(until: int) -> Json:
    return {} if until >= FOREVER else {"until": until}


def members(world: World, group: Group, user: str, now: int) -> list[Json]:
    """Everybody in the group, by id, as one of them sees it."""
    stay = group.stay(user)
    assert stay is not None
    knows = RANK[stay.role] >= RANK["admin"]
    shown = []
    for one in group.people():
        theirs, until = group.stays[one][-1], group.restricted_until(one)
        optional = {"by": theirs.by, "nickname": theirs.nickname, "bot": one in world.bots}
        optional["name"] = world.names.get(one)
        person: Json = {"user": one, "role": theirs.role, "since": theirs.since[0]}
        person |= {key: value for key, value in optional.items() if value}
        shown.append(person | ({"restricted": _end_of(until)} if until > now and (knows or one == user) else {}))
    return shown


def relations(world: World, user: str) -> dict[str, list[str]]:
    """Whom somebody follows, is followed by, both, and has blocked; who is blocked does not show as a follower."""
    following = {b for a, b in world.follows if a == user}
    blocked = {b for a, b in world.blocks if a == user}
    followers = {a for a, b in world.follows if b == user} - blocked
    lists = {"following": following, "followers": followers, "mutual": following & followers, "blocked": blocked}
    return {which: sorted(people) for which, people in lists.items()}


def pins(group: Group, user: str) -> list[Json]:
    """The pinned messages that somebody may see, in their order."""
    stay = group.stay(user)
    assert stay is not None
    seen = [pin for pin in group.pins if pin["pos"] > stay.floor]
    return [_kept(group, pin["pos"], stay.floor, pin) for pin in seen]


def featured(group: Group, user: str) -> list[Json]:
    """The featured posts that somebody may see, the newest message first."""
    stay = group.stay(user)
    assert stay is not None
    seen = sorted((pos for pos in group.featured if pos > stay.floor), reverse=True)
    return [_kept(group, pos, stay.floor, group.featured[pos]) for pos in seen]


def _kept(group: Group, pos: int, floor: int, how: Json) -> Json:
    entry = view(group, group.log[pos - 1], floor)
    return {"entry": entry} | {key: how[key] for key in ("by", "at", "note") if key in how}


def mentions(world: World, user: str) -> list[Json]:
    """Over all groups."""
    groups = [(group, stay) for group in world.groups.values() if (stay := group.stay(user))]
    return [
        {"group": group.id, "entry": view(group, entry, stay.floor)}
        for group, stay in groups
        for entry in mentions_of(world, group, user)
    ]


def invites(world: World, group: Group, maker: str | None, now: int) -> list[Json]:
    """Those of one maker, or of all."""
    shown = []
    for one in world.invites.values():
        if one.group != group.id or maker not in (None, one.maker):
            continue
        plain: Json = {"invite": one.id, "kind": one.kind, "maker": one.maker, "role": one.role, "created": one.made_at}
        optional = {"max_uses": one.max_uses, "expires": one.expires, "user": one.target, "approval": one.approval}
        optional["pull"] = one.pull
        plain |= {"uses": one.uses, "state": one.state(now)}
        shown.append(plain | {key: value for key, value in optional.items() if value})
    return shown


def received(world: World, user: str, now: int) -> list[Json]:
    """Invites directed to somebody that wait."""
    shown = []
    for one in world.invites.values():
        group = world.groups[one.group]
        waits = one.target == user and one.state(now) == "open" and not one.declined and not group.gone_at
        if waits and not world.apart(user, one.maker) and user not in group.bans and not group.stay(user):
            plain: Json = {
                "invite": one.id,
                "group": group.id,
                "by": one.maker,
                "at": one.made_at,
                "title": group.title,
            }
            shown.append(plain | ({"expires": one.expires} if one.expires else {}))
    return sorted(shown, key=lambda one: str(one["invite"]))


def requests(world: World, group: Group, now: int) -> list[Json]:
    """Requests that wait, as those see them who decide."""
    shown = []
    for user, one in group.requests.items():
        if one.state == "pending":
            bad = one.invite is not None and world.invites[one.invite].state(now) != "open"
            optional = {"answer": one.answer, "invite": one.invite, "inviter": one.inviter, "flagged": bad}
            plain: Json = {"group": group.id, "user": user, "number": one.number, "at": one.at}
            shown.append(plain | {key: value for key, value in optional.items() if value})
    return shown


def tree(group: Group, by: str | None) -> list[Json]:
    """Whom somebody brought, with their branches."""
    shown = []
    for user in sorted(one for one, (inviter, _) in group.brought.items() if inviter == by):
        branch = [user]
        for one in branch:
            branch += [other for other, (inviter, _) in group.brought.items() if inviter == one]
        own = sum(inviter == user for inviter, _ in group.brought.values())
        invite = group.brought[user][1]
        plain: Json = {"user": user, "since": group.stays[user][0].since[0], "present": group.stay(user) is not None}
        plain |= {"brought": own, "branch": len(branch)}
        shown.append(plain | ({"invite": invite} if invite else {}))
    return shown


def receipts(world: World, group: Group, user: str, seq: int, section: int) -> list[str] | str:
    """Who has read up to a message of a section, or why one is not told."""
    if not floor_in(group, user, section) < seq <= len(group.messages(section)):
        return "not_found"
    if user not in world.shows_reads:
        return "forbidden"
    return [
        one
        for one in group.people()
        if one != user and one in world.shows_reads and not world.apart(one, user)
        if floor_in(group, one, section) < seq <= read_of(world, group, one, section)
    ]


def hits(world: World, user: str, words: list[str]) -> set[tuple[str, int]]:
    """Messages that have all the words, of all that somebody sees; Chinese in any piece, Latin by whole words."""
    found = set()
    for group in world.groups.values():
        stay = group.stay(user)
        for entry in group.log[group.begins(user) :] if stay else ():
            if entry.kind == "message" and not entry.recalled:
                text = found_in(group, entry)
                if all(word in (text.split() if word.isascii() else text) for word in words):
                    found.add((group.id, entry.pos))
    return found


def found_groups(world: World, user: str, word: str) -> list[Json]:
    """Public groups by a word of their title."""
    shown = []
    for group in world.groups.values():
        if group.kind == "public" and not group.gone_at and word in group.title:
            joined = {"joined": True} if group.stay(user) else {}
            optional = {"intro": group.intro, "avatar": group.avatar}
            plain: Json = {"group": group.id, "title": group.title, "members": len(group.people())}
            plain |= {"limit": group.limit} | {key: value for key, value in optional.items() if value}
            shown.append(plain | joined)
    return sorted(shown, key=lambda one: str(one["group"]))
