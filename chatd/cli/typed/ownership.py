"""Public groups, roles, announcements, handing a group over and ending it."""

from __future__ import annotations

from typing import Final, Literal

from chatd.cli.chat_render import DIM, NOTICE, fill, printable
from chatd.cli.typed.desk import Command, Desk, Mistyped, NotANumber
from chatd.cli.typed.groups import enter
from chatd_protocol.values import OnUnfollow

FOUND: Final = 20
FANS: Final[dict[str, OnUnfollow]] = {"keep": "keep", "restrict": "restrict", "remove": "remove"}


async def public(desk: Desk, title: str) -> None:
    made = await desk.client.create_group(title, kind="public")
    await enter(desk, made.group)


async def discover(desk: Desk, text: str) -> None:
    found = await desk.client.find_groups(text, limit=FOUND)
    if not found.groups:
        desk.watcher.say(NOTICE, "nothing_found")
    for group in found.groups:
        members = desk.words("found_members", members=group.members, limit=group.limit)
        desk.screen.show([("", "  " + fill(printable(group.title), 30) + " "), (DIM, f"{members}  {group.group}")])


async def info(desk: Desk) -> None:
    about = await desk.client.get_group(desk.group())
    if about.announcement is not None:
        await desk.state.names.learn([about.announcement.by])
        by, text = desk.render.name(about.announcement.by), printable(about.announcement.text)
        desk.watcher.say(NOTICE, "announced", by=by, text=text)
    for key, text in (("about_intro", about.intro), ("about_rules", about.rules)):
        if text:
            desk.watcher.say(NOTICE, key, text=printable(text))
    for right, role in sorted(about.rights.items()):
        desk.screen.show([("", "  " + fill(desk.words(f"right_{right}"), 24) + " "), (DIM, desk.words(f"role_{role}"))])


async def mind_fans(desk: Desk, what: str) -> None:
    if what not in FANS:
        raise NotANumber
    await desk.client.update_group(desk.group(), on_unfollow_owner=FANS[what])
    desk.done()


async def transfer(desk: Desk, sub: str) -> None:
    await desk.client.transfer_group(desk.group(), await desk.person(sub))
    desk.done()


async def dissolve(desk: Desk, title: str) -> None:
    """Only with the title typed once more: there is no way back."""
    about = await desk.client.get_group(desk.group())
    if title.strip() != about.line.title:
        raise Mistyped("dissolve_title", title=printable(about.line.title))
    await desk.client.dissolve_group(about.line.group)
    desk.done()


async def announce(desk: Desk, text: str) -> None:
    await desk.client.announce(desk.group(), text)
    desk.done()


async def notice(desk: Desk, text: str) -> None:
    placed = await desk.client.send_notice(desk.group(), text, section=desk.state.section)
    desk.done("sent", pos=placed.pos)


async def unannounce(desk: Desk) -> None:
    await desk.client.announce(desk.group(), "")
    desk.done()


async def make_admin(desk: Desk, sub: str) -> None:
    await _set_role(desk, sub, "admin")


async def make_member(desk: Desk, sub: str) -> None:
    await _set_role(desk, sub, "member")


async def make_silent(desk: Desk, sub: str) -> None:
    await _set_role(desk, sub, "silent")


async def _set_role(desk: Desk, sub: str, role: Literal["admin", "member", "silent"]) -> None:
    await desk.client.set_role(desk.group(), await desk.person(sub), role)
    desk.done()


COMMANDS: Final = {
    "public": Command(1, public),
    "discover": Command(1, discover),
    "info": Command(0, info),
    "announce": Command(1, announce),
    "notice": Command(1, notice),
    "unannounce": Command(0, unannounce),
    "admin": Command(1, make_admin),
    "member": Command(1, make_member),
    "silent": Command(1, make_silent),
    "fans": Command(1, mind_fans),
    "transfer": Command(1, transfer),
    "dissolve": Command(1, dissolve),
}
