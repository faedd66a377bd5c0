"""`chatd group` and `chatd member`: the operator's acts on groups, through the running server. 群与成员管理。"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from chatd.cli import ConfigOption, JsonOption
from chatd.cli.answers import ask, phrase, say
from chatd.cli.listing import After, Limit, say_page, say_record
from chatd.cli.named import Group, Person
from chatd.cli.table import shown_time

group_app = typer.Typer(
    help="""Make groups, look at them, change them, give them away, end them. 管理群。

    $ chatd group create ann "Tea 茶友会"
    $ chatd group list
    $ chatd member add gXXXXXXXXXXXXXXXXXXXXXX ben
    """,
    no_args_is_help=True,
)
member_app = typer.Typer(
    help="""Put people into groups, say what they may do there, put them out. 管理群成员。

    $ chatd member add gXXXXXXXXXXXXXXXXXXXXXX ben --role admin
    $ chatd member list gXXXXXXXXXXXXXXXXXXXXXX
    $ chatd member kick gXXXXXXXXXXXXXXXXXXXXXX cat --reason spam
    """,
    no_args_is_help=True,
)

Reason = Annotated[str, typer.Option(help="Why; kept in the audit log. 原因，记入管理记录。")]
Tell = Annotated[bool, typer.Option("--tell", help="The person is told the reason. 把原因告诉对方。")]


def _row(group: dict[str, Any]) -> dict[str, Any]:
    """One group of a list."""
    return group | {"state": "gone" if group.get("gone") else "dissolved" if "dissolved" in group else ""}


@group_app.command("list")
def list_groups(
    after: After = "", limit: Limit = 100, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """List all groups by id. 列出所有群。

    $ chatd group list
    $ chatd group list --limit 1000 --json
    """
    page = ask(config, "group.list", after=after, limit=limit)
    columns = ("group", "title", "kind", "members", "limit", "state")
    say_page(page, columns, map(_row, page["groups"]), as_json)


@group_app.command("show")
def show_group(group: Group, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show what a group is, and nothing that was written in it. 查看一个群（不含聊天内容）。

    $ chatd group show gXXXXXXXXXXXXXXXXXXXXXX
    """
    found = ask(config, "group.show", group=group)
    owner = {"owner": found["owner_sub"]} if "owner_sub" in found else {}
    shown = {name: value for name, value in found.items() if name not in {"owner_sub", "at"}}
    say_record(found, shown | owner, as_json)


@group_app.command("dissolve")
def dissolve_group(group: Group, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """End a group: read-only for the configured time, then gone. 解散群：先只读一段时间，然后消失。

    $ chatd group dissolve gXXXXXXXXXXXXXXXXXXXXXX
    """
    done = ask(config, "group.dissolve", group=group)
    said = "dissolved; it can be read until {at}. 已解散，可读到 {at}。"
    say(done, phrase(said, at=shown_time(done["until"])), as_json)


@group_app.command("transfer")
def transfer_group(group: Group, person: Person, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Give a group to one of its members. 把群转让给一位成员。

    $ chatd group transfer gXXXXXXXXXXXXXXXXXXXXXX ben
    """
    say(ask(config, "group.transfer", group=group, sub=person), phrase("transferred. 已转让。"), as_json)


@member_app.command("list")
def list_members(
    group: Group,
    banned: Annotated[bool, typer.Option("--banned", help="Those who are banned instead. 改列被封禁的人。")] = False,
    after: After = "",
    limit: Limit = 100,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List who is in a group. 列出群成员。

    $ chatd member list gXXXXXXXXXXXXXXXXXXXXXX
    $ chatd member list gXXXXXXXXXXXXXXXXXXXXXX --banned --json
    """
    page = ask(config, "member.list", group=group, banned=banned, after=after, limit=limit)
    columns = ("sub", "name", "at", "reason", "user") if banned else ("sub", "name", "role", "since", "user")
    say_page(page, columns, page["members"], as_json)


@member_app.command("kick")
def kick_member(
    group: Group,
    person: Person,
    reason: Reason = "",
    tell: Tell = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put somebody out, whatever their role. 移出成员，不论其角色。

    $ chatd member kick gXXXXXXXXXXXXXXXXXXXXXX cat --reason spam --tell
    """
    done = ask(config, "member.kick", group=group, sub=person, reason=reason, tell=tell)
    say(done, phrase("out; {members} are left. 已移出，还剩 {members} 人。", **done), as_json)


@member_app.command("ban")
def ban_member(
    group: Group,
    person: Person,
    reason: Reason = "",
    tell: Tell = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put somebody out for good; admins of the group cannot lift it. 移出并禁止再进群，群管理员不能解除。

    $ chatd member ban gXXXXXXXXXXXXXXXXXXXXXX cat --reason spam
    """
    done = ask(config, "member.kick", group=group, sub=person, reason=reason, tell=tell, ban=True)
    say(done, phrase("banned. 已封禁。"), as_json)


@member_app.command("unban")
def unban_member(group: Group, person: Person, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Lift a ban, whoever made it. 解除封禁，不论是谁封的。

    $ chatd member unban gXXXXXXXXXXXXXXXXXXXXXX cat
    """
    say(ask(config, "member.unban", group=group, sub=person), phrase("lifted. 已解除。"), as_json)
