"""`session.hello`: from a token to a session that knows where it stands.

While nothing is on its way to the store, everything is read at once: if the hub has then published what the snapshot
holds and no more, it is entered and answered in that same step.

Else the person is entered in the hub first, so that whatever is published from then on is noted for this session; then
one snapshot of the store is read, which knows the number of its last commit. What was noted and is newer than the
snapshot is applied on top, in one step with the answer: nothing is missed at the seam and nothing told twice.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from chatd.core.bots import Bot
from chatd.core.refusal import Refused
from chatd.core.session import Phase
from chatd.core.values import Mine, User
from chatd.service import groups as service
from chatd.service.tokens import Claims
from chatd.store import commits, messages, users
from chatd.store.bots import bot_of_user, token_by_digest
from chatd.store.chats import Place, cursor_of, drafts_of, places_of
from chatd.store.engine import WRITER
from chatd.store.readers import Reader
from chatd.store.sections import reads_in
from chatd_protocol import PROTOCOL_VERSION
from chatd_protocol.ops import OPS
from chatd_protocol.session import Hello

if TYPE_CHECKING:
    from chatd.hub.session import Session

FIRST_PAGE: Final = 50
_ATTEMPTS: Final = 5


class Missed:
    """What was published about this person while their session is being opened, as (commit, what)."""

    def __init__(self) -> None:
        self.moves: list[tuple[int, str, int, tuple[int, int] | None]] = []
        """(n, group, pos, (floor, read) for a join or None for a leave)."""
        self.mine: list[tuple[int, Mine]] = []
        self.again = False
        """The hub itself had missed something: read everything anew."""


class _Snapshot:
    """What one read of the store says about a person."""

    def __init__(self, n: int, user: User) -> None:
        self.n = n
        self.user = user
        self.bot: Bot | None = None
        self.mark = 0
        """The catalogue as the hub knew it before this was read."""
        self.places: list[Place] = []
        self.times: dict[tuple[str, int], int] = {}
        self.mine_at: int | None = None
        self.mine_head_at = 0
        self.reset = False
        """What the client keeps is of another past: it is told everything, as if it had come for the first time."""
        self.cursors: dict[str, tuple[int, int]] = {}
        self.lines: list[dict[str, Any]] = []
        self.more: str | None = None
        self.drafts: dict[str, int] = {}
        self.section_reads: list[tuple[str, int, int]] = []
        """(group, section, read) as stored, and below what the hub knew before."""
        self.newer_reads: dict[tuple[str, int], int] = {}


async def open_session(session: Session, hello: Hello) -> dict[str, Any]:
    """Answer hello. Raises `Refused`: `unauthenticated`, `revoked`, `unavailable`, `overloaded`; `ReaderLost`."""
    hub = session.hub
    claims = await hub.tokens.verify(hello.token)
    if claims.device not in (None, hello.device):
        raise Refused("unauthenticated", "The token is for another device.")
    at_rest = None if hub.link.waiting else await _read_at_rest(session, claims, hello)
    check_opening(session)
    if at_rest is not None and at_rest.n == hub.n:
        session.device, session.token = hello.device, claims.token
        hub.enter(session, at_rest.user.id)
        return _settle(session, hello, claims, at_rest, Missed())
    user_id = await _user_of(session, claims)
    check_opening(session)
    session.device, session.token = hello.device, claims.token
    hub.enter(session, user_id)
    for _ in range(_ATTEMPTS):
        missed = session.watch_again()
        hub.watch_heads()
        try:
            snapshot = await _read(session, user_id, claims, hello)
            await hub.caught_up(snapshot.n)
            check_opening(session)
            if not missed.again:
                return _settle(session, hello, claims, snapshot, missed)
        finally:
            hub.unwatch_heads()
    raise Refused("unavailable")


def check_opening(session: Session) -> None:
    """Raises `unavailable` if the connection ended meanwhile; a task's cancellation can be lost on the way."""
    if session.phase is not Phase.OPENING:
        raise Refused("unavailable")


