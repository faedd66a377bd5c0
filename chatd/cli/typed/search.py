"""Finding messages by their words, in all of one's groups."""

from __future__ import annotations

from typing import Final

from chatd.cli.chat_render import DIM, NOTICE, Line, printable
from chatd.cli.typed.desk import Command, Desk
from chatd_protocol.search import SearchHit

FOUND: Final = "bold ansiyellow"
WORTH_TELLING_MS: Final = 2000
"""Somebody always says something: that the last of it cannot be found yet needs no words."""


async def search(desk: Desk, words: str) -> None:
    page = await desk.client.search(words)
    await desk.state.names.learn(hit.sender for hit in page.hits)
    for hit in page.hits:
        line = desk.state.lines.get(hit.group)
        title = desk.render.title(line) if line is not None else hit.group
        head = desk.words("search_head", title=title, pos=hit.pos, name=desk.render.name(hit.sender))
        desk.screen.show([(DIM, head), *show_found(hit)])
    if not page.hits:
        desk.watcher.say(NOTICE, "search_none")
    if page.more is not None:
        desk.watcher.say(DIM, "search_more")
    if page.lag is not None and (page.lag.rebuilding or page.lag.ms >= WORTH_TELLING_MS):
        desk.watcher.say(DIM, "search_rebuilding" if page.lag.rebuilding else "search_lag", commits=page.lag.commits)


def show_found(hit: SearchHit) -> Line:
    """The piece of the message, with the places that were found set off."""
    pieces: Line = [("", "…")] if hit.offset else []
    at = 0
    for begin, end in hit.highlights:
        pieces += [("", printable(hit.text[at:begin])), (FOUND, printable(hit.text[begin:end]))]
        at = end
    pieces.append(("", printable(hit.text[at:]) + ("…" if hit.offset + len(hit.text) < hit.length else "")))
    return [piece for piece in pieces if piece[1]]


COMMANDS: Final = {"search": Command(1, search)}
