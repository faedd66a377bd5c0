"""What of a group is over, and which piece of it goes next: looked up here, decided in the commit.

The same look tells what would go, before anything does.
"""

from __future__ import annotations

from typing import Any

import msgspec

from chatd.core.retention import CutLog, over_at
from chatd.store import retention as stored
from chatd.store.readers import Reader
from chatd.store.retention import Due


class RetentionSettings(msgspec.Struct, frozen=True):
    """How long messages are kept where nothing else was chosen for a group, and the pace at which they go."""

    days: int = 0
    keep_pinned: bool = True
    every_hours: float = 24.0
    entries_per_commit: int = 200
    pause_s: float = 0.1


async def next_portion(reader: Reader, group: str, settings: RetentionSettings, now_ms: int) -> CutLog | None:
    """What goes next of a group; None if nothing is left to go."""
    due = await stored.group_at(reader, group)
    if due is None:
        return None
    upto = await _upto(reader, due, settings, now_ms)
    after = due.swept
    if not settings.keep_pinned and over_at(due.keep_days, settings.days, now_ms) is not None:
        # What was kept by another setting, or of a group that kept everything.
        after = min([after, *(pos - 1 for pos in await stored.on_board(reader, group, upto))])
    if after >= upto:
        return None
    end = await stored.end_of_portion(reader, group, after, upto, settings.entries_per_commit)
    return CutLog(group, after, end, settings.keep_pinned)


async def _upto(reader: Reader, due: Due, settings: RetentionSettings, now_ms: int) -> int:
    over = over_at(due.keep_days, settings.days, now_ms)
    return due.floor if over is None else await stored.last_until(reader, due, over)


async def plan_of(reader: Reader, due: Due, settings: RetentionSettings, now_ms: int) -> dict[str, Any]:
    """What would go of a group: how many messages, when the first and the last of them were made, and how many stay
    although their time is over, because they stand on the board."""
    upto = await _upto(reader, due, settings, now_ms)
    kept = await stored.on_board(reader, due.group, upto) if settings.keep_pinned and upto else []
    count, first, last = await stored.count_messages(reader, due.group, upto, kept)
    plan: dict[str, Any] = {"group": due.group, "kind": due.kind, "title": due.title}
    plan |= {"days": due.keep_days, "messages": count, "kept": len(kept), "floor": due.floor, "upto": upto}
    if count:
        plan |= {"first_at": first, "last_at": last}
    return plan
