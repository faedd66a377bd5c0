"""Keeping a group quiet, and the log of what admins did."""

from __future__ import annotations

from typing import Final

from chatd.cli.chat_render import DIM, NOTICE, printable
from chatd.cli.typed.desk import Command, Desk, NotANumber, number_in

ALL: Final = "all"
PAGE: Final = 20


async def restrict(desk: Desk, whom: str) -> None:
    who, _, minutes = whom.strip().partition(" ")
    for_s = 60 * number_in(minutes.strip()) if minutes.strip() else None
    if for_s == 0:
        raise NotANumber
    group = desk.group()
    if who == ALL:
        await desk.client.restrict_group(group, for_s)
    else:
        await desk.client.restrict_member(group, await desk.person(who), for_s)
    desk.done()


async def unrestrict(desk: Desk, who: str) -> None:
    group = desk.group()
    if who == ALL:
        await desk.client.unrestrict_group(group)
    else:
        await desk.client.unrestrict_member(group, await desk.person(who))
    desk.done()


async def slow(desk: Desk, seconds: str) -> None:
    await desk.client.slow_down(desk.group(), number_in(seconds))
    desk.done()


async def audit(desk: Desk) -> None:
    page = await desk.client.list_audit(desk.group(), limit=PAGE)
    await desk.state.names.learn(user for row in page.rows for user in (row.by, row.user) if user)
    if not page.rows:
        desk.watcher.say(NOTICE, "audit_empty")
    for row in reversed(page.rows):
        by = desk.render.name(row.by) if row.by else desk.words("audit_operator")
        user = desk.render.name(row.user) if row.user else ""
        time = desk.render.until(row.at)
        desk.watcher.say(DIM, "audit_row", time=time, by=by, act=row.act, user=user, reason=printable(row.reason))


COMMANDS: Final = {
    "restrict": Command(1, restrict),
    "unrestrict": Command(1, unrestrict),
    "slow": Command(1, slow),
    "audit": Command(0, audit),
}
