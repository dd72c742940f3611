"""`cexpr models`: which models there are, what they say of themselves, whether files are intact."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cexpr import zoo
from cexpr.errors import ModelError
from cexpr.manifest import Manifest, sha256_of

app = typer.Typer(help="List and check models.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of a model, or path of its manifest.")]


@app.command("list")
def list_models() -> None:
    """List the models that cexpr knows, with their heads and whether the file is here."""
    table = Table("name", "size", "heads", "licence", "file")
    for name in sorted(zoo.known()):
        model = zoo.find(name)
        table.add_row(name, _size(model), _heads(model), model.licence, _place(model))
    Console().print(table)


@app.command()
def info(name: Name) -> None:
    """Show everything that a model's manifest says."""
    model = zoo.find(name)
    cut = model.input.face
    rows = {
        "id": model.id,
        "about": model.about,
        "file": _place(model),
        "size": _size(model),
        "sha256": model.sha256 or "not pinned",
        "licence": model.licence,
        "citation": model.citation,
        "intended use": model.intended_use,
        "input": f"{model.input.size} x {model.input.size} {model.input.color}, "
        f"mean {list(model.input.mean)}, std {list(model.input.std)}",
        "face": f"{cut.align}, margin {cut.margin:g}, shift {list(cut.shift)}"
        if cut.align
        else f"box, margin {cut.box_margin:g}",
        "heads": _heads(model),
    }
    table = Table(show_header=False, box=None)
    for key, value in rows.items():
        table.add_row(key, value)
    for key, value in model.training.items():
        table.add_row(f"training: {key}", str(value))
    Console().print(table)


@app.command()
def verify(
    names: Annotated[
        list[str] | None, typer.Argument(help="Models to check; all whose file is here without.")
    ] = None,
) -> None:
    """Hash model files again and compare them with their manifests; exit status 2 on a difference.

    A model without a pinned hash is reported as such.
    """
    damaged = 0
    for name in names or sorted(zoo.known()):
        model = zoo.find(name)
        try:
            path = zoo.model_file(model)
        except ModelError:
            if names:
                raise
            continue
        found = sha256_of(path)
        if model.sha256 is None:
            typer.echo(f"{model.id}: no hash is pinned; the file's is {found}")
        elif model.sha256 == found:
            typer.echo(f"{model.id}: intact")
        else:
            damaged += 1
            typer.echo(f"{model.id}: {path} has SHA-256 {found}, expected {model.sha256}", err=True)
    if damaged:
        raise typer.Exit(ModelError.exit_code)


def _heads(model: Manifest) -> str:
    derived = model.outputs.derived()
    names = [name for name, head in model.outputs if head is not None]
    return ", ".join(
        f"{name} (derived: {derived[name]})" if name in derived else name for name in names
    )


def _size(model: Manifest) -> str:
    return f"{model.bytes / 1e6:.1f} MB" if model.bytes else "unknown"


def _place(model: Manifest) -> str:
    try:
        return str(zoo.model_file(model))
    except ModelError:
        return "not here"
