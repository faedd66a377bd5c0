"""Messages and what happens to them."""

from __future__ import annotations

from typing import Final

from chatd.cli.chat_names import users_in
from chatd.cli.chat_render import DIM
from chatd.cli.typed.desk import Command, Desk, number_in
from chatd.cli.typed.groups import mentions_of
from chatd_protocol.log import read_entry

PAGE: Final = 30


async def reply(desk: Desk, pos: str, text: str) -> None:
    await desk.say(text, number_in(pos))


async def edit(desk: Desk, pos: str, text: str) -> None:
    group = desk.group()
    entities = await mentions_of(desk, group, text)
    await desk.client.edit(group, number_in(pos), text, entities=entities)
    desk.done()


async def react(desk: Desk, pos: str, emoji: str) -> None:
    await desk.client.react(desk.group(), number_in(pos), emoji)
    desk.done()


async def unreact(desk: Desk, pos: str, emoji: str) -> None:
    await desk.client.unreact(desk.group(), number_in(pos), emoji)
    desk.done()


async def recall(desk: Desk, pos: str) -> None:
    await desk.client.recall(desk.group(), number_in(pos))
    desk.done()


async def history(desk: Desk) -> None:
    group = desk.group()
    oldest = desk.state.oldest.get(group)
    page = await desk.client.read_history(group, before=oldest, limit=PAGE)
    entries = [read_entry(raw) for raw in page.entries]
    await desk.state.names.learn(user for entry in entries for user in users_in(entry))
    if not page.more:
        desk.watcher.say(DIM, "start_of_history")
    for entry in entries:
        desk.watcher.show_entry(entry, past=True)
    if entries:
        desk.state.oldest[group] = entries[0].pos


COMMANDS: Final = {
    "history": Command(0, history),
    "reply": Command(2, reply),
    "edit": Command(2, edit),
    "react": Command(2, react),
    "unreact": Command(2, unreact),
    "recall": Command(1, recall),
}
