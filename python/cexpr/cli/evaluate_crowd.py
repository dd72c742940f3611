"""`cexpr eval crowd`: rule sets on faces in which a crowd saw two emotions at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cexpr._support.text import counted
from cexpr.cli._console import print_json
from cexpr.cli._options import ModelName, ReportAsJson, Rounds

if TYPE_CHECKING:
    from cexpr.evaluation.crowd import CrowdScore

    _Entry = tuple[str, CrowdScore, dict[str, tuple[float, float, float]]]


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
    """Score rule sets on faces in which a crowd saw two basic emotions at once."""
    import numpy as np

    from cexpr.evaluation.crowd import (
        bootstrap_margin,
        crowd_labels,
        face_signals,
        predict,
        read_faces,
        score,
    )
    from cexpr.rules.files import shipped
    from cexpr.rules.rule_set import RuleSet

    held = read_faces(faces)
    labels = crowd_labels(held.votes)
    compounds = np.flatnonzero(labels >= 0)
    labels = labels[compounds]
    signals = face_signals(held[compounds], model)
    sets = [RuleSet.load(name) for name in rules or shipped()]
    reference = predict(RuleSet.load(baseline), signals.values, signals.names)
    report: list[_Entry] = []
    for rule_set in sets:
        predicted = predict(rule_set, signals.values, signals.names)
        margin = bootstrap_margin(labels, predicted, reference, rounds=rounds)
        report.append((rule_set.name, score(labels, predicted), margin))
    if as_json:
        print_json({entry[0]: _plain(entry) for entry in report})
        return
    confirmed = counted(len(labels), "crowd-confirmed compound")
    typer.echo(f"{confirmed} among {counted(len(held), 'face')}, model {model}")
    typer.echo(_overview(report, baseline))
    for name, scored, _ in report:
        typer.echo(
            f"\n{name}: rows are the crowd's class, columns the rules'\n{_confusion(scored)}"
        )


def _plain(entry: _Entry) -> dict[str, Any]:
    from cexpr.abaw.classes import CE_CLASSES

    _, score, margin = entry
    return {
        "faces": score.faces,
        "accuracy": score.accuracy,
        "macro_f1": score.macro_f1,
        "f1": dict(zip(CE_CLASSES, score.f1.tolist(), strict=True)),
        "confusion": score.confusion.tolist(),
        "margin": margin,
    }


def _overview(report: list[_Entry], baseline: str) -> str:
    from cexpr.abaw.classes import CE_CLASSES

    width = max(len(name) for name, *_ in report)
    short = "".join(f"{_short(name):>6}" for name in CE_CLASSES)
    lines = [
        f"{'':{width}}  accuracy  macro F1{short}   macro F1 ahead of {baseline} (95 % interval)"
    ]
    for name, score, margin in sorted(report, key=lambda entry: -entry[1].macro_f1):
        each = "".join(f"{value:6.2f}" for value in score.f1)
        ahead, low, high = margin["macro_f1"]
        lines.append(
            f"{name:{width}}    {score.accuracy:.4f}    {score.macro_f1:.4f}{each}"
            f"   {ahead:+.4f} ({low:+.4f} to {high:+.4f})"
        )
    return "\n".join(lines)


def _confusion(score: CrowdScore) -> str:
    from cexpr.abaw.classes import CE_CLASSES

    header = "".join(f"{_short(name):>6}" for name in [*CE_CLASSES, "no_label"])
    rows = [
        f"{name:22}" + "".join(f"{count:6d}" for count in row)
        for name, row in zip(CE_CLASSES, score.confusion, strict=True)
    ]
    return "\n".join([f"{'':22}{header}", *rows])


def _short(name: str) -> str:
    """Abbreviate Fearfully_Surprised to FeSu."""
    return "".join(word[:2] for word in name.title().split("_"))
