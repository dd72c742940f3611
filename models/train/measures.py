"""Figures that say how good, and how honest, predicted distributions are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Labels = NDArray[np.integer]
TINY = 1e-12


def accuracy(probabilities: Floats, labels: Labels) -> float:
    """Share of the rows whose most probable class is the label."""
    return float((probabilities.argmax(axis=1) == labels).mean())


def log_loss(probabilities: Floats, labels: Labels) -> float:
    """Mean negative logarithm of the label's probability, in nats."""
    rows = np.arange(len(labels))
    return float(-np.log(np.maximum(probabilities[rows, labels], TINY)).mean())


def brier(probabilities: Floats, labels: Labels) -> float:
    """Brier score over all classes (Brier 1950): mean squared distance to the one-hot label."""
    target = np.eye(probabilities.shape[1])[labels]
    return float(((probabilities - target) ** 2).sum(axis=1).mean())


def calibration_error(probabilities: Floats, labels: Labels, bins: int = 15) -> float:
    """Expected calibration error of the winner's probability (Guo et al., ICML 2017)."""
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(correct[index == one].mean() - confidence[index == one].mean()) * (index == one).mean()
        for one in np.unique(index)
    ]
    return float(np.sum(gaps))


def divergence(shares: Floats, probabilities: Floats) -> float:
    """Mean Kullback-Leibler divergence from the votes' shares to the prediction, in nats."""
    terms = np.where(
        shares > 0,
        shares * np.log(np.maximum(shares, TINY) / np.maximum(probabilities, TINY)),
        0.0,
    )
    return float(terms.sum(axis=1).mean())


def confusion(probabilities: Floats, labels: Labels) -> NDArray[np.int64]:
    """Counts, shape (K, K): row is the label, column the prediction."""
    classes = probabilities.shape[1]
    out = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(out, (labels, probabilities.argmax(axis=1)), 1)
    return out


def f1_scores(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """F1 of each class from a confusion matrix; 0 for a class that never occurs."""
    hit = np.diag(counts).astype(np.float64)
    total = counts.sum(axis=0) + counts.sum(axis=1)
    return np.divide(2 * hit, total, out=np.zeros_like(hit), where=total > 0)
