"""Finding messages: what is found, what never is, and what the answer says about itself."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chatd_protocol.codec import Format
from tests.e2e.phone import PATIENCE_S, Phone
from tests.e2e.stage import Stage, open_stage, url_of
from tests.e2e.town import GENEROUS, Town, a_millisecond_later, living_town, on_loop
from tests.hub.kit import held_reads

SEARCHING: dict[str, Any] = {"search": {"follow_every_s": 0.01}}
QUIET: dict[str, Any] = {"hub": {"read_flush_s": 3600.0}}
"""No commits but those that a story makes."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server that searches."""
    folder = tmp_path_factory.mktemp("searching")
    with open_stage(url_of(request.param, folder, request), folder, limits=GENEROUS, **SEARCHING, **QUIET) as stage:
        yield stage


async def indexed(town: Town) -> None:
    """Wait until the index has everything."""
    search = town.server.hub.search
    assert search is not None
    async with asyncio.timeout(PATIENCE_S):
        await search.caught_up()


async def found(town: Town, phone: Phone, query: str, **more: Any) -> list[tuple[str, int]]:
    """Where everything is that a search finds, over all pages, once the index has everything."""
    await indexed(town)
    hits: list[tuple[str, int]] = []
    while True:
        page = await phone.ask("message.search", query=query, **more)
        assert "lag" not in page
        hits += [(hit["group"], hit["pos"]) for hit in page["hits"]]
        if "more" not in page:
            return hits
        more["cursor"] = page["more"]


@pytest.mark.parametrize("fmt", ["json", "msgpack"])
async def test_a_word_of_two_characters_is_found_in_the_middle_of_a_sentence(town: Town, fmt: Format) -> None:
    ann = await town.person("ann", fmt=fmt)
    group = await town.group_of(ann)
    pos = await ann.say(group, "今天晚上去吃火锅吧，hello everybody")
    await ann.say(group, "火车上没有锅")
    await indexed(town)
    page = await ann.ask("message.search", query="火锅", group=group)
    (hit,) = page["hits"]
    assert (hit["group"], hit["pos"], hit["sender"], hit["type"]) == (group, pos, ann.user, "text")
    begin, end = hit["highlights"][0]
    assert hit["text"][begin:end] == "火锅"
    assert hit["length"] == len("今天晚上去吃火锅吧，hello everybody")
    assert await found(town, ann, "锅") == [(group, pos + 1), (group, pos)]
    assert await found(town, ann, "HELLO 晚上") == [(group, pos)]
    assert await found(town, ann, "hello 晚饭") == []
    assert await found(town, ann, "ｈｅｌｌｏ") == [(group, pos)]
    assert await found(town, ann, '"hello everybody"') == [(group, pos)]
    assert await found(town, ann, '"everybody hello"') == []


