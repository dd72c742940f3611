"""Scores of a head from sums over folds, so that thousands of settings cost one pass each."""

from __future__ import annotations

from typing import Final

import numpy as np

from cexpr import metrics
from cexpr._support.types import Doubles, Floats, Integers
from cexpr.abaw.files import MultiTask
from cexpr.signals import ACTION_UNITS

THRESHOLDS: Final = tuple(round(0.1 * step, 1) for step in range(1, 10))


def head_sums(head: str, labels: MultiTask, values: Floats, fold: Integers, folds: int) -> Doubles:
    """What the head's score needs, added up over each fold: shape (folds, ...)."""
    if head == "expression":
        return _class_counts(labels.expression, values, fold, folds)
    if head == "valence_arousal":
        return _affect_sums(labels.valence_arousal, values, fold, folds)
    return _unit_counts(labels.action_units, values, fold, folds)


def _class_counts(truth: Integers, values: Floats, fold: Integers, folds: int) -> Doubles:
    classes = metrics.EXPRESSION_CLASSES
    valid = truth != metrics.MISSING_CLASS
    guess = np.where(np.isnan(values[valid]), -np.inf, values[valid]).argmax(axis=1)
    cell = (fold[valid] * classes + truth[valid]) * classes + guess
    counts = np.bincount(cell, minlength=folds * classes**2)
    return counts.reshape(folds, classes, classes).astype(np.float64)


def _affect_sums(truth: Doubles, values: Floats, fold: Integers, folds: int) -> Doubles:
    valid = (truth != metrics.MISSING_AFFECT).all(axis=1) & np.isfinite(values).all(axis=1)
    x, y = truth[valid], values[valid].astype(np.float64)
    terms = np.stack([np.ones_like(x), x, y, x**2, y**2, x * y], axis=2)
    sums = np.zeros((folds, *terms.shape[1:]))
    for one in range(folds):
        sums[one] = terms[fold[valid] == one].sum(axis=0)
    return sums


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


def _class_score(sums: Doubles) -> Doubles:
    hits = np.einsum("...kk->...k", sums)
    sizes = sums.sum(axis=-1) + sums.sum(axis=-2)
    return np.asarray(_ratio(2 * hits, sizes).mean(axis=-1))


def _affect_score(sums: Doubles) -> Doubles:
    count, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        x, y, xx, yy, xy = (one / count for one in (x, y, xx, yy, xy))
        ccc = 2 * (xy - x * y) / (xx - x**2 + yy - y**2 + (x - y) ** 2)
    return np.asarray(ccc.mean(axis=-1))


def unit_scores(sums: Doubles) -> Doubles:
    """F1 of each unit: shape (..., thresholds, units)."""
    return _ratio(2 * sums[..., 0], sums[..., 1] + sums[..., 2])


def best_scores(head: str, sums: Doubles) -> Doubles:
    """Score of each setting, units at their best thresholds."""
    if head == "expression":
        return _class_score(sums)
    if head == "valence_arousal":
        return _affect_score(sums)
    return np.asarray(unit_scores(sums).max(axis=-2).mean(axis=-1))


def _ratio(part: Doubles, whole: Doubles) -> Doubles:
    result = np.zeros_like(whole)
    np.divide(part, whole, out=result, where=whole > 0)
    return result
