"""The way of docs/abaw.md, command after command, on the made-up data set."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cexpr.cli import app

SCRIPT = Path(__file__).parents[1] / "tools" / "make_abaw_sample.py"
CHANCE = 1 / 8

pytestmark = pytest.mark.skipif(not SCRIPT.exists(), reason="the tools are not beside the tests")


def cexpr(*words: object) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})
    assert result.exit_code == 0, f"{words}: {result.output} {result.exception}"
    return result.stdout


def test_from_images_and_annotations_to_checked_submissions(tmp_path: Path) -> None:
    data = tmp_path / "data"
    runpy.run_path(str(SCRIPT))["make"](data)
    images, train, validation = (
        data / name for name in ("cropped_aligned", "train.txt", "validation.txt")
    )
    crops = ("--detector", "full-frame")
    cexpr("extract", *crops, "-o", tmp_path / "features.parquet", images)
    heads = cexpr(
        "heads", "fit", tmp_path / "features.parquet", "--train", train, "--validation", validation,
        "-o", tmp_path / "mine.onnx", "--epochs", 30,
    )  # fmt: skip
    assert "expression" in heads

    rules = ("--rules", "hsemotion-mean", "--quiet")
    cexpr("run", *crops, *rules, "--model", tmp_path / "mine.onnx", "-o", tmp_path / "a", images)
    cexpr("run", *crops, *rules, "-o", tmp_path / "b", images)
    tuned = tmp_path / "tuned.yaml"
    options = ("-o", tuned, "--radii", "1,5", "--sigmas", "1,5", "--plot", tmp_path / "tuned.svg")
    cexpr("tune", validation, tmp_path / "a", tmp_path / "b", *options)
    cexpr("run", *crops, *rules, "--config", tuned, "--abaw", "-o", tmp_path / "mtl", images)

    for kind in ("ce", "mtl"):
        sample, out = data / f"{kind.upper()}_sample.txt", tmp_path / f"{kind}.txt"
        text = cexpr("submit", kind, tmp_path / "mtl", "--template", sample, "-o", out)
        assert "v11: 1 rows held" in text
        assert "no problem" in cexpr("check-submission", kind, out, "--template", sample)

    report = json.loads(cexpr("eval", "mtl", validation, tmp_path / "mtl.txt", "--json"))
    assert report["score"]["expression"] > 3 * CHANCE
    assert report["score"]["valence"] > 0.5
    low, high = report["total"]
    assert low < report["p_mtl"] < high
    assert np.isfinite(report["unit_f1"]).all()
