"""Many rounds on both databases: `python -m tests.after --rounds 50`. Prints what was seen, and every leak.

With `--fault NAME` the server has a fault, and it is an error if nothing is found.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

import uvloop

from tests.after.battery import Round, battery
from tests.after.planted import FAULTS
from tests.pg import running_postgres


async def rounds(url: str, count: int, seed: int) -> tuple[Counter[str], list[str]]:
    """So many rounds on one server."""
    chance = random.Random(seed)
    tally: Counter[str] = Counter()
    leaks: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        async with battery(url or f"sqlite:///{folder}/chatd.db", Path(folder)) as town:
            for _ in range(count):
                played = Round(town, chance)
                leaks += await played.play()
                tally += played.tally
                await town.leave()
    return tally, leaks


def run(kind: str, url: str, count: int, seed: int) -> int:
    begun = time.monotonic()
    tally, leaks = uvloop.run(rounds(url, count, seed))
    seen = ", ".join(f"{tally[what]} {what}" for what in ("deliveries", "messages", "asked"))
    print(f"{kind:10} {count} rounds in {time.monotonic() - begun:.1f} s: {seen}, {len(leaks)} leaks", flush=True)
    for leak in leaks[:50]:
        print("  " + leak)
    return len(leaks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--fault", choices=sorted(FAULTS))
    args = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    print(f"seed {args.seed}", flush=True)
    with FAULTS[args.fault]() if args.fault else nullcontext():
        found = play(args)
    sys.exit(found == 0 if args.fault else found > 0)


def play(args: argparse.Namespace) -> int:
    """On the databases that were asked for. Returns the number of leaks."""
    leaks = 0
    if args.only != "postgresql":
        leaks += run("sqlite", "", args.rounds, args.seed)
    if args.only != "sqlite":
        with running_postgres() as server:
            leaks += run("postgresql", server.create_database(), args.rounds, args.seed)
    return leaks


if __name__ == "__main__":
    main()
