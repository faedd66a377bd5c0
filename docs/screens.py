"""Makes docs/img/chat-*.svg: the full-screen chat of two people of the demo community, as a real terminal shows it.

    .venv/bin/python -m docs.screens            # all of them
    .venv/bin/python -m docs.screens zh-80x24   # those whose names contain this
    .venv/bin/python -m docs.screens --to DIR   # somewhere else, for looking at

Needs tmux. It starts the demo in a folder of its own, types into `chatd chat`, and draws what the pane shows, cell by
cell. Nothing in the pictures is written by hand but the titles of the windows.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Final

from docs.picture import Size, Tmux, draw, terminals

IMG: Final = Path(__file__).parent / "img"
SIZES: Final = (Size(80, 24), Size(120, 36))
PEOPLE: Final = {"zh": "ali", "en": "kai"}
ONLINE: Final = {"zh": "在线", "en": "online"}
TOP: Final = {"zh": "群公告", "en": "Announcement"}
SAID: Final = {"zh": "@Kai 今晚试播，你那边能看到吗？", "en": "@阿梨 Yes, both lines! 很清楚"}
CARD: Final = {"zh": "╭─ 商品", "en": "╭─ product"}


def take(tmux: Tmux, lang: str, size: Size, url: str, group: str) -> str:
    """A small one: the fans talk. A large one: the shop beside its members."""
    who, name = PEOPLE[lang], f"{lang}-{size}"
    chat = f"{sys.executable} -m chatd chat --url {url} --token-file .demo/{who}.token --group {group} --lang {lang}"
    tmux.open(name, f"env COLORTERM=truecolor {chat}", size)
    tmux.shows(name, f"● {ONLINE[lang]}")
    tmux.shows(name, TOP[lang])
    if size == SIZES[0]:
        tmux.type(name, SAID[lang])
        tmux.shows(name, r"│  " + re.escape(SAID[lang]))
    else:
        tmux.run("send-keys", "-t", name, "C-n")
        tmux.shows(name, CARD[lang])
        tmux.shows(name, "○ ")
        tmux.shows(name, "›Mina's Kiln 米娜陶坊")  # What is unread there has been read.
    return draw([(f"chatd chat --lang {lang}", tmux.picture(name, size))], size)


def main() -> None:
    arguments = sys.argv[1:]
    folder = IMG
    if arguments[:1] == ["--to"]:
        folder, arguments = Path(arguments[1]), arguments[2:]
    os.environ.update(LANG="C.UTF-8", LC_ALL="C.UTF-8", TERM="xterm-256color")
    with terminals() as tmux:
        tmux.open("demo", f"{sys.executable} -m chatd.demo --port 0", Size(100, 60))
        group = tmux.shows("demo", r"--group (\S+)")[1]
        url = tmux.shows("demo", r"--url (\S+)")[1]
        for lang in PEOPLE:
            for size in SIZES:
                name = f"chat-{lang}-{size}"
                if all(part in name for part in arguments):
                    (folder / f"{name}.svg").write_text(take(tmux, lang, size, url, group), encoding="utf-8")


if __name__ == "__main__":
    main()
