"""Heads against known answers: labels made by planted maps of random features, partly masked."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

from builders.planted_labels import WIDTH, planted
from cexpr import metrics
from cexpr.heads import engines, training
from cexpr.heads.training import Training

MEASURE = Path(__file__).parents[2] / "tools" / "measure_heads.py"


@pytest.fixture(params=["numpy", "torch"])
def engine(request: pytest.FixtureRequest) -> engines.Name:
    if request.param == "torch" and not engines.has_torch():
        pytest.skip("PyTorch, of the extra [heads], is not installed")
    return request.param


def test_linear_and_non_linear_maps_are_found(engine: engines.Name) -> None:
    train, validation = planted(0, 6000), planted(1, 1500)
    expression = training.fit_expression(
        (train[0], train[2].expression),
        (validation[0], validation[2].expression),
        Training(80, engine=engine),
    )
    affect = training.fit_valence_arousal(
        (train[1], train[2].valence_arousal),
        (validation[1], validation[2].valence_arousal),
        Training(40, engine=engine),
    )
    units = training.fit_action_units(
        (train[0], train[2].action_units),
        (validation[0], validation[2].action_units),
        Training(40, engine=engine),
    )
    assert expression.score > 0.9
    assert affect.score > 0.98
    assert units.score > 0.8
    guess = expression(validation[0]).argmax(axis=1)
    assert expression.score == metrics.expression_f1(validation[2].expression, guess)
    assert len(units.layers) == 2
    assert units.layers[0][0].shape == (WIDTH, 128)


def test_masked_labels_change_nothing() -> None:
    features, _, labels = planted(2, 600)
    known = labels.expression != -1
    how = Training(epochs=2, seed=5)
    whole = training.fit_expression(
        (features, labels.expression), (features, labels.expression), how
    )
    cut = training.fit_expression(
        (features[known], labels.expression[known]), (features, labels.expression), how
    )
    np.testing.assert_array_equal(whole.layers[0][0], cut.layers[0][0])


def test_rare_classes_weigh_as_much_as_frequent_ones() -> None:
    random = np.random.default_rng(3)
    features = random.normal(size=(4000, 2)).astype(np.float32)
    # Class 1 is rare and overlaps class 0: without weights it would never be said.
    labels = (random.random(4000) < 0.05).astype(np.int64)
    features[labels == 1] += 1
    head = training.fit_expression((features, labels), (features, labels), Training(10))
    guess = head(features).argmax(axis=1)
    recall = [(guess[labels == one] == one).mean() for one in (0, 1)]
    assert recall[0] > 0.4
    assert recall[1] > 0.6


def test_the_same_seed_gives_the_same_head() -> None:
    features, _, labels = planted(6, 500)
    part = (features, labels.action_units)
    one, two = (training.fit_action_units(part, part, Training(2, seed=1)) for _ in range(2))
    other = training.fit_action_units(part, part, Training(2, seed=2))
    np.testing.assert_array_equal(one.layers[1][0], two.layers[1][0])
    assert not np.array_equal(one.layers[1][0], other.layers[1][0])


@pytest.mark.skipif(not MEASURE.exists(), reason="the tools are not beside the tests")
def test_expressions_of_real_faces_are_learnt_from_the_features_of_the_small_model(
    shared: Path,
) -> None:
    train, valid = (shared / "data" / f"ferplus_{part}.npz" for part in ("train", "valid"))
    if not (train.is_file() and valid.is_file()):
        pytest.skip("the FER+ faces are not in ../shared/data")
    measure = runpy.run_path(str(MEASURE))["measure"]
    found = measure(train, valid, 700, Training(30))
    accuracy, f1 = found["head on the features"]
    # Trained on 700 faces, against a head that saw 28,000.
    assert accuracy > found["the model's own head"][0] - 0.1
    assert accuracy > found["the commonest class"][0] + 0.2
    assert f1 > 3 * found["the commonest class"][1]
