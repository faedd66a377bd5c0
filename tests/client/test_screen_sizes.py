"""The full-screen chat when its window becomes wider or narrower."""

from __future__ import annotations

import pytest

from chatd.cli.chat_words import Lang
from chatd.testing import running_server
from tests.client.peer import in_loop
from tests.client.sitting import Sitting, at_phones, sitting, user_of

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


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_panes_are_as_before_when_the_window_has_its_width_back(sqlite_url: str, lang: Lang) -> None:
    @in_loop
    async def scene() -> None:
        async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob="鲍勃") as (ann, bob):
            group = (await bob.create_group("Tea")).group
            await bob.add_members(group, [user_of(ann)])
            await bob.send(group, "hello")
            async with sitting(server, "ann", "Ann", lang=lang, size=(120, 24), group=group) as here:
                await here.sees("● 鲍勃")
                await here.sees_no("(1)")
                wide = here.text
                await here.pilot.resize_terminal(80, 24)
                await here.sees_no("● 鲍勃")
                narrow = here.text
                await here.pilot.resize_terminal(120, 24)
                await here.until(lambda: here.text == wide)
                await here.press("f4")
                await here.sees_no("● 鲍勃")
                await here.pilot.resize_terminal(80, 24)
                await here.until(lambda: here.text == narrow)
                await here.press("f4")
                await here.sees("● 鲍勃")
                await here.pilot.resize_terminal(120, 24)
                await here.sees_no("● 鲍勃")

    scene()


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("columns", [60, 80])
def test_what_stands_on_top_and_is_cut_names_the_key_that_shows_it_whole(
    sqlite_url: str, columns: int, lang: Lang
) -> None:
    hint = "F4 全文" if lang == "zh" else "F4 all"

    @in_loop
    async def scene() -> None:
        async with running_server(sqlite_url) as server, at_phones(server, ann="Ann") as (ann,):
            group = (await ann.create_group("Tea")).group
            await ann.announce(group, LONG + "the very end")
            async with sitting(server, "ann", "Ann", lang, size=(columns, 24), group=group) as here:
                row = await here.sees("石榴红了", "…", hint)
                assert row.rstrip().endswith(hint)
                await here.press("f4")
                if columns == 60:
                    await here.sees("│ 详情" if lang == "zh" else "│ Details")
                await here.until(lambda: "theveryend" in in_panes(here))
                await here.press("escape" if columns == 60 else "f4")
                await here.sees("石榴红了", "…", hint)
                await ann.announce(group, "short")
                await here.sees("short")
                await here.sees_no(hint)

    scene()


def in_panes(here: Sitting) -> str:
    """What is drawn from the right edge to the last line between panes, without spaces."""
    return "".join(row.rstrip(" │").rpartition("│")[2].replace(" ", "") for row in here.rows)