async def _user_of(session: Session, claims: Claims) -> str:
    """The user that the token speaks for; of the host's, made at first sight, and renamed when the host says so.

    Raises `unauthenticated` for a token of ours whose user there is not, as after an older database was put back.
    """
    hub = session.hub
    user = await hub.readers.read(lambda reader: users.user_by_sub(reader, claims.sub))
    if user is not None and _is_as_told(user, claims):
        return user.id
    if user is None and (claims.device is not None or claims.token is not None):
        # Who has an account is made with it, and a bot by the operator: never at sight.
        raise Refused("unauthenticated", "The user is gone.")
    return await hub.ensure_user(claims.sub, claims.name, claims.tags, issued_at=claims.issued_at)


def _is_as_told(user: User, claims: Claims) -> bool:
    """Whether the user has the name and the tags that the host's token gives."""
    if claims.name not in ("", user.name):
        return False
    return claims.tags is None or claims.tags == [t for t in user.profile.get("tags", ()) if t["source"] == "host"]


async def check_allowed(reader: Reader, user: User, device: str, claims: Claims) -> None:
    """Raises `disabled`, and `revoked` for a token that was issued before one of its revocations, or a bot's that was
    taken back since it was looked up."""
    if user.disabled:
        raise Refused("disabled")
    if claims.device not in (None, device):
        raise Refused("unauthenticated", "The token is for another device.")
    if claims.issued_at < await users.revoked_before(reader, user, device):
        raise Refused("revoked")
    if claims.token is not None and await token_by_digest(reader, claims.token) is None:
        raise Refused("revoked")


async def _read_at_rest(session: Session, claims: Claims, hello: Hello) -> _Snapshot | None:
    """All of it in one hop, before the person is entered: true for as long as nothing more is published. None if the
    person is not yet here or has another name by now."""
    hub = session.hub
    mark = hub.shelf.mark()
    snapshot = await hub.readers.read(partial(_read_whole, claims, hello, hub.life.epoch, hub.reads.of_user))
    if snapshot is not None:
        await hub.caught_up(snapshot.n)
        snapshot.mark, snapshot.newer_reads = mark, hub.reads.known_of(snapshot.user.id)
    return snapshot


async def _read_whole(
    claims: Claims, hello: Hello, epoch: str, reads: Callable[[str], Callable[[str, int], int]], reader: Reader
) -> _Snapshot | None:
    user = await users.user_by_sub(reader, claims.sub)
    if user is None or not _is_as_told(user, claims):
        return None
    return await _read_all(user.id, claims, hello, epoch, reads(user.id), reader)


async def _read(session: Session, user_id: str, claims: Claims, hello: Hello) -> _Snapshot:
    hub = session.hub
    mark, newer, reads = hub.shelf.mark(), hub.reads.known_of(user_id), hub.reads.of_user(user_id)
    snapshot = await hub.readers.read(partial(_read_all, user_id, claims, hello, hub.life.epoch, reads))
    snapshot.mark, snapshot.newer_reads = mark, newer
    return snapshot


async def _read_all(
    user_id: str, claims: Claims, hello: Hello, epoch: str, reads: Callable[[str, int], int], reader: Reader
) -> _Snapshot:
    snapshot = await _read_places(user_id, claims, hello, epoch, reader)
    changed = [p for p in snapshot.places if snapshot.cursors.get(p.group) != (p.head, p.at)]
    page = changed[:FIRST_PAGE]
    if page:
        snapshot.lines = await service.member_lines(reader, user_id, [place.group for place in page], reads)
    if len(changed) > FIRST_PAGE:
        snapshot.more = cursor_of(page[-1])
    return snapshot


