"""The help of every command: there, in both languages, with examples that can be typed, no wider than a terminal.

Whoever adds a command and forgets one of these finds its name and what is missing in the failure.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer
import uvloop
from typer.main import get_command

from chatd.cli import app, main
from chatd.cli.help import EXIT_STATUSES, PANELS, explain
from chatd.cli.language import both, cells, wrap
from tests.cli.program import Program
from tests.e2e.phone import Phone

CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")
NO_JSON: Final = {
    "serve": "it logs JSON as it is",
    "chat": "a conversation; programs use the SDK",
    "completion": "what it prints is for a shell",
}
"""Commands that have no `--json`, each with its reason."""

ROOT: Final[Any] = get_command(app)


def commands_of(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every command by what is typed for it, groups of commands among them."""
    for name, command in group.commands.items():
        yield prefix + name, command
        if hasattr(command, "commands"):
            yield from commands_of(command, f"{prefix}{name} ")


COMMANDS: Final = dict(commands_of(ROOT))
LEAVES: Final = {name: command for name, command in COMMANDS.items() if not hasattr(command, "commands")}


def page_of(typed: str, monkeypatch: pytest.MonkeyPatch, lang: str) -> str:
    """What `chatd … --help` shows in a language."""
    monkeypatch.setenv("LC_ALL", lang)
    monkeypatch.setenv("COLUMNS", "80")
    command, context = ROOT, ROOT.make_context("chatd", ["--help"], resilient_parsing=True)
    for word in typed.split():
        command = command.commands[word]
        context = command.make_context(word, [], parent=context, resilient_parsing=True)
    return str(command.get_help(context))


def missing_from(name: str, command: Any) -> Iterator[str]:
    """What the help of a command lacks."""
    parts = explain(command.help)
    if not re.search(r"[A-Za-z]{2,} [a-z]{1,}", parts.english):
        yield f"{name}: its docstring says nothing in English"
    if not CHINESE.search(parts.chinese):
        yield f"{name}: its docstring says nothing in Chinese behind the English"
    if CHINESE.search(re.sub(r"\(.*?\)", "", parts.english)):
        yield f"{name}: Chinese stands among the English; end the English sentence with a full stop"
    for parameter in command.params:
        english, chinese = both(getattr(parameter, "help", None) or "")
        if parameter.name not in {"help", "install_completion", "show_completion"} and not (english and chinese):
            yield f"{name} {parameter.name}: its help is not there in both languages: {parameter.help!r}"
    if name in LEAVES:
        if not parts.examples:
            yield f"{name}: its docstring has no example, a line that begins with '$ chatd {name}'"
        if not any(f"chatd {name}" in example for example in parts.examples):
            yield f"{name}: none of its examples shows the command itself"
        if ("as_json" not in {parameter.name for parameter in command.params}) is not (name in NO_JSON):
            yield f"{name}: takes --json, or stands in NO_JSON with the reason why not"


def test_every_command_is_explained_in_english_and_chinese_with_an_example_and_json() -> None:
    problems = [
        problem for name, command in [("chatd", ROOT), *COMMANDS.items()] for problem in missing_from(name, command)
    ]
    assert problems == []


def test_every_command_has_a_place_in_the_panels() -> None:
    placed = [name for names in PANELS.values() for name in names]
    assert len(placed) == len(set(placed))
    assert [name for name in ROOT.commands if name not in placed] == []


