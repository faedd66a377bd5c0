"""Users: looking them up and finding them, what they show of themselves, their handles, privacy and devices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chatd.core.devices import Devices, RevokeDevice
from chatd.core.handles import Handle, SetHandle, key_of
from chatd.core.profiles import SetPrivacy, UpdateProfile, fold_name, privacy_of, profile_of, tags_of
from chatd.core.values import User
from chatd.service.author import Author
from chatd.store import records
from chatd.store import users as stored
from chatd.store.readers import Reader
from chatd.store.relations import circle_of
from chatd_protocol import users as wire
from chatd_protocol.codec import Invalid

Here = Callable[[str], int]
"""When somebody was here, if that is not stored yet, else 0."""
CANDIDATES = 200
"""Endings of names that one search looks at, at most."""


def update_profile(request: wire.UpdateProfile, author: Author) -> UpdateProfile:
    """Change what others see. Raises `Invalid` if nothing is named."""
    changes = (request.name, request.avatar, request.bio, request.fields)
    if all(change is None for change in changes):
        raise Invalid("$.data", "Names nothing to change: name, avatar, bio or fields")
    return UpdateProfile(author.user, request.cid, author.digest, *changes)


def set_handle(request: wire.SetHandle, author: Author) -> SetHandle:
    """Take a handle."""
    return SetHandle(author.user, request.cid, author.digest, request.handle)


def set_privacy(request: wire.SetPrivacy, author: Author) -> SetPrivacy:
    """Change who may find and see what."""
    changes = (request.findable, request.last_seen, request.receipts, request.pull, request.requests)
    if all(change is None for change in changes):
        raise Invalid("$.data", "Names nothing to change: findable, last_seen, receipts, pull or requests")
    return SetPrivacy(author.user, request.cid, author.digest, *changes)


def revoke_device(request: wire.RevokeDevice, author: Author) -> RevokeDevice:
    """Take the tokens of a device away, or of all."""
    return RevokeDevice(author.user, request.cid, author.digest, request.device)


async def get_privacy(reader: Reader, user: str) -> dict[str, Any]:
    """What the user chose."""
    return privacy_of((await stored.users_named(reader, [user], []))[0])


async def get_users(reader: Reader, asker: str, request: wire.GetUsers, now_ms: int, here: Here) -> dict[str, Any]:
    """Those of the users asked for that exist."""
    found = await stored.users_named(reader, request.users, request.subs)
    return {"users": await _shown(reader, asker, found, now_ms, here)}


async def find_users(reader: Reader, asker: str, request: wire.FindUsers, now_ms: int, here: Here) -> dict[str, Any]:
    """The person with a handle, or those with a name like that."""
    if request.query.startswith("@"):
        found, more = await _with_handle(reader, request.query[1:]), False
    else:
        found, more = await _with_name(reader, fold_name(request.query).strip(), request.limit)
    shown: dict[str, Any] = {"users": await _shown(reader, asker, found, now_ms, here)}
    return shown | ({"more": True} if more else {})


async def _with_handle(reader: Reader, handle: str) -> list[User]:
    held = await records.find(reader, Handle, [(key_of(handle),)])
    owners = await stored.users_named(reader, [one.user_id for one in held if one.until is None], [])
    return [user for user in owners if not user.disabled and privacy_of(user)["findable"]]


async def _with_name(reader: Reader, part: str, limit: int) -> tuple[list[User], bool]:
    """Those whose name begins with it first, then by name."""
    if not part:
        return [], False
    ids = await stored.users_with_part(reader, part, CANDIDATES)
    people = await stored.users_named(reader, list(dict.fromkeys(ids)), [])
    people = [user for user in people if part in fold_name(user.name)]
    folded = {user.id: fold_name(user.name) for user in people}
    people.sort(key=lambda user: (not folded[user.id].startswith(part), folded[user.id], user.id))
    return people[:limit], len(people) > limit or len(ids) >= CANDIDATES


async def _shown(reader: Reader, asker: str, people: Sequence[User], now_ms: int, here: Here) -> list[dict[str, Any]]:
    known = await _who_may_know(reader, asker, people)
    seen = await stored.last_seen(reader, sorted(known))
    return [
        view_user(user, now_ms, max(seen.get(user.id, 0), here(user.id)) if user.id in known else 0) for user in people
    ]


async def _who_may_know(reader: Reader, asker: str, people: Sequence[User]) -> set[str]:
    """Those of the people who let this person know when they were here."""
    circle = await circle_of(reader, {(user.id, asker) for user in people if user.id != asker}, mutual=True)
    return {user.id for user in people if user.id == asker or circle.shows_presence(user.id, asker)}


def view_user(user: User, now_ms: int, seen: int) -> dict[str, Any]:
    """A person as they go on the wire."""
    shown: dict[str, Any] = {"user": user.id, "sub": user.sub} | profile_of(user)
    optional = {
        "handle": user.profile.get("handle"),
        "tags": tags_of(user, now_ms),
        "seen": seen,
        "disabled": user.disabled,
        "bot": user.bot,
    }
    return shown | {key: value for key, value in optional.items() if value}


async def list_devices(
    reader: Reader, user: str, current: str, online: set[str], fresh: Mapping[str, tuple[str, int]]
) -> dict[str, Any]:
    """The user's devices, the newest first. `fresh`: what was seen and is not stored yet, as (program, when)."""
    rows = await records.find(reader, Devices, [(user,)])
    devices = {name: tuple(seen) for name, seen in rows[0].devices.items()} if rows else {}
    for name, (program, at) in fresh.items():
        before = devices.get(name, (program, at, at))
        devices[name] = (program or before[0], before[1], max(before[2], at))
    lines = []
    for name, (program, first, seen) in sorted(devices.items(), key=lambda item: (-item[1][2], item[0])):
        line: dict[str, Any] = {"device": name, "first": first, "seen": seen}
        optional = {"client": program, "current": name == current, "online": name in online}
        lines.append(line | {key: value for key, value in optional.items() if value})
    return {"devices": lines}
