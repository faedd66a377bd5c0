"""Broadcasts in the store: steps that were interrupted, what verify makes of it, and which groups are aimed at."""

from __future__ import annotations

from typing import Any

from chatd.core.broadcasts import (
    AimBroadcast,
    DeliverBroadcast,
    ForgetBroadcast,
    PlanBroadcast,
    PostNotice,
    StartBroadcast,
)
from chatd.core.profiles import SetTag
from chatd.store import broadcasts as stored
from chatd.store.readers import Reader, Readers
from tests.store.kit import Store, dissolve, leave, new_cid, recall, run, send
from tests.store.test_store_invites import problems

BODY = {"text": "Spring sale 春"}


def read(store: Store, what: Any) -> Any:
    async def reading() -> Any:
        readers = Readers(store.url, 1)
        await readers.open()
        try:
            async with readers.snapshot() as reader:
                return await what(reader)
        finally:
            await readers.close()

    return run(reading())


def started(store: Store, *groups: str) -> None:
    store.done(PlanBroadcast("b", "x", "text", "shop", BODY))
    store.done(AimBroadcast("b", list(groups)), StartBroadcast("b"))


def test_a_broadcast_goes_out_in_steps_that_outlive_restarts_each_group_once(tea: Store) -> None:
    tea.people("shop")
    tea.found("coffee", "ann", "ben")
    started(tea, "coffee", "nowhere", "tea")

    async def waiting(reader: Reader) -> list[str]:
        return await stored.waiting_groups(reader, "b", 2)

    assert read(tea, waiting) == ["coffee", "nowhere"]
    step = DeliverBroadcast("b", "text", BODY, "shop", ["coffee", "nowhere"])
    tea.done(step)
    tea.reopen()
    tea.done(step, DeliverBroadcast("b", "text", BODY, "shop", ["tea"]), step)
    assert read(tea, waiting) == []
    tea.done(DeliverBroadcast("b", "text", BODY, "shop", []))

    async def look(reader: Reader) -> Any:
        return (
            [(one.group_id, one.result) for one in await stored.results_page(reader, "b", "", 9)],
            [(one.state, one.sent, one.refused, one.body) for one in await stored.broadcasts_page(reader, "", 9)],
            await stored.running(reader, 9),
        )

    results, broadcasts, running = read(tea, look)
    assert results == [("coffee", "sent"), ("nowhere", "not_found"), ("tea", "sent")]
    assert (broadcasts, running) == ([("done", 2, 1, {})], [])
    assert tea.rows("SELECT count(*) FROM entries WHERE actor = 'shop'") == [(2,)]
    tea.done(send("ben", "tea"))
    assert problems(tea) == []
    tea.database.run("UPDATE broadcasts SET sent = 3")
    assert problems(tea) == ["broadcasts: b counts groups that are not those kept for it"]
    tea.database.run("DELETE FROM broadcasts")
    assert problems(tea) == ["broadcast_groups: b is no broadcast"]


def test_verify_tells_a_post_of_the_operator_from_one_of_nobody_who_was_in(tea: Store) -> None:
    tea.people("shop")
    tea.done(PostNotice("tea", "shop", "notice", BODY, new_cid()), PostNotice("tea", "ann", "text", BODY, new_cid()))
    own = tea.rows("SELECT pos FROM entries WHERE actor = 'ann' AND kind = 'message'")[0][0]
    tea.done(recall("ann", "tea", own))
    assert problems(tea) == []
    tea.database.run("""UPDATE entries SET body = replace(body, ',"operator":true', '') WHERE actor = 'shop'""")
    assert any("who was not in the group" in problem for problem in problems(tea))


def test_all_groups_or_those_with_somebody_who_has_a_tag_are_aimed_at(tea: Store) -> None:
    tea.people("cat", "dan")
    for group in ("a", "b", "c"):
        tea.found(group, "ann", "cat", "dan")
    tea.done(dissolve("ann", "c"), leave("cat", "b"))
    tea.done(SetTag("cat", "seller%", None, True), SetTag("dan", "seller%", tea.now_ms - 1, True))

    async def look(reader: Reader) -> Any:
        every = await stored.groups_to_aim_at(reader, None, tea.now_ms, "", 2)
        rest = await stored.groups_to_aim_at(reader, None, tea.now_ms, every[1] or "", 2)
        tagged = await stored.groups_to_aim_at(reader, "seller%", tea.now_ms, "", 9)
        nobody = await stored.groups_to_aim_at(reader, "seller", tea.now_ms, "", 9)
        return every, rest, tagged, nobody

    assert read(tea, look) == ((["a", "b"], "b"), (["tea"], None), (["a"], None), ([], None))


def test_every_step_of_forgetting_leaves_a_whole_database(tea: Store) -> None:
    tea.people("shop")
    tea.found("coffee", "ann", "ben")
    started(tea, "coffee", "nowhere", "tea")
    tea.done(PlanBroadcast("other", "x", "text", "shop", BODY), AimBroadcast("other", ["tea"]))
    tea.done(DeliverBroadcast("b", "text", BODY, "shop", ["coffee", "nowhere", "tea"]))
    tea.done(DeliverBroadcast("b", "text", BODY, "shop", []))
    ended = tea.now_ms
    tea.now_ms += 1000
    steps = [(ended, ["tea"]), (ended + 1, ["nowhere"]), (ended + 1, ["coffee", "tea"]), (ended + 1, [])]
    for before, groups in steps:
        tea.done(ForgetBroadcast("b", before, groups))
        tea.reopen()
        assert problems(tea) == []
    assert tea.rows("SELECT broadcast_id, state FROM broadcasts") == [("other", "planned")]
    assert tea.rows("SELECT broadcast_id, group_id FROM broadcast_groups") == [("other", "tea")]
    assert tea.rows("SELECT count(*) FROM entries WHERE actor = 'shop'") == [(2,)], "what was posted stays"
