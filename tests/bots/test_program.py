"""A bot as a program of its own: what it is told, how it ends, and what it says when it cannot go on."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from chatd.admin.socket import call
from chatd_client import Client
from chatd_client.bots import Store
from chatd_client.bots.store import DeadLetter, Step
from chatd_protocol.log import Message
from tests.bots.house import bot_token, house, in_loop
from tests.bots.test_examples import EXAMPLES, NAMES

HELLO: Final = EXAMPLES / "hello.py"
PATIENCE_S: Final = 60.0


def environment(**more: str) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("CHATD_", "LC_", "LANG"))}
    return plain | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "LANG": "C.UTF-8"} | more


def run(file: Path, *args: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Until it ends by itself."""
    command = [sys.executable, str(file), *args]
    return subprocess.run(
        command, cwd=cwd, env=environment(**env), capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )


def files() -> list[Path]:
    return [HELLO, *(EXAMPLES / "bots" / f"{name}.py" for name in NAMES)]


@pytest.mark.parametrize("file", files(), ids=lambda file: file.stem)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
@in_loop
async def test_an_example_runs_as_a_program_and_stops_in_order(
    file: Path, number: signal.Signals, sqlite_url: str, tmp_path: Path
) -> None:
    async with house(sqlite_url, tmp_path) as server:
        token_file = tmp_path / "bot.token"
        token_file.write_text(await bot_token(server) + "\n")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(file),
            env=environment(CHATD_URL=server.ws_url, CHATD_TOKEN_FILE=str(token_file)),
            cwd=tmp_path,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stderr is not None
        lines = []
        async for line in process.stderr:
            lines.append(line.decode())
            if "is running" in lines[-1]:
                break
        process.send_signal(number)
        rest = await process.stderr.read()
        assert await process.wait() == 0, rest
        assert f"{file.stem} has stopped" in rest.decode()
        assert re.search(r" read \d+ entries, \d+ were taken by a handler; jobs: \d+, failures: 0,", rest.decode())
    assert (tmp_path / f"{file.stem}.bot.db").exists()
    assert "chatdbot_" not in "".join(lines) + rest.decode(), "a log tells no token"


@in_loop
async def test_the_shortest_bot_answers(sqlite_url: str, tmp_path: Path) -> None:
    async with house(sqlite_url, tmp_path) as server:
        token = await bot_token(server)
        probe = Client(server.ws_url, token=token, device="probe")
        user = (await probe.connect()).user
        await probe.close()
        async with Client(server.ws_url, token=server.token("ann"), device="d") as ann:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                str(HELLO),
                "--url",
                server.ws_url,
                "--log",
                "warning",
                env=environment(CHATD_TOKEN=token),
                cwd=tmp_path,
            )
            chat = (await ann.create_direct(user)).group
            heard = asyncio.create_task(_first_answer(ann, chat))
            # Said until it is answered: a bot that comes for the first time begins with what is said from then on.
            while not heard.done():
                await ann.send(chat, "/你好 小波")
                await asyncio.wait({heard}, timeout=0.5)
            assert await heard == "你好，小波！"
            process.terminate()
            assert await process.wait() == 0


async def _first_answer(client: Client, group: str) -> str:
    async for event in client.events():
        for entry in getattr(event, "entries", ()):
            if isinstance(entry, Message) and entry.bot and entry.body and event.group == group:  # type: ignore[union-attr]
                return str(entry.body.text)
    raise AssertionError


