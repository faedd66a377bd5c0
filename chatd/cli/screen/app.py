"""The full-screen chat: what is drawn where, and what keys and mouse do."""

from __future__ import annotations

import asyncio
import contextlib
from typing import ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal

from chatd.cli.chat_render import DIM
from chatd.cli.chat_words import Words
from chatd.cli.screen import bars
from chatd.cli.screen.backstage import Backstage
from chatd.cli.screen.bar import Bar
from chatd.cli.screen.chats import Chats
from chatd.cli.screen.composer import Composer
from chatd.cli.screen.ink import THEMES, Look
from chatd.cli.screen.style import CSS, LIST_FROM, WIDE_FROM
from chatd.cli.screen.terminal import forget_terminal
from chatd.cli.screen.timeline import Timeline
from chatd_client import ChatdError, Client, ClientClosed
from chatd_protocol.pasted import find_invite

TELL_TYPING_S: Final = 4.0
PRESENCE_S: Final = 60.0
"""How often is asked who is here, beside what the server tells by itself."""
LOOKS: Final[tuple[Look, ...]] = ("dark", "light", "terminal")


class ChatApp(Backstage):
    """One person's chat. `group`: the one to open first."""

    CSS = CSS
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = "#composer"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q,ctrl+c", "leave", priority=True),
        Binding("f1,ctrl+p", "view('help')", priority=True),
        Binding("f2,ctrl+l", "chats", priority=True),
        Binding("f3,ctrl+f", "view('search')", priority=True),
        Binding("f4", "details", priority=True),
        Binding("f5", "view('members')", priority=True),
        Binding("f6", "view('pins')", priority=True),
        Binding("f7", "view('featured')", priority=True),
        Binding("f8", "view('mentions')", priority=True),
        Binding("f9", "look", priority=True),
        Binding("ctrl+g", "view('groups')", priority=True),
        Binding("ctrl+n", "beside(1, True)", priority=True),
        Binding("alt+down", "beside(1)", priority=True),
        Binding("alt+up", "beside(-1)", priority=True),
        Binding("alt+right,ctrl+pagedown", "section_beside(1)", priority=True),
        Binding("alt+left,ctrl+pageup", "section_beside(-1)", priority=True),
        Binding("ctrl+b", "newest", priority=True),
        Binding("ctrl+r", "retry", priority=True),
    ]

    def __init__(self, client: Client, words: Words, group: str | None = None, look: Look | None = None) -> None:
        super().__init__(client, words, look)
        self._first_group = group
        self._focused = True
        self._told_typing = 0.0
        self._details: dict[bool, bool] = {}
        """By whether there is room for them (`WIDE_FROM`): whether somebody wants the details shown."""
        self._list: bool | None = None

    def compose(self) -> ComposeResult:
        with Horizontal(id="body"):
            with self.left:
                yield self.bars["top"]
                yield self.chats
            with self.middle:
                for name in ("title", "tabs", "banner"):
                    yield self.bars[name]
                yield self.timeline
                for name in ("notes", "offers", "aim"):
                    yield self.bars[name]
                yield self.composer
            with self.right:
                yield self.details
        yield self.bars["status"]

    def on_mount(self) -> None:
        self._drawn = True
        self.theme = THEMES[self.look]
        self._arrange()
        self.changed()
        self.attend_terminal()
        self.spawn(self._watch())
        self.spawn(self.do_typed())
        self.spawn(self._begin())
        self.set_interval(PRESENCE_S, lambda: self.spawn(self.learn_presence()))

    async def _watch(self) -> None:
        closed = await self.watcher.watch()
        if closed is not None:
            self.last_words = self.watcher.farewell
            await self.stop_work()
            self.exit(return_code=1)

    async def _begin(self) -> None:
        with contextlib.suppress(ClientClosed):
            await self.client.connect()
            await self.load_chats()
            first = self._first_group
            if first is None and self.chats.lines and self.size.width >= LIST_FROM:
                first = self.chats.lines[0].group
            if first is not None:
                self.do(lambda: self.open_chat(first))
            elif self.chats.lines:
                self.action_chats()

    def action_leave(self) -> None:
        self.leave()

    # --- keys

    def action_view(self, name: str) -> None:
        if len(self.screen_stack) == 1:
            self.do(lambda: self.view(name))

    def action_chats(self) -> None:
        """To the list; where there is no room for it beside the conversation, over it."""
        if self.size.width < LIST_FROM:
            self.show_list(not self.has_class("-listing"))
            (self.chats if self.has_class("-listing") else self.composer).focus()
        elif self.chats.has_focus:
            self._list = not self.left.display
            self._arrange()
            self.composer.focus()
        else:
            self._list = True
            self._arrange()
            self.chats.focus()

    def action_details(self) -> None:
        """Show or hide the details; where there is no room for them beside the conversation, over it."""
        if self.size.width < LIST_FROM:
            self.read_details()
            return
        self._details[self.size.width >= WIDE_FROM] = not self.right.display
        self._arrange()
        self.changed()

    def action_beside(self, step: int, unread: bool = False) -> None:
        group = self.chats.beside(step, unread=unread)
        if group is not None:
            self.do(lambda: self.open_chat(group))
        elif unread:
            self.note([[(DIM, self.words("none_unread"))]])

    def action_section_beside(self, step: int) -> None:
        line = self.state.lines.get(self.state.open or "")
        numbers = [one.section for one in line.sections] if line is not None else []
        if line is not None and self.state.section in numbers:
            number = numbers[(numbers.index(self.state.section) + step) % len(numbers)]
            self.do(lambda: self.open_chat(line.group, number))

    def action_look(self) -> None:
        """Other colours."""
        if self.look == "plain":
            return
        self.look = LOOKS[(LOOKS.index(self.look) + 1) % len(LOOKS)]
        self.theme = THEMES[self.look]
        self.note([[(DIM, self.words(f"look_{self.look}"))]])
        self.timeline.touch()
        self.refresh(layout=True)
        self.changed()

    def show_list(self, shown: bool) -> None:
        self.set_class(shown, "-listing")
        self._arrange()

    def _arrange(self, wide: int | None = None) -> None:
        """As many panes as there is room for, unless somebody wants it otherwise. `wide`: of how many cells, if that
        is just changing."""
        wide = self.size.width if wide is None else wide
        listing = self.has_class("-listing")
        self.left.display = listing if wide < LIST_FROM else self._list is not False
        self.middle.display = not listing or wide >= LIST_FROM
        self.right.display = wide >= LIST_FROM and self._details.get(wide >= WIDE_FROM, wide >= WIDE_FROM)
        self.set_class(wide < WIDE_FROM, "-narrow")

    def on_resize(self, event: events.Resize) -> None:
        self._arrange(event.size.width)  # The app itself still has the size from before.
        self.changed()

    @on(Bar.Resized)
    def _bar_resized(self, event: Bar.Resized) -> None:
        """What stands at the edges has room for more, or for less."""
        if event.bar in {"title", "notes"}:
            self.changed()
            self.redraw_notes()

    def on_descendant_focus(self) -> None:
        """Other keys mean something now."""
        self.changed()

    def on_app_focus(self) -> None:
        self._focused = True
        self.timeline.touch()

    def on_app_blur(self) -> None:
        self._focused = False

    def action_newest(self) -> None:
        self.go_to_newest()

    # --- writing

    @on(Composer.Sent)
    def _sent(self, event: Composer.Sent) -> None:
        text = event.text
        if not text.startswith("/") and find_invite(text) is not None:
            self.do(lambda: self.views.offer(text))
            return
        self.composer.clear()
        self.send(text)

    @on(Composer.Changed)
    def _writing(self) -> None:
        loop = asyncio.get_running_loop()
        line = self.state.lines.get(self.state.open or "")
        hello, text = self.client.hello, self.composer.text
        if line is None or hello is None or not text or text.startswith("/") or not self.state.online:
            return
        if line.members <= hello.bounds.typing_group_members and loop.time() - self._told_typing > TELL_TYPING_S:
            self._told_typing = loop.time()
            self.spawn(self._tell_typing(line.group))

    async def _tell_typing(self, group: str) -> None:
        with contextlib.suppress(ChatdError, ClientClosed):
            await self.client.typing(group)

    @on(Composer.Offers)
    def _offers(self) -> None:
        bars.show_offers(self)

    @on(Composer.Looking)
    def _looking(self, event: Composer.Looking) -> None:
        if self.state.online:
            self.spawn(self.shelf.look_for(event.kind, event.begun))

    @on(Composer.Pasted)
    def _pasted(self, event: Composer.Pasted) -> None:
        if find_invite(event.text) is not None:
            self.do(lambda: self.views.offer(event.text))

    @on(Composer.Asked)
    def _asked(self, event: Composer.Asked) -> None:
        match event.key:
            case "pageup":
                self.timeline.scroll_rows(max(self.timeline.size.height - 2, 1))
            case "pagedown":
                self.timeline.scroll_rows(-max(self.timeline.size.height - 2, 1))
            case "up":
                self.screen.set_focus(self.timeline)
                self.timeline.choose(-1)
                self.composer.let_go()
            case "escape":
                self.drop_notes()
                self.drop_aim()

    # --- reading

    @on(Timeline.NearEnd)
    def _near_end(self, event: Timeline.NearEnd) -> None:
        if not self.conversation.busy:
            self.spawn(self._load_more(event.step))

    async def _load_more(self, step: int) -> None:
        try:
            await (self.conversation.older() if step < 0 else self.conversation.newer())
        except ChatdError as error:
            self.desk.show_error(error)
        except ClientClosed:
            return

    @on(Timeline.Seen)
    def _seen(self, event: Timeline.Seen) -> None:
        if self._focused and self.transcript is not None and len(self.screen_stack) == 1:
            self._seen_to = self.transcript, event.pos
            self.changed()

    @on(Timeline.Chosen)
    def _chosen(self, event: Timeline.Chosen) -> None:
        self.changed()
        if event.pos is not None:
            self.spawn(self.acts.learn_own(event.pos))

    @on(Timeline.Pressed)
    def _pressed(self, event: Timeline.Pressed) -> None:
        self.do(lambda: self.acts.press(event.pos, event.spot))

    @on(Chats.Opened)
    def _opened(self, event: Chats.Opened) -> None:
        self.show_list(False)
        self.do(lambda: self.open_chat(event.group))

    @on(Bar.Pressed)
    def _bar_pressed(self, event: Bar.Pressed) -> None:
        what, _, which = event.spot.partition(" ")
        match what:
            case "section":
                group = self.state.open
                if group is not None:
                    self.do(lambda: self.open_chat(group, int(which)))
            case "close":
                self.drop_notes()
            case "aim":
                self.drop_aim()
            case "offer":
                self.composer.take_offer(int(which))
            case _:
                self.call_later(self.run_action, event.spot)

    def on_key(self, event: events.Key) -> None:
        """Keys that neither the composer nor a list has taken."""
        if len(self.screen_stack) > 1:
            return
        if self.timeline.has_focus:
            if self.acts.key(event.key, event.character):
                event.stop()
        elif event.key in {"escape", "tab", "shift+tab"}:
            event.stop()
            event.prevent_default()
            self.show_list(False)
            self.composer.focus()
        elif self.chats.has_focus and event.character and event.character.isprintable():
            event.stop()
            self.show_list(False)
            self.composer.focus()
            self.composer.insert(event.character)


async def run(client: Client, words: Words, group: str | None) -> tuple[int, str]:
    """Chat until one leaves or the server ends it. The exit status, and what is to be said then."""
    app = ChatApp(client, words, group)
    try:
        await app.run_async()
    finally:
        await app.close()
        forget_terminal(lost=app.terminal_lost)
    return app.return_code or 0, app.last_words
