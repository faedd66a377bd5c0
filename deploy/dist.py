"""Builds what is released: `chatd` and `chatd-client`, each as a wheel and as an sdist. `make dist` calls it.

Where there is a C compiler, `chatd` gets a second wheel, for machines like this one, that has the loops in C
(`deploy/native.py`); pip takes that one where it fits and the other elsewhere.

    python deploy/dist.py [FOLDER]

The versions are that of `chatd/__init__.py`. Needs the package `hatchling` in the Python that runs it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def version() -> str:
    """The version of this tree."""
    found = re.search(r'^__version__ = "(.+)"$', (ROOT / "chatd/__init__.py").read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    return found[1]


def build(tree: Path, folder: Path, *more: str, pure: bool = True) -> None:
    """A wheel and an sdist of a tree. Raises `CalledProcessError`."""
    call = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder.absolute()), *more]
    environ = {name: value for name, value in os.environ.items() if name != "CHATD_PURE"}
    subprocess.run(call, cwd=tree, check=True, capture_output=True, env=environ | ({"CHATD_PURE": "1"} if pure else {}))


def lay_out_client(tree: Path) -> None:
    """What `chatd-client` is built from, in a folder of its own."""
    no_bytecode = shutil.ignore_patterns("__pycache__")
    for package in ("clients/chatd_client", "protocol/chatd_protocol"):
        shutil.copytree(ROOT / package, tree / Path(package).name, ignore=no_bytecode)
    for file in ("LICENSE", "clients/README.md"):
        shutil.copy(ROOT / file, tree)
    project = (ROOT / "clients/pyproject.toml").read_text(encoding="utf-8")
    (tree / "pyproject.toml").write_text(project.replace('version = "0"', f'version = "{version()}"'), encoding="utf-8")


def main(folder: Path) -> list[Path]:
    """Build all of them into a folder, from which earlier ones are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob("chatd*.whl"), *folder.glob("chatd*.tar.gz")]:
        old.unlink()
    build(ROOT, folder)
    build(ROOT, folder, "-t", "wheel", pure=False)
    with tempfile.TemporaryDirectory() as temporary:
        tree = Path(temporary) / "chatd-client"
        tree.mkdir()
        lay_out_client(tree)
        build(tree, folder)
    return sorted(folder.iterdir())


if __name__ == "__main__":
    for made in main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist"):
        print(f"{made.stat().st_size / 1024:8.0f} KB  {made}")
