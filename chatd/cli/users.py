"""`chatd user`: people as the operator sees them. Everything goes through the running server."""

from __future__ import annotations

import datetime as dt
import sys
from typing import Annotated, Any

import typer

from chatd.cli import ConfigOption, JsonOption, settings

users = typer.Typer(help="Create, list, disable and tag users. 管理用户。", no_args_is_help=True)

Sub = Annotated[str, typer.Argument(help="Who the user's tokens speak for. 令牌里的 sub。")]


def _ask(act: str, config: ConfigOption, as_json: bool, show: str, **fields: Any) -> typer.Exit:
    from chatd.cli.run import act_on_server

    return typer.Exit(act_on_server(settings(config), act, as_json, lambda done: show.format(**done), **fields))


@users.command()
def add(
    sub: Sub,
    name: Annotated[str, typer.Option(help="The name that others see.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create a user before they first come, or rename one; prints their id. 创建或改名用户。"""
    raise _ask("user", config, as_json, "{user}", sub=sub, name=name)


@users.command("list")
def list_users(
    after: Annotated[str, typer.Option(help="The id of the last user of the page before.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 100,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List users by id, a page at a time. 列出用户。"""
    from chatd.cli.run import act_on_server

    def show(done: dict[str, Any]) -> str:
        return "\n".join(_line(user) for user in done["users"])

    raise typer.Exit(act_on_server(settings(config), "user.list", as_json, show, after=after, limit=limit))


@users.command()
def show(sub: Sub, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show what is known of a user. 查看用户。"""
    from chatd.cli.run import act_on_server

    def text(done: dict[str, Any]) -> str:
        width = max(len(key) for key in done)
        return "\n".join(f"{key:<{width}}  {value}" for key, value in done.items())

    raise typer.Exit(act_on_server(settings(config), "user.show", as_json, text, sub=sub))


@users.command()
def disable(sub: Sub, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Shut a user out at once; they stay in history. 停用用户并断开连接。"""
    raise _ask("user.disable", config, as_json, "disabled; {closed} connections closed", sub=sub, on=True)


@users.command()
def enable(sub: Sub, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Let a disabled user in again. 恢复用户。"""
    raise _ask("user.disable", config, as_json, "enabled", sub=sub, on=False)


@users.command()
def tag(
    sub: Sub,
    name: Annotated[str, typer.Argument(help="The tag, for example staff. 标签，例如 staff。")],
    days: Annotated[float | None, typer.Option(min=0, help="Days after which it ends by itself.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the tag away.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a user a verified tag, or take it away. 授予或收回认证标签。"""
    until = None
    if days is not None:
        end = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
        until = int(end.timestamp() * 1000)
    raise _ask("user.tag", config, as_json, "{tags}", sub=sub, tag=name, until=until, on=not remove)


@users.command()
def account(
    login: Annotated[str, typer.Argument(help="What the user signs in with. 登录名。")],
    name: Annotated[str, typer.Option(help="The name that others see.")] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input, not make one up.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create an account of our own; prints the password if it was made up. 创建本站账号。"""
    password = sys.stdin.readline().rstrip("\n") if password_stdin else None
    show = "{user}" if password_stdin else "{user}  {password}"
    raise _ask("account.add", config, as_json, show, login=login, name=name, password=password)


@users.command()
def code(
    uses: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many people may sign up with it.")] = 1,
    days: Annotated[float, typer.Option(min=0.001, max=3650, help="Days that it is good for.")] = 7,
    note: Annotated[str, typer.Option(help="What it is for; kept beside it.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a code for signing up where that takes one; prints it once. 生成注册码。"""
    raise _ask("account.code", config, as_json, "{code}", uses=uses, days=days, note=note)


def _line(user: dict[str, Any]) -> str:
    """One user of a list: id, sub, name and what stands out."""
    marks = [tag["tag"] for tag in user.get("tags", ())] + ["disabled"] * bool(user.get("disabled"))
    handle = [f"@{user['handle']}"] if user.get("handle") else []
    return "  ".join([user["user"], user["sub"], user.get("name", ""), *handle, *(f"[{mark}]" for mark in marks)])
