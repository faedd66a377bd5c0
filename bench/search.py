"""The benchmark of search: a million messages, half of them Chinese, on SQLite and on PostgreSQL.

    python -m bench.search [--messages 1000000] [--repeat 3] [--database sqlite] [--queries 200] [--dir /var/tmp]

A run has a fresh server with its settings as they come, and no index. It fills the index, checks the newest page of
every search against what reading all texts says, takes times over a socket, and then measures how long a message that
was acknowledged is not found yet while others write. Exits with 1 if a run gave no figures: then something was missing
or too much, or the server failed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import orjson
import uvloop

from bench import machine, report
from bench.rows import Figures, Invalid
from bench.search_run import Case, run_case
from bench.search_seed import seed_texts
from bench.search_texts import Texts, Truth, read_truth
from bench.seed import CHATD_DATABASE
from bench.servers import ServerFailed
from bench.workloads import Workload
from tests.pg import PostgresMissing, running_postgres

RESULTS = Path(__file__).with_name("results")
DISK = Path("/var/tmp")  # noqa: S108  a folder of our own is made in it; /tmp is in memory on many systems
DATABASES = ("sqlite", "postgresql")


def read_options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.search", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--messages", type=int, default=1_000_000, help="messages stored (default 1000000)")
    parser.add_argument("--groups", type=int, default=1000, help="groups they are in (default 1000)")
    parser.add_argument("--queries", type=int, default=200, help="searches of each kind per run (default 200)")
    parser.add_argument(
        "--rate", type=float, default=200, help="messages a second while the lag is taken (default 200)"
    )
    parser.add_argument("--seconds", type=float, default=15, help="for so long (default 15)")
    parser.add_argument("--repeat", type=int, default=3, help="runs per database (default 3)")
    parser.add_argument("--database", action="append", choices=DATABASES, help="this one only; may be repeated")
    parser.add_argument("--dir", type=Path, default=DISK, help="folder on a real disk (default /var/tmp)")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the report (default bench/results)")
    return parser.parse_args(words)


@contextmanager
def seeded(name: str, texts: Texts, directory: Path) -> Iterator[Callable[[Path], str]]:
    """A filled database, and how to get the URL of a fresh copy of it for a run in a folder."""
    began_s = time.monotonic()
    if name == "sqlite":
        filled = directory / CHATD_DATABASE
        seed_texts(f"sqlite:///{filled}", texts)
        _say(f"sqlite: {texts.count:,} messages written in {time.monotonic() - began_s:.0f} s")

        def copy(folder: Path) -> str:
            shutil.copy(filled, folder / CHATD_DATABASE)
            return f"sqlite:///{folder / CHATD_DATABASE}"

        yield copy
        return
    with running_postgres(folder=directory) as server:
        url = server.create_database()
        seed_texts(url, texts)
        _say(f"postgresql: {texts.count:,} messages written in {time.monotonic() - began_s:.0f} s")
        yield lambda _: server.create_database(server.name_of(url))


def run_database(options: argparse.Namespace, name: str, texts: Texts, truth: Truth, directory: Path) -> list[Figures]:
    """All repeats on one database. Raises `Invalid`, `ServerFailed`."""
    taken = []
    with seeded(name, texts, directory) as copy:
        for turn in range(options.repeat):
            folder = Path(tempfile.mkdtemp(prefix="run-", dir=directory))
            case = Case(copy(folder), folder, texts, truth, options.queries, options.rate, options.seconds)
            taken.append(uvloop.run(run_case(case)))
            shutil.rmtree(folder)
            _say(f"{name} {turn + 1}/{options.repeat}: " + ", ".join(f"{k} {v:,.3g}" for k, v in taken[-1].items()))
    return taken


def run(options: argparse.Namespace, directory: Path) -> int:
    machine.raise_file_limit()
    texts = Texts(options.messages, options.groups)
    truth = read_truth(texts)
    runs: dict[str, list[Figures]] = {}
    failures = []
    for name in options.database or DATABASES:
        try:
            runs[name] = run_database(options, name, texts, truth, directory)
        except (Invalid, ServerFailed, PostgresMissing) as failure:
            failures.append(f"{name}: {failure}")
            _say(failures[-1])
    facts = {"date": dt.datetime.now(dt.UTC).date().isoformat(), **machine.describe_machine(options.dir)}
    facts["runs"] = (
        f"{options.repeat}, each with {options.messages:,} messages in {options.groups:,} groups; {options.queries} "
        f"searches of each kind, one after another, over a socket; then {options.rate:g} messages/s for "
        f"{options.seconds:g} s"
    )
    row = Workload("search", f"search in {options.messages:,} messages", "search", (), headline="fill the index, s")
    rows = [(row, runs)] if runs else []
    text = report.compose(facts, rows, failures)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"search-{facts['date']}"
    path.with_suffix(".md").write_text(text)
    path.with_suffix(".json").write_bytes(
        orjson.dumps(report.as_json(facts, rows, failures), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    )
    print(text)
    return 1 if failures else 0


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def main(words: Sequence[str] | None = None) -> int:
    options = read_options(words)
    if machine.filesystem_of(options.dir) in machine.MEMORY_FILESYSTEMS:
        _say(f"{options.dir} is in memory, where durable is free: name a folder on a disk with --dir")
        return 2
    with tempfile.TemporaryDirectory(prefix="chatd-bench-", dir=options.dir) as directory:
        Path(directory).chmod(0o1777)  # PostgreSQL may run as somebody else, with a folder of its own below it
        return run(options, Path(directory))


if __name__ == "__main__":
    sys.exit(main())
