"""`python -m chatd.demo`: make the community if there is none, serve it, and say how to join it."""

from __future__ import annotations

import errno
import os
import socket
import sys
import time
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from chatd.cli import run
from chatd.cli.answers import phrase
from chatd.cli.language import lang_of
from chatd.cli.troubles import TROUBLES, words_of
from chatd.demo import crew
from chatd.demo.community import BOTS, GROUPS, INVITE
from chatd.demo.guide import Place, doors, guide
from chatd.demo.house import database_of, prepare, write_tokens
from chatd.demo.seed import ids_of, is_current, make_community
from chatd_protocol.pasted import share_text

FolderOption = Annotated[Path, typer.Option("--dir", help="Where the demo keeps everything. 演示数据所在目录。")]
LangOption = Annotated[str, typer.Option(help="zh or en; default: what LANG says. 语言 zh 或 en，默认看 LANG。")]
PortOption = Annotated[int, typer.Option(min=0, max=65535, help="TCP port; 0 takes a free one. 端口。")]

AT_WORK: Final = "The bots are at work: {bots}. 机器人已就位：{bots}。"
MAKING: Final = "Making a small community, which takes a moment the first time. 正在生成演示社区，仅首次需要片刻。"
STOPPED: Final = "Stopped; everything is kept in {folder}. 已停止，数据保留在 {folder}。"
TAKEN: Final = "port {port} is taken; another one: {line}. 端口 {port} 已被占用，换一个：{line}。"
OLDER: Final = (
    "This community was made by an older chatd and lacks some people, bots and invites; rm -r {folder} makes a new one."
    " 这个社区由旧版 chatd 生成，缺少部分成员、机器人和邀请；rm -r {folder} 后重新启动即可。"
)


def main(folder: FolderOption = Path(".demo"), port: PortOption = 8080, lang: LangOption = "") -> None:
    """Serve a small demo community and print how to chat as two of its people. 启动一个小小的演示社区。"""
    if lang:
        os.environ["LC_ALL"] = "zh_CN.UTF-8" if lang_of({"LANG": lang}) == "zh" else "C.UTF-8"
    os.umask(0o077)  # what the demo keeps is its owner's, the database and the bots' memory too
    try:
        config = prepare(folder, port)
        check_port(config.server.host, port)
        if not database_of(folder).exists():
            print(phrase(MAKING), flush=True)
            make_community(database_of(folder), datetime.now().astimezone())
        current = is_current(database_of(folder))
        ids, (maker, scene) = ids_of(database_of(folder)), INVITE
        title = next(plan.title for plan in GROUPS if plan.scene == scene)
        place = Place(folder, ids.group(scene), share_text(title, ids.code(maker, scene)))
        write_tokens(folder, config, ids, int(time.time()))
    except (*TROUBLES, ValueError) as error:
        print(f"chatd.demo: {words_of(error)}", file=sys.stderr)
        raise typer.Exit(1) from None

    def tell(url: str) -> None:
        if crew.are_here() and current:
            at_work = phrase(AT_WORK, bots=("、" if lang_of(os.environ) == "zh" else ", ").join(BOTS))
            stack.enter_context(crew.crew(url, folder, lambda: print(at_work, flush=True)))
        spoken = lang_of(os.environ)
        print(guide(place, url, os.getpid(), spoken, spoken if lang else None), flush=True)
        if not current:
            print(phrase(OLDER, folder=folder), flush=True)

    with ExitStack() as stack:
        status = run.serve(config, {}, tell, doors(place))
    if status == 0:
        print(phrase(STOPPED, folder=folder), flush=True)
    raise typer.Exit(status)


def check_port(host: str, port: int) -> None:
    """Raises OSError, in words, if nobody can listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise OSError(phrase(TAKEN, port=port, line="make run ARGS='--port 8081'").rstrip(".。")) from None


if __name__ == "__main__":
    typer.run(main)
