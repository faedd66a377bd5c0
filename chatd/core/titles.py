"""How public groups are found by their title: the terms that a title is listed under, and those that a query asks for.

Chinese, Japanese and Korean have no spaces, so a run of them is cut into pairs of neighbours (and single characters,
for who types only one); words of other scripts are listed by their beginnings. A group is found if it is listed under
every term of the query.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from chatd.core.facts import Facts
from chatd.core.records import Record
from chatd.core.values import Group
from chatd_protocol.runs import runs_of

WORD_MAX: Final = 16
"""Longer words are told apart by so many of their characters."""


class GroupTerm(Record):
    """A public group that can be joined, under one term of its title."""

    table: ClassVar[str] = "group_terms"
    key_fields: ClassVar[int] = 2

    term: str
    group_id: str


def terms_of(title: str) -> set[str]:
    """Everything that a title can be found by."""
    terms: set[str] = set()
    for run, spaced in runs_of(title):
        if spaced:
            terms.update(run[:length] for length in range(1, min(len(run), WORD_MAX) + 1))
        else:
            terms.update(run)
            terms.update(_pairs(run))
    return terms


def terms_asked(text: str) -> set[str]:
    """What a title has to be listed under in order to answer a query; nothing if it names no word."""
    terms: set[str] = set()
    for run, spaced in runs_of(text):
        if spaced or len(run) == 1:
            terms.add(run[:WORD_MAX])
        else:
            terms.update(_pairs(run))
    return terms


def list_title(facts: Facts, group: Group) -> None:
    """The group can be found, if it is one that may be."""
    if group.kind == "public" and group.dissolved_at is None:
        for term in terms_of(group.title):
            facts.put(GroupTerm(term, group.id))


def unlist_title(facts: Facts, group: Group) -> None:
    """The group can no longer be found by the title that it has."""
    if group.kind == "public":
        for term in terms_of(group.title):
            facts.drop(GroupTerm, term, group.id)


def _pairs(run: str) -> Iterator[str]:
    return (run[at : at + 2] for at in range(len(run) - 1))
