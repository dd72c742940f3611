"""`cexpr extract`: the features of every face, to train heads on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cexpr._support.text import counted
from cexpr.cli import _options as options
from cexpr.cli._console import StoppedError

if TYPE_CHECKING:
    from cexpr.heads.extract import Extracted


def extract(
    inputs: options.Inputs,
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="FILE", help="Parquet file to write.")
    ] = Path("features.parquet"),
    model: options.ModelName = "cexpr-s",
    detector: options.Detector = "mtcnn",
    detector_model: options.DetectorModel = None,
    half: Annotated[
        bool, typer.Option("--float16", help="Store embeddings as float16, in half the space.")
    ] = False,
    jobs: options.Jobs = 1,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file made with other settings.")
    ] = False,
) -> None:
    """Write a model's embedding and raw outputs for every face in every frame.

    Writes one Parquet file with a row group for each clip. Run it again to continue: clips that
    are already in the file are kept.

    Exit status: 0 all clips done; 1 some failed; 2 bad usage or model.
    """
    from cexpr.heads.extract import Extraction
    from cexpr.heads.extract import extract as extract_features

    def report(one: Extracted) -> None:
        if one.rows is None:
            typer.echo(f"{one.stem}: {one.error}", err=True)
        else:
            typer.echo(f"{one.stem}: {counted(one.rows, 'face')}{' (kept)' if one.kept else ''}")

    place = None if detector_model is None else Path(detector_model)
    asked = Extraction(model, detector, place, half)
    try:
        done = extract_features(inputs, out, asked, jobs=jobs, overwrite=overwrite, on_clip=report)
    except KeyboardInterrupt:
        raise StoppedError("stopped; run the same command again to do the rest") from None
    typer.echo(f"{out}: {counted(sum(one.rows is not None for one in done), 'clip')}")
    if any(one.rows is None for one in done):
        raise typer.Exit(1)
