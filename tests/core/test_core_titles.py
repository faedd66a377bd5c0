"""What a public group is found by."""

from __future__ import annotations

import pytest

from chatd.core.dissolution import Disband
from chatd.core.groups import CreateGroup, UpdateGroup
from chatd.core.titles import GroupTerm, terms_asked, terms_of
from tests.core.world import DIGEST, World


@pytest.mark.parametrize(
    ("title", "query", "found"),
    [
        ("石榴哥粉丝群", "粉丝", True),
        ("石榴哥粉丝群", "哥", True),
        ("石榴哥粉丝群", "石榴哥", True),
        ("石榴哥粉丝群", "丝粉", False),
        ("石榴哥粉丝群", "榴粉", False),
        ("Weekend Rides", "rid", True),
        ("Weekend Rides", "RIDES week", True),
        ("Weekend Rides", "ides", False),
        ("Weekend Rides", "rides!", True),
        ("Ｗｅｅｋｅｎｄ 骑行", "weekend 骑行", True),
        ("weekend骑行", "ＷＥＥＫＥＮＤ", True),
        ("Straße", "STRASSE", True),
        ("ﾃﾞｰﾀ", "データ", True),
        ("B站up主", "up", True),
        ("B站up主", "站 b", True),
        ("B站up主", "b站", True),
        ("Ångström", "ångs", True),
        ("abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuv", True),
    ],
)
def test_a_title_is_found_if_it_has_every_term_of_the_query(title: str, query: str, found: bool) -> None:
    assert (terms_asked(query) <= terms_of(title)) == found


@pytest.mark.parametrize("query", ["!!!", " ", "👍", "—·—"])
def test_a_query_without_words_asks_for_nothing(query: str) -> None:
    assert terms_asked(query) == set()


def test_the_longest_title_has_a_bounded_number_of_terms() -> None:
    assert len(terms_of("群" * 40 + "组" * 40)) <= 160
    assert len(terms_of("x" * 80)) == 16


def public(world: World, kind: str = "public") -> None:
    world.people("ann")
    world.act(CreateGroup("ann", world.cid(), DIGEST, "g", "Tea 茶", "", "none", None, kind))


def listed(world: World) -> set[str]:
    terms = terms_of("Tea 茶 Coffee")
    return {term for term in terms if world.facts.records._rows.get((GroupTerm, (term, "g")))}


def test_a_public_group_is_listed_under_its_title_as_it_is_now() -> None:
    world = World(public_group_limit_default=500)
    public(world)
    assert (world.group("g").member_limit, world.group("g").settings) == (500, {"entry": "open"})
    assert listed(world) == terms_of("Tea 茶")
    world.act(UpdateGroup("ann", world.cid(), DIGEST, "g", "Coffee", None, None, None))
    assert listed(world) == terms_of("Coffee")
    world.act(Disband("g"))
    assert listed(world) == set()


def test_a_private_group_is_never_listed() -> None:
    world = World()
    public(world, "private")
    world.act(UpdateGroup("ann", world.cid(), DIGEST, "g", "Coffee", None, None, None))
    assert listed(world) == set()
    assert world.group("g").settings == {}


@pytest.mark.promise("P8", "limits.public_group_limit_max")
def test_public_groups_have_a_limit_of_their_own_and_can_be_forbidden() -> None:
    world = World(public_group_limit_max=2000, group_limit_max=100)
    public(world)
    world.act(UpdateGroup("ann", world.cid(), DIGEST, "g", None, None, None, 2000))
    refusal = world.refuse(UpdateGroup("ann", world.cid(), DIGEST, "g", None, None, None, 2001))
    assert (refusal.code, refusal.details) == ("limit", {"bound": "public_group_limit_max", "max": 2000})
    other = World(public_groups=False)
    other.people("ann")
    wish = CreateGroup("ann", other.cid(), DIGEST, "g", "Tea", "", "none", None, "public")
    assert other.refuse(wish).code == "forbidden"
