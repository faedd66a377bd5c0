"""Presses of buttons: is each that was acknowledged in its bot's own log, once, behind those before it?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from tests.chaos.answers import Problem
from tests.chaos.beside import Done, row_at
from tests.chaos.history import History, Mine
from tests.chaos.ledger import Ledger

Press = tuple[str, str, int, str]
"""Who, group, pos, button."""


def check_menus(history: History, ledger: Ledger, done: Mapping[str, list[Done]]) -> Iterator[Problem]:
    """Compare what was acknowledged with the own logs of those whose messages they are."""
    acked: dict[str, list[tuple[Press, Done]]] = defaultdict(list)
    for one in done.get("menu.press", ()):
        group, pos, button = one.ok["group"], one.ok["pos"], one.ok["button"]
        if (group, pos, button) != (one.data["group"], one.data["pos"], one.data["button"]):
            yield "ack", f"{one.user} pressed {one.data}, and was answered {one.ok}"
        row = row_at(ledger, group, pos)
        if row is None or row.actor is None:
            yield "lost", f"{one.user} pressed {button} of {group} {pos}, where there is {row}"
        else:
            acked[row.actor].append(((one.user, group, pos, button), one))
    told = _told(history)
    for bot in acked.keys() | told.keys():
        yield from _check_bot(bot, acked.get(bot, []), told.get(bot, {}), _is_whole(bot, history, told))


def _told(history: History) -> dict[str, dict[int, Press]]:
    """By bot: what stands in its own log, and what stood there before the log was cut short, by number."""
    told: dict[str, dict[int, Press]] = defaultdict(dict)
    for connection in history.connections:
        for event in connection.events:
            for entry in event.entries if isinstance(event, Mine) else ():
                if entry["kind"] == "pressed":
                    press = entry["by"], entry["group"], entry["pos"], entry["button"]
                    told[connection.user].setdefault(entry["upos"], press)
    for user, rows in history.truth.mine.items():
        for row in rows:
            if row.kind == "pressed":
                told[user][row.upos] = row.body["by"], row.group, row.pos or 0, row.body["button"]
    return told


def _is_whole(bot: str, history: History, told: Mapping[str, Mapping[int, Press]]) -> bool:
    """Whether all of an own log is known: a part that was cut off was read by somebody before."""
    read: set[int] = set()
    for connection in history.connections:
        for event in connection.events if connection.user == bot else ():
            read |= {entry["upos"] for entry in event.entries} if isinstance(event, Mine) else set()
    return set(range(1, history.truth.mine_floor.get(bot, 0) + 1)) <= read


def _check_bot(bot: str, acked: list[tuple[Press, Done]], told: Mapping[int, Press], whole: bool) -> Iterator[Problem]:
    due, there = Counter(press for press, _ in acked), Counter(told.values())
    for press in due | there:
        if there[press] > due[press]:
            yield "doubled", f"{bot} was told {there[press]} times of {press}, acknowledged {due[press]} times"
        elif there[press] < due[press] and whole:
            yield "lost", f"{bot} was told {there[press]} times of {press}, acknowledged {due[press]} times"
    place = {press: upos for upos, press in told.items() if there[press] == due[press] == 1}
    yield from _check_order(bot, acked, place)


def _check_order(bot: str, acked: list[tuple[Press, Done]], place: Mapping[Press, int]) -> Iterator[Problem]:
    """Who asks when another has been answered stands behind it."""
    known = [(one, place[press]) for press, one in acked if press in place]
    answered, highest, behind = iter(sorted(known, key=lambda of: of[0].answered)), 0, ""
    before = next(answered, None)
    for one, upos in sorted(known, key=lambda of: of[0].sent):
        while before is not None and before[0].answered < one.sent:
            if before[1] > highest:
                highest, behind = before[1], f"{before[0].user} {before[0].data}"
            before = next(answered, None)
        if upos < highest:
            yield "order", f"{bot}: {one.user} {one.data} stands at {upos}, before {behind} at {highest}"
