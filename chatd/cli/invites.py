"""`chatd invite`: what the operator does with invites, through the running server."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from chatd.cli import ConfigOption, JsonOption
from chatd.cli.answers import ask, phrase, say
from chatd.cli.completion import group_ids

invite = typer.Typer(help="Look at invites and take them back. 查看和撤销邀请。", no_args_is_help=True)


@invite.command("list")
def list_invites(
    group: Annotated[
        str | None, typer.Option(help="Only of this group. 只看这个群的。", autocompletion=group_ids)
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List invites, without their secrets; with --json one a line. 列出邀请（不含密文），--json 时每行一个。

    $ chatd invite list
    $ chatd invite list --group gXXXXXXXXXXXXXXXXXXXXXX --json
    """
    after: str | None = ""
    while after is not None:
        page = ask(config, "invite.list", group=group, after=after)
        for one in page["invites"]:
            print(json.dumps(one, ensure_ascii=False) if as_json else _line(one))
        after = page.get("more")


def _line(one: dict[str, Any]) -> str:
    uses = f"{one['uses']}/{one['max_uses']}" if "max_uses" in one else str(one["uses"])
    plain = f"{one['invite']}  {one['group']}  {one['maker']}  {one['kind']:<8}  {uses:>9}  {one['state']}"
    return f"{plain}  {one['note']}" if "note" in one else plain


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
