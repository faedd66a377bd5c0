"""The long form: `python -m tests.chaos [--database sqlite|postgresql] [--kills N] [--seed N] [--keep DIRECTORY]`."""

from __future__ import annotations

import argparse
import asyncio
import pickle
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.chaos.battery import KINDS, Battery, Plan, Report
from tests.pg import running_postgres


def main() -> int:
    """Run what the command line asks for; the exit status."""
    options = _parse()
    found = 0
    with ExitStack() as stack:
        for database in options.database or ["sqlite", "postgresql"]:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chatd-chaos-")))
            url = f"sqlite:///{home / 'chatd.db'}"
            if database == "postgresql":
                url = stack.enter_context(stack.enter_context(running_postgres()).fresh_database())
            plan = Plan(dict.fromkeys(options.kind or KINDS, options.kills), seed=options.seed)
            report = asyncio.run(Battery(url, home, plan).run(_say))
            _show(database, report)
            found += len(report.violations)
            if options.keep and report.violations:
                options.keep.mkdir(parents=True, exist_ok=True)
                (options.keep / f"{database}.history").write_bytes(pickle.dumps(report.history))
                (options.keep / f"{database}.log").write_bytes((home / "server.log").read_bytes())
    return 1 if found else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--database", action="append", choices=["sqlite", "postgresql"], help="only this one")
    parser.add_argument("--kills", type=int, default=50, help="of each kind (default: %(default)s)")
    parser.add_argument("--kind", action="append", choices=KINDS, help="only this kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="where to keep the history and the log of a run that failed")
    return parser.parse_args()


def _say(line: str) -> None:
    print(f"\r  {line}", end="", file=sys.stderr, flush=True)


def _show(database: str, report: Report) -> None:
    print(f"\n{database}: {report}")
    print(f"  {dict(report.done)}")
    for violation in report.violations[:20]:
        print(f"  {violation.promise}: {violation.what[:600]}")


if __name__ == "__main__":
    sys.exit(main())
