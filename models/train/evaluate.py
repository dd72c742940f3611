"""Measure the shipped ONNX file on the validation split, through the pipeline's own preprocessing.

    python -m models.train.evaluate --data DIR

Needs no PyTorch. The validation split chose the checkpoint and fitted the calibration; "before" and
"after" compare the uncalibrated network with a calibration fitted on other folds of the split.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cexpr.evaluation.crowd import face_tensors
from cexpr.models import outputs, zoo
from cexpr.models.session import Model
from cexpr.signals import EXPRESSIONS

from . import calibrate, data, measures

SPLIT_LEAST = 0.3  # share of the votes that each of two emotions has on a face of a split crowd


def predict(model: Model, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Logits (N, 8) of grey faces (N, 48, 48), each taken whole."""
    return face_tensors(images, model)["logits"]


def time_one_face(model: Model, runs: int = 200) -> float:
    """Median milliseconds of ONNX Runtime for one face on one thread."""
    face = model.input.zeros(1)
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        model.run(face)
        times.append(time.perf_counter() - start)
    return float(np.median(times) * 1e3)


def print_quality(title: str, logits: NDArray[np.floating], faces: data.Faces) -> None:
    """One line of figures for calibrated or uncalibrated logits."""
    probabilities = np.exp(calibrate.log_softmax(logits))
    print(
        f"{title:35} log loss {measures.log_loss(probabilities, faces.labels):.4f}  "
        f"Brier {measures.brier(probabilities, faces.labels):.4f}  "
        f"ECE {measures.calibration_error(probabilities, faces.labels):.4f}  "
        f"KL to the votes {measures.divergence(faces.shares, probabilities):.4f}"
    )


def print_classes(probabilities: NDArray[np.floating], faces: data.Faces) -> None:
    """Per-class F1, recall, mean predicted and actual share, and the confusion matrix."""
    counts = measures.confusion(probabilities, faces.labels)
    f1 = measures.f1_scores(counts)
    print(
        f"\n{'expression':12} {'faces':>6} {'recall':>7} {'F1':>7} {'predicted':>10} {'votes':>7}"
    )
    for index, name in enumerate(EXPRESSIONS):
        total = counts[index].sum()
        print(
            f"{name:12} {total:6d} {counts[index, index] / max(total, 1):7.4f} {f1[index]:7.4f} "
            f"{probabilities[:, index].mean():10.4f} {faces.shares[:, index].mean():7.4f}"
        )
    print(f"macro F1 {f1.mean():.4f}\n\nconfusion (row: label, column: prediction)")
    print(" " * 12 + " ".join(f"{name[:7]:>7}" for name in EXPRESSIONS))
    for name, row in zip(EXPRESSIONS, counts, strict=True):
        print(f"{name:12}" + " ".join(f"{count:7d}" for count in row))


def print_split_crowds(probabilities: NDArray[np.floating], faces: data.Faces) -> None:
    """Predicted against actual shares on faces where two emotions share the votes."""
    ranked = np.sort(faces.shares, axis=1)
    chosen = ranked[:, -2] >= SPLIT_LEAST
    order = np.argsort(-faces.shares[chosen], axis=1, kind="stable")[:, :2]
    actual = np.take_along_axis(faces.shares[chosen], order, axis=1)
    predicted = np.take_along_axis(probabilities[chosen], order, axis=1)
    top = np.sort(np.argsort(-probabilities[chosen], axis=1)[:, :2], axis=1)
    both = (top == np.sort(order, axis=1)).all(axis=1).mean()
    print(
        f"\nsplit crowd ({chosen.sum()} faces, both at least {SPLIT_LEAST:.0%} of the votes): "
        f"first {actual[:, 0].mean():.3f} predicted {predicted[:, 0].mean():.3f}, "
        f"second {actual[:, 1].mean():.3f} predicted {predicted[:, 1].mean():.3f}; "
        f"the two are the two most probable on {both:.1%} of the faces"
    )


def uncalibrated(logits: NDArray[np.floating], manifest_training: dict) -> NDArray[np.floating]:
    """Undo the calibration that is folded into the file."""
    scale = np.array(manifest_training["calibration"]["scale"])
    offset = np.array(manifest_training["calibration"]["offset"])
    return (logits - offset) / scale


def main() -> None:
    """Print every figure of the model card."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m models.train.evaluate")
    parser.add_argument("--data", type=Path, required=True, help="folder with the FER+ splits")
    parser.add_argument("--model", default=zoo.DEFAULT_MODEL, help="name or manifest")
    options = parser.parse_args()

    found = zoo.find(options.model)
    path = zoo.model_file(found)
    model = Model(found, path, threads=1)
    faces = data.split(options.data, "valid")
    logits = predict(model, faces.images)
    probabilities = outputs.softmax(logits)
    strict = faces.has_majority
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, {time_one_face(model):.2f} ms a face")
    print(
        f"accuracy, majority of the votes ({strict.sum()} faces): "
        f"{measures.accuracy(probabilities[strict], faces.labels[strict]):.4f}\n"
        f"accuracy, most votes ({len(faces)} faces): "
        f"{measures.accuracy(probabilities, faces.labels):.4f}"
    )
    if "calibration" in found.training:
        raw = uncalibrated(logits, found.training)
        print_quality("before calibration", raw, faces)
        print_quality(
            "after, temperature (other folds)",
            calibrate.cross_fitted(raw, faces.shares, vector=False),
            faces,
        )
        honest = calibrate.cross_fitted(raw, faces.shares, vector=True)
        print_quality("after, vector scaling (other folds)", honest, faces)
        for title, values in (("before calibration", raw), ("after, other folds", honest)):
            print(
                f"accuracy, majority of the votes, {title}: "
                f"{measures.accuracy(outputs.softmax(values)[strict], faces.labels[strict]):.4f}"
            )
    print_quality("as shipped", logits, faces)
    print_classes(probabilities, faces)
    print_split_crowds(probabilities, faces)


if __name__ == "__main__":
    main()
