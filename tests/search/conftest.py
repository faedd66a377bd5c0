"""A log and an index in a database of each kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.search.kit import Library, library


@pytest.fixture
def books(store_url: str, tmp_path: Path) -> Iterator[Library]:
    """A group "tea" of ann and ben, and an index that takes three entries at a time."""
    with library(store_url, tmp_path) as opened:
        opened.store.people("ann", "ben")
        opened.store.found("tea", "ann", "ben")
        yield opened
