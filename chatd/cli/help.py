"""What `--help` shows: one language, commands by what they are for, examples, never wider than 80 cells.

A command's docstring is its help: a sentence in English and one in Chinese, more paragraphs of that kind, and examples,
each on a line that begins with `$ `. Here that text is taken apart (`explain`, for whoever makes documents of it, too)
and laid out. Plain text, made without rich: whoever types `--help` waits for it.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Annotated, Any, Final, Literal, NamedTuple

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from chatd.cli.language import Lang, both, cells, choose, lang_of, wrap

WIDTH_MAX: Final = 80

PANELS: Final[dict[str, tuple[str, ...]]] = {
    "Run the server 运行服务器": ("serve", "doctor", "top", "stats", "migrate", "verify"),
    "Keep it safe 备份与数据": ("backup", "restore", "export", "erase", "retention", "audit"),
    "People 人": ("user", "token", "revoke", "follow", "ban", "bot"),
    "Groups 群": ("group", "member", "request", "invite", "broadcast"),
    "What is said and shown 内容": ("words", "search", "catalogue"),
    "At this terminal 终端": ("chat", "completion"),
}
"""Where each command of `chatd --help` stands."""

_WORDS: Final = {
    "Usage:": "用法：",
    "Arguments": "参数",
    "Options": "选项",
    "Commands": "命令",
    "Examples": "例子",
    "Exit status": "退出码",
    "required": "必填",
    "default": "默认",
    "Show this message and exit.": "显示本帮助。",
    "Install completion for the current shell.": "为当前的 shell 安装命令补全。",
    "Show completion for the current shell, to copy it or customize the installation.": "显示当前 shell 的补全脚本。",
}
"""What typer or this module says itself."""

EXIT_STATUSES: Final = {
    0: "Done. 完成。",
    1: "It did not work, or something is wrong; standard error says what. 没有成功，原因见标准错误输出。",
    2: "The settings or what was typed are wrong; nothing was done. 设置或命令有误，什么都没做。",
    130: "Ended by Ctrl-C. 被 Ctrl-C 中断。",
}


class Explained(NamedTuple):
    """A command's help, taken apart."""

    english: str
    chinese: str
    examples: tuple[str, ...]


def explain(help_text: str | None) -> Explained:
    """The parts of a docstring: its paragraphs in either language, and what to type."""
    paragraphs, examples = [], []
    for block in re.split(r"\n\s*\n", help_text or ""):
        lines = [line.strip() for line in block.splitlines()]
        examples += [line[2:] for line in lines if line.startswith("$ ")]
        if text := " ".join(line for line in lines if not line.startswith("$ ")).strip():
            paragraphs.append(both(text))
    english = "\n\n".join(one for one, _ in paragraphs if one)
    return Explained(english, "\n\n".join(one for _, one in paragraphs if one), tuple(examples))


class _Page:
    """Lines of help in one language."""

    def __init__(self, lang: Lang, width: int) -> None:
        self.lang = lang
        self.width = width
        self.lines: list[str] = []

    def say(self, text: str) -> str:
        """The word or text in the language of the page."""
        return _WORDS.get(text, text) if self.lang == "zh" else text

    def paragraphs(self, texts: Iterable[str]) -> None:
        for text in texts:
            self.lines += [*wrap(text, self.width), ""]

    def table(self, title: str, rows: Iterable[tuple[str, str]], least: int = 0) -> None:
        """A title over two columns, the left one of at least so many cells."""
        rows = list(rows)
        if not rows:
            return
        column = min(max(least, *(cells(left) for left, _ in rows)), 28) + 4
        self.lines.append(title)
        for left, right in rows:
            wrapped = wrap(right, self.width - column) or [""]
            first = "  " + left
            if cells(first) + 2 > column:
                self.lines.append(first)
                first = ""
            self.lines.append((first + " " * (column - cells(first)) + wrapped[0]).rstrip())
            self.lines += [" " * column + line for line in wrapped[1:]]
        self.lines.append("")


