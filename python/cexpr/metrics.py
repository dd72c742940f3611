"""The ABAW measures, on arrays; averages always run over all classes.

A class that occurs neither in the labels nor in the predictions counts 0, as scikit-learn's
`f1_score(labels=all, average="macro", zero_division=0)` does. Rows with a missing marker are left
out: -1 for classes and action units, -5 for valence and arousal (the markers of the ABAW files).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cexpr._support.arguments import doubles, integers, whole
from cexpr._support.types import Doubles, Integers
from cexpr.signals import ACTION_UNITS, EXPRESSIONS

__all__ = [
    "ACTION_UNIT_COUNT",
    "COMPOUND_CLASSES",
    "COMPOUND_FRAMES",
    "EXPRESSION_CLASSES",
    "MISSING_AFFECT",
    "MISSING_CLASS",
    "MtlScore",
    "action_unit_f1",
    "action_unit_f1s",
    "class_f1",
    "compound_f1",
    "concordance_cc",
    "confusion_matrices",
    "confusion_matrix",
    "expression_f1",
    "f1_from_counts",
    "mtl_score",
    "ratio",
    "share_divergence",
]

EXPRESSION_CLASSES = len(EXPRESSIONS)
COMPOUND_CLASSES = 7
ACTION_UNIT_COUNT = len(ACTION_UNITS)
COMPOUND_FRAMES = (14445, 24915, 10780, 10637, 10535, 10112, 8878)
"""Frames of each of the seven compounds in C-EXPR-DB, as the notebooks of arXiv:2407.13184 quote
them from its authors."""
MISSING_CLASS = -1
MISSING_AFFECT = -5.0


def __dir__() -> list[str]:
    """Name the measures alone, without what they are built from."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})


@dataclass(frozen=True)
class MtlScore:
    """P_MTL of the ABAW multi-task challenge, and its three parts.

    Attributes:
        valence, arousal: Concordance correlation coefficients.
        expression: Macro F1 over 8 expressions.
        action_units: Mean F1 over 12 action units.
    """

    valence: float
    arousal: float
    expression: float
    action_units: float

    @property
    def total(self) -> float:
        """(CCC_V + CCC_A) / 2 + F1_EXPR + F1_AU."""
        return (self.valence + self.arousal) / 2 + self.expression + self.action_units


def confusion_matrix(labels: ArrayLike, predictions: ArrayLike, classes: int) -> Integers:
    """Count pairs of label and prediction.

    Args:
        labels: Whole numbers, shape (N,); rows with -1 are left out.
        predictions: Whole numbers, shape (N,); a prediction of -1 (no label) is a miss of every
            class.
        classes: Number of classes.

    Returns:
        int64, shape (classes, classes + 1): row is the label, column the prediction, the last
        column counts rows without a prediction.

    Raises:
        TypeError: labels or predictions are not whole numbers.
        ValueError: Shapes differ or a number is out of range.
    """
    whole("classes", classes, 1)
    truth, guess = _classes(labels, predictions, 1)
    alone = np.zeros(len(truth), np.int64)
    return np.asarray(confusion_matrices(truth, guess, classes, alone, 1)[0])


def confusion_matrices(
    labels: ArrayLike, predictions: ArrayLike, classes: int, group: Integers, groups: int
) -> Integers:
    """Count pairs of label and prediction in each of several groups, such as videos.

    Args:
        labels, predictions, classes: As `confusion_matrix` takes them.
        group: int64, shape (N,), from 0.
        groups: Number of groups.

    Returns:
        int64, shape (groups, classes, classes + 1).

    Raises:
        TypeError: labels or predictions are not whole numbers.
        ValueError: Shapes differ or a number is out of range.
    """
    truth, guess = _classes(labels, predictions, 1)
    for name, values in (("labels", truth), ("predictions", guess)):
        if values.size and (values.min() < MISSING_CLASS or values.max() >= classes):
            raise ValueError(
                f"{name}: expected -1 or 0..{classes - 1}, got {values.min()}..{values.max()}"
            )
    valid = truth != MISSING_CLASS
    column = np.where(guess[valid] == MISSING_CLASS, classes, guess[valid])
    cell = (group[valid] * classes + truth[valid]) * (classes + 1) + column
    counts = np.bincount(cell, minlength=groups * classes * (classes + 1))
    return counts.reshape(groups, classes, classes + 1).astype(np.int64)


def ratio(part: NDArray[Any], whole: NDArray[Any]) -> Doubles:
    """Divide counts, float64, in the shape of `whole`; 0 where the whole is 0."""
    result = np.zeros(np.shape(whole), dtype=np.float64)
    np.divide(part, whole, out=result, where=np.asarray(whole) > 0)
    return result


