"""The judge, on presses of buttons: an honest history has no violation, and each kind of lie has its name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chaos.checker import check
from tests.chaos.history import Attempt, Connection, History, Mine, MineRow
from tests.chaos.lies import Lie, Lies
from tests.chaos.test_beside import acked
from tests.chaos.test_checker import ANN, G, honest, promises

EVE = "u-eve"


def row(upos: int, who: str, button: str) -> MineRow:
    return MineRow(upos, 1100 + upos, "pressed", G, 9, {"by": who, "button": button})


def press(who: str, button: str, sent: int) -> Attempt:
    attempt = acked("menu.press", {"pos": 9, "button": button}, sent, pos=9, button=button)
    attempt.data["cid"] = f"cid-{who}-{button}-{sent}"
    return attempt


def pressed() -> History:
    """Ann's program said 9: she is told that Eve pressed one button and then another, and she herself one between."""
    history = honest()
    history.truth.mine[ANN] += [row(2, EVE, "yes"), row(3, ANN, "yes"), row(4, EVE, "no")]
    history.truth.users |= {ANN: 4, EVE: 0}
    history.truth.mine[EVE], history.truth.mine_floor[EVE] = [], 0
    hello: dict[str, Any] = {"epoch": "e", "mine": 0, "groups": []}
    attempts = [press(EVE, "yes", 200), press(EVE, "no", 220)]
    history.connections.append(Connection(EVE, "phone", {}, hello, [], attempts))
    history.connections[0].attempts.append(press(ANN, "yes", 210))
    return history


def shown(one: MineRow) -> dict[str, Any]:
    return {"upos": one.upos, "at": one.at, "kind": one.kind, "group": one.group, "pos": one.pos} | one.body


def test_an_honest_history_of_presses_has_no_violation() -> None:
    assert check(pressed()) == []


def test_what_was_cut_off_the_own_log_counts_where_somebody_was_told_of_it() -> None:
    history = pressed()
    rows = history.truth.mine[ANN]
    asked = {"epoch": "e", "mine": [1, 1001]}
    told = Mine(1, tuple(shown(one) for one in rows[1:3]), None)
    first = Mine(0, ({"upos": 1, "at": 1001, "kind": "added", "group": G, "pos": 1},), None)
    new = {"epoch": "e", "mine": 0, "groups": []}
    history.connections.append(Connection(ANN, "desk", {}, new, [first]))
    history.connections.append(Connection(ANN, "desk", asked, new | {"mine": 1}, [told]))
    history.truth.mine[ANN], history.truth.mine_floor[ANN] = rows[3:], 3
    assert "lost" not in promises(history)
    history.connections[0].attempts.append(press(ANN, "never", 230))
    assert "lost" in promises(history)


lie = Lies()


@lie("lost")
def a_press_is_not_in_the_log(history: History) -> None:
    history.truth.mine[ANN].pop()
    history.truth.users[ANN] = 3


@lie("lost")
def a_press_is_told_of_another_button(history: History) -> None:
    history.truth.mine[ANN][3] = row(4, EVE, "later")


@lie("lost")
def a_press_is_told_of_another_person(history: History) -> None:
    history.truth.mine[ANN][3] = row(4, ANN, "no")


@lie("lost")
def a_press_was_of_what_nobody_said(history: History) -> None:
    for key in ("data", "ok"):
        getattr(history.connections[2].attempts[1], key)["pos"] = 10


@lie("doubled")
def a_press_is_told_twice(history: History) -> None:
    history.truth.mine[ANN].append(row(5, EVE, "no"))
    history.truth.users[ANN] = 5


@lie("doubled")
def a_press_was_nobodys(history: History) -> None:
    history.truth.mine[ANN].append(row(5, ANN, "no"))
    history.truth.users[ANN] = 5


@lie("order")
def a_later_press_stands_before_an_earlier_one(history: History) -> None:
    history.truth.mine[ANN][1:4] = [row(2, EVE, "no"), row(3, ANN, "yes"), row(4, EVE, "yes")]


@lie("ack")
def the_answer_names_another_button(history: History) -> None:
    assert history.connections[2].attempts[1].ok is not None
    history.connections[2].attempts[1].ok["button"] = "yes"


@pytest.mark.parametrize(("promise", "tell"), lie.told, ids=lie.names)
def test_a_lie_about_presses_is_called_by_its_name(promise: str, tell: Lie) -> None:
    history = pressed()
    tell(history)
    assert promise in promises(history)
