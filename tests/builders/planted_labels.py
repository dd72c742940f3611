"""Random features with labels made by planted maps, partly masked."""

from __future__ import annotations

import numpy as np

from cexpr.abaw.files import MultiTask

WIDTH, OUTPUTS = 24, 10


def planted(seed: int, count: int) -> tuple[np.ndarray, np.ndarray, MultiTask]:
    """Features, raw outputs, and labels by a linear, a tanh and a non-linear map, 30 % masked."""
    maps = np.random.default_rng(99)
    random = np.random.default_rng(seed)
    features = (random.normal(size=(count, WIDTH)) * 5 + 2).astype(np.float32)
    outputs = random.normal(size=(count, OUTPUTS)).astype(np.float32)
    classes = ((features - 2) @ maps.normal(size=(WIDTH, 8))).argmax(axis=1)
    affect = np.tanh(outputs @ maps.normal(size=(OUTPUTS, 2)) * 0.3 + 0.1)
    # Whether two features have the same sign: no linear map can tell.
    pairs = maps.permutation(WIDTH).reshape(12, 2)
    units = (np.prod(features[:, pairs] - 2, axis=2) > 0).astype(np.int64)
    masked = random.random((count, 3)) < 0.3
    labels = MultiTask(
        tuple(("v", row) for row in range(count)),
        np.where(masked[:, :1], -5, affect),
        np.where(masked[:, 1], -1, classes),
        np.where(masked[:, 2:], -1, units),
    )
    return features, outputs, labels