async def test_nothing_that_is_typed_reaches_the_index_as_anything_but_words(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    pos = await ann.say(group, "tokens OR near x")
    found_by = {text: [(group, pos)] for text in ("x*", "'x", "x'", "^x", "x\\", "tokens OR", "OR near")}
    words = ("tokens:x", "x OR y", "NOT x", "{tokens}:x", "near(x)", "tok*", f"@{bob.user}", f"@{ann.user}", "!text =1")
    asked = found_by | {text: [] for text in words}
    assert {text: await found(town, ann, text, group=group) for text in asked} == asked | {"near(x)": [(group, pos)]}
    for text in ("!!", "“”", "，。", '""'):
        assert (await ann.denied("message.search", query=text)).code == "invalid", text


async def test_a_search_can_be_narrowed(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    one, other = await town.group_of(ann, bob), await town.group_of(ann, bob)
    first = await ann.say(one, "早上好 one")
    a_millisecond_later()
    second = await bob.say(one, "早上好 two")
    a_millisecond_later()
    third = await ann.say(other, "早上好 three")
    everything = [(other, third), (one, second), (one, first)]
    assert await found(town, bob, "早上") == everything
    assert await found(town, bob, "早上", group=one) == everything[1:]
    assert await found(town, bob, "早上", sender=ann.user) == [everything[0], everything[2]]
    assert await found(town, bob, "早上", kind="text") == everything
    assert await found(town, bob, "早上", kind="voice") == []
    at = {e["pos"]: e["at"] for e in await bob.history(one) if e["kind"] == "message"}
    assert await found(town, bob, "早上", group=one, before=at[first] - 1) == []
    assert (one, first) in await found(town, bob, "早上", group=one, before=at[first])
    assert (one, second) in await found(town, bob, "早上", group=one, after=at[second])
    assert await found(town, bob, "早上", group=one, after=at[second] + 1) == []


async def test_pages_go_on_where_the_one_before_ended(town: Town) -> None:
    (ann,) = await town.people("ann")
    group = await town.group_of(ann)
    said = [await ann.say(group, f"苹果 {number}") for number in range(23)]
    assert await found(town, ann, "苹果", limit=7) == [(group, pos) for pos in reversed(said)]
    first = await ann.ask("message.search", query="苹果", limit=7)
    await ann.say(group, "苹果 later")
    await indexed(town)
    second = await ann.ask("message.search", query="苹果", limit=7, cursor=first["more"])
    assert [hit["pos"] for hit in second["hits"]] == said[-8:-15:-1]
    assert (await ann.denied("message.search", query="苹果", cursor="9" * 19)).code == "invalid"


async def test_a_phrase_is_found_behind_many_messages_that_only_have_its_pairs(town: Town) -> None:
    ann = await town.person("ann")
    group = await town.group_of(ann)
    pos = await ann.say(group, "甲乙丙")
    for _ in range(12):
        await asyncio.gather(*(ann.say(group, "乙丙 甲乙") for _ in range(10)))
    await indexed(town)
    page = await ann.ask("message.search", query="甲乙丙", limit=1)
    assert [hit["pos"] for hit in page["hits"]] == [pos]


@pytest.mark.promise("P9", "search")
async def test_what_is_recalled_is_not_found_and_what_is_edited_is_found_as_it_is_now(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    recalled = await ann.say(group, "秘密消息 alpha")
    edited = await ann.say(group, "秘密消息 beta")
    assert await found(town, bob, "秘密") == [(group, edited), (group, recalled)]
    await ann.do("message.recall", group=group, pos=recalled)
    await ann.do("message.edit", group=group, pos=edited, text="公开消息 gamma")
    # Gone at once, however far the index is.
    page = await bob.ask("message.search", query="秘密")
    assert page["hits"] == []
    for query, hits in (("秘密", []), ("alpha", []), ("beta", []), ("公开", [(group, edited)])):
        assert await found(town, bob, query) == hits


async def test_the_program_beside_the_server_is_nicer_than_it(town: Town) -> None:
    await indexed(town)
    search = town.server.hub.search
    assert search is not None
    assert search.pid is not None
    assert os.getpriority(os.PRIO_PROCESS, search.pid) == 19


@pytest.mark.promise("P9", "search")
async def test_what_is_recalled_while_the_answer_is_being_read_is_not_in_it(town: Town) -> None:
    ann, bob, group, pos = await town.two_who_read("即将撤回")
    await indexed(town)
    with held_reads(town.server.hub) as reads:
        asked = bob.send("message.search", query="即将撤回", group=group)
        await asyncio.wait_for(reads.begun.wait(), PATIENCE_S)
        gone = (await ann.do("message.recall", group=group, pos=pos))["pos"]
        await bob.up_to(group, gone)
        reads.go.set()
        page = await bob.answer_to(asked)
    assert page["hits"] == []


@pytest.mark.promise("P7", "search")
@pytest.mark.parametrize("how", ["member.leave", "member.kick"])
async def test_who_is_out_finds_nothing_of_the_group(town: Town, how: str) -> None:
    ann, bob, eve = await town.people("ann", "bob", "eve")
    group = await town.group_of(ann, bob)
    pos = await ann.say(group, "内部消息")
    assert await found(town, bob, "内部") == [(group, pos)]
    assert await found(town, eve, "内部") == []
    if how == "member.leave":
        await bob.do(how, group=group)
    else:
        await ann.do(how, group=group, user=bob.user)
    await bob.own("removed", group)
    assert await found(town, bob, "内部") == []
    refused = [(await phone.denied("message.search", query="内部", group=group)).error for phone in (bob, eve)]
    nowhere = (await eve.denied("message.search", query="内部", group="g" + "x" * 22)).error
    assert refused == [nowhere, nowhere]
    assert nowhere["code"] == "not_found"


@pytest.mark.promise("P7", "search")
async def test_nothing_from_before_ones_time_is_found_neither_after_coming_back(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann)
    early = await ann.say(group, "从前的话")
    await town.befriend(ann, bob)
    joined = (await ann.do("member.add", group=group, users=[bob.user]))["pos"]
    await bob.up_to(group, joined)
    later = await ann.say(group, "后来的话", reply_to=early)
    await bob.up_to(group, later)
    assert await found(town, bob, "从前") == []
    assert await found(town, bob, "的话") == [(group, later)]
    await ann.do("message.edit", group=group, pos=early, text="从前的话 edited")
    assert await found(town, bob, "edited") == []
    await bob.do("member.leave", group=group)
    again = (await ann.do("member.add", group=group, users=[bob.user]))["pos"]
    await bob.up_to(group, again)
    assert await found(town, bob, "的话") == []
    assert await found(town, ann, "的话") == [(group, later), (group, early)]


@on_loop
async def test_searches_are_rated(sqlite_url: str, tmp_path: Path) -> None:
    sections: dict[str, Any] = SEARCHING | {"rates": {"search": "1/min, burst 2"}}
    async with living_town(sqlite_url, tmp_path, **sections) as town:
        ann = await town.person("ann")
        await indexed(town)
        for _ in range(2):
            await ann.ask("message.search", query="x")
        refused = await ann.denied("message.search", query="x")
        assert refused.code == "rate_limited"
        assert refused.error["retry_after"] > 1


@on_loop
async def test_too_many_words_are_too_many_and_a_server_without_search_says_so(sqlite_url: str, tmp_path: Path) -> None:
    sections: dict[str, Any] = {"search": SEARCHING["search"] | {"terms_max": 3}}
    async with living_town(sqlite_url, tmp_path, **sections) as town:
        ann = await town.person("ann")
        await indexed(town)
        refused = await ann.denied("message.search", query="一二三四")
        assert (refused.code, refused.details) == ("limit", {"bound": "search.terms_max", "max": 3})
        assert (await ann.ask("message.search", query="一二三"))["hits"] == []
    async with living_town(sqlite_url, tmp_path) as town:
        ann = await town.person("ann")
        assert (await ann.denied("message.search", query="x")).code == "unknown_op"


async def test_a_notice_is_found_by_its_words_and_has_no_number(town: Town) -> None:
    ann = await town.person("ann")
    group = await town.group_of(ann)
    placed = await ann.do("message.send", group=group, kind="notice", body={"text": "春节放假通知"})
    assert await found(town, ann, "放假", group=group, kind="notice") == [(group, placed["pos"])]
    (hit,) = (await ann.ask("message.search", query="放假", group=group))["hits"]
    assert (hit["type"], "seq" in hit) == ("notice", False)
