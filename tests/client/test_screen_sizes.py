"""The full-screen chat when its window becomes wider or narrower."""

from __future__ import annotations

import pytest

from chatd.cli.chat_words import Lang
from chatd.testing import running_server
from tests.client.peer import in_loop
from tests.client.sitting import at_phones, sitting, user_of

LONG = "石榴红了，今年的果子又大又甜。 Pomegranates are red and sweet this year. "


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_long_messages_are_drawn_in_every_width(sqlite_url: str, lang: Lang) -> None:
    @in_loop
    async def scene() -> None:
        async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob="鲍勃") as (ann, bob):
            group = (await bob.create_group("Tea")).group
            await bob.add_members(group, [user_of(ann)])
            for number in range(12):
                await bob.send(group, LONG * 4 + f"no.{number}")
            async with sitting(server, "ann", "Ann", lang=lang, group=group) as here:
                await here.sees("no.11")
                for columns in (120, 80, 100, 60, 200, 80):
                    await here.pilot.resize_terminal(columns, 24)
                    await here.sees("no.11")

    scene()
