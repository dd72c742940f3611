"""`cexpr eval crowd`: rule sets on faces that a crowd has tagged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from cexpr._support.text import counted
from cexpr.cli._console import print_json
from cexpr.cli._options import ModelName, ReportAsJson, Rounds

if TYPE_CHECKING:
    from cexpr._support.types import Integers
    from cexpr.evaluation.crowd import CrowdScore
    from cexpr.evaluation.detection import Detection, ReadableFaces

_FIGURE_HEADS = {
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "average_precision": "average precision",
    "macro_f1": "macro F1 of 8",
    "per_100_neutral": "per 100 neutral",
    "per_100_single": "per 100 single",
}


class _Entry(NamedTuple):
    name: str
    score: CrowdScore
    margin: dict[str, tuple[float, float, float]]
    detection: Detection


def crowd(
    faces: Annotated[
        Path,
        typer.Argument(
            metavar="FACES", help="FER+ faces with votes: an npz file, or a folder with label.csv."
        ),
    ],
    rules: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE|NAME",
            help="Rule file, or name of a shipped rule set. Repeat for several.",
            show_default="all shipped rule sets",
        ),
    ] = None,
    model: ModelName = "cexpr-s",
    baseline: Annotated[
        str,
        typer.Option(metavar="FILE|NAME", help="Rule set that the others are compared with."),
    ] = "hsemotion-mean",
    rounds: Rounds = 2000,
    as_json: ReportAsJson = False,
) -> None:
    """Score rule sets on faces that a crowd has tagged.

    Two tables: which of the seven compounds, on the faces in which the crowd saw one; and compound
    or not, on every face that the crowd could read.
    """
    from cexpr.evaluation.crowd import answer, bootstrap_margin, face_signals, read_faces, score
    from cexpr.evaluation.detection import NO_COMPOUND, measure, readable_faces
    from cexpr.rules.files import shipped
    from cexpr.rules.rule_set import RuleSet

    sets = [RuleSet.load(name) for name in rules or shipped()]
    reference_set = RuleSet.load(baseline)
    held = read_faces(faces)
    readable = readable_faces(held.votes)
    is_compound = readable.labels < NO_COMPOUND
    labels = readable.labels[is_compound]
    signals = face_signals(held[readable.rows], model)
    reference = answer(reference_set, signals.values, signals.names).labels[is_compound]
    report: list[_Entry] = []
    for rule_set in sets:
        answers = answer(rule_set, signals.values, signals.names)
        predicted = answers.labels[is_compound]
        report.append(
            _Entry(
                rule_set.name,
                score(labels, predicted),
                bootstrap_margin(labels, predicted, reference, rounds=rounds),
                measure(readable, answers, rounds=rounds),
            )
        )
    if as_json:
        print_json({entry.name: _plain(entry, readable) for entry in report})
        return
    confirmed = counted(len(labels), "crowd-confirmed compound")
    typer.echo(f"{confirmed} among {counted(len(held), 'face')}, model {model}")
    typer.echo(_overview(report, baseline))
    typer.echo(f"\n{_detection_table(report, readable)}")
    for entry in report:
        typer.echo(
            f"\n{entry.name}: rows are the crowd's class, columns the rules'\n"
            f"{_confusion(entry.detection.confusion)}"
        )


def _plain(entry: _Entry, faces: ReadableFaces) -> dict[str, Any]:
    from cexpr.abaw.classes import CE_CLASSES

    score = entry.score
    return {
        "faces": score.faces,
        "accuracy": score.accuracy,
        "macro_f1": score.macro_f1,
        "f1": dict(zip(CE_CLASSES, score.f1.tolist(), strict=True)),
        "confusion": score.confusion.tolist(),
        "margin": entry.margin,
        "detection": {
            "faces": len(faces.labels),
            "neutral_faces": int(faces.is_neutral.sum()),
            "single_faces": int(faces.is_single.sum()),
            **entry.detection.figures,
            "confusion": entry.detection.confusion.tolist(),
        },
    }


def _overview(report: list[_Entry], baseline: str) -> str:
    from cexpr.abaw.classes import CE_CLASSES

    width = max(len(entry.name) for entry in report)
    short = "".join(f"{_short(name):>6}" for name in CE_CLASSES)
    lines = [
        f"{'':{width}}  accuracy  macro F1{short}   macro F1 ahead of {baseline} (95 % interval)"
    ]
    for name, score, margin, _ in sorted(report, key=lambda entry: -entry.score.macro_f1):
        each = "".join(f"{value:6.2f}" for value in score.f1)
        ahead, low, high = margin["macro_f1"]
        lines.append(
            f"{name:{width}}    {score.accuracy:.4f}    {score.macro_f1:.4f}{each}"
            f"   {ahead:+.4f} ({low:+.4f} to {high:+.4f})"
        )
    return "\n".join(lines)


def _detection_table(report: list[_Entry], faces: ReadableFaces) -> str:
    """Compound or not: a row for each rule set, best F1 first, intervals in brackets."""
    width = max(len(entry.name) for entry in report)
    lines = [
        f"compound or not, on {counted(len(faces.labels), 'readable face')}: "
        f"{faces.is_neutral.sum()} plainly neutral, {faces.is_single.sum()} of one single emotion; "
        "false compounds per 100 of these; 95 % intervals",
        f"{'':{width}}" + "".join(f"{head:>22}" for head in _FIGURE_HEADS.values()),
    ]
    for entry in sorted(report, key=lambda entry: -entry.detection.figures["f1"][0]):
        cells = []
        for name in _FIGURE_HEADS:
            value, low, high = entry.detection.figures[name]
            digits = 1 if name.startswith("per_100") else 3
            cells.append(f"{value:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})")
        lines.append(f"{entry.name:{width}}" + "".join(f"{cell:>22}" for cell in cells))
    return "\n".join(lines)


def _confusion(confusion: Integers) -> str:
    from cexpr.abaw.classes import CE_CLASSES

    names = [*CE_CLASSES, "no_compound"]
    header = "".join(f"{_short(name):>6}" for name in names)
    rows = [
        f"{name:22}" + "".join(f"{count:6d}" for count in row)
        for name, row in zip(names, confusion, strict=True)
    ]
    return "\n".join([f"{'':22}{header}", *rows])


def _short(name: str) -> str:
    """Abbreviate Fearfully_Surprised to FeSu."""
    return "".join(word[:2] for word in name.title().split("_"))
