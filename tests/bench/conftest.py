"""The compiled load generator, for the tests of the benchmark. Without a C compiler they are skipped, and say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import machine
from bench.generator import NoCompiler, compile_generator
from bench.rows import Bench


@pytest.fixture(scope="session")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return compile_generator(tmp_path_factory.mktemp("generator"))
    except NoCompiler as missing:
        pytest.skip(str(missing))


@pytest.fixture
def short_bench(generator: Path, tmp_path: Path) -> Bench:
    """A benchmark whose runs take a fraction of a second."""
    return Bench(generator, tmp_path, machine.choose_cores(), warm_s=0.1, measured_s=0.3, drain_s=0.5)
