"""The command itself: which checks, in which order, and how their findings are shown."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from chatd.cli import ConfigOption, JsonOption
from chatd.cli.answers import DONE, FAILED, phrase

if TYPE_CHECKING:
    from chatd.cli.doctor.findings import Check

_MARKS: Final = {"ok": "✓", "note": "·", "warn": "!", "fail": "✗"}
_COLORS: Final = {"ok": "32", "note": "36", "warn": "33", "fail": "31"}


def doctor(
    config: ConfigOption = None,
    url: Annotated[
        str | None,
        typer.Option(
            help="Ask this address, too. Default: [invites] public_url. 也检查公网地址，默认 [invites] public_url。"
        ),
    ] = None,
    problems: Annotated[
        bool, typer.Option("--problems", help="Show only what is not in order. 只显示有问题的。")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Look at everything the server depends on, and say what to do. 检查服务器依赖的一切，并告诉你怎么办。

    With a running server or without one; changes nothing. Ends with status 1 if something has failed.
    服务器在不在运行都可以；不改动任何东西。有失败项时退出码为 1。

    $ chatd doctor
    $ chatd doctor --config /etc/chatd/chatd.toml --url https://chat.example.com
    $ chatd doctor --problems
    $ chatd doctor --json > doctor.json
    """
    from chatd.cli.doctor.findings import run_checks
    from chatd.cli.language import lang_of

    count: Counter[str] = Counter()
    chinese = lang_of(os.environ) == "zh"
    shown = []
    for finding in run_checks(_checks(config, url)):
        count[finding.level] += 1
        if problems and finding.level in {"ok", "note"}:
            continue
        if as_json:
            shown.append(finding._asdict())
        else:
            _print(finding.level, finding.check, finding.zh if chinese else finding.en)
    if as_json:
        print(json.dumps({"findings": shown, "counts": {level: count[level] for level in _MARKS}}, ensure_ascii=False))
    else:
        text = "{ok} ok, {note} notes, {warn} warnings, {fail} failures. "
        text += "正常 {ok}，提示 {note}，警告 {warn}，失败 {fail}。"
        print(phrase(text, **{level: count[level] for level in _MARKS}))
    raise typer.Exit(FAILED if count["fail"] else DONE)


def _checks(path: Path | None, url: str | None) -> dict[str, Check]:
    from chatd.cli.doctor import configuration, disk, machine, proxy, serving, store, tls
    from chatd.config import Config, ConfigError, load

    if path is None and Path("chatd.toml").exists():
        path = Path("chatd.toml")
    problems: list[str] = []
    config = Config()
    try:
        config = load(path, os.environ)
    except ConfigError as error:
        problems = list(error.problems)
    except OSError as error:
        problems = [f"{path}: {error.strerror}"]
    checks: dict[str, Check] = {
        "versions": machine.check_programs,
        "config": lambda: configuration.check_file(path, problems),
        "clock": machine.check_clock,
        "limits": lambda: machine.check_limits(config),
    }
    if problems:
        return checks  # the rest depends on what the settings say
    return checks | {
        "values": lambda: configuration.check_values(config, os.environ),
        "modes": lambda: configuration.check_secrets(config, path),
        "disk": lambda: disk.check_disk(config),
        "tls": lambda: tls.check_tls(config),
        "store": lambda: store.check_store(config),
        "server": lambda: serving.check_serving(config),
        "public": lambda: proxy.check_public(config, url),
    }


def _print(level: str, check: str, text: str) -> None:
    from chatd.cli.language import wrap

    width = min(shutil.get_terminal_size().columns, 100)
    first, *rest = wrap(text, max(width - 24, 30)) or [""]
    mark = _MARKS[level]
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        mark = f"\x1b[{_COLORS[level]}m{mark}\x1b[0m"
    print(f"{mark} {check:<21} {first}")
    for line in rest:
        print(" " * 24 + line)
