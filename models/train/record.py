"""Write the manifest of a trained file: its input and outputs, its origin, its figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from cexpr.models.manifest import Manifest
from cexpr.models.manifest_file import write_manifest
from cexpr.models.session import Model
from cexpr.signals import EXPRESSIONS

from . import data, evaluate, measures
from .calibrate import Calibration, log_softmax
from .network import MEAN, STD

RECIPE = 1
# The ArcFace template, cut and moved so that the five points lie where they lie in FER faces: see
# `models.train.cut`.
FACE = {"align": "arcface", "margin": -0.04, "shift": [0.0, -0.087]}


def content(training: dict[str, Any]) -> dict[str, Any]:
    """The manifest's keys as plain data, without those of the file."""
    return {
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


def measured(model: Model, faces: data.Faces) -> dict[str, float]:
    """Figures of the validation split, rounded."""
    logits = evaluate.predict(model, faces.images)
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


def write(path: Path, folder: Path, calibration: Calibration, how: dict[str, Any]) -> Manifest:
    """Write the manifest beside the ONNX file and return it.

    Args:
        path: The ONNX file.
        folder: The data, with the splits "train" and "valid".
        calibration: The calibration that is folded into the file.
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
    unmeasured = write_manifest(path, content(training))
    training["measured"] = measured(Model(unmeasured, path), data.load(splits["valid"]))
    return write_manifest(path, content(training))
