"""A thousand readers of whom a hundred stall for a minute: `python -m tests.stall`. Prints what it cost, and whom."""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import uvloop

from tests.stall.battery import PAGE_MIN, Findings, Plan, hold_impatient, hold_patient

STALL_TIMEOUT_S = 5.0


def show(title: str, plan: Plan, found: Findings) -> None:
    print(f"\n{title}: {plan.readers} readers, {plan.stallers} stall, ", end="")
    print(f"{found.messages} messages of {plan.text_bytes} bytes")
    for phase, latency in found.latency_ms.items():
        figures = "  ".join(f"{name} {value:8.1f} ms" for name, value in latency.items())
        print(f"  {phase:12} {found.deliveries[phase]:8} deliveries to the others  {figures}")
    for moment, kib in found.memory_kib.items():
        print(f"  hub memory {moment:22} {kib / 1024:7.1f} MiB")
    behind = sum(size >= PAGE_MIN for size in found.largest_events)
    least = found.largest_events[0]
    print(f"  fell behind: {found.fell_behind} times; read on in pages: {behind} of {plan.stallers} (smallest {least})")
    if found.close_codes:
        print(f"  close codes of the stalled: {found.close_codes}")
    print(f"  lost, doubled, disordered or made up: {len(found.faults)}")
    for fault in found.faults[:10]:
        print(f"    {fault}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    usual = Plan()
    parser.add_argument("--readers", type=int, default=usual.readers)
    parser.add_argument("--stallers", type=int, default=usual.stallers)
    parser.add_argument("--per-s", type=float, default=usual.per_s)
    parser.add_argument("--stall-s", type=float, default=usual.stall_s)
    parser.add_argument("--calm-s", type=float, default=usual.calm_s)
    plan = Plan(**vars(parser.parse_args()))
    with tempfile.TemporaryDirectory() as folder:
        patient = uvloop.run(hold_patient(Path(folder), plan))
    show("the server waits for them", plan, patient)
    short = replace(plan, stall_s=4 * STALL_TIMEOUT_S)
    with tempfile.TemporaryDirectory() as folder:
        impatient = uvloop.run(hold_impatient(Path(folder), short, STALL_TIMEOUT_S))
    show(f"stall_timeout_s = {STALL_TIMEOUT_S}", short, impatient)
    bad = patient.faults or impatient.faults or set(impatient.close_codes) != {4000}
    bad = bad or patient.largest_events[0] < PAGE_MIN or patient.fell_behind < plan.stallers
    raise SystemExit(1 if bad else 0)


if __name__ == "__main__":
    main()
