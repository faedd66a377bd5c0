"""The long form: `python -m tests.chaos [--kills-only | --powerloss | --planted] [options]`.

Without a part named: the kill battery on both databases, then the cuts of the power, then the planted faults.
"""

from __future__ import annotations

import argparse
import asyncio
import pickle
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.chaos.battery import KINDS, Battery, Plan, Report
from tests.chaos.planted import FAULTS
from tests.chaos.powerloss.postgres import unsafe_settings
from tests.pg import running_postgres

ROUNDS_OF_A_FAULT = (1, 2, 3)
"""Kills of each kind in each try to find a planted fault: 18 in all."""


def main() -> int:
    """Run what the command line asks for; the exit status."""
    options = _parse()
    # Told to stop, it ends the servers that it started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Every part runs, whatever the one before it said.
    good = []
    if options.part in {None, "kills"}:
        good += [_kill(database, options) for database in options.database or ["sqlite", "postgresql"]]
    if options.part in {None, "powerloss"}:
        good.append(_cut_power(options.cuts))
    if options.part in {None, "planted"}:
        good += [_find(fault, options.seed) for fault in options.fault or FAULTS]
    return 0 if all(good) else 1


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    for part, what in (
        ("--kills-only", "kills"),
        ("--powerloss", "powerloss"),
        ("--planted", "planted"),
    ):
        parser.add_argument(part, dest="part", action="store_const", const=what, help=f"only this part: {what}")
    parser.add_argument("--database", action="append", choices=["sqlite", "postgresql"], help="kill only on this one")
    parser.add_argument("--kills", type=int, default=50, help="of each kind (default: %(default)s)")
    parser.add_argument("--kind", action="append", choices=KINDS, help="only kills of this kind")
    parser.add_argument("--cuts", type=int, default=500, help="of the power, per setting (default: %(default)s)")
    parser.add_argument("--fault", action="append", choices=list(FAULTS), help="find only this one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="where to keep the history and the log of a run that failed")
    return parser.parse_args()


def _kill(database: str, options: argparse.Namespace) -> bool:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chatd-chaos-")))
        url = f"sqlite:///{home / 'chatd.db'}"
        if database == "postgresql":
            url = stack.enter_context(stack.enter_context(running_postgres()).fresh_database())
        plan = Plan(dict.fromkeys(options.kind or KINDS, options.kills), seed=options.seed)
        report = asyncio.run(Battery(url, home, plan).run(_say))
        _show(database, report)
        if options.keep and report.violations:
            options.keep.mkdir(parents=True, exist_ok=True)
            (options.keep / f"{database}.history").write_bytes(pickle.dumps(report.history))
            (options.keep / f"{database}.log").write_bytes((home / "server.log").read_bytes())
    return not report.violations


def _say(line: str) -> None:
    print(f"\r  {line}", end="", file=sys.stderr, flush=True)


def _show(database: str, report: Report) -> None:
    print(f"\n{database}: {report}")
    print(f"  {dict(sorted(report.done.items()))}", flush=True)
    for violation in report.violations[:20]:
        print(f"  {violation.promise}: {violation.what[:600]}")


def _cut_power(cuts: int) -> bool:
    """A process of its own: recording wants one without threads and sockets."""
    status = subprocess.run(
        [sys.executable, "-m", "tests.chaos.powerloss", "--cuts", str(cuts)], check=False
    ).returncode
    with running_postgres() as server, server.fresh_database() as url:
        unsafe = unsafe_settings(url)
    print(f"postgresql: {unsafe or 'fsync, synchronous_commit and full_page_writes are on'}")
    return status == 0 and not unsafe


def _find(fault: str, seed: int) -> bool:
    """Whether the judge finds a planted fault within so many kills."""
    kills = 0
    for round_, each in enumerate(ROUNDS_OF_A_FAULT):
        with tempfile.TemporaryDirectory(prefix="chatd-chaos-") as home:
            kills_of_each, pace = dict.fromkeys(KINDS, each), FAULTS[fault].acks_between
            plan = Plan(kills_of_each, acks_between=pace, seed=seed + round_, quiet_s=3.0, search_s=20.0)
            arguments = ("tests.chaos.planted", fault)
            report = asyncio.run(Battery(f"sqlite:///{home}/chatd.db", Path(home), plan, arguments).run())
        kills += report.kills.total()
        shown = [violation for violation in report.violations if violation.promise in FAULTS[fault].breaks]
        if shown:
            print(f"{fault}: found within {kills} kills: {shown[0].promise}: {shown[0].what[:200]}", flush=True)
            return True
    print(f"{fault}: NOT found in {kills} kills", flush=True)
    return False


if __name__ == "__main__":
    sys.exit(main())
