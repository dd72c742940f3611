"""`cexpr eval ce|mtl`: a submission against annotations."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from cexpr.cli._console import page, print_json
from cexpr.cli._console import table as table_of
from cexpr.cli._options import ReportAsJson, Rounds
from cexpr.errors import UsageError

if TYPE_CHECKING:
    from cexpr.evaluation.reports import ClassReport, Interval

Labels = Annotated[
    Path,
    typer.Argument(
        metavar="LABELS",
        help="Annotations: a file, or a folder with one file per video.",
        exists=True,
    ),
]
Predictions = Annotated[
    Path,
    typer.Argument(
        metavar="PREDICTIONS",
        help="A submission file, or the folder of a run with --abaw.",
        exists=True,
    ),
]
Hold = Annotated[
    bool,
    typer.Option(
        "--hold",
        help="Give a labelled frame without a prediction the prediction of the nearest frame.",
    ),
]


def ce(
    labels: Labels,
    predictions: Predictions,
    hold: Hold = False,
    rounds: Rounds = 1000,
    as_json: ReportAsJson = False,
) -> None:
    """Score compound expressions: macro F1 over all seven classes, with a 95% interval.

    Rows labelled -1 are left out. A class that never occurs counts as 0. The interval is a
    bootstrap over videos.
    """
    from cexpr.abaw import folders
    from cexpr.abaw.classes import CE_CLASSES
    from cexpr.evaluation import reports

    report = reports.judge_compounds(
        folders.read_compounds(labels),
        folders.read_compounds(_file(predictions, "CE.txt")),
        hold=hold,
        rounds=rounds,
    )
    if as_json:
        print_json(asdict(report))
        return
    console = page()
    console.print(f"{report.rows} labelled rows, macro F1 {_shown(report.f1, report.interval)}")
    print_classes(console, CE_CLASSES, report)


def shares(predictions: Predictions, as_json: ReportAsJson = False) -> None:
    """Compare how often each compound is predicted with its published share; needs no labels.

    Prints the Kullback-Leibler divergence of the published shares from the predicted ones, in
    nats; it is infinite if a compound is never predicted. Frames without a label are left out.
    """
    from cexpr import metrics
    from cexpr.abaw import folders
    from cexpr.abaw.classes import CE_CLASSES

    labels = folders.read_compounds(_file(predictions, "CE.txt")).labels
    divergence = metrics.share_divergence(metrics.COMPOUND_FRAMES, labels)
    counts = np.bincount(labels[labels >= 0], minlength=len(CE_CLASSES))
    if as_json:
        # JSON has no infinity.
        finite = divergence if np.isfinite(divergence) else None
        print_json({"divergence": finite, "counts": dict(zip(CE_CLASSES, counts, strict=True))})
        return
    table = table_of("compound", "frames", "share", "published")
    published = np.array(metrics.COMPOUND_FRAMES) / sum(metrics.COMPOUND_FRAMES)
    for name, count, share in zip(CE_CLASSES, counts, published, strict=True):
        table.add_row(name, str(count), f"{count / max(1, counts.sum()):.3f}", f"{share:.3f}")
    console = page()
    console.print(table)
    console.print(f"divergence {divergence:.4f}")


def mtl(
    labels: Labels,
    predictions: Predictions,
    hold: Hold = False,
    rounds: Rounds = 1000,
    as_json: ReportAsJson = False,
) -> None:
    """Score the multi-task challenge: CCC, macro F1 of 8 expressions, F1 of 12 action units.

    For each head, rows marked as missing (-5 or -1) are left out. A class that never occurs counts
    as 0. The 95% intervals are a bootstrap over videos.
    """
    from cexpr.abaw import folders
    from cexpr.abaw.classes import AFF_WILD2_EXPRESSIONS
    from cexpr.evaluation import reports
    from cexpr.signals import ACTION_UNITS

    report = reports.judge_multi_task(
        folders.read_multi_task(labels),
        folders.read_multi_task(_file(predictions, "MTL.txt")),
        hold=hold,
        rounds=rounds,
    )
    score = report.score
    if as_json:
        print_json({**asdict(report), "p_mtl": score.total})
        return
    console = page()
    table = table_of("measure", "rows", "value (95 % over videos)")
    affect, expression, units = (str(count) for count in report.rows)
    table.add_row("CCC valence", affect, _shown(score.valence, report.valence))
    table.add_row("CCC arousal", affect, _shown(score.arousal, report.arousal))
    table.add_row("F1 expression", expression, _shown(score.expression, report.expression.interval))
    table.add_row("F1 action units", units, _shown(score.action_units, report.action_units))
    table.add_row("P_MTL", "", _shown(score.total, report.total))
    console.print(table)
    print_classes(console, AFF_WILD2_EXPRESSIONS, report.expression)
    per_unit = table_of("action unit", "F1")
    for name, value in zip(ACTION_UNITS, report.unit_f1, strict=True):
        per_unit.add_row(name, f"{value:.3f}")
    console.print(per_unit)


def _file(path: Path, name: str) -> Path:
    if (path / "run.json").is_file() and not (path / name).is_file():
        raise UsageError(f"{path}: the run has no {name}; run it with --abaw, or see cexpr submit")
    return path / name if (path / name).is_file() else path


def _shown(value: float, interval: Interval) -> str:
    return f"{value:.4f} ({interval[0]:.4f} to {interval[1]:.4f})"


def print_classes(console: Console, names: tuple[str, ...], report: ClassReport) -> None:
    """Print the scores of each class, and below them the confusion with short names."""
    short = [_short(name) for name in names]
    scores = table_of("class", "short")
    confusion = Table("", box=None, pad_edge=False)
    for name in ("rows", "F1", "precision", "recall"):
        scores.add_column(name, justify="right")
    for name in (*short, "none"):
        confusion.add_column(name, justify="right", no_wrap=True)
    for row, name in enumerate(names):
        values = (report.per_class[row], report.precision[row], report.recall[row])
        counts = report.confusion[row]
        shown = (f"{value:.3f}" for value in values)
        scores.add_row(name, short[row], str(counts.sum()), *shown)
        confusion.add_row(short[row], *map(str, counts.tolist()))
    console.print(scores)
    console.print("Rows are the annotated class, columns the predicted one, by short names.")
    console.print(confusion)


def _short(name: str) -> str:
    """Abbreviate Fearfully_Surprised to FeSu, as cexpr eval crowd does, and surprise to surpr."""
    words = name.split("_")
    return "".join(word[:2] for word in words) if len(words) > 1 else name[:5]
