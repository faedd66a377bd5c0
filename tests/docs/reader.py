"""Somebody who does what a page says, from top to bottom, in an empty folder with a `.venv` in it.

A server is left running until the next one, or until it must be off. Lines that begin with `make` are looked up in the
Makefile instead, for they would run this very suite; a `make run` that stays is the demo.
"""

from __future__ import annotations

import re
import shlex
import shutil
import signal
import sys
import tomllib
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Final

from chatd.cli.language import LOCALES, Lang
from chatd.config import load
from tests.demo.house import Program, started
from tests.docs.blocks import ROOT, Block, logical_lines
from tests.docs.checks import CHECKS
from tests.ports import free_port

PORTS: Final = ("8080", "8081", "9099")
SAVED: Final = re.compile(r"(?:#|//) ([\w./-]+\.\w+)\n")
"""The first line of a block that is saved as a file."""
TOOLS: Final = ("node", "go", "curl", "openssl")
"""Programs that a machine may lack; lines that need one are then left out, and the test says so."""
SHOWN: Final = "…"


def make_folder(folder: Path) -> None:
    """A folder like a clone after `make venv`, as far as the lines of a page need it."""
    (folder / ".venv" / "bin").mkdir(parents=True)
    for name in ("protocol", "clients", "chatd.toml.example"):
        if (ROOT / name).exists():
            (folder / name).symlink_to(ROOT / name)
    for name, module in (("python", ""), ("chatd", "-m chatd ")):
        script = folder / ".venv" / "bin" / name
        script.write_text(f'#!/bin/sh\nexec {sys.executable} {module}"$@"\n')
        script.chmod(0o755)


