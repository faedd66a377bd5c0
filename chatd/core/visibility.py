"""Who sees what of a log: from a stored entry to what goes on the wire for somebody with a given floor.

A floor is the newest entry that is *not* visible: one sees positions above it. An entry that refers to an older one
(edit, recall, reaction, card, pin, featured post) is for those who see that one too; the others get `hidden`. A reply
is for everybody, its quote only for those who see the target.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from chatd.core import cards
from chatd.core.kinds import TEXT, alt_of
from chatd.core.values import Entry, Mine

QUOTE_MAX = 100
CHANGES = frozenset({"edit", "recall", "reaction", "card", "pin", "unpin", "feature", "unfeature"})


def sees(entry: Entry, floor: int) -> bool:
    """Whether somebody with this floor sees the entry itself rather than `hidden`."""
    if entry.pos <= floor:
        return False
    return not _is_of_older(entry) or (entry.target or 0) > floor


def _is_of_older(entry: Entry) -> bool:
    """Whether it is only for those who see what it refers to. Who is erased and was out already is no concern of those
    who see nothing of theirs."""
    return entry.kind in CHANGES or (entry.kind == "erased" and entry.target is not None)


def view(entry: Entry, target: Entry | None, floor: int) -> dict[str, Any]:
    """The entry as it goes on the wire. `target` is the live row of what it refers to, if it refers to something."""
    if not sees(entry, min(floor, entry.pos - 1)):
        return hidden(entry)
    if entry.kind in CHANGES:
        return _view_change(entry, target)
    shown: dict[str, Any] = {"kind": entry.kind, "pos": entry.pos, "at": entry.at}
    if entry.kind != "message":
        if entry.actor is not None:
            shown["by"] = entry.actor
        # What a setting was emptied to must be told; elsewhere empty and missing are the same.
        told = entry.kind == "settings"
        return shown | {key: value for key, value in entry.body.items() if told or value not in ([], "")}
    _fill_message(shown, entry)
    if entry.target is not None:
        shown["reply_to"] = entry.target
        if target is not None and entry.target > floor and not entry.recalled:
            shown["quote"] = quote(target)
    return shown


def hidden(entry: Entry) -> dict[str, Any]:
    """What stands in the place of an entry that the reader may not see."""
    return {"kind": "hidden", "pos": entry.pos, "at": entry.at, "to": entry.pos}


def _fill_message(shown: dict[str, Any], entry: Entry) -> None:
    if entry.seq is not None:
        shown["seq"] = entry.seq
    if entry.section:
        shown["section"] = entry.section
    shown["sender"] = entry.actor
    shown["cid"] = entry.cid
    shown["type"] = entry.body["type"]
    if "operator" in entry.body:
        shown["operator"] = True
    if entry.recalled:
        shown["recalled"] = entry.body["recalled"]
        return
    body = shown["body"] = cards.content(entry)
    if shown["type"] != TEXT:
        shown["alt"] = cards.alt_of(body["card"]) if "card" in body else alt_of(shown["type"], body)
    if "forwarded" in entry.body:
        shown["forwarded"] = entry.body["forwarded"]
    if "tags" in entry.body:
        shown["tags"] = entry.body["tags"]
    if "bot" in entry.body:
        shown["bot"] = True
    if entry.version:
        shown["version"] = entry.version
    if entry.reactions:
        shown["reactions"] = reactions(entry)


def _view_change(entry: Entry, target: Entry | None) -> dict[str, Any]:
    shown: dict[str, Any] = {"kind": entry.kind, "pos": entry.pos, "at": entry.at}
    if entry.kind == "card":
        shown["target"] = entry.target
        if target is not None and not target.recalled:
            shown["card"] = cards.card_of(target)
        return shown
    shown |= {"by": entry.actor, "cid": entry.cid, "target": entry.target}
    if target is None:  # gone by age: that something was done is all there is to tell
        if entry.kind == "edit":
            shown["version"] = entry.version
        elif entry.kind == "reaction":
            shown.update(entry.body)
        return shown
    if entry.kind == "edit":
        shown["version"] = target.version
        if not target.recalled:
            shown["body"] = cards.content(target)
    elif entry.kind == "reaction":
        shown.update(entry.body)
        if target.reactions:
            shown["reactions"] = reactions(target)
    elif entry.kind in ("pin", "feature"):
        shown |= {key: value for key, value in entry.body.items() if value}
        shown["quote"] = quote(target)
    return shown


def reactions(entry: Entry) -> list[dict[str, Any]]:
    """The signs on a message with their counts, most first, then by sign."""
    pairs = sorted(entry.reactions.items(), key=lambda pair: (-pair[1], pair[0]))
    return [{"emoji": emoji, "count": count} for emoji, count in pairs]


def quote(target: Entry) -> dict[str, Any]:
    """What an entry shows of the message it refers to."""
    shown: dict[str, Any] = {"pos": target.pos, "sender": target.actor, "type": target.body["type"]}
    if target.section:
        shown["section"] = target.section
    if target.recalled:
        shown["recalled"] = True
        return shown
    shown["text"] = cards.words_of(target)[:QUOTE_MAX]
    if (key := cards.key_of(target)) is not None:
        shown["card"] = {"kind": key[0], "id": key[1]}
    return shown


def page(entries: Iterable[Entry], targets: Mapping[int, Entry], floor: int) -> list[dict[str, Any]]:
    """Neighbouring entries as one reader sees them; runs of hidden ones become one."""
    shown: list[dict[str, Any]] = []
    for entry in entries:
        one = view(entry, targets.get(entry.target or 0), floor)
        if one["kind"] == "hidden" and shown and shown[-1]["kind"] == "hidden":
            shown[-1] |= {"to": entry.pos, "at": entry.at}
        else:
            shown.append(one)
    return shown


def view_mine(entry: Mine) -> dict[str, Any]:
    """An entry of a user's own log as it goes on the wire."""
    shown: dict[str, Any] = {"upos": entry.upos, "at": entry.at, "kind": entry.kind}
    if entry.group is not None:
        shown["group"] = entry.group
    if entry.pos is not None:
        shown["pos"] = entry.pos
    shown.update(entry.body)
    return shown
