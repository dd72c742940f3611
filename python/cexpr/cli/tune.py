"""`cexpr tune`: the best smoothing, blending and thresholds for annotated videos."""

from __future__ import annotations

from contextlib import ExitStack
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from cexpr._support.text import command_line


class WindowUnit(str, Enum):
    """What a radius counts."""

    frames = "frames"
    rows = "rows"


def tune(
    labels: Annotated[
        Path,
        typer.Argument(help="Multi-task annotations of ABAW: a file or a folder.", exists=True),
    ],
    sources: Annotated[
        list[Path],
        typer.Argument(
            help="Runs of the labelled videos, or files of cexpr extract; one for each model to "
            "blend.",
            exists=True,
        ),
    ],
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Heads of cexpr heads fit --alone, one for each file of features in turn; "
            "without, the heads of the model that the features are of.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="Options file to write.")] = Path(
        "tuned.yaml"
    ),
    plot: Annotated[
        Path | None, typer.Option(help="Picture of the scores over the grid, SVG.")
    ] = None,
    window: Annotated[
        WindowUnit,
        typer.Option(help="What a radius counts: frame numbers, or rows that have a face."),
    ] = WindowUnit.frames,
    radii: Annotated[
        str | None,
        typer.Option(metavar="N,N", help="Radii to try.", show_default="1,2,5,10,20,50,100"),
    ] = None,
    sigmas: Annotated[
        str | None,
        typer.Option(
            metavar="S,S",
            help="Standard deviations to try, in frames; without, those of exp(-d^2/s) with s from "
            "0.1 to 100000.",
        ),
    ] = None,
    folds: Annotated[int, typer.Option(help="Folds of the cross-validation.", min=2)] = 5,
    seed: Annotated[int, typer.Option(help="Of the dealing of videos into folds.")] = 0,
) -> None:
    """Search smoothing, blending weights and thresholds on annotated videos.

    Writes an options file for `cexpr run --config`. The cross-validated figure is the honest one:
    the tuned one is measured on the rows that the setting was chosen on.
    """
    import yaml
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

    from cexpr._support.atomic import write_atomically
    from cexpr.abaw.folders import read_multi_task
    from cexpr.tuning import search
    from cexpr.tuning.plot import svg
    from cexpr.tuning.sources import open_sources, read_videos

    table = read_multi_task(labels)
    opened = open_sources(sources, model or ())
    videos = read_videos(table, opened)
    smoothings = search.grid(
        window.value,
        [int(one) for one in _numbers("--radii", radii)] or search.RADII,
        _numbers("--sigmas", sigmas) or search.SIGMAS,
    )
    console = Console(stderr=True)
    with ExitStack() as stack:
        report = None
        if console.is_terminal:
            bar = stack.enter_context(Progress(console=console))
            task = bar.add_task("settings", total=None)

            def report(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

        found = search.tune(
            table, videos, smoothings=smoothings, folds=folds, seed=seed, progress=report
        )
    shown = Table("head", "before", "tuned", "cross-validated", "smoothing", "weights")
    for one in found:
        figures = (f"{value:.4f}" for value in (one.before, one.tuned, one.honest))
        weights = ", ".join(f"{weight:.3g}" for weight in one.weights)
        shown.add_row(one.head, *figures, str(one.smoothing), weights)
    Console().print(shown)
    # The models of a run that blended several are not told apart.
    models = [_name_from(out, one.model) for one in opened if one.model is not None]
    known = models if len(models) == len(opened) else []
    detectors = {one.detector for one in opened}
    detector = detectors.pop() if len(detectors) == 1 else None
    text = yaml.safe_dump(search.options(known, found, detector), sort_keys=False)
    write_atomically(out, text.encode())
    typer.echo(f"wrote {out}; use it with '{command_line('cexpr', 'run', '--config', str(out))}'")
    if plot is not None:
        write_atomically(plot, svg(found).encode())
        typer.echo(f"wrote {plot}")


def _name_from(file: Path, model: str) -> str:
    """A model as the options file names it; a whole path stays one."""
    from cexpr.models import zoo

    return model if Path(model).is_absolute() else zoo.name_from(model, file.parent)


def _numbers(option: str, text: str | None) -> list[float]:
    from cexpr.errors import UsageError

    try:
        numbers = [float(number) for number in text.split(",")] if text else []
    except ValueError:
        numbers = [-1.0]
    if any(number <= 0 for number in numbers):
        raise UsageError(f"{option} {text}: expected numbers above 0, for example 1,5,20")
    return numbers