def f1_from_counts(hits: NDArray[Any], named: NDArray[Any]) -> Doubles:
    """F1 = 2 TP / (2 TP + FP + FN), float64, in the shape of the counts; 0 where nothing counts.

    Args:
        hits: True positives, TP.
        named: Rows that have the class, TP + FN, plus rows that were given it, TP + FP.
    """
    return ratio(2 * hits, named)


def class_f1(counts: NDArray[Any]) -> Doubles:
    """F1 of each class from `confusion_matrix`; 0 where a class never occurs.

    Args:
        counts: Numbers, shape (..., K, K + 1): one confusion matrix or a stack of them.

    Returns:
        float64, shape (..., K).
    """
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    named = counts[..., :-1].sum(axis=-2) + counts.sum(axis=-1)
    return f1_from_counts(hits, named)


def expression_f1(labels: ArrayLike, predictions: ArrayLike) -> float:
    """Macro F1 over the eight expressions.

    Args:
        labels, predictions: Whole numbers, shape (N,), in 0..7; rows whose label is -1 are left
            out.

    Raises:
        TypeError: An array does not hold whole numbers.
        ValueError: Shapes differ or a number is out of range.
    """
    return float(class_f1(confusion_matrix(labels, predictions, EXPRESSION_CLASSES)).mean())


def compound_f1(labels: ArrayLike, predictions: ArrayLike) -> float:
    """Macro F1 over the seven compound expressions of C-EXPR-DB.

    Args:
        labels, predictions: Whole numbers, shape (N,), in 0..6; rows whose label is -1 are left
            out.

    Raises:
        TypeError: An array does not hold whole numbers.
        ValueError: Shapes differ or a number is out of range.
    """
    return float(class_f1(confusion_matrix(labels, predictions, COMPOUND_CLASSES)).mean())


def share_divergence(shares: ArrayLike, labels: ArrayLike) -> float:
    """Kullback-Leibler divergence of the predicted shares of classes from known ones, in nats.

    sum p log(p / q) with p the known and q the predicted share of each class (arXiv:2407.13184
    picks models for compound expressions by it); infinite where a class with p > 0 is never
    predicted.

    Args:
        shares: Known shares or counts, shape (K,), >= 0 and not all 0.
        labels: Predicted classes, whole numbers, shape (N,), in 0..K-1; -1 (no label) is left out.

    Raises:
        TypeError: The labels are not whole numbers.
        ValueError: A share is negative, all are 0, or a label is out of range.
    """
    known = _numbers("shares", shares)
    is_usable = known.ndim == 1 and known.size > 0 and np.isfinite(known).all()
    if not is_usable or known.min() < 0 or known.sum() == 0:
        raise ValueError(f"shares: expected numbers >= 0 with one above 0, got {known}")
    counts = confusion_matrix(labels, labels, len(known))[:, :-1].sum(axis=1)
    if counts.sum() == 0:
        return float("inf")
    p, q = known / known.sum(), counts / counts.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.where(p > 0, p * np.log(p / q), 0).sum())


def action_unit_f1(labels: ArrayLike, predictions: ArrayLike) -> float:
    """Mean over the twelve action units of the F1 of "present".

    Args:
        labels, predictions: Whole numbers, shape (N, 12), 0 or 1; a row with any label -1 is
            left out.

    Raises:
        TypeError: An array does not hold whole numbers.
        ValueError: A shape is wrong or a number is out of range.
    """
    return float(action_unit_f1s(labels, predictions).mean())


def action_unit_f1s(labels: ArrayLike, predictions: ArrayLike) -> Doubles:
    """F1 of "present" of each action unit, float64, shape (12,); the rest as `action_unit_f1`."""
    truth, guess = _classes(labels, predictions, 2)
    if truth.shape[1] != ACTION_UNIT_COUNT:
        raise ValueError(f"labels: expected shape (N, {ACTION_UNIT_COUNT}), got {truth.shape}")
    valid = (truth != MISSING_CLASS).all(axis=1)
    truth, guess = truth[valid], guess[valid]
    for name, values in (("labels", truth), ("predictions", guess)):
        if not np.isin(values, (0, 1)).all():
            raise ValueError(f"{name}: expected 0 or 1 (or a row with -1 among its labels)")
    return f1_from_counts((truth & guess).sum(axis=0), truth.sum(axis=0) + guess.sum(axis=0))


