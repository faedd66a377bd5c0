"""`chatd invite`: what the operator does with invites, through the running server."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from chatd.cli import ConfigOption, JsonOption
from chatd.cli.answers import ask, phrase, say
from chatd.cli.listing import say_rows
from chatd.cli.named import OfGroup

invite = typer.Typer(help="Make invites, look at them, take them back. 生成、查看和撤销邀请。", no_args_is_help=True)


@invite.command("list")
def list_invites(
    group: OfGroup = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List invites, without their secrets; with --json one a line. 列出邀请（不含密文），--json 时每行一个。

    $ chatd invite list
    $ chatd invite list --group gXXXXXXXXXXXXXXXXXXXXXX --json
    """
    after: str | None = ""
    rows: list[dict[str, Any]] = []
    while after is not None:
        page = ask(config, "invite.list", group=group, after=after)
        after = page.get("more")
        if as_json:
            for one in page["invites"]:
                print(json.dumps(one, ensure_ascii=False))
        else:
            rows += page["invites"]
    if not as_json:
        columns = ("invite", "group", "kind", "uses", "max_uses", "state", "note", "maker", "expires")
        say_rows(columns, rows, spare=("maker", "expires", "note"))


@invite.command("revoke")
def revoke_invite(
    which: Annotated[str, typer.Argument(metavar="INVITE", help="The id of the invite. 邀请的 id。")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take an invite back: it lets nobody in any more. 撤销邀请，此后不能再用它进群。

    $ chatd invite revoke iXXXXXXXXXXXXXXXXXXXXXX
    """
    done = ask(config, "invite.revoke", invite=which)
    say(done, phrase("revoked {invite} of {group}. 已撤销群 {group} 的邀请 {invite}。", **done), as_json)
