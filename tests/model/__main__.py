"""The long forms: `python -m tests.model --runs 2000`, and `--real --runs 50` with server processes on both databases.

Every run has a theme or two; with `--about sections` it is that one. Runs are shared out to several processes, for most
of a run is waiting for the store's threads. A run that fails is shrunk and printed as a program.
"""

from __future__ import annotations

import argparse
import logging
import random
import subprocess
import sys
import time
from pathlib import Path

import structlog
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.model import draws
from tests.model.acts import THEMES
from tests.model.machine import Chat
from tests.model.real_machine import RealChat
from tests.pg import running_postgres

STEPS = 30
REAL_STEPS = 15


def play(kind: type[RuleBasedStateMachine], runs: int, steps: int, number: int) -> None:
    """So many runs in this process."""
    logging.getLogger("chatd.store").setLevel(logging.ERROR)  # that a writer ended is what was asked for
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    chosen = settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    run_state_machine_as_test(seed(number)(kind), settings=chosen)


def play_real(runs: int, number: int) -> None:
    """On SQLite, then on PostgreSQL."""
    begun = time.monotonic()
    play(RealChat, runs, REAL_STEPS, number)
    print(f"sqlite: {runs} runs with server processes, {time.monotonic() - begun:.0f} s", flush=True)
    with running_postgres() as server:

        class OnPostgres(RealChat):
            @staticmethod
            def fresh_url(folder: Path) -> str:
                return server.create_database()

        begun = time.monotonic()
        play(OnPostgres, runs, REAL_STEPS, number)
    print(f"postgresql: {runs} runs with server processes, {time.monotonic() - begun:.0f} s", flush=True)


def share_out(runs: int, jobs: int, number: int) -> int:
    """The same program, once per job. Returns the worst exit status."""
    begun = time.monotonic()
    shares = [runs // jobs + (job < runs % jobs) for job in range(jobs)]
    base = [sys.executable, "-m", "tests.model", "--jobs", "1", *(f"--about={theme}" for theme in draws.ABOUT)]
    workers = [
        subprocess.Popen([*base, "--runs", str(share), "--seed", str(number + job)])
        for job, share in enumerate(shares)
        if share
    ]
    status = max(worker.wait() for worker in workers)
    verdict = "no difference" if status == 0 else "a difference was found"
    print(
        f"{runs} runs of up to {STEPS} steps in {time.monotonic() - begun:.0f} s, seed {number}: {verdict}", flush=True
    )
    return status


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--real", action="store_true", help="server processes, on both databases")
    parser.add_argument("--about", action="append", default=[], choices=sorted(THEMES), help="a theme of every run")
    args = parser.parse_args()
    draws.ABOUT[:] = args.about
    if args.real:
        play_real(args.runs, args.seed)
    elif args.jobs > 1:
        raise SystemExit(share_out(args.runs, args.jobs, args.seed))
    else:
        play(Chat, args.runs, STEPS, args.seed)


if __name__ == "__main__":
    main()
