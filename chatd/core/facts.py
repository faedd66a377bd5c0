"""What a batch of proposals is decided on, and what it changes: the working state of one commit.

The engine loads the facts that the proposals say they need, lets each proposal decide in order, and writes down what
this object has collected. A proposal that is refused must have changed nothing: rules check first and act last.
Nothing here knows SQL.
"""

from __future__ import annotations

from typing import Any

from chatd.core.erasure_rows import Going
from chatd.core.invite_rows import Maker
from chatd.core.limits import Bounds
from chatd.core.records import R, Record, Records
from chatd.core.refusal import Refused
from chatd.core.section_rows import SectionCount
from chatd.core.values import Audited, Entry, Group, Member, Mine, Redacted, User


class Facts:
    """The loaded state, and the changes made to it."""

    def __init__(self, bounds: Bounds, now_ms: int) -> None:
        self.bounds = bounds
        self.now_ms = now_ms
        self.users: dict[str, User] = {}
        self.user_of_sub: dict[str, User] = {}
        self.groups: dict[str, Group] = {}
        self.direct: dict[str, str] = {}
        self.members: dict[tuple[str, str], Member] = {}
        self.entries: dict[tuple[str, int], Entry] = {}
        self.follows: set[tuple[str, str]] = set()
        self.blocks: set[tuple[str, str]] = set()
        self.reactions: set[tuple[str, int, str, str]] = set()
        self.sends: set[tuple[str, str, str]] = set()
        self.pos_of_seq: dict[tuple[str, int], int] = {}
        self.newest: dict[str, list[tuple[int, int]]] = {}
        """(pos, section) of the newest messages of groups with sections that somebody may join by a rule that counts
        messages, the oldest first: one more than the rule counts, or all there are above the group's floor."""
        self.names: dict[str, str] = {}
        self.records = Records()
        self.invite_of_secret: dict[str, str] = {}
        self.staff: dict[str, list[str]] = {}
        """Owner and admins, as many as are told of things, as they were before the locks were taken."""
        self.heirs: dict[str, set[str]] = {}
        """Groups whose owner may vanish: people whom the store knows to be able to come next."""
        # changes
        self.new_entries: list[tuple[Entry, bytes | None]] = []
        self.rewritten: dict[tuple[str, int], Entry] = {}
        self.new_groups: list[Group] = []
        self.moved_groups: dict[str, int] = {}
        """Groups that got entries, with the head they had before."""
        self.changed_groups: set[str] = set()
        self.new_members: list[Member] = []
        self.changed_members: dict[tuple[str, str, int], Member] = {}
        self.new_mine: list[Mine] = []
        self.new_audits: list[Audited] = []
        self.redacted: list[Redacted] = []
        self.new_users: list[User] = []
        self.changed_users: set[str] = set()
        self.follow_changes: dict[tuple[str, str], bool] = {}
        self.block_changes: dict[tuple[str, str], bool] = {}
        self.reaction_changes: dict[tuple[str, int, str, str], bool] = {}
        self.reactions_dropped: set[tuple[str, int]] = set()
        self.revocations: dict[tuple[str, str], int] = {}
        self.reads: dict[tuple[str, str, int], int] = {}
        self.joins: list[tuple[Member, int]] = []
        """Memberships that began, with the entry that says so."""
        self.leaves: list[tuple[Member, int]] = []
        self.sweeps: set[str] = set()
        """Groups that are gone, of whose rows a portion goes too."""
        self.ranges: dict[tuple[str, int, int], list[tuple[Entry, bytes | None]]] = {}
        """Pieces of logs that may go, as (group, position before the first one, last one), with the digests."""
        self.going = Going()
        self._open_members: dict[str, Entry] = {}

    # -- questions

    def mutual(self, one: str, other: str) -> bool:
        """Both follow each other and neither has blocked the other."""
        return (
            (one, other) in self.follows
            and (other, one) in self.follows
            and (one, other) not in self.blocks
            and (other, one) not in self.blocks
        )

    def blocked(self, one: str, other: str) -> bool:
        """One of them has blocked the other."""
        return (one, other) in self.blocks or (other, one) in self.blocks

    def user(self, user: str) -> User:
        """Somebody by their id. Raises `not_found`."""
        if not self.exists(user):
            raise Refused("not_found")
        return self.users[user]

    def exists(self, user: str) -> bool:
        """Whether there is somebody by this id, who was not erased."""
        found = self.users.get(user)
        return found is not None and found.erased_at is None

    def member(self, group: str, user: str) -> Member:
        """The present membership. Raises `not_found` for everybody else, as for a group that does not exist."""
        member = self.members.get((group, user))
        if member is None or not member.present or group not in self.groups:
            raise Refused("not_found")
        return member

    def visible_message(self, member: Member, pos: int) -> Entry:
        """The message at `pos` if the member may see it. Raises `not_found`, or `gone` for a recalled one."""
        entry = self.entries.get((member.group, pos))
        if entry is None or entry.kind != "message" or pos <= member.from_pos:
            raise Refused("not_found")
        if entry.recalled:
            raise Refused("gone")
        return entry

    def find(self, kind: type[R], *key: Any) -> R | None:
        """The record with this key. Raises KeyError if it was not said to be needed."""
        return self.records.find(kind, *key)

    # -- changes

    def put(self, record: Record) -> None:
        """Add a record, or change the one with its key."""
        self.records.put(record)

    def drop(self, kind: type[Record], *key: Any) -> None:
        """Remove a record if it is there."""
        self.records.drop(kind, *key)

    def append(
        self,
        group: Group,
        kind: str,
        actor: str | None,
        body: dict[str, Any],
        *,
        cid: str | None = None,
        digest: bytes | None = None,
        target: int | None = None,
        version: int = 0,
        numbered: bool = False,
        section: int = 0,
    ) -> Entry:
        """Add an entry to the group's log; `numbered` ones are messages that take the next `seq` of their section."""
        self.moved_groups.setdefault(group.id, group.head)
        group.head += 1
        group.head_at = max(group.head_at, self.now_ms)
        seq = None
        if numbered and section:
            seq = self._count_in(group, section)
        elif numbered:
            seq = group.seq = group.seq + 1
            self.pos_of_seq[group.id, seq] = group.head
        if numbered and group.id in self.newest:
            self.newest[group.id].append((group.head, section))
        entry = Entry(
            group=group.id,
            pos=group.head,
            at=group.head_at,
            kind=kind,
            actor=actor,
            cid=cid,
            seq=seq,
            target=target,
            version=version,
            recalled=False,
            reactions={},
            body=body,
            section=section,
        )
        self.entries[group.id, entry.pos] = entry
        self.new_entries.append((entry, digest))
        if cid is not None and actor is not None and kind == "message":
            self.sends.add((actor, cid, group.id))
        if kind != "members":
            self._open_members.pop(group.id, None)
        return entry

    def rewrite(self, entry: Entry) -> None:
        """Note that an entry's row changed."""
        self.rewritten[entry.group, entry.pos] = entry

    def redact_entry(self, entry: Entry) -> None:
        """Note that content went from an entry's row, without an entry of its own that says so."""
        self.rewrite(entry)
        self.going.redacted.setdefault(entry.group, set()).add(entry.pos)

    def log(self, user_id: str, kind: str, group: str | None, pos: int | None, **body: Any) -> None:
        """Add an entry to a user's own log; without `group` it is about the user alone."""
        user = self.users[user_id]
        self.changed_users.add(user_id)
        if user.erased_at is not None:
            return
        user.upos += 1
        body = {k: v for k, v in body.items() if v is not None}
        self.new_mine.append(Mine(user_id, user.upos, self.now_ms, kind, group, pos, body))

    def audit(
        self,
        act: str,
        *,
        by: str | None,
        group: str | None = None,
        user: str | None = None,
        reason: str = "",
        **details: Any,
    ) -> None:
        """Write an act into the audit log, in the commit that makes it true.

        To be called once for each act that somebody does by the right of an admin or owner, or as the operator (`by`
        None), after its last check: on a group (`group`), on a person (`user`), or on a person in a group (both). Not
        for what anybody may do with their own. `act` is the name of the op, or `noun.verb` for an operator's act.
        `details` are ids, numbers and names of settings that say what was done; never what somebody wrote, no secret.
        """
        details = {k: v for k, v in details.items() if v is not None}
        self.new_audits.append(Audited(self.now_ms, by, act, group, user, reason, details))

    def redact(self, kind: str, group: str = "", pos: int = 0, user: str = "", made_at: int | None = None) -> None:
        """Write into the ledger what goes in this commit, for good: it is not to come back with an older database.

        To be called by whatever takes content away: see `Redacted` for the kinds. `made_at` is looked up where the
        entry at `pos` is loaded.
        """
        if made_at is None:
            entry = self.entries.get((group, pos))
            made_at = entry.at if entry is not None else 0
        self.redacted.append(Redacted(self.now_ms, kind, group, pos, user, made_at))

    def join(
        self,
        group: Group,
        user_id: str,
        role: str,
        by: str | None,
        *,
        how: str | None = None,
        via: dict[str, Any] | None = None,
    ) -> int:
        """Put a user into a group, by a `members` entry. `how`: by which way, unless they were pulled in. `via`: what
        brought them, which counts if they were never in before. Returns the entry's pos."""
        entry = self._members_entry(group, user_id)
        member = self.enter(group, user_id, role, by, entry.pos, via=via, how=how)
        told = {"by": by, "how": how, "role": member.role if member.role != "member" else None}
        is_bot = {"bot": True} if self.users[user_id].bot else {}
        entry.body["joined"].append({"user": user_id} | {k: v for k, v in told.items() if v is not None} | is_bot)
        entry.body["count"] = group.members
        return entry.pos

    def enter(
        self,
        group: Group,
        user_id: str,
        role: str,
        by: str | None,
        pos: int,
        *,
        via: dict[str, Any] | None = None,
        how: str | None = None,
    ) -> Member:
        """Begin a period at the entry `pos`, which they see. Coming back ends neither restriction nor silence."""
        before = self.members.get((group.id, user_id))
        from_pos, from_seq = self._floor_of_newcomer(group, pos)
        if before is not None and before.until_pos is not None and before.until_pos > from_pos:
            from_pos, from_seq = before.until_pos, before.until_seq or 0
        if before is not None and before.role == "silent" and role == "member":
            role = "silent"
        member = Member(
            group=group.id,
            user=user_id,
            period=1 if before is None else before.period + 1,
            role=role,
            from_pos=from_pos,
            from_seq=from_seq,
            joined_pos=pos,
            joined_at=self.now_ms,
            by=by,
            restricted_until=before.restricted_until if before is not None else 0,
            via=via if before is None else before.via,
            unfollowed_pos=before.unfollowed_pos if before is not None else 0,
        )
        self.members[group.id, user_id] = member
        self.new_members.append(member)
        self.joins.append((member, pos))
        group.members += 1
        self.changed_groups.add(group.id)
        self.users[user_id].groups += 1
        self.log(user_id, "added", group.id, pos, by=by, how=how)
        return member

    def leave(self, group: Group, member: Member, by: str | None, why: str = "", reason: str | None = None) -> int:
        """End a period, by a `members` entry that the leaver no longer sees. Returns the entry's pos.

        `why` is how, if not by themselves or kicked by `by`. That it was a ban, and the `reason`, are for the leaver
        alone: the others do not see it.
        """
        entry = self._members_entry(group, member.user)
        left = {"user": member.user, "by": by, "why": "removed" if why == "banned" else why}
        told = ("user", "by") if by is not None else ("user", "why") if why else ("user",)
        entry.body["left"].append({key: left[key] for key in told})
        member.until_pos, member.until_seq = entry.pos - 1, group.seq
        member.why = why or ("left" if by is None else "kicked")
        self.change_member(member)
        self.leaves.append((member, entry.pos))
        if by is not None or why in ("removed", "banned", "unfollowed", "erased"):
            self.void_invites(group, member.user)
        group.members -= 1
        self.changed_groups.add(group.id)
        self.users[member.user].groups -= 1
        self.log(member.user, "removed", group.id, entry.pos, why=member.why, by=by, reason=reason)
        entry.body["count"] = group.members
        return entry.pos

    def void_invites(self, group: Group, user_id: str) -> None:
        """Whatever invites somebody has made for the group so far let nobody in any more."""
        self.put(Maker(group.id, user_id, {}, group.head))

    def change_member(self, member: Member) -> None:
        """Note that a membership's row changed."""
        self.changed_members[member.group, member.user, member.period] = member

    def announce_nickname(self, group: Group, member: Member) -> int:
        """Tell everybody what a member is called now; neighbours of one commit share an entry. Returns its pos."""
        self.change_member(member)
        entry = self._open_members.get(group.id)
        if entry is None or entry.kind != "nicknames" or any(x["user"] == member.user for x in entry.body["names"]):
            entry = self._open_members[group.id] = self.append(group, "nicknames", None, {"names": []})
        entry.body["names"].append({"user": member.user, "nickname": member.nickname})
        return entry.pos

    def part_members(self, group: Group) -> None:
        """Who comes or goes from here on does so by an entry of its own: what was made before is told from what is made
        after by the positions of the two."""
        self._open_members.pop(group.id, None)

    def _members_entry(self, group: Group, user_id: str) -> Entry:
        """Neighbouring joins and leaves of one commit share an entry, unless the same person is in it already."""
        entry = self._open_members.get(group.id)
        if entry is not None and entry.kind == "members":
            named = entry.body["joined"] + entry.body["left"]
            if not any(x["user"] == user_id for x in named):
                return entry
        entry = self.append(group, "members", None, {"count": group.members, "joined": [], "left": []})
        self._open_members[group.id] = entry
        return entry

    def _floor_of_newcomer(self, group: Group, pos: int) -> tuple[int, int]:
        """`(from_pos, from_seq)` by the group's history rule, for somebody who joins at the entry `pos`."""
        if group.history == "all":
            return 0, 0
        newest = int(group.history.removeprefix("last:")) if group.history != "none" else 0
        if newest == 0:
            return pos - 1, group.seq
        if group.id in self.newest:
            return self._floor_over_sections(group, newest)
        boundary = group.seq - newest
        if boundary <= group.floor_seq:
            return group.floor, group.floor_seq
        return self.pos_of_seq[group.id, boundary], boundary

    def _floor_over_sections(self, group: Group, newest: int) -> tuple[int, int]:
        """The same where messages stand in several sections: the newest of all of them are counted."""
        known = self.newest[group.id]
        if len(known) <= newest:
            return group.floor, group.floor_seq
        return known[-newest - 1][0], group.seq - sum(not section for _, section in known[-newest:])

    def _count_in(self, group: Group, section: int) -> int:
        """The next number in a section that is not the main one."""
        count = self.records.find(SectionCount, group.id, section) or SectionCount(group.id, section)
        self.put(SectionCount(group.id, section, count.seq + 1, group.head, count.floor_seq))
        return count.seq + 1
