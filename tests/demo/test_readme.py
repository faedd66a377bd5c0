"""Both READMEs do what they say: every line for a shell runs, every program, every setting; every path is there.

The lines of a README are run in order, as a reader would, in an empty folder with a `.venv` in it. Lines that begin
with `make` are looked up in the Makefile instead: they would run this very suite.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from chatd.cli import app
from chatd.config import load
from tests.demo.house import ROOT, Program, started
from tests.demo.test_demo import free_port

READMES = ["README.md", "README.zh-CN.md"]
PYTHON_FILE = re.compile(r"# (\w+\.py)\n")
PORTS = ("8080", "8081")
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="the example is a program for Node")


def blocks_of(readme: str) -> list[tuple[str, str]]:
    """Language and text of each fenced block, in order."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def make_folder(folder: Path) -> None:
    """A folder like a clone after `make venv`, as far as the lines of a README need it."""
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / "protocol").symlink_to(ROOT / "protocol")
    for name, module in (("python", ""), ("chatd", "-m chatd ")):
        script = folder / ".venv" / "bin" / name
        script.write_text(f'#!/bin/sh\nexec {sys.executable} {module}"$@"\n')
        script.chmod(0o755)


class Reader:
    """Somebody who does what the README says. A server is left running until the next one, or until it must be off."""

    def __init__(self, folder: Path, stack: AsyncExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._ports = {port: str(free_port()) for port in PORTS}
        self._environ = {"CHATD_SERVER__PORT": self._ports["8080"]}
        self._shell: list[str] = []
        """Assignments and the like, which later lines of the block still see."""
        self._server: Program | None = None
        self.ran: list[str] = []

    def put(self, text: str) -> str:
        """With ports that are free here."""
        for port, free in self._ports.items():
            text = text.replace(port, free)
        return text

    def begin_block(self) -> None:
        """As in a new terminal."""
        self._shell = ["set -eu"]

    async def run_line(self, line: str) -> None:
        self.ran.append(line)
        if line.startswith("make "):
            assert re.search(rf"^{line.split()[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE), line
        elif "chatd serve" in line:
            await self._serve(line)
        else:
            if re.search(r"chatd (verify|migrate)", line):
                await self.stop()
            await self._run(line)

    async def _serve(self, line: str) -> None:
        await self.stop()
        words = line.split(".venv", 1)
        line = f"env {words[0]}.venv{words[1]}"
        self._server = await self._stack.enter_async_context(started(self.put(line), self._folder, self._environ))
        await self._server.sees("serving", "ws://127.0.0.1:")

    async def _run(self, line: str) -> None:
        line = self.put(line)
        script = "\n".join([*self._shell, line])
        if re.match(r"\w+=|umask", line):
            self._shell.append(line)
        path = self._folder / "line.sh"
        path.write_text(script + "\n", encoding="utf-8")
        async with started("sh line.sh", self._folder, self._environ) as program:
            status = await program.ends()
        assert status == 0, (line, program.shown)
        self.ran += program.shown

    async def stop(self) -> None:
        if self._server is not None:
            assert await self._server.ends(signal.SIGTERM) == 0, self._server.shown
            self._server = None


@needs_node
@pytest.mark.parametrize("readme", READMES)
def test_every_line_and_program_of_the_readme_runs(readme: str, tmp_path: Path) -> None:
    make_folder(tmp_path)

    async def scenario() -> list[str]:
        async with AsyncExitStack() as stack:
            reader = Reader(tmp_path, stack)
            for language, text in blocks_of(readme):
                if language == "python":
                    name = PYTHON_FILE.match(text)
                    assert name, "a program says in its first line where it is saved"
                    (tmp_path / name[1]).write_text(reader.put(text), encoding="utf-8")
                reader.begin_block()
                for line in text.splitlines() if language == "sh" else ():
                    if not line.startswith("#"):
                        await reader.run_line(line)
            await reader.stop()
            return reader.ran

    ran = asyncio.run(scenario())
    assert "2: hello, 你好" in ran
    assert [line for line in ran if line.startswith("ok: cut at")]
    assert "whole" in ran
    assert (tmp_path / "ann.token").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("readme", READMES)
def test_every_block_is_of_a_kind_that_is_tried(readme: str) -> None:
    assert {language for language, _ in blocks_of(readme)} == {"sh", "toml", "python", ""}
    assert [text for language, text in blocks_of(readme) if not language and "protocol/" not in text] == []


@pytest.mark.parametrize("readme", READMES)
def test_every_setting_of_the_readme_is_one(readme: str, tmp_path: Path) -> None:
    for language, text in blocks_of(readme):
        if language == "toml":
            (tmp_path / "chatd.toml").write_text(text, encoding="utf-8")
            assert load(tmp_path / "chatd.toml", {}).auth.jwt_algorithm == "ES256"


@pytest.mark.parametrize("readme", READMES)
def test_every_path_and_place_that_the_readme_names_is_there(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    links = {link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link}
    named = set(re.findall(r"`((?:tests|docs|protocol|chatd|bench|clients)/[\w./-]+)`", text)) - {"bench/results"}
    assert len(links) > 8
    assert len(named) > 10
    missing = [path for path in links | named if not (ROOT / path).exists()]
    assert missing == []
    headings = {heading.lower().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= headings


@pytest.mark.parametrize("readme", READMES)
def test_the_table_of_commands_is_complete(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `chatd (\w+)` \|", text, re.MULTILINE))
    names = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    assert listed == names | {group.name for group in app.registered_groups}


def test_both_readmes_show_the_same_lines() -> None:
    def lines(readme: str) -> list[str]:
        text = "\n".join(text for language, text in blocks_of(readme) if language in {"sh", "toml", "python"})
        kept = [line for line in text.splitlines() if not line.startswith("#")]
        return [re.sub(r"Ann|小安|Friends|朋友| --lang zh", "…", line).replace("…", "") for line in kept]

    assert lines(READMES[0]) == lines(READMES[1])


def test_the_picture_shows_a_refusal_and_loads_nothing() -> None:
    picture = (ROOT / "docs" / "img" / "chat.svg").read_text(encoding="utf-8")
    assert "://" not in picture.replace("http://www.w3.org/2000/svg", "")
    assert "(not_mutual)" in picture
