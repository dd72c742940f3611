"""`cexpr models`: list, check and fetch models and detectors."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cexpr.cli._console import complain, page
from cexpr.cli._console import table as table_of
from cexpr.cli._help import App
from cexpr.cli._options import whole
from cexpr.cli.models_add import add
from cexpr.cli.progress import transfer_progress
from cexpr.errors import ModelError
from cexpr.models import zoo
from cexpr.models.manifest import DetectorManifest, Manifest, ModelFile, sha256_of

app = App(help="List, check, download and add models.")
app.command()(add)

NOT_HERE = "not here"

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="Name of a model, or path of its manifest.")
]


@app.command("list")
def list_models() -> None:
    """List models and detectors: size, outputs, licence, and whether the file is here."""
    table = table_of("name", "size", "heads", "licence", "file")
    for name in sorted(zoo.known()):
        model = zoo.find_any(name)
        # `info` shows the whole licence and the path.
        licence = model.licence.partition(" (")[0]
        place = NOT_HERE if _place(model) == NOT_HERE else "here"
        table.add_row(name, _size(model), _heads(model), licence, place)
    page().print(table)


@app.command()
def info(name: Name) -> None:
    """Show the whole manifest of a model."""
    model = zoo.find_any(name)
    rows = {
        "id": model.id,
        "about": model.about,
        "file": place if (place := _place(model)) != NOT_HERE else _advice(model),
        "size": _size(model),
        "sha256": model.sha256 or "not known before the first pull",
        "url": model.url or "",
        "licence": model.licence,
        "citation": model.citation,
        "intended use": model.intended_use,
        "heads": _heads(model),
    }
    if isinstance(model, Manifest):
        rows |= _input_and_origin(model)
    table = Table(show_header=False, box=None)
    table.add_column(no_wrap=True)
    # Wrapped, not cut: an address must be copied whole.
    table.add_column(overflow="fold")
    for key, value in rows.items():
        table.add_row(key, value)
    Console().print(table)


@app.command()
def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME...",
            help="Models to check.",
            show_default="all models whose file is here",
        ),
    ] = None,
) -> None:
    """Check that model files match the hashes in their manifest or lock file.

    Models without a known hash are reported. Exit status: 0 all match; 2 a file differs.
    """
    damaged = 0
    for name in names or sorted(zoo.known()):
        model = zoo.find_any(name)
        try:
            path = zoo.model_file(model)
        except ModelError:
            if names:
                raise
            continue
        found = sha256_of(path)
        if model.sha256 is None:
            typer.echo(f"{model.id}: no hash is known; the file has {found}")
        elif model.sha256 == found:
            typer.echo(f"{model.id}: intact")
        else:
            damaged += 1
            complain(f"{model.id}: {path} has SHA-256 {found}, expected {model.sha256}")
    if damaged:
        raise typer.Exit(ModelError.exit_code)


@app.command()
def pull(
    name: Name,
    sha256: Annotated[
        str | None,
        typer.Option(
            metavar="HASH", help="SHA-256 that the file must have (64 hexadecimal digits)."
        ),
    ] = None,
    max_mb: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Refuse a file larger than N megabytes (10^6 bytes).",
            parser=whole("--max-mb", 1),
        ),
    ] = 500,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST", help="Also follow redirects to this host. Repeat for several."
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Download a model's file; no other command uses the network.

    An interrupted download continues where it stopped. If no hash is known for a file, the first
    download is trusted: its hash is shown, recorded, and enforced from then on.

    A file that you put in place by hand is checked and recorded without a download.
    """
    from cexpr.faces.detector import check_file
    from cexpr.models.pull import pull as pull_model

    with ExitStack() as stack:
        progress = None if quiet else stack.enter_context(transfer_progress(name))
        done = pull_model(
            name,
            check_detector=check_file,
            sha256=sha256,
            max_bytes=max_mb * 1_000_000,
            hosts=allow_host or (),
            progress=progress,
        )
    came = "fetched" if done.fetched else "is here"
    resumed = f", {done.resumed_at} bytes of them earlier" if done.resumed_at else ""
    typer.echo(f"{name}: {came}, {done.bytes} bytes{resumed}: {done.path}")
    first = " (first use: recorded, and enforced from now on)" if done.first_use else ""
    typer.echo(f"{name}: SHA-256 {done.sha256}{first}")


def _input_and_origin(model: Manifest) -> dict[str, str]:
    cut = model.input.face
    rows = {
        "input": f"{model.input.size} x {model.input.size} {model.input.color}, "
        f"mean {_plain(model.input.mean)}, std {_plain(model.input.std)}",
        "face": f"{cut.align}, margin {cut.margin:g}, shift {_plain(cut.shift)}"
        if cut.align
        else f"box, margin {cut.box_margin:g}",
    }
    if model.backbone is not None:
        rows["backbone"] = f"{model.backbone.model}, SHA-256 {model.backbone.sha256}"
    return rows | {f"training: {key}": _plain(value) for key, value in model.training.items()}


def _plain(value: object) -> str:
    """A value of a manifest as a person writes it."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return " ".join(_plain(one) for one in value)
    return str(value)


def _heads(model: Manifest | DetectorManifest) -> str:
    if isinstance(model, DetectorManifest):
        return "face detector"
    derived = model.outputs.derived()
    names = [name for name, head in model.outputs if head is not None]
    return ", ".join(
        f"{name} (derived: {derived[name]})" if name in derived else name for name in names
    )


def _size(model: ModelFile) -> str:
    return f"{model.bytes / 1e6:.1f} MB" if model.bytes else "unknown"


def _advice(model: ModelFile) -> str:
    return f"{NOT_HERE}; its place is {zoo.pulled_file(model)}"


def _place(model: ModelFile) -> str:
    try:
        return str(zoo.model_file(model))
    except ModelError:
        return NOT_HERE
