"""Search smoothing, blending weights and thresholds on annotated frames.

Every head is searched on its own, over all kernels, radii and sigmas, and over the weights of the
models; action units also over a threshold for each unit. The figure to trust is the
cross-validated one: videos are assigned to folds, and each fold is judged with the setting that is
best on the others.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from cexpr._support.text import counted
from cexpr._support.types import Doubles, Floats, Integers
from cexpr.abaw.files import MultiTask
from cexpr.errors import UsageError
from cexpr.evaluation.sums import THRESHOLDS, best_scores, head_sums, unit_scores
from cexpr.signals import ACTION_UNITS
from cexpr.smoothing import Smoothing, Window, smooth
from cexpr.tuning.sources import COLUMNS, LabelledVideo

RADII: Final = (1, 2, 5, 10, 20, 50, 100)
# The weights exp(-d^2 / s) of arXiv:2407.13184 with s from 0.1 to 100000.
SIGMAS: Final = tuple(float(np.sqrt(s / 2)) for s in (0.1, 1, 10, 100, 1e3, 1e4, 1e5))
_WEIGHT_STEPS: Final = 10


@dataclass(frozen=True)
class Found:
    """What the search says of one head.

    Attributes:
        head: Its name.
        before: Score of equal weights without smoothing, units at 0.5.
        tuned: Score of the best setting, on the rows that it was chosen on.
        honest: Cross-validated score.
        smoothing, weights, thresholds: The best setting.
        grid: Best score over the weights for each smoothing, for a plot.
    """

    head: str
    before: float
    tuned: float
    honest: float
    smoothing: Smoothing
    weights: tuple[float, ...]
    thresholds: dict[str, float]
    grid: dict[Smoothing, float]


def grid(
    window: Window = "frames",
    radii: Sequence[int] = RADII,
    sigmas: Sequence[float] = SIGMAS,
) -> list[Smoothing]:
    """List the smoothings to try: none, boxes and Gaussians of every radius and sigma.

    Args:
        window: What a radius counts: `frames` (frame numbers) or `rows` (rows that have a face).
        radii: Frames or rows on each side.
        sigmas: Standard deviations in frames.
    """
    boxes = [Smoothing("box", radius, None, window) for radius in radii]
    gaussians = [
        Smoothing("gaussian", radius, sigma, window)
        for sigma, radius in itertools.product(sigmas, radii)
    ]
    return [Smoothing(), *boxes, *gaussians]


def weight_grid(models: int) -> list[tuple[float, ...]]:
    """List the weights to try: tenths that add up to 1, equal weights first."""
    parts = itertools.product(range(_WEIGHT_STEPS + 1), repeat=models - 1)
    tried = [
        (*(part / _WEIGHT_STEPS for part in some), (_WEIGHT_STEPS - sum(some)) / _WEIGHT_STEPS)
        for some in parts
        if sum(some) <= _WEIGHT_STEPS
    ]
    equal = (1 / models,) * models
    return [equal, *(weights for weights in tried if weights != equal)]


def tune(
    labels: MultiTask,
    videos: Sequence[LabelledVideo],
    *,
    smoothings: Sequence[Smoothing],
    folds: int = 5,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> list[Found]:
    """Search the best setting of each head that the models provide.

    Args:
        labels: Annotations.
        videos: See `read_videos`.
        smoothings: What to try, no smoothing first; see `grid`.
        folds: Number of folds of the cross-validation; at least as many videos are needed.
        seed: Random seed for assigning videos to folds.
        progress: Called with the steps done and all steps.

    Raises:
        UsageError: There are fewer videos than folds.
    """
    if len(videos) < folds:
        held = counted(len(videos), "labelled video")
        raise UsageError(
            f"{held} cannot be divided into {folds} folds; ask for fewer", remedies=["folds"]
        )
    fold = _folds_of(labels, videos, folds, seed)
    models = len(videos[0].signals)
    weights = weight_grid(models)
    heads = [head for head in COLUMNS if all(any(head in s for s in one.signals) for one in videos)]
    found = []
    for number, head in enumerate(heads):
        sums = []
        for step, smoothing in enumerate(smoothings):
            values = [_smoothed(labels, videos, model, head, smoothing) for model in range(models)]
            sums.append(
                [head_sums(head, labels, one, fold, folds) for one in _blends(values, weights)]
            )
            if progress is not None:
                progress(number * len(smoothings) + step + 1, len(heads) * len(smoothings))
        found.append(_choose(head, np.array(sums), smoothings, weights))
    return found


def options(
    models: Sequence[str], found: Sequence[Found], detector: str | None = None
) -> dict[str, Any]:
    """Lay out what was found as an options file: detector, models, blending, smoothing, thresholds.

    Args:
        models: Names of the models; none where they are not known.
        found: What `tune` returned.
        detector: The detector that found the faces; None where several did.
    """
    result: dict[str, Any] = {"detector": detector} if detector else {}
    if models:
        result["models"] = list(models)
    if len(models) > 1:
        result["blend"] = {one.head: list(one.weights) for one in found}
    result["smooth"] = {one.head: _as_option(one.smoothing) for one in found}
    thresholds = {name: value for one in found for name, value in one.thresholds.items()}
    if thresholds:
        result["thresholds"] = thresholds
    return result


def _as_option(smoothing: Smoothing) -> dict[str, Any]:
    if smoothing.kernel == "none":
        return {"kernel": "none"}
    sigma = {} if smoothing.sigma is None else {"sigma": round(float(smoothing.sigma), 6)}
    return {
        "kernel": smoothing.kernel,
        "radius": smoothing.radius,
        **sigma,
        "window": smoothing.window,
    }


def _folds_of(
    labels: MultiTask, videos: Sequence[LabelledVideo], folds: int, seed: int
) -> Integers:
    """Fold of each labelled row; videos stay whole, folds get about the same number of rows."""
    shuffled = np.random.default_rng(seed).permutation(len(videos))
    by_size = sorted(shuffled.tolist(), key=lambda one: -len(videos[one].labelled))
    size = np.zeros(folds)
    fold = np.zeros(len(labels.keys), dtype=np.int64)
    for one in by_size:
        smallest = int(size.argmin())
        fold[videos[one].labelled] = smallest
        size[smallest] += len(videos[one].labelled)
    return fold


def _smoothed(
    labels: MultiTask, videos: Sequence[LabelledVideo], model: int, head: str, smoothing: Smoothing
) -> Floats:
    """Signals of one model at the labelled rows; NaN where it has no such column."""
    out = np.full((len(labels.keys), len(COLUMNS[head])), np.nan, np.float32)
    # The grid counts in frames, so that no rate is needed.
    arguments = smoothing.arguments(frames_per_second=1.0)
    for video in videos:
        values = video.signals[model].get(head)
        if values is None:
            continue
        if arguments is not None:
            values = smooth(values, video.frame, **arguments)
        out[video.labelled] = values[video.place]
    return out


def _blends(values: Sequence[Floats], weights: Sequence[Sequence[float]]) -> Iterator[Floats]:
    """Yield weighted means over the models that have a value; see `cexpr.models.outputs.blend`."""
    if len(values) == 1:
        yield values[0]
        return
    known = [np.isfinite(one).astype(np.float32) for one in values]
    present = [np.nan_to_num(one) for one in values]
    is_whole = all(one.all() for one in known)
    for shares in weights:
        factors = np.array(shares, np.float32)
        mixed = sum(factor * one for factor, one in zip(factors, present, strict=True))
        if not is_whole:
            total = sum(factor * one for factor, one in zip(factors, known, strict=True))
            mixed = np.divide(mixed, total, out=np.full_like(mixed, np.nan), where=total > 0)
        yield np.asarray(mixed, np.float32)


def _choose(
    head: str,
    sums: Doubles,
    smoothings: Sequence[Smoothing],
    weights: Sequence[tuple[float, ...]],
) -> Found:
    """Pick the best of all settings, and judge the picking by cross-validation.

    Args:
        head: Its name.
        sums: Shape (smoothings, weights, folds, ...).
        smoothings, weights: What the first two axes stand for.
    """
    whole = sums.sum(axis=2)
    scores = best_scores(head, whole)
    best = _argmax(scores)
    held_out = [
        _picked(head, sums[:, :, one], whole - sums[:, :, one]) for one in range(sums.shape[2])
    ]
    thresholds = {}
    before = _score_at(head, whole[0, 0], _middle())
    if head == "action_units":
        at = unit_scores(whole[best]).argmax(axis=0)
        thresholds = {name: THRESHOLDS[step] for name, step in zip(ACTION_UNITS, at, strict=True)}
    finite = np.where(np.isnan(scores), -np.inf, scores)
    return Found(
        head=head,
        before=before,
        tuned=float(scores[best]),
        honest=_score_of_picked(head, np.sum(held_out, axis=0)),
        smoothing=smoothings[best[0]],
        weights=weights[best[1]],
        thresholds=thresholds,
        grid=dict(zip(smoothings, finite.max(axis=1).tolist(), strict=True)),
    )


def _picked(head: str, held_out: Doubles, others: Doubles) -> Doubles:
    """Sums of the held-out fold under the setting that is best on the others."""
    best = _argmax(best_scores(head, others))
    if head != "action_units":
        return np.asarray(held_out[best])
    at = unit_scores(others[best]).argmax(axis=0)
    return np.asarray(held_out[best][at, np.arange(len(ACTION_UNITS))])


def _score_of_picked(head: str, sums: Doubles) -> float:
    if head == "action_units":
        return float(unit_scores(sums).mean())
    return float(best_scores(head, sums))


def _score_at(head: str, sums: Doubles, threshold: int) -> float:
    if head == "action_units":
        return float(unit_scores(sums[threshold]).mean())
    return float(best_scores(head, sums))


def _middle() -> int:
    return THRESHOLDS.index(0.5)


def _argmax(scores: Doubles) -> tuple[int, int]:
    """The first best setting: less smoothing and equal weights come first."""
    flat = int(np.where(np.isnan(scores), -np.inf, scores).argmax())
    return flat // scores.shape[1], flat % scores.shape[1]
