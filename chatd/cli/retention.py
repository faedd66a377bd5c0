"""`chatd retention`: how long messages are kept, what would go, and letting it go. All through the running server."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from chatd.cli import ConfigOption, JsonOption
from chatd.cli.answers import MISUSED, ask, bare, fail, phrase, say
from chatd.cli.completion import group_ids
from chatd.cli.listing import say_rows
from chatd.cli.named import Group
from chatd.cli.table import on_terminal

retention = typer.Typer(help="How long messages are kept. 消息保留期限。", no_args_is_help=True)

POLL_S: Final = 0.2
TIMEOUT_S: Final = 120.0
"""Counting what is over takes a while where that is much."""
PAGE: Final = 100
OneGroup = Annotated[
    str | None, typer.Option("--group", help="Only in this group. 只看这个群。", autocompletion=group_ids)
]


@retention.command("run")
def run(
    group: OneGroup = None,
    yes: Annotated[
        bool,
        typer.Option("--yes", help="Let it go; without it, only tell what would. 真正清理；不加则只列出会清理什么。"),
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let go what is older than it is kept; without --yes only tell. 清理过期的消息；不加 --yes 只列出会清理什么。

    Messages go with their reactions and edits, for good; who came and went and what was set stays. What is pinned or
    featured stays too, unless [retention] keep_pinned says otherwise. Clients that come back learn where the group
    begins now. The server does this by itself once a day if [retention] days, or the time of a group, says so.
    消息连同回应和编辑一起永久删除；成员进出和设置的记录保留。置顶和精华也保留，除非 [retention] keep_pinned 另有设定。
    客户端重连时会得知群记录从哪里开始。设置了 [retention] days 或某个群的期限后，服务器每天会自动清理。

    $ chatd retention run
    $ chatd retention run --group gVb3x0Yk1m9QF2dT7sLhEwA
    $ chatd retention run --yes
    """
    chosen = {"group": group} if group is not None else {}
    plans: list[dict[str, Any]] = []
    settings: dict[str, Any] = {}
    for page in _pages(config, "retention.plan", chosen):
        settings = {"days": page["days"], "keep_pinned": page["keep_pinned"]}
        plans += page["groups"]
    answer = settings | {"groups": plans, "messages": sum(one["messages"] for one in plans)}
    if not yes:
        if as_json:
            say(answer, "", as_json)
        else:
            _say_plan(answer)
        return
    begun = ask(config, "retention.run", TIMEOUT_S, **chosen)
    try:
        answer |= _watch(config, begun["run"], as_json)
    except KeyboardInterrupt:
        goes_on = phrase("It goes on in the server: chatd retention show. 清理仍在服务器上进行：chatd retention show。")
        print(goes_on, file=sys.stderr)
        raise
    done = phrase("{gone} entries of {cut} groups are gone. 已清理 {cut} 个群的 {gone} 条记录。", **answer)
    say(answer, done, as_json)


def _watch(config: Path | None, run: str, as_json: bool) -> dict[str, Any]:
    """Show how far it is until it is through; whoever interrupts this interrupts only the looking on."""
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("") as shown:
        while True:
            state = ask(config, "retention.status", TIMEOUT_S, run=run)
            counts = {"gone": state.get("gone", 0), "cut": state.get("groups", 0)}
            if not as_json and console.is_terminal:
                shown.update(phrase("{gone} entries gone. 已清理 {gone} 条。", gone=counts["gone"]))
            if not state["running"]:
                return counts
            time.sleep(POLL_S)  # the server tells nobody how far it is: it can only be asked again


@retention.command("show")
def show(
    group: Annotated[
        str | None, typer.Argument(metavar="[GROUP]", help="The group's id. 群 id。", autocompletion=group_ids)
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how long messages are kept, here and where it was chosen. 查看消息保留多久，以及单独设定过的群。

    $ chatd retention show
    $ chatd retention show gVb3x0Yk1m9QF2dT7sLhEwA
    """
    pages = list(_pages(config, "retention.show", {"group": group} if group is not None else {}))
    groups = [one for page in pages for one in page["groups"]]
    settings = {name: pages[-1][name] for name in ("days", "keep_pinned")}
    say(
        settings | {"groups": groups},
        phrase("The server: {time}. 服务器：{time}。", time=_time(settings["days"], None)),
        as_json,
    )
    state = ask(config, "retention.status", TIMEOUT_S)
    if state["running"] and not as_json:
        print(phrase("Under way: {gone} entries gone so far. 正在清理：已清理 {gone} 条记录。", gone=state["gone"]))
    if groups and not as_json:
        rows = [one | {"kept_for": _time(one["days"], settings["days"])} for one in groups]
        say_rows(("kept_for", "group", "title"), rows)


@retention.command("set")
def choose(
    group: Group,
    days: Annotated[int | None, typer.Option(min=1, max=36_500, help="So many days. 保留多少天。")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="For ever. 永久保留。")] = False,
    default: Annotated[bool, typer.Option("--default", help="As the server says. 按服务器的设置。")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Choose how long a group keeps its messages. 设定一个群的消息保留多久。

    $ chatd retention set gVb3x0Yk1m9QF2dT7sLhEwA --days 90
    $ chatd retention set gVb3x0Yk1m9QF2dT7sLhEwA --keep
    $ chatd retention set gVb3x0Yk1m9QF2dT7sLhEwA --default
    """
    if (days is not None) + keep + default != 1:
        raise fail(bare("Choose one: --days, --keep or --default. --days、--keep、--default 请选一个。"), MISUSED)
    done = ask(config, "retention.set", group=group, days=0 if keep else days)
    say(done, f"{group}  {_time(done['days'], None)}", as_json)


def _pages(config: Path | None, act: str, chosen: dict[str, Any]) -> Iterator[dict[str, Any]]:
    page = ask(config, act, TIMEOUT_S, limit=PAGE, **chosen)
    yield page
    while "more" in page:
        page = ask(config, act, TIMEOUT_S, limit=PAGE, after=page["more"], **chosen)
        yield page


def _time(days: int | None, otherwise: int | None) -> str:
    if days is None and otherwise is not None:
        return phrase("as the server says ({time}). 按服务器设置（{time}）。", time=_time(otherwise, None)).rstrip(
            ".。"
        )
    if days is None:
        return phrase("as the server says. 按服务器设置。").rstrip(".。")
    text = phrase("{days} days. {days} 天。", days=days) if days else phrase("for ever. 永久保留。")
    return text.rstrip(".。")


def _say_plan(answer: dict[str, Any]) -> None:
    """What would go, in a table, and that nothing went. In a pipe the rows are all there is on standard output."""
    groups = answer["groups"]
    if not groups:
        print(phrase("Nothing is older than it is kept. 没有过期的消息。"))
        return
    rows = [one | {"go": one["messages"]} for one in groups]
    say_rows(("go", "kept", "first_at", "last_at", "group", "title"), rows, spare=("last_at",))
    total = phrase("{messages} messages would go. 将清理 {messages} 条消息。", messages=answer["messages"])
    if kept := sum(one["kept"] for one in groups):
        total += "\n" + phrase("{kept} pinned or featured ones stay. 置顶和精华的 {kept} 条保留。", kept=kept)
    unchanged = phrase("Nothing was changed; --yes lets them go. 未作任何改动；加 --yes 才会清理。")
    print(f"\n{total}\n{unchanged}", file=sys.stdout if on_terminal() else sys.stderr)
