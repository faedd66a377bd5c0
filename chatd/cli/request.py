"""`chatd request`: people who ask to come into a group, decided by the operator."""

from __future__ import annotations

from typing import Final

import typer

from chatd.cli import ConfigOption, JsonOption
from chatd.cli.answers import ask, phrase, say
from chatd.cli.listing import After, Limit, say_page
from chatd.cli.named import Group, OfGroup, Person

requests = typer.Typer(help="Decide who may come into groups that ask. 处理入群申请。", no_args_is_help=True)

ANSWER_SHOWN: Final = 60


@requests.command("list")
def list_requests(
    group: OfGroup = None,
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
    rows = [one | {"answer": one["answer"][:ANSWER_SHOWN]} for one in page["requests"]]
    say_page(page, ("group", "sub", "name", "at", "answer"), rows, as_json, spare=("name",))


@requests.command("approve")
def approve(group: Group, person: Person, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Let somebody in who asked. 同意入群。

    $ chatd request approve gXXXXXXXXXXXXXXXXXXXXXX dan
    """
    say(ask(config, "request.approve", group=group, sub=person), phrase("let in. 已同意。"), as_json)


@requests.command("decline")
def decline(group: Group, person: Person, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Do not let somebody in who asked; they learn that it was decided. 拒绝入群，对方会知道结果。

    $ chatd request decline gXXXXXXXXXXXXXXXXXXXXXX dan
    """
    say(ask(config, "request.decline", group=group, sub=person), phrase("declined. 已拒绝。"), as_json)
