"""Whether time tells what is there: `python -m tests.timing [--tries 10000] [--real 300] [--only sign-in]`.

Everything is asked of what is there and of what is not, in turns, over real sockets, with passwords that cost next to
nothing; then signing in with passwords that cost what they really do. Prints the means and Welch's t, and exits with 1
if |t| reaches 4.5 somewhere. To be run on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import structlog
import uvloop

from tests.timing.questions import doors, take_times
from tests.timing.welch import BOUND, compare

CHEAP: Final = {"hash_memory_kib": 8, "hash_passes": 1}
REAL: Final[Mapping[str, Any]] = {}
WARM: Final = 20


async def measure(accounts: Mapping[str, Any], tries: int, only: Sequence[str], resolve_s: float, seed: int) -> bool:
    """Whether no difference was seen anywhere."""
    same, chance = True, random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        async with doors(Path(folder), accounts, resolve_s) as questions:
            for what, asked in questions.items():
                if only and what not in only:
                    continue
                began_s = time.monotonic()
                await take_times(asked, WARM, chance)
                taken = await take_times(asked, tries, chance)
                *there, nowhere = taken
                for name in there:
                    found = compare(taken[name], taken[nowhere])
                    same = same and found.same
                    print(
                        f"{what}: {name} {found.one_ms:.4f} ms, {nowhere} {found.other_ms:.4f} ms, n {found.n} each,"
                        f" t {found.t:+.2f}{'' if found.same else f', which is not below {BOUND}'}"
                        f" ({time.monotonic() - began_s:.0f} s)",
                        flush=True,
                    )
    return same


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=10_000, help="of each kind, with cheap passwords")
    parser.add_argument("--real", type=int, default=300, help="of each kind, with passwords at their real price")
    parser.add_argument("--resolve-ms", type=float, default=10, help="what the time of a look at an invite is made")
    parser.add_argument("--only", action="append", default=[], help="a question, as the output names it")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    args = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    print(f"seed {args.seed}", flush=True)
    print("passwords: 8 KiB, 1 pass", flush=True)
    same = uvloop.run(measure(CHEAP, args.tries, args.only, args.resolve_ms / 1000, args.seed))
    if args.real:
        print("passwords: at their real price", flush=True)
        same = uvloop.run(measure(REAL, args.real, ["sign-in", "a code for a new password"], 0.0, args.seed)) and same
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
