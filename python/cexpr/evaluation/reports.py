"""Predictions against annotations: per-class tables and confidence intervals over videos.

Frames of one video resemble each other, so a bootstrap that draws frames would promise too much;
here whole videos are drawn, with replacement. Each video is reduced to counts and sums once, and a
draw is a weighted sum of those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np

from cexpr import metrics
from cexpr._support.types import Doubles, Integers
from cexpr.abaw.files import Compounds, Key, MultiTask, nearest
from cexpr.errors import UsageError
from cexpr.evaluation import sums

Interval = tuple[float, float]

LEVEL: Final = 0.95
_SHOWN: Final = 3
_Table = TypeVar("_Table", Compounds, MultiTask)


@dataclass(frozen=True)
class ClassReport:
    """How good a classification is.

    Attributes:
        rows: Rows with a label.
        f1: Macro F1 over all classes.
        interval: 95 % interval of `f1`.
        per_class: F1 of each class.
        precision, recall: The same of each class; 0 where undefined.
        confusion: See `cexpr.metrics.confusion_matrix`.
    """

    rows: int
    f1: float
    interval: Interval
    per_class: Doubles
    precision: Doubles
    recall: Doubles
    confusion: Integers


@dataclass(frozen=True)
class MultiTaskReport:
    """How good a submission to the multi-task challenge is.

    Attributes:
        score: The measures.
        total: Interval of P_MTL.
        valence, arousal: Intervals of the concordance.
        expression: Report on the rows with an expression.
        action_units: Interval of the mean F1.
        unit_f1: F1 of each action unit.
        rows: Rows with valence and arousal, with an expression, with all action units.
    """

    score: metrics.MtlScore
    total: Interval
    valence: Interval
    arousal: Interval
    expression: ClassReport
    action_units: Interval
    unit_f1: Doubles
    rows: tuple[int, int, int]


def matched(labels: _Table, predictions: _Table, *, hold: bool = False) -> Integers:
    """Find the prediction of each labelled row, by video and frame number.

    Args:
        labels: Annotations.
        predictions: A submission.
        hold: Give a frame without a prediction that of the nearest frame of its video.

    Returns:
        int64, shape (N,): row in the predictions.

    Raises:
        UsageError: Labelled rows have no prediction.
    """
    place = {key: row for row, key in enumerate(predictions.keys)}
    lacking = [key for key in labels.keys if key not in place]
    if hold and lacking:
        numbers: dict[str, list[int]] = {}
        for video, number in sorted(predictions.keys):
            numbers.setdefault(video, []).append(number)
        place |= {
            key: place[key[0], nearest(numbers[key[0]], key[1])]
            for key in lacking
            if key[0] in numbers
        }
        lacking = [key for key in lacking if key not in place]
    if lacking:
        shown = ", ".join(f"{video}/{number:05d}" for video, number in lacking[:_SHOWN])
        raise UsageError(
            f"{len(lacking)} labelled rows have no prediction ({shown}"
            f"{', ...' if len(lacking) > _SHOWN else ''}); holding takes the prediction of the "
            "nearest frame, where the video has any",
            remedies=["hold"],
        )
    return np.array([place[key] for key in labels.keys], dtype=np.int64)


def judge_compounds(
    labels: Compounds,
    predictions: Compounds,
    *,
    hold: bool = False,
    rounds: int = 1000,
    seed: int = 0,
) -> ClassReport:
    """Judge compound expressions (macro F1 over all seven).

    Args:
        labels: Annotations; -1 is left out.
        predictions: -1 (no label) is a miss.
        hold: See `matched`.
        rounds: Draws of the bootstrap over videos.
        seed: Random seed of the draws.

    Raises:
        UsageError: Labelled rows have no prediction.
    """
    guess = predictions.labels[matched(labels, predictions, hold=hold)]
    videos = _video_ids(labels.keys)
    weights = _draws(videos, rounds, seed)
    return _classes(labels.labels, guess, metrics.COMPOUND_CLASSES, videos, weights)[0]


def judge_multi_task(
    labels: MultiTask,
    predictions: MultiTask,
    *,
    hold: bool = False,
    rounds: int = 1000,
    seed: int = 0,
) -> MultiTaskReport:
    """Judge valence, arousal, expressions and action units.

    Args:
        labels: Annotations; rows with a missing marker are left out, head by head.
        predictions: A submission.
        hold: See `matched`.
        rounds: Draws of the bootstrap over videos.
        seed: Random seed of the draws.

    Raises:
        UsageError: Labelled rows have no prediction.
    """
    place = matched(labels, predictions, hold=hold)
    affect = predictions.valence_arousal[place]
    expression, units = predictions.expression[place], predictions.action_units[place]
    score = metrics.mtl_score(
        (labels.valence_arousal, affect),
        (labels.expression, expression),
        (labels.action_units, units),
    )
    videos = _video_ids(labels.keys)
    weights = _draws(videos, rounds, seed)
    classes, drawn_f1 = _classes(
        labels.expression, expression, metrics.EXPRESSION_CLASSES, videos, weights
    )
    has_affect = (labels.valence_arousal != metrics.MISSING_AFFECT).all(axis=1)
    terms = sums.moments(labels.valence_arousal[has_affect], affect[has_affect])
    drawn_ccc = sums.ccc(_drawn(terms, videos[has_affect], weights)).T
    has_units = (labels.action_units != metrics.MISSING_CLASS).all(axis=1)
    truth, guess = labels.action_units[has_units], units[has_units]
    pairs = np.stack([truth & guess, truth + guess], axis=-1)
    drawn = _drawn(pairs, videos[has_units], weights)
    drawn_units = metrics.f1_from_counts(drawn[..., 0], drawn[..., 1]).mean(axis=1)
    total = (drawn_ccc[0] + drawn_ccc[1]) / 2 + drawn_f1 + drawn_units
    return MultiTaskReport(
        score=score,
        total=_interval(total),
        valence=_interval(drawn_ccc[0]),
        arousal=_interval(drawn_ccc[1]),
        expression=classes,
        action_units=_interval(drawn_units),
        unit_f1=metrics.action_unit_f1s(labels.action_units, units),
        rows=(int(has_affect.sum()), classes.rows, int(has_units.sum())),
    )


def _video_ids(keys: Sequence[Key]) -> Integers:
    ids: dict[str, int] = {}
    return np.array([ids.setdefault(video, len(ids)) for video, _ in keys], dtype=np.int64)


def _draws(videos: Integers, rounds: int, seed: int) -> Doubles:
    """How often each video is drawn in each round, shape (rounds, videos)."""
    count = int(videos.max()) + 1 if videos.size else 1
    random = np.random.default_rng(seed)
    drawn = random.multinomial(count, np.full(count, 1 / count), size=rounds)
    return np.asarray(drawn, dtype=np.float64)


def _classes(
    truth: Integers, guess: Integers, classes: int, videos: Integers, weights: Doubles
) -> tuple[ClassReport, Doubles]:
    by_video = metrics.confusion_matrices(truth, guess, classes, videos, weights.shape[1])
    whole = by_video.sum(axis=0)
    drawn = metrics.class_f1(np.tensordot(weights, by_video, axes=1)).mean(axis=1)
    per_class = metrics.class_f1(whole)
    report = ClassReport(
        rows=int(whole.sum()),
        f1=float(per_class.mean()),
        interval=_interval(drawn),
        per_class=per_class,
        precision=metrics.ratio(np.diag(whole), whole[:, :-1].sum(axis=0)),
        recall=metrics.ratio(np.diag(whole), whole.sum(axis=1)),
        confusion=whole,
    )
    return report, drawn


def _drawn(values: Doubles | Integers, videos: Integers, weights: Doubles) -> Doubles:
    """Sums of the rows of each draw: values (N, ...) become (rounds, ...)."""
    by_video = sums.group_sums(values, videos, weights.shape[1])
    return np.asarray(np.tensordot(weights, by_video, axes=1))


def _interval(drawn: Doubles) -> Interval:
    """Percentiles of the draws that have a value; NaN where none has."""
    known = drawn[np.isfinite(drawn)]
    if known.size == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
