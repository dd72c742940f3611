"""How far a transfer is: a bar on a terminal, a line for each tenth elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

Report = Callable[[int, "int | None"], None]


@contextmanager
def transfer_progress(name: str) -> Iterator[Report]:
    """Show progress on standard error; yields what `cexpr.models.download.fetch` calls."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(name)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(name, total=None)
        yield lambda here, total: bar.update(task, completed=here, total=total)


def _lines(name: str) -> Report:
    shown = 0

    def report(here: int, total: int | None) -> None:
        nonlocal shown
        tenth = 10 * here // total if total else 0
        if tenth > shown:
            shown = tenth
            typer.echo(f"{name}: {here} of {total} bytes", err=True)

    return report
