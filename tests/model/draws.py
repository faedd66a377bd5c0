"""What is drawn for a step, and where the stores of a run lie: what every form of the state machine has in common."""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from pathlib import Path

from hypothesis import strategies as st

from chatd.store import migrate
from tests.model.acts import OLD, THEMES
from tests.model.play import DEVICES

SMALL = st.integers(0, 30)
ACT = st.tuples(st.sampled_from(sorted(OLD)), SMALL, SMALL, SMALL)
TALKS = ("send", "send", "send", "reply", "reply", "edit", "edit", "react", "react", "unreact", "recall")
MOVES = ("add", "add", "add", "leave", "kick", "kick", "role", "update", "send", "unfollow", "follow")
TALK = st.tuples(st.sampled_from(TALKS), SMALL, SMALL, SMALL)
MOVE = st.tuples(st.sampled_from(MOVES), SMALL, SMALL, SMALL)
THEME = st.tuples(st.integers(0, 59).map(str), SMALL, SMALL, SMALL)
"""An act of what this run is about: the number picks it among those of its themes."""
BATCH = st.lists(ACT | TALK | MOVE | THEME, min_size=1, max_size=6)
PAIR = st.tuples(st.integers(0, 3), st.integers(0, 3))
DEVICE = st.integers(0, len(DEVICES) - 1)
BACK = st.lists(st.booleans(), min_size=len(DEVICES), max_size=len(DEVICES))
LOOKS = (0, 1, len({person for person, _ in DEVICES}))
STEPS_MS = (1, 1000, 100_000, 130_000, -5000, 90_000_000)
WAYS = ("open", "close", "read", "read", "draft")
FROM_OUTSIDE = {"invites", "pulls", "requests", "public", "bans", "sections", "notices"}
"""Themes for which somebody has to be out at first."""
WITH_ITEMS = {"cards", "search", "sections"}
"""Themes in which items of the catalogue are shown."""
HEADS_S = 30.0
NAMING = ("group.create", "invite.create", "contact.accept")
"""Commands that are answered with an id that the server made up."""
ABOUT: list[str] = []
"""The themes of every run, if somebody said which."""
CHOSEN = st.lists(st.sampled_from(sorted(THEMES)), min_size=1, max_size=2, unique=True).map(
    lambda drawn: ABOUT or drawn
)
Drawn = tuple[str, int, int, int]


def opening(themes: Collection[str]) -> list[Drawn]:
    """What is done first in the first group."""
    drawn: list[Drawn] = [("add", 0, 1, 1), ("send", 0, 0, 0), ("send", 1, 0, 0)]
    drawn += [("section", 0, 0, 0), ("section", 0, 0, 3)] if "sections" in themes else []
    drawn += [("bring", 0, 0, 0)] if "bots" in themes else []
    return drawn + ([("minds", 0, 0, 0)] if "fans" in themes else [])


MEMORY = Path("/dev/shm")
FOLDER = str(MEMORY) if MEMORY.is_dir() else None
"""Where the stores lie: nothing here hangs on a disk, and thousands of runs would wait for it."""

_template: list[Path] = []


def template() -> Path:
    """An empty store at the newest revision, made once."""
    if not _template:
        path = Path(tempfile.mkdtemp(prefix="chatd-model-", dir=FOLDER)) / "empty.db"
        migrate.migrate(f"sqlite:///{path}")
        _template.append(path)
    return _template[0]