@pytest.mark.parametrize(
    ("url", "state", "english", "chinese"),
    [
        ("http://h", "b.db", "http://h is no address of a server", "http://h 不是服务器地址"),
        ("127.0.0.1:8080", "b.db", "127.0.0.1:8080 is no address", "127.0.0.1:8080 不是服务器地址"),
        ("ws://h", "junk.db", "junk.db does not hold a bot's memory", "junk.db 里不是机器人的记忆"),
        ("ws://h", "none/b.db", "there is no folder none/", "没有 none/ 这个文件夹"),
        ("ws://h", ".", ". is a folder, not a file", ". 是文件夹，不是文件"),
    ],
)
def test_an_address_or_a_file_that_cannot_be_used_is_told_in_both_languages(
    url: str, state: str, english: str, chinese: str, tmp_path: Path
) -> None:
    (tmp_path / "junk.db").write_text("no database")
    for lang, told in {"C.UTF-8": english, "zh_CN.UTF-8": chinese}.items():
        done = run(HELLO, "--url", url, "--state", state, cwd=tmp_path, LANG=lang, CHATD_TOKEN="t")
        assert (done.returncode, told in done.stderr) == (2, True), done.stderr


@in_loop
async def test_a_memory_that_is_not_its_own_is_named_with_what_to_do(sqlite_url: str, tmp_path: Path) -> None:
    store = Store(tmp_path / "hello.bot.db")
    args = ("--token-file", "b.token")
    async with house(sqlite_url, tmp_path) as server:
        (tmp_path / "b.token").write_text(await bot_token(server))
        english = await asyncio.to_thread(run, HELLO, *args, "--url", server.ws_url, cwd=tmp_path)
        chinese = await asyncio.to_thread(run, HELLO, *args, "--url", server.ws_url, cwd=tmp_path, LANG="zh_CN.UTF-8")
        assert (english.returncode, chinese.returncode) == (2, 2)
        assert "another process is using hello.bot.db: is this bot running already?" in english.stderr
        assert "另一个进程正在使用 hello.bot.db：这个机器人是不是已经在运行？" in chinese.stderr
        store.set_fact("user", "uNobodyHere")
        store.close()
        english = await asyncio.to_thread(run, HELLO, *args, "--url", server.ws_url, cwd=tmp_path)
        chinese = await asyncio.to_thread(run, HELLO, *args, "--url", server.ws_url, cwd=tmp_path, LANG="zh_CN.UTF-8")
        assert (english.returncode, chinese.returncode) == (1, 1)
        assert "hello.bot.db is the memory of another bot" in english.stderr
        assert "hello.bot.db 是另一个机器人的记忆" in chinese.stderr


@in_loop
async def test_whose_name_it_answers_in_is_said_and_a_person_s_is_warned_of(sqlite_url: str, tmp_path: Path) -> None:
    async with house(sqlite_url, tmp_path) as server:
        for token, who, warned in (
            (await bot_token(server, name="herald"), "herald", False),
            (server.token("ann", "Ann"), "Ann", True),
        ):
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *(str(HELLO), "--state", f"{who}.db"),
                env=environment(CHATD_URL=server.ws_url, CHATD_TOKEN=token),
                cwd=tmp_path,
                stderr=asyncio.subprocess.PIPE,
            )
            assert process.stderr is not None
            lines = [""]
            while "is running" not in lines[-1]:
                lines.append((await process.stderr.readline()).decode())
                assert lines[-1], "it ended"
            process.terminate()
            await process.communicate()
            assert f"hello is running, as {who} (u" in lines[-1]
            assert ("this is the token of a person, Ann" in "".join(lines)) is warned


