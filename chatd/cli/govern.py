"""`chatd group` and `chatd member`: the operator's acts on groups, through the running server. 群与成员管理。"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from chatd.cli import ConfigOption, JsonOption
from chatd.cli.answers import ask, phrase, say
from chatd.cli.completion import group_ids, user_subs

group_app = typer.Typer(help="Look at groups, give them away, end them. 管理群。", no_args_is_help=True)
member_app = typer.Typer(help="Look at who is in a group, put people out. 管理群成员。", no_args_is_help=True)

Group = Annotated[str, typer.Argument(help="The id of the group. 群的 id。", autocompletion=group_ids)]
Sub = Annotated[str, typer.Argument(help="Who the user's tokens speak for. 令牌里的 sub。", autocompletion=user_subs)]
After = Annotated[
    str, typer.Option(help="Go on behind this id: the `more` of the page before. 从这个 id（上一页的 more）之后继续。")
]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many at most. 最多多少个。")]
Reason = Annotated[str, typer.Option(help="Why; kept in the audit log. 原因，记入管理记录。")]
Tell = Annotated[bool, typer.Option("--tell", help="The person is told the reason. 把原因告诉对方。")]


def say_lines(value: dict[str, Any], lines: list[str], as_json: bool) -> None:
    """An answer, with how to go on if it is a page."""
    if "more" in value:
        lines.append(phrase("more: --after {more} 还有：--after {more}", more=value["more"]))
    say(value, "\n".join(lines), as_json)


def shown_time(at_ms: int) -> str:
    """A moment in UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def _line(group: dict[str, Any]) -> str:
    state = "gone" if group.get("gone") else "dissolved" if "dissolved" in group else ""
    count = f"{group['members']}/{group['limit']}"
    return f"{group['group']}  {group['kind']:<7}  {count:>9}  {state:<9}  {group['title']}".rstrip()


@group_app.command("list")
def list_groups(
    after: After = "", limit: Limit = 100, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """List all groups by id. 列出所有群。

    $ chatd group list
    $ chatd group list --limit 1000 --json
    """
    page = ask(config, "group.list", after=after, limit=limit)
    say_lines(page, [_line(group) for group in page["groups"]], as_json)


@group_app.command("show")
def show_group(group: Group, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show what a group is, and nothing that was written in it. 查看一个群（不含聊天内容）。

    $ chatd group show gXXXXXXXXXXXXXXXXXXXXXX
    """
    found = ask(config, "group.show", group=group)
    times = {"created", "at", "dissolved", "gone_at"}
    lines = [
        f"{key:<9} {shown_time(value) if key in times else value}" for key, value in found.items() if value is not None
    ]
    say_lines(found, lines, as_json)


@group_app.command("dissolve")
def dissolve_group(group: Group, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """End a group: read-only for the configured time, then gone. 解散群：先只读一段时间，然后消失。

    $ chatd group dissolve gXXXXXXXXXXXXXXXXXXXXXX
    """
    done = ask(config, "group.dissolve", group=group)
    say_lines(
        done,
        [
            phrase(
                "dissolved; it can be read until {at} UTC. 已解散，可读到 {at}（UTC）。", at=shown_time(done["until"])
            )
        ],
        as_json,
    )


@group_app.command("transfer")
def transfer_group(group: Group, sub: Sub, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Give a group to one of its members. 把群转让给一位成员。

    $ chatd group transfer gXXXXXXXXXXXXXXXXXXXXXX ben
    """
    say_lines(ask(config, "group.transfer", group=group, sub=sub), [phrase("transferred. 已转让。")], as_json)


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
    rows = [(one["user"], one.get("role", "banned"), one["name"], one.get("reason", "")) for one in page["members"]]
    say_lines(page, [f"{user}  {role:<6}  {name}  {reason}".rstrip() for user, role, name, reason in rows], as_json)


@member_app.command("kick")
def kick_member(
    group: Group,
    sub: Sub,
    reason: Reason = "",
    tell: Tell = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put somebody out, whatever their role. 移出成员，不论其角色。

    $ chatd member kick gXXXXXXXXXXXXXXXXXXXXXX cat --reason spam --tell
    """
    done = ask(config, "member.kick", group=group, sub=sub, reason=reason, tell=tell)
    say_lines(done, [phrase("out; {members} are left. 已移出，还剩 {members} 人。", **done)], as_json)


@member_app.command("ban")
def ban_member(
    group: Group,
    sub: Sub,
    reason: Reason = "",
    tell: Tell = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put somebody out for good; admins of the group cannot lift it. 移出并禁止再进群，群管理员不能解除。

    $ chatd member ban gXXXXXXXXXXXXXXXXXXXXXX cat --reason spam
    """
    done = ask(config, "member.kick", group=group, sub=sub, reason=reason, tell=tell, ban=True)
    say_lines(done, [phrase("banned. 已封禁。")], as_json)


@member_app.command("unban")
def unban_member(group: Group, sub: Sub, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Lift a ban, whoever made it. 解除封禁，不论是谁封的。

    $ chatd member unban gXXXXXXXXXXXXXXXXXXXXXX cat
    """
    say_lines(ask(config, "member.unban", group=group, sub=sub), [phrase("lifted. 已解除。")], as_json)
