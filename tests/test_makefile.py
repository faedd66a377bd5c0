"""What `make` says, in the language that the environment asks for."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def said(*words: str, **locale: str) -> list[str]:
    """The lines of a call that knows of no other locale."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "MAKE"))}
    called = ["make", "--no-print-directory", *words]
    done = subprocess.run(
        called, cwd=ROOT, env=environ | locale, capture_output=True, text=True, timeout=60, check=True, encoding="utf-8"
    )
    return done.stdout.splitlines()


def test_each_verb_is_listed_in_the_readers_language() -> None:
    english, chinese = said("help", LANG="C.UTF-8"), said("help", LANG="zh_CN.UTF-8")
    assert [line[:15] for line in english] == [line[:15] for line in chinese]
    assert not [line for line in english if CHINESE.search(line) or not line[16:]]
    assert not [line for line in chinese if not CHINESE.search(line)]


@pytest.mark.parametrize(
    ("locale", "is_chinese"),
    [
        ({}, False),
        ({"LC_MESSAGES": "zh_CN.UTF-8", "LANG": "C"}, True),
        ({"LC_ALL": "C.UTF-8", "LANG": "zh_CN.UTF-8"}, False),
        ({"LC_ALL": "zh_TW.UTF-8"}, True),
    ],
)
def test_what_takes_long_is_said_in_the_readers_language(locale: dict[str, str], is_chinese: bool) -> None:
    told = [line for line in said("--dry-run", "--always-make", "venv", **locale) if "echo" in line]
    assert len(told) == 6
    assert all(bool(CHINESE.search(line)) is is_chinese for line in told)


@pytest.mark.parametrize(("locale", "words"), [("C.UTF-8", ".venv is ready"), ("zh_CN.UTF-8", ".venv 已就绪")])
def test_a_venv_that_is_there_is_said_to_be_ready(locale: str, words: str) -> None:
    assert said("--assume-old=pyproject.toml", "--assume-old=constraints.txt", "venv", LANG=locale) == [words]


def test_what_starts_the_demo_is_not_shown() -> None:
    (started,) = said("run", f"RUN={shlex.quote(sys.executable)} -c 'print(1)'", "ARGS=", LANG="zh_CN.UTF-8")
    assert started == "1"
