"""A bot as a program of its own: arguments, environment, signals, exit codes.

    python shop.py --url ws://127.0.0.1:8080 --token-file shop.token

| option | environment | |
|---|---|---|
| `--url` | `CHATD_URL` | the server, `ws://` or `wss://` |
| `--token-file` | `CHATD_TOKEN_FILE` | a file with the bot's token; `CHATD_TOKEN` holds the token itself |
| `--state` | `CHATD_BOT_STATE` | what it remembers, `<name>.bot.db` in this folder if not named |
| `--device` | `CHATD_BOT_DEVICE` | the name of this installation, `bot` if not named |
| `--log` | `CHATD_BOT_LOG` | `debug`, `info`, `warning`, `error` |
| `--dead` | | show what was given up, and end |
| `--retry ID …`, `--retry all` | | have these tried again, by the bot that runs or by the next one, and end |
| `--drop ID …`, `--drop all` | | forget these, and end |

SIGTERM and Ctrl-C end it in order: handlers that run have `stop_s` to end; a second signal ends it at once. Exit codes:
0 stopped, 1 it could not go on, 2 the arguments are wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chatd_client.bots.failures import place_of
from chatd_client.bots.runner import WrongBot
from chatd_client.bots.store import DeadLetter, NotAMemory, Store, StoredCursors, StoreHeld
from chatd_client.bots.terminal import Parser, language_from, said_of
from chatd_client.bots.words import Phrase
from chatd_client.client import Client
from chatd_client.errors import ClientClosed
from chatd_client.session import Token
from chatd_protocol.errors import (
    CLOSE_DISABLED,
    CLOSE_REPLACED,
    CLOSE_REVOKED,
    CLOSE_TOKEN_EXPIRED,
    CLOSE_UNAUTHENTICATED,
    CLOSES,
)

if TYPE_CHECKING:
    from chatd_client.bots.bot import Bot

_log = logging.getLogger("chatd_client.bots")
TOLD_OF_END: Final = {
    CLOSE_UNAUTHENTICATED: "refused",
    CLOSE_TOKEN_EXPIRED: "refused",
    CLOSE_REVOKED: "revoked",
    CLOSE_DISABLED: "disabled",
    CLOSE_REPLACED: "replaced",
}
"""What is said of an end that has a remedy, by the code that the connection was closed with."""
DESCRIPTION: Final = Phrase("The bot “{name}” of a chatd server.", "chatd 服务器上的机器人「{name}」。")
WORDS: Final[dict[str, Phrase]] = {
    "url": Phrase("the server, ws:// or wss:// (CHATD_URL)", "服务器地址，ws:// 或 wss://（CHATD_URL）"),
    "token_file": Phrase("a file with the bot's token (CHATD_TOKEN_FILE)", "存放令牌的文件（CHATD_TOKEN_FILE）"),
    "state": Phrase("where to keep what it remembers (CHATD_BOT_STATE)", "记忆存放在哪个文件（CHATD_BOT_STATE）"),
    "device": Phrase("the name of this installation (CHATD_BOT_DEVICE)", "本次安装的名称（CHATD_BOT_DEVICE）"),
    "log": Phrase("debug, info, warning or error (CHATD_BOT_LOG)", "日志级别（CHATD_BOT_LOG）"),
    "dead": Phrase("show what was given up, and end", "列出已放弃处理的内容后退出"),
    "retry": Phrase(
        "have these of --dead tried again, at once if the bot runs, and end: ids, or `all`",
        "让机器人重试 --dead 里的这些（未运行则等下次运行），然后退出：编号，或 all",
    ),
    "drop": Phrase("forget these of --dead, and end: ids, or `all`", "丢弃 --dead 里的这些，然后退出：编号，或 all"),
    "again": Phrase("to be tried again", "待重试"),
    "then": Phrase(
        "--retry ID has one tried again, --drop ID forgets it; `all` means all.",
        "--retry 编号：重试；--drop 编号：丢弃；all 表示全部。",
    ),
    "revived": Phrase(
        "Tried again now, or when the bot runs next: {ids}.", "现在重试，机器人未运行则等下次运行：{ids}。"
    ),
    "dropped": Phrase("Forgotten: {ids}.", "已丢弃：{ids}。"),
    "no_letter": Phrase("{ids}: not among what --dead shows", "{ids}：不在 --dead 列出的内容里"),
    "no_id": Phrase("{id}: expected an id of --dead, or `all`", "{id}：应为 --dead 里的编号，或 all"),
    "no_url": Phrase("say which server: --url ws://…, or CHATD_URL", "请指明服务器：--url ws://…，或设置 CHATD_URL"),
    "bad_url": Phrase(
        "{url} is no address of a server: ws://host or wss://host, with a port if needed",
        "{url} 不是服务器地址：应为 ws://主机 或 wss://主机，需要时加端口",
    ),
    "no_token": Phrase(
        "say which token: --token-file FILE, CHATD_TOKEN_FILE or CHATD_TOKEN",
        "请给出令牌：--token-file 文件、CHATD_TOKEN_FILE 或 CHATD_TOKEN",
    ),
    "empty": Phrase(
        "{path} is empty: `chatd bot create NAME > {path}` beside a running server puts a token there",
        "{path} 是空的：服务器运行时用 `chatd bot create 名字 > {path}` 写入令牌",
    ),
    "refused": Phrase(
        "{name} cannot go on: the server does not take this token; `chatd bot token NAME` makes another ({why})",
        "{name} 无法继续：服务器不认这个令牌，用 `chatd bot token 名字` 换一个（{why}）",
    ),
    "revoked": Phrase(
        "{name} cannot go on: this token was revoked; `chatd bot token NAME` makes another ({why})",
        "{name} 无法继续：这个令牌已被吊销，用 `chatd bot token 名字` 换一个（{why}）",
    ),
    "disabled": Phrase(
        "{name} cannot go on: the operator has disabled it; `chatd bot enable NAME` lets it in again ({why})",
        "{name} 无法继续：运营者已停用这个机器人，用 `chatd bot enable 名字` 重新启用（{why}）",
    ),
    "replaced": Phrase(
        "{name} cannot go on: another program came as the same device; give one another name with `--device` ({why})",
        "{name} 无法继续：另一个程序以同一设备连了进来，用 `--device` 给其中一个另取设备名（{why}）",
    ),
    "closed": Phrase(
        "{name} cannot go on: the server has ended the session for good ({why})",
        "{name} 无法继续：服务器结束了会话，不让再连（{why}）",
    ),
    "no_dead": Phrase("Nothing was given up.", "没有放弃处理的内容。"),
    "connecting": Phrase(
        "{name} connects to {url}; what it remembers is in {state}", "{name} 正在连接 {url}；记忆存放在 {state}"
    ),
    "running": Phrase("{name} is running, as {who}", "{name} 已启动，身份是 {who}"),
    "person": Phrase(
        "{name}: this is the token of a person, {who}, in whose name it answers; `chatd bot create NAME` makes a bot",
        "{name}：这个令牌属于个人 {who}，现在会以此人的名义回答；用 `chatd bot create 名字` 创建机器人",
    ),
    "counted": Phrase(
        "{name} read {entries} entries, {taken} were taken by a handler; jobs: {jobs}, failures: {failed}, "
        "given up: {dead}",
        "{name} 读了 {entries} 条记录，处理函数接了 {taken} 条；任务 {jobs} 次，出错 {failed} 次，放弃 {dead} 项",
    ),
    "held": Phrase(
        "{name} cannot go on: another process is using {state}: is this bot running already? "
        "If it is for another bot, `--state FILE` names another file",
        "{name} 无法继续：另一个进程正在使用 {state}：这个机器人是不是已经在运行？"
        "如果是给另一个机器人用，用 `--state 文件` 换一个",
    ),
    "others": Phrase(
        "{name} cannot go on: {state} is the memory of another bot, or of this one at another server; "
        "`--state FILE` names another file",
        "{name} 无法继续：{state} 是另一个机器人的记忆，或者它在另一台服务器上的记忆；用 `--state 文件` 换一个",
    ),
    "stopped": Phrase("{name} has stopped", "{name} 已停止"),
    "ended": Phrase("{name} cannot go on: {why}", "{name} 无法继续：{why}"),
}


def main(bot: Bot, args: Sequence[str] | None = None, environment: Mapping[str, str] | None = None) -> int:
    """Run a bot until it is stopped. Returns the exit code."""
    env = os.environ if environment is None else environment
    options = _options(bot, env).parse_args(args)
    logging.basicConfig(level=options.log.upper(), format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    state = Path(options.state or f"{bot.name}.bot.db")
    try:
        if options.dead or options.retry or options.drop:
            return _tend_dead(state, options, env)
        token = _token_of(options.token_file, env)
        if not options.url or token is None:
            _say("no_url" if not options.url else "no_token", env)
            return 2
        if not re.match(r"wss?://[^/]", options.url):
            _say("bad_url", env, url=options.url)
            return 2
        return asyncio.run(_run(bot, options.url, token, options.device, state, env))
    except StoreHeld:
        _say("held", env, name=bot.name, state=state)
        return 2
    except NotAMemory as error:
        _say("ended", env, name=bot.name, why=error.told(language_from(env)))
        return 2
    except (ValueError, OSError) as error:
        why = said_of(error, language_from(env)) if isinstance(error, OSError) else error
        _say("ended", env, name=bot.name, why=why)
        return 2


def _options(bot: Bot, env: Mapping[str, str]) -> argparse.ArgumentParser:
    lang = language_from(env)
    words = {name: phrase.in_(lang).replace("%", "%%") for name, phrase in WORDS.items()}
    parser = Parser(lang, DESCRIPTION.in_(lang, name=bot.name))
    parser.add_argument("--url", default=env.get("CHATD_URL"), help=words["url"])
    parser.add_argument("--token-file", default=env.get("CHATD_TOKEN_FILE"), metavar="FILE", help=words["token_file"])
    parser.add_argument("--state", default=env.get("CHATD_BOT_STATE"), metavar="FILE", help=words["state"])
    parser.add_argument("--device", default=env.get("CHATD_BOT_DEVICE", "bot"), help=words["device"])
    levels = ("debug", "info", "warning", "error")
    parser.add_argument("--log", default=env.get("CHATD_BOT_LOG", "info"), choices=levels, help=words["log"])
    dead = parser.add_mutually_exclusive_group()
    dead.add_argument("--dead", action="store_true", help=words["dead"])
    dead.add_argument("--retry", nargs="+", metavar="ID", help=words["retry"])
    dead.add_argument("--drop", nargs="+", metavar="ID", help=words["drop"])
    return parser


def _token_of(path: str | None, env: Mapping[str, str]) -> Token | None:
    """A token that is read anew for every connection: whoever renews the file need not stop the bot."""
    if not path:
        return env.get("CHATD_TOKEN") or None
    file = Path(path)
    if not file.read_text(encoding="utf-8").strip():  # told now, like one that cannot be read, and not by the server
        raise ValueError(WORDS["empty"].in_(language_from(env), path=path))

    async def read() -> str:
        return (await asyncio.to_thread(file.read_text, encoding="utf-8")).strip()

    return read


async def _run(bot: Bot, url: str, token: Token, device: str, state: Path, env: Mapping[str, str]) -> int:
    store = Store(state)
    client = Client(url, token=token, device=device, cursors=StoredCursors(store), program=f"bot {bot.name}")
    loop, running = asyncio.get_running_loop(), asyncio.ensure_future(bot.run(client, store))

    def stop() -> None:
        if bot.runner is None or bot.runner.stopping:
            running.cancel()
        bot.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    _log.info(WORDS["connecting"].in_(language_from(env), name=bot.name, url=url, state=state))
    telling = asyncio.create_task(_tell_when_it_hears(bot, client, env))
    try:
        await running
    except asyncio.CancelledError:
        pass
    except ClientClosed as why:
        told = TOLD_OF_END.get(why.code)
        what = CLOSES[why.code].name if told is not None else f"{why.code} {why.reason}".rstrip()
        _say(told or "closed", env, name=bot.name, why=what)
        return 1
    except WrongBot:
        _say("others", env, name=bot.name, state=state)
        return 1
    except Exception as error:  # noqa: BLE001  the last one who can say so
        _say("ended", env, name=bot.name, why=place_of(error))
        return 1
    finally:
        telling.cancel()
        await client.close()
        await asyncio.to_thread(store.close)
    _log.info(WORDS["counted"].in_(language_from(env), name=bot.name, **bot.counters.as_dict()))
    _log.info(WORDS["stopped"].in_(language_from(env), name=bot.name))
    return 0


async def _tell_when_it_hears(bot: Bot, client: Client, env: Mapping[str, str]) -> None:
    """Say that it runs once it has a session and hears its groups, and not before."""
    await bot.running.wait()
    if bot.runner is not None:
        await bot.runner.ready.wait()
        hello = client.hello
        who = "" if hello is None else f"{hello.name} ({hello.user})" if hello.name else hello.user
        if hello is not None and hello.bot is None:
            _log.warning(WORDS["person"].in_(language_from(env), name=bot.name, who=who))
        _log.info(WORDS["running"].in_(language_from(env), name=bot.name, who=who))


def _tend_dead(state: Path, options: argparse.Namespace, env: Mapping[str, str]) -> int:
    """Show dead letters, have some tried again, or forget them: all that are named, or, if one is not there, none."""
    if not state.exists():
        raise FileNotFoundError(2, os.strerror(2), str(state))
    store = Store(state, beside=True)
    try:
        letters, chosen = store.dead(), list[int]()
        if not options.dead:
            try:
                chosen = _chosen(options.retry or options.drop, letters, env)
            except ValueError as error:
                sys.stderr.write(f"{error}\n")
                return 2
            if options.retry:
                store.revive(chosen)
            else:
                store.drop_dead(chosen)
    finally:
        store.close()
    if not letters:
        sys.stdout.write(WORDS["no_dead"].in_(language_from(env)) + "\n")
    elif options.dead:
        _show_dead(letters, env)
    else:
        told = WORDS["revived" if options.retry else "dropped"]
        sys.stdout.write(told.in_(language_from(env), ids=_joined(chosen)) + "\n")
    return 0


def _chosen(named: Sequence[str], letters: Sequence[DeadLetter], env: Mapping[str, str]) -> list[int]:
    """Those that are named, the oldest first. Raises `ValueError` in words."""
    there = sorted(one.id for one in letters)
    if list(named) == ["all"]:
        return there
    for one in named:
        if not (one.isascii() and one.isdecimal()):
            raise ValueError(WORDS["no_id"].in_(language_from(env), id=one))
    chosen = {int(one) for one in named}
    if absent := chosen - set(there):
        raise ValueError(WORDS["no_letter"].in_(language_from(env), ids=_joined(sorted(absent))))
    return sorted(chosen)


def _show_dead(letters: Sequence[DeadLetter], env: Mapping[str, str]) -> None:
    """A line for each, the newest first; what may be done with them, for people, beside it."""
    lang = language_from(env)
    for one in letters:
        at = datetime.fromtimestamp(one.at / 1000, UTC).isoformat(timespec="seconds")
        again = "\t" + WORDS["again"].in_(lang) if one.again else ""
        error = "".join(char if char.isprintable() else " " for char in one.error)
        sys.stdout.write(f"{one.id}\t{at}\t{one.unit}\t{one.handler}\t{one.attempts}\t{error}{again}\n")
    _say("then", env)


def _joined(ids: Sequence[int]) -> str:
    return ", ".join(map(str, ids))


def _say(what: str, env: Mapping[str, str], **blanks: object) -> None:
    sys.stderr.write(WORDS[what].in_(language_from(env), **blanks) + "\n")
