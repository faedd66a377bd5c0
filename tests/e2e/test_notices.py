"""What the operator posts in somebody's name: it says nothing of what that person has read, or of where they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatd.store.database import connect
from chatd.store.verify import verify
from chatd_protocol.codec import Format
from tests.e2e.bot_kit import group_with
from tests.e2e.town import living_town, on_loop


@on_loop
@pytest.mark.parametrize("fmt", ["json", "msgpack"])
async def test_a_post_in_somebodys_name_moves_nothing_that_they_have_read(
    store_url: str, tmp_path: Path, fmt: Format
) -> None:
    async with living_town(store_url, tmp_path) as town:
        ann, ben, group = await group_with(town, await town.bot())
        stranger = await town.person("eve")
        first = await ann.say(group, "hello")
        await ben.up_to(group, first)
        assert (await ben.line(group))["unread"] == 1
        post = {"group": group, "kind": "text", "body": {"text": "an offer"}}
        await town.act("group.notice", sub=ben.sub, **post)
        last = (await town.act("group.notice", sub=stranger.sub, **post))["pos"]
        await ben.up_to(group, last)
        await ann.up_to(group, last)
        line = await ben.line(group)
        assert (line["read"], line["unread"]) == (0, 3)
        again = await town.phone_of(ben.sub, "tablet", fmt)
        assert (again.hello["groups"][0]["read"], again.hello["groups"][0]["unread"]) == (0, 3)
        await ben.say(group, "thanks")
        assert (await ben.line(group))["unread"] == 0
    database = connect(store_url)
    assert verify(database).problems == []
    database.close()
