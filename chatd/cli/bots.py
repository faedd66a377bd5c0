"""`chatd bot`: users that are programs. Everything goes through the running server."""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer

from chatd.cli import ConfigOption, JsonOption
from chatd.cli.answers import MISUSED, ask, fail, listed, phrase, say
from chatd.cli.completion import bot_names
from chatd.cli.language import lang_of
from chatd.cli.listing import After, Limit, say_page, say_record

bots = typer.Typer(help="Make bots, give them tokens and scopes. 管理机器人。", no_args_is_help=True)

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="What the bot is called by: small letters, digits, - or _. 机器人的标识：小写字母、数字、- 或 _。",
        autocompletion=bot_names,
    ),
]
_SCOPES = "read, send, react, pin, moderate, members, manage, profile"


def _ask(act: str, config: ConfigOption, as_json: bool, show: str, **fields: Any) -> type[typer.Exit]:
    done = ask(config, act, **fields)
    say(done, phrase(show, **done), as_json)
    return typer.Exit


def _read_scopes(text: str) -> list[str]:
    """Raises `typer.Exit` for one that there is not."""
    from chatd_protocol.scopes import SCOPES

    named = [scope.strip() for scope in text.split(",") if scope.strip()]
    unknown = [scope for scope in named if scope not in SCOPES]
    if unknown:
        said = "scopes: there is no `{one}`; there are {all}. scopes：没有 `{one}`，可用：{all}。"
        raise fail(phrase(said, one=unknown[0], all=listed(SCOPES)), MISUSED)
    return named


@bots.command()
def create(
    bot: Name,
    name: Annotated[str, typer.Option(help="The name that others see. 别人看到的名字。")] = "",
    scopes: Annotated[
        str, typer.Option(help=f"What it may do, with commas: {_SCOPES}. 权限，用逗号分隔：{_SCOPES}。")
    ] = "read,send,react,profile",
    intro: Annotated[str, typer.Option(help="What others read of it. 别人看到的简介。")] = "",
    direct: Annotated[
        bool, typer.Option("--direct", help="Anybody may begin a direct chat with it. 任何人都可以和它私聊。")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a bot; prints its token, which is shown this once. 创建机器人；输出它的令牌，只显示这一次。

    Admins and owners of groups bring it in. 由群主或管理员把它拉进群。

    $ chatd bot create shop-helper --name "Shop helper" --intro "Ask me for prices"
    $ chatd bot create guard --scopes read,send,moderate
    """
    fields = {"bot": bot, "name": name, "scopes": _read_scopes(scopes), "intro": intro, "direct": direct}
    raise _ask("bot.create", config, as_json, "{token}", **fields)


@bots.command("list")
def list_bots(
    after: After = "",
    limit: Limit = 100,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List bots with what each may do. 列出机器人和它们的权限。

    $ chatd bot list
    """
    done = ask(config, "bot.list", after=after, limit=limit)
    rows = [one | {"state": "disabled" if one.get("disabled") else ""} for one in done["bots"]]
    columns = ("bot", "name", "scopes", "groups", "connections", "state", "user")
    say_page(done, columns, rows, as_json, spare=("connections", "groups"))


@bots.command()
def show(bot: Name, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show what is known of a bot, and its commands. 查看一个机器人和它的命令。

    $ chatd bot show shop-helper
    """
    done = ask(config, "bot.show", bot=bot)
    say_record(done, done | {"commands": list(map(_command, done["commands"]))}, as_json)


@bots.command()
def token(
    bot: Name,
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Refuse the older ones from now on. 从现在起拒绝旧令牌。")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a fresh token of a bot, which is shown this once. 输出机器人的新令牌，只显示这一次。

    Without --rotate the older ones stay good. 不加 --rotate 时旧令牌仍然有效。

    $ chatd bot token shop-helper
    $ chatd bot token shop-helper --rotate
    """
    raise _ask("bot.token", config, as_json, "{token}", bot=bot, rotate=rotate)


@bots.command("scopes")
def set_scopes(
    bot: Name,
    scopes: Annotated[
        str,
        typer.Argument(help=f"All of them, with commas; '' for none: {_SCOPES}. 全部权限，用逗号分隔；'' 表示没有。"),
    ],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a bot may do from now on. 设置机器人今后的权限。

    $ chatd bot scopes shop-helper read,send,react
    """
    named = _read_scopes(scopes)
    done = ask(config, "bot.scopes", bot=bot, scopes=named)
    shown = {"scopes": listed(done["scopes"]) or "-", "closed": done["closed"]}
    text = "{scopes}; {closed} connections begin anew. {scopes}；{closed} 个连接将重新建立。"
    say(done, phrase(text, **shown), as_json)


@bots.command()
def disable(bot: Name, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Shut a bot out at once; it stays in its groups and in history. 立即停用机器人；它仍留在群里和历史中。

    $ chatd bot disable shop-helper
    """
    text = "disabled; {closed} connections closed. 已停用；断开了 {closed} 个连接。"
    raise _ask("bot.disable", config, as_json, text, bot=bot, on=True)


@bots.command()
def enable(bot: Name, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Let a bot in again; its tokens are good again. 重新启用机器人；它的令牌恢复有效。

    $ chatd bot enable shop-helper
    """
    raise _ask("bot.disable", config, as_json, "enabled. 已启用。", bot=bot, on=False)


def _command(one: dict[str, str]) -> str:
    """A command with what it does, in the person's language if its bot has it."""
    said = one.get(lang_of(os.environ)) or one.get("en") or one.get("zh") or ""
    return f"/{one['name']} {said}".rstrip()
