"""`chatd group` and `chatd member`: the operator's acts on groups, through the running server. 群与成员管理。"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from chatd.cli import ConfigOption, JsonOption, fail, settings

group_app = typer.Typer(help="Look at groups, give them away, end them. 管理群。", no_args_is_help=True)
member_app = typer.Typer(help="Look at who is in a group, put people out. 管理群成员。", no_args_is_help=True)

Group = Annotated[str, typer.Argument(help="The id of the group.")]
Sub = Annotated[str, typer.Argument(help="Who the user's tokens speak for.")]
After = Annotated[str, typer.Option(help="Go on behind this id: the `more` of the page before.")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")]
Reason = Annotated[str, typer.Option(help="Why; kept in the audit log.")]
Tell = Annotated[bool, typer.Option("--tell", help="The person is told the reason.")]


def _ask(config: ConfigOption, act: str, **fields: Any) -> dict[str, Any]:
    from chatd.admin.socket import AdminError, call

    try:
        return call(settings(config).admin_socket_path(), act, **fields)
    except AdminError as error:
        raise fail(str(error)) from None


def _say(value: dict[str, Any], lines: list[str], as_json: bool) -> None:
    if "more" in value:
        lines.append(f"more: --after {value['more']}")
    print(json.dumps(value, ensure_ascii=False) if as_json else "\n".join(lines))


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def _line(group: dict[str, Any]) -> str:
    state = "gone" if group.get("gone") else "dissolved" if "dissolved" in group else ""
    count = f"{group['members']}/{group['limit']}"
    return f"{group['group']}  {group['kind']:<7}  {count:>9}  {state:<9}  {group['title']}".rstrip()


@group_app.command("list")
def list_groups(
    after: After = "", limit: Limit = 100, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """List all groups by id. 列出所有群。"""
    page = _ask(config, "group.list", after=after, limit=limit)
    _say(page, [_line(group) for group in page["groups"]], as_json)


@group_app.command("show")
def show_group(group: Group, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show what a group is, and nothing that was written in it. 查看一个群。"""
    found = _ask(config, "group.show", group=group)
    times = {"created", "at", "dissolved", "gone_at"}
    lines = [f"{key:<9} {_time(value) if key in times else value}" for key, value in found.items() if value is not None]
    _say(found, lines, as_json)


@group_app.command("dissolve")
def dissolve_group(group: Group, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """End a group: read-only for the configured time, then gone. 解散群。"""
    done = _ask(config, "group.dissolve", group=group)
    _say(done, [f"dissolved; it can be read until {_time(done['until'])} UTC"], as_json)


@group_app.command("transfer")
def transfer_group(group: Group, sub: Sub, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Give a group to one of its members. 转让群。"""
    _say(_ask(config, "group.transfer", group=group, sub=sub), ["transferred"], as_json)


@member_app.command("list")
def list_members(
    group: Group,
    banned: Annotated[bool, typer.Option("--banned", help="Those who are banned instead.")] = False,
    after: After = "",
    limit: Limit = 100,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List who is in a group. 列出群成员。"""
    page = _ask(config, "member.list", group=group, banned=banned, after=after, limit=limit)
    rows = [(one["user"], one.get("role", "banned"), one["name"], one.get("reason", "")) for one in page["members"]]
    _say(page, [f"{user}  {role:<6}  {name}  {reason}".rstrip() for user, role, name, reason in rows], as_json)


@member_app.command("kick")
def kick_member(
    group: Group,
    sub: Sub,
    reason: Reason = "",
    tell: Tell = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put somebody out, whatever their role. 移出成员。"""
    done = _ask(config, "member.kick", group=group, sub=sub, reason=reason, tell=tell)
    _say(done, [f"out; {done['members']} are left"], as_json)


@member_app.command("ban")
def ban_member(
    group: Group,
    sub: Sub,
    reason: Reason = "",
    tell: Tell = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put somebody out for good; admins of the group cannot lift it. 移出并禁止再进群。"""
    done = _ask(config, "member.kick", group=group, sub=sub, reason=reason, tell=tell, ban=True)
    _say(done, ["banned"], as_json)


@member_app.command("unban")
def unban_member(group: Group, sub: Sub, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Lift a ban, whoever made it. 取消禁止。"""
    _say(_ask(config, "member.unban", group=group, sub=sub), ["lifted"], as_json)
