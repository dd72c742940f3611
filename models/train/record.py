"""Write the manifest of a trained file: what it is, what it was made from, what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml

from cexpr.models.manifest import load, sha256_of
from cexpr.models.session import Model
from cexpr.signals import EXPRESSIONS

from . import data, evaluate, measures
from .calibrate import Calibration, log_softmax
from .network import MEAN, STD

RECIPE = 1
# The ArcFace template, cut and moved so that the five points lie where they lie in FER faces: see
# `models.train.cut`.
FACE = {"align": "arcface", "margin": -0.04, "shift": [0.0, -0.087]}


def manifest(path: Path, training: dict[str, Any]) -> dict[str, Any]:
    """The manifest of the ONNX file at `path` as plain data."""
    return {
        "cexpr_model": 1,
        "id": path.stem,
        "file": path.name,
        "sha256": sha256_of(path),
        "bytes": path.stat().st_size,
        "about": "Eight basic expressions from a grey face of 48 x 48 pixels, "
        "calibrated to the shares of a crowd's votes",
        "licence": "Apache-2.0",
        "citation": "Trained on FER2013 (Goodfellow et al., ICML 2013 workshop) "
        "with the FER+ votes (Barsoum et al., ICMI 2016)",
        "intended_use": "Research and tools that people use on their own or consented recordings; "
        "not for decisions about people",
        "input": {
            "size": data.SIZE,
            "color": "gray",
            "mean": [MEAN],
            "std": [STD],
            "face": FACE,
        },
        "outputs": {
            "expression": {
                "tensor": "logits",
                "slice": [0, 8],
                "activation": "softmax",
                "labels": list(EXPRESSIONS),
            },
            "valence_arousal": {"derived": "circumplex"},
            "action_units": {"derived": "prototypes"},
            "features": {"tensor": "features"},
        },
        "training": training,
    }


def measured(path: Path, faces: data.Faces) -> dict[str, float]:
    """Figures of the validation split, rounded, from the ONNX file whose manifest is beside it."""
    logits = evaluate.predict(Model(load(path.with_suffix(".yaml")), path), faces.images)
    probabilities = np.exp(log_softmax(logits))
    strict = faces.has_majority
    figures = {
        "accuracy_majority": measures.accuracy(probabilities[strict], faces.labels[strict]),
        "accuracy_most_votes": measures.accuracy(probabilities, faces.labels),
        "macro_f1": float(
            measures.f1_scores(measures.confusion(probabilities, faces.labels)).mean()
        ),
        "kl_to_votes": measures.divergence(faces.shares, probabilities),
    }
    return {name: round(value, 4) for name, value in figures.items()}


def write(path: Path, folder: Path, calibration: Calibration, how: dict[str, Any]) -> Path:
    """Write the manifest beside the ONNX file and return its path.

    Args:
        path: The ONNX file.
        folder: The data, with the splits "train" and "valid".
        calibration: The one that is folded into the file.
        how: Settings of the training, for the record.
    """
    splits = {name: data.split_path(folder, name) for name in ("train", "valid")}
    training: dict[str, Any] = {
        "recipe": RECIPE,
        **how,
        "data": {f"ferplus_{name}": data.fingerprint(one) for name, one in splits.items()},
        "calibration": {
            "scale": [round(float(value), 6) for value in calibration.scale],
            "offset": [round(float(value), 6) for value in calibration.offset],
        },
    }
    target = path.with_suffix(".yaml")
    for _ in range(2):  # the second time with what the first one allows to measure
        text = yaml.safe_dump(manifest(path, training), sort_keys=False, default_flow_style=None)
        target.write_text(text, encoding="utf-8")
        training["measured"] = measured(path, data.load(splits["valid"]))
    return target
