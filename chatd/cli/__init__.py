"""The command line. Each command lives in a module of its own and imports what it needs when it runs.

A command's docstring is its help, in English and in Chinese, with examples; see `help`.
"""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer

from chatd.cli.answers import ask, phrase, say
from chatd.cli.answers import fail as fail
from chatd.cli.answers import settings as settings
from chatd.cli.completion import completion, user_subs
from chatd.cli.help import Group
from chatd.cli.language import LOCALES, asked_for
from chatd.cli.named import Person

app = typer.Typer(
    name="chatd",
    help="""A group-chat server: durable, ordered, gated by mutual follows. 群聊服务器：不丢、有序、互相关注才能拉人。

    Commands about people and groups go through the running server, and ask it with the same settings file.
    管人管群的命令通过正在运行的服务器执行，使用同一个设置文件。
    """,
    cls=Group,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class LogFormat(StrEnum):
    """As `[log] format` has them."""

    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


DEFAULT_URL: Final = "ws://127.0.0.1:8080/ws"

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help="The settings file. Default: ./chatd.toml if there is one. 设置文件，默认 ./chatd.toml（如果有）。",
        show_default=False,
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON for programs instead of text. 输出 JSON，供程序使用。")
]


def _show_version(wanted: bool) -> None:
    if wanted:
        from chatd.cli.version import version_line

        print(version_line())
        raise typer.Exit


@app.callback()
def _about(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            help="Show the versions of chatd, its protocol and Python. 显示 chatd、协议和 Python 的版本。",
        ),
    ] = False,
) -> None:
    del version  # has been shown


@app.command()
def serve(
    config: ConfigOption = None,
    host: Annotated[str | None, typer.Option(help="Overrides [server] host. 代替设置里的 [server] host。")] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65_535,
            help="Overrides [server] port; 0 takes a free one. 代替设置里的 [server] port，0 取空闲端口。",
        ),
    ] = None,
    log_format: Annotated[
        LogFormat | None,
        typer.Option(help="Overrides [log] format. 代替设置里的 [log] format。", case_sensitive=False),
    ] = None,
) -> None:
    """Run the server until SIGTERM or Ctrl-C. 启动服务器，直到 SIGTERM 或 Ctrl-C。

    At a terminal it says how to come in, and logs in words; elsewhere one JSON object a line.
    在终端上会说明怎么进来，日志是文字；在其他地方，日志一行一个 JSON 对象。

    $ chatd serve
    $ chatd serve --config /etc/chatd/chatd.toml
    $ chatd serve --host 0.0.0.0 --port 8443 --log-format json
    """
    from chatd.cli import run

    server = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    chosen: dict[str, Any] = {"server": server, "log": {"format": log_format.value} if log_format else {}}
    raise typer.Exit(run.serve(settings(config), chosen, config_path=config))


