"""Bots in groups, for tests over the wire."""

from __future__ import annotations

from tests.e2e.phone import Phone
from tests.e2e.town import Town


def name_of(bot: Phone) -> str:
    return bot.sub.removeprefix("bot:")


async def added(by: Phone, group: str, *people: Phone) -> list[str]:
    """What becomes of each."""
    answer = await by.do("member.add", group=group, users=[one.user for one in people])
    return [result["result"] for result in answer["results"]]


async def group_with(town: Town, bot: Phone) -> tuple[Phone, Phone, str]:
    """Ann, who owns a group, Bob, who is a member, and the group, with the bot in it."""
    ann, bob = await town.people("ann", "bob")
    group = await town.group_of(ann, bob)
    assert await added(ann, group, bot) == ["added"]
    await bot.own("added", group)
    return ann, bob, group
