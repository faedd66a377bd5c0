"""`chatd user`: people as the operator sees them. Everything goes through the running server."""

from __future__ import annotations

import datetime as dt
import sys
from typing import Annotated, Any

import typer

from chatd.cli import ConfigOption, JsonOption
from chatd.cli.answers import ask, bare, phrase, say
from chatd.cli.listing import After, Limit, say_page, say_record
from chatd.cli.named import Person
from chatd.cli.table import on_terminal, shown_time, word

users = typer.Typer(help="Create, list, disable and tag users. 管理用户。", no_args_is_help=True)


def _ask(act: str, config: ConfigOption, as_json: bool, show: str, **fields: Any) -> type[typer.Exit]:
    done = ask(config, act, **fields)
    say(done, phrase(show, **done), as_json)
    return typer.Exit


@users.command()
def add(
    sub: Annotated[str, typer.Argument(help="Who their tokens will speak for. 他们的令牌代表谁（sub）。")],
    name: Annotated[str, typer.Option(help="The name that others see. 别人看到的名字。")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create a user before they first come, or rename one; prints their id. 预先创建用户，或改名；输出其 id。

    $ chatd user add ann --name Ann
    """
    raise _ask("user", config, as_json, "{user}", sub=sub, name=name)


@users.command("list")
def list_users(
    find: Annotated[
        str, typer.Option(help="Only those with this in their name or sub. 只列名字或 sub 里有这些字的。")
    ] = "",
    disabled: Annotated[
        bool, typer.Option("--disabled", help="Only those who are shut out, with the reason. 只列已停用的，附原因。")
    ] = False,
    after: After = "",
    limit: Limit = 100,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List users by id, a page at a time, or find them by name. 分页列出用户，或按名字查找。

    $ chatd user list
    $ chatd user list --find "ann b"
    $ chatd user list --disabled --limit 1000 --json
    """
    done = ask(config, "user.list", after=after, limit=limit, disabled=disabled, words=find)
    columns = ("sub", "name", "handle", "tags", "state", "user")
    say_page(
        done, (*columns, "reason") if disabled else columns, map(_row, done["users"]), as_json, spare=("handle", "tags")
    )


@users.command()
def show(person: Person, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show what is known of a user, and up to 50 groups they are in. 查看用户，及其所在的群（最多 50 个）。

    $ chatd user show ann
    """
    done = ask(config, "user.show", sub=person)
    say_record(done, done | _tags(done) | {"memberships": _places(done)}, as_json)


@users.command()
def disable(
    person: Person,
    reason: Annotated[str, typer.Option(help="Why; for operators only. 原因，只有运营方可见。")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Shut a user out until they are enabled again; they stay in history. 停用用户并断开连接，直到恢复；历史保留。

    $ chatd user disable ann --reason spam
    """
    raise _ask(
        "user.disable",
        config,
        as_json,
        "disabled; {closed} connections closed. 已停用，断开 {closed} 个连接。",
        sub=person,
        on=True,
        reason=reason,
    )


@users.command()
def enable(person: Person, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Let a disabled user in again. 恢复用户。

    $ chatd user enable ann
    """
    raise _ask("user.disable", config, as_json, "enabled. 已恢复。", sub=person, on=False)


@users.command()
def tag(
    person: Person,
    name: Annotated[str, typer.Argument(help="The tag, for example staff. 标签，例如 staff。")],
    days: Annotated[
        float | None, typer.Option(min=0, help="Days after which it ends by itself. 多少天后自动失效。")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the tag away. 收回标签。")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a user a verified tag, or take it away. 授予或收回认证标签。

    $ chatd user tag ann staff --days 90
    $ chatd user tag ann staff --remove
    """
    until = None
    if days is not None:
        end = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
        until = int(end.timestamp() * 1000)
    done = ask(config, "user.tag", sub=person, tag=name, until=until, on=not remove)
    worn = " ".join(f"[{one['tag']}]" for one in done["tags"])
    say(done, worn or phrase("no tags now. 现在没有标签。"), as_json)


@users.command()
def account(
    login: Annotated[str, typer.Argument(help="What the user signs in with. 登录名。")],
    name: Annotated[str, typer.Option(help="The name that others see. 别人看到的名字。")] = "",
    password_stdin: Annotated[
        bool,
        typer.Option(
            "--password-stdin",
            help="Read the password from standard input, not make one up. 从标准输入读密码，而不是随机生成。",
        ),
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create an account of our own; prints the password if it was made up. 创建本站账号，密码若随机生成则输出。

    $ chatd user account ann@example.com --name Ann
    $ chatd user account ann@example.com --password-stdin < password.txt
    """
    password = sys.stdin.readline().rstrip("\n") if password_stdin else None
    show = "{user}" if password_stdin else "{user}  {password}"
    raise _ask("account.add", config, as_json, show, login=login, name=name, password=password)


@users.command()
def code(
    uses: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="How many people may sign up with it. 可供多少人注册。")
    ] = 1,
    days: Annotated[float, typer.Option(min=0.001, max=3650, help="Days that it is good for. 有效天数。")] = 7,
    note: Annotated[str, typer.Option(help="What it is for; kept beside it. 备注用途。")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a code for signing up where that takes one; prints it once. 生成注册码（只显示一次）。

    $ chatd user code --uses 10 --days 30 --note newcomers
    """
    raise _ask("account.code", config, as_json, "{code}", uses=uses, days=days, note=note)


def _row(user: dict[str, Any]) -> dict[str, Any]:
    """One user of a list."""
    handle = f"@{user['handle']}" if user.get("handle") else ""
    state = ("erased" if user.get("erased") else "disabled") if user.get("disabled") else ""
    return user | {"handle": handle, "tags": [tag["tag"] for tag in user.get("tags", ())], "state": state}


def _places(user: dict[str, Any]) -> list[str]:
    """What somebody is in: ids for programs, a line of each for people."""
    if not on_terminal():
        return [place["group"] for place in user["memberships"]]
    return [
        "  ".join(filter(None, (place["group"], word(place["role"]), place["title"] or word(place["kind"]))))
        for place in user["memberships"]
    ]


def _tags(user: dict[str, Any]) -> dict[str, Any]:
    """Tags with the day on which each ends."""
    named = []
    for tag in user.get("tags", ()):
        until = bare("until {day}. 到 {day}。", day=shown_time(tag["until"])) if "until" in tag else ""
        named.append(f"{tag['tag']} ({until})" if until else tag["tag"])
    return {"tags": named} if named else {}