@app.command()
def migrate(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Bring the database to the tables of this version. 把数据库升级到本版本的表结构。

    Refuses while a server holds it; `serve` does the same by itself at its start.
    服务器运行时拒绝执行；serve 启动时会自动升级。

    $ chatd migrate
    $ chatd migrate --config /etc/chatd/chatd.toml --json
    """
    from chatd.cli import run

    raise typer.Exit(run.migrate(settings(config), as_json))


@app.command()
def verify(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Prove that the database is whole. Refuses while a server holds it. 校验数据库是否完整，服务器运行时拒绝执行。

    $ chatd verify
    $ chatd verify --json
    """
    from chatd.cli import run

    raise typer.Exit(run.verify(settings(config), as_json))


@app.command()
def token(
    sub: Annotated[str, typer.Argument(help="Who the token speaks for. 令牌代表谁（sub）。")],
    config: ConfigOption = None,
    name: Annotated[str, typer.Option(help="The name that others see. 别人看到的名字。")] = "",
    ttl_s: Annotated[
        int, typer.Option("--ttl", min=1, max=31_536_000, help="Seconds that it is good for. 有效期（秒）。")
    ] = 86_400,
    as_json: JsonOption = False,
) -> None:
    """Sign a token for trying things out (HS256 only). 签发试用令牌（仅 HS256）。

    In earnest the host app signs them: see the guide for hosts. 正式使用时由宿主应用签发。

    $ chatd token ann --name Ann > ann.token
    $ chatd token ann --ttl 3600
    """
    from chatd.cli.tokens import sign

    raise typer.Exit(sign(settings(config), sub, name, ttl_s, as_json))


@app.command()
def chat(
    url: Annotated[str, typer.Option(help="The server, e.g. ws://127.0.0.1:8080/ws. 服务器地址。")] = DEFAULT_URL,
    token: Annotated[
        str | None, typer.Option(help="The token itself; others on this machine may see it. 令牌（可能被旁人看到）。")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="A file with the token. 存放令牌的文件。")
    ] = None,
    group: Annotated[str | None, typer.Option(help="The group to open first. 先打开哪个群。")] = None,
    device: Annotated[
        str | None, typer.Option(help="The name of this device; another one each time. 设备名，默认每次不同。")
    ] = None,
    lang: Annotated[
        str | None, typer.Option(help="zh or en; default: what LANG says. 界面语言 zh 或 en，默认看 LANG。")
    ] = None,
    wait: Annotated[
        float,
        typer.Option(
            min=0,
            max=86400,
            help="Seconds that a script waits for a server that does not answer. 脚本等待服务器应答的秒数。",
        ),
    ] = 15,
    plain: Annotated[
        bool, typer.Option("--plain", help="One line to type in, not the whole screen. 单行输入模式，不占满屏幕。")
    ] = False,
) -> None:
    """Chat from this terminal, or from a script through standard input. 在终端里聊天，或由脚本从标准输入聊天。

    $ chatd chat --token-file ann.token
    $ chatd chat --url wss://chat.example.com/ws --token-file ann.token --lang zh
    $ echo '/groups' | chatd chat --token-file ann.token
    """
    from chatd.cli.chat import chat as run

    raise typer.Exit(run(url, token, token_file, group, lang, device, plain=plain, patience_s=wait))


@app.command()
def stats(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show what the running server is doing, once, and how much there is. 查看服务器当前的运行数据和总数。

    $ chatd stats
    $ chatd stats --json
    """
    from chatd.cli.listing import say_record
    from chatd.cli.table import on_terminal

    figures = ask(config, "stats")
    # People read "groups" or "entries" as all there are; programs get the name that the JSON has.
    names = {name: f"{name}_here" for name in ("groups", "entries", "deliveries")} if on_terminal() else {}
    say_record(figures, {names.get(name, name): figure for name, figure in figures.items()}, as_json)


@app.command()
def revoke(
    person: Person,
    device: Annotated[str | None, typer.Option(help="Only on this device. 只限这个设备。")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Refuse all tokens issued so far and close what they opened. 吊销已签发的令牌，并断开它们的连接。

    $ chatd revoke ann
    $ chatd revoke ann --device tablet
    $ chatd revoke bot:shop-helper
    """
    done = ask(config, "revoke", sub=person, device=device)
    say(done, phrase("revoked; {closed} connections closed. 已吊销，断开 {closed} 个连接。", **done), as_json)


@app.command()
def audit(
    config: ConfigOption = None,
    group: Annotated[str | None, typer.Option(help="Only in this group. 只看这个群。")] = None,
    user: Annotated[
        str | None,
        typer.Option(
            "--user", help="Only on this person (sub, id or @handle). 只看针对此人的。", autocompletion=user_subs
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            help="Only by this person (likewise), or `operator`. 只看此人或 operator 做的。", autocompletion=user_subs
        ),
    ] = None,
    act: Annotated[
        str | None, typer.Option(help="Only this act, like member.kick. 只看这种操作，如 member.kick。")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="From this day or moment on (ISO 8601, UTC). 从何时起（ISO 8601，UTC）。")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Before this day or moment. 到何时为止（不含）。")] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="Most rows, the newest. 最多多少行，取最新的。")
    ] = 50,
    as_json: JsonOption = False,
) -> None:
    """Show what admins, owners and the operator did. 查看管理员、群主和运营者做过什么。

    $ chatd audit
    $ chatd audit --by operator --since 2026-01-01
    $ chatd audit --act member.kick --limit 1000 --json
    """
    from chatd.cli.audit import moment, show

    try:
        times = {name: moment(text) for name, text in (("since", since), ("until", until)) if text}
    except ValueError as error:
        raise fail(str(error), 2) from None
    chosen = {"group": group, "user": user, "by": by, "act": act} | times
    raise typer.Exit(show(settings(config), chosen, limit, as_json))


