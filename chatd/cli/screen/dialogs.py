"""What comes up over the conversation: something to pick from, to read, or to decide."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar, Final, NamedTuple

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

FREE: Final = "="
"""In front of a text that was typed and is none of the choices."""


class Choice(NamedTuple):
    """One thing to pick: what is returned for it, and how it looks. A `key` picks it at once."""

    name: str
    look: Text
    key: str = ""


Source = Callable[[str], Awaitable[Sequence[Choice] | str]]
"""What is found for what was typed; a text says why there is nothing."""


class Box(Vertical):
    """The frame around it; the keys that mean something stand at its lower edge."""

    def __init__(self, keys: str) -> None:
        super().__init__(classes="dialog")
        self.border_subtitle = keys


class Picker(ModalScreen[str | None]):
    """A list to pick from; with `ask` a line to type in, that narrows the list, or asks `source` for another one.

    The result is the name of a choice; with `free` also `=` and what was typed; None after Escape. `nothing` stands
    where there are no choices, `unfit` where none of them fits, `busy` while they are asked for, `note` below them all.
    `value` is typed already. `keys` are named at the lower edge.
    """

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(None)")]

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice] = (),
        *,
        ask: str = "",
        nothing: str = "",
        unfit: str = "",
        busy: str = "",
        source: Source | None = None,
        free: bool = False,
        note: str = "",
        value: str = "",
        keys: str = "",
    ) -> None:
        super().__init__()
        self._keys = keys
        self._title = title
        self._choices = list(choices)
        self._ask = ask
        self._nothing = nothing
        self._unfit = unfit
        self._busy = busy
        self._source = source
        self._free = free
        self._note = note
        self._value = value

    def compose(self) -> ComposeResult:
        with Box(self._keys):
            yield Static(Text(self._title), classes="dialog-title")
            if self._ask:
                yield Input(self._value, placeholder=self._ask)
            yield OptionList()
            yield Static(Text(self._nothing), id="nothing")
            if self._note:
                yield Static(Text(self._note), classes="dialog-note")

    def on_mount(self) -> None:
        self._fill(self._choices)
        self.query_one(Input if self._ask and not (self._source and self._choices) else OptionList).focus()

    def _fill(self, choices: Sequence[Choice], nothing: str = "") -> None:
        nothing = nothing or self._nothing
        listed = self.query_one(OptionList)
        listed.clear_options()
        listed.add_options([Option(one.look, id=one.name) for one in choices])
        listed.display = bool(choices)
        says = self.query_one("#nothing", Static)
        says.update(Text(nothing))
        says.display = not choices and bool(nothing)
        if choices:
            listed.highlighted = 0

    def on_input_changed(self, event: Input.Changed) -> None:
        if self._source is None:
            typed = event.value.casefold()
            fits = [one for one in self._choices if typed in one.look.plain.casefold()]
            self._fill(fits, self._unfit if self._choices else "")

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        listed = self.query_one(OptionList)
        if self._source is not None:
            self._fill([], self._busy if event.value.strip() else "")
            if event.value.strip():
                self.run_worker(self._find(self._source, event.value), exclusive=True)
        elif listed.option_count and listed.highlighted is not None:
            self.dismiss(listed.get_option_at_index(listed.highlighted).id)
        elif self._free and event.value.strip():
            self.dismiss(FREE + event.value.strip())

    async def _find(self, source: Source, typed: str) -> None:
        """Ask for what fits; who waits for it can still go away, or ask for something else."""
        found = await source(typed)
        self._fill([] if isinstance(found, str) else found, found if isinstance(found, str) else "")
        listed = self.query_one(OptionList)
        if listed.option_count:
            listed.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def on_key(self, event: events.Key) -> None:
        typing = isinstance(self.focused, Input)
        listed = self.query_one(OptionList)
        if typing and event.key in {"down", "up", "pagedown", "pageup"} and listed.option_count:
            event.stop()
            moves = {"down": listed.action_cursor_down, "up": listed.action_cursor_up}
            moves |= {"pagedown": listed.action_page_down, "pageup": listed.action_page_up}
            moves[event.key]()
        elif not typing and event.character:
            for one in self._choices:
                if one.key == event.character:
                    event.stop()
                    self.dismiss(one.name)


class Sheet(ModalScreen[None]):
    """Something to read. Any of Escape, Enter and `q` puts it away."""

    BINDINGS: ClassVar[list[BindingType]] = [(key, "dismiss(None)") for key in ("escape", "enter", "q")]

    def __init__(self, title: str, text: Text, keys: str = "") -> None:
        super().__init__()
        self._keys = keys
        self._title = title
        self._text = text

    def compose(self) -> ComposeResult:
        with Box(self._keys):
            yield Static(Text(self._title), classes="dialog-title")
            with VerticalScroll():
                yield Static(self._text)

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()


class Decision(ModalScreen[tuple[str, str] | None]):
    """A question with a few answers, and a line to type in if `ask` says for what.

    The result is the name of the answer and what was typed; None after Escape.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss(None)"),
        ("left", "app.focus_previous"),
        ("right", "app.focus_next"),
    ]

    def __init__(
        self, title: str, text: Text, answers: Sequence[tuple[str, str]], *, ask: str = "", keys: str = ""
    ) -> None:
        super().__init__()
        self._keys = keys
        self._title = title
        self._text = text
        self._answers = answers
        self._ask = ask

    def compose(self) -> ComposeResult:
        with Box(self._keys):
            yield Static(Text(self._title), classes="dialog-title")
            yield Static(self._text, classes="dialog-text")
            if self._ask:
                yield Input(placeholder=self._ask)
            with Horizontal(classes="dialog-answers"):
                for name, label in self._answers:
                    yield Button(Text(label), id=f"answer-{name}", compact=True)

    def on_mount(self) -> None:
        self.query(Input if self._ask else Button).first().focus()

    def _typed(self) -> str:
        return self.query_one(Input).value.strip() if self._ask else ""

    def on_input_submitted(self) -> None:
        self.dismiss((self._answers[0][0], self._typed()))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(((event.button.id or "").removeprefix("answer-"), self._typed()))
