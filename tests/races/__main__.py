"""Every race, many rounds, on both databases: `python -m tests.races --rounds 500`. Prints who won how often."""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.pg import running_postgres
from tests.races.arena import arena
from tests.races.rounds import RACES


async def hold(name: str, rounds: int, url: str, seed: int) -> Counter[str]:
    """All rounds of one race, on a server of its own."""
    with tempfile.TemporaryDirectory() as folder:
        async with arena(url or f"sqlite:///{folder}/chatd.db", Path(folder), random.Random(seed)) as place:
            return Counter([await RACES[name](place) for _ in range(rounds)])


def run(kind: str, names: list[str], rounds: int, seed: int, url_of: dict[str, str]) -> None:
    for name in names:
        begun = time.monotonic()
        tally = asyncio.run(hold(name, rounds, url_of.get(name, ""), seed))
        won = ", ".join(f"{who} {count}" for who, count in sorted(tally.items()))
        print(f"{kind:10} {name:18} {rounds} rounds in {time.monotonic() - begun:5.1f} s: {won}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--only", choices=sorted(RACES), action="append")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    args = parser.parse_args()
    names = args.only or list(RACES)
    print(f"seed {args.seed}", flush=True)
    run("sqlite", names, args.rounds, args.seed, {})
    with running_postgres() as server:
        run("postgresql", names, args.rounds, args.seed, {name: server.create_database() for name in names})


if __name__ == "__main__":
    main()
