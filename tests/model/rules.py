"""The rules of groups, relations and messages once more, as plainly as they can be said: what the server is judged by.

Everything is a dict or a list in memory, one command at a time. This module must not import the server's rules, know
sockets, or care for speed; where it and the server disagree, one of them is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
RANK = {"member": 0, "admin": 1, "owner": 2}


class No(Exception):
    """The command is refused with this code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Bounds:
    """The counts that the server under test is configured with."""

    limit_default: int = 4
    limit_max: int = 6
    groups_per_user: int = 5
    following_max: int = 3
    signs_per_message: int = 2
    edits_per_message: int = 2
    window_ms: int = 120_000
    user_log_keep: int = 2


@dataclass
class Entry:
    """One entry of a group's log; `text`, `version`, `signs` and `recalled` are the present state of a message."""

    pos: int
    at: int
    kind: str
    by: str = ""
    body: Json = field(default_factory=dict)
    cid: str = ""
    seq: int = 0
    target: int = 0
    text: str = ""
    version: int = 0
    signs: dict[str, set[str]] = field(default_factory=dict)
    recalled: Json | None = None


@dataclass
class Stay:
    """One period of one person: they see what lies above `floor`."""

    role: str
    floor: int
    floor_seq: int
    until: int | None = None
    until_seq: int = 0
    why: str = ""


@dataclass
class Group:
    """A group, its whole log and everybody's stays in it."""

    id: str
    kind: str
    title: str
    intro: str
    history: str
    limit: int
    log: list[Entry] = field(default_factory=list)
    stays: dict[str, list[Stay]] = field(default_factory=dict)
    seq: int = 0
    pair: tuple[str, str] | None = None
    read_only: bool = False
    archived: set[str] = field(default_factory=set)
    open_members: Entry | None = None

    @property
    def head(self) -> int:
        return len(self.log)

    @property
    def at(self) -> int:
        return self.log[-1].at if self.log else 0

    def stay(self, user: str) -> Stay | None:
        """The present stay of somebody, if they are in."""
        stays = self.stays.get(user)
        return stays[-1] if stays and stays[-1].until is None else None

    def people(self) -> list[str]:
        return sorted(user for user in self.stays if self.stay(user))


