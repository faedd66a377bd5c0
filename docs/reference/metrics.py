"""The figures of `/metrics`, by asking the same collectors that the server registers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

from prometheus_client.core import Metric

from chatd.http.metrics import _SEARCH, DiskMetrics, HubMetrics
from chatd.ws.stats import TransportStats
from docs.reference import Words, said_by, table


def families() -> list[Metric]:
    """All of them, of a hub in which nothing has happened."""
    hub: Any = SimpleNamespace(
        figures=lambda: defaultdict(int, dict.fromkeys(_SEARCH, 0)),
        refusals={},
        rates=SimpleNamespace(refused=Counter()),
    )
    disk = DiskMetrics(lambda: 0, 0)
    return [*HubMetrics(cast(Any, hub)).collect(), *disk.collect(), *TransportStats(lambda: 0).collect()]


def lines(words: Words) -> Iterator[str]:
    yield words.pick("# Metrics", "# 监控指标")
    yield ""
    yield said_by(words, "chatd/http/metrics.py, chatd/ws/stats.py")
    yield ""
    yield words.pick(
        "`GET /metrics` answers in the text format of Prometheus. Counters begin at 0 with each start, except `chatd_commits`.",
        "`GET /metrics` 以 Prometheus 的文本格式作答。除 `chatd_commits_total` 外，计数器在每次启动时归零。",
    )
    yield ""
    yield from table(
        words.pick("name|kind|label|what it says", "名称|类型|标签|含义").split("|"),
        (
            [f"`{name_of(family)}`", family.type, label_of(family), words.of(family.documentation.rstrip(".") + ".")]
            for family in families()
        ),
    )


def name_of(family: Metric) -> str:
    return family.name + ("_total" if family.type == "counter" else "")


def label_of(family: Metric) -> str:
    labels = cast(Any, family)._labelnames  # noqa: SLF001 - the library has no other way to ask
    return " ".join(f"`{label}`" for label in labels)
