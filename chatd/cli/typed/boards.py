"""Pins, featured posts, mentions, forwarding, jumping to a position or a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from chatd.cli.chat_names import users_in
from chatd.cli.chat_render import DIM, NOTICE, printable
from chatd.cli.typed.desk import Command, Desk, Mistyped, NotANumber, number_in
from chatd.cli.typed.groups import group_named
from chatd_protocol.log import read_entry

PAGE: Final = 30


async def pin(desk: Desk, pos: str) -> None:
    await desk.client.pin(desk.group(), number_in(pos))
    desk.done()


async def unpin(desk: Desk, pos: str) -> None:
    await desk.client.unpin(desk.group(), number_in(pos))
    desk.done()


async def list_pins(desk: Desk) -> None:
    found = await desk.client.list_pins(desk.group())
    await show(desk, [one.entry for one in found.pins], "no_pins")


async def feature(desk: Desk, rest: str) -> None:
    pos, _, note = rest.partition(" ")
    await desk.client.feature(desk.group(), number_in(pos), note.strip())
    desk.done()


async def unfeature(desk: Desk, pos: str) -> None:
    await desk.client.unfeature(desk.group(), number_in(pos))
    desk.done()


async def list_featured(desk: Desk) -> None:
    found = await desk.client.list_featured(desk.group(), limit=PAGE)
    for one in found.posts:
        await show(desk, [one.entry], "no_featured")
        if one.note:
            desk.watcher.say(DIM, "note", note=printable(one.note))
    if not found.posts:
        desk.watcher.say(NOTICE, "no_featured")


async def list_mentions(desk: Desk) -> None:
    found = await desk.client.list_mentions(limit=PAGE)
    if not found.mentions:
        desk.watcher.say(NOTICE, "no_mentions")
    for one in reversed(found.mentions):
        desk.watcher.say(DIM, "day", day=desk.watcher.title_of(one.group))
        await show(desk, [one.entry], "no_mentions")


async def forward(desk: Desk, which: str, positions: str) -> None:
    source, target = desk.group(), group_named(desk, which)
    placed = await desk.client.forward(target, source, [number_in(pos) for pos in positions.split()])
    desk.done("sent", pos=placed.pos)


async def go_to(desk: Desk, where: str) -> None:
    """A position, or the first entry of a day or a minute, as ISO 8601 writes them."""
    group = desk.group()
    pos = await _pos_of(desk, group, where)
    if pos is None:
        raise Mistyped("nothing_since")
    page = await desk.client.read_history(group, around=pos, limit=PAGE)
    entries = [read_entry(raw) for raw in page.entries]
    await desk.state.names.learn(user for entry in entries for user in users_in(entry))
    desk.watcher.say(DIM, "around", pos=pos)
    for entry in entries:
        desk.watcher.show_entry(entry, past=True)
    if entries:
        desk.state.oldest[group] = entries[0].pos


async def _pos_of(desk: Desk, group: str, where: str) -> int | None:
    try:
        return number_in(where)
    except NotANumber:
        try:
            at = datetime.fromisoformat(where).astimezone()
        except ValueError:
            raise NotANumber from None
        return await desk.client.find_pos(group, max(int(at.timestamp() * 1000), 0))


async def show(desk: Desk, raw: Iterable[Mapping[str, object]], nothing: str) -> None:
    """Messages as they are now, or the text that there are none."""
    entries = [read_entry(dict(one)) for one in raw]
    await desk.state.names.learn(user for entry in entries for user in users_in(entry))
    for entry in entries:
        desk.watcher.show_entry(entry, past=True)
    if not entries:
        desk.watcher.say(NOTICE, nothing)


COMMANDS: Final = {
    "pin": Command(1, pin),
    "unpin": Command(1, unpin),
    "pins": Command(0, list_pins),
    "feature": Command(1, feature),
    "unfeature": Command(1, unfeature),
    "featured": Command(0, list_featured),
    "mentions": Command(0, list_mentions),
    "forward": Command(2, forward),
    "goto": Command(1, go_to),
}
