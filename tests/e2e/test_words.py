"""The word list over the wire: what is refused, what is covered, and what a repetition gets after it changed."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest

from chatd.admin.socket import AdminError, call
from chatd_protocol.codec import Format
from tests.e2e.phone import new_cid
from tests.e2e.town import Town, living_town, on_loop


async def reload(town: Town) -> dict[str, int]:
    """As `chatd words reload` does."""
    path = town.server.config.admin_socket_path()
    done: dict[str, int] = await asyncio.to_thread(partial(call, path, "words.reload"))
    return done


@on_loop
async def test_words_are_refused_or_covered_everywhere(store_url: str, tmp_path: Path) -> None:
    listed = tmp_path / "words.txt"
    listed.write_text("赌博\nweixin\tmask\n", encoding="utf-8")
    async with living_town(store_url, tmp_path, words={"files": (str(listed),), "tell": True}) as town:
        formats: tuple[Format, Format] = ("json", "msgpack")
        ann, bob = [await town.person(name, fmt=fmt) for name, fmt in zip(("ann", "bob"), formats, strict=True)]
        group = await town.group_of(ann, bob)
        for phone in (ann, bob):
            refused = await phone.denied(
                "message.send", cid=new_cid(), group=group, kind="text", body={"text": "来 赌\u200b博 吧"}
            )
            assert (refused.code, refused.details) == ("blocked", {"path": "$.data.body.text", "words": ["赌\u200b博"]})
        pos = await ann.say(group, "my ＷｅｉＸｉｎ 😀")
        entry = (await bob.up_to(group, pos))[-1]
        assert entry["body"]["text"] == "my ****** 😀"
        assert (await ann.denied("message.edit", cid=new_cid(), group=group, pos=pos, text="赌博")).code == "blocked"
        edited = (await ann.do("message.edit", group=group, pos=pos, text="weixin!"))["pos"]
        assert (await bob.up_to(group, edited))[-1]["body"]["text"] == "******!"
        nicked = await ann.denied("nickname.set", cid=new_cid(), group=group, nickname="赌博")
        assert nicked.details["path"] == "$.data.nickname"
        assert (await ann.ask("draft.save", group=group, text="赌博"))["group"] == group, "not said yet"
        assert (await ann.denied("group.update", cid=new_cid(), group=group, title="赌博群")).details[
            "path"
        ] == "$.data.title"
        assert (
            await ann.denied("group.create", cid=new_cid(), kind="private", title="x", intro="赌博")
        ).code == "blocked"


@on_loop
async def test_a_repetition_gets_the_first_answer_whatever_the_list_says_by_then(
    store_url: str, tmp_path: Path
) -> None:
    listed = tmp_path / "words.txt"
    listed.write_text("one\tmask\n", encoding="utf-8")
    async with living_town(store_url, tmp_path, words={"files": (str(listed),)}) as town:
        ann = await town.person("ann")
        group = await town.group_of(ann)
        cid, late = new_cid(), new_cid()
        pos = await ann.say(group, "one two", cid=cid)
        listed.write_text("two\n", encoding="utf-8")
        assert await reload(town) == {"words": 1, "before": 1}
        assert await ann.say(group, "one two", cid=cid) == pos
        assert (await ann.history(group))[-1]["body"]["text"] == "*** two"
        blocked = {"group": group, "kind": "text", "body": {"text": "two"}, "cid": late}
        assert (await ann.denied("message.send", **blocked)).code == "blocked"
        assert (await ann.denied("message.send", **(blocked | {"cid": cid}))).code == "conflict"
        listed.write_text("three\tboth\n", encoding="utf-8")
        with pytest.raises(AdminError, match=r"words\.txt:1"):
            await reload(town)
        assert (await ann.denied("message.send", **blocked)).code == "blocked", "the list stays as it was"
        listed.write_text("", encoding="utf-8")
        await reload(town)
        assert (await ann.ask("message.send", **blocked))["pos"] == pos + 1, "a refusal is not remembered"
        figures = town.server.hub.figures()
        assert (figures["words"], figures["words_blocked"], figures["words_masked"]) == (0, 4, 1)
