"""What a bot does by itself: by the clock, or because a handler said `later`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from chatd_client.bots.contexts import JobContext
from chatd_client.bots.schedule import At, Daily, Every, Rule

OnJob = TypeVar("OnJob", bound=Callable[[JobContext], Awaitable[object]])


@dataclass(frozen=True)
class Job:
    """Something the bot does by itself, by a rule or when `ctx.later` says so."""

    name: str
    run: Callable[[JobContext], Awaitable[object]]
    rule: Rule | None = None
    per_group: bool = False
    catch_up: bool = True


class JobBook:
    """The jobs of a router."""

    def __init__(self) -> None:
        self.own_jobs: list[Job] = []
        """Without those of routers that are included."""

    def every(
        self,
        *,
        weeks: float = 0,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        name: str = "",
        per_group: bool = False,
        catch_up: bool = True,
    ) -> Callable[[OnJob], OnJob]:
        """Again and again, from the bot's first start on. The time of the next one is kept: what was missed while the
        bot was down is done once, late, or with `catch_up=False` not at all. `per_group`: in each of its groups."""
        rule = Every(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
        return self._on_rule(rule, name, per_group, catch_up)

    def daily(
        self,
        *times: str,
        zone: str = "UTC",
        days: str = "mon-sun",
        name: str = "",
        per_group: bool = False,
        catch_up: bool = True,
    ) -> Callable[[OnJob], OnJob]:
        """At times of day, `09:00`, of a time zone, on all days or on some (`mon-fri`); for the rest see `every`."""
        return self._on_rule(Daily(*times, zone=zone, days=days), name, per_group, catch_up)

    def at(self, moment: At, *, name: str = "", per_group: bool = False) -> Callable[[OnJob], OnJob]:
        """Once, at a moment; late, if the bot was down then."""
        return self._on_rule(moment, name, per_group, catch_up=True)

    def job(self, name: str) -> Callable[[OnJob], OnJob]:
        """What `ctx.later(name, …)` has done later."""

        def add(handler: OnJob) -> OnJob:
            self.own_jobs.append(Job(name, handler))
            return handler

        return add

    def _on_rule(self, rule: Rule, name: str, per_group: bool, catch_up: bool) -> Callable[[OnJob], OnJob]:
        def add(handler: OnJob) -> OnJob:
            self.own_jobs.append(Job(name or handler.__name__, handler, rule, per_group, catch_up))
            return handler

        return add
