"""At random: people come and go, write, edit and take back; what each finds is what a plain look through all they may
see finds, no more at any time, no less once the index has everything."""

from __future__ import annotations

import asyncio
import random
import re
from pathlib import Path
from typing import Any, Final

import pytest
import uvloop

from tests.e2e.phone import Denied, Phone, new_cid
from tests.e2e.test_search import QUIET, SEARCHING, indexed
from tests.e2e.town import Town, living_town

PEOPLE: Final = 7
GROUPS: Final = 6
ACTS: Final = 300
LOOKS: Final = 4
LONG_S: Final = 400
CHARS: Final = "火锅吃好今天去买茶"
WORDS: Final = ("tea", "Hot", "POT", "café", "x1")
QUERIES: Final = (*CHARS, "火锅", "今天", "吃火", "好吃火", "tea", "hot pot", '"hot pot"', "cafe 火锅", "茶tea")


def some_text(chance: random.Random) -> str:
    """Characters in runs, words between, some of them apart."""
    pieces = ["".join(chance.choices(CHARS, k=chance.randint(1, 6))) for _ in range(chance.randint(0, 3))]
    pieces += chance.choices(WORDS, k=chance.randint(0, 3))
    chance.shuffle(pieces)
    return chance.choice((" ", "，", ", ")).join(pieces) or "…"


def says(text: str, query: str) -> bool:
    """The plain look: whether a text has what is asked for. It shares nothing with the index but the meaning."""
    plain = text.lower().replace("é", "e")
    parts = [query.strip('"')] if query.startswith('"') else query.split()
    return all(_has(plain, part) for part in parts)


def _has(plain: str, part: str) -> bool:
    """Characters as they stand; words whole, with any of the separators between."""
    pieces = re.findall(r"[a-z0-9]+|[^a-z0-9 ]+", part)
    between = [rf"(?<![a-z0-9]){piece}(?![a-z0-9])" if piece.isascii() else piece for piece in pieces]
    return re.search("[ ，,]*".join(between), plain) is not None


