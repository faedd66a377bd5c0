"""The running server, if there is one: its socket for the operator, its port, what it says of itself."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from chatd.admin.socket import AdminError, call
from chatd.cli.doctor.findings import Finding
from chatd.config import Config

LAG_MS: Final = 30_000
WAITING: Final = 5_000


def check_serving(config: Config) -> Iterator[Finding]:
    """With a server and without one."""
    path = config.admin_socket_path().absolute()
    figures: dict[str, Any] | None = None
    if not path.exists():
        yield Finding(
            "note",
            "server.socket",
            f"No server runs here (there is no {path}).",
            f"这里没有服务器在运行（没有 {path}）。",
        )
    else:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            en = f"{path} is open to others ({mode:04o}), who may do everything: chmod 600."
            yield Finding(
                "fail", "server.socket", en, f"{path} 对他人开放（{mode:04o}），他们什么都能做：请 chmod 600。"
            )
        try:
            figures = call(path, "stats", 3.0)
        except AdminError:
            en = f"{path} is there but nobody answers: a server ended hard; the next start replaces it."
            yield Finding(
                "warn",
                "server.alive",
                en,
                f"{path} 存在但没有应答：上次异常退出，下次启动会替换它。",
            )
        else:
            en, zh = (
                f"A server answers (process {figures['pid']}, {figures['url']}).",
                f"服务器有应答（进程 {figures['pid']}，{figures['url']}）。",
            )
            yield Finding("ok", "server.alive", en, zh)
            yield from check_figures(figures)
    yield from check_port(config, figures)


def check_figures(figures: dict[str, Any]) -> Iterator[Finding]:
    """What the server says of itself."""
    if restarts := figures.get("writer_restarts", 0):
        en = f"The writer was started again {restarts} times: look for `writer` in the log."
        yield Finding("warn", "server.writer", en, f"写入进程重启过 {restarts} 次：请在日志中查找 writer。")
    if figures.get("proposals_waiting", 0) > WAITING:
        en = f"{figures['proposals_waiting']} commands wait for the disk: see disk.fsync."
        yield Finding("warn", "server.queue", en, f"{figures['proposals_waiting']} 条命令在等磁盘：参见 disk.fsync。")
    if "search_lag_ms" not in figures:
        return
    lag_ms, restarts = figures["search_lag_ms"], figures["search_restarts"]
    if restarts or (lag_ms > LAG_MS and not figures["search_rebuilding"]):
        en = f"The index is {lag_ms // 1000} s behind, its program was started again {restarts} times: see the log."
        zh = f"搜索索引落后 {lag_ms // 1000} 秒，其程序重启过 {restarts} 次：请看日志。"
        yield Finding("warn", "search.lag", en, zh)
    else:
        yield Finding(
            "ok",
            "search.lag",
            f"The index is {figures['search_lag_ms']} ms behind.",
            f"搜索索引落后 {figures['search_lag_ms']} 毫秒。",
        )


def check_port(config: Config, figures: dict[str, Any] | None) -> Iterator[Finding]:
    """Free, or held by our server."""
    host, port = config.server.host, config.server.port
    ours = urlsplit(figures["url"]).port if figures is not None else None
    if port in {0, ours}:
        shown = ours or "any free one"
        yield Finding("ok", "server.port", f"Port {shown}.", f"端口 {ours or '任取'}。")
        return
    if ours is not None:
        en = f"The server that runs here listens on {ours}, the settings say {port}: was it started with --port?"
        yield Finding("note", "server.port", en, f"在运行的服务器监听 {ours}，设置里是 {port}：启动时用了 --port？")
        return
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with contextlib.closing(socket.socket(*found[:3])) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(found[4])
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        en = f"{host}:{port} cannot be had ({why}): stop what holds it, or set another [server] host, port."
        yield Finding(
            "fail", "server.port", en, f"无法使用 {host}:{port}（{why}）：停掉占用它的程序，或改 [server] host、port。"
        )
    else:
        yield Finding("ok", "server.port", f"{host}:{port} is free.", f"{host}:{port} 空闲。")
