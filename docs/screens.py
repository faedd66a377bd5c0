"""Makes the pictures in docs/img but chat.svg: what `make run`, the full-screen chat, `top`, `doctor` and `--help` show in
a real terminal, and the page at `/` in a real browser, in both languages.

    .venv/bin/python -m docs.screens              # all of them
    .venv/bin/python -m docs.screens chat zh      # those whose names contain this
    .venv/bin/python -m docs.screens --to DIR     # somewhere else, for looking at

Needs tmux, and Chromium for the page. It starts the demo in a folder of its own, types what a person would type, and
draws what the pane shows, cell by cell. Nothing in the pictures is written by hand but the titles of the windows.
"""

from __future__ import annotations

import asyncio
import base64
import os
import re
import shlex
import shutil
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from docs.picture import Size, Tmux, draw, terminals
from tests.http.browser import browsing, find_chromium

IMG: Final = Path(__file__).parent / "img"
SMALL, LARGE, TALL = Size(80, 24), Size(120, 36), Size(80, 80)
PEOPLE: Final = {"zh": "ali", "en": "kai"}
LOCALES: Final = {"zh": "zh_CN.UTF-8", "en": "C.UTF-8"}
ONLINE: Final = {"zh": "在线", "en": "online"}
TOP: Final = {"zh": "群公告", "en": "Announcement"}
SAID: Final = {"zh": "@Kai 今晚试播，你那边能看到吗？", "en": "@阿梨 Yes, both lines! 很清楚"}
CARD: Final = {"zh": "╭─ 商品", "en": "╭─ product"}
AT_WORK: Final = {"zh": "机器人已就位", "en": "The bots are at work"}
PAGES: Final = {"phone": (390, 1800), "desk": (1280, 1500)}
DRAWN: Final = """new Promise(resolve => {
  const look = () => document.getElementById("trace").getAttribute("points").split(" ").length > 6
    ? resolve(true) : requestAnimationFrame(look);
  look();
})"""
"""The page has looked at the server a few times."""
CHATTER: Final = "while :; do echo 'tea? 喝茶吗？'; sleep 0.1; done"
PORT: Final = 8080


class Demo(NamedTuple):
    """The demo that runs: where, and the group in which one meets."""

    tmux: Tmux
    url: str
    group: str


def chat(demo: Demo, lang: str, size: Size) -> str:
    """A small one: the fans talk. A large one: the shop beside its members."""
    tmux, who, name = demo.tmux, PEOPLE[lang], f"chat-{lang}-{size}"
    words = f"--url {demo.url} --token-file .demo/{who}.token --group {demo.group} --lang {lang}"
    tmux.open(name, f"env COLORTERM=truecolor .venv/bin/chatd chat {words}", size)
    tmux.shows(name, f"● {ONLINE[lang]}")
    tmux.shows(name, TOP[lang])
    if size == SMALL:
        tmux.type(name, SAID[lang])
        tmux.shows(name, r"│  " + re.escape(SAID[lang]))
    else:
        tmux.run("send-keys", "-t", name, "C-n")
        tmux.shows(name, CARD[lang])
        tmux.shows(name, "○ ")
        tmux.shows(name, "›Mina's Kiln 米娜陶坊")  # What is unread there has been read.
    return draw([(f"chatd chat --lang {lang}", tmux.picture(name, size))], size)


def talk(demo: Demo) -> None:
    """From now on somebody says ten things a second."""
    talker = f".venv/bin/chatd chat --plain --url {demo.url} --token-file .demo/ali.token --group {demo.group}"
    demo.tmux.open("talk", f"sh -c {shlex.quote(f'({CHATTER}) | {talker}')}", SMALL)
    demo.tmux.shows("talk", "喝茶吗")


def top(demo: Demo, lang: str) -> str:
    """While somebody talks."""
    name = f"top-{lang}"
    demo.tmux.open(name, f"env LC_ALL={LOCALES[lang]} .venv/bin/chatd top --config .demo/chatd.toml", SMALL)
    demo.tmux.shows(name, r"(?s)(entries|记录).*\n.* [5-9]\.\d|\b1\d\.\d")
    shown = demo.tmux.picture(name, SMALL)
    demo.tmux.run("kill-session", "-t", name)
    return draw([("chatd top", shown)], SMALL)


