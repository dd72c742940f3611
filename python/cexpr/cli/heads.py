"""`cexpr extract` and `cexpr heads fit`: heads of one's own on a model's features."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cexpr.extract import Extracted

app = typer.Typer(help="Train heads on features.", no_args_is_help=True)


@app.callback()
def root() -> None:
    """Train heads on features."""


def extract(
    inputs: Annotated[
        list[Path],
        typer.Argument(metavar="INPUT...", help="Clips and folders, as cexpr run takes them."),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the files.")] = Path(
        "features"
    ),
    model: Annotated[str, typer.Option(help="Name of a model, or path of its manifest.")] = (
        "cexpr-s"
    ),
    detector: Annotated[
        str, typer.Option(help="mtcnn, yunet, or full-frame for crops already made.")
    ] = "mtcnn",
    detector_model: Annotated[
        Path | None, typer.Option(help="Model file of the detector yunet.")
    ] = None,
    half: Annotated[
        bool, typer.Option("--float16", help="Keep embeddings in half the space.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files made with other settings.")
    ] = False,
) -> None:
    """Write the embedding and raw outputs of a model for every face of every frame.

    One Parquet file of one row group for each clip; clips that have one already are kept.

    Exit status: 0 all clips done; 1 some failed; 2 bad usage or model.
    """
    from cexpr import extract as extraction

    def report(one: Extracted) -> None:
        if one.rows is None:
            typer.echo(f"{one.stem}: {one.error}", err=True)
        else:
            typer.echo(f"{one.stem}: {one.rows} faces{' (kept)' if one.kept else ''}")

    extractor = extraction.Extractor(
        model, detector=detector, detector_model=detector_model, half=half
    )
    done = extraction.extract(inputs, out, extractor, overwrite=overwrite, on_clip=report)
    if any(one.rows is None for one in done):
        raise typer.Exit(1)


@app.command()
def fit(
    features: Annotated[
        Path, typer.Argument(help="Folder of cexpr extract.", exists=True, file_okay=False)
    ],
    train: Annotated[
        Path, typer.Option(help="Multi-task annotations to train on.", exists=True, dir_okay=False)
    ],
    validation: Annotated[
        Path,
        typer.Option(help="Annotations that choose the best epoch.", exists=True, dir_okay=False),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="ONNX file to write.")] = Path(
        "heads.onnx"
    ),
    model: Annotated[
        str | None, typer.Option(help="The model that the features came from, if not by its name.")
    ] = None,
    epochs: Annotated[int, typer.Option(help="Passes over the training part.", min=1)] = 20,
    seed: Annotated[int, typer.Option(help="Of initial weights and order.")] = 0,
) -> None:
    """Train expression, valence/arousal and action unit heads, and put them on their backbone.

    Writes an ONNX file and its manifest, for `cexpr run --model`.
    """
    from cexpr import abaw, head_export, head_fitting, zoo
    from cexpr.errors import UsageError
    from cexpr.extract import read_features
    from cexpr.manifest import sha256_of

    read = read_features(features)
    parts = [head_fitting.join(read, abaw.read_multi_task(path)) for path in (train, validation)]
    for path, part in zip((train, validation), parts, strict=True):
        typer.echo(f"{path}: {len(part.features)} rows, {part.lost} more without a face")
    backbone = zoo.find(model or read.settings.model)
    path = zoo.model_file(backbone)
    if sha256_of(path) != read.settings.sha256:
        raise UsageError(f"{features}: the features are not of {path}; name the model with --model")
    heads = head_fitting.fit(*parts, epochs=epochs, seed=seed)
    figures = {}
    for name, head in heads.items():
        figures[name] = round(head.score, 4)
        typer.echo(f"{name}: {head.score:.4f} on the validation part (epoch {head.epoch})")
    training = {
        "backbone": {"id": backbone.id, "sha256": read.settings.sha256},
        "rows": [len(part.features) for part in parts],
        "validation": figures,
    }
    written = head_export.export(backbone, path, heads, out, training)
    typer.echo(f"wrote {out} and {written.path.name}; use them with --model {out}")
