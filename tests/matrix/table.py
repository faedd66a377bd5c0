"""Reads `table/`: what is right, as it was written down by hand. Must not know how anything is asked or answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

FOLDER: Final = Path(__file__).parent / "table"
COLUMNS: Final[Mapping[str, str]] = {
    "no": "none",
    "ex": "expired",
    "re": "revoked",
    "st": "stranger",
    "fo": "follows",
    "fd": "followed",
    "mu": "mutual",
    "in": "invited",
    "pe": "pending",
    "ba": "banned",
    "ki": "kicked",
    "fm": "former",
    "rs": "restricted",
    "si": "silent",
    "me": "member",
    "ad": "admin",
    "ow": "owner",
    "op": "operator",
}
CALLERS: Final = tuple(COLUMNS.values())
LOCKED_OUT: Final = CALLERS[:3]
OUTSIDE: Final = CALLERS[3:12]
INSIDE: Final = CALLERS[12:17]
PEOPLE: Final = OUTSIDE + INSIDE
OPERATOR: Final = CALLERS[17]
VERDICTS: Final[Mapping[str, str]] = {
    "ok": "ok",
    "no": "not there",
    "in": "added",
    "pe": "pending",
    "al": "already",
    "bn": "banned",
    "kk": "kicked",
    "as": "asked",
    "oo": "opted_out",
    "nm": "not_mutual",
    "ws": "wrong_state",
    "ua": "unauthenticated",
    "rv": "revoked",
    "nf": "not_found",
    "fb": "forbidden",
    "iv": "invalid",
    "gn": "gone",
    "rs": "restricted",
    "dc": "already_decided",
    "os": "owner_must_stay",
    "ii": "invite_invalid",
    "ni": "no_item",
    "ns": "no_section",
    "ci": "code_invalid",
    "uo": "unknown_op",
    "tk": "taken",
    "ro": "read_only",
    "bo": "bots_only",
    "pn": "not_for_bots",
    "nb": "no_button",
}
NO_CASE: Final = "--"
_GROUPS: Final = (LOCKED_OUT, OUTSIDE, INSIDE, (OPERATOR,))


class BadTable(Exception):
    """The table is not as it has to be; the text says where."""


class Row(NamedTuple):
    """One line: what each caller gets for this object, None where there is no such case, which `why` explains."""

    what: str
    of: str
    verdicts: Mapping[str, str | None]
    why: str


Table = Mapping[str, Mapping[str, Row]]
"""By op, route or act, and by object."""


def read_table(folder: Path = FOLDER) -> Table:
    """All of it. Raises `BadTable`."""
    table: dict[str, dict[str, Row]] = {}
    for path in sorted(folder.glob("*.txt")):
        for row in _read(path):
            rows = table.setdefault(row.what, {})
            if row.of in rows:
                raise BadTable(f"{path.name}: `{row.what}` has two lines for `{row.of}`")
            rows[row.of] = row
    return table


def count_cells(table: Table) -> int:
    """Those that there is a case for."""
    return sum(
        verdict is not None for rows in table.values() for row in rows.values() for verdict in row.verdicts.values()
    )


def _read(path: Path) -> Iterator[Row]:
    what = ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        text = line.partition("#")[0].rstrip()
        if not text:
            continue
        if not text.startswith(" "):
            what = text
            continue
        try:
            yield _row(what, text)
        except (BadTable, KeyError) as problem:
            raise BadTable(f"{path.name}, line {number}: {problem}") from None


def _row(what: str, text: str) -> Row:
    cells, _, why = text.partition(" : ")
    of, *rest = cells.split(None, 1)
    groups = [part.split() for part in rest[0].split("|")] if rest else []
    if not what or [len(group) for group in groups] != [len(group) for group in _GROUPS]:
        raise BadTable(f"expected {len(CALLERS)} verdicts in {len(_GROUPS)} groups")
    codes = [code for group in groups for code in group]
    verdicts = {who: None if code == NO_CASE else VERDICTS[code] for who, code in zip(CALLERS, codes, strict=True)}
    missing = [who for who, verdict in verdicts.items() if verdict is None]
    if missing and not why and not (missing == [OPERATOR] and is_op(what)):
        raise BadTable("a cell without a case needs its reason behind a colon")
    return Row(what, of, verdicts, why)


def is_act(what: str) -> bool:
    """Whether a section is about an act of the operator."""
    return what.startswith("act ")


def is_op(what: str) -> bool:
    """Whether a section is about an op, and not a route or an act."""
    return " " not in what
