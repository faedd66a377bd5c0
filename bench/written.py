"""Puts a whole session into files: the table, the picture, and every figure. It must not know how they were taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from bench import compare, picture, targets
from bench.report import Runs
from bench.session import Session
from bench.subjects import Subject
from bench.workloads import Workload

NOTES = """\
Cells of the headline are median (smallest..largest), all others medians. Times are from the moment a message was due,
not from its sending, up to its answer (ack), to each member who got it (deliver) and to the last of them. Where a
server answers nothing, the sender's own copy counts as the answer. The load generator shows its own idle share: the
time in which there was nothing to read. Who is measured, and what each promises:"""


def rows_of(session: Session) -> list[tuple[Workload, Runs]]:
    return [(w, session.taken[w.name]) for w in session.workloads if w.name in session.taken]


def compose(
    facts: Mapping[str, str],
    tables: Sequence[tuple[str, Session]],
    subjects: Sequence[Subject],
    missing: Mapping[str, str],
    pictures: Sequence[str] = (),
) -> str:
    """The whole report in Markdown."""
    lines = ["# Benchmark", "", *(f"- {name}: {value}" for name, value in facts.items()), "", NOTES, ""]
    lines += compare.tabulate_promises(subjects) + compare.tabulate_missing(missing)
    lines += [f"![the medians as bars]({name})" for name in pictures]
    for title, session in tables:
        lines += ["", f"## {title}", "", compare.say_completeness(session.taken), ""]
        lines += targets.tabulate_targets(session.taken)
        for workload, runs in rows_of(session):
            lines += compare.tabulate_row(workload, runs)
        if session.failures:
            lines += ["### Runs without figures", "", *(f"- {failure}" for failure in session.failures), ""]
    return "\n".join(lines)


def as_json(facts: Mapping[str, str], tables: Sequence[tuple[str, Session]]) -> dict[str, Any]:
    """Every figure of every repeat."""
    taken = [
        {
            "title": title,
            "rows": [{"row": w.name, "title": w.title, "runs": dict(runs)} for w, runs in rows_of(session)],
            "failures": session.failures,
        }
        for title, session in tables
    ]
    return {"facts": dict(facts), "tables": taken}


def write_report(
    folder: Path,
    facts: Mapping[str, str],
    tables: Sequence[tuple[str, Session]],
    subjects: Sequence[Subject],
    missing: Mapping[str, str],
) -> str:
    """Returns the text of the table."""
    folder.mkdir(parents=True, exist_ok=True)
    date, pictures = facts["date"], []
    for number, (title, session) in enumerate(tables):
        drawn = picture.draw_rows(title, rows_of(session))
        if drawn:
            pictures.append(f"{date}{f'-{number + 1}' if number else ''}.svg")
            (folder / pictures[-1]).write_text(drawn)
    text = compose(facts, tables, subjects, missing, pictures)
    (folder / f"{date}.md").write_text(text)
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    (folder / f"{date}.json").write_bytes(orjson.dumps(as_json(facts, tables), option=options))
    return text


def say_short(session: Session, missing: Mapping[str, str]) -> str:
    """No figures: who ran, whether all was complete, who was passed over."""
    ran = {name: None for runs in session.taken.values() for name in runs}
    lines = [f"ran: {', '.join(ran)}", compare.say_completeness(session.taken)]
    lines += [f"passed over: {name}: {reason}" for name, reason in missing.items()]
    return "\n".join([*lines, *(f"failed: {failure}" for failure in session.failures)])