class World:
    """Users, edges, groups, the users' own logs, and every accepted command."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.users: list[str] = []
        self.follows: set[tuple[str, str]] = set()
        self.blocks: set[tuple[str, str]] = set()
        self.groups: dict[str, Group] = {}
        self.mine: dict[str, list[Json]] = {}
        self.mine_floor: dict[str, int] = {}
        self.accepted: dict[tuple[str, str], tuple[str, Json, Json]] = {}
        self.reads: dict[tuple[str, str], int] = {}
        self.stored_reads: dict[tuple[str, str], int] = {}
        self.now = 0
        self.fresh = ""
        self._touched: set[str] = set()

    # -- commands

    def command(self, user: str, op: str, data: Json, now: int, fresh: str = "") -> Json:
        """Judge and carry out one command. `fresh` is the id that a new group gets. Raises `No`."""
        before = self.accepted.get((user, data["cid"]))
        if before is not None:
            if before[:2] != (op, data):
                raise No("conflict")
            return before[2]
        self.now, self.fresh = now, fresh
        answer: Json = getattr(self, "_" + op.replace(".", "_"))(user, data)
        self.accepted[user, data["cid"]] = (op, data, answer)
        return answer

    def end_commit(self) -> None:
        """What follows belongs to another transaction."""
        for group in self.groups.values():
            group.open_members = None
        for user in self._touched:
            head, keep = len(self.mine[user]), self.bounds.user_log_keep
            if head - self.mine_floor.get(user, 0) > 2 * keep:
                self.mine_floor[user] = head - keep
        self._touched.clear()

    def save_reads(self) -> None:
        """Read positions are stored now."""
        self.stored_reads = dict(self.reads)

    def lose_reads(self) -> None:
        """The server died: only stored read positions are left."""
        self.reads = dict(self.stored_reads)

    # -- relations

    def mutual(self, one: str, other: str) -> bool:
        pairs = {(one, other), (other, one)}
        return pairs <= self.follows and not pairs & self.blocks

    def _follow_add(self, user: str, data: Json) -> Json:
        other = self._other(user, data)
        if (user, other) not in self.follows:
            if sum(a == user for a, _ in self.follows) >= self.bounds.following_max:
                raise No("limit")
            self.follows.add((user, other))
        self._settle_direct(user, other)
        return {"user": other, "following": True, "mutual": (other, user) in self.follows}

    def _follow_remove(self, user: str, data: Json) -> Json:
        other = self._other(user, data)
        self.follows.discard((user, other))
        self._settle_direct(user, other)
        return {"user": other, "following": False, "mutual": False}

    def _block_add(self, user: str, data: Json) -> Json:
        other = self._other(user, data)
        self.blocks.add((user, other))
        self._settle_direct(user, other)
        return {"user": other, "blocked": True}

    def _block_remove(self, user: str, data: Json) -> Json:
        other = self._other(user, data)
        self.blocks.discard((user, other))
        self._settle_direct(user, other)
        return {"user": other, "blocked": False}

    def _other(self, user: str, data: Json) -> str:
        other: str = data["user"]
        if other not in self.users:
            raise No("not_found")
        if other == user:
            raise No("invalid")
        return other

    def _settle_direct(self, one: str, other: str) -> None:
        group = self.direct_of(one, other)
        if group is not None and group.read_only == self.mutual(one, other):
            group.read_only = not group.read_only
            for user in (one, other):
                self._log(user, "direct", group.id, read_only=group.read_only)

    def direct_of(self, one: str, other: str) -> Group | None:
        return next((g for g in self.groups.values() if g.pair and set(g.pair) == {one, other}), None)

    # -- groups

    def _group_create(self, user: str, data: Json) -> Json:
        if data["kind"] == "direct":
            return self._create_direct(user, data["user"])
        self._check_places(user)
        limit = data.get("limit", self.bounds.limit_default)
        if limit > self.bounds.limit_max:
            raise No("limit")
        group = Group(self.fresh, "private", data["title"], data.get("intro", ""), data.get("history", "none"), limit)
        self._found(group, user, {user: "owner"})
        return {"group": group.id, "pos": 1, "created": True}

    def _create_direct(self, user: str, other: str) -> Json:
        if user == other:
            raise No("invalid")
        if not self.mutual(user, other):
            raise No("not_mutual")
        group = self.direct_of(user, other)
        if group is not None:
            self._archive(group, user, False)
            return {"group": group.id, "pos": 1, "created": False}
        self._check_places(user)
        self._check_places(other)
        group = Group(self.fresh, "direct", "", "", "all", 2, pair=(user, other))
        self._found(group, user, {user: "member", other: "member"})
        return {"group": group.id, "pos": 1, "created": True}

    def _found(self, group: Group, by: str, roles: dict[str, str]) -> None:
        self.groups[group.id] = group
        body = {"group_kind": group.kind, "title": group.title, "members": list(roles)}
        self._append(group, "created", by, {k: v for k, v in body.items() if v})
        for user, role in roles.items():
            group.stays[user] = [Stay(role, 0, 0)]
            self._log(user, "added", group.id, pos=1, by=by if user != by else None)

    def _check_places(self, user: str) -> None:
        if self.group_count(user) >= self.bounds.groups_per_user:
            raise No("limit")

    def group_count(self, user: str) -> int:
        return sum(group.stay(user) is not None for group in self.groups.values())

    def _group_update(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        if RANK[stay.role] < RANK["admin"]:
            raise No("forbidden")
        if data.get("limit", 0) > self.bounds.limit_max:
            raise No("limit")
        changed = {k: data[k] for k in ("title", "intro", "history", "limit") if k in data}
        for name, value in changed.items():
            setattr(group, name, value)
        return {"group": group.id, "pos": self._append(group, "settings", user, changed).pos}

    def _inside(self, user: str, data: Json) -> tuple[Group, Stay]:
        group = self.groups.get(data["group"])
        stay = group.stay(user) if group is not None else None
        if group is None or stay is None:
            raise No("not_found")
        return group, stay

    # -- members

    def _member_add(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        if group.kind == "direct":
            raise No("forbidden")
        answer: Json = {"group": group.id, "results": []}
        for other in data["users"]:
            result = self._judge_pull(group, user, stay, other)
            answer["results"].append({"user": other, "result": result})
            if result == "added":
                answer["pos"] = self._join(group, other, user)
        return answer

    def _judge_pull(self, group: Group, user: str, stay: Stay, other: str) -> str:
        if group.stay(other):
            return "already"
        if other not in self.users or not self.mutual(user, other):
            return "not_mutual"
        before = group.stays.get(other)
        if before and before[-1].why == "kicked" and stay.role == "member":
            return "kicked"
        full = len(group.people()) >= group.limit or self.group_count(other) >= self.bounds.groups_per_user
        return "full" if full else "added"

    def _join(self, group: Group, user: str, by: str) -> int:
        entry = self._members_entry(group, user)
        entry.body.setdefault("joined", []).append({"user": user, "by": by})
        floor, floor_seq = self._floor(group, entry.pos)
        before = group.stays.setdefault(user, [])
        if before and (before[-1].until or 0) > floor:
            floor, floor_seq = before[-1].until or 0, before[-1].until_seq
        before.append(Stay("member", floor, floor_seq))
        entry.body["count"] = len(group.people())
        self._log(user, "added", group.id, pos=entry.pos, by=by)
        return entry.pos

    def _floor(self, group: Group, pos: int) -> tuple[int, int]:
        if group.history == "none":
            return pos - 1, group.seq
        messages = [entry for entry in group.log if entry.kind == "message"]
        shown = len(messages) if group.history == "all" else int(group.history.split(":")[1])
        unseen = messages[: max(0, len(messages) - shown)]
        return (unseen[-1].pos, unseen[-1].seq) if unseen else (0, 0)

    def _member_leave(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        if group.kind == "direct":
            self._archive(group, user, True)
            return {"group": group.id, "archived": True}
        if stay.role == "owner":
            raise No("owner_must_stay")
        return {"group": group.id, "pos": self._go(group, user, stay, None)}

    def _member_kick(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        if stay.role == "member" or group.kind == "direct":
            raise No("forbidden")
        other = group.stay(data["user"])
        if other is None:
            raise No("not_found")
        if RANK[stay.role] <= RANK[other.role]:
            raise No("forbidden")
        return {"group": group.id, "pos": self._go(group, data["user"], other, user)}

    def _go(self, group: Group, user: str, stay: Stay, by: str | None) -> int:
        entry = self._members_entry(group, user)
        entry.body.setdefault("left", []).append({"user": user} | ({"by": by} if by else {}))
        stay.until, stay.until_seq, stay.why = entry.pos - 1, group.seq, "kicked" if by else "left"
        entry.body["count"] = len(group.people())
        self._log(user, "removed", group.id, pos=entry.pos, why=stay.why, by=by)
        return entry.pos

    def _members_entry(self, group: Group, user: str) -> Entry:
        entry = group.open_members
        named = [one["user"] for key in ("joined", "left") for one in (entry.body.get(key, []) if entry else [])]
        if entry is None or user in named:
            entry = self._append(group, "members", "", {})
            group.open_members = entry
        return entry

    def _member_role(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        if stay.role != "owner":
            raise No("forbidden")
        other = group.stay(data["user"])
        if other is None:
            raise No("not_found")
        if other.role == "owner":
            raise No("forbidden")
        other.role = data["role"]
        body = {"user": data["user"], "role": data["role"]}
        return {"group": group.id, "pos": self._append(group, "role", user, body).pos}

    def _archive(self, group: Group, user: str, archived: bool) -> None:
        if archived != (user in group.archived):
            group.archived ^= {user}
            self._log(user, "archived", group.id, archived=archived)

    # -- messages

    def _message_send(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        self._check_writable(group)
        if "after" in data and not self._sent(user, data["after"], group.id):
            raise No("out_of_order")
        if "reply_to" in data:
            self._message(group, stay, data["reply_to"])
        group.seq += 1
        entry = self._append(group, "message", user, {}, data["cid"], data.get("reply_to", 0))
        entry.seq, entry.text = group.seq, data["body"]["text"]
        self.mark_read(user, group.id, group.seq)
        answer = {"group": group.id, "pos": entry.pos, "seq": entry.seq, "cid": entry.cid, "at": entry.at}
        return answer | {"recall_until": entry.at + self.bounds.window_ms}

    def _sent(self, user: str, cid: str, group: str) -> bool:
        op, data, _ = self.accepted.get((user, cid), ("", {}, {}))
        return op == "message.send" and data["group"] == group

    def _message_recall(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        self._check_writable(group)
        entry = self._message(group, stay, data["pos"])
        sender = group.stay(entry.by)
        if entry.by == user:
            self._check_window(entry)
        elif stay.role == "member" or RANK[stay.role] <= RANK[sender.role if sender else "member"]:
            raise No("forbidden")
        change = self._append(group, "recall", user, {}, data["cid"], entry.pos)
        entry.text, entry.signs, entry.recalled = "", {}, {"by": user, "at": change.at}
        return {"group": group.id, "pos": change.pos}

    def _message_edit(self, user: str, data: Json) -> Json:
        group, stay = self._inside(user, data)
        self._check_writable(group)
        entry = self._message(group, stay, data["pos"])
        if entry.by != user:
            raise No("forbidden")
        self._check_window(entry)
        if entry.version >= self.bounds.edits_per_message:
            raise No("limit")
        entry.version, entry.text = entry.version + 1, data["text"]
        change = self._append(group, "edit", user, {}, data["cid"], entry.pos)
        return {"group": group.id, "pos": change.pos, "target": entry.pos, "version": entry.version}

    def _reaction_add(self, user: str, data: Json) -> Json:
        group, entry = self._reactable(user, data)
        sign = data["emoji"]
        if user in entry.signs.get(sign, ()):
            return {"group": group.id, "target": entry.pos}
        if sign not in entry.signs and len(entry.signs) >= self.bounds.signs_per_message:
            raise No("limit")
        entry.signs.setdefault(sign, set()).add(user)
        return self._reacted(group, entry, user, data, True)

    def _reaction_remove(self, user: str, data: Json) -> Json:
        group, entry = self._reactable(user, data)
        sign = data["emoji"]
        if user not in entry.signs.get(sign, ()):
            return {"group": group.id, "target": entry.pos}
        entry.signs[sign].remove(user)
        if not entry.signs[sign]:
            del entry.signs[sign]
        return self._reacted(group, entry, user, data, False)

    def _reactable(self, user: str, data: Json) -> tuple[Group, Entry]:
        group, stay = self._inside(user, data)
        self._check_writable(group)
        return group, self._message(group, stay, data["pos"])

    def _reacted(self, group: Group, entry: Entry, user: str, data: Json, on: bool) -> Json:
        body = {"emoji": data["emoji"], "on": on}
        change = self._append(group, "reaction", user, body, data["cid"], entry.pos)
        return {"group": group.id, "pos": change.pos, "target": entry.pos}

    def mark_read(self, user: str, group: str, seq: int) -> None:
        """Read positions only move forward."""
        self.reads[group, user] = max(seq, self.reads.get((group, user), 0))

    def _check_writable(self, group: Group) -> None:
        if group.read_only:
            raise No("read_only")

    def _message(self, group: Group, stay: Stay, pos: int) -> Entry:
        entry = group.log[pos - 1] if pos <= group.head else None
        if entry is None or entry.kind != "message" or pos <= stay.floor:
            raise No("not_found")
        if entry.recalled:
            raise No("gone")
        return entry

    def _check_window(self, entry: Entry) -> None:
        if self.now - entry.at > self.bounds.window_ms:
            raise No("too_late")

    # -- logs

    def _append(self, group: Group, kind: str, by: str, body: Json, cid: str = "", target: int = 0) -> Entry:
        entry = Entry(group.head + 1, max(group.at, self.now), kind, by, body, cid, target=target)
        group.log.append(entry)
        if kind != "members":
            group.open_members = None
        return entry

    def _log(self, user: str, kind: str, group: str, **body: Any) -> None:
        log = self.mine.setdefault(user, [])
        entry = {"upos": len(log) + 1, "at": self.now, "kind": kind, "group": group}
        log.append(entry | {k: v for k, v in body.items() if v is not None})
        self._touched.add(user)
