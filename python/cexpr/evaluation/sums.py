"""Counts and sums by video or fold, from which F1 and CCC follow.

The sums of a union are the sums of its parts, so each video or fold is reduced once, and a draw of
videos or thousands of settings then cost one pass over a few numbers each.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from cexpr import metrics
from cexpr._support.types import Doubles, Floats, Integers
from cexpr.abaw.files import MultiTask
from cexpr.signals import ACTION_UNITS

THRESHOLDS: Final = tuple(round(0.1 * step, 1) for step in range(1, 10))
"""Probabilities that are tried as thresholds of an action unit."""


def group_sums(values: Doubles | Integers, group: Integers, groups: int) -> Doubles:
    """Add up the rows of each group.

    Args:
        values: shape (N, ...).
        group: int64, shape (N,), from 0.
        groups: Number of groups, G.

    Returns:
        float64, shape (G, ...); 0 for a group without a row.
    """
    order = np.argsort(group, kind="stable")
    edges = np.searchsorted(group[order], np.arange(groups + 1))
    parts = [values[order[edges[one] : edges[one + 1]]].sum(axis=0) for one in range(groups)]
    return np.stack(parts).astype(np.float64)


def moments(truth: Doubles, guess: Doubles) -> Doubles:
    """Terms whose sums `ccc` takes, float64, shape (..., 6): 1, x, y, x^2, y^2, x y."""
    terms = [np.ones_like(truth), truth, guess, truth**2, guess**2, truth * guess]
    return np.stack(terms, axis=-1)


def ccc(sums: Doubles) -> Doubles:
    """Concordance correlation coefficient (Lin 1989) from sums of `moments`.

    Args:
        sums: float64, shape (..., 6).

    Returns:
        float64, shape (...); NaN where there is no row or no spread. Where both sides are nearly
        constant the result has fewer digits than that of `cexpr.metrics.concordance_cc`.
    """
    count, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        x, y, xx, yy, xy = (one / count for one in (x, y, xx, yy, xy))
        spread = (xx - x**2) + (yy - y**2) + (x - y) ** 2
        return np.asarray(2 * (xy - x * y) / spread)


def head_sums(head: str, labels: MultiTask, values: Floats, fold: Integers, folds: int) -> Doubles:
    """Add up what the score of a head needs over each fold.

    Args:
        head: `expression`, `valence_arousal` or `action_units`.
        labels: Annotations, N rows; those with a missing marker are left out.
        values: float32, shape (N, C), signals of the head.
        fold: int64, shape (N,), from 0.
        folds: Number of folds, F.

    Returns:
        float64, shape (F, ...), for `best_scores` and `unit_scores`.
    """
    if head == "expression":
        guess = np.where(np.isnan(values), -np.inf, values).argmax(axis=1)
        counts = metrics.confusion_matrices(
            labels.expression, guess, metrics.EXPRESSION_CLASSES, fold, folds
        )
        return counts.astype(np.float64)
    if head == "valence_arousal":
        return _affect_sums(labels.valence_arousal, values, fold, folds)
    return _unit_counts(labels.action_units, values, fold, folds)


def _affect_sums(truth: Doubles, values: Floats, fold: Integers, folds: int) -> Doubles:
    valid = (truth != metrics.MISSING_AFFECT).all(axis=1) & np.isfinite(values).all(axis=1)
    return group_sums(moments(truth[valid], values[valid].astype(np.float64)), fold[valid], folds)


def _unit_counts(truth: Integers, values: Floats, fold: Integers, folds: int) -> Doubles:
    """Shape (folds, thresholds, units, 3): hits, predicted, present."""
    valid = (truth != metrics.MISSING_CLASS).all(axis=1)
    units, steps = len(ACTION_UNITS), len(THRESHOLDS) + 1
    # As a run decides: float32 against float32; NaN is below every threshold.
    reached = np.searchsorted(np.array(THRESHOLDS, np.float32), values[valid], side="right")
    reached = np.where(np.isnan(values[valid]), 0, reached)
    cell = (fold[valid][:, None] * units + np.arange(units)) * steps + reached
    counts = np.bincount(
        (cell * 2 + truth[valid]).ravel(), minlength=folds * units * steps * 2
    ).reshape(folds, units, steps, 2)
    above = counts[:, :, ::-1].cumsum(axis=2)[:, :, ::-1]
    hits, predicted = above[:, :, 1:, 1], above[:, :, 1:].sum(axis=3)
    present = np.broadcast_to(above[:, :, :1, 1], hits.shape)
    stacked = np.stack([hits, predicted, present], axis=3)
    return np.asarray(stacked.transpose(0, 2, 1, 3), dtype=np.float64)


def unit_scores(sums: Doubles) -> Doubles:
    """F1 of each action unit at each threshold, from its sums: shape (..., thresholds, units)."""
    return metrics.f1_from_counts(sums[..., 0], sums[..., 1] + sums[..., 2])


def best_scores(head: str, sums: Doubles) -> Doubles:
    """Score a head from its sums, action units at their best thresholds.

    Args:
        head: As in `head_sums`.
        sums: float64, shape (..., those of one fold).

    Returns:
        float64, shape (...).
    """
    if head == "expression":
        return np.asarray(metrics.class_f1(sums).mean(axis=-1))
    if head == "valence_arousal":
        return np.asarray(ccc(sums).mean(axis=-1))
    return np.asarray(unit_scores(sums).max(axis=-2).mean(axis=-1))
