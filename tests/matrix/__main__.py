"""The permission matrix on both databases and in both encodings: `python -m tests.matrix`.

Prints for each how many cells there are, how many answers were compared byte for byte with another one, how long it
took, and every cell in which the server did not do what the table says.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from pathlib import Path
from typing import Final

import structlog
import uvloop

from chatd_protocol.codec import Format
from tests.matrix.table import Table, count_cells, read_table
from tests.matrix.world import run_matrix
from tests.pg import running_postgres

FORMATS: Final[tuple[Format, ...]] = ("json", "msgpack")


def run(kind: str, url_of: dict[Format, str], table: Table) -> int:
    """Drive the table once in each encoding. Returns the number of deviations."""
    count = 0
    for fmt in FORMATS:
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            url = url_of.get(fmt) or f"sqlite:///{folder}/chatd.db"
            ran = uvloop.run(run_matrix(url, Path(folder), table, (fmt,)))
        assert ran.cells == count_cells(table), f"{ran.cells} of {count_cells(table)} cells were driven"
        deviations = len(ran.deviations)
        print(
            f"{kind:10} {fmt:7} {len(table)} ops, routes and acts, {ran.cells} cells, {ran.compared} answers compared,"
            f" {deviations} deviations, {time.monotonic() - begun:.1f} s",
            flush=True,
        )
        for deviation in ran.deviations:
            print(f"    {deviation}", flush=True)
        count += deviations
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", help="an op, route or act; may be repeated")
    parser.add_argument("--kind", choices=["sqlite", "postgresql"], help="one database only")
    args = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    table = {what: rows for what, rows in read_table().items() if args.only is None or what in args.only}
    count = 0
    if args.kind != "postgresql":
        count += run("sqlite", {}, table)
    if args.kind != "sqlite":
        with running_postgres() as server:
            count += run("postgresql", {fmt: server.create_database() for fmt in FORMATS}, table)
    raise SystemExit(bool(count))


if __name__ == "__main__":
    main()
