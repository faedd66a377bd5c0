"""Fetches and builds the peers of the benchmark, and says which are there.

python -m bench.peers [python] [node] [centrifuge] [ejabberd]
python -m bench.peers --list
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bench.peers import place
from bench.peers.fetch import WAYS, fetch
from bench.peers.registry import PEERS, UNAVAILABLE


def list_peers() -> str:
    lines = [f"{name:20} {subject.missing() or 'there'}" for name, subject in PEERS.items()]
    return "\n".join([*lines, *(f"{name:20} {reason}" for name, reason in UNAVAILABLE.items())])


def read_options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", nargs="*", metavar="what", help=f"of {', '.join(WAYS)} (default: all of them)")
    parser.add_argument("--list", action="store_true", help="fetch nothing, say what is there")
    options = parser.parse_args(words)
    if unknown := set(options.what) - set(WAYS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(WAYS)}")
    return options


def main(words: Sequence[str] | None = None) -> int:
    options = read_options(words)
    failures = {} if options.list else fetch(options.what or list(WAYS))
    print(f"in {place.folder()}:\n{list_peers()}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
