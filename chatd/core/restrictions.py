"""Who may not speak for now: somebody who was restricted, everybody in a group that was, and slow mode.

A restriction is a time in a row that every commit compares with its own: it ends by itself, and no job lifts it. What a
person may not do then is to send, forward, edit and react; taking back what one said, and leaving, stay possible. Must
not know the acts that set a restriction (`moderation`).
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from chatd.core.facts import Facts
from chatd.core.needs import Needs
from chatd.core.records import Record
from chatd.core.refusal import Refused
from chatd.core.values import Group, Member

FOREVER: Final = 2**53 - 1
"""Until somebody lifts it."""
_EXEMPT: Final = frozenset({"admin", "owner"})


class Pace(Record):
    """When somebody last wrote in a group with slow mode. Nothing is kept of other groups."""

    table: ClassVar[str] = "paces"
    key_fields: ClassVar[int] = 2

    group_id: str
    user_id: str
    at: int


def need_pace(need: Needs, group: str, actor: str) -> None:
    """What `check_pace` has to know; it is read only where slow mode is on."""
    need.paces.add((group, actor))


def end_of(until: int) -> dict[str, Any]:
    """The end of a restriction as it is told: `until` in ms, nothing for one without an end."""
    return {} if until >= FOREVER else {"until": until}


def restriction_of(until: int, now_ms: int) -> dict[str, Any] | None:
    """A restriction that holds now, as it is told; None if there is none."""
    return end_of(until) if until > now_ms else None


def is_estranged(settings: dict[str, Any], unfollowed_pos: int) -> bool:
    """Whether a group with these settings silences who ceased to follow its owner then (`fans`)."""
    if not unfollowed_pos or settings.get("on_unfollow_owner") != "restrict":
        return False
    return bool(unfollowed_pos >= settings.get("fans_since", 0))


def own_end(settings: dict[str, Any], role: str, restricted_until: int, unfollowed_pos: int) -> int:
    """Until when one person may not write, whatever the reason."""
    return FOREVER if role == "member" and is_estranged(settings, unfollowed_pos) else restricted_until


def check_unrestricted(facts: Facts, group: Group, member: Member) -> None:
    """Raises `restricted`, with `whom` and `until`: for one person, everybody below admin, or who no longer
    follows the owner. The owner never is."""
    if member.restricted_until > facts.now_ms and member.role != "owner":
        raise Refused("restricted", whom="member", **end_of(member.restricted_until))
    if group.settings:
        until: int = group.settings.get("restricted_until", 0)
        if until > facts.now_ms and member.role not in _EXEMPT:
            raise Refused("restricted", whom="everybody", **end_of(until))
        if member.role == "member" and is_estranged(group.settings, member.unfollowed_pos):
            raise Refused("restricted", whom="unfollowed")


def check_pace(facts: Facts, group: Group, member: Member) -> None:
    """Raises `slow_mode`, with `retry_after`, for a member whose last message here was too short a time ago."""
    slow_ms = _slow_ms(group, member)
    if not slow_ms:
        return
    pace = facts.find(Pace, group.id, member.user)
    # A clock that was turned back makes nobody wait longer than the interval.
    wait_ms = min(pace.at + slow_ms - facts.now_ms, slow_ms) if pace is not None else 0
    if wait_ms > 0:
        raise Refused("slow_mode", bound="slow_s", max=slow_ms // 1000, retry_after=wait_ms / 1000)


def keep_pace(facts: Facts, group: Group, member: Member) -> None:
    """A message was accepted: the next one has to wait from here on."""
    if _slow_ms(group, member):
        facts.put(Pace(group.id, member.user, facts.now_ms))


def _slow_ms(group: Group, member: Member) -> int:
    """How long a member waits between two messages; 0 where there is no slow mode and for whoever is exempt."""
    if not group.settings or member.role in _EXEMPT:
        return 0
    slow_s: int = group.settings.get("slow_s", 0)
    return slow_s * 1000


def restriction_in(settings: dict[str, Any], now_ms: int) -> dict[str, Any] | None:
    """The restriction of everybody, from a group's settings."""
    return restriction_of(settings.get("restricted_until", 0), now_ms)