@in_loop
async def test_a_bot_whose_server_is_not_there_can_be_stopped(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(HELLO),
        env=environment(CHATD_URL="ws://127.0.0.1:9", CHATD_TOKEN="t", CHATD_BOT_LOG="debug"),
        cwd=tmp_path,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None

    async def line_with(said: str) -> str:
        async with asyncio.timeout(PATIENCE_S):
            while said not in (shown := (await process.stderr.readline()).decode()):  # type: ignore[union-attr]
                assert shown, "it ended"
        return shown

    first = await line_with("connects to")
    assert "connects to ws://127.0.0.1:9; what it remembers is in hello.bot.db" in first
    assert "WARNING no server answers at ws://127.0.0.1:9/ws (" in await line_with("no server answers")
    assert "DEBUG" in await line_with("no server answers"), "once is enough"
    process.terminate()
    assert b"is running" not in await process.stderr.read(), "nobody is told that it runs before it does"
    assert await process.wait() == 0


def test_what_is_missing_is_named_in_the_language_of_the_terminal(tmp_path: Path) -> None:
    for lang, url, token in [("en_GB.UTF-8", "say which server", "say which token"), ("zh_CN.UTF-8", "服务器", "令牌")]:
        none = run(HELLO, cwd=tmp_path, LANG=lang)
        assert (none.returncode, url in none.stderr) == (2, True)
        no_token = run(HELLO, "--url", "ws://127.0.0.1:1", cwd=tmp_path, LANG=lang)
        assert (no_token.returncode, token in no_token.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_used_is_told_and_ends_it(tmp_path: Path) -> None:
    missing = run(HELLO, "--url", "ws://127.0.0.1:1", "--token-file", "no.token", cwd=tmp_path)
    assert (missing.returncode, "no.token" in missing.stderr) == (2, True)
    assert "hello cannot go on: no.token is not there" in missing.stderr
    chinese = run(HELLO, "--dead", cwd=tmp_path, LANG="zh_CN.UTF-8")
    assert chinese.stderr == "hello 无法继续：没有 hello.bot.db 这个文件\n"
    (tmp_path / "empty.token").write_text("\n")
    empty = run(HELLO, "--url", "ws://127.0.0.1:1", "--token-file", "empty.token", cwd=tmp_path)
    assert (empty.returncode, "empty.token is empty: `chatd bot create" in empty.stderr) == (2, True)
    wrong = run(HELLO, "--url", "http://127.0.0.1:1", cwd=tmp_path, CHATD_TOKEN="t")
    assert (wrong.returncode, "ws://host" in wrong.stderr) == (2, True)
    (tmp_path / "other.db").write_bytes(b"something else" * 200)
    other = run(HELLO, "--url", "ws://127.0.0.1:1", "--state", "other.db", cwd=tmp_path, CHATD_TOKEN="t")
    assert (other.returncode, "does not hold a bot's memory" in other.stderr) == (2, True)


def test_help_is_there_in_both_languages(tmp_path: Path) -> None:
    for file in files():
        english = run(file, "--help", cwd=tmp_path)
        chinese = run(file, "--help", cwd=tmp_path, LC_ALL="zh_CN.UTF-8")
        assert "--token-file" in english.stdout
        assert "CHATD_TOKEN_FILE" in english.stdout
        assert "令牌" in chinese.stdout
        assert chinese.stdout.startswith("用法：")
        assert not re.search("usage|options|show this", chinese.stdout)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--teapot"], "不认识的参数：--teapot"),
        (["--log", "loud"], "--log 没有 'loud' 这个值，可选 'debug'"),
        (["--url"], "--url 需要一个值"),
        (["--dead", "--drop", "1"], "--drop 不能和 --dead 一起用"),
        (["--dead=1"], "--dead 不带值，多了 '1'"),
        (["--d"], "--d 不明确，可能是 --device, --dead, --drop"),
    ],
)
def test_options_typed_wrongly_are_told_in_chinese_too(args: list[str], told: str, tmp_path: Path) -> None:
    wrong = run(HELLO, *args, cwd=tmp_path, LANG="zh_CN.UTF-8")
    assert (wrong.returncode, f"hello.py：{told}" in wrong.stderr) == (2, True), wrong.stderr
    assert wrong.stderr.startswith("用法：")


@in_loop
async def test_a_token_that_is_refused_ends_it(sqlite_url: str, tmp_path: Path) -> None:
    async with house(sqlite_url, tmp_path) as server:
        refused = await asyncio.to_thread(
            run, HELLO, "--url", server.ws_url, cwd=tmp_path, CHATD_TOKEN="chatdbot_nobody"
        )
    assert refused.returncode == 1
    assert "hello cannot go on: the server does not take this token; `chatd bot token NAME`" in refused.stderr
    assert "(unauthenticated)" in refused.stderr
    assert "chatdbot_nobody" not in refused.stderr


