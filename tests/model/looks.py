"""What a newcomer's device asks for beside the lists that everybody reads: one look per noun, compared with the world.

Knows how to ask and what to compare with; nothing here changes anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from tests.model import judge, views, views_sections
from tests.model.device import Device
from tests.model.rules import Group, Json

if TYPE_CHECKING:
    from tests.model.play import Play

Look = Callable[[Device, str], Awaitable[None]]
"""By a new device of somebody."""
FOUND_S = 30.0
QUERIES = (["果"], ["苹果派"], ["tea"], ["time"], ["tea", "第"], ["茶壶"], ["派", "第"])


class Looks:
    """The looks of one run. `of` names those that a theme is about."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self._turn = 0

    def of(self, theme: str) -> Look | None:
        return {
            "invites": self.at_invites,
            "requests": self.at_invites,
            "bans": self.at_invites,
            "pulls": self.at_invites,
            "public": self.at_public,
            "mentions": self.at_mentions,
            "boards": self.at_boards,
            "contacts": self.at_contacts,
            "receipts": self.at_receipts,
            "sections": self.at_sections,
            "search": self.at_search,
            "cards": self.at_boards,
            "retention": self.at_what_is_kept,
        }.get(theme)

    async def _ask(self, probe: Device, op: str, data: Json) -> tuple[str, Json]:
        number = probe.ask(op, data)
        await self._play.stage.settle(self._play)
        return probe.verdict(number)

    def _same(self, got: Any, expected: Any, what: str) -> None:
        judge.same(got, expected, what, timeless=self._play.stage.timeless)

    def _places(self, user: str) -> list[Group]:
        return views.places(self._play.world, user)

    async def at_invites(self, probe: Device, user: str) -> None:
        """Invites, requests, bans and who brought whom; what those without the right are told."""
        world, now = self._play.world, self._play.stage.now_ms()
        for group in self._places(user):
            boss = group.role(user) in ("owner", "admin")
            by_id = lambda one: one["invite"]  # noqa: E731
            _, own = await self._ask(probe, "invite.list", {"group": group.id})
            expected = sorted(views.invites(world, group, user, now), key=by_id)
            self._same(sorted(own["invites"], key=by_id), expected, f"own invites of {group.id}")
            code, every = await self._ask(probe, "invite.list", {"group": group.id, "all": True})
            self._same(code, "ok" if boss else "forbidden", "invite.list")
            if boss:
                expected = sorted(views.invites(world, group, None, now), key=by_id)
                self._same(sorted(every["invites"], key=by_id), expected, f"invites of {group.id}")
            for by in (None, *sorted(group.brought)):
                code, shown = await self._ask(probe, "invite.tree", {"group": group.id} | ({"user": by} if by else {}))
                branch = ("ok", views.tree(group, by)) if boss else ("forbidden", None)
                self._same((code, shown.get("people")), branch, f"tree of {group.id}")
            await self._at_requests(probe, user, group, boss, now)
        _, shown = await self._ask(probe, "invite.received", {})
        got = sorted(shown["invites"], key=lambda one: str(one["invite"]))
        self._same(got, views.received(world, user, now), f"invites to {user}")
        await self._preview(probe, user, now)

    async def _at_requests(self, probe: Device, user: str, group: Group, boss: bool, now: int) -> None:
        world = self._play.world
        may = world.may_admit(group, user)
        code, shown = await self._ask(probe, "request.list", {"group": group.id})
        by_user = lambda one: str(one["user"])  # noqa: E731
        got = (code, sorted(shown.get("requests", []), key=by_user))
        expected = ("ok", sorted(views.requests(world, group, now), key=by_user)) if may else ("forbidden", [])
        self._same(got, expected, f"requests of {group.id}")
        code, shown = await self._ask(probe, "member.bans", {"group": group.id})
        bans = [group.bans[one] for one in sorted(group.bans)]
        may = boss and group.kind != "direct"
        self._same((code, shown.get("bans", [])), ("ok", bans) if may else ("forbidden", []), f"bans of {group.id}")

    async def _preview(self, probe: Device, user: str, now: int) -> None:
        """What every invite would lead this person to."""
        world = self._play.world
        for invite in world.invites.values():
            named: Json = {"secret": invite.secret} if invite.secret else {"invite": invite.id}
            group = world.groups[invite.group]
            good = world.named_invite(user, named) and (group.stay(user) or world.admits(invite, user, now))
            code, shown = await self._ask(probe, "invite.preview", named)
            self._same(code, "ok" if good else "invite_invalid", f"preview of {invite} for {user}")
            if good:
                got = (shown["title"], shown["members"], shown["inviter"], shown.get("group"))
                inside = group.id if group.stay(user) else None
                self._same(got, (group.title, len(group.people()), invite.maker, inside), "preview")

    async def at_public(self, probe: Device, user: str) -> None:
        """Public groups by a word of their title."""
        for word in ("苹果", "public"):
            _, shown = await self._ask(probe, "group.find", {"text": word, "limit": 200})
            got = sorted(shown["groups"], key=lambda one: str(one["group"]))
            self._same(got, views.found_groups(self._play.world, user, word), f"groups with {word}")

    async def at_boards(self, probe: Device, user: str) -> None:
        """Pins and featured posts."""
        for group in self._places(user):
            _, shown = await self._ask(probe, "pin.list", {"group": group.id})
            self._same(shown, {"pins": views.pins(group, user), "as_of": group.head}, f"pins of {group.id}")
            _, shown = await self._ask(probe, "feature.list", {"group": group.id})
            expected = {"posts": views.featured(group, user), "as_of": group.head}
            self._same(shown, expected, f"featured of {group.id}")

    async def at_what_is_kept(self, probe: Device, user: str) -> None:
        """Everything that shows messages beside the log."""
        await self.at_boards(probe, user)
        await self.at_mentions(probe, user)
        await self.at_search(probe, user)

    async def at_mentions(self, probe: Device, user: str) -> None:
        """Where somebody was mentioned."""
        _, shown = await self._ask(probe, "mention.list", {"limit": 200})
        place = lambda one: (str(one["group"]), one["entry"]["pos"])  # noqa: E731
        expected = sorted(views.mentions(self._play.world, user), key=place)
        self._same(sorted(shown["mentions"], key=place), expected, f"mentions of {user}")

    async def at_contacts(self, probe: Device, user: str) -> None:
        """Who asks for a direct chat."""
        world = self._play.world
        _, shown = await self._ask(probe, "contact.list", {})
        waiting = {
            asker: one
            for (to, asker), one in world.contacts.items()
            if to == user and one["state"] == "waiting" and not world.apart(user, asker)
        }
        expected = [
            {"user": asker, "at": waiting[asker]["at"]} | ({"text": text} if (text := waiting[asker]["text"]) else {})
            for asker in sorted(waiting)
        ]
        self._same(shown["requests"], expected, f"requests to {user}")

    async def at_receipts(self, probe: Device, user: str) -> None:
        """Who has read up to the newest message, and to one before."""
        for group in self._places(user):
            for section in [one["section"] for one in group.sections]:
                await self._receipts_in(probe, user, group, section)

    async def _receipts_in(self, probe: Device, user: str, group: Group, section: int) -> None:
        count = len(group.messages(section))
        for seq in {count, max(1, count - 1)} - {0}:
            asked: Json = {"group": group.id, "seq": seq} | ({"section": section} if section else {})
            code, shown = await self._ask(probe, "receipt.get", asked)
            expected = views.receipts(self._play.world, group, user, seq, section)
            what = f"receipts of {group.id}, {section}, {seq}"
            self._same(code if code != "ok" else shown["users"], expected, what)

    async def at_sections(self, probe: Device, user: str) -> None:
        """All sections with how they stand, and the messages of each by pages; who has read what there."""
        for group in self._places(user):
            _, shown = await self._ask(probe, "section.list", {"group": group.id})
            expected = views_sections.sections_of(self._play.world, group, user)
            self._same(shown["sections"], expected, f"sections of {group.id} for {user}")
            for one in group.sections:
                await self._pages_in(probe, user, group, one["section"])
        await self.at_receipts(probe, user)

    async def _pages_in(self, probe: Device, user: str, group: Group, section: int) -> None:
        """Back from the newest, two at a time."""
        asked: Json = {"group": group.id, "section": section, "limit": 2}
        entries: list[Json] = []
        page: Json = {"more": True}
        while page["more"]:
            _, page = await self._ask(probe, "message.history", asked)
            entries = page["entries"] + entries
            asked["before"] = entries[0]["pos"] if entries else 1
        floor = group.stays[user][-1].floor
        expected = [views.view(group, entry, floor) for entry in views_sections.page_of(group, user, section)]
        self._same(entries, expected, f"section {section} of {group.id} for {user}")

    async def at_search(self, probe: Device, user: str) -> None:
        """What is found is what is visible, unrecalled, and has the words."""
        await self._play.stage.follow_log()
        self._turn += 1
        words = QUERIES[self._turn % len(QUERIES)]
        expected = views.hits(self._play.world, user, words)
        hits = await self._hits(probe, words, {})
        self._same({(hit["group"], hit["pos"]) for hit in hits}, expected, f"hits of {words} for {user}")
        for hit in hits:
            group = self._play.world.groups[hit["group"]]
            entry = group.log[hit["pos"] - 1]
            told, numbers = (hit["text"], hit.get("seq", 0), hit.get("section", 0)), (entry.seq, entry.section)
            self._same(told, (views.found_in(group, entry), *numbers), f"what {hit} says")
        for group in self._places(user):
            section = self._turn % len(group.sections)
            there = {pos for name, pos in expected if name == group.id and group.log[pos - 1].section == section}
            hits = await self._hits(probe, words, {"group": group.id, "section": section})
            self._same({hit["pos"] for hit in hits}, there, f"hits of {words} in section {section} for {user}")

    async def _hits(self, probe: Device, words: list[str], where: Json) -> list[Json]:
        """All there are, once the index is whole: until it is, a search says so, or is `unavailable`."""
        asked: Json = {"query": " ".join(words), "limit": 200} | where
        code, shown = "unavailable", dict[str, Any]()
        async with asyncio.timeout(FOUND_S):
            while code == "unavailable" or "lag" in shown:
                code, shown = await self._ask(probe, "message.search", asked)
        self._same(code, "ok", f"what a search for {words} was answered with")
        hits: list[Json] = shown["hits"]
        return hits
