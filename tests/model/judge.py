"""Whether what somebody was shown is what the model says. Raises AssertionError; changes nothing."""

from __future__ import annotations

from typing import Any

from tests.model import views, views_sections
from tests.model.device import Device
from tests.model.nouns import FOREVER
from tests.model.replica import Kept
from tests.model.replica_sections import WHAT
from tests.model.rules import Group, Json, World
from tests.model.rules_chats import PLAIN

TIMES = frozenset({"at", "recall_until", "since", "created", "until", "expires", "gone_at"})


LINE = ("kind", "title", "role", "members", "floor", "peer", "read_only", "archived", "seq", "avatar", "nickname")
"""What a client knows of a group without asking again."""


def same(got: Any, expected: Any, what: str, *, timeless: bool) -> None:
    """Equality; without times if the clock of the server is not ours."""
    if timeless:
        got, expected = without_times(got), without_times(expected)
    assert got == expected, f"{what}:\n  server {got}\n  model  {expected}"


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_times(one) for key, one in value.items() if key not in TIMES}
    return [without_times(one) for one in value] if isinstance(value, (list, tuple)) else value


def check_replica(world: World, device: Device, live: set[str], *, timeless: bool) -> None:
    """What a device has gathered, against the world as it is."""
    replica = device.replica
    user, who = replica.user, f"{device.sub}/{device.name}"
    places = views.places(world, user)
    same(sorted(replica.groups), sorted(group.id for group in places), f"groups of {who}", timeless=timeless)
    assert replica.mine is not None
    same(replica.mine[0], len(world.mine.get(user, ())), f"own log of {who}", timeless=timeless)
    for upos, entry in replica.own.items():
        same(entry, world.mine[user][upos - 1], f"own entry {upos} of {who}", timeless=timeless)
    for group in places:
        kept = replica.groups[group.id]
        what = f"{who} in {group.id}"
        if group.id in live:
            same(kept.cursor, group.head, f"cursor of {what}", timeless=timeless)
            _check_log(group, user, kept, what, timeless)
            if not group.gone_at:  # the log of a group that was dissolved has ended: nothing is told in it any more
                _check_cards(world, kept, what)
            _check_line(world, group, device, kept, what)
        else:
            assert not kept.live, f"{what} is live unasked"
            assert kept.cursor <= group.head, f"{what} is beyond the head"


def _check_log(group: Group, user: str, kept: Kept, what: str, timeless: bool) -> None:
    expected = [_settled(entry, group.floor) for entry in views.log_of(group, user) if entry["kind"] != "hidden"]
    got = [_settled(kept.log[pos], group.floor) for pos in sorted(kept.log)]
    same(got, expected, f"log of {what}", timeless=timeless)


def _settled(entry: Json, floor: int) -> Json:
    """An entry without what it says about the moment at which it was read: that is in its target by now, or in the
    catalogue. Of what lies below the floor it shows nothing any more."""
    if entry.get("quote", {}).get("pos", FOREVER) <= floor:
        entry = {key: entry[key] for key in entry if key != "quote"}
    if entry["kind"] in views.CHANGES:
        return {key: entry[key] for key in entry if key not in ("body", "version", "reactions", "quote", "card")}
    if "card" in entry.get("body", {}):
        card = entry["body"]["card"]
        entry = entry | {"body": entry["body"] | {"card": (card["kind"], card["id"])}, "alt": ""}
    if "card" in entry.get("quote", {}):
        entry = entry | {"quote": entry["quote"] | {"text": ""}}
    return entry


def _check_cards(world: World, kept: Kept, what: str) -> None:
    """Once groups were told of what changed, everybody shows it."""
    for entry in kept.log.values():
        card = entry.get("body", {}).get("card") if entry["kind"] == "message" else None
        key = (card["kind"], card["id"]) if card else None
        if card and key and not world.untold.get(key):
            item = world.items[key]
            got = (card["status"], card["rev"], card.get("price"))
            assert got == (item.look["status"], item.version, item.look.get("price")), f"{what}: {card}, model {item}"


def _check_line(world: World, group: Group, device: Device, kept: Kept, what: str) -> None:
    user = device.replica.user
    line = views.line(world, group, user)
    for name in LINE:
        got, expected = kept.line.get(name) or None, line.get(name) or None
        assert got == expected, f"{name} of {what}: {got}, model {expected}"
    chats = (kept.line.get("chat") or PLAIN, line.get("chat") or PLAIN)
    assert chats[0] == chats[1], f"chat of {what}: {chats[0]}, model {chats[1]}"
    shown = [{name: one[name] for name in WHAT if one.get(name)} for one in line.get("sections", ())]
    assert kept.places.shown == shown, f"sections of {what}: {kept.places.shown}, model {shown}"
    for one in views_sections.sections_of(world, group, user):
        if not one.get("closed"):
            _check_place(group, device, kept, one, what)


