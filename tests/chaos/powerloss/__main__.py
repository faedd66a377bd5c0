"""The long form: `python -m tests.chaos.powerloss [--workload NAME] [--cuts N] [--seed N] [--work DIRECTORY]`.

Records each workload with FULL, NORMAL and OFF and judges every record at N cuts. Status 0 only when FULL lost nothing
and NORMAL and OFF were caught losing: a tool that cannot see those two would prove nothing about the first.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.chaos.powerloss.disk import replay_whole
from tests.chaos.powerloss.recorder import unsupported_reason
from tests.chaos.powerloss.verdict import Report, judge
from tests.chaos.powerloss.workloads import WORKLOADS, Workload, record_workload

_CUTS = 500
_SHOWN_FINDINGS = 3


def main() -> int:
    """Run what the command line asks for; the exit status."""
    options = _parse()
    if reason := unsupported_reason():
        print(f"cannot record here: {reason}", file=sys.stderr)
        return 2
    names = sorted(WORKLOADS) if options.workload is None else [options.workload]
    with tempfile.TemporaryDirectory(prefix="powerloss-") as temporary:
        work = options.work or Path(temporary)
        kept = [_judge_settings(name, work / name, options.cuts, options.seed) for name in names]
    return 0 if all(kept) else 1


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.powerloss")
    parser.add_argument("--workload", choices=sorted(WORKLOADS), help="only this one")
    parser.add_argument("--cuts", type=int, default=_CUTS, help="cut points per record (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the choice of cuts and of what survives")
    parser.add_argument("--work", type=Path, help="a new directory to keep the records in (default: none are kept)")
    return parser.parse_args()


def _judge_settings(name: str, work: Path, cuts: int, seed: int) -> bool:
    reports = {s: _run(WORKLOADS[name](s), f"{name} {s}", work / s, cuts, seed) for s in ("FULL", "NORMAL", "OFF")}
    for finding in reports["FULL"].findings[:_SHOWN_FINDINGS]:
        print(f"  {finding}")
    return reports["FULL"].clean and bool(reports["NORMAL"].lost) and bool(reports["OFF"].lost)


def _run(workload: Workload, title: str, work: Path, cuts: int, seed: int) -> Report:
    made = record_workload(workload, work)
    disk = replay_whole(made.entries[: made.marks[-1][0]])
    flushes = disk.names[workload.database].flushes
    print(f"{title}: {len(made.entries)} entries, {len(made.marks)} acks, {flushes} flushes of the database file")
    report = judge(made, workload.database, workload.check, work / "image", n=cuts, seed=seed)
    print(f"  {report}", flush=True)
    return report


if __name__ == "__main__":
    sys.exit(main())
