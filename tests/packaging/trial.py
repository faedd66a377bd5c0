"""One distribution in one empty virtual environment: install, serve, say hello, uninstall, and what that took.

Needs a package registry, through pip as it is set up. Must not import chatd: what is tried is what was installed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from tests.ports import free_port

PATIENCE_S: Final = 600

HELLO: Final = """
import asyncio, sys
from chatd_client import Client
async def main():
    async with Client(sys.argv[1], token=sys.argv[2], device="trial", program="trial") as client:
        made = await client.create_group("Trial 试用")
        await client.send(made.group, "hello, 你好")
        print(client.hello.user)
asyncio.run(main())
"""
NO_SERVER: Final = """
import importlib.metadata as m, importlib.util as u, sys
import chatd_client, chatd_client.bots, chatd_protocol
heavy = [name for name in ("chatd", "litestar", "sqlalchemy", "uvicorn", "textual", "psycopg") if u.find_spec(name)]
sys.exit(f"the SDK brings {heavy}") if heavy else None
"""

NATIVE: Final = "from chatd.hub.delivery import NATIVE; print(NATIVE)"


class Report(NamedTuple):
    """One trial, in seconds and bytes."""

    file: str
    python: str
    install_s: float
    distributions: int
    size_mb: float
    import_s: float
    """`chatd --help`, or `import chatd_client`, from nothing to its end; the best of three."""
    start_s: float
    """From `chatd serve` to a port that answers, with the database to be made; 0 for the SDK."""
    native: bool
    """Whether its loops over members are those in C; false for the SDK, which has none."""


def registry_answers() -> bool:
    """Whether pip can get anything: asked for one small package, without installing it."""
    call = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--no-cache-dir",
        "--dest",
        os.devnull + "x",
    ]
    with _folder() as folder:
        call[-1] = str(folder)
        ended = subprocess.run([*call, "msgspec"], capture_output=True, timeout=60, check=False)
    return ended.returncode == 0


@contextmanager
def _folder() -> Iterator[Path]:
    import tempfile

    with tempfile.TemporaryDirectory(prefix="chatd-trial-") as name:
        yield Path(name)


class Environment:
    """An empty virtual environment of one Python."""

    def __init__(self, folder: Path, python: str) -> None:
        self.folder = folder
        self.bin = folder / "env" / "bin"
        kept = {"PATH", "HOME", "LANG", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"}
        wanted = ("PIP_", "HTTP", "http", "NO_PROXY", "no_proxy")
        self.env = {k: v for k, v in os.environ.items() if k in kept or k.startswith(wanted)}
        self.env["CHATD_SERVER__PORT"] = str(free_port())  # and not the usual one, where something may run
        subprocess.run([python, "-m", "venv", str(folder / "env")], check=True, env=self.env, timeout=PATIENCE_S)

    def run(self, *call: str) -> str:
        """A program of the environment. Raises AssertionError with what it said if it fails."""
        ended = subprocess.run(
            [str(self.bin / call[0]), *call[1:]],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert ended.returncode == 0, f"{call}: {ended.stdout[-2000:]}{ended.stderr[-2000:]}"
        return ended.stdout

    def pip(self, *words: str) -> str:
        """pip, without its remarks about itself."""
        return self.run("python", "-m", "pip", "--disable-pip-version-check", *words)

    @property
    def packages(self) -> Path:
        """Its site-packages."""
        (found,) = (self.folder / "env" / "lib").glob("python*/site-packages")
        return found

    def distributions(self) -> set[str]:
        """What is installed, without what a new environment has."""
        names = {one["name"].lower().replace("_", "-") for one in json.loads(self.pip("list", "--format=json"))}
        return names - {"pip", "setuptools"}


def try_out(artifact: Path, python: str, folder: Path) -> Report:
    """Install, use, uninstall. Raises AssertionError for whatever is not as it should be."""
    environment = Environment(folder, python)
    sdk = artifact.name.startswith("chatd_client")
    began = time.perf_counter()
    environment.pip("install", "--quiet", str(artifact))
    install_s = time.perf_counter() - began
    environment.pip("check")
    installed = environment.distributions()
    size = sum(
        path.stat().st_size
        for path in environment.packages.rglob("*")
        if path.is_file() and not path.is_relative_to(environment.packages / "pip") and "__pycache__" not in path.parts
    )
    if sdk:
        environment.run("python", "-c", NO_SERVER)
        import_s, start_s = _best(environment, "python", "-c", "import chatd_client"), 0.0
    else:
        import_s, start_s = _best(environment, "chatd", "--help"), serve_and_greet(environment)
    native = not sdk and environment.run("python", "-c", NATIVE).strip() == "True"
    version = environment.run("python", "-c", "import platform; print(platform.python_version())").strip()
    uninstall(environment, "chatd-client" if sdk else "chatd")
    return Report(artifact.name, version, install_s, len(installed) - 1, size / 2**20, import_s, start_s, native)


def _best(environment: Environment, *call: str) -> float:
    times = []
    for _ in range(3):
        began = time.perf_counter()
        environment.run(*call)
        times.append(time.perf_counter() - began)
    return min(times)


def serve_and_greet(environment: Environment) -> float:
    """`chatd serve` answers /healthz, and takes a hello and a message with a token of `chatd token`."""
    began = time.perf_counter()
    server = subprocess.Popen(
        [str(environment.bin / "chatd"), "serve"],
        cwd=environment.folder,
        env=environment.env,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr is not None
    try:
        log = []
        url = ""
        for line in server.stderr:
            log.append(line)
            if line.startswith("{") and json.loads(line).get("event") == "serving":
                url = json.loads(line)["url"]
                break
        assert url, "".join(log)
        start_s = time.perf_counter() - began
        http = url.replace("ws://", "http://").removesuffix("/ws")
        with urllib.request.urlopen(f"{http}/healthz", timeout=10) as answer:  # noqa: S310 - our server's own http
            assert answer.status == 200
        with urllib.request.urlopen(f"{http}/", timeout=10) as page:  # noqa: S310 - the same
            assert b"chatd" in page.read()
        token = environment.run("chatd", "token", "ann").strip()
        assert environment.run("python", "-c", HELLO, url, token).startswith("u")
        assert "chatd" in environment.run("chatd", "--version")
        environment.run("chatd", "doctor", "--problems")
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=60)
    assert server.returncode == 0
    assert environment.run("chatd", "verify").strip().endswith("whole")
    return start_s


def uninstall(environment: Environment, name: str) -> None:
    """pip takes back all it brought: no module, no program, no metadata."""
    environment.pip("uninstall", "--quiet", "--yes", name)
    left = [path for path in environment.packages.glob("chatd*") if any(p.is_file() for p in path.rglob("*"))]
    assert left == [], f"uninstalling leaves {left}"
    assert not (environment.bin / "chatd").exists()


def pythons() -> list[str]:
    """Every Python from 3.11 on that is installed here: those of pyenv, and those by name."""
    found: dict[str, str] = {}
    candidates = sorted(Path.home().glob(".pyenv/versions/*/bin/python"), reverse=True)
    names = [shutil.which(name) for name in ("python3.11", "python3.12", "python3.13", "python3.14")]
    for candidate in [*map(str, candidates), *filter(None, names), sys.executable]:
        ask = "import sys; print('%d.%d' % sys.version_info[:2])"
        ended = subprocess.run([candidate, "-c", ask], capture_output=True, text=True, timeout=60, check=False)
        version = ended.stdout.strip()
        if ended.returncode == 0 and tuple(map(int, version.split("."))) >= (3, 11):
            found.setdefault(version, candidate)
    return [found[version] for version in sorted(found, key=lambda v: tuple(map(int, v.split("."))))]
