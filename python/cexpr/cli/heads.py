"""`cexpr heads`: training heads of the user's own on a model's features."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cexpr._support.text import counted
from cexpr.cli import _options as options
from cexpr.cli._help import App

app = App(help="Train heads on extracted features.")


@app.callback()
def root() -> None:
    """Train heads on extracted features."""


@app.command()
def fit(
    features: Annotated[
        Path,
        typer.Argument(
            metavar="FEATURES",
            help="Features file from 'cexpr extract'.",
            exists=True,
            dir_okay=False,
        ),
    ],
    train: Annotated[
        Path,
        typer.Option(
            metavar="PATH",
            help="Multi-task annotations to train on: a file or a folder.",
            exists=True,
        ),
    ],
    validation: Annotated[
        Path,
        typer.Option(
            metavar="PATH",
            help="Multi-task annotations for choosing the best epoch: a file or a folder.",
            exists=True,
        ),
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="FILE", help="ONNX file to write.")
    ] = Path("heads.onnx"),
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="The model that the features came from.",
            show_default="the one named in the features file",
        ),
    ] = None,
    alone: Annotated[
        bool, typer.Option("--alone", help="Write the heads without their backbone.")
    ] = False,
    engine: Annotated[
        str | None,
        typer.Option(
            metavar="torch|numpy",
            help="Training engine; torch comes with the extra 'heads'.",
            show_default="torch if installed, else numpy",
            parser=options.one_of("--engine", "torch", "numpy"),
            autocompletion=lambda: ["torch", "numpy"],
        ),
    ] = None,
    epochs: Annotated[
        int,
        typer.Option(
            metavar="N", help="Passes over the training data.", parser=options.whole("--epochs", 1)
        ),
    ] = 20,
    seed: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Random seed for initial weights and the order of rows.",
            parser=options.whole("--seed"),
        ),
    ] = 0,
) -> None:
    """Train expression, valence/arousal and action unit heads and attach them to their backbone.

    Writes an ONNX file and its manifest, for `cexpr run --model`.
    """
    from cexpr.abaw.folders import read_multi_task
    from cexpr.errors import UsageError
    from cexpr.heads.engines import has_torch
    from cexpr.heads.export import Origin, export, require_exportable
    from cexpr.heads.features import read_features
    from cexpr.heads.fit import MEASURES, join
    from cexpr.heads.fit import fit as fit_heads
    from cexpr.heads.training import Training
    from cexpr.models.manifest import sha256_of

    require_exportable(out)
    read = read_features(features)
    parts = [join(read, read_multi_task(path)) for path in (train, validation)]
    for path, part in zip((train, validation), parts, strict=True):
        typer.echo(f"{path}: {counted(len(part.features), 'row')}, {part.lost} more without a face")
    origin = Origin.find(model or read.settings.model)
    if sha256_of(origin.path) != read.settings.sha256:
        raise UsageError(
            f"{features}: the features are not from {origin.path}; name their model with --model"
        )
    wants_torch = engine == "torch" or (engine is None and has_torch())
    how = Training(epochs, seed, "torch" if wants_torch else "numpy")
    heads = fit_heads(parts[0], parts[1], how)
    figures = {}
    for name, head in heads.items():
        figures[name] = round(head.score, 4)
        measure = MEASURES[name]
        typer.echo(f"{name}: {measure} {head.score:.4f} on the validation part, epoch {head.epoch}")
    training = {
        "backbone": {"id": origin.manifest.id, "sha256": read.settings.sha256},
        "engine": how.engine,
        "rows": [len(part.features) for part in parts],
        "validation": figures,
    }
    written = export(origin, heads, out, training, alone=alone)
    typer.echo(f"wrote {out} and {written.path.name}; use them with --model {out}")
