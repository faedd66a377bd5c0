"""Lists that come up over the conversation, to pick from: help, chats, messages, people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.text import Text

from chatd.cli.chat_names import users_in
from chatd.cli.chat_people import in_rank
from chatd.cli.screen.asking import Asking
from chatd.cli.screen.cells import clean, cut, fill, width
from chatd.cli.screen.dialogs import Choice
from chatd.cli.screen.doors import Doors
from chatd.cli.screen.ink import style_of
from chatd.cli.screen.people import about_person
from chatd.cli.typed.boards import PAGE as BOARD_PAGE
from chatd.cli.typed.groups import learn_presence
from chatd_client import ChatdError, ClientClosed
from chatd_protocol.groups import Member
from chatd_protocol.log import Message, read_entry
from chatd_protocol.search import SearchHit
from chatd_protocol.values import PAGE_MAX

if TYPE_CHECKING:
    from chatd.cli.screen.backstage import Backstage

LOOK_CELLS: Final = 200
HERE: Final = "in:here"
"""Among the words of a search: only in the open chat."""


class Views(Asking):
    """Brings them up for the app."""

    def __init__(self, app: Backstage) -> None:
        super().__init__(app)
        doors = Doors(app)
        self.offer = doors.offer
        self._shows: Mapping[str, Callable[[str], Awaitable[None]]] = {
            "help": self._help,
            "groups": self._groups,
            "members": self._members,
            "pins": self._pins,
            "featured": self._featured,
            "mentions": self._mentions,
            "search": self._search,
            "requests": doors.requests,
            "invited": doors.invited,
            "greetings": doors.greetings,
            "discover": doors.discover,
            "invites": doors.invites,
            "sections": self._sections,
        }

    async def show(self, name: str, words: str) -> None:
        """Bring up the view of this name. Raises `ChatdError`, `Mistyped`."""
        await self._shows[name](words)

    async def _help(self, _: str) -> None:
        words = self._app.words
        choices = [
            Choice("", self.look(("accent", fill(keys, 20)), ("text", words(f"key_{name}")))) for keys, name in _KEYS
        ]
        for name in self._app.desk.commands:
            usage, about = words(f"usage_{name}"), words(f"help_{name}")
            choices.append(Choice(name, self.look(("bold", fill(usage, max(26, width(usage) + 1))), ("dim", about))))
        unique = [one._replace(name=one.name or f"key{index}") for index, one in enumerate(choices)]
        picked = await self.pick(words("title_commands"), unique, ask=words("ask_filter"))
        command = self._app.desk.commands.get(picked or "")
        if command is None:
            return
        if command.parts + command.more and picked != "help":
            self._app.composer.put(f"/{picked} ")
            self._app.composer.focus()
        else:
            self._app.send(f"/{picked}")

    async def _groups(self, _: str) -> None:
        picked = await self.pick_group(self._app.words("title_goto"))
        if picked is not None:
            await self._app.open_chat(picked)

    async def pick_group(self, title: str) -> str | None:
        """One of the chats."""
        app = self._app
        choices = []
        for line in app.chats.lines:
            unread = f" ({line.unread})" if line.unread else ""
            choices.append(
                Choice(line.group, self.look(("text", clean(app.render_text.title(line))), ("accent", unread)))
            )
        return await self.pick(title, choices, ask=app.words("ask_filter"), nothing=app.words("no_chats"))

    async def _pins(self, _: str) -> None:
        found = await self._app.client.list_pins(self._app.desk.group())
        await self._jump_to_one(self._app.words("title_pins"), [one.entry for one in found.pins], nothing="none_pinned")

    async def _featured(self, _: str) -> None:
        found = await self._app.client.list_featured(self._app.desk.group(), limit=BOARD_PAGE)
        notes = [one.note for one in found.posts]
        await self._jump_to_one(
            self._app.words("title_featured"), [one.entry for one in found.posts], notes, nothing="none_featured"
        )

    async def _mentions(self, _: str) -> None:
        found = await self._app.client.list_mentions(limit=BOARD_PAGE)
        groups = [one.group for one in found.mentions]
        titles = [self._app.watcher.title_of(group) for group in groups]
        await self._jump_to_one(
            self._app.words("title_mentions"),
            [one.entry for one in found.mentions],
            titles,
            groups,
            nothing="none_mentions",
        )

    async def _jump_to_one(
        self,
        title: str,
        raw: Iterable[Mapping[str, object]],
        notes: Sequence[str] = (),
        groups: Sequence[str] = (),
        *,
        nothing: str,
    ) -> None:
        app = self._app
        entries = [read_entry(dict(one)) for one in raw]
        await app.state.names.learn(user for entry in entries for user in users_in(entry))
        choices: list[Choice] = []
        places: dict[str, tuple[str, int, int, Message | None]] = {}
        for index, entry in enumerate(entries):
            if isinstance(entry, Message):
                group = groups[index] if groups else app.desk.group()
                places[f"p{index}"] = group, entry.pos, entry.section, None if groups else entry
                choices.append(Choice(f"p{index}", self._look_of(entry, notes[index] if notes else "")))
        picked = await self.pick(title, choices, nothing=app.words(nothing))
        if picked is not None:
            await app.jump(*places[picked])

    def _look_of(self, message: Message, note: str) -> Text:
        render = self._app.render_text
        head = [
            (style_of(message.sender), clean(render.name(message.sender))),
            ("faint", f"  {render.until(message.at)}"),
        ]
        if note:
            head.append(("notice", f"  {clean(note)}"))
        return self.look(*head, ("text", "\n  " + cut(clean(render.text(message)), LOOK_CELLS)))

    async def _search(self, words: str) -> None:
        app = self._app
        hits: list[SearchHit] = []

        async def find(typed: str) -> list[Choice] | str:
            here = HERE in typed.split() and app.state.open is not None
            query = " ".join(word for word in typed.split() if word != HERE)
            if not query:
                return app.words("search_how")
            try:
                page = await app.client.search(query, group=app.state.open if here else None)
                hits[:] = page.hits
                await app.state.names.learn(hit.sender for hit in hits)
            except ChatdError as error:
                return app.words.choose(f"error_{error.code}", "error_other", message=clean(error.message))
            except ClientClosed:
                return ""
            if not hits:
                return app.words("found_none_here" if here else "found_none", words=clean(query))
            return [Choice(f"h{index}", self._look_of_hit(hit)) for index, hit in enumerate(hits)]

        found = await find(words) if words else app.words("search_how")
        first, nothing = ([], found) if isinstance(found, str) else (found, app.words("search_how"))
        ask, busy = app.words("ask_search"), app.words("searching")
        picked = await self.pick(
            app.words("title_search"), first, ask=ask, nothing=nothing, busy=busy, source=find, value=words
        )
        if picked:
            hit = hits[int(picked[1:])]
            await app.jump(hit.group, hit.pos, hit.section)

    def _look_of_hit(self, hit: SearchHit) -> Text:
        app = self._app
        head = [("accent", clean(app.watcher.title_of(hit.group))), ("faint", f"  {app.render_text.until(hit.at)}  ")]
        pieces = [*head, (style_of(hit.sender), clean(app.render_text.name(hit.sender))), ("text", "\n  ")]
        at = 0
        for begin, end in hit.highlights:
            pieces += [("text", clean(hit.text[at:begin])), ("found", clean(hit.text[begin:end]))]
            at = end
        return self.look(*pieces, ("text", clean(hit.text[at:])))

    async def _members(self, _: str) -> None:
        app = self._app
        group = app.desk.group()
        members: list[Member] = []
        after: str | None = None
        while len(members) < 10 * PAGE_MAX:
            page = await app.client.list_members(group, after, PAGE_MAX)
            members += page.members
            after = page.more
            if after is None:
                break
        await app.state.names.learn(one.user for one in members)
        line = app.state.lines.get(group)
        if line is not None:
            await learn_presence(app.desk, line)
        choices = []
        for one in in_rank(members, app.state.here, app.render_text.called):
            here = app.state.here.get(one.user) if not one.bot else None
            sign = " " if here is None else app.signs.here if here else app.signs.away
            name = clean(one.nickname or app.render_text.called(one.user))
            role = app.words("is_bot" if one.bot else f"role_{one.role}") if one.bot or one.role != "member" else ""
            if app.render_text.is_me(one.user):
                role = app.words.listed(part for part in (app.words("you"), role) if part)
            choices.append(
                Choice(
                    one.user,
                    self.look(
                        ("good" if here else "faint", f"{sign} "), (style_of(one.user), name), ("dim", f"  {role}")
                    ),
                )
            )
        legend = app.words("members_legend", here=app.signs.here, away=app.signs.away) if app.state.here else ""
        title = app.words("title_members", count=len(members))
        picked = await self.pick(title, choices, ask=app.words("ask_filter"), note=legend)
        if picked is not None:
            await about_person(self, app, picked)

    async def _sections(self, _: str) -> None:
        app = self._app
        group = app.desk.group()
        choices = []
        for one in await app.client.list_sections(group):
            title = clean(one.title) or app.words("section_main")
            unread = app.words("section_unread", count=one.unread) if one.unread else ""
            closed = app.words("section_is_closed") if one.closed else ""
            about = f" · {app.words(f'section_kind_{one.kind}')}{unread}{closed}"
            choices.append(Choice(str(one.section), self.look(("text", f"{one.section}  {title}"), ("dim", about))))
        picked = await self.pick(app.words("title_sections"), choices)
        if picked is not None:
            await app.open_chat(group, int(picked))


_KEYS: Final = (
    ("Enter", "send"),
    ("Shift/Alt+Enter ^J", "newline"),
    ("Tab", "complete"),
    ("↑", "choose"),
    ("Esc", "back"),
    ("PgUp PgDn", "scroll"),
    ("^B", "newest"),
    ("F1 ^P", "help"),
    ("F2 ^L", "chats"),
    ("Alt+↑ Alt+↓", "beside"),
    ("^N", "unread"),
    ("^G", "goto"),
    ("Alt+← Alt+→", "sections"),
    ("F3 ^F", "search"),
    ("F4", "details"),
    ("F5", "members"),
    ("F6", "pins"),
    ("F7", "featured"),
    ("F8", "mentions"),
    ("F9", "look"),
    ("^R", "retry"),
    ("^Q ^C", "quit"),
)
