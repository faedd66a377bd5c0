"""Runs rows: subjects taking turns, repeated, with rates that follow from what was measured before.

It must not know how a report looks.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench import report
from bench.asking import ask_beside
from bench.generator import LoadFailed
from bench.rows import Bench, Figures, Invalid, Seeded, run_once, seed_once
from bench.servers import ServerFailed
from bench.storm import run_storm
from bench.storm_seed import seed_storm
from bench.subjects import CHATD, Role, Subject
from bench.workloads import Share, Who, Workload

OTHERS_REPEAT = 3
"""How often those are measured that are not in every row."""
CALIBRATION_MAX_S = 4.0
"""So long at most is measured for a rate that another row needs, however long the rows themselves are."""
HOLDS = 0.95
"""Of its own maximum: beyond that nobody is asked to keep up with an open loop."""
ROLES: Mapping[Who, Sequence[Role]] = {
    "all": ("own", "main", "other"),
    "main": ("own", "main"),
    "own": ("own",),
    "ours": ("own",),
}

Taken = dict[str, dict[str, list[Figures]]]
"""Row -> subject -> figures of each repeat."""


def takes_part(subject: Subject, workload: Workload) -> bool:
    """The sketch, which stands for a path without rules, knows nothing of coming back or of asking."""
    return subject.role in ROLES[workload.who] and (workload.who != "ours" or subject is CHATD)


def seed(bench: Bench, subject: Subject, workload: Workload) -> Seeded:
    """A filled folder for all repeats."""
    if workload.storm is None:
        return seed_once(bench, subject, workload)
    directory = Path(tempfile.mkdtemp(prefix=f"{workload.name}-", dir=bench.directory))
    return Seeded(directory, seed_storm(directory, workload.storm))


def run(bench: Bench, subject: Subject, workload: Workload, seeded: Seeded) -> Figures:
    """One repeat. Raises `Invalid`, `LoadFailed`, `ServerFailed`."""
    if workload.storm is not None:
        return run_storm(bench, subject, workload.storm, seeded)
    if workload.kind == "asking":
        return ask_beside(bench, subject, workload, seeded)
    return run_once(bench, subject, workload, seeded)


@dataclass(slots=True)
class Session:
    """What was measured so far, and what gave no figures."""

    bench: Bench
    subjects: Sequence[Subject]
    repeat: int
    workloads: Sequence[Workload]
    taken: Taken = field(default_factory=dict)
    calibrated: Taken = field(default_factory=dict)
    """Measured once, because another row needed to know, and not reported."""
    failures: list[str] = field(default_factory=list)

    def run(self, workload: Workload) -> None:
        """All repeats of one row."""
        chosen = [subject for subject in self.subjects if takes_part(subject, workload)]
        runs = self._repeat(self.bench, workload, chosen, self.repeat)
        if runs:
            self.taken[workload.name] = runs

    def _repeat(
        self, bench: Bench, workload: Workload, subjects: Sequence[Subject], repeat: int
    ) -> dict[str, list[Figures]]:
        ready = {subject.name: self._resolve(workload, subject) for subject in subjects}
        seeded = {s.name: seed(bench, s, workload) for s in subjects if ready[s.name] is not None}
        runs: dict[str, list[Figures]] = {subject.name: [] for subject in subjects}
        for turn in range(repeat):
            for subject in subjects if turn % 2 == 0 else reversed(subjects):
                given = ready[subject.name]
                if given is None or (subject.role == "other" and turn >= OTHERS_REPEAT):
                    continue
                label = f"{workload.name} {subject.name} {turn + 1}/{repeat}"
                try:
                    figures = run(bench, subject, given, seeded[subject.name])
                except (Invalid, LoadFailed, ServerFailed) as failure:
                    self._fail(f"{label}: {failure}")
                    continue
                runs[subject.name].append(figures)
                headline = report.show_number(figures[workload.headline])
                print(f"{label}: {headline} {report.LABELS[workload.headline]}", file=sys.stderr)
        for folder in seeded.values():
            shutil.rmtree(folder.directory)
        return {name: taken for name, taken in runs.items() if taken}

    def _fail(self, line: str) -> None:
        self.failures.append(line)
        print(line, file=sys.stderr)

    # -- rates that depend on others

    def _resolve(self, workload: Workload, subject: Subject) -> Workload | None:
        """The workload with numbers for rates; None if this subject cannot hold them, which is noted."""
        try:
            rate = self._rate(workload.rate, subject)
            hot = self._rate(workload.hot, subject)
            if isinstance(workload.rate, Share):
                self._refuse_too_much(rate, replace(workload.rate, of=HOLDS, subject=""), subject)
        except Invalid as failure:
            self._fail(f"{workload.name} {subject.name}: {failure}")
            return None
        return replace(workload, rate=rate, hot=hot)

    def _refuse_too_much(self, rate: float, most: Share, subject: Subject) -> None:
        if rate > (held := self._rate(most, subject)):
            raise Invalid(f"{rate:,.0f} messages/s are more than the {held:,.0f} that it can hold")

    def _rate(self, rate: float | Share, subject: Subject) -> float:
        if not isinstance(rate, Share):
            return rate
        name = rate.subject or subject.name
        runs = self._runs_of(rate.row, name)
        return rate.of * statistics.median(run["messages_per_s"] for run in runs)

    def _runs_of(self, row: str, name: str) -> Sequence[Figures]:
        for known in (self.taken, self.calibrated):
            if runs := known.get(row, {}).get(name):
                return runs
        workload = next(workload for workload in self.workloads if workload.name == row)
        subject = next((subject for subject in self.subjects if subject.name == name), None)
        if subject is None:
            raise Invalid(f"its rate is a share of what {name} does in {row}, and {name} is not measured")
        short = replace(self.bench, measured_s=min(self.bench.measured_s, CALIBRATION_MAX_S))
        runs = self._repeat(short, workload, [subject], 1).get(name)
        if not runs:
            raise Invalid(f"its rate is a share of {row}, where {name} gave no figures")
        self.calibrated.setdefault(row, {})[name] = runs
        return runs