async def _read_places(user_id: str, claims: Claims, hello: Hello, epoch: str, reader: Reader) -> _Snapshot:
    n = await commits.last_commit(reader, WRITER)
    user = await users.user_by_sub(reader, claims.sub)
    if user is None or user.id != user_id:
        raise Refused("unauthenticated", "The user is gone.")
    await check_allowed(reader, user, hello.device, claims)
    snapshot = _Snapshot(n, user)
    snapshot.bot = await bot_of_user(reader, user_id) if user.bot else None
    snapshot.places = await places_of(reader, user_id)
    if hello.mine is not None:
        snapshot.mine_at = await users.mine_at(reader, user_id, hello.mine[0])
    snapshot.mine_head_at = await users.mine_at(reader, user_id, user.upos) or 0
    snapshot.reset = _is_of_another_past(hello, epoch, snapshot)
    cursors = snapshot.cursors = {} if snapshot.reset or hello.epoch is None else hello.heads or {}
    known = [(p.group, cursors[p.group][0]) for p in snapshot.places if p.group in cursors]
    snapshot.times = await messages.times_of(reader, known)
    if known:
        snapshot.drafts = await drafts_of(reader, user_id)
        snapshot.section_reads = await reads_in(reader, user_id)
    return snapshot


def _is_of_another_past(hello: Hello, epoch: str, snapshot: _Snapshot) -> bool:
    """Whether the cursors are of another life of the database, or know an own log that is not this one."""
    if hello.epoch is None:
        return False
    upos, at = hello.mine or (0, 0)
    user = snapshot.user
    unknown = upos > user.upos or (upos > user.mine_floor and snapshot.mine_at != at)
    return hello.epoch != epoch or unknown


def _settle(session: Session, hello: Hello, claims: Claims, snapshot: _Snapshot, missed: Missed) -> dict[str, Any]:
    """Everything from here on happens in one step of the loop."""
    hub = session.hub
    if snapshot.user.bot:
        session.scopes = frozenset(snapshot.bot.scopes if snapshot.bot is not None else ())
        hub.bots.add(snapshot.user.id)
    for place in snapshot.places:
        hub.ensure_feed(place)
        newer = snapshot.newer_reads.get((place.group, 0), 0)
        read = max(place.read, newer, hub.reads.of(place.group, snapshot.user.id))
        session.follow(place.group, place.floor, read).marked = bool(place.marked)
    _place_cursors(session, snapshot)
    mine = _place_mine(session, hello, snapshot)
    assert session.person is not None
    session.person.tags = snapshot.user.profile.get("tags", [])
    hub.devices.see(snapshot.user.id, session.device, hello.client or "", hub.now_ms())
    session.opened(claims)
    _apply_missed(session, snapshot.n, missed)
    # Whoever left meanwhile is not shown a line of that stay.
    lines = session.own_lines(snapshot.lines)
    for line in lines:
        if hub.redacted_since(line["group"], snapshot.n) or not session.may_read:
            line.pop("last", None)
        hub.drafts.lay_over(snapshot.user.id, line, line["group"])
    hub.shelf.drop_stale(lines, snapshot.mark)
    answer: dict[str, Any] = {
        "user": snapshot.user.id,
        "device": session.device,
        "epoch": hub.life.epoch,
        "at": hub.now_ms(),
        "ops": list(OPS),
        "protocol": PROTOCOL_VERSION,
        "bounds": hub.settings.told,
        "groups": lines,
    } | mine
    listed = {line["group"] for line in snapshot.lines}
    unlisted = [group for group in snapshot.cursors if group in session.follows and group not in listed]
    answer["reads"] = {group: session.follows[group].read for group in unlisted}
    optional: dict[str, Any] = {"name": snapshot.user.name, "more": snapshot.more, "reset": snapshot.reset}
    optional["drafts"] = hub.drafts.times_of(snapshot.user.id, unlisted, snapshot.drafts)
    optional["section_reads"] = _section_reads(session, snapshot, set(unlisted))
    optional["mine_at"] = snapshot.mine_head_at
    optional["profile_fields"] = hub.settings.profile_fields
    optional["expires"] = claims.expires_at
    if snapshot.bot is not None:
        optional["bot"] = {"name": snapshot.bot.name, "scopes": snapshot.bot.scopes}
    answer.update({key: value for key, value in optional.items() if value})
    hub.replace_older(session)
    assert session.person is not None
    hub.presence.came(session.person, session)
    return answer


