"""`chatd top`: what the running server does, as it does it."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Annotated, Any

import typer

from chatd.cli import ConfigOption, JsonOption

GROUPS = 50


def top(
    interval_s: Annotated[
        float, typer.Option("--interval", min=0.2, max=14, help="Seconds between two looks. 每隔多少秒看一次。")
    ] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Look for one interval and end. 只看一次就结束。")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Watch what the running server is doing. 实时查看服务器在做什么。

    Connections, commands, deliveries, commits, queues, slow readers, groups and processes.
    Keys: q quits, p pauses, s sorts.
    连接、命令、投递、提交、排队、慢读者、群、进程。按键：q 退出，p 暂停，s 排序。

    $ chatd top
    $ chatd top --interval 5
    $ chatd top --once --json
    """
    from chatd.cli.answers import refused, settings
    from chatd.cli.language import lang_of
    from chatd.cli.top_view import draw

    look = _looker(str(settings(config).admin_socket_path()))
    lang = lang_of(os.environ)
    if not (once or as_json) and sys.stdout.isatty() and sys.stdin.isatty():
        from chatd.cli.top_screen import TopScreen, watch

        watch(TopScreen(_for_screen(look), lang, interval_s))
        return
    from chatd.admin.socket import AdminError

    try:
        look()
        while True:
            time.sleep(interval_s)  # figures are of the time between two looks
            figures = look()
            print(json.dumps(figures, ensure_ascii=False) if as_json else draw(figures, lang, keys=False), flush=True)
            if once or not as_json:
                break
    except AdminError as error:
        raise typer.Exit(refused(error)) from None


def _looker(path: str) -> Callable[[], dict[str, Any]]:
    """A function that answers what happened since it was called last; the first time, since a moment ago."""
    from pathlib import Path

    from chatd.admin.socket import call
    from chatd.cli.top_figures import compare, processes_of

    last: list[dict[str, Any]] = []

    def look() -> dict[str, Any]:
        told = call(Path(path), "top", 5.0, groups=GROUPS)
        now = told | {"usage": processes_of(told["processes"])}
        before = last[0] if last and last[0]["at_s"] <= now["at_s"] else now
        last[:] = [now]
        return compare(before, now)

    return look


def _for_screen(look: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    from chatd.admin.socket import AdminError
    from chatd.cli.answers import words_of
    from chatd.cli.top_screen import Away

    def looking() -> dict[str, Any]:
        try:
            return look()
        except AdminError as error:
            raise Away(words_of(error)) from None

    return looking
