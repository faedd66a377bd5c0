"""Invites on the full-screen chat: made, shown whole, put on the clipboard, and told from one another."""

from __future__ import annotations

import pytest

from chatd.cli.chat_words import Lang
from chatd.testing import running_server
from chatd_protocol.pasted import find_invite
from tests.client.peer import in_loop
from tests.client.sitting import Sitting, at_phones, sitting, user_of

TITLE = "阿梨的厨房 · 饭友群，每周六晚上直播，欢迎大家来吃饭聊天"


def shown(here: Sitting) -> str:
    """The answer of a command as it is drawn, above the line one types in or on a sheet, its rows put together."""
    sheet = here.app.screen.query("VerticalScroll Static") if len(here.app.screen_stack) > 1 else None
    x, y, wide, high = (sheet.first() if sheet else here.app.bars["notes"]).region
    drawn = here.app.screen._compositor.render_strips()[y : y + high]
    return "".join(strip.crop(x, x + wide).text for strip in drawn).replace(" ", "")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("command", ["/invite", "/link"])
def test_what_is_to_be_copied_stands_there_whole_and_is_on_the_clipboard(
    sqlite_url: str, command: str, lang: Lang
) -> None:
    @in_loop
    async def scene() -> None:
        async with running_server(sqlite_url) as server, at_phones(server, ann="Ann") as (ann,):
            group = (await ann.create_group(TITLE)).group
            async with sitting(server, "ann", "Ann", lang, group=group) as here:
                await here.sees("1 人在线" if lang == "zh" else "1 here")
                await here.type(command)
                await here.until(lambda: "(OSC52)" in shown(here) or "OSC52才有效" in shown(here))
                handed = here.app.clipboard
                found = find_invite(handed)
                assert found is not None
                for columns in (80, 60, 120, 80):
                    await here.pilot.resize_terminal(columns, 24)
                    await here.until(lambda: handed.replace(" ", "") in shown(here))

    scene()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_invites_are_told_from_one_another(sqlite_url: str, lang: Lang) -> None:
    @in_loop
    async def scene() -> None:
        async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob="鲍勃") as (ann, bob):
            group = (await ann.create_group("Tea")).group
            await ann.add_members(group, [user_of(bob)])
            await ann.set_role(group, user_of(bob), "admin")
            async with sitting(server, "ann", "Ann", lang, group=group) as here:
                await here.sees("Tea", "2")
                ends = []
                for command in ("/invite", "/invite", "/link"):
                    before = here.app.clipboard
                    await here.type(command)
                    await here.until(lambda before=before: here.app.clipboard != before)  # type: ignore[misc]
                    found = find_invite(here.app.clipboard)
                    assert found is not None
                    ends.append(here.app.clipboard.rstrip("¥")[-7:])
                for _ in range(2):
                    await bob.create_invite(group, "code", note="for friends")
                await here.type("/invites")
                for end in ends:
                    await here.sees(f"…{end}")
                await here.sees("鲍勃", "for friends")
                rows = [row for row in here.rows if "0 次" in row or "used 0" in row]
                assert len(rows) == len(set(rows)) == 5

    scene()
