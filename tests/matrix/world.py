"""A server with everybody on it, and a run of the whole table."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from chatd.testing import TestServer, running_server
from chatd_protocol.codec import Format
from tests.e2e.town import GENEROUS, quiet_settings
from tests.matrix.asks import Case
from tests.matrix.cast import SETTINGS, Cast
from tests.matrix.drive import Driver, Run
from tests.matrix.house import build_elsewhere, build_house
from tests.matrix.table import Table
from tests.matrix.web import Web


async def run_matrix(
    url: str, folder: Path, table: Table, formats: Iterable[Format], engine: str = "chatd.store.engine:Engine"
) -> Run:
    """Drive every cell, on a server of its own. `engine` names the one that its writer runs."""
    sections: dict[str, Any] = {"limits": GENEROUS | {"connections_per_user": 1000}} | SETTINGS
    async with running_server(url, folder, engine=engine, drain_s=0.2, **quiet_settings(sections)) as server:
        return await _drive(server, table, formats)


async def _drive(server: TestServer, table: Table, formats: Iterable[Format]) -> Run:
    cast = Cast(server, formats)
    try:
        await cast.gather()
        elsewhere, shared = await asyncio.gather(build_elsewhere(cast), build_house(cast, invites=True))
        driver = Driver(cast, elsewhere, shared)
        await driver.drive(table)
        await Web(cast, Case(cast, shared, elsewhere), driver.run).drive(table)
        return driver.run
    finally:
        await cast.leave()
