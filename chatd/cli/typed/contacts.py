"""Asking for a direct chat, and whom one could pull in."""

from __future__ import annotations

from typing import Final

from chatd.cli.chat_render import NOTICE, printable
from chatd.cli.typed.desk import Command, Desk


async def ask(desk: Desk, sub: str, text: str) -> None:
    """Ask somebody for a chat."""
    done = await desk.client.request_contact(await desk.person(sub), text)
    desk.watcher.say(NOTICE, f"ask_{done.state}", name=desk.render.name(done.user))


async def asked(desk: Desk) -> None:
    """Show who waits for an answer."""
    page = await desk.client.list_contacts()
    await desk.state.names.learn(request.user for request in page.requests)
    for request in page.requests:
        key = "contact" if request.text else "contact_bare"
        desk.watcher.say(NOTICE, key, name=desk.render.name(request.user), text=printable(request.text))
    if not page.requests:
        desk.watcher.say(NOTICE, "asked_none")


async def accept(desk: Desk, sub: str) -> None:
    """Say yes, and open the chat."""
    await desk.open_group((await desk.client.accept_contact(await desk.person(sub))).group)


async def decline(desk: Desk, sub: str) -> None:
    """Say nothing."""
    await desk.client.decline_contact(await desk.person(sub))
    desk.done()


async def suggest(desk: Desk) -> None:
    """Show whom one could pull into the open group."""
    people = await desk.client.suggest_members(desk.group(), 20)
    await desk.state.names.learn(person.user for person in people)
    for person in people:
        desk.watcher.say(NOTICE, "suggestion", name=desk.render.name(person.user), common=person.common)
    if not people:
        desk.watcher.say(NOTICE, "suggest_none")


COMMANDS: Final = {
    "greet": Command(2, ask),
    "greetings": Command(0, asked),
    "accept": Command(1, accept),
    "decline": Command(1, decline),
    "suggest": Command(0, suggest),
}
