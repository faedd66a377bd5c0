"""What `chatd top` draws: counters and the state of the moment, read when asked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

from chatd.admin.operator import Operator
from chatd.hub.hub import Hub
from chatd.store.groups import group_by_id

GROUPS_MAX: Final = 50


async def top(operator: Operator, request: Mapping[str, Any]) -> dict[str, Any]:
    """Figures, the processes, the jobs, and the `groups` busiest groups since the last call."""
    most = request.get("groups", 10)
    if type(most) is not int or not 0 <= most <= GROUPS_MAX:
        raise TypeError(f"groups: expected 0 to {GROUPS_MAX}")
    hub = operator.hub
    busiest = await hub.traffic.watch(most)
    told = hub.figures() | _sessions(hub) | {"url": operator.url, "at_s": hub.clock_s(), "at": hub.now_ms()}
    search = hub.search.pid if hub.search is not None else None
    processes = {"hub": os.getpid(), "writer": hub.link.pid, "search": search}
    jobs = {name: hub.jobs.failures[name] for name in sorted(hub.jobs.names)}
    shown = []
    async with hub.readers.snapshot() as reader:
        for name, entries in busiest:
            group = await group_by_id(reader, name)
            feed = hub.feeds.get(name)
            live = len(feed.live) if feed is not None else 0
            title, members = (group.title, group.members) if group is not None else ("", 0)
            shown.append({"group": name, "title": title, "members": members, "live": live, "entries": entries})
    return told | {"groups_busy": shown, "processes": processes, "jobs": jobs}


def _sessions(hub: Hub) -> dict[str, int]:
    """How the open sessions are: in step with their groups, behind, or with a socket that takes nothing."""
    behind = slow = unsent = 0
    for person in hub.people.values():
        for session in person.sessions:
            behind += bool(session.behind)
            slow += not session.socket.writable
            unsent += session.socket.unsent_bytes()
    return {"sessions_behind": behind, "sessions_slow": slow, "unsent_bytes": unsent}


ACTS: Final = {"top": top}
