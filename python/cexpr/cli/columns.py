"""`cexpr columns`: what every column of the tables means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cexpr.cli import _options as options
from cexpr.cli._console import page, print_json, table
from cexpr.errors import UsageError

if TYPE_CHECKING:
    from cexpr.tables.columns import Content


def columns(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR",
            help="Folder of a run.",
            show_default="the columns that 'cexpr run' writes without options",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Instead of a run: the columns with this model.",
            show_default="cexpr-s",
        ),
    ] = None,
    as_json: options.ReportAsJson = False,
) -> None:
    """Show what every column means: unit, range, and whether it is learnt or derived.

    The origin of a column is the clip, the detector, learnt (by a model), derived (computed from
    what a model learnt; formulas stand below the table) or the rules.
    """
    from cexpr.runs.overview import described

    if folder is not None and model is not None:
        raise UsageError("expected a folder or --model, got both")
    found = described(_of_model(model) if folder is None else _of_run(folder))
    if as_json:
        told = [
            {"table": name, "column": one.name, **one.metadata()}
            for name, listed in found.items()
            for one in listed
        ]
        print_json({"columns": told})
        return
    shown = table("table", "column", "meaning", "unit", "range", "origin")
    for name, listed in found.items():
        for one in listed:
            shown.add_row(name, one.name, one.meaning, one.unit, one.range, one.origin)
    console = page()
    console.print(shown)
    for formula in dict.fromkeys(one.formula for one in found["frames"] if one.formula):
        names = ", ".join(one.name for one in found["frames"] if one.formula == formula)
        console.print(f"\n{names}: {formula}", markup=False, highlight=False, soft_wrap=True)


def _of_run(folder: Path) -> Content:
    """Return what the columns of a run depend on."""
    from cexpr.runs.folder import RunFolder
    from cexpr.runs.overview import content_of

    return content_of(RunFolder.open(folder).record)


def _of_model(name: str | None) -> Content:
    """Return what the columns depend on with a model and the rules that a run uses by default."""
    from cexpr.models import outputs, zoo
    from cexpr.options import DEFAULT_RULES
    from cexpr.rules.rule_set import RuleSet
    from cexpr.tables.columns import Content

    provided = outputs.provided(zoo.find(name or zoo.DEFAULT_MODEL))
    rules = RuleSet.load(DEFAULT_RULES)
    return Content(provided.names, tuple(rules.compounds), dict(provided.derived), rules.name)
