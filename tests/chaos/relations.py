"""What people of the battery do between each other: they want to be asked before they are pulled in, answer those who
ask, and cease to follow the owners of groups that mind.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.chaos.draw import act_of

if TYPE_CHECKING:
    from tests.chaos.workload import Workload

CHOICES = ("keep", "remove", "restrict")
"""By group: what becomes of those who cease to follow its owner."""
PULL = ("ask", "ask", "ask", "mutual", "nobody")
SHY = 3
"""One of so many people wants to be asked first."""


class Relations:
    """The acts of one crowd."""

    def __init__(self, crowd: Workload) -> None:
        self._crowd = crowd
        self._rng = crowd.rng
        self._choice: dict[str, str] = {}
        self._shy: list[str] = []
        self._strangers: dict[str, deque[str]] = defaultdict(deque)
        """owner -> who does not follow them any more."""

    def start(self) -> None:
        """The groups' choices are made, and the first people are shy."""
        for number, group in enumerate(self._crowd.members):
            choice = self._choice[group] = CHOICES[number % len(CHOICES)]
            data = {"group": group, "on_unfollow_owner": choice}
            self._crowd.do(self._crowd.founder[group], "group.update", data)
        people = [user for user in self._crowd.of if user not in self._crowd.founder.values()]
        self._shy = people[::-SHY] or people
        for user in self._shy:
            self._set_pull(user, "ask")

    def minds(self, group: str) -> bool:
        """Whether the group does something to those who do not follow its owner; then it is not given away."""
        return self._choice[group] != "keep"

    def act(self, group: str) -> None:
        """Now and then something."""
        act_of(self._rng, self._acts, self, group)

    # -- ask me first

    def _set_pull(self, user: str, pull: str) -> None:
        self._crowd.daily.alone((user, "pull"), user, "privacy.set", {"pull": pull})

    def _change_mind(self, _: str) -> None:
        self._set_pull(self._rng.choice(self._shy), self._rng.choice(PULL))

    def _ask(self, group: str) -> None:
        """One of those whom all know and who is in pulls in somebody shy."""
        crowd = self._crowd
        makers = sorted(set(crowd.founder.values()) & crowd.members[group])
        outside = [user for user in self._shy if user not in crowd.members[group]]
        if outside and makers:
            data = {"group": group, "users": [self._rng.choice(outside)]}
            crowd.do(self._rng.choice(makers), "member.add", data, partial(self._pulled, group))

    def _pulled(self, group: str, ok: dict[str, Any] | None) -> None:
        for one in ok["results"] if ok is not None else ():
            if one["result"] in {"added", "already"}:
                self._crowd.members[group].add(one["user"])

    def _answer(self, _: str) -> None:
        """Somebody looks at who asks them, and says yes or no: to one thing now and then both, or the same again."""
        user = self._rng.choice(self._shy)
        self._crowd.of[user][0].ask("invite.received", {}, partial(self._say, user))

    def _say(self, user: str, ok: dict[str, Any] | None) -> None:
        for one in ok["invites"] if ok is not None and not self._crowd.over else ():
            dice = self._rng.random()
            if dice < 0.5:
                self._take_up(user, one)
            if 0.45 < dice < 0.7:
                self._decline(user, one["invite"])

    def _take_up(self, user: str, invite: dict[str, Any]) -> None:
        def taken(ok: dict[str, Any] | None) -> None:
            if ok is not None:
                self._crowd.members[invite["group"]].add(user)

        self._crowd.do(user, "invite.redeem", {"invite": invite["invite"]}, taken)

    def _decline(self, user: str, invite: str) -> None:
        """Once it is answered, now and then said again, as after an answer that did not arrive."""
        data, cid = {"invite": invite}, self._crowd.cid()

        def declined(ok: dict[str, Any] | None) -> None:
            if ok is not None and self._rng.random() < 0.5:
                self._rng.choice(self._crowd.of[user]).ask("invite.decline", data | {"cid": cid})

        self._crowd.do(user, "invite.decline", data, declined, cid)

    # -- those who follow

    def _unfollow(self, group: str) -> None:
        """Somebody ceases to follow the owner, or follows again."""
        crowd, owner = self._crowd, self._crowd.founder[group]
        strangers = self._strangers[owner]
        inside = sorted(crowd.members[group] - {owner, crowd.owner[group], *strangers})
        if strangers:
            fan = strangers[0]

            def back(ok: dict[str, Any] | None) -> None:
                if ok is not None and fan in strangers:
                    strangers.remove(fan)

            crowd.daily.alone((fan, owner, "follow"), fan, "follow.add", {"user": owner}, back)
        elif inside:
            fan = self._rng.choice(inside)

            def gone(ok: dict[str, Any] | None) -> None:
                if ok is not None:
                    strangers.append(fan)
                    if self._choice[group] == "remove":
                        crowd.members[group].discard(fan)

            crowd.daily.alone((fan, owner, "follow"), fan, "follow.remove", {"user": owner}, gone)

    _acts: tuple[tuple[float, Callable[[Relations, str], None]], ...] = (
        (0.001, _change_mind),
        (0.006, _ask),
        (0.01, _answer),
        (0.008, _unfollow),
    )
