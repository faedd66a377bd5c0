"""Somebody made for one line, to whom each caller stands as their name says."""

from __future__ import annotations

import asyncio
from typing import Final

from tests.matrix.asks import Build, Case
from tests.matrix.table import PEOPLE

OTHER: Final[dict[str, Build]] = {"other": lambda c, _: {"user": c.more["another"].user}}
OWN: Final[dict[str, Build]] = {"own": lambda c, who: {"user": c.user(who)}}
ABSENT: Final[dict[str, Build]] = {"absent": lambda c, _: {"user": c.nobody}}


async def stand_to_another(case: Case, of: str) -> None:
    """`more["another"]`: somebody fresh."""
    if not of.startswith("other"):
        return
    another = case.more["another"] = await case.cast.enter("another")
    callers = case.cast.callers
    following = [callers[who].do("follow.add", user=another.user) for who in ("follows", "mutual")]
    followed = [another.do("follow.add", user=callers[who].user) for who in ("followed", "mutual")]
    await asyncio.gather(*following, *followed)


async def be_asked(case: Case, of: str) -> None:
    """And who asked everybody for a direct chat, or nobody."""
    await stand_to_another(case, of)
    if of == "other":
        another = case.more["another"]
        callers = case.cast.callers
        await asyncio.gather(*(another.do("contact.request", user=callers[who].user) for who in PEOPLE))


async def be_blocked(case: Case, of: str) -> None:
    """And who has blocked everybody, or wants to be asked by nobody."""
    await stand_to_another(case, of)
    if of == "other.unwilling":
        await case.more["another"].do("privacy.set", requests=False)
    if of == "other.blocking":
        another = case.more["another"]
        callers = case.cast.callers
        await asyncio.gather(*(another.do("block.add", user=callers[who].user) for who in PEOPLE))
