"""Groups and who is in them."""

from __future__ import annotations

import re
from typing import Final

from chatd.cli.chat_names import mentions_in, users_in
from chatd.cli.chat_people import in_rank
from chatd.cli.chat_render import DIM, MINE, NOTICE, fill, printable
from chatd.cli.chat_state import GROUPS_MAX
from chatd.cli.typed.desk import Command, Desk, Mistyped
from chatd_client import ChatdError
from chatd_protocol.groups import GroupLine, Member
from chatd_protocol.kinds import Entity
from chatd_protocol.log import Nicknamed, read_entry
from chatd_protocol.values import PAGE_MAX

PAGE: Final = 30
_ID: Final = re.compile(r"g[A-Za-z0-9_-]{16,40}")


async def list_groups(desk: Desk) -> None:
    desk.state.numbers = []
    after: str | None = None
    while len(desk.state.numbers) < GROUPS_MAX:
        page = await desk.client.list_groups(after)
        await name_lines(desk, page.groups)
        for line in page.groups:
            desk.state.put(line)
            desk.state.numbers.append(line.group)
            number, current = len(desk.state.numbers), line.group == desk.state.open
            desk.screen.show(desk.render.group_line(number, line, current, desk.screen.columns))
        after = page.more
        if after is None:
            break
    if not desk.state.numbers:
        desk.watcher.say(NOTICE, "no_groups")


async def name_lines(desk: Desk, lines: list[GroupLine]) -> None:
    people = {line.peer for line in lines if line.peer}
    lasts = [read_entry(line.last) for line in lines if line.last]
    desk.state.items.see(lasts)
    for last in lasts:
        people |= users_in(last)
    await desk.state.names.learn(people)


async def open_numbered(desk: Desk, which: str) -> None:
    await desk.open_group(group_named(desk, which))


def group_named(desk: Desk, which: str) -> str:
    """The id of a group: by its number in the list, by its title or the only one that has this in it, or itself.

    Raises:
        Mistyped: there is none of this number, or none or several of this title.
    """
    if which.isascii() and which.isdigit():
        if not desk.state.numbers:
            desk.state.numbers = list(desk.state.lines)
        if not 1 <= int(which) <= len(desk.state.numbers):
            raise Mistyped("no_such_number", number=which)
        return desk.state.numbers[int(which) - 1]
    if _ID.fullmatch(which):
        return which
    titles = {group: desk.render.title(line).casefold() for group, line in desk.state.lines.items()}
    sought = which.casefold()
    found = [group for group, title in titles.items() if title == sought]
    found = found or [group for group, title in titles.items() if sought in title]
    if len(found) != 1:
        raise Mistyped("several_titles" if found else "no_such_title", title=printable(which), count=len(found))
    return found[0]


async def learn_people(desk: Desk, group: str) -> None:
    """Who can be mentioned here: the first members of the group, by name."""
    page = await desk.client.list_members(group, limit=PAGE_MAX)
    await desk.state.names.learn(member.user for member in page.members)
    desk.state.people = {desk.state.names.of(member.user): member.user for member in page.members}


async def mentions_of(desk: Desk, group: str, text: str) -> list[Entity]:
    """Whom a text mentions; where nobody is known by such a name, the members are asked for anew."""
    found = mentions_in(text, desk.state.people) if "@" in text else []
    if found or "@" not in text:
        return found
    await learn_people(desk, group)
    return mentions_in(text, desk.state.people)


async def open_group(desk: Desk, group: str) -> None:
    """Make a group the open one and show its newest entries. Raises `ChatdError`."""
    before = desk.state.open
    desk.state.turn_to(group)
    desk.state.held = []
    try:
        line = await desk.client.open_group(group)
        page = await desk.client.read_history(group, limit=PAGE)
        entries = [read_entry(raw) for raw in page.entries]
        await desk.state.names.learn(user for entry in entries for user in users_in(entry))
        desk.state.items.see(entries)
        await name_lines(desk, [line])
        await learn_here(desk, line)
    except ChatdError:
        desk.state.open, desk.state.held = before, None
        raise
    held, desk.state.held = desk.state.held or [], None
    desk.state.put(line)
    desk.state.printed.pop(group, None)
    desk.state.oldest.pop(group, None)
    desk.state.people.clear()
    if desk.screen.interactive:
        await learn_people(desk, group)
    title = desk.render.title(line)
    desk.watcher.say(NOTICE, "opened", title=title, members=line.members, unread=line.unread)
    desk.watcher.show_entries(group, entries, past=True)
    desk.watcher.show_entries(group, held)
    await _show_draft(desk, line)