SHUT_OUT: Final = {
    "revoke": (
        "this token was revoked; `chatd bot token NAME` makes another",
        "这个令牌已被吊销，用 `chatd bot token 名字`",
    ),
    "bot.disable": (
        "the operator has disabled it; `chatd bot enable NAME`",
        "用 `chatd bot enable 名字` 重新启用",
    ),
}


@pytest.mark.parametrize("act", SHUT_OUT)
@in_loop
async def test_one_that_is_shut_out_says_why_and_what_to_do_while_it_runs_and_when_it_comes(
    act: str, sqlite_url: str, tmp_path: Path
) -> None:
    english, chinese = SHUT_OUT[act]
    async with house(sqlite_url, tmp_path) as server:
        token = await bot_token(server, name="out")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(HELLO),
            env=environment(CHATD_URL=server.ws_url, CHATD_TOKEN=token),
            cwd=tmp_path,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stderr is not None
        while b"is running" not in await process.stderr.readline():
            pass
        named: dict[str, Any] = {"sub": "bot:out"} if act == "revoke" else {"bot": "out", "on": True}
        await asyncio.to_thread(call, server.config.admin_socket_path(), act, PATIENCE_S, **named)
        said = (await process.stderr.read()).decode()
        assert (await process.wait(), english in said) == (1, True), said
        again = await asyncio.to_thread(
            run, HELLO, "--url", server.ws_url, cwd=tmp_path, CHATD_TOKEN=token, LANG="zh_CN.UTF-8"
        )
    assert (again.returncode, chinese in again.stderr) == (1, True), again.stderr
    assert "closed with" not in said + again.stderr


def test_dead_letters_can_be_looked_at(tmp_path: Path) -> None:
    nothing = run(HELLO, "--dead", cwd=tmp_path)
    assert (nothing.returncode, "hello.bot.db" in nothing.stderr) == (2, True)
    store = Store(tmp_path / "hello.bot.db")
    store.settle([Step(dead=[DeadLetter("entry g 5", "hello.hello", "ValueError: x", 4)])], 1_767_603_600_000)
    store.close()
    shown = run(HELLO, "--dead", cwd=tmp_path)
    assert shown.returncode == 0
    assert shown.stdout == "1\t2026-01-05T09:00:00+00:00\tentry g 5\thello.hello\t4\tValueError: x\n"


def test_dead_letters_can_be_chosen_to_be_tried_again_or_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "hello.bot.db"
    store = Store(path)
    store.settle([Step(dead=[DeadLetter(f"entry g {n}", "hello.hello", "E", 4) for n in range(5)])], 1)
    store.close()
    for args in (
        ["--retry", "2", "9"],
        ["--drop", "all", "1"],
        ["--drop", "-1"],
        ["--retry"],
        ["--dead", "--drop", "1"],
    ):
        refused = run(HELLO, *args, cwd=tmp_path)
        assert (refused.returncode, refused.stdout) == (2, ""), args
        assert refused.stderr
    unknown = run(HELLO, "--retry", "2", "9", cwd=tmp_path, LANG="zh_CN.UTF-8")
    assert unknown.stderr == "9：不在 --dead 列出的内容里\n"
    assert run(HELLO, "--retry", "5", "2", cwd=tmp_path).stdout == "Tried again now, or when the bot runs next: 2, 5.\n"
    assert run(HELLO, "--drop", "3", cwd=tmp_path, LANG="zh_CN.UTF-8").stdout == "已丢弃：3。\n"
    shown = run(HELLO, "--dead", cwd=tmp_path)
    ends = [(line.split("\t")[0], line.split("\t")[6:]) for line in shown.stdout.splitlines()]
    again = ["to be tried again"]
    assert ends == [("5", again), ("4", []), ("2", again), ("1", [])]
    assert run(HELLO, "--drop", "all", cwd=tmp_path).returncode == 0
    assert run(HELLO, "--dead", cwd=tmp_path).stdout == "Nothing was given up.\n"
