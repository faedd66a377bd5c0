"""The hub's figures for Prometheus, read when somebody asks and not kept up to date meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from chatd.hub.hub import Hub

_GAUGES: Final = {
    "sessions": "Open sessions.",
    "people": "People with at least one session.",
    "bots": "Bots with at least one session.",
    "groups": "Groups that somebody connected is in.",
    "proposals_waiting": "Commands without a verdict.",
    "reads_unsaved": "Read positions that are not stored yet.",
    "words": "Words of the list that must not be said.",
}
_COUNTERS: Final = {
    "commits": "Commits since the database was made.",
    "deliveries": "Frames with entries handed to sockets.",
    "entries": "Entries published: messages, and everything else that lasts.",
    "entries_gone": "Entries that went because their time was over.",
    "proposals": "Commands that were decided.",
    "batches": "Batches handed to the writer and answered.",
    "batch_ms": "Milliseconds that took, in sum.",
    "fell_behind": "Times that a session fell behind its group.",
    "pages_read": "Pages read from the store for sessions that are behind.",
    "writer_restarts": "Times that the writer process was started again.",
    "words_blocked": "Requests refused for a word of the list.",
    "words_masked": "Requests in which a word of the list was covered.",
}


_SEARCH: Final = {
    "search_lag_commits": "Commits that the search index does not have yet.",
    "search_lag_ms": "Milliseconds for which the oldest of them has been published.",
    "search_rebuilding": "1 while the search index is made anew.",
    "search_rebuilt_entries": "Entries that are in the index made anew.",
    "search_rebuild_total": "Entries there were when that began.",
    "searches": "Questions asked of the search index.",
    "searches_failed": "Questions that it did not answer.",
    "search_restarts": "Times that the program that follows the log was started again.",
}
_SEARCH_COUNTERS: Final = frozenset({"searches", "searches_failed", "search_restarts"})


_ROOM: Final = {
    "disk_free_bytes": "Bytes free on the disk of the database; only on SQLite.",
    "writes_off": "1 while nothing is written because the disk is below [store] free_disk_floor_mb; only on SQLite.",
}


class DiskMetrics(Collector):
    """The room on the disk of an embedded database; `free` answers in bytes."""

    def __init__(self, free: Callable[[], int], floor_bytes: int) -> None:
        self._free = free
        self._floor_bytes = floor_bytes

    def describe(self) -> Iterator[Metric]:
        """The names, without values."""
        for name, meaning in _ROOM.items():
            yield GaugeMetricFamily(f"chatd_{name}", meaning)

    def collect(self) -> Iterator[Metric]:
        """As it is now."""
        free = self._free()
        for (name, meaning), value in zip(_ROOM.items(), (free, free < self._floor_bytes), strict=True):
            yield GaugeMetricFamily(f"chatd_{name}", meaning, value=value)


class HubMetrics(Collector):
    """`chatd_…` of one hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def describe(self) -> Iterator[Metric]:
        """The names, without values: registering must not read the hub."""
        for name, meaning in _GAUGES.items():
            yield GaugeMetricFamily(f"chatd_{name}", meaning)
        for name, meaning in _COUNTERS.items():
            yield CounterMetricFamily(f"chatd_{name}", meaning)

    def collect(self) -> Iterator[Metric]:
        """The figures as they are now."""
        figures = self._hub.figures()
        for name, meaning in _GAUGES.items():
            yield GaugeMetricFamily(f"chatd_{name}", meaning, value=figures[name])
        for name, meaning in _COUNTERS.items():
            yield CounterMetricFamily(f"chatd_{name}", meaning, value=figures[name])
        for name, meaning in _SEARCH.items():
            if name in figures:
                kind = CounterMetricFamily if name in _SEARCH_COUNTERS else GaugeMetricFamily
                yield kind(f"chatd_{name}", meaning, value=figures[name])
        refusals = CounterMetricFamily("chatd_refusals", "Requests refused, by error code.", labels=["code"])
        for code, count in self._hub.refusals.items():
            refusals.add_metric([code], count)
        yield refusals
        limited = CounterMetricFamily("chatd_rate_limited", "Requests beyond a budget, by its name.", labels=["budget"])
        for name, count in self._hub.rates.refused.items():
            limited.add_metric([name], count)
        yield limited
