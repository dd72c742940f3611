"""Calibration: one temperature, or one scale and offset for each class, fitted to the votes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Array = NDArray[np.float64]
FOLDS = 5


@dataclass(frozen=True)
class Calibration:
    """logits' = logits * scale + offset; both float64, shape (8,)."""

    scale: Array
    offset: Array

    def __call__(self, logits: NDArray[np.floating]) -> Array:
        """Calibrated logits, float64, shape as `logits`."""
        return np.asarray(logits * self.scale + self.offset, dtype=np.float64)


def log_softmax(logits: NDArray[np.floating]) -> Array:
    """Logarithm of the softmax of each row, float64."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def cross_entropy(logits: NDArray[np.floating], shares: NDArray[np.floating]) -> float:
    """Mean cross-entropy between the votes' shares and the prediction, in nats."""
    return float(-(log_softmax(logits) * shares).sum(axis=1).mean())


def fit(logits: NDArray[np.floating], shares: NDArray[np.floating], *, vector: bool) -> Calibration:
    """Fit a temperature (Guo et al., ICML 2017), or vector scaling, to vote shares.

    Args:
        logits: Shape (N, 8).
        shares: Shape (N, 8), rows sum to 1.
        vector: A scale and an offset for each class instead of one scale for all.
    """
    classes = logits.shape[1]

    def unpack(parameters: Array) -> Calibration:
        if vector:
            return Calibration(np.exp(parameters[:classes]), parameters[classes:])
        return Calibration(np.full(classes, np.exp(parameters[0])), np.zeros(classes))

    start = np.zeros(2 * classes if vector else 1)
    # The small penalty keeps the offsets of rare classes near 0.
    found = minimize(
        lambda p: cross_entropy(unpack(p)(logits), shares) + (1e-3 * (p**2).mean()),
        start,
        method="L-BFGS-B",
    )
    return unpack(found.x)


def cross_fitted(
    logits: NDArray[np.floating], shares: NDArray[np.floating], *, vector: bool, seed: int = 0
) -> Array:
    """Calibrated logits of each row, by a calibration fitted without the row's fold."""
    folds = np.random.default_rng(seed).integers(0, FOLDS, len(logits))
    out = np.empty(logits.shape, dtype=np.float64)
    for fold in range(FOLDS):
        held = folds == fold
        out[held] = fit(logits[~held], shares[~held], vector=vector)(logits[held])
    return out
