"""Sums by group, and the measures that follow from them."""

from __future__ import annotations

import numpy as np
import pytest

from cexpr import metrics
from cexpr.abaw.files import MultiTask
from cexpr.evaluation import sums

# Two ways of summing the same numbers.
TOLERANCE = 1e-12


def test_sums_of_groups_are_those_of_their_rows() -> None:
    values = np.arange(24, dtype=np.float64).reshape(6, 2, 2)
    group = np.int64([2, 0, 2, 0, 0, 3])
    found = sums.group_sums(values, group, 5)
    assert found.shape == (5, 2, 2)
    for one in range(5):
        np.testing.assert_array_equal(found[one], values[group == one].sum(axis=0))


def test_ccc_from_sums_is_that_of_the_rows() -> None:
    random = np.random.default_rng(0)
    truth = random.uniform(-1, 1, (300, 2))
    guess = truth + random.normal(0, 0.3, truth.shape)
    group = random.integers(0, 4, 300)
    by_group = sums.group_sums(sums.moments(truth, guess), group, 4)
    weights = np.float64([2, 0, 1, 3])
    rows = np.concatenate(
        [np.flatnonzero(group == one).repeat(int(weights[one])) for one in range(4)]
    )
    found = sums.ccc(np.tensordot(weights, by_group, axes=1))
    for column in (0, 1):
        expected = metrics.concordance_cc(truth[rows, column], guess[rows, column])
        assert found[column] == pytest.approx(expected, abs=TOLERANCE)


def test_ccc_without_rows_or_spread_is_unknown() -> None:
    flat = sums.moments(np.full(3, 0.5), np.full(3, 0.5)).sum(axis=0)
    assert np.isnan(sums.ccc(np.stack([np.zeros(6), flat]))).all()


def labels_of(**columns: np.ndarray) -> MultiTask:
    count = len(next(iter(columns.values())))
    missing = {
        "valence_arousal": np.full((count, 2), -5.0),
        "expression": np.full(count, -1),
        "action_units": np.full((count, 12), -1),
    }
    return MultiTask(tuple(("v", row) for row in range(count)), **{**missing, **columns})


def test_the_score_of_expressions_is_macro_f1_and_unknown_signals_lose() -> None:
    random = np.random.default_rng(1)
    truth = random.integers(-1, 8, 200)
    values = random.random((200, 8), np.float32)
    values[::7, 3] = np.nan
    fold = random.integers(0, 3, 200)
    found = sums.head_sums("expression", labels_of(expression=truth), values, fold, 3)
    guess = np.where(np.isnan(values), -1, values).argmax(axis=1)
    for one in range(3):
        expected = metrics.expression_f1(truth[fold == one], guess[fold == one])
        assert sums.best_scores("expression", found[one]) == expected
    whole = sums.best_scores("expression", found.sum(axis=0))
    assert whole == metrics.expression_f1(truth, guess)


def test_the_score_of_affect_leaves_rows_without_a_signal_out() -> None:
    random = np.random.default_rng(2)
    truth = random.uniform(-1, 1, (100, 2))
    truth[:10, 1] = -5
    values = random.uniform(-1, 1, (100, 2)).astype(np.float32)
    values[20:30, 0] = np.nan
    rows = np.r_[10:20, 30:100]
    labels = labels_of(valence_arousal=truth)
    found = sums.head_sums("valence_arousal", labels, values, np.zeros(100, np.int64), 1)
    expected = [metrics.concordance_cc(truth[rows, c], values[rows, c]) for c in (0, 1)]
    # Signals have 24 bits.
    assert sums.best_scores("valence_arousal", found[0]) == pytest.approx(
        np.mean(expected), abs=1e-6
    )


def test_thresholds_count_as_a_run_does() -> None:
    values = np.float32([[0.1, 0.5, 0.9, 0.05] * 3, [0.3, 0.7, np.nan, 0.95] * 3])
    truth = np.int64([[1, 0, 1, 0] * 3, [1, 1, 1, 0] * 3])
    labels = MultiTask((("v", 1), ("v", 2)), np.zeros((2, 2)), np.zeros(2, np.int64), truth)
    found = sums.head_sums("action_units", labels, values, np.zeros(2, np.int64), 1)[0]
    for step, threshold in enumerate(sums.THRESHOLDS):
        on = values >= np.float32(threshold)
        np.testing.assert_array_equal(found[step, :, 0], (on & (truth == 1)).sum(axis=0))
        np.testing.assert_array_equal(found[step, :, 1], on.sum(axis=0))
        np.testing.assert_array_equal(found[step, :, 2], truth.sum(axis=0))
