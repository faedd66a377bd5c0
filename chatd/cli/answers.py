"""How a command answers: text for people in their language, JSON for programs, what went wrong on standard error.

With `--json` an answer is JSON on standard output, and what goes wrong an object on standard error: `error` is a code,
or the words where there is none, and `message` says more.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from chatd.cli.language import choose, for_one, lang_of

if TYPE_CHECKING:
    from chatd.admin.socket import AdminError
    from chatd.config import Config

DONE = 0
FAILED = 1
MISUSED = 2


def phrase(text: str, /, **values: object) -> str:
    """One language of a text like `{count} words. {count} 个词。`, with its places filled."""
    lang = lang_of(os.environ)
    said = choose(text, lang)
    return (for_one(said, values) if lang == "en" else said).format(**values)


def listed(parts: Iterable[str]) -> str:
    """Several things in a line, parted as the person's language parts them."""
    return ("、" if lang_of(os.environ) == "zh" else ", ").join(parts)


def wants_json() -> bool:
    """Whether this call is a program's; also known when the call itself is wrong and was not taken apart."""
    return "--json" in sys.argv[1:]


def say(value: Any, text: str, as_json: bool) -> None:
    """An answer on standard output."""
    print(json.dumps(value, ensure_ascii=False) if as_json else text)


def failed(problem: str, status: int = FAILED, *, code: str = "", details: Mapping[str, Any] | None = None) -> int:
    """Say what is wrong on standard error. Returns the exit status."""
    if wants_json():
        told: dict[str, Any] = {"error": code, "message": problem} if code else {"error": problem}
        told |= {"details": details} if details else {}
        print(json.dumps(told, ensure_ascii=False), file=sys.stderr)
    else:
        print(f"chatd: {problem}", file=sys.stderr)
    return status


def fail(problem: str, status: int = FAILED) -> typer.Exit:
    """The same, to be raised."""
    return typer.Exit(failed(problem, status))


def bare(text: str, /, **values: object) -> str:
    """A phrase without its full stop, to be part of another."""
    return phrase(text, **values).rstrip(".。")


def in_words(problem: str) -> str:
    """What the server, the settings or the system say of a mistake, in the person's language where it is known."""
    from chatd.cli.texts.details import in_chinese

    return (in_chinese(problem) or problem) if lang_of(os.environ) == "zh" else problem


def words_of(error: AdminError) -> str:
    """What a refusal means, in the person's language: what the server said of this one, else what its code means."""
    from chatd.cli.texts.details import in_chinese
    from chatd.cli.texts.errors import TEXTS
    from chatd_protocol.errors import ERRORS

    chinese = lang_of(os.environ) == "zh"
    said = "" if error.code in ERRORS and error.message == ERRORS[error.code].meaning else error.message
    words = TEXTS.get(f"error_{error.code}", ("{message}", "{message}"))[chinese]
    meant = words.format(message=in_words(said) or _bounds(error)).rstrip(" :：")
    if not said or "{message}" in words:
        return meant
    if not chinese:
        return said.rstrip(".")
    told = in_chinese(said)
    return f"{meant}：{said}" if told is None else told


def _bounds(error: AdminError) -> str:
    """The bound that was met, and where it is."""
    return " ".join(str(value) for value in error.details.values() if isinstance(value, str | int))


def refused(error: AdminError) -> int:
    """The running server refused, or there is none. Returns the exit status."""
    words = words_of(error)
    return failed(words if wants_json() else f"{words} ({error.code})", code=error.code, details=error.details)


def settings(path: Path | None) -> Config:
    """The settings from the file named, or ./chatd.toml, and the environment. Ends with status 2 if they are wrong."""
    from chatd.config import ConfigError, load

    if path is None and Path("chatd.toml").exists():
        path = Path("chatd.toml")
    try:
        return load(path, os.environ)
    except ConfigError as error:
        raise fail("\n".join(map(in_words, error.problems)), MISUSED) from None
    except OSError as error:
        raise fail(in_words(f"{path}: {error.strerror}"), MISUSED) from None


def ask(config: Path | None, act: str, timeout_s: float = 10.0, **fields: Any) -> dict[str, Any]:
    """An act of the operator through the running server. Ends with status 1 where it refuses or does not answer."""
    from chatd.admin.socket import AdminError, call

    try:
        return call(settings(config).admin_socket_path(), act, timeout_s, **fields)
    except AdminError as error:
        raise typer.Exit(refused(error)) from None


def act_on_server(config: Config, act: str, as_json: bool, show: Callable[[dict[str, Any]], str], **fields: Any) -> int:
    """The same with settings that were read; `show` makes text of the answer. Returns the exit status."""
    from chatd.admin.socket import AdminError, call

    try:
        done = call(config.admin_socket_path(), act, **fields)
    except AdminError as error:
        return refused(error)
    say(done, show(done), as_json)
    return DONE
