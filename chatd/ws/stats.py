"""What the transport counts about itself: plain integers, read when somebody asks.

Counting happens per connection, never per frame. `TransportStats` is also a collector for a Prometheus registry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from chatd_protocol.errors import CLOSES

if TYPE_CHECKING:
    from prometheus_client.core import Metric


class TransportStats:
    """Connections opened, refused (by HTTP status) and closed (by close code)."""

    def __init__(self, open_count: Callable[[], int]) -> None:
        self._open_count = open_count
        self.accepted = 0
        self.refused: Counter[int] = Counter()
        self.closed: Counter[str] = Counter()

    def count_closed(self, code: int) -> None:
        """Codes outside the table share one label: a client may send any of 2,000."""
        known = CLOSES.get(code)
        self.closed[known.name if known else "other"] += 1

    def collect(self) -> Iterator[Metric]:
        """The collector interface of prometheus_client."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        yield GaugeMetricFamily("chatd_ws_open", "Open WebSocket connections", value=self._open_count())
        yield CounterMetricFamily("chatd_ws_accepted", "WebSocket handshakes accepted", value=self.accepted)
        refused = CounterMetricFamily("chatd_ws_refused", "Connections refused, by HTTP status", labels=["status"])
        for status, count in sorted(self.refused.items()):
            refused.add_metric([str(status)], count)
        yield refused
        closed = CounterMetricFamily("chatd_ws_closed", "WebSocket connections ended, by close code", labels=["code"])
        for name, count in sorted(self.closed.items()):
            closed.add_metric([name], count)
        yield closed