def _section_reads(session: Session, snapshot: _Snapshot, groups: set[str]) -> list[dict[str, Any]]:
    """Where the person has read to in the sections of these groups."""
    now = session.hub.reads.known_of(snapshot.user.id)
    newer = {key: read for key, read in (snapshot.newer_reads | now).items() if key[1]}
    stored = {(group, section): read for group, section, read in snapshot.section_reads}
    reads = {key: max(stored.get(key, 0), newer.get(key, 0)) for key in stored | newer if key[0] in groups}
    return [{"group": group, "section": section, "read": read} for (group, section), read in sorted(reads.items())]


def _place_cursors(session: Session, snapshot: _Snapshot) -> None:
    """The newest groups are live, from the client's cursor or from the head that its line shows."""
    cursors = snapshot.cursors
    lines = {line["group"]: line for line in snapshot.lines}
    for index, place in enumerate(snapshot.places):
        follow = session.follows[place.group]
        line = lines.get(place.group, {})
        cursor = place.head
        if place.group in cursors:
            cursor = _resume(cursors[place.group], place, snapshot.times, line)
        follow.told = place.head
        if index < session.hub.settings.live_groups and session.may_read:
            session.go_live_from(follow, cursor)
            line["live"] = True
            line["after"] = cursor


def _resume(cursor: tuple[int, int], place: Place, times: dict[tuple[str, int], int], line: dict[str, Any]) -> int:
    """The cursor to go on from, and in `line` what the client has to be told about it."""
    # The entry at the floor may have gone; when it was made is known.
    at_floor = place.cut and cursor[0] == place.cut
    stored_at = place.cut_at if at_floor else times.get((place.group, cursor[0]))
    return resume_from(cursor[0], cursor[1], max(place.floor, place.cut), place.head, stored_at, line)


def resume_from(pos: int, at: int, floor: int, head: int, stored_at: int | None, line: dict[str, Any]) -> int:
    """Where a client that has seen `pos` (made at `at`) goes on.

    A cursor below the floor is of an earlier stay in the group, or what came next there has gone: `truncated`. That is
    asked first, for its entry may have gone too. One beyond the head, or whose entry has another time, is of another
    past: `reset`.
    """
    if pos < floor <= head and stored_at in (None, at):
        line["truncated"] = floor
        return floor
    if pos > head or (pos > 0 and stored_at != at):
        line["reset"] = True
        return head
    return pos


def _place_mine(session: Session, hello: Hello, snapshot: _Snapshot) -> dict[str, Any]:
    """Where the session stands in the person's own log, and what the client has to be told about it."""
    user = snapshot.user
    told: dict[str, Any] = {"mine": user.upos}
    session.mine_cursor = session.mine_head = user.upos
    if hello.mine is None or hello.epoch is None or snapshot.reset:
        return told
    upos = hello.mine[0]
    if upos < user.mine_floor:
        told["mine_truncated"] = session.mine_cursor = user.mine_floor
    else:
        session.mine_cursor = upos
    return told


def _apply_missed(session: Session, n: int, missed: Missed) -> None:
    for at, group, pos, joins in missed.moves:
        if at <= n:
            continue
        if joins is None:
            session.unfollow(group, None)
        else:
            session.hub.join_session(session, group, pos, *joins)
    for at, entry in missed.mine:
        if at > n:
            # Read from the store once the answer is out: no event comes before it.
            session.mine_head = max(session.mine_head, entry.upos)
            if entry.kind == "profile" and session.person is not None:
                session.person.tags = entry.body["tags"]
            session.take_mark(entry)