class Crowd:
    """The people, their groups, and what was said. `live`: texts by place, as they are now."""

    def __init__(self, town: Town, chance: random.Random, phones: list[Phone]) -> None:
        self.town = town
        self.chance = chance
        self.phones = phones
        self.groups: dict[str, Phone] = {}
        self.live: dict[tuple[str, int], str] = {}
        self.by: dict[tuple[str, int], Phone] = {}
        self.looked = self.hits = 0

    async def act(self) -> None:
        """One thing that somebody does; what the rules refuse is not done."""
        chance = self.chance
        group = chance.choice(list(self.groups))
        somebody, owner = chance.choice(self.phones), self.groups[group]
        what = chance.choices(("say", "edit", "recall", "add", "kick", "leave"), (10, 3, 3, 3, 1, 1))[0]
        try:
            if what == "say":
                text = some_text(chance)
                pos = await somebody.say(group, text)
                self.live[group, pos], self.by[group, pos] = text, somebody
            elif what == "add":
                await owner.do("member.add", group=group, users=[p.user for p in chance.sample(self.phones, 2)])
            elif what == "kick":
                await owner.do("member.kick", group=group, user=somebody.user)
            elif what == "leave":
                await somebody.do("member.leave", group=group)
            elif self.live:
                await self._change(what, *chance.choice(list(self.live)))
        except Denied as refusal:
            if refusal.code not in {"not_found", "forbidden", "owner_must_stay", "not_mutual"}:
                raise

    async def _change(self, what: str, group: str, pos: int) -> None:
        place, author = (group, pos), self.by[group, pos]
        if what == "recall":
            await author.do("message.recall", group=group, pos=pos)
            del self.live[place]
        else:
            text = some_text(self.chance)
            await author.do("message.edit", group=group, pos=pos, text=text)
            self.live[place] = text

    async def seen_by(self, phone: Phone) -> dict[tuple[str, int], str]:
        """All that somebody may see, page by page, as it is now."""
        seen: dict[tuple[str, int], str] = {}
        for group in self.groups:
            before: dict[str, int] = {}
            while True:
                try:
                    page = await phone.ask("message.history", group=group, limit=200, **before)
                except Denied:
                    break
                entries = [e for e in page["entries"] if e["kind"] == "message" and "body" in e]
                seen |= {(group, e["pos"]): e["body"]["text"] for e in entries}
                if not page["more"]:
                    break
                before = {"before": page["entries"][0]["pos"]}
        return seen

    async def found_by(self, phone: Phone, query: str, **more: Any) -> list[tuple[str, int]]:
        """All hits of somebody's search; what is shown of each is what stands there now."""
        hits: list[tuple[str, int]] = []
        while True:
            try:
                page = await phone.ask("message.search", query=query, limit=self.chance.choice((1, 7, 50)), **more)
            except Denied as refusal:
                if refusal.code == "unavailable":  # the index is just being put in the place of another
                    continue
                raise
            for hit in page["hits"]:
                place = (hit["group"], hit["pos"])
                assert self.live[place] == hit["text"]
                assert hit["sender"] == self.by[place].user
                assert hit["highlights"]
                hits.append(place)
            if "more" not in page:
                return hits
            more["cursor"] = page["more"]

    async def look(self, complete: bool) -> None:
        """Everybody searches. Nothing may be found that is not seen; `complete`: and nothing seen be missed."""
        for phone in self.phones:
            seen = await self.seen_by(phone)
            assert seen.items() <= self.live.items()
            for query in self.chance.sample(QUERIES, 8):
                group = self.chance.choice((None, *self.groups)) if self.chance.random() < 0.3 else None
                expected = {place for place, text in seen.items() if says(text, query) and group in (None, place[0])}
                if group is not None and group not in {g for g, _ in seen} and not expected:
                    continue
                hits = await self.found_by(phone, query, **({"group": group} if group else {}))
                assert len(set(hits)) == len(hits)
                assert set(hits) <= expected, (query, "found what is not to be seen", set(hits) - expected)
                if complete:
                    assert set(hits) == expected, (query, "missed", expected - set(hits))
                self.looked += 1
                self.hits += len(hits)


async def make_crowd(town: Town, chance: random.Random) -> Crowd:
    phones = await town.people(*(f"p{n}" for n in range(PEOPLE)))
    crowd = Crowd(town, chance, phones)
    for index, phone in enumerate(phones):
        await town.befriend(phone, *phones[index + 1 :])
    for _ in range(GROUPS):
        owner = chance.choice(phones)
        rule = chance.choice(("none", "all", "last:3"))
        made = await owner.ask("group.create", cid=new_cid(), kind="private", title="T", history=rule)
        crowd.groups[made["group"]] = owner
    return crowd


@pytest.mark.promise("P7", "search")
@pytest.mark.promise("P9", "search")
def test_everybody_finds_what_they_may_see_and_nothing_else(store_url: str, tmp_path: Path) -> None:
    uvloop.run(asyncio.wait_for(_live_and_search(store_url, tmp_path), LONG_S))


async def _live_and_search(store_url: str, tmp_path: Path) -> None:
    chance = random.Random(20)
    sections = {"search": SEARCHING["search"] | {"portion_entries": 50}} | QUIET
    async with living_town(store_url, tmp_path, **sections) as town:
        crowd = await make_crowd(town, chance)
        for look in range(LOOKS):
            for _ in range(ACTS // LOOKS):
                await crowd.act()
            await asyncio.gather(*(phone.settle() for phone in crowd.phones))
            if look % 2:
                await crowd.look(complete=False)  # however far the index is
            await indexed(town)
            await crowd.look(complete=True)
        search = town.server.hub.search
        assert search is not None
        generation = search.status.generation
        search.rebuild()
        await crowd.look(complete=False)
        while search.status.generation == generation:
            await search.moved(0.05)
        await indexed(town)
        await crowd.look(complete=True)
        assert crowd.looked > 200
        assert crowd.hits > 500
        print(f"{crowd.looked} searches, {crowd.hits} hits, {len(crowd.live)} messages")
