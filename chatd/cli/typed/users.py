"""Finding people, and what one shows of oneself."""

from __future__ import annotations

from typing import Final

from chatd.cli.chat_render import DIM, NOTICE, printable
from chatd.cli.typed.desk import Command, Desk, NotANumber
from chatd_protocol.users import MayPull, User

PULLS: Final[dict[str, MayPull]] = {"friends": "mutual", "ask": "ask", "nobody": "nobody"}


async def find(desk: Desk, query: str) -> None:
    found = await desk.client.find_users(query)
    if not found.users:
        desk.watcher.say(NOTICE, "nobody_found")
    for user in found.users:
        desk.screen.show([("", "  " + printable(user.name or user.sub)), (DIM, _about(user))])
    if found.more:
        desk.watcher.say(DIM, "more_found")


def _about(user: User) -> str:
    parts = [f"@{user.handle}" if user.handle else "", printable(user.sub), *(f"[{tag.tag}]" for tag in user.tags)]
    return " · ".join(["", *(printable(part) for part in parts if part)])


async def set_handle(desk: Desk, handle: str) -> None:
    done = await desk.client.set_handle(handle.removeprefix("@"))
    desk.watcher.say(NOTICE, "handle_set", handle=done.handle)


async def set_name(desk: Desk, name: str) -> None:
    done = await desk.client.update_profile(name=name)
    desk.watcher.say(NOTICE, "name_set", name=printable(done.name))


async def hide(desk: Desk, which: str) -> None:
    done = await desk.client.set_privacy(findable=which.lower() == "off")
    desk.watcher.say(NOTICE, "findable" if done.findable else "not_findable")


async def let_pull(desk: Desk, which: str) -> None:
    if which not in PULLS:
        raise NotANumber
    done = await desk.client.set_privacy(pull=PULLS[which])
    desk.watcher.say(NOTICE, f"pull_{done.pull}")


async def let_greet(desk: Desk, which: str) -> None:
    if which not in ("on", "off"):
        raise NotANumber
    done = await desk.client.set_privacy(requests=which == "on")
    desk.watcher.say(NOTICE, "greet_on" if done.requests else "greet_off")


async def list_devices(desk: Desk) -> None:
    for line in (await desk.client.list_devices()).devices:
        state = "device_this" if line.current else "device_online" if line.online else "device_away"
        desk.screen.show([("", f"  {line.device}  "), (DIM, f"{printable(line.client)} {desk.words(state)}")])


async def revoke(desk: Desk, device: str) -> None:
    await desk.client.revoke_device(device)
    desk.watcher.say(NOTICE, "device_revoked", device=printable(device))


COMMANDS: Final = {
    "find": Command(1, find),
    "handle": Command(1, set_handle),
    "name": Command(1, set_name),
    "hide": Command(1, hide),
    "let-pull": Command(1, let_pull),
    "let-greet": Command(1, let_greet),
    "devices": Command(0, list_devices),
    "revoke": Command(1, revoke),
}
