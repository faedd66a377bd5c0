"""The benchmark of search in small: its texts are always the same, its truth is true, and what is wrong gives no
figures."""

from __future__ import annotations

from pathlib import Path

import pytest
import uvloop

from bench.rows import Invalid
from bench.search_run import PAGE, Case, check_page, percentile, run_case, scopes_of
from bench.search_seed import seed_texts
from bench.search_texts import FIRST, Texts, read_truth
from bench.seed import group_id

SMALL = Texts(600, 12)


def test_the_texts_are_the_same_every_time_and_half_of_them_chinese() -> None:
    said = list(SMALL)
    assert [(one.group, one.pos, one.text) for one in said] == [
        (one.group, one.pos, one.text) for one in Texts(600, 12)
    ]
    assert sum(not one.text.isascii() for one in said) == 300
    for group in range(12):
        positions = [one.pos for one in said if one.group == group]
        assert positions == list(range(FIRST + 1, FIRST + 1 + len(positions)))


def test_the_truth_is_where_the_words_stand() -> None:
    said, truth = list(SMALL), read_truth(SMALL)
    kinds = {kind.name: kind.words for kind in SMALL.kinds()}
    for name, words in kinds.items():
        for word in words[:5]:
            parts = word.split()
            there = [
                (one.group, one.pos)
                for one in said
                if all(part in (one.text.split() if part.isascii() else one.text) for part in parts)
            ]
            assert truth.places[word] == there, (name, word)
    assert (
        truth.newest(kinds["2 characters, common"][0], None, 3)
        == truth.places[kinds["2 characters, common"][0]][:-4:-1]
    )
    assert not any(truth.places[word] for word in kinds["found nowhere"])


def test_a_share_of_all_times() -> None:
    assert [percentile([float(n) for n in range(1, 101)], share) for share in (0.5, 0.99, 1.0)] == [50, 99, 100]


@pytest.mark.relaxed_durability
def test_a_run_has_figures_only_if_everything_is_found(store_url: str, tmp_path: Path) -> None:
    seed_texts(store_url, SMALL)
    truth = read_truth(SMALL)
    case = Case(store_url, tmp_path, SMALL, truth, queries=2, rate=50, seconds=0.5)
    figures = uvloop.run(run_case(case))
    assert figures["searches whose newest page is as the texts say"] == 2 * 4 * len(SMALL.kinds())
    assert figures["hits on these pages"] > 50
    assert min(value for name, value in figures.items() if "hits" not in name) > 0
    scope, word = scopes_of(case)[0], SMALL.kinds()[0].words[0]
    right = [(group_id(group), pos) for group, pos in truth.newest(word, scope.groups, PAGE)]
    check_page(case, scope, word, right)
    for wrong in (right[1:], [*right, right[0]], right[::-1]):
        with pytest.raises(Invalid, match="should be"):
            check_page(case, scope, word, wrong)
