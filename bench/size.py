"""What a message and a page cost, against the size of everything: members, messages stored, groups of a person.

    python -m bench.size [--scale members] [--most 1000000] [--dir /var/tmp]

A message should cost the same however many are in the group, and a page the same however much lies behind it. Writes a
table and a picture into `bench/results`. `--most 10000000` goes on to ten million stored messages (6 GB, and half an
hour).
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

from bench import curves, machine
from bench.compare import line
from bench.report import LABELS, show_number
from bench.rows import Figures
from bench.size_run import SCALES, Scale

RESULTS = Path(__file__).with_name("results")
DISK = Path("/var/tmp")  # noqa: S108  a folder of our own is made in it; /tmp is in memory on many systems

Points = dict[int, Figures]


def read_options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.size", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scale", action="append", choices=list(SCALES), help="this one only; may be repeated")
    parser.add_argument("--most", type=int, default=1_000_000, help="leave out larger sizes (default 1000000)")
    parser.add_argument("--seconds", type=float, default=4, help="seconds of asking per size (default 4)")
    parser.add_argument("--dir", type=Path, default=DISK, help="folder on a real disk (default /var/tmp)")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the report (default bench/results)")
    return parser.parse_args(words)


def measure(scale: Scale, most: int, seconds: float, directory: Path) -> Points:
    points: Points = {}
    for size in scale.sizes:
        if size > most:
            continue
        folder = Path(tempfile.mkdtemp(prefix="size-", dir=directory))
        points[size] = scale.measure(size, seconds, folder)
        shutil.rmtree(folder)
        shown = ", ".join(f"{name} {show_number(value, name)}" for name, value in points[size].items())
        print(f"{scale.title} {size:,}: {shown}", file=sys.stderr)
    return points


def tabulate(scale: Scale, points: Points) -> list[str]:
    """A line per size, and how the largest compares with the smallest."""
    names = list(dict.fromkeys(name for figures in points.values() for name in figures))
    lines = [f"### {scale.title}", "", scale.expected, ""]
    lines += [line([scale.unit, *(LABELS.get(name, name) for name in names)]), line(["---:"] * (len(names) + 1))]
    for size, figures in points.items():
        lines.append(line([f"{size:,}", *(show_number(figures[name], name) for name in names)]))
    first, last = next(iter(points.values())), list(points.values())[-1]
    ratios = [f"{last[name] / first[name]:.2f}" if first[name] else "" for name in names]
    return [*lines, line(["largest / smallest", *ratios]), ""]


def write_report(folder: Path, facts: dict[str, str], taken: dict[str, Points]) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    name = f"size-{facts['date']}"
    lines = ["# Cost against size", "", *(f"- {key}: {value}" for key, value in facts.items()), ""]
    lines += [f"![each figure against size]({name}.svg)", ""]
    for key, points in taken.items():
        lines += tabulate(SCALES[key], points)
    text = "\n".join(lines)
    (folder / f"{name}.md").write_text(text)
    panels = [(SCALES[key].title, SCALES[key].unit, points) for key, points in taken.items()]
    (folder / f"{name}.svg").write_text(curves.draw(panels))
    whole = {key: {str(size): figures for size, figures in points.items()} for key, points in taken.items()}
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    (folder / f"{name}.json").write_bytes(orjson.dumps({"facts": facts, "scales": whole}, option=options))
    return text


def main(words: Sequence[str] | None = None) -> int:
    options = read_options(words)
    if machine.filesystem_of(options.dir) in machine.MEMORY_FILESYSTEMS:
        print(f"{options.dir} is in memory, where durable is free: name a folder on a disk with --dir", file=sys.stderr)
        return 2
    machine.raise_file_limit()
    facts = {"date": dt.datetime.now(dt.UTC).date().isoformat(), **machine.describe_machine(options.dir)}
    with tempfile.TemporaryDirectory(prefix="chatd-bench-", dir=options.dir) as directory:
        taken = {
            name: measure(SCALES[name], options.most, options.seconds, Path(directory))
            for name in options.scale or SCALES
        }
    print(write_report(options.out, facts, {name: points for name, points in taken.items() if points}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
