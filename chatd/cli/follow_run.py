"""What `chatd follow import` does around the import: the file, the bar, the report of lines that did not count.

Lines that were refused make status 1, also when the same is imported again.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from chatd.cli.answers import DONE, FAILED, MISUSED, bare, failed, phrase, say
from chatd.cli.catalogue_file import Format, read_rows
from chatd.cli.follow_import import Directly, Importer, Server, report_refused
from chatd.cli.follow_pace import Pace
from chatd.cli.hold import held_engine
from chatd.cli.import_words import where_refused, words_of_counts, words_of_rows
from chatd.cli.troubles import TROUBLES, ended_by
from chatd.config import Config
from chatd.core.follows import REFUSED

SHOWN_MAX: Final = 20
"""So many refused lines are named on the terminal; `--refused` keeps all of them."""
INTERRUPTED: Final = 130
LOOKED_AT: Final = 3
SOMETHING_ELSE: Final = (
    "{file}: none of its first lines is a JSON object with `from` and `to`: nothing was imported."
    " {file}：开头几行都不是含 from、to 的 JSON 对象，什么也没有导入。"
)
GOES_ON: Final = (
    "stopped; line {line} and all before it are done, the same again goes on. 已停止；第 {line} 行及之前的都已完成，"
    "再执行一次即可继续。"
)
BEFORE: Final = "imported before: {counts}; --again does it once more. 以前导入过：{counts}；加 --again 会重新导入。"
_TROUBLES: Final = (*TROUBLES, ValueError)


class Wanted(NamedTuple):
    """What the command line says. `file`: None is standard input."""

    file: Path | None
    form: Format
    name: str | None
    make: bool
    refused: Path | None
    rate: int | None
    fast: bool
    again: bool


def import_file(config: Config, wanted: Wanted, as_json: bool) -> int:
    """Import a file, or go on with it."""
    with contextlib.ExitStack() as opened:
        try:
            file = opened.enter_context(wanted.file.open("rb")) if wanted.file is not None else sys.stdin.buffer
            if wanted.file is not None and wanted.form == "ndjson" and _is_something_else(file):
                return failed(phrase(SOMETHING_ELSE, file=wanted.file), MISUSED)
            import_id = _id_of(wanted, file)
            engine = opened.enter_context(held_engine(config))
            target = Server(config) if engine is None else Directly(engine)
            state = target.progress(import_id, wanted.again)
            if state["done"]:
                return _already(state, as_json)
            report = opened.enter_context(_report(wanted.refused, state["line"]))
            report_refused(((line, result) for line, result in state["refused"]), report.add_once)
            pace = Pace(not wanted.fast, wanted.rate)
            importer = Importer(target, import_id, report.add, make=wanted.make, pace=pace, state=state)
            begun_at = importer.line
        except _TROUBLES as error:
            return ended_by(error)
        try:
            _import(file, wanted, importer, as_json)
        except KeyboardInterrupt:
            return failed(phrase(GOES_ON, line=importer.line), INTERRUPTED)
        except _TROUBLES as error:
            print(phrase(GOES_ON, line=importer.line), file=sys.stderr)
            return ended_by(error)
    return _finished(importer, begun_at, report, wanted.refused, as_json)


def _is_something_else(file: BinaryIO) -> bool:
    """Whether none of the first lines is JSON: hardly a file of edges with a few mistakes."""
    first = list(itertools.islice((row for row in read_rows(file, "ndjson")), LOOKED_AT))
    file.seek(0)
    return len(first) == LOOKED_AT and all(row.raw is None for row in first)


def _id_of(wanted: Wanted, file: BinaryIO) -> str:
    """A file is known again by what is in it, standard input by the name that it is given."""
    if wanted.file is not None:
        digest = hashlib.sha256()
        while part := file.read(1 << 20):
            digest.update(part)
        file.seek(0)
        return f"sha256:{digest.hexdigest()}"
    return f"name:{wanted.name}" if wanted.name else f"once:{secrets.token_hex(16)}"


def _import(file: BinaryIO, wanted: Wanted, importer: Importer, as_json: bool) -> None:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    total = os.fstat(file.fileno()).st_size if wanted.file is not None else None
    console = Console(stderr=True)
    columns = (
        TextColumn(bare("importing. 导入。")),
        BarColumn(),
        TaskProgressColumn(show_speed=False),
        TextColumn("{task.fields[lines]}  {task.fields[rate]}/s"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    began_at = importer.line
    with Progress(*columns, console=console, transient=True, disable=as_json or not console.is_terminal) as progress:
        task = progress.add_task("import", total=total, lines=began_at, rate=0)
        shown = began_at
        for row in read_rows(file, wanted.form, columns=("from", "to")):
            importer.take(row)
            if importer.line != shown:
                shown = importer.line
                elapsed_s = progress.tasks[task].elapsed or 0.001
                rate = int((shown - began_at) / elapsed_s)
                progress.update(task, completed=row.end, lines=shown, rate=rate)
        importer.flush(last=True)


class _Report:
    """Lines that did not count: all of them in a file if one is named, the first few here."""

    def __init__(self, path: Path | None, upto: int) -> None:
        self._known: set[int] = set()
        self._file = None
        if path is not None:
            kept = self._kept(path, upto) if upto else None
            self._file = path.open("w" if kept is None else "r+", encoding="utf-8")
            if kept is not None:
                self._file.seek(kept)
                self._file.truncate()
        self.shown: list[dict[str, Any]] = []
        self._count = 0

    def _kept(self, path: Path, upto: int) -> int | None:
        """How many bytes of the report of an earlier run are of lines that are done; the others come again."""
        if not path.exists():
            return None
        end = 0
        with path.open("rb") as file:
            for raw in file:
                try:
                    line = int(json.loads(raw)["line"])
                except (ValueError, TypeError, KeyError):
                    break
                if line > upto:
                    break
                end += len(raw)
                self._known.add(line)
                if len(self._known) > 10_000:
                    self._known = {one for one in self._known if one > line - 5_000}
        return end

    def add_once(self, line: int, field: str, reason: str) -> None:
        """As `add`, unless the report of an earlier run has it."""
        if line not in self._known:
            self.add(line, field, reason)

    def add(self, line: int, field: str, reason: str) -> None:
        row = {"line": line, "field": field, "reason": reason}
        self._count += 1
        if len(self.shown) < SHOWN_MAX:
            self.shown.append(row)
        if self._file is not None:
            self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
            self._file.flush()

    def lines(self) -> list[str]:
        return words_of_rows(self.shown, self._count - len(self.shown))

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


@contextlib.contextmanager
def _report(path: Path | None, upto: int) -> Iterator[_Report]:
    report = _Report(path, upto)
    try:
        yield report
    finally:
        report.close()


def _already(state: dict[str, Any], as_json: bool) -> int:
    """It is the same answer as when it was imported, without the lines: they are known no more."""
    counts = state["counts"]
    told = {"already": True, "lines": state["line"], "counts": counts}
    say(told, phrase(BEFORE, counts=words_of_counts(counts)), as_json)
    return _status(counts, None, as_json)


def _finished(importer: Importer, begun_at: int, report: _Report, file: Path | None, as_json: bool) -> int:
    counts = dict(sorted(importer.counts.items()))
    told = {"lines": importer.line, "went_on_behind": begun_at, "counts": counts, "refused": report.shown}
    for line in [] if as_json else report.lines():
        print(line, file=sys.stderr)
    say(told, words_of_counts(counts), as_json)
    return _status(counts, file, as_json)


def _status(counts: dict[str, int], file: Path | None, as_json: bool) -> int:
    """1 as long as lines were refused, however often the same is imported; says where they are listed."""
    if not (REFUSED | {"unread"}) & counts.keys():
        return DONE
    if not as_json:
        print(where_refused(file, "--again"), file=sys.stderr)
    return FAILED