def concordance_cc(labels: ArrayLike, predictions: ArrayLike) -> float:
    """Concordance correlation coefficient (Lin 1989), with population moments.

    2 cov(x, y) / (var(x) + var(y) + (mean(x) - mean(y))^2); NaN, with a warning, when either is
    constant or no row is left.

    Args:
        labels, predictions: Numbers, shape (N,); rows whose label is -5 are left out. NaN, or a
            masked value, makes the result NaN.

    Raises:
        ValueError: The shapes differ.
    """
    truth, guess = _affect("labels", labels), _affect("predictions", predictions)
    _require_one_shape("labels", truth, guess)
    if truth.ndim != 1:
        raise ValueError(f"labels: expected shape (N,), got {truth.shape}")
    valid = truth != MISSING_AFFECT
    truth, guess = truth[valid], guess[valid]
    if truth.size == 0:
        warnings.warn("concordance_cc: no valid row", RuntimeWarning, stacklevel=2)
        return float("nan")
    covariance = ((truth - truth.mean()) * (guess - guess.mean())).mean()
    spread = truth.var() + guess.var() + (truth.mean() - guess.mean()) ** 2
    if np.ptp(truth) == 0 or np.ptp(guess) == 0:
        warnings.warn("concordance_cc: the input is constant", RuntimeWarning, stacklevel=2)
        return float("nan")
    return float(2 * covariance / spread)


def mtl_score(
    valence_arousal: tuple[ArrayLike, ArrayLike],
    expression: tuple[ArrayLike, ArrayLike],
    action_units: tuple[ArrayLike, ArrayLike],
) -> MtlScore:
    """P_MTL = (CCC_V + CCC_A) / 2 + F1_EXPR + F1_AU (ABAW multi-task challenge).

    Args:
        valence_arousal: Labels and predictions, numbers, shape (N, 2); a row counts only if both
            labels are valid.
        expression: Labels and predictions as `expression_f1` takes them.
        action_units: Labels and predictions as `action_unit_f1` takes them.

    Raises:
        TypeError: an argument is not a pair, or holds what is not a number.
        ValueError: shapes differ, or a number is out of range.
    """
    parts = {
        "valence_arousal": valence_arousal,
        "expression": expression,
        "action_units": action_units,
    }
    for name, part in parts.items():
        if not isinstance(part, Sequence | np.ndarray) or len(part) != 2:
            raise TypeError(f"{name}: expected labels and predictions, two arrays")
    truth, guess = (_affect("valence_arousal", one) for one in valence_arousal)
    _require_one_shape("valence_arousal", truth, guess)
    if truth.ndim != 2 or truth.shape[1] != 2:
        raise ValueError(f"valence_arousal: expected shape (N, 2), got {truth.shape}")
    valid = (truth != MISSING_AFFECT).all(axis=1)
    truth, guess = truth[valid], guess[valid]
    return MtlScore(
        valence=concordance_cc(truth[:, 0], guess[:, 0]),
        arousal=concordance_cc(truth[:, 1], guess[:, 1]),
        expression=expression_f1(*expression),
        action_units=action_unit_f1(*action_units),
    )


def _classes(
    labels: ArrayLike, predictions: ArrayLike, dimensions: int
) -> tuple[Integers, Integers]:
    truth, guess = _whole_numbers("labels", labels), _whole_numbers("predictions", predictions)
    _require_one_shape("labels", truth, guess)
    if truth.ndim != dimensions:
        shape = "(N,)" if dimensions == 1 else f"(N, {ACTION_UNIT_COUNT})"
        raise ValueError(f"labels: expected shape {shape}, got {truth.shape}")
    return truth, guess


def _whole_numbers(name: str, values: ArrayLike) -> Integers:
    found = integers(name, values)
    if not isinstance(found, np.ndarray) or found.dtype != np.int64:
        raise TypeError(f"{name}: expected integers, got {_kind(found)}")
    return found


def _numbers(name: str, values: ArrayLike) -> Doubles:
    found = doubles(name, values)
    if not isinstance(found, np.ndarray) or found.dtype != np.float64:
        raise TypeError(f"{name}: expected numbers, got {_kind(found)}")
    return found


def _affect(name: str, values: ArrayLike) -> Doubles:
    found = _numbers(name, values)
    if np.isinf(found).any():
        raise ValueError(f"{name}: expected finite numbers, got {found[np.isinf(found)][0]}")
    return found


def _require_one_shape(name: str, truth: NDArray[Any], guess: NDArray[Any]) -> None:
    if truth.shape != guess.shape:
        raise ValueError(
            f"{name}: expected the shape of the predictions {guess.shape}, got {truth.shape}"
        )


def _kind(value: Any) -> str:
    return str(value.dtype) if isinstance(value, np.ndarray) else type(value).__name__
