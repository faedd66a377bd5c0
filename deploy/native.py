"""Builds the loops in C (`chatd/hub/_delivery.c`) into a wheel, and beside the sources where those are installed from.

Hatch calls it. Where there is no C compiler, or the file does not compile, everything is installed all the same and the
loops run in Python; `CHATD_PURE=1` in the environment asks for that. What is built uses the stable ABI: one wheel for
every CPython from 3.11 on.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = "chatd/hub/_delivery.c"
BUILT = "chatd/hub/_delivery.abi3.so"


class NativeLoops(BuildHookInterface[Any]):
    """The hook of `[tool.hatch.build.targets.wheel.hooks.custom]`."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """`version` is `editable` when the sources themselves are what is installed."""
        in_place = Path(self.root, BUILT)
        if version == "editable":
            in_place.unlink(missing_ok=True)
        self._folder = Path(tempfile.mkdtemp(prefix="chatd-native-"))
        built = self._folder / in_place.name
        if os.environ.get("CHATD_PURE") or not self._compile(built):
            return
        if version == "editable":
            shutil.copyfile(built, in_place)
            return
        build_data["pure_python"] = False
        build_data["tag"] = f"cp311-abi3-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
        build_data["force_include"][str(built)] = BUILT

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _compile(self, target: Path) -> bool:
        compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
        include = f"-I{sysconfig.get_path('include')}"
        call = [*compiler, "-shared", "-fPIC", "-O2", "-fvisibility=hidden", include, SOURCE, "-o", str(target)]
        try:
            subprocess.run(call, cwd=self.root, check=True, capture_output=True, text=True, timeout=120)
        except FileNotFoundError:
            self.app.display_warning(f"no C compiler ({compiler[0]}): the loops over members will run in Python")
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            self.app.display_warning(f"{SOURCE} did not compile, so it will run in Python:\n{error.stderr}")
        return target.exists()
