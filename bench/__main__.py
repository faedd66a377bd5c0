"""The benchmark: each workload on this server and on those one would pick instead, interleaved and repeated.

    python -m bench [--only fan-8 --only idle] [--subject chatd --subject c] [--repeat 5] [--cores 1] [--short]

A server with all its processes runs on one core, the load on another. Every run has a fresh server on a fresh copy of
its database, on a real disk; ours with SQLite's `synchronous=FULL`. Writes a table and pictures into `bench/results`.
Exits with 1 if a run gave no figures. `python -m bench.peers` fetches the peers; those that are not there are listed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import machine, written
from bench.generator import NoCompiler, compile_generator
from bench.peers.registry import PEERS, UNAVAILABLE
from bench.rows import TEXT_BYTES, Bench
from bench.session import Session
from bench.subjects import SUBJECTS, Subject
from bench.workloads import TINY, WORKLOADS, Workload

RESULTS = Path(__file__).with_name("results")
DISK = Path("/var/tmp")  # noqa: S108  a folder of our own is made in it; /tmp is in memory on many systems
EVERYBODY = {**SUBJECTS, **PEERS}
TWO_CORES = ("fan-1", "fan-8", "fan-64", "small-1", "small-8")
"""Rows of the second table."""


def read_options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").partition("\n")[0])
    names = [workload.name for workload in WORKLOADS]
    parser.add_argument("--only", action="append", choices=names, help="this row only; may be repeated")
    parser.add_argument("--subject", action="append", choices=list(EVERYBODY), help="this one only; may be repeated")
    parser.add_argument("--repeat", type=int, default=5, help="runs per row and subject (default 5)")
    parser.add_argument("--cores", choices=("1", "2", "both"), default="both", help="of the server (default both)")
    parser.add_argument("--warm", type=float, default=1.5, help="seconds of load before measuring (default 1.5)")
    parser.add_argument("--seconds", type=float, default=4, help="seconds measured per run (default 4)")
    parser.add_argument("--short", action="store_true", help="only see that everything runs and everybody gets all")
    parser.add_argument(
        "--dir", type=Path, default=DISK, help="folder on a real disk, for the databases (default /var/tmp)"
    )
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the report (default bench/results)")
    options = parser.parse_args(words)
    if options.repeat < 1 or options.seconds <= 0 or options.warm < 0:
        parser.error("--repeat and --seconds must be positive, --warm not negative")
    return options


def choose_subjects(names: Sequence[str] | None) -> tuple[list[Subject], dict[str, str]]:
    """Those that can be run, and why the others cannot."""
    asked = [EVERYBODY[name] for name in names or EVERYBODY]
    missing = {subject.name: reason for subject in asked if (reason := subject.missing())}
    if not names:
        missing |= UNAVAILABLE
    return [subject for subject in asked if subject.name not in missing], missing


def run_short(directory: Path, subjects: Sequence[Subject], missing: dict[str, str]) -> int:
    """Tiny rows, once, whose figures say nothing: that all run, and that everybody gets everything."""
    bench = Bench(compile_generator(directory), directory, machine.choose_cores(), 0.1, 0.3, drain_s=10)
    session = Session(bench, subjects, 1, TINY)
    for workload in TINY:
        session.run(workload)
    print(written.say_short(session, missing))
    return 1 if session.failures else 0


def run_table(options: argparse.Namespace, bench: Bench, subjects: Sequence[Subject], rows: Sequence[str]) -> Session:
    session = Session(bench, subjects, options.repeat, WORKLOADS)
    chosen: list[Workload] = [w for w in WORKLOADS if w.name in rows and w.name in (options.only or rows)]
    for workload in chosen:
        session.run(workload)
    return session


def run(options: argparse.Namespace, directory: Path) -> int:
    machine.raise_file_limit()
    subjects, missing = choose_subjects(options.subject)
    if options.short:
        return run_short(directory, subjects, missing)
    generator = compile_generator(directory)
    facts = {"date": dt.datetime.now(dt.UTC).date().isoformat(), **machine.describe_machine(options.dir)}
    tables: list[tuple[str, Session]] = []
    every = [workload.name for workload in WORKLOADS]
    main = [subject for subject in subjects if subject.role != "other"]
    for count, title, who, rows in ((1, "One core", subjects, every), (2, "Two cores", main, TWO_CORES)):
        if options.cores in (str(count), "both"):
            cores = machine.choose_cores(count)
            bench = Bench(generator, directory, cores, options.warm, options.seconds)
            place = f"server on core {' and '.join(map(str, cores.server))}, load on core {cores.load}"
            tables.append((f"{title}: {place}", run_table(options, bench, who, rows)))
    facts["runs"] = (
        f"{options.repeat} of {options.seconds:g} s after {options.warm:g} s of warm-up, the servers taking turns; "
        f"{TEXT_BYTES} bytes of text; of chatd SQLite, WAL, synchronous=FULL"
    )
    print(written.write_report(options.out, facts, tables, subjects, missing))
    return 1 if any(session.failures for _, session in tables) else 0


def main(words: Sequence[str] | None = None) -> int:
    options = read_options(words)
    if not options.short and machine.filesystem_of(options.dir) in machine.MEMORY_FILESYSTEMS:
        print(f"{options.dir} is in memory, where durable is free: name a folder on a disk with --dir", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="chatd-bench-", dir=options.dir) as directory:
        try:
            return run(options, Path(directory))
        except NoCompiler as missing:
            print(missing, file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main())
