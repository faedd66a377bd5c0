"""The operator's hook that is a program: what counts is how it ends, not whether it read what it was given."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import uvloop

from chatd.outbound import Unreachable
from chatd.service.delivery import by_command

MESSAGE = b"{}" * 100_000
"""More than a pipe holds: it cannot be written before somebody reads it."""


async def run(*words: str) -> None:
    await by_command(" ".join(words), 10)(MESSAGE)


def test_a_program_gets_the_whole_message(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    uvloop.run(run("sh", "-c", f"'cat > {kept}'"))
    assert kept.read_bytes() == MESSAGE


def test_a_program_that_does_not_read_has_done_what_it_says() -> None:
    uvloop.run(run("true"))
    with pytest.raises(Unreachable, match="status 1"):
        uvloop.run(run("false"))


def test_a_program_that_closes_its_input_and_goes_on_is_waited_for(tmp_path: Path) -> None:
    done = tmp_path / "done"
    code = f"import os;os.close(0);open({str(done)!r},'w').close()"
    uvloop.run(run(sys.executable, "-c", f'"{code}"'))
    assert done.exists()
