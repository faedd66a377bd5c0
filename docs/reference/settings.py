"""The settings: what `chatd.toml` says of each, and the bounds that `chatd.config.sections` gives it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any, get_type_hints

from msgspec import inspect as types

from chatd.config import Config
from docs.reference import ROOT, Words, said_by, table


def lines(words: Words) -> Iterator[str]:
    yield words.pick("# Settings", "# 配置项")
    yield ""
    yield said_by(words, "chatd.toml, chatd/config")
    yield ""
    yield words.pick(
        "chatd starts without any file. What you change stands in `chatd.toml` where the server starts, or in the file that"
        " `--config` names; the environment overrides it as `CHATD_SECTION__KEY`, for example `CHATD_SERVER__PORT=8081`"
        ' (lists as `a, b` or `["a", "b"]`). Relative paths start at the folder that the server is started in. A name that'
        " is not a setting, and a value out of its bounds, stop the start with a sentence that says so.",
        "不写配置文件也能启动。要改的写进启动目录下的 `chatd.toml`，或用 `--config` 指定文件；环境变量"
        ' `CHATD_SECTION__KEY` 优先于文件，例如 `CHATD_SERVER__PORT=8081`（列表写成 `a, b` 或 `["a", "b"]`）。'
        "相对路径以启动目录为准。写了不存在的配置项，或者值超出范围，服务器就不启动，并说明是哪一项。",
    )
    yield ""
    commented = comments()
    for section, kind in get_type_hints(Config).items():
        yield f"## [{section}]"
        yield ""
        yield words.of(inspect.cleandoc(kind.__doc__).split("\n\n")[0].replace("\n", " "))
        yield ""
        about = types.type_info(kind)
        assert isinstance(about, types.StructType)
        yield from table(
            words.pick("setting|default|may be|what it does", "配置项|默认值|取值|作用").split("|"),
            (
                [f"`{field.name}`", f"`{commented[section, field.name][0]}`", bounds(field.type, words), words.of(said)]
                for field in about.fields
                for said in [commented[section, field.name][1]]
            ),
        )


def comments() -> dict[tuple[str, str], tuple[str, str]]:
    """Default and comment of each setting, by section and key, as they stand in `chatd.toml`."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    section = comment = ""
    for line in (ROOT / "chatd.toml").read_text(encoding="utf-8").splitlines():
        if head := re.match(r"\[(\w+)\]", line):
            section = head[1]
        elif line.startswith("# "):
            comment = line[2:]
        elif setting := re.match(r"(\w+) = (.*)", line):
            found[section, setting[1]] = (setting[2], comment)
    return found


def bounds(kind: Any, words: Words) -> str:
    """What a value may be."""
    if isinstance(kind, types.Metadata):
        return bounds(kind.type, words)
    if isinstance(kind, types.LiteralType):
        return " ".join(f"`{value}`" for value in sorted(map(str, kind.values)))
    if isinstance(kind, types.BoolType):
        return "`true` `false`"
    if isinstance(kind, types.IntType | types.FloatType):
        return number_bounds(kind)
    return words.pick("list", "列表") if isinstance(kind, types.VarTupleType) else words.pick("text", "文本")


def number_bounds(kind: types.IntType | types.FloatType) -> str:
    if kind.ge is not None and kind.le is not None:
        return f"{kind.ge:,}–{kind.le:,}"
    low = f"≥ {kind.ge:,}" if kind.ge is not None else f"> {kind.gt:,}" if kind.gt is not None else ""
    high = f"≤ {kind.le:,}" if kind.le is not None else f"< {kind.lt:,}" if kind.lt is not None else ""
    return ", ".join(filter(None, [low, high]))