def _check_place(group: Group, device: Device, kept: Kept, place: Json, what: str) -> None:
    """How far one section goes, what of it is read, and how many above that are still there."""
    section, user, read = place["section"], device.replica.user, place.get("read", 0)
    if section:
        got, expected = kept.places.seqs.get(section), place.get("seq", 0)
        assert got == expected, f"seq of section {section} of {what}: {got}, model {expected}"
    known = _known_read(group, user, kept, section)
    if not device.quiet_reads or known is None or _forgot_own_message(group, user, section, read):
        return
    assert known == read, f"read of section {section} of {what}: {known}, model {read}"
    messages = [one for one in kept.log.values() if "seq" in one and one.get("section", 0) == section]
    still = sum(one["seq"] > known and "recalled" not in one for one in messages)
    unread = place.get("unread", 0)
    assert still == unread, f"unread of section {section} of {what}: {still}, model {unread}"


def _known_read(group: Group, user: str, kept: Kept, section: int) -> int | None:
    """How far a device knows that its person has read, which is never below what they cannot see."""
    known = kept.places.reads.get(section) if section else kept.read
    return None if known is None else max(known, views_sections.floor_in(group, user, section))


def has_heard(world: World, device: Device, live: set[str]) -> bool:
    """Whether as much has come as the world has to tell; what it was is for `check_replica` to say."""
    replica = device.replica
    if replica.mine is None or replica.mine[0] < len(world.mine.get(replica.user, ())):
        return False
    for group in views.places(world, replica.user):
        kept = replica.groups.get(group.id)
        if group.id in live and (kept is None or kept.cursor < group.head):
            return False
        if device.quiet_reads and kept is not None and not _has_heard_reads(world, group, replica.user, kept):
            return False
    return True


def _has_heard_reads(world: World, group: Group, user: str, kept: Kept) -> bool:
    for section in (one["section"] for one in group.sections if not one.get("closed")):
        known = _known_read(group, user, kept, section)
        if known is None or _forgot_own_message(group, user, section, known):
            continue
        if known < views_sections.read_of(world, group, user, section):
            return False
    return True


def _forgot_own_message(group: Group, user: str, section: int, read: int) -> bool:
    """A read position may be lost with the process that held it; whoever reads their own message knows better."""
    return any(entry.by == user and entry.seq > read for entry in group.messages(section))


def check_heads(world: World, device: Device) -> None:
    """After `heads`, every group that is not live is known to be where it is."""
    for group in views.places(world, device.replica.user):
        kept = device.replica.groups[group.id]
        known = max(kept.known_head, kept.cursor)
        assert known == group.head, f"head of {group.id} told to {device.sub}: {known}, model {group.head}"


def check_hello(world: World, answer: Json, live_groups: int, *, timeless: bool) -> None:
    """The answer to somebody who has nothing yet."""
    lines = [views.line(world, group, answer["user"]) for group in views.places(world, answer["user"])]
    expected = [_plain(line, keep=True) for line in lines]
    for index, line in enumerate(expected):
        if index < live_groups:
            line |= {"live": True, "after": line["head"]}
    got = [_plain(line, keep=True) for line in answer["groups"]]
    same(_ordered(got, timeless), _ordered(expected, timeless), "hello", timeless=timeless)
    same(answer["mine"], len(world.mine.get(answer["user"], ())), "mine of hello", timeless=timeless)


def check_list(world: World, user: str, lines: list[Json], *, timeless: bool) -> None:
    """The whole chat list."""
    expected = [_plain(views.line(world, group, user)) for group in views.places(world, user)]
    got = [_plain(line) for line in lines]
    same(_ordered(got, timeless), _ordered(expected, timeless), "list", timeless=timeless)


def _ordered(lines: list[Json], timeless: bool) -> list[Json]:
    return sorted(lines, key=lambda line: str(line["group"])) if timeless else lines


def _plain(line: Json, *, keep: bool = False) -> Json:
    """A line without whether it is live, unless that is to be kept, and without what stands there by default."""
    plain = {key: value for key, value in line.items() if keep or key != "live"}
    return {key: value for key, value in plain.items() if (key, value) != ("chat", PLAIN)}


def check_info(world: World, group: Group, user: str, info: Json, now: int, *, timeless: bool) -> None:
    """`group.get`."""
    left_out = ("created", "line")
    usual = (("entry", "invite"), ("invites", "anyone"), ("question", ""), ("on_unfollow_owner", "keep"))
    got = {key: value for key, value in info.items() if key not in left_out and (key, value) not in usual}
    got["line"] = _plain(info["line"])
    expected = views.info(world, group, user, now)
    expected["line"] = _plain(expected["line"])
    same(got, expected, f"group.get of {group.id}", timeless=timeless)


def check_history(group: Group, user: str, entries: list[Json], *, timeless: bool) -> None:
    """The whole log, read anew."""
    same(joined(entries), views.log_of(group, user), f"history of {group.id} for {user}", timeless=timeless)


def joined(entries: list[Json]) -> list[Json]:
    """Pages put together: a run of hidden entries may be cut between two of them."""
    whole: list[Json] = []
    for entry in entries:
        if entry["kind"] == "hidden" and whole and whole[-1]["kind"] == "hidden":
            whole[-1] = whole[-1] | {"to": entry["to"], "at": entry["at"]}
        else:
            whole.append(entry)
    return whole
