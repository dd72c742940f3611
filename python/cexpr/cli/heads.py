"""`cexpr extract` and `cexpr heads fit`: heads of one's own on a model's features."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cexpr._support.text import counted
from cexpr.cli.run import INTERRUPTED

if TYPE_CHECKING:
    from cexpr.heads.extract import Extracted


class Engine(str, Enum):
    """What descends on the losses."""

    torch = "torch"
    numpy = "numpy"


app = typer.Typer(help="Train heads on features.", no_args_is_help=True)


@app.callback()
def root() -> None:
    """Train heads on features."""


def extract(
    inputs: Annotated[
        list[Path],
        typer.Argument(metavar="INPUT...", help="Clips and folders, as cexpr run takes them."),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Parquet file to write.")] = Path(
        "features.parquet"
    ),
    model: Annotated[str, typer.Option(help="Name of a model, or path of its manifest.")] = (
        "cexpr-s"
    ),
    detector: Annotated[
        str, typer.Option(help="mtcnn, yunet, or full-frame for crops already made.")
    ] = "mtcnn",
    detector_model: Annotated[
        Path | None, typer.Option(help="Model file of the detector yunet; else the pulled one.")
    ] = None,
    half: Annotated[
        bool, typer.Option("--float16", help="Keep embeddings in half the space.")
    ] = False,
    jobs: Annotated[int, typer.Option(metavar="N", help="Clips worked on at the same time.")] = 1,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file made with other settings.")
    ] = False,
) -> None:
    """Write the embedding and raw outputs of a model for every face of every frame.

    One Parquet file with a row group for each clip. Clips that it holds already are kept; an
    extraction that was stopped goes on where it was.

    Exit status: 0 all clips done; 1 some failed; 2 bad usage or model.
    """
    from cexpr.heads import extract as extraction

    def report(one: Extracted) -> None:
        if one.rows is None:
            typer.echo(f"{one.stem}: {one.error}", err=True)
        else:
            typer.echo(f"{one.stem}: {counted(one.rows, 'face')}{' (kept)' if one.kept else ''}")

    options = extraction.Extraction(model, detector, detector_model, half)
    try:
        done = extraction.extract(
            inputs, out, options, jobs=jobs, overwrite=overwrite, on_clip=report
        )
    except KeyboardInterrupt:
        typer.echo("cexpr: stopped; the same command does the rest", err=True)
        raise typer.Exit(INTERRUPTED) from None
    typer.echo(f"{out}: {counted(sum(one.rows is not None for one in done), 'clip')}")
    if any(one.rows is None for one in done):
        raise typer.Exit(1)


@app.command()
def fit(
    features: Annotated[
        Path, typer.Argument(help="File of cexpr extract.", exists=True, dir_okay=False)
    ],
    train: Annotated[
        Path,
        typer.Option(help="Multi-task annotations to train on: a file or a folder.", exists=True),
    ],
    validation: Annotated[
        Path,
        typer.Option(
            help="Annotations that choose the best epoch: a file or a folder.", exists=True
        ),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="ONNX file to write.")] = Path(
        "heads.onnx"
    ),
    model: Annotated[
        str | None, typer.Option(help="The model that the features came from, if not by its name.")
    ] = None,
    alone: Annotated[
        bool, typer.Option("--alone", help="Write the heads without the model they stand on.")
    ] = False,
    engine: Annotated[
        Engine | None,
        typer.Option(
            help="torch, which the extra 'heads' installs, or numpy.",
            show_default="torch if installed",
        ),
    ] = None,
    epochs: Annotated[int, typer.Option(help="Passes over the training part.", min=1)] = 20,
    seed: Annotated[int, typer.Option(help="Of initial weights and order.")] = 0,
) -> None:
    """Train expression, valence/arousal and action unit heads, and put them on their backbone.

    Writes an ONNX file and its manifest, for `cexpr run --model`.
    """
    from cexpr.abaw.folders import read_multi_task
    from cexpr.errors import UsageError
    from cexpr.heads import export as head_export
    from cexpr.heads import fit as head_fitting
    from cexpr.heads.engines import has_torch
    from cexpr.heads.features import read_features
    from cexpr.heads.training import Training
    from cexpr.models.manifest import sha256_of

    head_export.require_exportable(out)
    read = read_features(features)
    parts = [head_fitting.join(read, read_multi_task(path)) for path in (train, validation)]
    for path, part in zip((train, validation), parts, strict=True):
        typer.echo(f"{path}: {counted(len(part.features), 'row')}, {part.lost} more without a face")
    origin = head_export.Origin.find(model or read.settings.model)
    if sha256_of(origin.path) != read.settings.sha256:
        raise UsageError(
            f"{features}: the features are not of {origin.path}; name the model with --model"
        )
    wants_torch = engine is Engine.torch or (engine is None and has_torch())
    how = Training(epochs, seed, "torch" if wants_torch else "numpy")
    heads = head_fitting.fit(parts[0], parts[1], how)
    figures = {}
    for name, head in heads.items():
        figures[name] = round(head.score, 4)
        measure = head_fitting.MEASURES[name]
        typer.echo(f"{name}: {measure} {head.score:.4f} on the validation part, epoch {head.epoch}")
    training = {
        "backbone": {"id": origin.manifest.id, "sha256": read.settings.sha256},
        "engine": how.engine,
        "rows": [len(part.features) for part in parts],
        "validation": figures,
    }
    written = head_export.export(origin, heads, out, training, alone=alone)
    typer.echo(f"wrote {out} and {written.path.name}; use them with --model {out}")
