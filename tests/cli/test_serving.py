"""What people at a terminal see of `chatd serve`: where it is, how to come in, a log in words. Machines see JSON."""

from __future__ import annotations

import ast
import json
import logging
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from prompt_toolkit.utils import get_cwidth

from chatd.cli import language, logs
from chatd.cli.texts.serving import EVENTS, TEXTS
from chatd.cli.welcome import CALLED, reachable, welcome
from chatd.config import Config
from chatd.config.sections import Accounts, Auth, Log
from tests.cli.program import PATIENCE_S, Program

ROOT = Path(__file__).parents[2]
URL = "ws://127.0.0.1:8080/ws"
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d "


class Terminal:
    """`chatd serve` with a terminal for its standard error."""

    def __init__(self, program: Program, *arguments: str, **env: str) -> None:
        self._ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "chatd", "serve", "--port", "0", *arguments]
        self.process = subprocess.Popen(
            command, cwd=program.folder, env=program.env | env, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        self.shown = ""

    def shows(self, text: str) -> str:
        """Wait until this was shown; all there was up to then."""
        while text not in self.shown:
            ready, _, _ = select.select([self._ours], [], [], PATIENCE_S)
            assert ready, self.shown
            self.shown += os.read(self._ours, 65_536).decode().replace("\r\n", "\n")
        return self.shown

    def end(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE_S)
        os.close(self._ours)
        return status


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_terminal_is_told_where_it_is_and_how_to_come_in_and_the_lines_work(
    program: Program, lang: language.Lang
) -> None:
    env = {"LC_ALL": "zh_CN.UTF-8" if lang == "zh" else "C.UTF-8"}
    seen = Terminal(program, **env)
    try:
        shown = seen.shows("--help")
        assert TEXTS["come_in"][lang == "zh"] in shown
        assert not [line for line in shown.splitlines() if line.startswith("{") or "event" in line]
        assert re.search(r"http://127\.0\.0\.1:\d+/\n", shown)
        lines = shown[shown.index("umask 077") :].split("\n\n")[0].replace(" \\\n", "")
        script = "set -e\n" + lines.strip().replace(" chat ", " chat --lang en ")
        came = subprocess.run(
            ["sh", "-c", script], cwd=program.folder, env=program.env, input="/who\n", capture_output=True, text=True,
            timeout=PATIENCE_S, check=False,
        )  # fmt: skip
        assert came.returncode == 0, came.stderr
        assert f"connected as {CALLED[lang]}" in came.stdout + came.stderr
        seen.process.send_signal(signal.SIGINT)
        seen.shows(TEXTS["stopped"][lang == "zh"].format(store=program.database))
        seen.process.wait(PATIENCE_S)
        assert not re.search(f"{TIME}(stopped|已停止)", seen.shown)
    finally:
        assert seen.end() == 0


@pytest.mark.parametrize(("flag", "env"), [(["--log-format", "json"], {}), ([], {"CHATD_LOG__FORMAT": "json"})])
def test_a_terminal_gets_json_where_that_is_asked_for(program: Program, flag: list[str], env: dict[str, str]) -> None:
    seen = Terminal(program, *flag, **env)
    try:
        shown = seen.shows('"event": "serving"')
        assert [json.loads(line)["level"] for line in shown.splitlines() if line.endswith("}")]
        assert not [text for text in TEXTS.values() if text[0] in shown]
    finally:
        assert seen.end() == 0


def test_elsewhere_the_log_is_json_and_nobody_is_greeted(program: Program) -> None:
    with program.serving() as served:
        assert [json.loads(line)["event"] for line in served.log] == ["secret made", "store made", "serving"]
        assert served.stop() == 0
        last = json.loads(served.log[-1])
        assert (last["event"], last["store"]) == ("stopped", str(program.database))


def test_a_new_secret_beside_an_old_database_is_told_with_its_file(program: Program) -> None:
    secret = program.folder / "chatd.secret"
    with program.serving() as served:
        assert json.loads(served.log[0])["file"] == str(secret)
    secret.unlink()
    with program.serving() as served:
        told = json.loads(served.log[0])
        assert (told["level"], told["file"]) == ("warning", str(secret))
        assert "not accepted" in told["event"]
    with program.serving() as served:
        assert json.loads(served.log[0])["event"] == "serving"


def test_a_second_server_says_at_once_what_it_waits_for_and_takes_over_when_it_can(program: Program) -> None:
    with program.serving() as first:
        command = [sys.executable, "-m", "chatd", "serve", "--port", "0"]
        second = subprocess.Popen(command, cwd=program.folder, env=program.env, stderr=subprocess.PIPE, text=True)
        try:
            assert second.stderr is not None
            told = json.loads(second.stderr.readline())
            assert (told["level"], told["store"]) == ("warning", str(program.database))
            assert "waiting" in told["event"]
            assert first.process.poll() is None
            assert first.stop() == 0
            assert json.loads(second.stderr.readline())["event"] == "serving"
        finally:
            second.terminate()
            second.communicate(timeout=PATIENCE_S)


def test_lines_for_people_can_be_asked_for_in_a_file_too(program: Program) -> None:
    done = program.run("serve", "--port", "0", "--log-format", "loud")
    assert (done.returncode, "--log-format" in done.stderr) == (2, True)
    with (program.folder / "log").open("w+") as file:
        command = [sys.executable, "-m", "chatd", "serve", "--port", "0", "--log-format", "console"]
        process = subprocess.Popen(command, cwd=program.folder, env=program.env, stderr=file)
        try:
            stats = program.run("stats", "--json")
            while stats.returncode and process.poll() is None:
                stats = program.run("stats", "--json")  # each takes a while by itself
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0
        file.seek(0)
        lines = file.read().splitlines()
    assert [re.sub(TIME, "", line).split("  ")[0] for line in lines] == [
        "secret made",
        "store made",
        "serving",
        "stopped",
    ]


# --- the lines of the log


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    """What a log for people shows in a language, of what a function logs."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level

    def run(lang: str, log: Any) -> str:
        monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8" if lang == "zh" else "C.UTF-8")
        structlog.reset_defaults()
        logs.set_up_logs(Log(format="console"))
        log()
        return re.sub(TIME, "", capsys.readouterr().err)

    yield run
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_line_for_people_says_how_bad_what_and_the_rest(logged: Any) -> None:
    def tell() -> None:
        structlog.get_logger("chatd").warning("a code was not delivered", why="no hook")

    assert logged("en", tell) == "warning: a code was not delivered  why=no hook\n"
    assert logged("zh", tell) == "警告：一个验证码没有送达  原因=no hook\n"


def test_what_the_standard_library_logs_is_told_in_chinese_too_with_its_values(logged: Any) -> None:
    def tell() -> None:
        logging.getLogger("chatd.store").warning("the writer ended with status %s; starting another", -9)
        logging.getLogger("elsewhere").error("50 % of nothing")

    assert logged("en", tell) == "warning: the writer ended with status -9; starting another\nerror: 50 % of nothing\n"
    assert logged("zh", tell) == "警告：写进程退出（状态 -9），正在重新启动\n错误：50 % of nothing\n"


def test_everything_that_the_server_logs_has_its_chinese() -> None:
    """Looked up in the code: what is logged in the process of the hub."""
    said = set()
    for path in (ROOT / "chatd").rglob("*.py"):
        if path.parent.name in {"demo", "cli"} or path.name in {"writer.py", "engine.py"}:
            continue  # the crew of the demo, and the writer, have logs of their own
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=value, attr="info" | "warning" | "error" | "exception"), args=[first, *_]
                ) if re.search(r"(^|[._])log(ger)?$", ast.unparse(value)):
                    said |= {one.value for one in ast.walk(first) if isinstance(one, ast.Constant)}
    texts = {text for text in said if isinstance(text, str)}
    assert len(texts) > 15
    assert texts - EVENTS.keys() == set()
    for english, chinese in EVENTS.items():
        assert english.count("%s") == chinese.count("%s"), english
    assert EVENTS.keys() - texts == set()


# --- the welcome


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_fits_a_small_terminal(lang: language.Lang, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv" / "bin" / "python"))
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "chatd").touch()
    monkeypatch.chdir(tmp_path)
    for url in (URL, "ws://127.0.0.1:65535/ws"):
        shown = welcome(Config(), url, "chatd.db", lang, Path("chatd.toml")).splitlines()
        assert max(map(get_cwidth, shown)) < 80
        assert len(shown) <= 24
        assert [line for line in shown if line.startswith(".venv/bin/chatd chat ")]
        assert any("--config chatd.toml" in line for line in shown)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (Config(auth=Auth(jwt_algorithm="ES256", jwt_public_key_file="key.pem")), "ES256"),
        (Config(accounts=Accounts(signup="invite")), 'signup = "invite"'),
    ],
)
def test_where_nobody_can_sign_a_token_it_says_how_people_come_in_instead(config: Config, told: str) -> None:
    for lang in ("en", "zh"):
        shown = welcome(config, URL, "chatd.db", lang)
        assert told in shown
        assert "ann.token" not in shown


@pytest.mark.parametrize(("lang", "readme"), [("en", "README.md"), ("zh", "README.zh-CN.md")])
def test_it_lets_in_whom_the_readme_lets_in(lang: language.Lang, readme: str) -> None:
    def called(text: str) -> list[str]:
        return [
            words[words.index("--name") + 1] for words in map(shlex.split, _lines_with(text, " token ann ", "--name"))
        ]

    told = called(welcome(Config(), URL, "chatd.db", lang))
    assert len(told) == 1
    assert told == called((Path(__file__).parents[2] / readme).read_text(encoding="utf-8"))


def _lines_with(text: str, *parts: str) -> list[str]:
    joined = text.replace(" \\\n", "")
    return [line for line in joined.splitlines() if all(part in line for part in parts)]


def test_an_address_for_everybody_is_shown_as_one_that_can_be_reached() -> None:
    assert reachable("ws://0.0.0.0:8080/ws") == URL
    assert reachable("wss://[::]:443/ws") == "wss://[::1]:443/ws"
    assert reachable("ws://192.0.2.1:80/ws") == "ws://192.0.2.1:80/ws"
