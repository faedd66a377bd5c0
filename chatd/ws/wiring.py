"""What all connections of one port share: settings, the sweep, the roster, the counters, and the way to a session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from chatd.hub.ports import SessionFactory
from chatd.ws.handshake import Policy
from chatd.ws.limits import Limits, PortSettings, parse_networks
from chatd.ws.stats import TransportStats
from chatd.ws.sweep import Sweep


class Roster(set[Any]):
    """A set of connections that can be waited for to become empty. uvicorn adds and discards its own ones."""

    def __init__(self) -> None:
        super().__init__()
        self._emptied: asyncio.Future[None] | None = None

    def discard(self, connection: object) -> None:
        super().discard(connection)
        if not self and self._emptied is not None and not self._emptied.done():
            self._emptied.set_result(None)

    async def wait_empty(self) -> None:
        if self:
            self._emptied = asyncio.get_running_loop().create_future()
            await self._emptied


class Wiring:
    """One per port. `clock` is monotonic seconds; `jitter` gives numbers in [0, 1)."""

    __slots__ = (
        "clock",
        "draining",
        "jitter",
        "limits",
        "open_count",
        "policy",
        "roster",
        "session_factory",
        "stats",
        "sweep",
        "trusted_proxies",
    )

    def __init__(
        self,
        settings: PortSettings,
        limits: Limits,
        session_factory: SessionFactory,
        clock: Callable[[], float],
        jitter: Callable[[], float],
    ) -> None:
        self.limits = limits
        self.session_factory = session_factory
        self.clock = clock
        self.jitter = jitter
        self.policy = Policy(settings.allowed_origins, settings.echo)
        self.trusted_proxies = parse_networks(settings.trusted_proxies)
        self.sweep = Sweep(limits.sweep_interval_s, clock)
        self.roster = Roster()
        """Everything connected: WebSockets and connections that are (still) HTTP."""
        self.open_count = 0
        """The WebSockets among them."""
        self.stats = TransportStats(lambda: self.open_count)
        self.draining = False
