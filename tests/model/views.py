"""What the model says that somebody must be shown: entries, lines of the chat list, lists of people.

Built from the whole world each time. It must not know how the server stores or encodes any of it.
"""

from __future__ import annotations

from tests.model.rules import Entry, Group, Json, World

CHANGES = ("edit", "recall", "reaction")
QUOTED_CODE_POINTS = 100
RIGHTS = dict.fromkeys(("pull", "invite", "post", "react"), "member") | dict.fromkeys(
    ("edit", "pin", "feature", "mention_all", "admit", "announce"), "admin"
)
"""Who may do what where nobody changed it."""


def log_of(group: Group, user: str) -> list[Json]:
    """The whole log as somebody in the group sees it, runs of hidden entries joined."""
    stay = group.stay(user)
    assert stay is not None
    shown: list[Json] = []
    for entry in group.log[stay.floor :]:
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
    shown |= {"seq": entry.seq, "sender": entry.by, "cid": entry.cid, "type": "text"}
    shown |= {"reply_to": entry.target} if entry.target else {}
    if entry.recalled:
        return shown | {"recalled": entry.recalled}
    shown["body"] = {"text": entry.text}
    shown |= {"version": entry.version} if entry.version else {}
    shown |= signs_of(entry)
    if quoting and entry.target > floor:
        shown["quote"] = _quote(group.log[entry.target - 1])
    return shown


def _view_change(group: Group, entry: Entry, floor: int) -> Json:
    if entry.target <= floor:
        return {"kind": "hidden", "pos": entry.pos, "at": entry.at, "to": entry.pos}
    target = group.log[entry.target - 1]
    shown: Json = {"kind": entry.kind, "pos": entry.pos, "at": entry.at, "by": entry.by, "cid": entry.cid}
    shown |= {"target": entry.target} | entry.body
    if entry.kind == "edit":
        shown["version"] = target.version
        shown |= {} if target.recalled else {"body": {"text": target.text}}
    elif entry.kind == "reaction":
        shown |= signs_of(target)
    return shown


def signs_of(entry: Entry) -> Json:
    counts = sorted(((-len(users), sign) for sign, users in entry.signs.items()))
    return {"reactions": [{"emoji": sign, "count": -count} for count, sign in counts]} if counts else {}


def _quote(target: Entry) -> Json:
    shown: Json = {"pos": target.pos, "sender": target.by, "type": "text"}
    return shown | ({"recalled": True} if target.recalled else {"text": target.text[:QUOTED_CODE_POINTS]})


def places(world: World, user: str) -> list[Group]:
    """The groups somebody is in, newest activity first, what is put away last."""
    inside = [group for group in world.groups.values() if group.stay(user)]
    return sorted(inside, key=lambda group: (user not in group.archived, group.at, group.id), reverse=True)


def read_of(world: World, group: Group, user: str) -> int:
    """Somebody's read position: never below what they cannot see anyway."""
    stay = group.stay(user)
    assert stay is not None
    return max(stay.floor_seq, world.reads.get((group.id, user), 0))


def unread_of(world: World, group: Group, user: str) -> int:
    """Messages above the read position that are still there."""
    read = read_of(world, group, user)
    return sum(entry.kind == "message" and entry.seq > read and not entry.recalled for entry in group.log)


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
        "unread": unread_of(world, group, user),
        "floor": stay.floor,
        "role": stay.role,
        "members": len(group.people()),
    }
    last = next((entry for entry in reversed(group.log) if entry.kind == "message" and entry.pos > stay.floor), None)
    peer = next((other for other in group.pair or () if other != user), None)
    optional: Json = {
        "title": group.title,
        "peer": peer,
        "read_only": group.read_only,
        "archived": user in group.archived,
        "last": view(group, last, stay.floor, quoting=False) if last else None,
    }
    return shown | {key: value for key, value in optional.items() if value}


def info(world: World, group: Group, user: str) -> Json:
    """`group.get`, but for when it was created."""
    owner = next((one for one in group.people() if (stay := group.stay(one)) and stay.role == "owner"), None)
    shown = {
        "line": line(world, group, user),
        "intro": group.intro,
        "history": group.history,
        "limit": group.limit,
        "owner": owner,
    }
    return shown if group.kind == "direct" else shown | {"rights": RIGHTS}


def members(group: Group) -> list[tuple[str, str]]:
    """(user, role) of everybody in the group, by id."""
    return [(user, stay.role) for user in group.people() if (stay := group.stay(user))]


def relations(world: World, user: str) -> dict[str, list[str]]:
    """Whom somebody follows, is followed by, both, and has blocked; who is blocked does not show as a follower."""
    following = {b for a, b in world.follows if a == user}
    blocked = {b for a, b in world.blocks if a == user}
    followers = {a for a, b in world.follows if b == user} - blocked
    lists = {"following": following, "followers": followers, "mutual": following & followers, "blocked": blocked}
    return {which: sorted(people) for which, people in lists.items()}
