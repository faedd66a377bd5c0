"""How far long work is, for whoever sits at a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chatd.backup.making import Progress
from chatd.backup.restoring import Step
from chatd.cli.troubles import text


@contextmanager
def steps(as_json: bool) -> Iterator[Step]:
    """A progress bar for each step of long work, on a terminal."""
    from rich.console import Console
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    with Bars(console=console, transient=True, disable=as_json or not console.is_terminal) as bars:

        def step(name: str) -> Progress:
            for task in bars.tasks:
                bars.remove_task(task.id)
            bar = bars.add_task(text(f"step_{name}"), total=None)
            return lambda done, of: bars.update(bar, completed=done, total=of)

        yield step
