"""Progress of runs and transfers: bars on a terminal, plain lines elsewhere, or nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Final

import typer
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from cexpr._support.text import counted

if TYPE_CHECKING:
    from cexpr.runs.record import ClipRecord, RunRecord

# Called with the bytes that have come, and with all that will come if that is known.
Report = Callable[[int, "int | None"], None]

# Where there is no bar, a long clip gets a line this often.
_LINE_SECONDS: Final = 30.0
# Columns for `^C`, twice.
_KEPT_FREE: Final = 4
# Bars are drawn ten times a second; frames come far more often.
_BAR_SECONDS: Final = 0.1


class _Narrow:
    """Shows something a little narrower than the terminal."""

    def __init__(self, content: RenderableType) -> None:
        self._content = content

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = max(1, options.max_width - _KEPT_FREE)
        yield from console.render(self._content, options.update(width=width))


class _NarrowProgress(Progress):
    """Bars that end before the right edge.

    A terminal shows Ctrl-C as `^C` behind the last bar. At the edge it would break the line, and
    the bars would no longer be taken away whole.
    """

    def get_renderable(self) -> RenderableType:
        """Return the bars."""
        return _Narrow(super().get_renderable())


class _Rate(ProgressColumn):
    """Frames per second; nothing for the bar of the clips."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.0f} fps" if speed and task.fields.get("is_clip") else "")


class Quiet:
    """Prints nothing."""

    def __enter__(self) -> Quiet:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the progress."""

    def begin(self, record: RunRecord, todo: int, jobs: int, threads: int) -> None:
        """See `cexpr.runs.run.Observer`."""

    def notice(self, text: str) -> None:
        """See `cexpr.runs.run.Observer`."""

    def progress(self, stem: str, frames: int, announced: int | None) -> None:
        """See `cexpr.runs.run.Observer`."""

    def clip(self, record: ClipRecord) -> None:
        """See `cexpr.runs.run.Observer`."""


class Lines(Quiet):
    """A line for the run, one for each clip, and one now and then for a long clip.

    Of images that share a table only one now and then has a line.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begun: dict[str, tuple[float, float]] = {}
        self._done = self._todo = 0
        self._last_image = time.monotonic()

    def begin(self, record: RunRecord, todo: int, jobs: int, threads: int) -> None:
        """Say what is about to be done, and with what."""
        self._todo = todo
        self._print(opening_line(record, todo, jobs, threads))
        for note in record.warnings:
            self._print(note)

    def notice(self, text: str) -> None:
        """Print it."""
        self._print(text)

    def progress(self, stem: str, frames: int, announced: int | None) -> None:
        """Print a line when the last one is half a minute old."""
        now = time.monotonic()
        start, last = self._begun.setdefault(stem, (now, now))
        if now - last >= _LINE_SECONDS:
            self._begun[stem] = (start, now)
            total = f" of {announced}" if announced else ""
            self._print(f"{stem}: frame {frames}{total}, {frames / (now - start):.0f} fps")

    def clip(self, record: ClipRecord) -> None:
        """Print the line of a clip that is done or failed."""
        self._done += 1
        now = time.monotonic()
        is_last = self._done == self._todo
        if record.is_together and not is_last and now - self._last_image < _LINE_SECONDS:
            return
        self._last_image = now
        self._print(f"[{self._done}/{self._todo}] {clip_line(record)}")

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class Bars(Quiet):
    """One bar for the clips and one for each clip that is being worked on."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = _NarrowProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._clips: TaskID | None = None
        self._tasks: dict[str, tuple[TaskID, float]] = {}

    def __enter__(self) -> Bars:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bars away."""
        self._bars.stop()

    def begin(self, record: RunRecord, todo: int, jobs: int, threads: int) -> None:
        """Say what is about to be done and draw the bar of the clips."""
        for line in (opening_line(record, todo, jobs, threads), *record.warnings):
            self._console.print(line, markup=False, highlight=False)
        self._clips = self._bars.add_task("clips", total=todo)

    def notice(self, text: str) -> None:
        """Print it above the bars."""
        self._console.print(text, markup=False, highlight=False)

    def progress(self, stem: str, frames: int, announced: int | None) -> None:
        """Move the bar of a clip; a single image is over before anybody sees one."""
        if announced == 1:
            return
        now = time.monotonic()
        if stem not in self._tasks:
            task = self._bars.add_task(_shortened(stem), total=announced, is_clip=True)
            self._tasks[stem] = (task, now)
        task, last = self._tasks[stem]
        if now - last >= _BAR_SECONDS:
            self._tasks[stem] = (task, now)
            # Announced lengths are often wrong; a bar must not run over its end.
            total = max(announced, frames) if announced else None
            self._bars.update(task, completed=frames, total=total)

    def clip(self, record: ClipRecord) -> None:
        """Take the bar of a clip away; that it failed stays on the screen."""
        if record.stem in self._tasks:
            self._bars.remove_task(self._tasks.pop(record.stem)[0])
        if record.status == "failed":
            self._console.print(clip_line(record), markup=False, highlight=False)
        if self._clips is not None:
            self._bars.advance(self._clips)


def opening_line(record: RunRecord, todo: int, jobs: int, threads: int) -> str:
    """Tell how many clips, with which rules, models and execution provider."""
    models = " + ".join(model["id"] for model in record.models)
    finished = sum(clip.status == "done" for clip in record.clips.values())
    kept = f" ({finished} finished before are kept)" if finished else ""
    return (
        f"{counted(todo, 'clip')} to do{kept}; rules {record.rules['name']}, "
        f"model {models} on {record.provider}, {jobs} x {threads} threads"
    )


def clip_line(record: ClipRecord) -> str:
    """Tell of one clip in one line; why it failed, the summary says."""
    if record.status == "failed":
        return f"{record.stem}: failed"
    frames = record.info["frames"]
    rate = frames / record.seconds if record.seconds else 0.0
    return (
        f"{record.stem}: {counted(frames, 'frame')}, {counted(record.info['faces'], 'face')}, "
        f"{record.seconds:.1f} s ({rate:.0f} fps)"
    )


def _shortened(stem: str) -> str:
    return stem if len(stem) <= 32 else f"{stem[:31]}…"


@contextmanager
def transfer_progress(name: str) -> Iterator[Report]:
    """Show on standard error how far a transfer is; yields what `download.fetch` calls."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _transfer_lines(name)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with _NarrowProgress(*columns, console=console) as bar:
        task = bar.add_task(name, total=None)
        yield lambda here, total: bar.update(task, completed=here, total=total)


def _transfer_lines(name: str) -> Report:
    shown = 0

    def report(here: int, total: int | None) -> None:
        nonlocal shown
        tenth = 10 * here // total if total else 0
        if tenth > shown:
            shown = tenth
            typer.echo(f"{name}: {here} of {total} bytes", err=True)

    return report
