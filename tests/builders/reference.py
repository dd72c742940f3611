"""The formulas of the package in plain numpy, as slow and plain as they can be written."""

from __future__ import annotations

import itertools

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


def merge_faces(
    scores: npt.NDArray[np.float32],
    row_frames: npt.NDArray[np.int64],
    frame_count: int,
    how: str,
    key: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """The faces of each frame brought together; `key` is what "first" and "largest" go by."""
    merged = np.full((frame_count, scores.shape[1]), np.nan)
    decided = np.full(merged.shape, -1, dtype=np.int64)
    for t in range(frame_count):
        rows = np.flatnonzero(row_frames == t)
        if not len(rows):
            continue
        if how in ("first", "largest"):
            best = rows[np.argmax(np.where(np.isnan(key[rows]), -np.inf, key[rows]))]
            merged[t], decided[t] = scores[best], best
            continue
        for k in range(scores.shape[1]):
            known = rows[~np.isnan(scores[rows, k])]
            if len(known):
                values = scores[known, k].astype(np.float64)
                merged[t, k] = values.max() if how == "max" else values.mean()
                decided[t, k] = known[np.argmax(values)]
    return merged, decided


def fill_gaps(
    values: npt.NDArray[np.float32],
    seen: npt.NDArray[np.uint8],
    how: str,
    at_most: float = np.inf,
) -> npt.NDArray[np.float64]:
    """Rows that were not seen, from the numbers in the rows that were; `at_most` in rows."""
    out = np.where(seen[:, None] != 0, values, np.nan).astype(np.float64)
    for c in range(values.shape[1]):
        known = np.flatnonzero(~np.isnan(out[:, c]))
        gaps = np.flatnonzero(seen == 0)
        if not len(known) or how == "none":
            continue
        for t in gaps:
            before, after = known[known < t], known[known > t]
            if how == "interpolate" and not len(before) and after[0] - t <= at_most:
                out[t, c] = out[after[0], c]
            if len(before) and t - before[-1] <= at_most:
                out[t, c] = out[before[-1], c]
                if how == "interpolate" and len(after) and after[0] - 1 - before[-1] <= at_most:
                    out[t, c] = np.interp(t, known, out[known, c])
    return out


def decide(
    scores: npt.NDArray[np.float32],
    abstain_below: float,
    exit_below: float,
    hysteresis: float,
    min_frames: int,
) -> list[int]:
    """Label of each frame: the winner of each row first, then short runs are taken away."""

    def winner(row: npt.NDArray[np.float32], before: int) -> int:
        able = [k for k, score in enumerate(row) if score != 0 and not np.isnan(score)]
        enter = [k for k in able if row[k] >= abstain_below]
        best = min(enter, key=lambda k: (-row[k], k)) if enter else -1
        if before in able and row[before] >= min(exit_below, abstain_below):
            ahead = best >= 0 and (row[best] - row[before] > hysteresis or hysteresis == 0)
            return best if ahead else before
        return best

    labels: list[int] = []
    for row in scores:
        labels.append(winner(row, labels[-1] if labels else -1))
    if len(set(labels)) == 1:
        return labels

    def may_take(label: int, start: int, end: int) -> bool:
        part = scores[start:end, label]
        return label >= 0 and bool(np.all((part != 0) & (part >= min(exit_below, abstain_below))))

    start = 0
    while start < len(labels):
        end = start
        while end < len(labels) and labels[end] == labels[start]:
            end += 1
        kept = start > 0 and labels[start] == labels[start - 1]
        if labels[start] < 0 or end - start >= min_frames or kept:
            start = end
            continue
        before = labels[start - 1] if start > 0 else -1
        after = labels[end] if end < len(labels) else -1
        owners = [label for label in (before, after) if may_take(label, start, end)]
        means = [scores[start:end, label].astype(np.float64).sum() for label in owners]
        owner = owners[int(np.argmax(means))] if owners else -1
        if len(set(labels[start:])) == 1 and start == 0:
            break
        labels[start:end] = [owner] * (end - start)
        if owner != after or owner < 0:
            start = end
    return labels


def bilinear(
    image: npt.NDArray[np.uint8], x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Sample as `cv2.warpAffine` does with INTER_LINEAR and a border of 0, in float64."""
    padded = np.pad(image.astype(np.float64), ((2, 2), (2, 2), (0, 0)))
    x = np.clip(x, -1, image.shape[1]) + 2
    y = np.clip(y, -1, image.shape[0]) + 2
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    fx, fy = (x - left)[..., None], (y - top)[..., None]
    right, bottom = (
        np.minimum(left + 1, padded.shape[1] - 1),
        np.minimum(top + 1, padded.shape[0] - 1),
    )
    upper = padded[top, left] * (1 - fx) + padded[top, right] * fx
    lower = padded[bottom, left] * (1 - fx) + padded[bottom, right] * fx
    return upper * (1 - fy) + lower * fy


def preprocess(image, matrix, size, mean, std, color, samples=(1, 1)):
    """The formula of `cexpr.preprocess` in plain numpy and float64."""
    if image.ndim == 2:
        image = np.repeat(image[:, :, None], 3, axis=2)
    inverse = np.linalg.inv(np.vstack([matrix.astype(np.float64), [0, 0, 1]]))
    value = np.zeros((size, size, 3))
    for j, i in itertools.product(range(samples[1]), range(samples[0])):
        y, x = np.mgrid[0:size, 0:size].astype(np.float64)
        x += (i + 0.5) / samples[0] - 0.5
        y += (j + 0.5) / samples[1] - 0.5
        at = np.einsum("ij,jhw->ihw", inverse, np.stack([x, y, np.ones_like(x)]))
        value += bilinear(image[:, :, :3], at[0], at[1]) / (samples[0] * samples[1])
    blue, green, red = np.moveaxis(value, 2, 0)
    planes = {
        "bgr": [blue, green, red],
        "rgb": [red, green, blue],
        "gray": [0.299 * red + 0.587 * green + 0.114 * blue],
    }[color]
    return np.stack([(p / 255 - m) / s for p, m, s in zip(planes, mean, std, strict=False)])


def umeyama(
    points: npt.NDArray[np.float64], target: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Similarity transform of least squares (Umeyama 1991, equations 39 to 43)."""
    mean, mean_to = points.mean(0), target.mean(0)
    u, d, vt = np.linalg.svd((target - mean_to).T @ (points - mean) / len(points))
    sign = np.diag([1, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    rotation = u @ sign @ vt
    scale = np.trace(np.diag(d) @ sign) / ((points - mean) ** 2).sum(1).mean()
    return np.hstack([scale * rotation, (mean_to - scale * rotation @ mean)[:, None]])
