"""Where the panes lie. Colours of text are in `ink`; here are only those of the ground it stands on."""

from __future__ import annotations

from typing import Final

LIST_FROM: Final = 64
"""Cells from which on the list of chats stands beside the conversation."""
WIDE_FROM: Final = 110
"""Cells from which on the details stand beside it too."""

CSS: Final = """
Screen { layers: base; background: $background; color: $foreground; }
#body { height: 1fr; }
#left { width: 26; border-right: solid $panel; }
.-narrow #left { width: 25; }
.-listing #left { width: 1fr; border-right: none; }
#chats { height: 1fr; }
#middle { width: 1fr; }
#timeline { height: 1fr; }
#right { width: 30; border-left: solid $panel; padding: 0 1; scrollbar-size-vertical: 1; }
#details { height: auto; }
Bar { height: auto; width: 100%; }
#top, #title { height: 1; background: $surface; padding: 0 1; }
#tabs { height: 1; padding: 0 1; }
#banner { max-height: 1; padding: 0 1; background: $surface; }
#notes { max-height: 4; padding: 0 1; background: $surface; }
#offers { max-height: 13; padding: 0 1; background: $panel; }
#aim { max-height: 1; padding: 0 1; background: $surface; }
#status { height: 1; padding: 0 1; background: $panel; }
Composer {
    height: auto; max-height: 6; min-height: 1; border: none; border-top: solid $panel; padding: 0 1;
    background: $background;
}
Composer:focus { border: none; border-top: solid $accent; }
ModalScreen { align: center middle; background: $background 60%; }
.dialog {
    width: 90%; max-width: 90; height: auto; max-height: 85%; background: $surface; border: round $accent;
    padding: 0 1; border-subtitle-color: $foreground 60%;
}
.dialog-title { text-style: bold; color: $accent; height: 1; }
.dialog-text { height: auto; padding: 1 0; }
.dialog Input { border: none; height: 1; padding: 0; background: $panel; margin: 0 0 1 0; }
.dialog OptionList { border: none; height: auto; max-height: 100%; background: $surface; padding: 0; }
.dialog OptionList:focus { border: none; background: $surface; background-tint: transparent; }
.dialog OptionList > .option-list--option-highlighted,
.dialog OptionList:focus > .option-list--option-highlighted {
    background: $primary 25%; color: $foreground; text-style: none;
}
.dialog OptionList > .option-list--option-hover { background: $primary 15%; }
App:ansi .dialog OptionList > .option-list--option-highlighted,
App:ansi .dialog OptionList:focus > .option-list--option-highlighted { text-style: reverse; background: ansi_default; }
.dialog VerticalScroll { height: auto; max-height: 100%; scrollbar-size-vertical: 1; }
.dialog-answers { height: 1; align-horizontal: right; }
.dialog-answers Button { margin: 0 0 0 2; }
#nothing, .dialog-note { color: $foreground 60%; height: auto; }
"""
"""Of an ANSI theme, `$panel` and the like are the terminal's own."""
