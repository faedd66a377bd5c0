"""Sections of the open group: listing them, going to one, changing them."""

from __future__ import annotations

from typing import Final, cast, get_args

from chatd.cli.chat_names import users_in
from chatd.cli.chat_render import DIM, printable
from chatd.cli.typed.desk import Command, Desk, Mistyped, NotANumber, number_in
from chatd_protocol.groups import SectionLine
from chatd_protocol.log import read_entry
from chatd_protocol.values import SectionKind

PAGE: Final = 30


async def list_sections(desk: Desk) -> None:
    for one in await desk.client.list_sections(desk.group()):
        desk.watcher.say("bold" if one.unread else "", "section_line", **_line(desk, one))


def _line(desk: Desk, one: SectionLine) -> dict[str, object]:
    state = desk.words("section_unread", count=one.unread) if one.unread else ""
    state += desk.words("section_called", count=one.mentions) if one.mentions else ""
    state += desk.words("section_is_closed") if one.closed else ""
    title = printable(one.title) or desk.words("section_main")
    mark = "*" if one.section == desk.state.section else " "
    kind = desk.words(f"section_kind_{one.kind}")
    return {"mark": mark, "number": one.section, "title": title, "kind": kind, "unread": state}


async def section(desk: Desk, what: str) -> None:
    try:
        await _section(desk, what)
    except NotANumber:
        raise Mistyped("section_usage") from None


async def _section(desk: Desk, what: str) -> None:
    act, _, rest = what.partition(" ")
    if act in _ACTS:
        await _ACTS[act](desk, rest.split(maxsplit=1))
        desk.done()
    elif rest:
        raise NotANumber
    else:
        await go_to(desk, number_in(act))


async def go_to(desk: Desk, number: int) -> None:
    """What is written from here on stands in this section; its newest messages are shown."""
    group = desk.group()
    page = await desk.client.read_history(group, limit=PAGE, section=number)
    entries = [read_entry(raw) for raw in page.entries]
    await desk.state.names.learn(user for entry in entries for user in users_in(entry))
    desk.state.put((await desk.client.get_group(group)).line)
    desk.state.section = number
    desk.watcher.say(DIM, "section_entered", title=desk.render.section(number))
    for entry in entries:
        desk.watcher.show_entry(entry, past=True)
    desk.watcher.mark_shown(group, entries)


async def _make(desk: Desk, rest: list[str]) -> None:
    kind, title = _two(rest)
    await desk.client.create_section(desk.group(), title, _kind(kind))


async def _name(desk: Desk, rest: list[str]) -> None:
    number, title = _two(rest)
    await desk.client.update_section(desk.group(), number_in(number), title=title)


async def _set_kind(desk: Desk, rest: list[str]) -> None:
    number, kind = _two(rest)
    await desk.client.update_section(desk.group(), number_in(number), kind=_kind(kind))


async def _close(desk: Desk, rest: list[str]) -> None:
    await desk.client.update_section(desk.group(), number_in(" ".join(rest)), closed=True)


async def _reopen(desk: Desk, rest: list[str]) -> None:
    await desk.client.update_section(desk.group(), number_in(" ".join(rest)), closed=False)


async def _order(desk: Desk, rest: list[str]) -> None:
    await desk.client.order_sections(desk.group(), [number_in(one) for part in rest for one in part.split()])


def _two(rest: list[str]) -> tuple[str, str]:
    if len(rest) != 2:
        raise NotANumber
    return rest[0], rest[1]


def _kind(text: str) -> SectionKind:
    if text not in get_args(SectionKind):
        raise NotANumber
    return cast(SectionKind, text)


_ACTS: Final = {"new": _make, "name": _name, "kind": _set_kind, "close": _close, "reopen": _reopen, "order": _order}
COMMANDS: Final = {"sections": Command(0, list_sections), "section": Command(1, section)}
