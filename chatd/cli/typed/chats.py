"""How the open group stands in one's own list, what one is called in it, and who has read what."""

from __future__ import annotations

from typing import Final, Literal

from chatd.cli.chat_render import NOTICE
from chatd.cli.typed.desk import Command, Desk, Mistyped, NotANumber, number_in
from chatd_protocol.groups import GroupLine

LEVELS: Final[dict[str, Literal["all", "mentions", "none"]]] = {
    "all": "all",
    "@": "mentions",
    "mentions": "mentions",
    "none": "none",
}


async def _line(desk: Desk) -> GroupLine:
    line = (await desk.client.get_group(desk.group())).line
    desk.state.put(line)
    return line


async def pin_chat(desk: Desk) -> None:
    line = await _line(desk)
    pinned = line.chat is None or not line.chat.pinned
    await desk.client.update_chat(line.group, pinned=pinned)
    desk.done("pinned_chat" if pinned else "unpinned_chat")


async def mute(desk: Desk, level: str) -> None:
    if level not in LEVELS:
        raise NotANumber
    await desk.client.update_chat(desk.group(), level=LEVELS[level])
    desk.done(f"level_{LEVELS[level]}")


async def archive(desk: Desk) -> None:
    line = await _line(desk)
    await desk.client.update_chat(line.group, archived=not line.archived)
    desk.done("put_back" if line.archived else "put_away")


async def mark_unread(desk: Desk) -> None:
    await desk.client.update_chat(desk.group(), marked=True)
    desk.done("marked_chat")


async def keep_draft(desk: Desk, text: str) -> None:
    group = desk.group()
    await desk.client.save_draft(group, text)
    desk.state.drafts[group] = text
    desk.done("kept_draft")


async def set_nickname(desk: Desk, nickname: str) -> None:
    await desk.client.set_nickname(desk.group(), "" if nickname == "-" else nickname)
    desk.done()


async def show_receipts(desk: Desk, pos: str) -> None:
    if pos in ("on", "off"):
        done = await desk.client.set_privacy(receipts=pos == "on")
        desk.watcher.say(NOTICE, "receipts_on" if done.receipts else "receipts_off")
        return
    group, number = desk.group(), number_in(pos)
    place = desk.state.seqs.get(number)
    if place is None:
        raise Mistyped("not_a_message", pos=pos)
    users = (await desk.client.get_receipts(group, *place)).users
    await desk.state.names.learn(users)
    names = desk.words.listed(desk.render.name(user) for user in users)
    desk.watcher.say(NOTICE, "read_by" if users else "read_by_nobody", pos=number, names=names)


COMMANDS: Final = {
    "pin-chat": Command(0, pin_chat),
    "mute": Command(1, mute),
    "archive": Command(0, archive),
    "unread": Command(0, mark_unread),
    "draft": Command(1, keep_draft),
    "nick": Command(1, set_nickname),
    "receipts": Command(1, show_receipts),
}
