"""Writes what an installed chatd consists of as CycloneDX JSON. `make sbom` calls it.

    python deploy/sbom.py [FOLDER]

FOLDER, by default `dist`, holds the wheel; the result is written beside it. The wheel is installed into an empty
virtual environment with the versions of constraints.txt, so that nothing of a developer's tools is in the list.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main(folder: Path) -> Path:
    """Returns the file. Raises `CalledProcessError`."""
    (wheel,) = folder.glob("chatd-*.whl")
    target = folder / "chatd.cdx.json"
    with tempfile.TemporaryDirectory() as temporary:
        venv.create(temporary, with_pip=True)
        python = str(Path(temporary) / "bin" / "python")
        pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "-c", str(ROOT / "constraints.txt"), str(wheel)], check=True)
        subprocess.run([*pip, "uninstall", "--yes", "pip", "setuptools"], check=True)
        # No address of this machine, and no serial number or time: the same wheel gives the same list.
        call = [sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible", "--of", "JSON", python]
        listed = subprocess.run(call, check=True, capture_output=True, env=os.environ).stdout
    found = json.loads(listed)
    for component in found["components"]:
        component.pop("externalReferences", None)
    target.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return target


if __name__ == "__main__":
    made = main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist")
    count = len(json.loads(made.read_text(encoding="utf-8"))["components"])
    print(f"{count} components in {made}")