def render(command: Any, context: Any) -> str:
    """The page of one command."""
    lang = lang_of(os.environ)
    page = _Page(lang, min(shutil.get_terminal_size().columns, WIDTH_MAX))
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    page.lines += [*wrap(f"{page.say('Usage:')} {usage}", page.width), ""]
    parts = explain(command.help)
    page.paragraphs((parts.chinese if lang == "zh" else parts.english).split("\n\n"))
    if isinstance(command, TyperGroup):
        least = max(map(len, command.commands), default=0)
        for title, names in _panels(command, context.parent is None):
            rows = [(name, _first_sentence(command.commands[name], lang)) for name in names]
            page.table(choose_title(title, lang) if title else page.say("Commands"), rows, least)
    parameters = command.get_params(context)
    for title, kind in (("Arguments", "argument"), ("Options", "option")):
        chosen = [one for one in parameters if one.param_type_name == kind and not one.hidden]
        page.table(page.say(title), (_row(one, context, page) for one in chosen))
    if parts.examples:
        page.lines += [page.say("Examples"), *(f"  {example}" for example in parts.examples), ""]
    if context.parent is None:
        rows = [(str(status), choose(text, lang)) for status, text in EXIT_STATUSES.items()]
        page.table(page.say("Exit status"), rows)
        other = "中文帮助：LANG=zh_CN.UTF-8 chatd --help" if lang == "en" else "In English: LANG=C.UTF-8 chatd --help"
        page.lines.append(other)
    return "\n".join(page.lines).rstrip()


def choose_title(title: str, lang: Lang) -> str:
    """`Groups 群` in one language."""
    english, _, chinese = title.rpartition(" ")
    return chinese if lang == "zh" else english


def _panels(group: TyperGroup, root: bool) -> Iterator[tuple[str, list[str]]]:
    shown = [name for name, command in group.commands.items() if not command.hidden]
    if not root:
        yield "", shown
        return
    for title, names in PANELS.items():
        if present := [name for name in names if name in shown]:
            yield title, present
    placed = {name for names in PANELS.values() for name in names}
    if rest := [name for name in shown if name not in placed]:
        yield "Other 其他", rest


def _first_sentence(command: Any, lang: Lang) -> str:
    parts = explain(command.help)
    text = (parts.chinese if lang == "zh" else parts.english) or parts.english
    return re.split(r"(?<=[.。])(?:\s|(?<=。))", text, maxsplit=1)[0].rstrip(".。")


def _row(parameter: Any, context: Any, page: _Page) -> tuple[str, str]:
    """What typer says of a parameter, its help in one language and its bounds in brackets."""
    left, right = parameter.get_help_record(context)
    text = getattr(parameter, "help", None) or ""
    extra = right.removeprefix(text).strip()
    if page.lang == "zh":
        extra = re.sub(r"\b(required|default)\b", lambda found: _WORDS[found[0]], extra)
    return left, f"{choose(page.say(text), page.lang)}  {extra}".strip()


class Command(TyperCommand):
    """A command whose help is laid out here."""

    def get_help(self, ctx: Any) -> str:
        return render(self, ctx)


class Group(TyperGroup):
    """A group of commands, which all show their help alike, however they were made."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        adopt(self)

    def get_help(self, ctx: Any) -> str:
        return render(self, ctx)


_LANG_HELP: Final = "The language of what is said: en or zh; default: what LANG says. 输出语言 en 或 zh，默认看 LANG。"


@cache
def _lang_option() -> Any:
    """`--lang`, as typer makes it of a command that has nothing else; the command that gets it is not told of it."""

    def bare(lang: Annotated[Literal["en", "zh"] | None, typer.Option("--lang", help=_LANG_HELP)] = None) -> None:
        del lang

    made = typer.Typer(add_completion=False)
    made.command()(bare)
    (option,) = [one for one in typer.main.get_command(made).params if one.name == "lang"]
    option.expose_value = False
    return option


def adopt(command: Any) -> None:
    """Have a command, and those below it, show its help as above, and take `--lang`: typer makes plain ones for every
    noun. `language.asked_for` has read what it says by then, so that the help is in that language."""
    command.__class__ = Group if isinstance(command, TyperGroup) else Command
    if all("--lang" not in parameter.opts for parameter in command.params):
        command.params.append(_lang_option())
    for below in getattr(command, "commands", {}).values():
        adopt(below)
