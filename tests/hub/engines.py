"""Commit engines that die at a chosen moment: `running_server(engine="tests.hub.engines:...")`."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Sequence

from chatd.core.values import Entry
from chatd.store.engine import Engine
from chatd.store.outcome import Outcome, Proposed

LAST_WORDS = "these are the last words"


class DiesAfterCommit(Engine):
    """Commits a message with the last words, and is gone before anybody hears of it. Repeated, it says so again."""

    def settle(self, batch: Sequence[Proposed]) -> list[Outcome]:
        outcomes = super().settle(batch)
        if any(_speaks(change.entries) for outcome in outcomes for change in outcome.groups):
            os.kill(os.getpid(), signal.SIGKILL)
        return outcomes


def _speaks(entries: Iterable[Entry]) -> bool:
    return any(e.kind == "message" and e.body.get("body", {}).get("text") == LAST_WORDS for e in entries)
