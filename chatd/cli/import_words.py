"""What is said of an import: how many of what, which lines were refused and where all of them are listed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from chatd.cli.answers import bare, in_words, listed, phrase

_COUNTS: Final = {
    "added": "{n} added. 新增 {n}。",
    "updated": "{n} changed. 更新 {n}。",
    "removed": "{n} removed. 移除 {n}。",
    "deleted": "{n} deleted. 删除 {n}。",
    "same": "{n} as before. 未变 {n}。",
    "older": "{n} older than what is there. 较旧 {n}。",
    "absent": "{n} not there. 不存在 {n}。",
    "refused": "{n} refused. 被拒 {n}。",
    "unread": "{n} refused: no follow in it. 被拒（内容有误）{n}。",
    "unknown": "{n} refused: no such user. 被拒（没有这个用户）{n}。",
    "oneself": "{n} refused: of oneself. 被拒（自己关注自己）{n}。",
    "limit": "{n} refused: follows too many. 被拒（关注数已达上限）{n}。",
}
"""By result: how many lines there were of it."""


def words_of_counts(counts: Mapping[str, int]) -> str:
    """How many of what, in a line."""
    said = [bare(_COUNTS.get(result, f"{{n}} {result}"), n=count) for result, count in counts.items()]
    return listed(said) or phrase("nothing in it. 里面没有内容。")


def words_of_rows(shown: Iterable[Mapping[str, Any]], more: int) -> list[str]:
    """Refused lines, and that there are others."""
    lines = []
    for row in shown:
        where = bare("line {line}. 第 {line} 行。", line=row["line"])
        lines.append(": ".join(part for part in (where, row["field"], in_words(row["reason"])) if part))
    if more:
        lines.append(phrase("and {more} more. 另有 {more} 行。", more=more))
    return lines


def where_refused(file: Path | None, again: str = "") -> str:
    """Where all refused lines are listed. `again`: what makes an import that is done list them."""
    if file is not None:
        return phrase("All refused lines are in {file}. 被拒的行都在 {file}。", file=file)
    how = f"{again} --refused FILE".strip()
    return phrase("The same with {how} lists all refused lines. 加 {how} 再执行，可列出所有被拒的行。", how=how)
