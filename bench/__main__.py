"""The benchmark: each workload on each subject, interleaved and repeated, as a table on stdout and in `bench/results`.

    python -m bench [--only fan-8 --only idle] [--repeat 3] [--seconds 4] [--dir /var/tmp]

The server with both its processes runs on one core, the load on another. Every run has a fresh server on a fresh copy
of its database, on a real disk, with SQLite's `synchronous=FULL`. Exits with 1 if a run gave no figures.
"""

from __future__ import annotations

import argparse
import datetime as dt
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import orjson

from bench import machine, report
from bench.generator import LoadFailed, NoCompiler, compile_generator
from bench.rows import Bench, Figures, Invalid, run_once, seed_once
from bench.servers import SUBJECTS, ServerFailed, Subject
from bench.workloads import WORKLOADS, Workload

RESULTS = Path(__file__).with_name("results")
DISK = Path("/var/tmp")  # noqa: S108  a folder of our own is made in it; /tmp is in memory on many systems


def read_options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").partition("\n")[0])
    names = [workload.name for workload in WORKLOADS]
    parser.add_argument("--only", action="append", choices=names, help="this row only; may be repeated")
    parser.add_argument("--subject", action="append", choices=list(SUBJECTS), help="this subject only; may be repeated")
    parser.add_argument("--repeat", type=int, default=3, help="runs per row and subject (default 3)")
    parser.add_argument("--warm", type=float, default=1.5, help="seconds of load before measuring (default 1.5)")
    parser.add_argument("--seconds", type=float, default=4, help="seconds measured per run (default 4)")
    parser.add_argument(
        "--dir", type=Path, default=DISK, help="folder on a real disk, for the databases (default /var/tmp)"
    )
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the report (default bench/results)")
    options = parser.parse_args(words)
    if options.repeat < 1 or options.seconds <= 0 or options.warm < 0:
        parser.error("--repeat and --seconds must be positive, --warm not negative")
    return options


def run_row(
    bench: Bench, subjects: Sequence[Subject], workload: Workload, repeat: int
) -> tuple[dict[str, list[Figures]], list[str]]:
    """All repeats of one workload, the subjects taking turns; returns the figures and what gave none."""
    seeded = {subject.name: seed_once(bench, subject, workload) for subject in subjects}
    runs: dict[str, list[Figures]] = {subject.name: [] for subject in subjects}
    failures = []
    for turn in range(repeat):
        for subject in subjects if turn % 2 == 0 else reversed(subjects):
            label = f"{workload.name} {subject.name} {turn + 1}/{repeat}"
            try:
                figures = run_once(bench, subject, workload, seeded[subject.name])
            except (Invalid, LoadFailed, ServerFailed) as failure:
                failures.append(f"{label}: {failure}")
                print(f"{label}: {failure}", file=sys.stderr)
                continue
            runs[subject.name].append(figures)
            headline = f"{report.show_number(figures[workload.headline])} {report.LABELS[workload.headline]}"
            print(f"{label}: {headline}", file=sys.stderr)
    for folder in seeded.values():
        shutil.rmtree(folder.directory)
    return {name: taken for name, taken in runs.items() if taken}, failures


def write_report(
    folder: Path, facts: dict[str, str], rows: list[tuple[Workload, report.Runs]], failures: list[str]
) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    text = report.compose(facts, rows, failures)
    name = facts["date"]
    (folder / f"{name}.md").write_text(text)
    (folder / f"{name}.json").write_bytes(
        orjson.dumps(report.as_json(facts, rows, failures), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    )
    return text


def run(options: argparse.Namespace, directory: Path) -> int:
    cores = machine.choose_cores()
    machine.raise_file_limit()
    bench = Bench(compile_generator(directory), directory, cores, options.warm, options.seconds)
    subjects = [SUBJECTS[name] for name in options.subject or SUBJECTS]
    facts = {"date": dt.datetime.now(dt.UTC).date().isoformat(), **machine.describe_machine(options.dir)}
    facts["runs"] = (
        f"{options.repeat} of {options.seconds:g} s after {options.warm:g} s of warm-up; {bench.text_bytes} bytes of "
        f"text; server on core {cores.server}, load on core {cores.load}; SQLite, WAL, synchronous=FULL"
    )
    rows: list[tuple[Workload, report.Runs]] = []
    failures: list[str] = []
    for workload in WORKLOADS:
        if options.only and workload.name not in options.only:
            continue
        runs, failed = run_row(bench, subjects, workload, options.repeat)
        failures += failed
        if runs:
            rows.append((workload, runs))
    print(write_report(options.out, facts, rows, failures))
    return 1 if failures else 0


def main(words: Sequence[str] | None = None) -> int:
    options = read_options(words)
    if machine.filesystem_of(options.dir) in machine.MEMORY_FILESYSTEMS:
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
