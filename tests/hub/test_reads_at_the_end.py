"""Read positions when a server stops in good order: none is forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatd.testing import running_server
from tests.e2e.town import Town, on_loop


@on_loop
@pytest.mark.promise("P4", "reads.stop")
async def test_what_was_read_while_a_portion_was_on_its_way_is_stored_too(sqlite_url: str, tmp_path: Path) -> None:
    async with running_server(sqlite_url, tmp_path, hub={"read_flush_s": 3600.0}) as server:
        town = Town(server)
        ann, bob = await town.people("ann", "bob")
        group = await town.group_of(ann, bob)
        last = 0
        for number in range(3):
            last = await ann.say(group, str(number))
        await bob.up_to(group, last)
        await bob.ask("read.mark", group=group, seq=1)
        server.hub.reads.save(server.link)  # on its way now
        server.hub.reads.move(group, bob.user, 3)
        await server.hub.stop()
        assert len(server.hub.reads) == 0
        await town.leave()
    async with running_server(sqlite_url, tmp_path) as server:
        town = Town(server)
        again = await town.phone_of(bob.sub, "phone")
        assert (await again.line(group))["read"] == 3
        await town.leave()
