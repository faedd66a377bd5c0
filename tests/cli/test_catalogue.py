"""`chatd catalogue`: files of every kind of mistake, with a server and without one, in bounded memory."""

from __future__ import annotations

import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from chatd.cli.catalogue_file import LINE_MAX_BYTES, Row, read_rows
from chatd.cli.catalogue_import import PORTION_ROWS, Importer
from tests.cli.program import Program

CSV = """\
kind,id,rev,title,price,currency,shop_url,stock
product,a,1,茶壶 Teapot,12800,CNY,https://shop/a,3
product,b,1,"Two
lines",12800,CNY,https://shop/b,
product,c,1,No price,,CNY,https://shop/c,
product,d,1,Odd price,1.5,CNY,https://shop/d,
product,e,1,No money,5,XXX,https://shop/e,
product,f,1,No link,5,JPY,javascript:alert(1),
song,g,1,No kind,5,JPY,https://shop/g,
product,h,1,too few
product,i,2,Bowl,6800,JPY,https://shop/i,0
"""


def product(number: int, **more: Any) -> dict[str, Any]:
    plain = {"kind": "product", "id": f"p{number}", "rev": 1, "title": "Teapot", "price": 1, "currency": "CNY"}
    return plain | {"shop_url": "https://shop/p"} | more


class Counting:
    """Where changes go, when only their number counts."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def change(self, items: list[Any], deletions: list[Any]) -> list[dict[str, Any]]:
        self.calls.append(len(items))
        return [{"result": "added"} for _ in (*items, *deletions)]


def rows_of(text: str, form: Any = "csv", kind: str | None = None) -> list[Row]:
    return list(read_rows(io.BytesIO(text.encode()), form, kind))


def test_each_mistake_of_a_file_is_named_by_line_and_field() -> None:
    refused: list[tuple[int, str]] = []
    importer = Importer(Counting(), lambda line, field, _: refused.append((line, field)))
    for row in rows_of(CSV):
        importer.take(row)
    importer.flush()
    assert refused == [
        (3, "title"),
        (5, "price"),
        (6, "price"),
        (7, "currency"),
        (8, "shop_url"),
        (9, "kind"),
        (10, ""),
    ]
    assert importer.counts == {"added": 2, "refused": 7}


def test_lines_that_are_too_long_or_no_json_are_refused_and_the_next_one_is_read() -> None:
    good = json.dumps(product(1))
    text = "\n".join([good, "x" * (3 * LINE_MAX_BYTES), "{", "7", "", good])
    assert [(row.line, bool(row.problem)) for row in rows_of(text, "ndjson")] == [
        (1, False),
        (2, True),
        (3, True),
        (4, False),
        (6, False),
    ]
    assert rows_of(good.replace('"kind": "product", ', ""), "ndjson", "product")[0].raw == product(1)


def test_many_rows_take_no_more_memory_than_few() -> None:
    line = json.dumps(product(0, title="茶" * 100)).encode() + b"\n"

    class Endless(io.RawIOBase):
        """20,000 lines that are made when they are read."""

        left = 20_000

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            if not self.left:
                return 0
            self.left -= 1
            buffer[: len(line)] = line
            return len(line)

    target = Counting()
    importer = Importer(target, lambda *_: None)
    tracemalloc.start()
    try:
        for row in read_rows(io.BufferedReader(Endless()), "ndjson", None):
            importer.take(row)
        importer.flush()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(target.calls) == 20_000
    assert max(target.calls) <= PORTION_ROWS
    assert peak < 2 * 2**20


@pytest.mark.parametrize("served", [False, True])
def test_a_file_is_imported_with_a_server_and_without_one_and_again_changes_nothing(
    tmp_path: Path, served: bool
) -> None:
    program = Program(tmp_path)
    (tmp_path / "items.csv").write_text(CSV, encoding="utf-8")
    many = "".join(json.dumps(product(i)) + "\n" for i in range(450))
    (tmp_path / "many.ndjson").write_text(many, encoding="utf-8")

    def check() -> None:
        first = program.run("catalogue", "import", "items.csv", "--json", "--refused", "refused.ndjson")
        assert first.returncode == 1, first.stderr
        assert json.loads(first.stdout)["counts"] == {"added": 2, "refused": 7}
        made = f"there was no database: {tmp_path / 'chatd.db'} is a new one" in first.stderr
        assert made is not served
        assert len((tmp_path / "refused.ndjson").read_text().splitlines()) == 7
        told = program.run("catalogue", "import", "items.csv").stderr
        assert "new one" not in told
        assert (f"{tmp_path / 'chatd.db'} itself is changed" in told) is not served
        assert ("line 3: title" in told, "--refused" in told) == (True, True)
        counts = [program.run("catalogue", "import", "many.ndjson", "--json") for _ in range(2)]
        assert [json.loads(one.stdout)["counts"] for one in counts] == [{"added": 450}, {"same": 450}]
        shown = program.run("catalogue", "show", "product", "i", "--json")
        assert json.loads(shown.stdout)["status"] == "sold_out"
        listed = program.run("catalogue", "list", "product", "--limit", "3", "--after", "p10", "--json")
        assert [item["id"] for item in json.loads(listed.stdout)["items"]] == ["p100", "p101", "p102"]
        both = program.run("catalogue", "list", "--limit", "2", "--json")
        assert json.loads(both.stdout)["more"] == f"product:{json.loads(both.stdout)['items'][-1]['id']}"
        deleted = program.run("catalogue", "delete", "product", "i")
        assert (deleted.returncode, deleted.stdout.strip()) == (0, "deleted")
        assert json.loads(program.run("catalogue", "show", "product", "i", "--json").stdout)["status"] == "gone"
        assert program.run("catalogue", "show", "song", "i").returncode == 2
        assert program.run("catalogue", "show", "product", "nothing").returncode == 1

    if served:
        with program.serving():
            check()
    else:
        check()
    verified = program.run("verify", "--json")
    assert json.loads(verified.stdout)["problems"] == []
