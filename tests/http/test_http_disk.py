"""What a whole server says where its disk is too full to write: in `/readyz`, in its figures, in its log."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from chatd.testing import running_server
from tests.ws.kit import on_loop

FLOOR_MB = 10


@on_loop
async def test_a_server_below_its_floor_says_so_from_its_start_until_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = [FLOOR_MB * 2**20 - 1]
    monkeypatch.setattr("chatd.app.disk_free_of", lambda url: lambda: room[0])
    url = f"sqlite:///{tmp_path}/chatd.db"
    with capture_logs() as logs:
        async with (
            running_server(url, store={"free_disk_floor_mb": FLOOR_MB}) as server,
            httpx.AsyncClient(base_url=server.http_url) as client,
        ):
            ready, figures = await client.get("/readyz"), (await client.get("/metrics")).text.splitlines()
            assert (ready.status_code, "disk" in ready.text) == (503, True)
            assert "chatd_writes_off 1.0" in figures
            assert [float(line.split()[1]) for line in figures if line.startswith("chatd_disk")] == [room[0]]
            room[0] += 1
            figures = (await client.get("/metrics")).text.splitlines()
            assert (await client.get("/readyz")).status_code == 200
            assert "chatd_writes_off 0.0" in figures
    warned = [(log["free_mb"], log["floor_mb"]) for log in logs if log["log_level"] == "warning"]
    assert warned == [(FLOOR_MB - 1, FLOOR_MB)]
