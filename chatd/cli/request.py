"""`chatd request`: people who ask to come into a group, decided by the operator."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from chatd.cli import ConfigOption, JsonOption
from chatd.cli.answers import ask, phrase
from chatd.cli.completion import group_ids
from chatd.cli.govern import After, Group, Limit, Sub, say_lines, shown_time

requests = typer.Typer(help="Decide who may come into groups that ask. 处理入群申请。", no_args_is_help=True)

ANSWER_SHOWN: Final = 60


@requests.command("list")
def list_requests(
    group: Annotated[
        str | None, typer.Option(help="Only of this group. 只看这个群的。", autocompletion=group_ids)
    ] = None,
    after: After = "",
    limit: Limit = 100,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List requests that wait, with the answers to the group's question. 列出待处理的入群申请及其回答。

    $ chatd request list
    $ chatd request list --group gXXXXXXXXXXXXXXXXXXXXXX --json
    """
    page = ask(config, "request.list", group=group, after=after, limit=limit)
    lines = [
        f"{one['group']}  {one['sub']}  {one['name']}  {shown_time(one['at'])}  "
        + "".join(char if char.isprintable() else " " for char in one["answer"])[:ANSWER_SHOWN]
        for one in page["requests"]
    ]
    say_lines(page, [line.rstrip() for line in lines] or [phrase("nobody waits. 没有待处理的申请。")], as_json)


@requests.command("approve")
def approve(group: Group, sub: Sub, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Let somebody in who asked. 同意入群。

    $ chatd request approve gXXXXXXXXXXXXXXXXXXXXXX dan
    """
    say_lines(ask(config, "request.approve", group=group, sub=sub), [phrase("let in. 已同意。")], as_json)


@requests.command("decline")
def decline(group: Group, sub: Sub, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Do not let somebody in who asked; they learn that it was decided. 拒绝入群，对方会知道结果。

    $ chatd request decline gXXXXXXXXXXXXXXXXXXXXXX dan
    """
    say_lines(ask(config, "request.decline", group=group, sub=sub), [phrase("declined. 已拒绝。")], as_json)