async def learn_here(desk: Desk, line: GroupLine) -> None:
    """What people are called in a small group, and who of them is here."""
    if not _is_small(desk, line):
        return
    members = (await desk.client.list_members(line.group, limit=PAGE_MAX)).members
    desk.state.nicknames = {}
    desk.state.call(Nicknamed(member.user, member.nickname) for member in members if member.nickname)
    await learn_presence(desk, line)


async def learn_presence(desk: Desk, line: GroupLine) -> None:
    """Who of a small group is here now: signals tell what changes, and may be dropped."""
    hello = desk.client.hello
    if hello is None or not _is_small(desk, line):
        desk.state.here = {}
        return
    moved: dict[str, bool] = {}
    desk.state.moved = moved
    try:
        people = (await desk.client.get_presence(line.group)).people
    finally:
        if desk.state.moved is moved:
            desk.state.moved = None
    if line.group == desk.state.open:
        desk.state.here = {person.user: person.online for person in people} | {hello.user: True} | moved


def _is_small(desk: Desk, line: GroupLine) -> bool:
    hello = desk.client.hello
    return hello is not None and line.members <= min(PAGE_MAX, hello.bounds.presence_group_members)


async def _show_draft(desk: Desk, line: GroupLine) -> None:
    """Unsent text comes back into the line that is typed in; where there is none, it is shown."""
    if line.draft is None:
        desk.state.drafts.pop(line.group, None)
        return
    draft = (await desk.client.get_group(line.group)).draft
    text = draft.text if draft is not None else ""
    desk.state.drafts[line.group] = text
    if desk.screen.interactive:
        desk.screen.prefill(text)
    elif text:
        desk.watcher.say(DIM, "draft", text=printable(text))


async def list_members(desk: Desk) -> None:
    group = desk.group()
    members: list[Member] = []
    after: str | None = None
    while after is not None or not members:
        page = await desk.client.list_members(group, after, PAGE_MAX)
        members += page.members
        after = page.more
        if after is None:
            break
    await desk.state.names.learn(member.user for member in members)
    line = desk.state.lines.get(group)
    if line is not None:
        await learn_presence(desk, line)
    desk.watcher.say(NOTICE, "members_title", count=len(members))
    for member in in_rank(members, desk.state.here, desk.render.called):
        role = desk.words("is_bot" if member.bot else f"role_{member.role}")
        name = fill(desk.render.name(member.user), 24)
        restricted = member.restricted
        mark = desk.words("member_restricted", until=desk.render.end(restricted.until)) if restricted else ""
        here = desk.state.here.get(member.user)
        dot = " " if here is None else "●" if here else "○"
        desk.screen.show([(MINE, dot), ("", " " + name + " "), (DIM, f"{role} {mark}".rstrip())])
    if desk.state.here:
        desk.watcher.say(DIM, "members_legend", here="●", away="○")


async def new(desk: Desk, title: str) -> None:
    await enter(desk, (await desk.client.create_group(title)).group)


async def direct(desk: Desk, sub: str) -> None:
    await enter(desk, (await desk.client.create_direct(await desk.person(sub))).group)


async def enter(desk: Desk, group: str) -> None:
    """Open a group that one has made or come into: a person sees its title, a script gets its id too."""
    await desk.watcher.learn_group(group)
    title = desk.watcher.title_of(group)
    desk.done("group_made" if desk.screen.interactive else "group_made_id", title=title, group=group)
    await desk.open_group(group)


async def leave(desk: Desk) -> None:
    group = desk.group()
    left = await desk.client.leave_group(group)
    desk.done("put_away" if left.archived else "done")
    desk.state.open = None


async def add(desk: Desk, subs: str) -> None:
    group = desk.group()
    people = {await desk.person(sub): sub for sub in subs.split()}
    done = await desk.client.add_members(group, list(people))
    for one in done.results:
        desk.failed = desk.failed or one.result not in {"added", "already", "asked"}
        # Bots follow nobody: what keeps one out is the right of whoever asked.
        bot = one.result == "not_mutual" and people[one.user].startswith("bot:")
        key = "result_no_bots" if bot else f"result_{one.result}"
        desk.watcher.say(NOTICE, key, name=desk.render.name(one.user))


async def kick(desk: Desk, rest: str) -> None:
    sub, _, reason = rest.partition(" ")
    await desk.client.kick_member(desk.group(), await desk.person(sub), reason.strip(), tell=True)
    desk.done()


COMMANDS: Final = {
    "groups": Command(0, list_groups),
    "open": Command(1, open_numbered),
    "members": Command(0, list_members),
    "new": Command(1, new),
    "direct": Command(1, direct),
    "add": Command(1, add),
    "kick": Command(1, kick),
    "leave": Command(0, leave),
}
