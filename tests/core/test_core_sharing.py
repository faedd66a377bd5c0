"""Who learns of whom how far they have read, and that they are here."""

from __future__ import annotations

from typing import Any

import pytest

from chatd.core.sharing import Circle

ON: dict[str, Any] = {"receipts": True}


def circle(ann: dict[str, Any], ben: dict[str, Any], **edges: set[tuple[str, str]]) -> Circle:
    return Circle({"ann": ann, "ben": ben}, edges.get("follows", set()), edges.get("blocks", set()))


def test_receipts_are_seen_among_those_who_show_theirs() -> None:
    assert circle(ON, ON).shows_reads("ann", "ben")
    for ann, ben in ((ON, {}), ({}, ON), ({}, {}), (ON, {"receipts": False})):
        assert not circle(ann, ben).shows_reads("ann", "ben")
        assert not circle(ann, ben).shows_reads("ben", "ann")


@pytest.mark.parametrize("edge", [("ann", "ben"), ("ben", "ann")])
def test_a_block_hides_each_from_the_other(edge: tuple[str, str]) -> None:
    everybody = ON | {"last_seen": "everybody"}
    mine = circle(everybody, everybody, blocks={edge})
    for one, other in (("ann", "ben"), ("ben", "ann")):
        assert not mine.shows_reads(one, other)
        assert not mine.shows_presence(one, other)


def test_presence_is_shown_as_its_person_chose() -> None:
    both = {("ann", "ben"), ("ben", "ann")}
    assert circle({"last_seen": "everybody"}, {}).shows_presence("ann", "ben")
    assert not circle({"last_seen": "nobody"}, {}, follows=both).shows_presence("ann", "ben")
    for chosen in ({}, {"last_seen": "mutual"}):
        assert circle(chosen, {}, follows=both).shows_presence("ann", "ben")
        assert not circle(chosen, {}, follows={("ann", "ben")}).shows_presence("ann", "ben")
        assert not circle(chosen, {}, follows={("ben", "ann")}).shows_presence("ann", "ben")
    assert not circle({"last_seen": "a later word"}, {}, follows=both).shows_presence("ann", "ben")


def test_nothing_is_shown_of_or_to_who_is_not_known() -> None:
    mine = Circle({"ann": ON | {"last_seen": "everybody"}}, set(), set())
    assert not mine.shows_reads("ann", "ben")
    assert not mine.shows_reads("ben", "ann")
    assert not mine.shows_presence("ben", "ann")
