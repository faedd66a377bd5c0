"""What `chatd serve` shows somebody at a terminal once it serves: where, and how to come in. Values only."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from chatd import __version__
from chatd.cli import DEFAULT_URL
from chatd.cli.language import Lang, cells
from chatd.cli.texts.serving import TEXTS
from chatd.config import Config

COLUMNS: Final = 78
"""What a line may take: one that is as wide as the terminal is already broken in some."""

CALLED: Final[Mapping[Lang, str]] = {"en": "Ann", "zh": "小安"}
"""Whom the lines to paste let in, as in the README of the language."""


def welcome(config: Config, ws_url: str, store: str, lang: Lang, config_path: Path | None = None) -> str:
    """The text. `store` is where everything is kept; `config_path` what `--config` named."""
    words = {key: text[lang == "zh"] for key, text in TEXTS.items()}
    url = reachable(ws_url)
    more = ["--config", str(config_path)] if config_path is not None else []
    rows = {words["page"]: page_of(url), words["clients"]: url, words["kept"]: store}
    called = {act: shlex.join([*program(), act, *more]) for act in ("top", "doctor")}
    called["help"] = shlex.join([*program(), "--help"])
    then = {command: words[f"next_{act}"] for act, command in called.items()}
    return "\n".join(
        [
            "",
            words["head"].format(version=__version__),
            "",
            *_table(rows),
            "",
            *_ways_in(config, url, words, more, CALLED[lang]),
            "",
            words["next"],
            *_table(then),
            "",
        ]
    )


def _table(rows: Mapping[str, str]) -> list[str]:
    width = max(map(cells, rows))
    return [f"  {name}{' ' * (width - cells(name))}  {value}" for name, value in rows.items()]


def _ways_in(config: Config, url: str, words: dict[str, str], more: Sequence[str], name: str) -> list[str]:
    """Lines to paste; or who lets people in here."""
    if config.accounts.signup != "off":
        return [words["by_account"].format(signup=config.accounts.signup)]
    if config.auth.jwks_url or config.auth.jwt_algorithm != "HS256":
        return [words["by_app"].format(algorithm=config.auth.jwt_algorithm)]
    token = pasted([*program(), "token", "ann", "--name", name, *more], "> ann.token")
    address = [] if url == DEFAULT_URL else ["--url", url]
    chat = pasted([*program(), "chat", *address, "--token-file", "ann.token"])
    return [words["come_in"], "", "umask 077", token, chat]


def program() -> list[str]:
    """How `chatd` of this very environment is called from the current folder."""
    here = Path.cwd()
    script = Path(sys.executable).with_name("chatd")
    words = [script] if script.exists() else [Path(sys.executable)]
    short = [str(word.relative_to(here)) if word.is_relative_to(here) else str(word) for word in words]
    return short if script.exists() else [*short, "-m", "chatd"]


def pasted(words: Sequence[str], behind: str = "", columns: int = COLUMNS) -> str:
    """A line for a shell, `behind` as it stands. What is too wide goes on in the next line behind a backslash, never in
    the middle of an option and its value: what a terminal breaks by itself may be broken when it is copied."""
    parts: list[str] = []
    for word in map(shlex.quote, words):
        if parts and (parts[-1].startswith("-") and " " not in parts[-1]) and not word.startswith("-"):
            parts[-1] += f" {word}"
        else:
            parts.append(word)
    lines = [""]
    for part in [*parts, *([behind] if behind else [])]:
        joined = f"{lines[-1]} {part}".strip() if len(lines) == 1 else f"{lines[-1]} {part}"
        if lines[-1].strip() and cells(joined) > columns - 2:
            lines.append(f"  {part}")
        else:
            lines[-1] = joined
    return " \\\n".join(lines)


def reachable(ws_url: str) -> str:
    """The address from this machine, also where the server listens on all addresses."""
    return ws_url.replace("//0.0.0.0:", "//127.0.0.1:", 1).replace("//[::]:", "//[::1]:", 1)


def page_of(ws_url: str) -> str:
    """The page of a server, by its address for clients."""
    return f"http{ws_url.removeprefix('ws').removesuffix('/ws')}/"
