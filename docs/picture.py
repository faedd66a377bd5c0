"""Makes docs/img/chat.svg: two people of the demo chat line by line in two real terminals, as tmux shows them.

    .venv/bin/python docs/picture.py

Needs tmux. It starts the demo in a folder of its own, types into two `chatd chat`, and draws what the panes show, cell
by cell. Nothing in the picture is written by hand but the titles of the windows.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Final, NamedTuple

from rich.ansi import AnsiDecoder
from rich.cells import cell_len
from rich.color import Color
from rich.console import Console
from rich.text import Text

CELL_W, CELL_H = 8.4, 18.0
PAD, BAR = 12.0, 26.0
WAIT_S = 30.0
FONTS: Final = "ui-monospace, Menlo, Consolas, 'Noto Sans Mono CJK SC', 'PingFang SC', 'Microsoft YaHei', monospace"
INK, PAPER, FRAME = "#d7dae0", "#1b1e24", "#2a2f38"
PALETTE: Final = (
    *("#1b1e24", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d7dae0"),
    *("#7f8896", "#ff7b86", "#b5e08f", "#ffd68a", "#84c4ff", "#de95f0", "#74d4e0", "#ffffff"),
)
"""The sixteen colours of a terminal, by number."""

CONSOLE: Final = Console()


class Size(NamedTuple):
    """Of a terminal, in cells."""

    columns: int
    rows: int

    def __str__(self) -> str:
        return f"{self.columns}x{self.rows}"


CHAT: Final = Size(88, 15)


class Tmux:
    """A tmux server of our own, with panes that we type into."""

    def __init__(self, folder: Path) -> None:
        self._command = ["tmux", "-S", str(folder / "tmux.sock"), "-f", "/dev/null"]
        self.folder = folder

    def run(self, *words: str) -> str:
        done = subprocess.run([*self._command, *words], check=True, capture_output=True, text=True, cwd=self.folder)
        return done.stdout

    def open(self, name: str, line: str, size: Size) -> None:
        box = ["-x", str(size.columns), "-y", str(size.rows)]
        self.run("new-session", "-d", "-s", name, *box, f"exec {line}")
        self.run("set-option", "-t", name, "status", "off")
        self.run("resize-window", "-t", name, *box)

    def type(self, name: str, text: str) -> None:
        self.run("send-keys", "-t", name, "-l", text)
        self.run("send-keys", "-t", name, "Enter")

    def shows(self, name: str, pattern: str) -> re.Match[str]:
        """Wait until a pane shows this. Raises TimeoutError."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            if found := re.search(pattern, self.run("capture-pane", "-p", "-J", "-t", name)):
                return found
            time.sleep(0.05)  # tmux tells nobody that something was drawn
        raise TimeoutError(f"{name} never showed {pattern!r}")

    def ends(self, name: str) -> None:
        """Wait until the program of a pane has ended. Raises TimeoutError."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            try:
                if name not in self.run("list-sessions", "-F", "#S").split():
                    return
            except subprocess.CalledProcessError:  # the last one takes the server along
                return
            time.sleep(0.05)  # tmux tells nobody that a program has ended
        raise TimeoutError(f"{name} goes on")

    def picture(self, name: str, size: Size) -> list[str]:
        """The lines of a pane with their colours."""
        return self.run("capture-pane", "-p", "-e", "-N", "-t", name).split("\n")[: size.rows]


@contextlib.contextmanager
def terminals() -> Iterator[Tmux]:
    folder = Path(tempfile.mkdtemp(prefix="chatd-"))
    tmux = Tmux(folder)
    try:
        yield tmux
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            tmux.run("kill-server")
        shutil.rmtree(folder, ignore_errors=True)


def play(tmux: Tmux) -> None:
    """What the two do."""
    tmux.open("demo", f"{sys.executable} -m chatd.demo --port 0", Size(CHAT.columns, 60))
    group = tmux.shows("demo", r"--group (\S+)")[1]
    url = tmux.shows("demo", r"--url (\S+)")[1]
    for who, lang in (("ali", "zh"), ("kai", "en")):
        chat = f"{sys.executable} -m chatd chat --plain --url {url} --token-file .demo/{who}.token --group {group}"
        tmux.open(who, f"{chat} --lang {lang}", CHAT)
        tmux.shows(who, "双语字幕")
    tmux.type("ali", "今晚试播双语字幕，Kai 你那边能看到吗？")
    pos = tmux.shows("kai", r"(\d+) \d\d:\d\d 阿梨 +今晚试播")[1]
    tmux.type("kai", f"/reply {pos} Yes! Both lines are ther")
    answer = tmux.shows("ali", r"(\d+) \d\d:\d\d Kai +Yes")[1]
    tmux.type("kai", f"/edit {answer} Yes! Both lines are there, 很清楚")
    tmux.shows("ali", "很清楚")
    tmux.type("ali", f"/react {answer} 👍")
    tmux.shows("kai", "reacted to")
    tmux.type("kai", "mum, the parcel is here")
    slip = tmux.shows("ali", r"(\d+) \d\d:\d\d Kai +mum")[1]
    tmux.type("kai", f"/recall {slip}")
    tmux.shows("ali", "Kai 撤回了")
    tmux.type("kai", "/add nora")
    tmux.shows("kai", "not_mutual")


def draw(panes: list[tuple[str, list[str]]], size: Size) -> str:
    """The picture as SVG (version 1.1), one window below the other."""
    width = size.columns * CELL_W + 2 * PAD
    height = BAR + size.rows * CELL_H + PAD
    whole = len(panes) * height + (len(panes) - 1) * PAD
    box = f'viewBox="0 0 {width:g} {whole:g}" font-family="{FONTS}" font-size="14"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img" aria-label="{len(panes)} terminal windows">']
    for index, (title, lines) in enumerate(panes):
        parts += draw_window(title, lines, index * (height + PAD), width, height)
    return "\n".join([*parts, "</svg>", ""])


def draw_window(title: str, lines: list[str], top: float, width: float, height: float) -> list[str]:
    bar = f"M0 {top + BAR:g} v{8 - BAR:g} a8 8 0 0 1 8 -8 h{width - 16:g} a8 8 0 0 1 8 8 v{BAR - 8:g} z"
    where = f'x="{width / 2:g}" y="{top + 18:g}" text-anchor="middle"'
    parts = [
        f'<rect y="{top:g}" width="{width:g}" height="{height:g}" rx="8" fill="{PAPER}"/>',
        f'<path d="{bar}" fill="{FRAME}"/>',
        f'<text {where} fill="#9aa3b2" font-size="12">{escape(title)}</text>',
    ]
    ansi = AnsiDecoder()  # One for all: a line goes on in the colours in which the last one ended.
    for row, line in enumerate(lines):
        parts += draw_line(ansi.decode_line(line), top + BAR + row * CELL_H)
    return parts


def draw_line(line: Text, top: float) -> list[str]:
    """One `text` for each word and each wide character, at its own cell: so no font can push them apart."""
    parts, column = [], 0
    for text, ink, paper in runs_of(line):
        cells = cell_len(text)
        if paper is not None:
            left, wide = PAD + column * CELL_W, cells * CELL_W
            parts.append(f'<rect x="{left:g}" y="{top:g}" width="{wide:g}" height="{CELL_H:g}" fill="{paper}"/>')
        for piece in pieces_of(text):
            left = PAD + (column + cell_len(text[: piece.start()])) * CELL_W
            at = f'x="{left:.1f}" y="{top + 13.5:g}" textLength="{cell_len(piece[0]) * CELL_W:.1f}"'
            parts.append(f'<text {at} fill="{ink}">{escape(piece[0])}</text>')
        column += cells
    return parts


def pieces_of(text: str) -> Iterator[re.Match[str]]:
    """Words of narrow characters, and every character of two cells by itself."""
    wide = "".join(sorted({re.escape(char) for char in text if cell_len(char) > 1}))
    return re.finditer(rf"[{wide}]|[^\s{wide}]+" if wide else r"\S+", text)


def runs_of(line: Text) -> Iterator[tuple[str, str, str | None]]:
    """Pieces of a line with one ink and paper each."""
    plain = line.plain
    styles = [line.get_style_at_offset(CONSOLE, index) for index in range(len(plain))]
    start = 0
    for index in range(1, len(plain) + 1):
        if index == len(plain) or styles[index] != styles[start]:
            style = styles[start]
            ink, paper = hex_of(style.color) or INK, hex_of(style.bgcolor)
            yield (plain[start:index], *((paper or PAPER, ink) if style.reverse else (ink, paper)))
            start = index


def hex_of(color: Color | None) -> str | None:
    if color is None or color.is_default:
        return None
    return PALETTE[color.number] if color.number is not None and color.number < 16 else color.get_truecolor().hex


def main() -> None:
    os.environ.update(LANG="C.UTF-8", LC_ALL="C.UTF-8", TERM="xterm-256color")
    with terminals() as tmux:
        play(tmux)
        panes = [
            (f"chatd chat --plain --token-file .demo/{who}.token …", tmux.picture(who, CHAT)) for who in ("ali", "kai")
        ]
    (Path(__file__).parent / "img" / "chat.svg").write_text(draw(panes, CHAT), encoding="utf-8")


if __name__ == "__main__":
    main()
