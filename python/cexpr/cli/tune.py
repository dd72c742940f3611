"""`cexpr tune`: the best smoothing, blending and thresholds for annotated videos."""

from __future__ import annotations

import math
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from cexpr._support.text import command_line
from cexpr.cli import _options as options
from cexpr.cli._console import page
from cexpr.cli._console import table as table_of
from cexpr.errors import UsageError
from cexpr.smoothing import Window


def tune(
    labels: Annotated[
        Path,
        typer.Argument(
            metavar="LABELS",
            help="Multi-task annotations of ABAW: a file or a folder.",
            exists=True,
        ),
    ],
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="SOURCE...",
            help="Runs of the labelled videos, or features files from 'cexpr extract': one for "
            "each model to blend.",
            exists=True,
        ),
    ],
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Heads from 'cexpr heads fit --alone', one for each features file, in order.",
            show_default="the heads of the model that the features came from",
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="FILE", help="Options file to write.")
    ] = Path("tuned.yaml"),
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write an SVG plot of the scores over the grid."),
    ] = None,
    window: Annotated[
        Window,
        typer.Option(
            metavar="frames|rows",
            help="What a radius counts: frame numbers, or rows that have a face.",
            parser=options.one_of("--window", "frames", "rows"),
            autocompletion=lambda: ["frames", "rows"],
        ),
    ] = "frames",
    radii: Annotated[
        str | None,
        typer.Option(metavar="N,N", help="Radii to try.", show_default="1,2,5,10,20,50,100"),
    ] = None,
    sigmas: Annotated[
        str | None,
        typer.Option(
            metavar="S,S",
            help="Standard deviations to try, in frames.",
            show_default="sqrt(s/2) with s from 0.1 to 100000, that is, weights exp(-d^2/s)",
        ),
    ] = None,
    folds: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Folds of the cross-validation, at least 2.",
            parser=options.whole("--folds", 2),
        ),
    ] = 5,
    seed: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Random seed for assigning videos to folds.",
            parser=options.whole("--seed"),
        ),
    ] = 0,
) -> None:
    """Search smoothing, blending weights and thresholds on annotated videos.

    Writes an options file for `cexpr run --config`. Trust the cross-validated score: the tuned
    score is measured on the same rows that the settings were chosen on.
    """
    import yaml
    from rich.console import Console
    from rich.progress import Progress

    from cexpr._support.atomic import write_atomically
    from cexpr.abaw.folders import read_multi_task
    from cexpr.tuning import search
    from cexpr.tuning.plot import svg
    from cexpr.tuning.sources import open_sources, read_videos

    table = read_multi_task(labels)
    opened = open_sources(sources, model or ())
    videos = read_videos(table, opened)
    smoothings = search.grid(
        window,
        _whole_numbers("--radii", radii) or search.RADII,
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
    shown = table_of("head", "before", "tuned", "cross-validated", "smoothing", "weights")
    for one in found:
        figures = (f"{value:.4f}" for value in (one.before, one.tuned, one.honest))
        weights = ", ".join(f"{weight:.3g}" for weight in one.weights)
        shown.add_row(one.head, *figures, str(one.smoothing), weights)
    page().print(shown)
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
    found = options.numbers(option, text, "1,5,20") if text else []
    if not all(0 < one < math.inf for one in found):
        raise UsageError(f"{option}: expected numbers above 0 such as 1,5,20, got '{text}'")
    return found


def _whole_numbers(option: str, text: str | None) -> list[int]:
    found = _numbers(option, text)
    if not all(one.is_integer() for one in found):
        raise UsageError(f"{option}: expected whole numbers such as 1,5,20, got '{text}'")
    return [int(one) for one in found]
