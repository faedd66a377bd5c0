"""What lists have in common: options for a page, the table, and how to go on behind it."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer

from chatd.cli.answers import phrase, say
from chatd.cli.table import on_terminal, record, table

After = Annotated[
    str, typer.Option(help="Go on behind this id: the `more` of the page before. 从这个 id（上一页的 more）之后继续。")
]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many at most. 最多多少个。")]


def say_page(
    page: Mapping[str, Any],
    columns: Sequence[str],
    rows: Iterable[Mapping[str, Any]],
    as_json: bool,
    *,
    spare: Collection[str] = (),
) -> None:
    """A page of a list. That there is more is said on standard error, so that what is read by programs stays rows."""
    if as_json:
        say(page, "", as_json=True)
        return
    say_rows(columns, list(rows), spare=spare)
    if "more" in page:
        print(phrase("There are more. 还有更多。"), f"--after {page['more']}", file=sys.stderr)


def say_rows(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], *, spare: Collection[str] = ()) -> None:
    """Rows under headings; for people, that there are none."""
    print(table(columns, rows, spare) if rows or not on_terminal() else phrase("none. 没有。"))


def say_record(value: Mapping[str, Any], shown: Mapping[str, Any], as_json: bool) -> None:
    """One thing, with what is `shown` of it to people."""
    say(value, "" if as_json else record(shown), as_json)
