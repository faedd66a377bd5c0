"""What the full-screen chat shows while older messages go by age, and where it leads from what still names them."""

from __future__ import annotations

from chatd.core.retention import CutLog
from chatd.testing import TestServer, running_server
from tests.client.peer import in_loop
from tests.client.sitting import at_phones, sitting


async def let_go(server: TestServer, group: str, upto: int) -> None:
    """What a run does: everything up to there goes, and those who look on are told."""
    verdict = await server.hub.link.ask(CutLog(group, 0, upto, True))
    assert verdict.answer is not None
    assert verdict.answer["floor"] == upto
    server.retention._tell(group)


@in_loop
async def test_what_went_is_shown_nowhere_and_what_is_pinned_is_still_gone_to(sqlite_url: str) -> None:
    async with running_server(sqlite_url) as server, at_phones(server, ann="Ann", bob="Bob") as (ann, bob):
        ann_id = ann.hello.user if ann.hello else ""
        tea, pots = [(await bob.create_group(title)).group for title in ("Tea", "Pots")]
        for group in (tea, pots):
            await bob.add_members(group, [ann_id])
        said = [(await bob.send(tea, f"old {number}")).pos for number in range(8)]
        await bob.pin(tea, said[1])
        answer = await bob.send(tea, "an answer", reply_to=said[3])
        gone = (await bob.send(pots, "old pot")).pos
        async with sitting(server, "ann", "Ann", "zh", group=tea) as here:
            await here.sees("3", "Bob：old 3")
            await here.sees("Bob：old pot")
            await let_go(server, pots, gone)
            await here.sees_no("old pot")
            await here.sees_no("(1)")
            await let_go(server, tea, answer.pos - 1)
            await here.sees("这个聊天较早的消息已过保留期限")
            await here.until(lambda: not any("old" in row for row in here.conversation))
            await here.press("up", "q")
            await here.sees(f"消息 {said[3]} 已不再保留")
            await here.hears("an answer")
            await here.press("escape")
            await here.type("/pins")
            await here.sees("置顶消息")
            await here.press("enter")
            await here.hears("old 1")
            await here.hears("an answer")
            assert here.app.timeline.chosen == said[1]
