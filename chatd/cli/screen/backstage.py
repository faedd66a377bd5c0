"""What the watcher, the desk and the views work with: the parts of the app, and what becomes of what they say."""

from __future__ import annotations

import contextlib
import os
from abc import abstractmethod
from typing import Final

from rich.console import RenderableType
from rich.text import Text
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from chatd.cli.chat_called import ALL_NAMES, behind_slash, offered
from chatd.cli.chat_commands import Mistyped, is_retry
from chatd.cli.chat_items import Kind
from chatd.cli.chat_render import DIM, ERROR, Line, Renderer
from chatd.cli.chat_state import GROUPS_MAX, Names, State
from chatd.cli.chat_words import Words
from chatd.cli.screen import bars
from chatd.cli.screen.acts import Acts
from chatd.cli.screen.appscreen import AppScreen
from chatd.cli.screen.bar import Bar
from chatd.cli.screen.cells import clean, cut
from chatd.cli.screen.chats import ChatRows, Chats, in_order
from chatd.cli.screen.composer import Composer, bot_commands
from chatd.cli.screen.conversation import Conversation
from chatd.cli.screen.desk import SCREEN_COMMANDS, ScreenDesk
from chatd.cli.screen.dialogs import Sheet
from chatd.cli.screen.ink import Look, Signs
from chatd.cli.screen.life import Life
from chatd.cli.screen.notes import NOTE_ROWS, Notes, rows_of
from chatd.cli.screen.paint import Painter
from chatd.cli.screen.shelf import Shelf
from chatd.cli.screen.timeline import Timeline
from chatd.cli.screen.transcript import Transcript
from chatd.cli.screen.views import Views
from chatd.cli.screen.watcher import ScreenWatcher
from chatd.cli.typed.groups import name_lines
from chatd_client import ChatdError, Client, ClientClosed, Connected
from chatd_protocol import log
from chatd_protocol.kinds import Card
from chatd_protocol.receipts import ReceiptsSignal

LINE_CELLS: Final = 24
"""So much of a command is repeated that has to wait."""
NOTE_CELLS_MIN: Final = 20
TYPING_S: Final = 5.0
PASSING_S: Final = 6.0
"""So long stands what needs nobody's attention."""
BARS: Final = ("top", "title", "tabs", "banner", "notes", "offers", "aim", "status")
_ABOUT_GROUP: Final = (
    log.MembersChanged,
    log.RoleChanged,
    log.OwnerChanged,
    log.Announced,
    log.SettingsChanged,
    log.Moderated,
    log.Erased,
)


