"""What a client knows: built from answers and events alone, by the rules of protocol/README.md.

It is stricter than a client has to be: an event that does not begin exactly at its cursor is an error here, for the
server promises that nothing is lost or repeated at a seam. It must not know the model or the server.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from tests.model.replica_sections import Places

Json = dict[str, Any]


LISTED = {"direct": "read_only", "archived": "archived", "chat": "chat"}
"""Kinds of the own log that change a line of the chat list, and which of its fields."""


class Broken(AssertionError):
    """The server told a client something that does not follow from what it told before."""


@dataclass
class Kept:
    """One group as the client keeps it. `cursor` is the end of what it has; `log` holds what has a position."""

    group: str
    cursor: int = 0
    since: int = 0
    """Nothing at or below this is kept."""
    live: bool = False
    line: Json = field(default_factory=dict)
    log: dict[int, Json] = field(default_factory=dict)
    at_of: dict[int, int] = field(default_factory=dict)
    known_head: int = 0
    read: int | None = None
    places: Places = field(default_factory=Places)
    overlap: bool = False
    """The client itself asked for something it may have already."""
    unsure: bool = False
    """No line of it came since the client is back: it may have lost what was too old."""
    jumps: bool = False
    """The client asked to go on from the head, and will read what lies before as history."""

    def pair(self) -> tuple[int, int] | None:
        """The cursor to resume from: the newest entry whose time is known."""
        known = [pos for pos in self.at_of if pos <= self.cursor]
        return (max(known), self.at_of[max(known)]) if known else None

    def move_to(self, cursor: int) -> None:
        """Go on from here: what lies above is not known any more."""
        self.cursor = cursor
        self.log = {pos: entry for pos, entry in self.log.items() if pos <= cursor}

    def forget_upto(self, floor: int) -> None:
        self.since = max(self.since, floor)
        self.log = {pos: entry for pos, entry in self.log.items() if pos > floor}


class Replica:
    """One device's picture. Survives its connections."""

    def __init__(self, user: str) -> None:
        self.user = user
        self.epoch: str | None = None
        self.mine: tuple[int, int] | None = None
        self.own: dict[int, Json] = {}
        """What came of the own log."""
        self.groups: dict[str, Kept] = {}
        self.open = False
        self.wanted: set[str] = set()
        """Groups that the client has heard of and knows nothing about yet."""
        self.relist = False
        """The own log was cut: only a fresh list of groups tells which ones are left."""
        self.loose = False
        """Things happened while hello was being answered: a line may lack a group that was left meanwhile."""
        self._mine_at_hello = 0
        self._in_hello: set[str] = set()

    # -- connecting

    def hello(self) -> Json:
        """The cursors to resume from."""
        if self.epoch is None or self.mine is None:
            return {}
        heads = {group: pair for group, kept in self.groups.items() if (pair := kept.pair())}
        for group, (pos, _) in heads.items():
            self.groups[group].move_to(pos)
        return {"epoch": self.epoch, "mine": list(self.mine), "heads": {g: list(p) for g, p in heads.items()}}

    def disconnected(self) -> None:
        self.open = False
        for kept in self.groups.values():
            kept.live = False

    def opened(self, answer: Json, resumed: bool) -> None:
        """The answer to hello."""
        if answer.get("reset"):
            raise Broken("the epoch changed")
        self.open = True
        if not resumed:
            self.groups = {}
        self.epoch = answer["epoch"]
        head = (answer["mine"], answer.get("mine_at", 0))
        self._mine_at_hello = answer["mine"]
        self._in_hello = {line["group"] for line in answer["groups"]}
        if not resumed or self.mine is None:
            self.mine = head
        elif "mine_truncated" in answer:
            self.mine = (answer["mine_truncated"], 0)
        for group, kept in self.groups.items():
            kept.read = answer.get("reads", {}).get(group)
            told = [one for one in answer.get("section_reads", ()) if one["group"] == group]
            kept.places.take_reads({one["section"]: one["read"] for one in told})
            kept.unsure = True
        for line in answer["groups"]:
            self.take_line(line)
        self.relist = self.relist or "mine_truncated" in answer

    def take_list(self, lines: list[Json]) -> None:
        """The whole chat list: what is not on it is left."""
        listed = {line["group"]: line for line in lines}
        self.groups = {group: kept for group, kept in self.groups.items() if group in listed}
        self.wanted &= listed.keys()
        for line in lines:
            self.take_line(line, told=False)
        self.relist = False

    def take_line(self, line: Json, *, told: bool = True) -> None:
        """A line of the chat list; `told`: the server counts its head as told to this session."""
        kept = self.groups.setdefault(line["group"], Kept(line["group"], cursor=-1))
        if line.get("reset"):
            raise Broken(f"reset of {line['group']}")
        fresh = kept.cursor < 0
        if line.get("live"):
            kept.live = True
            cursor = line.get("after", kept.cursor)
            if fresh or (kept.jumps and told):
                kept.cursor = kept.since = cursor
                kept.jumps, kept.log = False, {}
            elif "truncated" in line:
                if cursor != line["truncated"] or kept.cursor >= cursor:
                    raise Broken(f"truncated at {cursor}, kept {kept.cursor}")
                kept.cursor = cursor
            elif cursor != kept.cursor and not kept.overlap:
                raise Broken(f"goes on after {cursor}, kept {kept.cursor}")
        elif fresh:
            kept.cursor = line["head"]
        elif "truncated" in line:
            kept.cursor = max(kept.cursor, line["truncated"])
        if fresh:
            kept.since = kept.cursor
        kept.forget_upto(line["floor"])
        kept.unsure = False
        if told or fresh:
            kept.known_head = max(kept.known_head, line["head"])
        kept.at_of[line["head"]] = line["at"]
        kept.line = {k: v for k, v in line.items() if k not in ("live", "after", "truncated", "last")}
        kept.read = line["read"]
        kept.places.take_line(line)
        self.wanted.discard(line["group"])

    def take_page(self, group: str, page: Json, whole: bool) -> None:
        """A page of history; `whole`: together with those before it, it reaches down to the floor."""
        kept = self.groups.get(group)
        if kept is None:
            return
        for shown in page["entries"]:
            entry = copy.deepcopy(shown)
            if entry["kind"] == "hidden" or entry["pos"] > kept.cursor:
                continue
            kept.log[entry["pos"]] = entry
            kept.at_of[entry["pos"]] = entry["at"]
        for pos in sorted(kept.log):
            if pos > page["as_of"]:
                _apply(kept, kept.log[pos])
        if whole:
            kept.since = page["floor"]

    def close(self, group: str) -> None:
        """The group is no longer followed: from here on only its heads are told."""
        kept = self.groups[group]
        if kept.live:
            kept.live, kept.known_head = False, kept.cursor

    # -- events

    def event(self, name: str, data: Json) -> None:
        """An event, in the order in which it came."""
        if not self.open:
            raise Broken(f"{name} before the answer to hello")
        if name == "entries":
            self._entries(data)
        elif name == "mine":
            self._mine(data)
        elif name == "heads":
            for group, (head, at) in data.get("heads", {}).items():
                self._head(group, head, at)
        elif name == "read":
            self.take_read(data)
        elif name == "presence":
            self._presence(data["people"])
        elif name == "receipts" and self.user in data["reads"]:
            raise Broken("told of its own reading")
        elif name not in ("typing", "going_away", "token_expiring", "draft", "receipts"):
            raise Broken(f"an event {name}")

    def take_read(self, told: Json) -> None:
        """Where the person has read to, in the main section or in another one."""
        kept = self.groups[told["group"]]
        if "section" in told:
            kept.places.reads[told["section"]] = told["read"]
        else:
            kept.read = told["read"]

    def _presence(self, people: list[Json]) -> None:
        """Others came or went: of oneself one is not told."""
        if any(person["user"] == self.user for person in people):
            raise Broken("presence of oneself")

    def _head(self, group: str, head: int, at: int) -> None:
        kept = self.groups.get(group)
        if kept is None:
            raise Broken(f"the head of {group}, which the client is not in")
        if head <= kept.known_head:
            raise Broken(f"head {head} after {kept.known_head}")
        kept.known_head = head
        kept.at_of[head] = at

    def _entries(self, data: Json) -> None:
        kept, after = self.groups.get(data["group"]), data["after"]
        if kept is None or (self.relist and after > kept.cursor):
            if not self.relist:
                raise Broken(f"entries of {data['group']}, which the client is not in")
            kept = self.groups[data["group"]] = Kept(data["group"], cursor=after, since=after)
            self.wanted.add(data["group"])
        kept.live = True
        if after > kept.cursor or (after < kept.cursor and not kept.overlap):
            raise Broken(f"entries after {after}, cursor {kept.cursor}")
        if "truncated" in data:
            self._truncated(kept, data)
            return
        if not data["entries"]:
            raise Broken("no entries")
        for entry in data["entries"]:
            if entry["pos"] != after + 1:
                raise Broken(f"{entry['pos']} comes after {after}")
            after = entry.get("to", entry["pos"])
            if after > kept.cursor:
                kept.cursor = after
                self._take(kept, copy.deepcopy(entry))
        if data["as_of"] < after:
            raise Broken("an event from the future")
        kept.known_head = max(kept.known_head, kept.cursor)

    def _truncated(self, kept: Kept, data: Json) -> None:
        """What is shown of the entries up to there is no longer kept; those that have not come will not."""
        floor = data["truncated"]
        if data["entries"] or floor > data["as_of"]:
            raise Broken(f"truncated at {floor} of {data['as_of']} together with entries")
        kept.cursor = max(kept.cursor, floor)
        kept.known_head = max(kept.known_head, kept.cursor)
        kept.line["floor"] = max(kept.line.get("floor", 0), floor)
        kept.forget_upto(floor)
        kept.unsure = False

    def _take(self, kept: Kept, entry: Json) -> None:
        kept.at_of[entry["to" if entry["kind"] == "hidden" else "pos"]] = entry["at"]
        if entry["kind"] == "hidden":
            return
        if entry["pos"] <= kept.line.get("floor", 0):
            raise Broken(f"{entry['pos']} lies below the floor")
        kept.log[entry["pos"]] = entry
        _apply(kept, entry)
        if entry["kind"] == "members" and kept.line:
            kept.line["members"] = entry["count"]
        elif entry["kind"] == "role" and entry["user"] == self.user and kept.line:
            kept.line["role"] = entry["role"]
        elif entry["kind"] == "owner" and self.user in (entry["user"], entry["before"]) and kept.line:
            kept.line["role"] = "owner" if entry["user"] == self.user else entry["role"]
        elif entry["kind"] == "dissolved" and kept.line:
            kept.line |= {"read_only": True, "gone_at": entry["until"]}
        elif entry["kind"] == "nicknames" and kept.line:
            mine = [one["nickname"] for one in entry["names"] if one["user"] == self.user]
            kept.line |= {"nickname": mine[0]} if mine else {}
        elif entry["kind"] == "settings":
            kept.line |= {name: entry[name] for name in ("title", "avatar") if name in entry and kept.line}
        elif entry["kind"] == "sections" and not kept.places.take_change(entry):
            self.wanted.add(kept.group)
        elif entry["kind"] == "message":
            self._take_message(kept, entry)

    def _take_message(self, kept: Kept, entry: Json) -> None:
        if "section" in entry:
            kept.places.take_message(entry, self.user)
        elif "seq" in entry:
            kept.line["seq"] = entry["seq"]
            if entry["sender"] == self.user:
                kept.read = max(kept.read or 0, entry["seq"])

    def _mine(self, data: Json) -> None:
        assert self.mine is not None
        after, at = self.mine
        if data["after"] != after:
            raise Broken(f"own log after {data['after']}, cursor {after}")
        if "truncated" in data:
            after, self.relist = data["truncated"], True
        for entry in data["entries"]:
            if entry["upos"] != after + 1:
                raise Broken(f"own entry {entry['upos']} comes after {after}")
            after, at = entry["upos"], entry["at"]
            self.own[after] = entry
            self._own(entry)
        self.mine = (after, at)

    def _own(self, entry: Json) -> None:
        group, kind = entry.get("group", ""), entry["kind"]
        reflected = entry["upos"] <= self._mine_at_hello
        if kind == "added" and not (reflected and group in self._in_hello):
            if group in self.groups and not reflected and not self.relist:
                raise Broken(f"added to {group} twice")
            self.groups[group] = Kept(group, cursor=entry["pos"] - 1, since=entry["pos"] - 1, live=not reflected)
            self.wanted.add(group)
        elif kind == "removed" and not (reflected and group in self._in_hello):
            kept = self.groups.pop(group, None)
            self.wanted.discard(group)
            if kept is None and not (reflected or self.relist or self.loose):
                raise Broken(f"removed from {group}, which the client is not in")
            if kept is not None and kept.cursor >= entry["pos"] and not reflected:
                raise Broken(f"saw {kept.cursor} of {group}, but was out at {entry['pos']}")
        elif kind in LISTED and group in self.groups and not (reflected and group in self._in_hello):
            name = LISTED[kind]
            self.groups[group].line[name] = entry[name]


