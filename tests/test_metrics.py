"""The measures against scikit-learn's formulas, written plainly."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cexpr import metrics

TOLERANCE = 1e-9


def plain_f1(truth: list[int], guess: list[int], positive: int) -> float:
    hit = sum(t == positive and g == positive for t, g in zip(truth, guess, strict=True))
    wrong = sum(t != positive and g == positive for t, g in zip(truth, guess, strict=True))
    missed = sum(t == positive and g != positive for t, g in zip(truth, guess, strict=True))
    return 2 * hit / (2 * hit + wrong + missed) if hit + wrong + missed else 0.0


@given(st.lists(st.tuples(st.integers(-1, 7), st.integers(0, 7)), max_size=60))
def test_expression_f1_averages_over_all_eight(rows: list[tuple[int, int]]) -> None:
    pairs = [(t, g) for t, g in rows if t != -1]
    truth, guess = [t for t, _ in pairs], [g for _, g in pairs]
    expected = sum(plain_f1(truth, guess, one) for one in range(8)) / 8
    labels = np.array([t for t, _ in rows], dtype=np.int64)
    predictions = np.array([g for _, g in rows], dtype=np.int64)
    assert metrics.expression_f1(labels, predictions) == pytest.approx(expected, abs=TOLERANCE)


@given(st.lists(st.tuples(st.integers(-1, 6), st.integers(-1, 6)), max_size=60))
def test_a_frame_without_a_compound_is_a_miss(rows: list[tuple[int, int]]) -> None:
    pairs = [(t, g) for t, g in rows if t != -1]
    truth, guess = [t for t, _ in pairs], [g for _, g in pairs]
    expected = sum(plain_f1(truth, guess, one) for one in range(7)) / 7
    labels = np.array([t for t, _ in rows], dtype=np.int64)
    predictions = np.array([g for _, g in rows], dtype=np.int64)
    assert metrics.compound_f1(labels, predictions) == pytest.approx(expected, abs=TOLERANCE)


def test_a_class_that_never_occurs_counts_zero() -> None:
    labels = np.array([0, 0, 1, 1])
    assert metrics.expression_f1(labels, labels) == pytest.approx(2 / 8)
    assert metrics.compound_f1(labels, labels) == pytest.approx(2 / 7)
    assert metrics.compound_f1([], []) == 0


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(2, 50))
def test_concordance_leaves_missing_rows_out(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    truth, guess = rng.uniform(-1, 1, count), rng.uniform(-1, 1, count)
    valid = rng.random(count) < 0.7
    valid[:2] = True
    labels = np.where(valid, truth, -5.0)
    x, y = truth[valid], guess[valid]
    expected = 2 * np.cov(x, y, bias=True)[0, 1] / (x.var() + y.var() + (x.mean() - y.mean()) ** 2)
    assert metrics.concordance_cc(labels, guess) == pytest.approx(expected, abs=TOLERANCE)


@pytest.mark.parametrize(
    ("labels", "predictions"),
    [([0.5, 0.5], [0.1, 0.9]), ([0.1, 0.9], [0.5, 0.5]), ([-5.0, -5.0], [0.1, 0.9])],
)
def test_concordance_of_constant_or_no_input_is_nan_with_a_warning(
    labels: list[float], predictions: list[float]
) -> None:
    with pytest.warns(RuntimeWarning, match="concordance_cc"):
        assert np.isnan(metrics.concordance_cc(labels, predictions))


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(0, 40))
def test_action_units_leave_a_row_with_any_missing_unit_out(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, (count, 12))
    guess = rng.integers(0, 2, (count, 12))
    labels[rng.random((count, 12)) < 0.02] = -1
    kept = (labels != -1).all(axis=1)
    expected = np.mean(
        [plain_f1(labels[kept, u].tolist(), guess[kept, u].tolist(), 1) for u in range(12)]
    )
    assert metrics.action_unit_f1(labels, guess) == pytest.approx(expected, abs=TOLERANCE)


def test_mtl_score_is_the_sum_of_its_parts() -> None:
    rng = np.random.default_rng(3)
    affect, other = rng.uniform(-1, 1, (30, 2)), rng.uniform(-1, 1, (30, 2))
    affect[4, 0] = -5
    units = rng.integers(0, 2, (30, 12))
    score = metrics.mtl_score((affect, other), (np.arange(30) % 8,) * 2, (units, units))
    kept = np.arange(30) != 4
    assert score.valence == metrics.concordance_cc(affect[kept, 0], other[kept, 0])
    assert score.arousal == metrics.concordance_cc(affect[kept, 1], other[kept, 1])
    assert score.expression == 1.0
    assert score.action_units == 1.0
    assert score.total == pytest.approx((score.valence + score.arousal) / 2 + 2)


def test_wrong_input_is_named() -> None:
    with pytest.raises(ValueError, match=r"got -1..9"):
        metrics.expression_f1([0, -1], [9, -1])
    with pytest.raises(ValueError, match="shape"):
        metrics.compound_f1([0, 1], [0])
    with pytest.raises(TypeError, match=r"labels: expected whole numbers, got 0\.5"):
        metrics.expression_f1([0.5], [0.5])
    with pytest.raises(TypeError, match="predictions: expected integers, got float64"):
        metrics.expression_f1(np.array([0]), np.array([0.5]))
    with pytest.raises(ValueError, match=r"\(N, 12\)"):
        metrics.action_unit_f1([[1]], [[1]])
    with pytest.raises(ValueError, match="0 or 1"):
        metrics.action_unit_f1([[2] * 12], [[1] * 12])


@pytest.mark.parametrize(
    ("labels", "predictions", "error", "message"),
    [
        ([[0, 1]], [[0, 1]], ValueError, r"labels: expected shape \(N,\), got \(1, 2\)"),
        (0, 0, ValueError, r"labels: expected shape \(N,\), got \(\)"),
        ([[0], [1, 2]], [0], TypeError, "labels: .* row 1 has 2 values, row 0 has 1 value"),
        ([0], ["a"], TypeError, "predictions: expected whole numbers, got 'a'"),
        ([0], [None], TypeError, "predictions: expected whole numbers, got None"),
        (None, [0], TypeError, "labels: expected integers, got NoneType"),
        (np.array([True]), [0], TypeError, "labels: expected integers, got bool"),
        ([0], np.ma.array([0], mask=[1]), TypeError, "predictions: .* got a masked value"),
        ([0], np.uint64([2**64 - 1]), ValueError, "predictions: .* is out of the range of int64"),
    ],
)
def test_wrong_classes_are_named(
    labels: object, predictions: object, error: type[Exception], message: str
) -> None:
    for measure in (metrics.compound_f1, metrics.expression_f1):
        with pytest.raises(error, match=message):
            measure(labels, predictions)


@pytest.mark.parametrize(
    ("classes", "error"), [("a", TypeError), (2.0, TypeError), (0, ValueError)]
)
def test_the_number_of_classes_is_at_least_one(classes: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="classes: expected"):
        metrics.confusion_matrix([0], [0], classes)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["valence_arousal", "expression", "action_units"])
def test_a_part_of_the_score_is_labels_and_predictions(name: str) -> None:
    affect, classes, units = np.zeros((2, 2)), np.zeros(2, int), np.zeros((2, 12), int)
    parts = {
        "valence_arousal": (affect, affect),
        "expression": (classes, classes),
        "action_units": (units, units),
    }
    for wrong in (3, None, (classes,), np.zeros(3)):
        with pytest.raises(TypeError, match=f"^{name}: expected labels and predictions"):
            metrics.mtl_score(**{**parts, name: wrong})


def test_whole_floats_are_classes() -> None:
    labels = pd.Series([0, 1, None, 6]).fillna(-1)
    assert metrics.compound_f1(labels, [0.0, 1.0, 2.0, 6.0]) == pytest.approx(3 / 7)
    units = np.ones((2, 12))
    assert metrics.action_unit_f1(units, units.astype(int)) == 1.0
    assert metrics.share_divergence([1, 1], [0.0, 1.0]) == 0


@pytest.mark.parametrize(
    ("labels", "predictions", "error", "message"),
    [
        ([[0.1, 0.2]], [[0.1, 0.2]], ValueError, r"labels: expected shape \(N,\), got \(1, 2\)"),
        ([0.1, 0.2], [0.1], ValueError, "labels: expected the shape of the predictions"),
        ([0.1, np.inf], [0.1, 0.2], ValueError, "labels: expected finite numbers, got inf"),
        ([0.1, 0.2], [-np.inf, 0.2], ValueError, "predictions: expected finite numbers, got -inf"),
        ([0.1, 0.2], [True, False], TypeError, "predictions: expected numbers, got True"),
        (np.array([True, False]), [0.1, 0.2], TypeError, "labels: expected numbers, got bool"),
        ([0.1], ["a"], TypeError, "predictions: expected numbers, got 'a'"),
        ([[0.1], []], [0.1], TypeError, "labels: .* row 1 has 0 values, row 0 has 1 value"),
    ],
)
def test_wrong_valence_is_named(
    labels: object, predictions: object, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        metrics.concordance_cc(labels, predictions)


def test_dir_shows_the_measures_alone() -> None:
    shown = [name for name in dir(metrics) if not name.startswith("_")]
    assert shown == sorted(metrics.__all__)
    for name in ("Any", "NDArray", "annotations", "np", "dataclass"):
        assert name not in shown
    assert {"compound_f1", "mtl_score", "MtlScore", "COMPOUND_FRAMES"} <= set(shown)


def test_the_divergence_of_shares() -> None:
    assert metrics.share_divergence([1, 1], [0, 1, -1, 1, 0]) == 0
    expected = 0.25 * np.log(0.25 / 0.5) + 0.75 * np.log(0.75 / 0.5)
    assert metrics.share_divergence([1, 3], [0, 1]) == pytest.approx(expected, abs=TOLERANCE)
    assert metrics.share_divergence([1, 0], [0, 1]) == pytest.approx(np.log(2), abs=TOLERANCE)
    assert metrics.share_divergence([1, 1], [0, 0]) == np.inf
    assert metrics.share_divergence([1, 1], [-1]) == np.inf
    with pytest.raises(ValueError, match="shares"):
        metrics.share_divergence([0, 0], [0])
    for shares in ([1, np.inf], [1, np.nan], [[1, 1]]):
        with pytest.raises(ValueError, match="shares: expected numbers >= 0 with one above 0"):
            metrics.share_divergence(shares, [0])
    with pytest.raises(TypeError, match="shares: expected numbers, got 'a'"):
        metrics.share_divergence(["a"], [0])