class Reader:
    """One reader of one page, at a machine that speaks the language of the page."""

    def __init__(self, folder: Path, stack: AsyncExitStack, lang: Lang) -> None:
        self._folder = folder
        self._stack = stack
        self._ports = {port: str(free_port()) for port in PORTS}
        self._environ = {
            "CHATD_SERVER__PORT": self._ports["8080"],
            "PYTHONUNBUFFERED": "1",
            "LC_ALL": LOCALES[lang],
        }
        self._shell: list[str] = []
        """Assignments and the like, which later lines of the same terminal still see."""
        self._where = Path()
        """The folder below that of the page into which that terminal has gone."""
        self._server: Program | None = None
        self._staying: list[Program] = []
        self._saved: dict[str, int] = {}
        """Files that a block made and nothing has used yet, with the line of the block."""
        self._last: list[str] = []
        """What the block before has shown."""
        self.ran: list[str] = []
        self.left_out: list[str] = []

    def put(self, text: str) -> str:
        """With ports that are free here."""
        for port, free in self._ports.items():
            text = re.sub(rf"(?<!\d){port}(?!\d)", free, text)
        return text

    async def read(self, block: Block) -> None:
        """Do what this block is for. Raises AssertionError if that cannot be done, or if nobody says what it is for."""
        if block.check is not None:
            CHECKS[block.check](self.put(block.text), self._folder)
        elif block.language == "sh":
            await self._shell_block(block)
        elif saved := SAVED.match(block.text):
            self._save(saved[1], block)
        elif block.language == "toml":
            self._try_settings(block.text)
        elif block.language == "text":
            self._compare(block)
        else:
            raise AssertionError(f"line {block.line}: a block of {block.language or 'nothing'} that nobody tries")

    def _save(self, name: str, block: Block) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.put(block.text), encoding="utf-8")
        if name == "chatd.toml":
            self._try_settings(block.text)
        else:
            self._saved[name] = block.line

    def _try_settings(self, text: str) -> None:
        """Settings are settings of this version. Files that they name need not be there."""
        assert tomllib.loads(text), "an empty file of settings"
        path = self._folder / "settings-of-the-page.toml"
        path.write_text(text, encoding="utf-8")
        load(path, {})

    def _compare(self, block: Block) -> None:
        """Each line was shown by the block before, in this order; what varies is written as …"""
        rest = iter(self._last)
        for line in block.text.splitlines():
            wanted = ".*".join(map(re.escape, self.put(line).rstrip().split(SHOWN)))
            found = any(re.fullmatch(wanted, shown.rstrip()) for shown in rest)
            assert found, (f"line {block.line}: {line!r} was not shown", self._last)

    async def _shell_block(self, block: Block) -> None:
        self._last = []
        lines = list(logical_lines(block.text))
        for number, line in enumerate(lines, 1):
            self._used_by(line)
            await self._line(line, block, block.status if number == len(lines) else 0)
        if block.stays or "chatd serve" in block.text:
            self._shell, self._where = (
                [],
                Path(),
            )  # That terminal is taken now; the next lines are typed into another one.

    def _used_by(self, text: str) -> None:
        """What a line names, or a program that it runs imports or reads, was not written for nothing."""
        for name in list(self._saved):
            stem = name.removesuffix(".py")
            if name in self._saved and re.search(rf"(?<![\w.])({re.escape(name)}|(from|import) {stem})\b", text):
                del self._saved[name]
                self._used_by((self._folder / name).read_text(encoding="utf-8"))

    async def _line(self, line: str, block: Block, status: int) -> None:
        self.ran.append(line)
        missing = [tool for tool in TOOLS if re.search(rf"(^|[|$(; ]){tool} ", line) and shutil.which(tool) is None]
        if missing:
            self.left_out.append(f"{missing[0]}: {line}")
        elif gone := re.fullmatch(r"cd ([\w./-]+)", line):
            self._where = self._where / gone[1]
            assert (self._folder / self._where).is_dir(), line
        elif line.startswith("make run") and block.stays is not None:
            await self._stay(_demo(line), block.stays)
        elif line.startswith("make "):
            assert re.search(rf"^{line.split()[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE), line
        elif re.search(r"chatd serve", line):
            await self._serve(line)
        elif block.stays is not None:
            await self._stay(line, block.stays)
        else:
            if re.search(r"chatd (verify|migrate|restore)", line):
                await self.stop()
            await self._run(line, status)

    async def _stay(self, line: str, shows: str) -> None:
        program = await self._stack.enter_async_context(self._started(line))
        self._last.append(await program.sees(shows))
        self._staying.append(program)

    async def _serve(self, line: str) -> None:
        await self.stop()
        self._server = await self._stack.enter_async_context(self._started(f"env {line}"))
        await self._server.sees("serving", "://")

    def _started(self, line: str) -> AbstractAsyncContextManager[Program]:
        return started(self.put(line), self._folder / self._where, self._environ)

    async def _run(self, line: str, wanted: int) -> None:
        line = self.put(line)
        script = "\n".join(["set -eu", *self._shell, line])
        assigned = re.match(r"(\w+)=(\$\(.*\)|\S*)$", line, re.DOTALL)
        if assigned:
            script += f'\nprintf %s "${assigned[1]}" > {shlex.quote(str(self._folder / "value"))}'
        elif re.match(r"umask |export ", line):
            self._shell.append(line)
        (self._folder / "line.sh").write_text(script + "\n", encoding="utf-8")
        command = f"sh {shlex.quote(str(self._folder / 'line.sh'))}"
        async with started(command, self._folder / self._where, self._environ) as program:
            try:
                status = await program.ends()
            except TimeoutError:
                raise AssertionError(f"does not end: {line}") from None
        assert status == wanted, (line, program.shown)
        if assigned:
            self._shell.append(f"{assigned[1]}={shlex.quote((self._folder / 'value').read_text(encoding='utf-8'))}")
        self.ran += program.shown
        self._last += program.shown

    async def stop(self) -> None:
        """End the server as an operator does."""
        if self._server is not None:
            assert await self._server.ends(signal.SIGTERM) == 0, self._server.shown
            self._server = None

    async def close(self) -> None:
        """End what goes on; nothing that the page saved is without use."""
        for program in reversed(self._staying):
            assert await program.ends(signal.SIGINT) in {0, -signal.SIGINT, 130}, program.shown
        await self.stop()
        assert self._saved == {}, "saved, and nothing runs it"


def _demo(line: str) -> str:
    """What `make run ARGS="…"` does, once `.venv` is there."""
    return f"{sys.executable} -m chatd.demo {line.partition('ARGS=')[2].strip(chr(34))}"


async def read_page(blocks: list[Block], folder: Path, lang: Lang = "en") -> Reader:
    """Read a page to its end."""
    make_folder(folder)
    async with AsyncExitStack() as stack:
        reader = Reader(folder, stack, lang)
        for block in blocks:
            await reader.read(block)
        await reader.close()
    return reader
