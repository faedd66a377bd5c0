"""Mutated requests against a real server, in both encodings: `python -m tests.e2e.mutate --count 100000`.

It ends with status 0 if every one of them got exactly the answer that its shape calls for, no connection ended that
had not to, and the server neither failed on one nor logged an error.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

import uvloop

from chatd_protocol.codec import FORMAT_OF
from tests.e2e.hostile import SEARCHING, Mutants
from tests.e2e.town import living_town


async def run(count: int, seed: int) -> None:
    """`count` mutants per encoding."""
    with tempfile.TemporaryDirectory() as folder:
        async with living_town(f"sqlite:///{folder}/chatd.db", Path(folder), **SEARCHING) as town:
            for fmt in FORMAT_OF.values():
                mutants, began = Mutants(town, fmt, seed), time.monotonic()
                await mutants.send(count)
                seen = {code or "ok": number for code, number in mutants.seen.most_common()}
                print(f"{fmt}: {count} in {time.monotonic() - began:.0f} s: {seen}", flush=True)


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="per encoding")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}")
    uvloop.run(asyncio.wait_for(run(chosen.count, chosen.seed), 7200))


if __name__ == "__main__":
    main()
