"""`chatd completion`: what a shell needs to complete commands, and ids of groups from the running server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

PATIENCE_S: Final = 0.5
"""Whoever pressed Tab waits no longer than this for a server."""
SHOWN_MAX: Final = 200


def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(help="Which shell. 哪种 shell。")],
) -> None:
    """Print what a shell needs to complete `chatd`. 输出 shell 的命令补全脚本。

    Ids of groups and people are completed from the running server. 群和用户的 id 从正在运行的服务器补全。

    $ chatd completion bash > /etc/bash_completion.d/chatd
    $ chatd completion zsh > ~/.zfunc/_chatd
    $ chatd completion fish > ~/.config/fish/completions/chatd.fish
    """
    from typer.main import get_command

    from chatd.cli import app

    # The shell asks in the same way for what fits; `source` is the word for its part of that.
    os.environ["_CHATD_COMPLETE"] = f"source_{shell}"
    get_command(app).main(args=[], prog_name="chatd")


def group_ids(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Groups of the running server whose id or title begins like that, with their titles."""
    page = _asked(context, "group.list", limit=1000).get("groups", [])
    return [(one["group"], one["title"]) for one in page if one["group"].startswith(incomplete)][:SHOWN_MAX]


def user_subs(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """People of the running server whose sub begins like that, with their names."""
    page = _asked(context, "user.list", limit=1000, words=incomplete).get("users", [])
    return [(one["sub"], one.get("name", "")) for one in page if one["sub"].startswith(incomplete)][:SHOWN_MAX]


def bot_names(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Bots of the running server whose name begins like that, with the names that people see."""
    page = _asked(context, "bot.list", limit=1000).get("bots", [])
    return [(one["bot"], one["name"]) for one in page if one["bot"].startswith(incomplete)][:SHOWN_MAX]


def _asked(context: typer.Context, act: str, **fields: Any) -> dict[str, Any]:
    """The answer of the running server; nothing if there is none, or the settings are wrong: a Tab says no errors."""
    from chatd.admin.socket import AdminError, call
    from chatd.config import ConfigError, load

    path: Path | None = context.params.get("config")
    if path is None and Path("chatd.toml").exists():
        path = Path("chatd.toml")
    try:
        return call(load(path, os.environ).admin_socket_path(), act, PATIENCE_S, **fields)
    except (AdminError, ConfigError, OSError):
        return {}
