"""How a transaction fails, on any database. It imports none: who only has to say what went wrong needs none."""

from __future__ import annotations

from pathlib import Path


class StorageFull(Exception):
    """There was no room for the transaction; it was rolled back and nothing of it happened."""


class StoreLost(Exception):
    """The connection failed in a way that leaves the outcome of the transaction open: reopen and look.

    `damaged` is the file that turned out to be no database when it was opened.
    """

    def __init__(self, reason: str, damaged: Path | None = None) -> None:
        self.damaged = damaged
        super().__init__(reason)


class Contended(Exception):
    """The database gave this transaction up for the sake of another program's: nothing happened, it may be repeated."""