def _apply(kept: Kept, entry: Json) -> None:
    """A change, on the messages that the client keeps."""
    if entry["kind"] == "message":
        return
    if entry["kind"] == "card" and "card" in entry:
        _show(kept, entry["card"])
    at = entry.get("target", 0)
    target = kept.log.get(at)
    if entry["kind"] == "recall" or (entry["kind"] == "edit" and "body" not in entry):
        _recall(kept, at, {"by": entry["by"], "at": entry["at"]} if entry["kind"] == "recall" else None)
    elif entry["kind"] == "edit":
        if target is not None and ("recalled" in target or entry["version"] < target.get("version", 0)):
            return
        if target is not None:
            target["body"], target["version"] = entry["body"], entry["version"]
        for other in kept.log.values():
            # Perhaps of a message that is not here: whoever came later may have the answer alone.
            if "quote" in other and other["quote"]["pos"] == at and "text" in other["quote"]:
                parts = (entry["body"].get("card", {}).get("title"), entry["body"].get("text"))
                other["quote"]["text"] = "\n".join(part for part in parts if part)[:100]
    elif entry["kind"] == "reaction" and target is not None and "recalled" not in target:
        target.pop("reactions", None)
        target.update({"reactions": entry["reactions"]} if "reactions" in entry else {})


def _show(kept: Kept, card: Json) -> None:
    """What an item looks like now, on every message that shows it."""
    for other in kept.log.values():
        old = (other.get("body") or {}).get("card")
        same = other["kind"] == "message" and old and (old["kind"], old["id"]) == (card["kind"], card["id"])
        if same and old and old.get("rev", 0) < card.get("rev", 0):
            other["body"] = other["body"] | {"card": card}


def _recall(kept: Kept, at: int, recalled: Json | None) -> None:
    target = kept.log.get(at)
    if target is not None:
        for name in ("body", "reactions", "version", "quote", "alt", "forwarded", "bot"):
            target.pop(name, None)
        if recalled is not None:
            target["recalled"] = recalled
    for other in kept.log.values():
        if "quote" in other and other["quote"]["pos"] == at:
            other["quote"].pop("text", None)
            other["quote"].pop("card", None)
            other["quote"]["recalled"] = True
