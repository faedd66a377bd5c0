"""How often the processes that handle messages look for reference cycles."""

from __future__ import annotations

import gc


def spare_the_collector() -> None:
    """Look for reference cycles seldom: messages make none, and what lives from the start is never looked at again.

    With the default of every 700 allocations the collector walks the rings of all groups, or the facts of a batch, over
    and over. To be called once, when everything is loaded that stays.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)