def main() -> NoReturn:
    """The entry point."""
    os.umask(0o077)  # what chatd makes (databases, secrets, exports) is for its user alone, unless they say otherwise
    if lang := asked_for(sys.argv[1:]):
        os.environ["LC_ALL"] = LOCALES[lang]
    try:
        status = app(prog_name="chatd", standalone_mode=False)
        sys.stdout.flush()  # while it can still be said that it does not work
    except typer.TyperException as wrong:
        from chatd.cli.misuse import misused

        status = misused(wrong)
    except typer.Abort:
        status = 130
    except Exception as error:
        from chatd.cli.troubles import TROUBLES, ended_by, settle_output

        if not isinstance(error, TROUBLES):
            raise
        status = ended_by(error)
        settle_output()
    sys.exit(status or 0)


import chatd.cli.tending  # noqa: E402, F401 - adds commands to groups, members and invites
from chatd.cli.backups import backup, restore  # noqa: E402 - as below
from chatd.cli.ban import bans  # noqa: E402 - its commands use what is defined above
from chatd.cli.bots import bots  # noqa: E402 - its commands use what is defined above
from chatd.cli.broadcast import broadcast  # noqa: E402 - its commands use what is defined above
from chatd.cli.catalogue import catalogue  # noqa: E402 - its commands use what is defined above
from chatd.cli.doctor.command import doctor  # noqa: E402 - its commands use what is defined above
from chatd.cli.erase import erase  # noqa: E402 - as below
from chatd.cli.export import export  # noqa: E402 - as below
from chatd.cli.follow import follow  # noqa: E402 - as below
from chatd.cli.govern import group_app, member_app  # noqa: E402 - as below
from chatd.cli.invites import invite  # noqa: E402 - its commands use what is defined above
from chatd.cli.request import requests  # noqa: E402 - its commands use what is defined above
from chatd.cli.retention import retention  # noqa: E402 - its commands use what is defined above
from chatd.cli.search import searching  # noqa: E402 - its commands use what is defined above
from chatd.cli.top import top  # noqa: E402 - its commands use what is defined above
from chatd.cli.users import users  # noqa: E402 - its commands use what is defined above
from chatd.cli.words import words  # noqa: E402 - its commands use what is defined above

app.command()(completion)
app.command()(doctor)
app.command()(erase)
app.command()(top)
app.command()(backup)
app.command()(restore)
app.add_typer(export, name="export")
app.add_typer(users, name="user")
app.add_typer(searching, name="search")
app.add_typer(catalogue, name="catalogue")
app.add_typer(group_app, name="group")
app.add_typer(member_app, name="member")
app.add_typer(invite, name="invite")
app.add_typer(words, name="words")
app.add_typer(follow, name="follow")
app.add_typer(bots, name="bot")
app.add_typer(bans, name="ban")
app.add_typer(requests, name="request")
app.add_typer(broadcast, name="broadcast")
app.add_typer(retention, name="retention")
