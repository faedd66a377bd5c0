"""`python -m tests.packaging [FOLDER]`: every artifact on every Python from 3.11 on that is installed; prints figures.

FOLDER holds the artifacts; without it they are built first.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.packaging.trial import pythons, registry_answers, try_out

ROOT = Path(__file__).parents[2]


def main(given: Path | None) -> int:
    """Print a line for each trial; 1 if one failed."""
    if not registry_answers():
        print("pip reaches no package registry: nothing can be installed into an empty environment", file=sys.stderr)
        return 1
    failures = 0
    with tempfile.TemporaryDirectory(prefix="chatd-packaging-") as name:
        folder = given or Path(name) / "dist"
        if given is None:
            subprocess.run([sys.executable, "deploy/dist.py", str(folder)], cwd=ROOT, check=True)
        print(
            f"{'artifact':<40} {'Python':<8} {'install':>8} {'others':>7} {'size':>8} {'import':>7} {'start':>7}  loops"
        )
        trials = [(artifact, python) for python in pythons() for artifact in sorted(folder.glob("chatd*"))]
        for number, (artifact, python) in enumerate(trials):
            place = Path(name) / str(number)
            place.mkdir()
            try:
                one = try_out(artifact, python, place)
            except (AssertionError, subprocess.SubprocessError) as problem:
                failures += 1
                print(f"{artifact.name:<40} {python}: FAILED: {problem}", flush=True)
                continue
            print(
                f"{one.file:<40} {one.python:<8} {one.install_s:>6.1f} s {one.distributions:>7} {one.size_mb:>5.0f} MB"
                f" {one.import_s:>5.2f} s {one.start_s:>5.2f} s  {'C' if one.native else '-'}",
                flush=True,
            )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None))
