"""The formulas of the package in plain numpy, as slow and plain as they can be written."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def smooth(
    values: npt.NDArray[np.float32],
    frames: npt.NDArray[np.int64],
    kernel: str,
    radius: int,
    sigma: float | None = None,
    window: str = "frames",
) -> npt.NDArray[np.float64]:
    """Weighted mean over the rows within radius, row by row; values may hold NaN."""
    out = np.full(values.shape, np.nan)
    for i in range(len(frames)):
        distance = (frames - frames[i]).astype(np.float64)
        apart = np.arange(len(frames)) - i if window == "rows" else distance
        exponent = np.zeros(len(frames))
        if kernel == "gaussian":
            assert sigma is not None
            exponent = -(distance**2) / (2 * sigma**2)
        for c in range(values.shape[1]):
            known = ~np.isnan(values[:, c]) & (np.abs(apart) <= radius)
            if known.any():
                # The largest weight is taken out of all, so that they cannot all underflow.
                weight = np.exp(exponent[known] - exponent[known].max())
                out[i, c] = (weight * values[known, c].astype(np.float64)).sum() / weight.sum()
    return out