def calls_in(example: str) -> Iterator[list[str]]:
    """The calls of chatd in a line for a shell, as lists of arguments."""
    lexer = shlex.shlex(example, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    call: list[str] = []
    for word in [*lexer, "|"]:
        if set(word) <= set("|&;<>()"):
            if call[:1] == ["chatd"]:
                yield call[1:]
            call = ["skipped"] if set(word) <= set("<>") else []
        else:
            call.append(word)


def parse(arguments: list[str]) -> None:
    """Take a call apart the way the program does. Raises what the program says of a wrong one."""
    command, context = ROOT, ROOT.make_context("chatd", list(arguments))
    while hasattr(command, "commands"):
        name, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        context = command.make_context(name, rest, parent=context)


@pytest.mark.parametrize("name", LEAVES)
def test_every_example_can_be_typed(name: str) -> None:
    for example in explain(LEAVES[name].help).examples:
        calls = list(calls_in(example))
        assert calls, f"{example}: calls no chatd"
        for call in calls:
            try:
                parse(call)
            except typer.TyperException as wrong:
                pytest.fail(f"{example}: {wrong.format_message()}")


def test_a_wrong_example_would_be_noticed() -> None:
    for wrong in (["dance"], ["token"], ["token", "ann", "--tll", "5"], ["user", "list", "--limit", "0"]):
        with pytest.raises(typer.TyperException):
            parse(wrong)
    assert list(calls_in("echo x | chatd chat --lang zh > out; chatd token ann")) == [
        ["chat", "--lang", "zh"],
        ["token", "ann"],
    ]


@pytest.mark.parametrize("lang", ["C.UTF-8", "zh_CN.UTF-8"])
def test_no_page_is_wider_than_eighty_cells_or_mixes_languages(lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ["", *COMMANDS]:
        page = page_of(name, monkeypatch, lang)
        assert [line for line in page.splitlines() if cells(line) > 80] == [], name
        told = [line for line in page.splitlines() if not line.startswith(("  chatd ", "中文帮助"))]
        if lang == "C.UTF-8":
            assert [line for line in told if CHINESE.search(re.sub(r"\(.*?\)", "", line))] == [], name
        else:
            assert CHINESE.search(page), name


def test_help_names_every_command_every_option_and_the_exit_statuses(monkeypatch: pytest.MonkeyPatch) -> None:
    for lang in ("C", "zh_TW.UTF-8"):
        page = page_of("", monkeypatch, lang)
        assert [name for name in ROOT.commands if not re.search(rf"^  {name} ", page, re.MULTILINE)] == []
        assert [status for status in EXIT_STATUSES if not re.search(rf"^  {status} ", page, re.MULTILINE)] == []
        for name, command in COMMANDS.items():
            page = page_of(name, monkeypatch, lang)
            named = [one.metavar or one.opts[-1].strip("-") for one in command.params]
            assert [one for one in named if one.upper() not in page.upper()] == [], name


def test_help_comes_in_the_language_of_the_environment(tmp_path: Path) -> None:
    program = Program(tmp_path)
    english, chinese = (program.run("token", "--help", LC_ALL=lang) for lang in ("C.UTF-8", "zh_CN.UTF-8"))
    assert (english.returncode, chinese.returncode) == (0, 0)
    assert "Usage: chatd token" in english.stdout
    assert "用法： chatd token" in chinese.stdout
    assert "必填" in chinese.stdout
    assert program.run("token", "-h").stdout == english.stdout


def test_the_version_names_what_a_bug_report_needs(tmp_path: Path) -> None:
    shown = Program(tmp_path).run("--version")
    assert shown.returncode == 0
    assert re.fullmatch(r"chatd \S+ \(protocol chatd\.v1, Python 3\.\d+\.\d+\)\n", shown.stdout)


@pytest.mark.parametrize(
    ("typed", "says", "sagt"),
    [
        ("dance", "No such command 'dance'.", "没有命令 'dance'"),
        ("usr list", "Did you mean 'user'", "是不是 'user'？"),
        ("token", "Missing argument 'sub'.", "缺少 'sub'"),
        ("token ann --tttl 5", "No such option: --tttl", "没有选项 --tttl"),
        ("token ann --ttl 0", "greater than or equal to 1", "'--ttl' 的值应不小于 1"),
        ("token ann --ttl soon", "a valid integer", "'--ttl' 的值应为整数"),
        ("token ann ben", "(ben)", "多余的参数：ben"),
        ("token ann --ttl", "Option '--ttl' requires an argument.", "选项 '--ttl' 需要一个值"),
        ("completion csh", "'csh' is not one of", "没有 'csh' 这个值"),
        ("completion", "Choose from:", "缺少 'shell'，可选 bash, zsh, fish"),
        ("migrate --json=3", "does not take a value", "选项 '--json' 不带值"),
    ],
)
def test_a_call_typed_wrongly_is_explained_in_either_language_and_to_programs(
    typed: str, says: str, sagt: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def end(lang: str, *arguments: str) -> str:
        monkeypatch.setenv("LC_ALL", lang)
        monkeypatch.setattr("sys.argv", ["chatd", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 2
        out, err = capsys.readouterr()
        assert out == ""
        return err

    assert says in end("C", *typed.split())
    assert sagt in end("zh_CN.UTF-8", *typed.split())
    told = json.loads(end("C", *typed.split(), "--json"))
    assert told["error"] == "usage"
    assert told["message"]


SHELLS: Final = {
    "bash": "source <(chatd completion bash); COMP_WORDS=({words}); COMP_CWORD={at}; _chatd_completion chatd; "
    'printf "%s\\n" "${{COMPREPLY[@]}}"',
    "zsh": '_TYPER_COMPLETE_ARGS="{line}" _CHATD_COMPLETE=complete_zsh chatd',
    "fish": '_TYPER_COMPLETE_FISH_ACTION=get-args _TYPER_COMPLETE_ARGS="{line}" _CHATD_COMPLETE=complete_fish chatd',
}
"""A Tab in bash itself; for the others what their scripts call, for they are rarely installed."""


@pytest.mark.parametrize("shell", SHELLS)
def test_a_tab_completes_commands_options_and_ids_of_the_running_server(shell: str, tmp_path: Path) -> None:
    program = Program(tmp_path)
    (tmp_path / "chatd").write_text(f'#!/bin/sh\nexec {sys.executable} -m chatd "$@"\n')
    (tmp_path / "chatd").chmod(0o755)
    script = program.run("completion", shell)
    assert (script.returncode, "_CHATD_COMPLETE" in script.stdout) == (0, True)

    def tab(line: str) -> str:
        words = line.split(" ")
        call = SHELLS[shell].format(words=" ".join(words), at=len(words) - 1, line=line)
        env = program.env | {"PATH": f"{tmp_path}:{program.env['PATH']}"}
        run = ["bash", "-c", call]
        ended = subprocess.run(run, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)
        assert ended.stderr == ""
        return ended.stdout

    assert "token" in tab("chatd tok")
    assert "--ttl" in tab("chatd token ann --t")
    assert tab("chatd group show g").strip() in {"", "_files"}, "without a server there is nothing to offer"
    with program.serving() as served:
        token = program.run("token", "ann").stdout.strip()
        group = uvloop.run(_make_group(served.url, token))
        assert group in tab(f"chatd group show {group[:3]}")
        for line in ("chatd user show a", "chatd audit --user a", "chatd audit --by a"):
            assert "ann" in tab(line)


async def _make_group(url: str, token: str) -> str:
    phone = await Phone.dial(url)
    await phone.say_hello(token)
    group = str((await phone.do("group.create", kind="private", title="Tea 茶"))["group"])
    await phone.cut_off()
    return group


def test_nothing_slow_is_imported_for_help(tmp_path: Path) -> None:
    slow = "aiosqlite argon2 asyncio chatd.config chatd_client cryptography jwt litestar msgspec prompt_toolkit psycopg"
    slow += " pydantic rich sqlalchemy sqlite3 structlog textual uvicorn websockets"
    code = f"import sys, chatd.cli\nprint(*[name for name in {slow.split()!r} if name in sys.modules])"
    env = Program(tmp_path).env
    call = [sys.executable, "-c", code]
    ended = subprocess.run(call, env=env, capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout.split() == [], "import it where it is used"


@pytest.mark.parametrize("width", range(6, 40))
def test_signs_stand_with_what_they_belong_to_and_no_line_is_too_wide(width: int) -> None:
    text = "完好（快速检查）。没有台账（尚未指定），此后抹除的人会回来；a few words of it。"
    lines = wrap(text, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(cells(line) <= width for line in lines)
    assert not [line for line in lines if line[0] in "，。；）" or line[-1] == "（"]