def command(demo: Demo, lang: str, name: str, words: str) -> str:
    """What a command prints that ends, as tall as that is."""
    name = f"{name}-{lang}"
    line = f"env LC_ALL={LOCALES[lang]} .venv/bin/chatd {words}; echo ended; exec sleep 600"
    demo.tmux.open(name, f"sh -c {shlex.quote(line)}", TALL)
    demo.tmux.shows(name, r"\nended")
    lines = demo.tmux.picture(name, TALL)
    rows = next(number for number, text in enumerate(lines) if text.startswith("ended"))
    return draw([(f"chatd {words}", lines[:rows])], Size(TALL.columns, rows))


def run_demo(tmux: Tmux, lang: str, port: int) -> tuple[str, Demo]:
    """Start it: the last lines that it prints, and what runs then."""
    tmux.open("demo", f"env LC_ALL={LOCALES[lang]} .venv/bin/python -m chatd.demo --port {port}", SMALL)
    tmux.shows("demo", AT_WORK[lang])
    told = tmux.run("capture-pane", "-p", "-t", "demo")
    group = re.search(r"--group (\S+)", told)
    page = re.search(r"http://(\S+)/", told)
    assert group is not None
    assert page is not None
    return draw([("make run", tmux.picture("demo", SMALL))], SMALL), Demo(tmux, f"ws://{page[1]}/ws", group[1])


def stop_demo(tmux: Tmux) -> None:
    """In order, so that the next one finds the port free."""
    tmux.run("send-keys", "-t", "demo", "C-c")
    tmux.ends("demo")


def page(demo: Demo, lang: str, kind: str) -> bytes:
    """The page at `/` with live figures, in a browser that reads this language."""
    browser = find_chromium()
    if browser is None:
        raise FileNotFoundError("no Chromium is installed (on Debian: apt-get install chromium)")

    async def shoot() -> bytes:
        async with browsing(browser) as tab:
            address = f"http{demo.url.removeprefix('ws').removesuffix('/ws')}/"
            await tab.open(address, *PAGES[kind], language="zh-CN" if lang == "zh" else "en")
            await tab.ask(DRAWN)
            return base64.b64decode((await tab.do("Page.captureScreenshot", format="png"))["data"])

    return asyncio.run(shoot())


def free_port() -> int:
    """The usual one if nobody has it, else any: 0."""
    with socket.socket() as probe:
        return 0 if probe.connect_ex(("127.0.0.1", PORT)) == 0 else PORT


def main() -> None:
    parts = sys.argv[1:]
    folder = IMG
    if parts[:1] == ["--to"]:
        folder, parts = Path(parts[1]), parts[2:]
    os.environ.update(LANG="C.UTF-8", LC_ALL="C.UTF-8", TERM="xterm-256color")

    def keep(name: str, make: Callable[[], str]) -> None:
        if all(part in name for part in parts):
            (folder / name).write_text(make(), encoding="utf-8")

    with terminals() as tmux:
        (tmux.folder / ".venv").symlink_to(Path(sys.executable).parents[1])
        for lang in PEOPLE:
            told, demo = run_demo(tmux, lang, free_port())
            keep(f"run-{lang}.svg", partial(str, told))
            keep(f"doctor-{lang}.svg", partial(command, demo, lang, "doctor", "doctor --config .demo/chatd.toml"))
            keep(f"help-{lang}.svg", partial(command, demo, lang, "help", "--help"))
            for size in (SMALL, LARGE):
                keep(f"chat-{lang}-{size}.svg", partial(chat, demo, lang, size))
            talk(demo)
            for kind in PAGES:
                name = f"page-{lang}-{kind}.png"
                if all(part in name for part in parts):
                    (folder / name).write_bytes(page(demo, lang, kind))
            keep(f"top-{lang}.svg", partial(top, demo, lang))
            tmux.run("kill-session", "-t", "talk")
            stop_demo(tmux)
            shutil.rmtree(tmux.folder / ".demo")


if __name__ == "__main__":
    main()
