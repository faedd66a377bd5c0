"""The server that the crowd meets: a process of its own, a group of any size in its database, its figures."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil

from chatd.admin.socket import call
from chatd.core.groups import CreateGroup
from chatd.core.limits import Bounds
from chatd.core.pulls import AddMembers
from chatd.core.relations import Follow
from chatd.core.users import EnsureUser
from chatd.core.wishes import AnyWish
from chatd.service.tokens import mint
from chatd.store import migrate
from chatd.store.database import connect
from chatd.store.engine import Engine
from chatd.store.outcome import Proposed
from tests.chaos.process import SECRET, ServerProcess

GROUP = "g" + "0" * 21
SMALL_BUFFERS = {
    "CHATD_WS__WRITE_HIGH_BYTES": "32768",
    "CHATD_WS__WRITE_LOW_BYTES": "8192",
    "CHATD_WS__SEND_BUFFER_BYTES": "8192",
    "CHATD_LIMITS__INFLIGHT_PER_CONNECTION": "1000",
    "CHATD_RATES__ON": "false",
}


class Town(ServerProcess):
    """`people` of them in one group, the first one its owner."""

    def __init__(self, home: Path, people: int, settings: Mapping[str, str]) -> None:
        super().__init__(f"sqlite:///{home / 'chatd.db'}", home)
        self._settings = SMALL_BUFFERS | dict(settings)
        self._home = home
        self.subs = [f"p{number:04d}" for number in range(people)]

    def environment(self) -> Mapping[str, str]:
        usual = {k: v for k, v in super().environment().items() if not k.startswith("CHATD_HUB__")}
        return usual | self._settings

    def settle(self) -> None:
        """Fill the database, before the server holds it."""
        migrate.migrate(self.url)
        database = connect(self.url)
        numbers = itertools.count(1)
        engine = Engine(database, Bounds(), lambda: time.time_ns() // 1_000_000, "seed")
        users = [f"u{number:021d}" for number in range(len(self.subs))]
        owner, others = users[0], users[1:]

        def do(wishes: list[AnyWish]) -> None:
            outcomes = engine.settle([Proposed(next(numbers), wish) for wish in wishes])
            assert all(verdict.answer is not None for outcome in outcomes for verdict in outcome.verdicts)

        do([EnsureUser(user, sub, "") for user, sub in zip(users, self.subs, strict=True)])
        do([Follow(a, f"seed{b}", b"", b, True) for other in others for a, b in ((owner, other), (other, owner))])
        do([CreateGroup(owner, "seed", b"", GROUP, "everybody", "", "all", 1000)])
        do([AddMembers(owner, "seed2", b"", GROUP, others)])
        database.close()

    def tokens(self) -> dict[str, str]:
        now_s = int(time.time())
        return {sub: mint(SECRET, sub, "", now_s, 86_400) for sub in self.subs}

    def figures(self) -> dict[str, Any]:
        """What `chatd stats` shows."""
        return call(next(self._home.glob("*.sock")), "stats")

    def closed_as_stalled(self) -> int:
        """How many connections ended with 4000 so far."""
        with urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as page:
            lines: list[str] = page.read().decode().splitlines()
        counts = [line.split()[-1] for line in lines if line.startswith('chatd_ws_closed_total{code="stalled"}')]
        return int(float(counts[0])) if counts else 0

    def resident_kib(self) -> int:
        """Memory of the process with the sockets."""
        return int(psutil.Process(self.hub_pid).memory_info().rss) // 1024
