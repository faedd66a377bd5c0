"""What is shown with the crowd: stalled readers cost bounded memory, delay nobody, and lose nothing.

Two forms of it. *Patient*: the server waits for them; they read on where they stopped, from the store. *Impatient*: the
server ends their connections with 4000; they come back with their cursors.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.stall.crowd import Crowd, percentile
from tests.stall.town import GROUP, Town

ASK_EVERY = 10
"""So many messages between two looks at the server's figures."""
PAGE_MIN = 10
"""Whoever follows live gets an event per message or two; an event of so many entries was read from a page."""


@dataclass(frozen=True)
class Plan:
    """How many, how fast, for how long."""

    readers: int = 1000
    stallers: int = 100
    per_s: float = 10.0
    text_bytes: int = 1000
    calm_s: float = 20.0
    stall_s: float = 60.0


@dataclass
class Findings:
    """What was measured. KiB of the hub; latencies in ms of those who never stall."""

    memory_kib: dict[str, int] = field(default_factory=dict)
    latency_ms: dict[str, dict[str, float]] = field(default_factory=dict)
    deliveries: dict[str, int] = field(default_factory=dict)
    largest_events: list[int] = field(default_factory=list)
    fell_behind: int = 0
    close_codes: dict[int, int] = field(default_factory=dict)
    messages: int = 0
    faults: list[str] = field(default_factory=list)


def lasting(seconds: float, each: Callable[[], None]) -> Callable[[], bool]:
    """For a stretch of load: done when it has lasted so long. `each` is called before every message."""
    end_s = time.monotonic() + seconds

    def done() -> bool:
        each()
        return time.monotonic() >= end_s

    return done


def until(true: Callable[[], bool], at_least: int) -> Callable[[], bool]:
    """For a stretch of load: done when the server says so, looked at now and then, after so many messages at least."""
    sent = 0

    def done() -> bool:
        nonlocal sent
        sent += 1
        return sent > at_least and sent % ASK_EVERY == 0 and true()

    return done


async def hold_patient(home: Path, plan: Plan) -> Findings:
    """Calm, stalled, reading on, calm; memory and latencies all along."""
    town = Town(home, plan.readers, {"CHATD_WS__STALL_TIMEOUT_S": "3600"})
    crowd, found = await gather(town, plan), Findings()
    peak = 0

    def watch() -> None:
        nonlocal peak
        peak = max(peak, town.resident_kib())

    try:
        await crowd.talk("calm before", plan.per_s, lasting(plan.calm_s, watch))
        found.memory_kib["before"] = town.resident_kib()
        peak = 0
        stall(crowd)
        await crowd.talk("100 stalled" if plan.stallers == 100 else "stalled", plan.per_s, lasting(plan.stall_s, watch))
        found.fell_behind = town.figures()["fell_behind"]
        found.memory_kib["peak while stalled"] = peak
        peak = 0
        for reader in crowd.stallers:
            reader.go_on()
        await crowd.talk("reading on", plan.per_s, lasting(plan.calm_s, watch))
        await crowd.everybody_has(crowd.readers)
        found.memory_kib["peak while reading on"] = peak
        await crowd.talk("calm after", plan.per_s, lasting(plan.calm_s, watch))
        await crowd.everybody_has(crowd.readers)
        found.memory_kib["after"] = town.resident_kib()
    finally:
        crowd.leave()
        await town.stop()
    return conclude(crowd, found)


async def hold_impatient(home: Path, plan: Plan, stall_timeout_s: float) -> Findings:
    """Stalled until all are cut off, then back with their cursors. The close frame waits for them for a minute."""
    settings = {"CHATD_WS__STALL_TIMEOUT_S": str(stall_timeout_s), "CHATD_WS__CLOSE_TIMEOUT_S": "60"}
    town = Town(home, plan.readers, settings)
    crowd, found = await gather(town, plan), Findings()
    try:
        stall(crowd)
        await crowd.talk("stalled", plan.per_s, lasting(plan.stall_s, lambda: None))
        found.fell_behind = town.figures()["fell_behind"]
        await come_back(crowd, found, plan)
    finally:
        crowd.leave()
        await town.stop()
    return conclude(crowd, found)


async def come_back(crowd: Crowd, found: Findings, plan: Plan) -> None:
    """The stalled read what is left, hear why it ended, and resume."""
    for reader in crowd.stallers:
        reader.go_on()
    await crowd.wait(lambda: all(reader.gone for reader in crowd.stallers), "the end of the stalled connections")
    for reader in crowd.stallers:
        code = reader.close_code or 0
        found.close_codes[code] = found.close_codes.get(code, 0) + 1
    await crowd.connect(crowd.stallers)
    await crowd.talk("resumed", plan.per_s, until(lambda: True, 5))
    await crowd.everybody_has(crowd.readers)


async def gather(town: Town, plan: Plan) -> Crowd:
    """A server, and everybody connected to it."""
    town.settle()
    await town.start()
    crowd = Crowd(town.port, GROUP, town.tokens(), plan.text_bytes)
    crowd.choose_stallers(plan.stallers)
    try:
        await crowd.connect(crowd.readers)
    except BaseException:
        crowd.leave()
        await town.stop()
        raise
    return crowd


def stall(crowd: Crowd) -> None:
    """Those who were chosen read no more."""
    for reader in crowd.stallers:
        reader.stall()


def conclude(crowd: Crowd, found: Findings) -> Findings:
    """What the crowd has gathered."""
    for phase, values in crowd.latencies_ms.items():
        found.deliveries[phase] = len(values)
        shares = {"p50": 0.5, "p99": 0.99, "max": 1.0}
        found.latency_ms[phase] = {name: percentile(values, share) for name, share in shares.items()}
    found.largest_events = sorted(reader.largest_event for reader in crowd.stallers)
    found.messages = len(crowd.acked)
    found.faults = crowd.faults()
    return found
