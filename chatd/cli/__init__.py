"""The command line. Each command lives in a module of its own and imports what it needs when it runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from chatd.config import Config, ConfigError, load

app = typer.Typer(
    name="chatd",
    help="A group-chat server: durable, ordered, gated by mutual follows. 群聊服务器。",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

DEFAULT_URL: Final = "ws://127.0.0.1:8080/ws"

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", help="The settings file. Default: ./chatd.toml if there is one.", show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text.")]


def fail(problem: str, status: int = 1) -> typer.Exit:
    """Say what is wrong on standard error; to be raised."""
    print(f"chatd: {problem}", file=sys.stderr)
    return typer.Exit(status)


def settings(path: Path | None) -> Config:
    """The settings from the file named, or ./chatd.toml, and the environment. Ends with status 2 if they are wrong."""
    if path is None and Path("chatd.toml").exists():
        path = Path("chatd.toml")
    try:
        return load(path, os.environ)
    except ConfigError as error:
        raise fail("\n".join(error.problems), 2) from None
    except OSError as error:
        raise fail(f"{path}: {error.strerror}", 2) from None


@app.command()
def serve(
    config: ConfigOption = None,
    host: Annotated[str | None, typer.Option(help="Overrides [server] host.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Overrides [server] port; 0 takes a free one.")
    ] = None,
) -> None:
    """Run the server until SIGTERM or Ctrl-C. 启动服务器。"""
    from chatd.cli import run

    chosen: dict[str, Any] = {k: v for k, v in (("host", host), ("port", port)) if v is not None}
    raise typer.Exit(run.serve(settings(config), chosen))


@app.command()
def migrate(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Bring the database to the tables of this version. Refuses while a server holds it. 升级数据库。"""
    from chatd.cli import run

    raise typer.Exit(run.migrate(settings(config), as_json))


@app.command()
def verify(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Prove that the database is whole. Refuses while a server holds it. 校验数据库。"""
    from chatd.cli import run

    raise typer.Exit(run.verify(settings(config), as_json))


@app.command()
def token(
    sub: Annotated[str, typer.Argument(help="Who the token speaks for.")],
    config: ConfigOption = None,
    name: Annotated[str, typer.Option(help="The name that others see.")] = "",
    ttl_s: Annotated[int, typer.Option("--ttl", min=1, max=31_536_000, help="Seconds that it is good for.")] = 86_400,
) -> None:
    """Mint a token for trying things out (HS256 only; hosts mint their own). 生成试用令牌。"""
    from chatd.cli import run

    raise typer.Exit(run.token(settings(config), sub, name, ttl_s))


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
    lang: Annotated[str | None, typer.Option(help="zh or en; default: what LANG says. 界面语言。")] = None,
) -> None:
    """Chat from this terminal, or from a script through standard input. 在终端里聊天。"""
    from chatd.cli.chat import chat as run

    raise typer.Exit(run(url, token, token_file, group, lang, device))


@app.command()
def stats(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show what the running server is doing. 查看运行状态。"""
    from chatd.cli import run

    raise typer.Exit(run.stats(settings(config), as_json))


@app.command()
def revoke(
    sub: Annotated[str, typer.Argument(help="Whose tokens are refused from now on.")],
    device: Annotated[str | None, typer.Option(help="Only on this device.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Refuse all tokens issued so far and close what they opened. 吊销令牌并断开连接。"""
    from chatd.cli import run

    raise typer.Exit(run.revoke(settings(config), sub, device, as_json))


invite = typer.Typer(name="invite", help="Look at invites and take them back. 查看和撤销邀请。", no_args_is_help=True)
app.add_typer(invite, name="invite")


@invite.command("list")
def list_invites(
    group: Annotated[str | None, typer.Option(help="Only of this group.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List invites, without their secrets. 列出邀请。"""
    from chatd.cli import invites

    raise typer.Exit(invites.list_invites(settings(config), group, as_json))


@invite.command("revoke")
def revoke_invite(
    which: Annotated[str, typer.Argument(metavar="INVITE", help="The id of the invite.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take an invite back: it lets nobody in any more. 撤销邀请。"""
    from chatd.cli import invites

    raise typer.Exit(invites.revoke_invite(settings(config), which, as_json))


@app.command()
def audit(
    config: ConfigOption = None,
    group: Annotated[str | None, typer.Option(help="Only in this group.")] = None,
    user: Annotated[str | None, typer.Option("--user", help="Only on this user (id).")] = None,
    by: Annotated[str | None, typer.Option(help="Only by this user (id), or `operator`.")] = None,
    act: Annotated[str | None, typer.Option(help="Only this act, like member.kick.")] = None,
    since: Annotated[str | None, typer.Option(help="From this day or moment on (ISO 8601, UTC).")] = None,
    until: Annotated[str | None, typer.Option(help="Before this day or moment.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="Most rows, the newest.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Show what admins, owners and the operator did. 查看管理记录。"""
    from chatd.cli.audit import moment, show

    try:
        times = {name: moment(text) for name, text in (("since", since), ("until", until)) if text}
    except ValueError as error:
        raise fail(str(error), 2) from None
    chosen = {"group": group, "user": user, "by": by, "act": act} | times
    raise typer.Exit(show(settings(config), chosen, limit, as_json))


@app.command()
def words(
    what: Annotated[str, typer.Argument(help="check the files, test a TEXT, or reload them in the running server.")],
    text: Annotated[str, typer.Argument(help="What somebody might write; for test.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look at, try or reload the list of words that must not be said. 敏感词表：检查、试用、重新读取。"""
    from chatd.cli.words import check, reload, try_text

    if what == "test" and text:
        raise typer.Exit(try_text(settings(config), text, as_json))
    acts = {"check": check, "reload": reload}
    if what not in acts or text:
        raise fail("expected: words check, words reload, or words test TEXT", 2)
    raise typer.Exit(acts[what](settings(config), as_json))


def main() -> None:
    """The entry point."""
    app()


from chatd.cli.catalogue import catalogue  # noqa: E402 - its commands use what is defined above
from chatd.cli.govern import group_app, member_app  # noqa: E402 - as below
from chatd.cli.search import searching  # noqa: E402 - its commands use what is defined above
from chatd.cli.users import users  # noqa: E402 - its commands use what is defined above

app.add_typer(users, name="user")
app.add_typer(searching, name="search")
app.add_typer(catalogue, name="catalogue")
app.add_typer(group_app, name="group")
app.add_typer(member_app, name="member")
