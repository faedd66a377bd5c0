"""What is typed: text goes to the open group, a slash begins a command."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from chatd.cli.chat_events import Watcher
from chatd.cli.chat_render import DIM, ERROR, NOTICE, Renderer, fill, printable, users_in
from chatd.cli.chat_screen import Screen
from chatd.cli.chat_state import GROUPS_MAX, State
from chatd.cli.chat_words import Words
from chatd_client import ChatdError, Client, ClientClosed
from chatd_protocol.groups import GroupLine, Member
from chatd_protocol.log import read_entry
from chatd_protocol.values import PAGE_MAX

PAGE: Final = 30
SENDS_MAX: Final = 64


class Mistyped(Exception):
    """What was typed cannot be done; the text for it, with its values."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


class Command(NamedTuple):
    """How a command is written, and what does it. `parts`: words needed behind its name, the last may have spaces."""

    usage: str
    parts: int
    run: Callable[..., Awaitable[None]]


class Commander:
    """Does what is typed, for one client. `failed` once anything was refused."""

    def __init__(
        self, client: Client, state: State, screen: Screen, render: Renderer, words: Words, watcher: Watcher
    ) -> None:
        self._client = client
        self._state = state
        self._screen = screen
        self._render = render
        self._words = words
        self._watcher = watcher
        self._sends: set[asyncio.Task[None]] = set()
        self.failed = False
        self.over = False
        """`/quit` was typed."""
        self._commands: dict[str, Command] = {
            "groups": Command("/groups", 0, self._groups),
            "open": Command("/open N|ID", 1, self._open),
            "history": Command("/history", 0, self._history),
            "members": Command("/members", 0, self._members),
            "reply": Command("/reply POS TEXT", 2, self._reply),
            "edit": Command("/edit POS TEXT", 2, self._edit),
            "react": Command("/react POS SIGN", 2, self._react),
            "unreact": Command("/unreact POS SIGN", 2, self._unreact),
            "recall": Command("/recall POS", 1, self._recall),
            "new": Command("/new TITLE", 1, self._new),
            "direct": Command("/direct SUB", 1, self._direct),
            "add": Command("/add SUB ...", 1, self._add),
            "kick": Command("/kick SUB", 1, self._kick),
            "leave": Command("/leave", 0, self._leave),
            "follow": Command("/follow SUB", 1, self._follow),
            "unfollow": Command("/unfollow SUB", 1, self._unfollow),
            "block": Command("/block SUB", 1, self._block),
            "unblock": Command("/unblock SUB", 1, self._unblock),
            "who": Command("/who", 0, self._who),
            "help": Command("/help", 0, self._help),
            "quit": Command("/quit", 0, self._quit),
        }

    @property
    def names(self) -> list[str]:
        """Every command."""
        return list(self._commands)

    async def do(self, line: str) -> None:
        """Do one line. What is refused is shown. Raises `ClientClosed`."""
        try:
            if not line.strip():
                return
            if line.startswith("/") and not line.startswith("//"):
                await self.settle()
                await self._command(line[1:])
            else:
                await self._say(line.removeprefix("/") if line.startswith("//") else line)
        except Mistyped as mistake:
            self.failed = True
            self._watcher.say(ERROR, mistake.key, **mistake.values)
        except ChatdError as error:
            self._show_error(error)

    async def settle(self) -> None:
        """Wait until everything that was sent is answered."""
        while self._sends:
            await asyncio.wait(self._sends)

    async def _command(self, typed: str) -> None:
        name, _, rest = typed.strip().partition(" ")
        command = self._commands.get(name.lower())
        if command is None:
            raise Mistyped("unknown_command", name="/" + printable(name))
        parts = rest.split(maxsplit=command.parts - 1) if command.parts else rest.split()
        if len(parts) != command.parts:
            raise Mistyped("usage", usage=command.usage)
        await command.run(*parts)

    def _show_error(self, error: ChatdError) -> None:
        self.failed = True
        words = self._words.choose(f"error_{error.code}", "error_other", message=printable(error.message))
        self._watcher.say(ERROR, "error", words=words, code=error.code)

    # --- saying something

    async def _say(self, text: str, reply_to: int | None = None) -> None:
        """Sends follow each other without waiting for the answer; the client keeps them in order."""
        group = self._group()
        while len(self._sends) >= SENDS_MAX:
            await asyncio.wait(self._sends, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(self._send(group, text, reply_to))
        self._sends.add(task)
        task.add_done_callback(self._sends.discard)

    async def _send(self, group: str, text: str, reply_to: int | None) -> None:
        try:
            placed = await self._client.send(group, text, reply_to=reply_to)
        except ChatdError as error:
            self._show_error(error)
        except ClientClosed:
            self.failed = True  # The watcher says why.
        else:
            if not self._screen.interactive:
                self._watcher.say(DIM, "sent", pos=placed.pos)

    async def _reply(self, pos: str, text: str) -> None:
        await self._say(text, _number(pos, "/reply POS TEXT"))

    async def _edit(self, pos: str, text: str) -> None:
        await self._client.edit(self._group(), _number(pos, "/edit POS TEXT"), text)
        self._done()

    async def _react(self, pos: str, emoji: str) -> None:
        await self._client.react(self._group(), _number(pos, "/react POS SIGN"), emoji)
        self._done()

    async def _unreact(self, pos: str, emoji: str) -> None:
        await self._client.unreact(self._group(), _number(pos, "/unreact POS SIGN"), emoji)
        self._done()

    async def _recall(self, pos: str) -> None:
        await self._client.recall(self._group(), _number(pos, "/recall POS"))
        self._done()

    # --- groups

    async def _groups(self) -> None:
        self._state.numbers = []
        after: str | None = None
        while len(self._state.numbers) < GROUPS_MAX:
            page = await self._client.list_groups(after)
            await self._name_lines(page.groups)
            for line in page.groups:
                self._state.put(line)
                self._state.numbers.append(line.group)
                number, current = len(self._state.numbers), line.group == self._state.open
                self._screen.show(self._render.group_line(number, line, current, self._screen.columns))
            after = page.more
            if after is None:
                break
        if not self._state.numbers:
            self._watcher.say(NOTICE, "no_groups")

    async def _name_lines(self, lines: list[GroupLine]) -> None:
        people = {line.peer for line in lines if line.peer}
        for line in lines:
            people |= users_in(read_entry(line.last)) if line.last else set()
        await self._state.names.learn(people)

    async def _open(self, which: str) -> None:
        if which.isascii() and which.isdigit():
            if not self._state.numbers:
                self._state.numbers = list(self._state.lines)
            if not 1 <= int(which) <= len(self._state.numbers):
                raise Mistyped("no_such_number", number=which)
            which = self._state.numbers[int(which) - 1]
        await self.open_group(which)

    async def open_group(self, group: str) -> None:
        """Make a group the open one and show its newest entries. Raises `ChatdError`."""
        before = self._state.open
        self._state.open, self._state.held = group, []
        try:
            line = await self._client.open_group(group)
            page = await self._client.read_history(group, limit=PAGE)
            entries = [read_entry(raw) for raw in page.entries]
            await self._state.names.learn(user for entry in entries for user in users_in(entry))
            await self._name_lines([line])
        except ChatdError:
            self._state.open, self._state.held = before, None
            raise
        held, self._state.held = self._state.held or [], None
        self._state.put(line)
        self._state.printed.pop(group, None)
        self._state.oldest.pop(group, None)
        title = self._render.title(line)
        self._watcher.say(NOTICE, "opened", title=title, members=line.members, unread=line.unread)
        self._watcher.show_entries(group, entries, past=True)
        self._watcher.show_entries(group, held)

    async def _history(self) -> None:
        group = self._group()
        oldest = self._state.oldest.get(group)
        page = await self._client.read_history(group, before=oldest, limit=PAGE)
        entries = [read_entry(raw) for raw in page.entries]
        await self._state.names.learn(user for entry in entries for user in users_in(entry))
        if not page.more:
            self._watcher.say(DIM, "start_of_history")
        for entry in entries:
            self._watcher.show_entry(entry, past=True)
        if entries:
            self._state.oldest[group] = entries[0].pos

    async def _members(self) -> None:
        group = self._group()
        members: list[Member] = []
        after: str | None = None
        while after is not None or not members:
            page = await self._client.list_members(group, after, PAGE_MAX)
            members += page.members
            after = page.more
            if after is None:
                break
        await self._state.names.learn(member.user for member in members)
        self._watcher.say(NOTICE, "members_title", count=len(members))
        for member in members:
            role = self._words(f"role_{member.role}")
            name = fill(self._render.name(member.user), 24)
            self._screen.show([("", "  " + name + " "), (DIM, role)])

    async def _new(self, title: str) -> None:
        await self._enter((await self._client.create_group(title)).group)

    async def _direct(self, sub: str) -> None:
        await self._enter((await self._client.create_direct(await self._person(sub))).group)

    async def _enter(self, group: str) -> None:
        self._done("group_made", group=group)
        await self.open_group(group)

    async def _leave(self) -> None:
        group = self._group()
        left = await self._client.leave_group(group)
        self._done("put_away" if left.archived else "done")
        self._state.open = None

    # --- people

    async def _add(self, subs: str) -> None:
        group = self._group()
        people = [await self._person(sub) for sub in subs.split()]
        done = await self._client.add_members(group, people)
        for one in done.results:
            self.failed = self.failed or one.result not in {"added", "already"}
            self._watcher.say(NOTICE, f"result_{one.result}", name=self._render.name(one.user))

    async def _kick(self, sub: str) -> None:
        await self._client.kick_member(self._group(), await self._person(sub))
        self._done()

    async def _follow(self, sub: str) -> None:
        done = await self._client.follow(await self._person(sub))
        name = self._render.name(done.user)
        self._watcher.say(NOTICE, "following_mutual" if done.mutual else "following", name=name)

    async def _unfollow(self, sub: str) -> None:
        done = await self._client.unfollow(await self._person(sub))
        self._watcher.say(NOTICE, "unfollowed", name=self._render.name(done.user))

    async def _block(self, sub: str) -> None:
        done = await self._client.block(await self._person(sub))
        self._watcher.say(NOTICE, "blocked", name=self._render.name(done.user))

    async def _unblock(self, sub: str) -> None:
        done = await self._client.unblock(await self._person(sub))
        self._watcher.say(NOTICE, "unblocked", name=self._render.name(done.user))

    async def _who(self) -> None:
        hello = self._client.hello
        assert hello is not None
        mine = await self._client.get_users([hello.user])
        values: dict[str, Any] = {"name": printable(hello.name), "sub": printable(mine[0].sub) if mine else "?"}
        state = self._words("state_online" if self._state.online else "state_offline")
        self._watcher.say(NOTICE, "who", **values, user=hello.user, device=hello.device, state=state)

    async def _help(self) -> None:
        self._watcher.say(NOTICE, "help")

    async def _quit(self) -> None:
        self.over = True

    # --- small things

    def _group(self) -> str:
        if self._state.open is None:
            raise Mistyped("no_open_group")
        return self._state.open

    async def _person(self, sub: str) -> str:
        user = await self._state.names.find(sub)
        if user is None:
            raise Mistyped("no_such_user", sub=printable(sub))
        return user

    def _done(self, key: str = "done", **values: object) -> None:
        if not self._screen.interactive or key != "done":
            self._watcher.say(DIM, key, **values)


def _number(text: str, usage: str) -> int:
    digits = text.removeprefix("#")
    if not (digits.isascii() and digits.isdigit()):
        raise Mistyped("usage", usage=usage)
    return int(digits)
