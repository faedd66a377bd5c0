"""What `chatd catalogue` does. Rows that were refused make status 1."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TextIO

from chatd.cli.answers import DONE, FAILED, MISUSED, bare, failed, say
from chatd.cli.catalogue_file import Format, read_rows
from chatd.cli.catalogue_import import Importer, opened_target
from chatd.cli.import_words import where_refused, words_of_counts, words_of_rows
from chatd.cli.language import lang_of
from chatd.cli.listing import say_page, say_record
from chatd.cli.prices import price_in
from chatd.cli.table import on_terminal, word
from chatd.cli.troubles import TROUBLES, ended_by
from chatd.config import Config
from chatd.core.catalogue import Item, look

if TYPE_CHECKING:
    from chatd.store.database import Database

SHOWN_MAX: Final = 20
"""So many refused rows are named on the terminal; `--refused` keeps all of them."""
KINDS: Final = ("product", "video")
_BOTH: Final = ("kind", "id", "title", "status", "price", "rev")
NO_KIND: Final = "the kind is video or product. 种类是 video（视频）或 product（商品）。"
_TROUBLES: Final = (*TROUBLES, ValueError)


def import_file(config: Config, file: Path, form: Format, kind: str | None, refused: Path | None, as_json: bool) -> int:
    """Import a file."""
    try:
        with file.open("rb") as rows, _report(refused) as report, opened_target(config) as target:
            importer = Importer(target, report.add)
            _import(rows, file.stat().st_size, form, kind, importer, as_json)
    except _TROUBLES as error:
        return ended_by(error)
    counts = dict(sorted(importer.counts.items()))
    for line in [] if as_json else report.lines():
        print(line, file=sys.stderr)
    say({"counts": counts, "refused": report.shown}, words_of_counts(counts), as_json)
    if not counts.get("refused"):
        return DONE
    if not as_json:
        print(where_refused(refused), file=sys.stderr)
    return FAILED


def _import(rows: BinaryIO, size: int, form: Format, kind: str | None, importer: Importer, as_json: bool) -> None:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=as_json or not console.is_terminal) as progress:
        task = progress.add_task(bare("importing. 导入。"), total=size)
        for row in read_rows(rows, form, kind):
            importer.take(row)
            progress.update(task, completed=row.end)
        importer.flush()


class _Report:
    """Refused rows: all of them in a file if one is named, the first few here."""

    def __init__(self, file: TextIO | None) -> None:
        self._file = file
        self.shown: list[dict[str, Any]] = []
        self._count = 0

    def add(self, line: int, field: str, reason: str) -> None:
        row = {"line": line, "field": field, "reason": reason}
        self._count += 1
        if len(self.shown) < SHOWN_MAX:
            self.shown.append(row)
        if self._file is not None:
            self._file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def lines(self) -> list[str]:
        return words_of_rows(self.shown, self._count - len(self.shown))


@contextlib.contextmanager
def _report(path: Path | None) -> Iterator[_Report]:
    if path is None:
        yield _Report(None)
        return
    with path.open("w", encoding="utf-8") as file:
        yield _Report(file)


def show(config: Config, kind: str, item_id: str, as_json: bool) -> int:
    """Show one item."""
    from chatd.store.catalogue import read_items

    try:
        with _reading(config) as database:
            found = read_items(database, [(kind, item_id)])
    except _TROUBLES as error:
        return ended_by(error)
    if not found:
        return failed(bare("there is no {kind} {id}. 没有{kind} {id}。", kind=word(kind), id=item_id))
    raw = _raw(found[0])
    say_record(raw, _priced(raw), as_json)
    return 0


def list_items(config: Config, kind: str | None, after: str, limit: int, as_json: bool) -> int:
    """List a page of items, of one kind or of both."""
    from chatd.store.catalogue import read_page

    kinds: tuple[str, ...] = KINDS if kind is None else (kind,)
    if kind is None and after:
        first, _, after = after.partition(":")
        if first not in KINDS:
            return failed(bare(NO_KIND), MISUSED)
        kinds = KINDS[KINDS.index(first) :]
    items: list[Item] = []
    try:
        with _reading(config) as database:
            for one in kinds:
                items += read_page(database, one, after, limit + 1 - len(items))
                after = ""
    except _TROUBLES as error:
        return ended_by(error)
    page: dict[str, Any] = {"items": [_raw(item) for item in items[:limit]]}
    if len(items) > limit:
        last = items[limit - 1]
        page["more"] = last.item_id if kind is not None else f"{last.kind}:{last.item_id}"
    columns = ("id", "title", "status", "price", "rev") if kind is not None else (*_BOTH,)
    say_page(page, columns, map(_priced, page["items"]), as_json)
    return 0


def delete(config: Config, kind: str, item_id: str, rev: int | None, as_json: bool) -> int:
    """Delete an item."""
    from chatd.store.catalogue import read_items

    try:
        if rev is None:
            with _reading(config) as database:
                found = read_items(database, [(kind, item_id)])
            rev = found[0].rev if found else 0
        with opened_target(config) as target:
            (result,) = target.change([], [{"kind": kind, "id": item_id, "rev": rev}])
    except _TROUBLES as error:
        return ended_by(error)
    say(result, word(result["result"]), as_json)
    return 0 if result["result"] in {"deleted", "same"} else 1


@contextlib.contextmanager
def _reading(config: Config) -> Iterator[Database]:
    """The database, beside a server that may be running."""
    from chatd.store.database import connect, path_of

    path = path_of(config.store.url)
    if path is not None and not path.exists():
        raise ValueError(f"there is no database at {path}")
    database = connect(config.store.url)
    try:
        yield database
    finally:
        database.close()


def _raw(item: Item) -> dict[str, Any]:
    raw = {"kind": item.kind, "id": item.item_id, "rev": item.rev, "at": item.at, **look(item), **item.data}
    return raw | {"status": look(item)["status"]} | ({"gone": True} if item.gone else {})


def _priced(raw: dict[str, Any]) -> dict[str, Any]:
    """With the price as people write it; a program gets minor units and the currency, as in the JSON."""
    if not on_terminal() or "price" not in raw:
        return raw
    return {name: value for name, value in raw.items() if name != "currency"} | {
        "price": price_in(lang_of(os.environ), raw["price"], raw["currency"])
    }
