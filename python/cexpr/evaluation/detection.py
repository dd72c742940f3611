"""Compound or not: rule sets on every face that a crowd could read, not on compounds alone.

Each face has one of eight classes: the seven compounds as `crowd.crowd_labels` derives them from
the votes, and "no compound" for every other face. A rule set that gives a compound to every face
is right on the seven and wrong here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from cexpr import metrics
from cexpr._support.types import Bools, Doubles, Floats, Integers, Labels
from cexpr.abaw.classes import CE_CLASSES
from cexpr.evaluation.crowd import BASIC_EMOTIONS, VOTE_COLUMNS, Answers, crowd_labels

NO_COMPOUND: Final = len(CE_CLASSES)
"""Id of the eighth class."""

FIGURES: Final = (
    "precision",
    "recall",
    "f1",
    "average_precision",
    "macro_f1",
    "per_100_neutral",
    "per_100_single",
)
"""What `measure` tells of a rule set."""

_CLASSES: Final = NO_COMPOUND + 1
# Tenths of all votes.
_NEUTRAL_TENTHS: Final = 8
_SINGLE_TENTHS: Final = 9

Interval = tuple[float, float, float]
"""A figure and the ends of its interval."""


@dataclass(frozen=True)
class ReadableFaces:
    """What the crowd saw in the faces that it could read.

    Attributes:
        rows: int64, shape (N,), their rows among all faces.
        labels: int32, shape (N,), ids 0..6 in the order of `CE_CLASSES`, 7 for no compound.
        is_neutral: bool, shape (N,): at least 8 of 10 votes are neutral.
        is_single: bool, shape (N,): at least 9 of 10 votes are one basic emotion (there are six;
            neutral and contempt do not count).
    """

    rows: Integers
    labels: Labels
    is_neutral: Bools
    is_single: Bools


@dataclass(frozen=True)
class Detection:
    """How a rule set tells compounds from other faces.

    Attributes:
        confusion: int64, shape (8, 8): crowd's class by given class, "no compound" last.
        figures: `FIGURES` by name, each with its 95 % interval; see `measure`.
    """

    confusion: Integers
    figures: dict[str, Interval]


def readable_faces(votes: Integers) -> ReadableFaces:
    """Find the faces that the crowd could read: fewer than half of the votes are "not a face".

    Args:
        votes: Counts, shape (M, 10), columns as `VOTE_COLUMNS`.
    """
    rows = np.flatnonzero(2 * votes[:, VOTE_COLUMNS.index("not_a_face")] < votes.sum(axis=1))
    votes = votes[rows]
    total = votes.sum(axis=1)
    labels = crowd_labels(votes)
    basic = votes[:, [VOTE_COLUMNS.index(name) for name in BASIC_EMOTIONS]]
    return ReadableFaces(
        rows,
        np.where(labels < 0, np.int32(NO_COMPOUND), labels),
        10 * votes[:, VOTE_COLUMNS.index("neutral")] >= _NEUTRAL_TENTHS * total,
        10 * basic.max(axis=1) >= _SINGLE_TENTHS * total,
    )


def average_precision(is_compound: Bools, scores: Floats, counts: Integers | None = None) -> float:
    """Sum of the precision at each score, weighted by the recall that is gained there.

    AP = sum over thresholds n of (R_n - R_(n-1)) P_n, faces of equal score together, without
    interpolation, as scikit-learn's `average_precision_score` defines it.

    Args:
        is_compound: bool, shape (N,).
        scores: float32, shape (N,), higher for faces that are more likely a compound.
        counts: How often each face counts, shape (N,); by default once.

    Returns:
        0..1, 0 without any compound.
    """
    order = np.argsort(-scores, kind="stable")
    counts = np.ones(len(scores), np.int64) if counts is None else counts
    ranked = scores[order]
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True)[: len(ranked)])
    hits = np.cumsum((counts * is_compound)[order])[ends]
    named = np.cumsum(counts[order])[ends]
    if not len(hits) or hits[-1] == 0:
        return 0.0
    recall_gained = np.diff(hits, prepend=0) / hits[-1]
    return float((recall_gained * metrics.ratio(hits, named)).sum())


def measure(
    faces: ReadableFaces, answers: Answers, *, rounds: int = 2000, seed: int = 0
) -> Detection:
    """Compare the answers of a rule set with the crowd.

    Precision, recall and F1 are those of "a compound", whichever it is; so is the average precision
    of the best score. Macro F1 is the mean over all eight classes, absent ones included. The last
    two figures are faces that were called a compound per 100 plainly neutral ones and per 100 of
    one single emotion. A figure without any face is 0.

    The intervals hold 95 % of the draws. Faces are drawn again with replacement within each class
    of the crowd; the draws are the same for every rule set.

    Args:
        faces: What the crowd saw, N faces.
        answers: Of the same N faces.
        rounds: Number of draws.
        seed: Seed of the draws.

    Raises:
        ValueError: the numbers of faces differ.
    """
    if answers.labels.shape != faces.labels.shape:
        raise ValueError(
            f"answers: expected {len(faces.labels)} like the faces; got {len(answers.labels)}"
        )
    given = np.where(answers.labels < 0, NO_COMPOUND, answers.labels)
    cells = faces.labels.astype(np.int64) * _CLASSES + given
    once = np.ones(len(given), np.int64)
    random = np.random.default_rng(seed)
    groups = [np.flatnonzero(faces.labels == class_id) for class_id in range(_CLASSES)]
    draws = np.empty((rounds, len(FIGURES)))
    for row in draws:
        drawn = np.concatenate([random.choice(group, len(group)) for group in groups])
        row[:] = _figures(faces, answers, cells, np.bincount(drawn, minlength=len(given)))
    low, high = np.percentile(draws, [2.5, 97.5], axis=0).tolist()
    values = _figures(faces, answers, cells, once)
    return Detection(
        _confusion(cells, once),
        dict(zip(FIGURES, zip(values, low, high, strict=True), strict=True)),
    )


def _figures(
    faces: ReadableFaces, answers: Answers, cells: Integers, counts: Integers
) -> list[float]:
    """Compute `FIGURES` of faces that count as often as `counts` says."""
    confusion = _confusion(cells, counts)
    hits = confusion[:NO_COMPOUND, :NO_COMPOUND].sum()
    named, held = confusion[:, :NO_COMPOUND].sum(), confusion[:NO_COMPOUND].sum()
    total_true, total_named = confusion.sum(axis=1), confusion.sum(axis=0)
    each: Doubles = metrics.f1_from_counts(np.diagonal(confusion), total_true + total_named)
    false = counts * (answers.labels >= 0) * (faces.labels == NO_COMPOUND)
    return [
        float(metrics.ratio(hits, named)),
        float(metrics.ratio(hits, held)),
        float(metrics.f1_from_counts(hits, named + held)),
        average_precision(faces.labels < NO_COMPOUND, answers.scores, counts),
        float(each.mean()),
        *(
            100 * float(metrics.ratio(false[kind].sum(), counts[kind].sum()))
            for kind in (faces.is_neutral, faces.is_single)
        ),
    ]


def _confusion(cells: Integers, counts: Integers) -> Integers:
    found = np.bincount(cells, weights=counts, minlength=_CLASSES * _CLASSES)
    return found.reshape(_CLASSES, _CLASSES).astype(np.int64)
