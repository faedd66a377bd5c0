"""The commands, walked as Typer has them: what each does, its arguments and options, and its examples.

Their help is in both languages already, so nothing has to be said of them anywhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from typer.main import get_command

from chatd.cli import app
from chatd.cli.help import EXIT_STATUSES, PANELS, choose_title, explain
from chatd.cli.language import Lang, choose
from docs.reference import Words, said_by, table
from docs.reference.fields import FIELDS

EVERYWHERE: Final = {"--json", "--config", "--lang", "--help"}
"""Options that are explained once, at the top."""


def lines(words: Words) -> Iterator[str]:
    lang: Lang = "zh" if words.language == "zh" else "en"
    yield words.pick("# Commands", "# 命令")
    yield ""
    yield said_by(words, "chatd/cli")
    yield ""
    yield words.pick(
        "`chatd COMMAND --help` says the same. Commands for operators take `--json` (output for programs) and"
        " `--config FILE` (the settings; without it `./chatd.toml`, if there is one); all take `--lang en` or `--lang zh`. Where nothing else is said they go"
        " through the running server, by a socket that only its own user may open.",
        "`chatd 命令 --help` 说的也是这些。运维用的命令都支持 `--json`（给程序看的输出）和 `--config FILE`"
        "（设置文件，不写就用当前目录的 `chatd.toml`，没有也行），所有命令都支持 `--lang en` 或 `--lang zh`。没有另外说明的，都通过正在运行的服务器执行，走一个只有它所属用户能打开的套接字。",
    )
    yield ""
    yield words.pick(
        "What is told of each command's JSON are the names in it; `things[].name` stands in each of a list of things, and what does not apply is left out."
        " `audit`, `invite list` and `top` print one object a line.",
        "每个命令都列出了它的 JSON 里有哪些字段；`things[].name` 是列表里每一项的字段，用不上的字段不出现。"
        "`audit`、`invite list` 和 `top` 每行输出一个对象。",
    )
    yield ""
    found = dict(commands())
    placed = {name for names in PANELS.values() for name in names}
    rest = tuple(sorted({name.split()[1] for name in found} - placed))
    for title, names in {**PANELS, "Other 其他": rest}.items():
        if there := [f"chatd {name}" for name in names if f"chatd {name}" in found]:
            yield f"**{choose_title(title, lang)}**"
            yield ""
            yield from table(
                words.pick("command|does", "命令|作用").split("|"),
                ([f"[`{name}`](#{name.replace(' ', '-')})", said(found[name], lang).split("\n")[0]] for name in there),
            )
    yield words.pick("## Exit status", "## 退出码")
    yield ""
    rows = ([str(status), choose(text, lang)] for status, text in EXIT_STATUSES.items())
    yield from table(words.pick("status|means", "退出码|含义").split("|"), rows)
    for name, command in found.items():
        yield f"{'#' * min(name.count(' ') + 1, 3)} {name}"
        yield ""
        yield said(command, lang)
        yield ""
        if not hasattr(command, "commands"):
            yield from describe(name, command, words, lang)


def commands() -> Iterator[tuple[str, Any]]:
    """Every command by what is typed for it, groups of commands among them."""

    def walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
        for word, below in sorted(getattr(command, "commands", {}).items()):
            if not below.hidden:
                yield f"{name} {word}", below
                yield from walk(f"{name} {word}", below)

    yield from walk("chatd", get_command(app))


def said(command: Any, lang: Lang) -> str:
    parts = explain(command.help)
    return parts.chinese if lang == "zh" else parts.english


def describe(name: str, command: Any, words: Words, lang: Lang) -> Iterator[str]:
    """How it is typed, its arguments and options but for those that all have, and its examples."""
    params = [param for param in command.params if not param.hidden]
    arguments = [param for param in params if param.param_type_name == "argument"]
    options = [param for param in params if param.param_type_name == "option" and not EVERYWHERE & set(param.opts)]
    shown = " ".join(argument(param) for param in arguments)
    yield f"`{name}{' ' + shown if shown else ''}{' [OPTIONS]' if options else ''}`"
    yield ""
    if arguments or options:
        yield from table(
            words.pick("argument or option|default|is", "参数或选项|默认值|说明").split("|"),
            (
                [f"`{spelled(param)}`", default_of(param), choose(param.help or "", lang)]
                for param in [*arguments, *options]
            ),
        )
    if fields := FIELDS.get(name.removeprefix("chatd ")):
        yield words.pick("In its JSON: ", "JSON 里的字段：") + words.pick(", ", "、").join(
            f"`{one}`" for one in fields.split()
        )
        yield ""
    if examples := explain(command.help).examples:
        yield "```sh"
        yield from examples
        yield "```"
        yield ""


def argument(param: Any) -> str:
    name = str(param.metavar or param.name).strip("{}[]").upper()
    return name if param.required else f"[{name}]"


def spelled(param: Any) -> str:
    if param.param_type_name == "argument":
        return argument(param)
    names = "/".join([*param.opts, *param.secondary_opts])
    return names if param.is_flag else f"{names} {str(param.metavar or param.name).upper()}"


def default_of(param: Any) -> str:
    flag = param.param_type_name == "option" and param.is_flag
    return "" if flag or param.default in (None, "", ()) or callable(param.default) else f"`{param.default}`"