class Backstage(Life):
    """One person's chat, but for its keys."""

    def __init__(self, client: Client, words: Words, look: Look | None) -> None:
        super().__init__(client, words, look)
        self._drawn = False
        self._listed = False
        """The list of chats was read whole."""
        self._seen_to: tuple[Transcript, int] | None = None
        self._naming = (0, 0)
        self._waiting: dict[int, tuple[str, str]] = {}
        self.reply_to: int | None = None
        self.editing: int | None = None
        self._build()

    def _build(self) -> None:
        """The parts that are not drawn."""
        self.state = State(Names(self.client, operator=self.words("operator_name")))
        self.signs = Signs(os.environ.get("TERM", ""))
        state = self.state
        self.render_text = Renderer(
            self.words, self.me, state.called, section_of=state.section_title, own_name_of=state.names.of
        )
        screen = AppScreen(self)
        self.watcher = ScreenWatcher(self.client, self.state, screen, self.render_text, self.words, self)
        self.desk = ScreenDesk(self.client, self.state, screen, self.render_text, self.words, self.watcher)
        self.desk.stage = self
        self.painter = Painter(self.words, self.render_text, self.signs)
        self.timeline = Timeline(self.painter, self.ink, self.signs.bar, id="timeline")
        self.timeline.empty_words = self.words("nothing_said")
        self.chats = Chats(ChatRows(self.words, self.render_text, self.signs), self.ink, id="chats")
        self.composer = Composer(
            lambda: self.state.others(self.me()),
            [offered(self.words, name) for name in SCREEN_COMMANDS],
            self.state.items,
            self.words("everybody"),
            id="composer",
            placeholder=self.words("write_here"),
        )
        self.left, self.middle = (
            Vertical(id="left"),
            Vertical(id="middle"),
        )  # held, for the end takes them off the screen
        self.right = VerticalScroll(id="right", can_focus=False)
        self.details = Static(id="details")
        self.conversation = Conversation(self.desk, self.timeline, self.changed)
        self.views = Views(self)
        self.shelf = Shelf(self)
        self.acts = Acts(self)
        self.bars = {
            name: Bar(self.ink, id=name)
            for name in ("top", "title", "tabs", "banner", "notes", "offers", "aim", "status")
        }
        self._notes = Notes(self.bars["notes"], self._note_cells)

    def exit(self, result: int | None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        """End the app; nothing is drawn from here on, for what it would be drawn on goes."""
        self._drawn = False
        super().exit(result, return_code, message)

    # --- what the watcher and the desk tell

    @property
    def transcript(self) -> Transcript | None:
        return self.conversation.transcript

    def came(self, entries: list[log.Entry | log.UnknownEntry]) -> None:
        transcript = self.transcript
        if transcript is None:
            return
        transcript.trim(keep_newest=self.timeline.at_newest)
        if any(isinstance(entry, log.Message) for entry in entries):
            self.state.typing = ""
            self.conversation.count_readers()
        if any(isinstance(entry, _ABOUT_GROUP) for entry in entries):
            self.spawn(self._learn_anew())
        self.timeline.touch()

    def cut_off(self) -> None:
        self.timeline.scroll_rows(0)  # What is left closes up.
        self.spawn(self._learn_anew())

    async def _learn_anew(self) -> None:
        with contextlib.suppress(ChatdError, ClientClosed):
            await self.conversation.learn_info()
            self._learn_bots()
            await self.conversation.learn_presence()
            self.changed()

    async def learn_presence(self) -> None:
        """Ask who is here: what was told of those who came and went may have been lost."""
        if self.state.online:
            with contextlib.suppress(ChatdError, ClientClosed):
                await self.conversation.learn_presence()
                self.changed()

    def told_of_reading(self, signal: ReceiptsSignal) -> None:
        self.conversation.told_of_reading(signal)

    def heard_typing(self) -> None:
        self.set_timer(TYPING_S, self._forget_typing)

    def _forget_typing(self) -> None:
        self.state.typing = ""
        self.changed()

    def connected(self, event: Connected) -> None:
        if not event.resumed:
            self.spawn(self._load_quietly())
        self.spawn(self._learn_anew())

    async def _load_quietly(self) -> None:
        with contextlib.suppress(ChatdError, ClientClosed):
            await self.load_chats()

    async def reload(self, group: str | None) -> None:
        with contextlib.suppress(ChatdError, ClientClosed):
            if self.transcript is not None and group in {None, self.transcript.group}:
                await self.conversation.reload()

    async def load_chats(self) -> None:
        """All of one's groups, page by page, as far as there is room."""
        after: str | None = None
        while len(self.state.lines) < GROUPS_MAX:
            page = await self.client.list_groups(after)
            await name_lines(self.desk, page.groups)
            for line in page.groups:
                self.state.put(line)
            self.changed()
            after = page.more
            if after is None:
                break
        self._listed = True
        self.changed()

    def changed(self) -> None:
        """Something that stands at an edge is another: list, title, status."""
        if not self._drawn:
            return
        if self.state.open is None and self.transcript is not None:
            self.conversation.close()
        if self._naming != self.state.naming:
            self._naming = self.state.naming
            self.timeline.repaint()
        if self._seen_to is not None and self._seen_to[0] is self.transcript:
            self.watcher.seen(*self._seen_to)  # Once more: what the server said of the group may be older than that.
        lines = in_order(self.state.lines.values())
        self._say_none(none=self._listed and not lines)
        self.state.numbers = [line.group for line in lines]
        lasts = {line.group: self._last(line.group) for line in lines}
        self.chats.show(lines, lasts, {}, self.state.open)
        bars.show(self)

    def _say_none(self, *, none: bool) -> None:
        """Where there is no chat, say how one comes to one."""
        idle = self.words("no_chats_do") if none else ""
        if idle != self.timeline.idle_words:
            self.timeline.idle_words = idle
            self.chats.empty_words = self.words("no_chats") if none else ""
            self.timeline.touch()

    def _last(self, group: str) -> str:
        """What was said last in a chat; unsent text comes first."""
        line = self.state.lines[group]
        draft = (
            line.draft.text
            if line.draft is not None and group not in self.state.drafts
            else self.state.drafts.get(group)
        )
        if draft and group != self.state.open:
            return clean(self.words("draft", text=draft))
        pos, text = self.watcher.lasts.get(group, (0, ""))
        last = line.last or {}
        known = last.get("pos")
        return clean(
            text if pos and not (isinstance(known, int) and known > pos) else self.render_text.preview(line.last)
        )

    def note(self, lines: list[Line]) -> None:
        """Say something above the composer, below what was said there before."""
        self._notes.add(lines)

    def tell_connection(self, line: Line, *, passing: bool) -> None:
        """Say what has become of the connection; what is `passing` stands for a while."""
        self._notes.tell_connection(line)
        if passing:
            self.set_timer(PASSING_S, lambda: self._notes.forget_connection(line))

    def _note_cells(self) -> int:
        return max((self.timeline.size.width or self.size.width) - 2, NOTE_CELLS_MIN)

    def redraw_notes(self) -> None:
        """There is another width for them."""
        self._notes.redraw()

    def hand_over(self, text: str) -> None:
        """A text that is meant to be pasted elsewhere goes to the terminal's clipboard."""
        self.copy_to_clipboard(text)

    def read_details(self) -> None:
        """What there is to know of the open group, to read over it."""
        line = self.state.lines.get(self.state.open or "")
        if line is not None and len(self.screen_stack) == 1:
            text = bars.details_of(self, line, max(self.size.width * 9 // 10 - 5, 10))
            self.push_screen(Sheet(self.words("title_details"), text, self.words("keys_sheet")))

    def drop_notes(self) -> None:
        """What stood there was read."""
        self._notes.drop()

    def answer(self, lines: list[Line]) -> None:
        """The answer of a command."""
        shown = [line for line in lines if any(text.strip() for _, text in line)]
        if len(rows_of(shown, self._note_cells())) > NOTE_ROWS:
            ink = self.ink()
            text = Text("\n").join(
                Text.assemble(*((clean(part), ink[style]) for style, part in line)) for line in lines
            )
            self.push_screen(Sheet("chatd", text, self.words("keys_sheet")))
        elif shown:
            self.note(shown)

    def sending(self, group: str, text: str, cid: int, state: str) -> None:
        if state == "waits":
            self._waiting[cid] = group, text
        else:
            self._waiting.pop(cid, None)
        if state == "refused":
            if not self.composer.text and group == self.state.open:
                self.composer.put(text)
            else:
                self.note([[(ERROR, self.words("not_sent", text=text))]])
        mine = [f"{self.signs.waits} {clean(text)}" for of, text in self._waiting.values() if of == self.state.open]
        self.timeline.waiting = mine
        self.timeline.touch()

    # --- chats

    @abstractmethod
    def show_list(self, shown: bool) -> None:
        """Where there is room for one pane only, that is the list, or the conversation."""

    async def open_chat(self, group: str, section: int | None = None) -> None:
        before, typed = self.state.open, self.composer.text
        self.show_list(False)
        self.composer.focus()
        if not await self.conversation.open(group, section):
            return
        self._notes.forget_text(self.words("no_open_group"))
        if before != group:
            await self._save_draft(before, typed)
            if self.composer.text == typed and (before is not None or not typed):  # else it is kept nowhere but here
                self.composer.put(self.state.drafts.get(group, ""))
            self.drop_aim()
        self._learn_bots()
        self.changed()

    def _learn_bots(self) -> None:
        """What can be typed for the bots here."""
        self.composer.bot_commands = bot_commands(self.words, self.conversation.bots, ALL_NAMES)

    async def _save_draft(self, group: str | None, text: str) -> None:
        """Keep unsent text where all devices find it."""
        if group is None or self.editing is not None or self.state.drafts.get(group, "") == text:
            return
        self.state.drafts[group] = text
        await self.client.save_draft(group, text)

    async def older(self) -> None:
        await self.conversation.older()
        self.timeline.scroll_rows(self.timeline.size.height - 2)

    async def go_to(self, where: str) -> None:
        await self.conversation.go_to(where)
        self.timeline.focus()

    async def jump(self, group: str, pos: int, section: int = 0, kept: log.Message | None = None) -> None:
        """To a message wherever it stands. `kept` is it, where that is a board. Raises `ChatdError`, `Mistyped`."""
        if group != self.state.open or section != self.state.section:
            await self.open_chat(group, section or None)
        await self.conversation.go_to_message(pos, kept)
        self.timeline.focus()

    async def pick_item(self, kind: Kind, cards: list[Card]) -> str | None:
        return await self.shelf.pick_item(kind, cards)

    async def view(self, name: str, words: str = "") -> None:
        await self.views.show(name, words)

    async def keep_draft(self) -> None:
        await self._save_draft(self.state.open, self.composer.text)

    # --- writing

    def send(self, text: str) -> None:
        """Do a line, or send it: as an answer or a correction if one has been chosen for that."""
        reply, edit, text = self.reply_to, self.editing, behind_slash(text)
        self.drop_notes()
        if is_retry(text.strip()):
            self.action_retry()
            return
        if text.startswith("/") and not text.startswith("//"):
            waits: Line = [(DIM, self.words("command_waits", line=cut(clean(text), LINE_CELLS)))]
            if not self.state.online:
                self.answer([waits])
            self.do(lambda: self._command(text, waits))
            return
        self.drop_aim()
        self.timeline.chosen = None
        said = text[1:] if text.startswith("//") else text
        if edit is not None:
            self.do(lambda: self._edit(edit, said))
        else:
            self.go_to_newest()
            self.do(lambda: self._say(said, reply))

    async def _say(self, text: str, reply: int | None) -> None:
        try:
            await self.desk.say(text, reply)
        except Mistyped:  # Nothing is open; what was typed is there for when something is.
            if not self.composer.text:
                self.composer.put(text)
            raise

    async def _command(self, text: str, waits: Line) -> None:
        """Do a command; that it waits, if that was said, holds no more then. One that failed is there to be corrected,
        unless something else was typed meanwhile."""
        group = self.state.open
        try:
            if not await self.desk.could_do(text) and not self.composer.text and self.state.open == group:
                self.composer.put(text)
        finally:
            self._notes.forget(waits)

    async def _edit(self, pos: int, text: str) -> None:
        try:
            await self.desk.rewrite(pos, text)
        except ChatdError:
            self.composer.put(text)
            self.editing = pos
            raise

    def aim(self, *, reply_to: int | None = None, editing: int | None = None) -> None:
        """What is written next answers a message, or takes the place of one."""
        self.reply_to, self.editing = reply_to, editing
        self.composer.focus()
        self.changed()

    def drop_aim(self) -> None:
        """What is written next stands for itself."""
        if self.editing is not None:
            self.composer.clear()
        self.reply_to = self.editing = None
        self.changed()

    def action_retry(self) -> None:
        """Where there is no connection, do not wait for the next attempt."""
        if not self.state.online:
            self.client.retry_now()

    def go_to_newest(self) -> None:
        self.do(self.conversation.newest)
