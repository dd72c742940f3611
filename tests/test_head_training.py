"""Heads against known answers: labels made by planted maps of random features, partly masked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cexpr import head_training, metrics, zoo
from cexpr.abaw import EXPRESSIONS, MultiTask
from cexpr.crowd import VOTE_COLUMNS, read_faces
from cexpr.errors import UsageError
from cexpr.extract import Features, Settings
from cexpr.head_fitting import fit, join
from cexpr.inference import Model

WIDTH, OUTPUTS = 24, 10


def planted(seed: int, count: int) -> tuple[np.ndarray, np.ndarray, MultiTask]:
    """Features, raw outputs, and labels by a linear, a tanh and a non-linear map, 30 % masked."""
    maps = np.random.default_rng(99)
    random = np.random.default_rng(seed)
    features = (random.normal(size=(count, WIDTH)) * 5 + 2).astype(np.float32)
    outputs = random.normal(size=(count, OUTPUTS)).astype(np.float32)
    classes = ((features - 2) @ maps.normal(size=(WIDTH, 8))).argmax(axis=1)
    affect = np.tanh(outputs @ maps.normal(size=(OUTPUTS, 2)) * 0.3 + 0.1)
    # Whether two features have the same sign: no linear map can tell.
    pairs = maps.permutation(WIDTH).reshape(12, 2)
    units = (np.prod(features[:, pairs] - 2, axis=2) > 0).astype(np.int64)
    masked = random.random((count, 3)) < 0.3
    labels = MultiTask(
        tuple(("v", row) for row in range(count)),
        np.where(masked[:, :1], -5, affect),
        np.where(masked[:, 1], -1, classes),
        np.where(masked[:, 2:], -1, units),
    )
    return features, outputs, labels


def test_linear_and_non_linear_maps_are_found() -> None:
    train, validation = planted(0, 6000), planted(1, 1500)
    expression = head_training.fit_expression(
        (train[0], train[2].expression), (validation[0], validation[2].expression), epochs=80
    )
    affect = head_training.fit_valence_arousal(
        (train[1], train[2].valence_arousal),
        (validation[1], validation[2].valence_arousal),
        epochs=40,
    )
    units = head_training.fit_action_units(
        (train[0], train[2].action_units), (validation[0], validation[2].action_units), epochs=40
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
    options = {"epochs": 2, "seed": 5}
    whole = head_training.fit_expression(
        (features, labels.expression), (features, labels.expression), **options
    )
    cut = head_training.fit_expression(
        (features[known], labels.expression[known]), (features, labels.expression), **options
    )
    np.testing.assert_array_equal(whole.layers[0][0], cut.layers[0][0])


def test_rare_classes_weigh_as_much_as_frequent_ones() -> None:
    random = np.random.default_rng(3)
    features = random.normal(size=(4000, 2)).astype(np.float32)
    # Class 1 is rare and overlaps class 0: without weights it would never be said.
    labels = (random.random(4000) < 0.05).astype(np.int64)
    features[labels == 1] += 1
    head = head_training.fit_expression((features, labels), (features, labels), epochs=10)
    guess = head(features).argmax(axis=1)
    recall = [(guess[labels == one] == one).mean() for one in (0, 1)]
    assert recall[0] > 0.4
    assert recall[1] > 0.6


def test_the_slope_of_the_concordance_is_that_of_finite_differences() -> None:
    random = np.random.default_rng(4)
    values, truth = random.normal(size=(30, 2)), np.tanh(random.normal(size=(30, 2)))

    def loss(at: np.ndarray) -> float:
        guess = np.tanh(at)
        return float(
            np.mean([1 - metrics.concordance_cc(truth[:, c], guess[:, c]) for c in (0, 1)])
        )

    slope = head_training.concordance_slope(values, truth)
    step = 1e-5
    for row, column in ((0, 0), (7, 1), (29, 0)):
        up, down = values.copy(), values.copy()
        up[row, column] += step
        down[row, column] -= step
        expected = (loss(up) - loss(down)) / (2 * step)
        assert slope[row, column] == pytest.approx(expected, abs=1e-7)


def test_the_same_seed_gives_the_same_head() -> None:
    features, _, labels = planted(6, 500)
    part = (features, labels.action_units)
    one, two = (head_training.fit_action_units(part, part, epochs=2, seed=1) for _ in range(2))
    other = head_training.fit_action_units(part, part, epochs=2, seed=2)
    np.testing.assert_array_equal(one.layers[1][0], two.layers[1][0])
    assert not np.array_equal(one.layers[1][0], other.layers[1][0])


def test_rows_are_joined_by_video_and_frame_and_heads_without_labels_left_out() -> None:
    features, outputs, labels = planted(7, 300)
    keys = tuple(("v", row) for row in range(250))[::-1]
    read = Features(
        Settings("m", "0", "mtcnn", False), keys, features[:250][::-1], outputs[:250][::-1]
    )
    unlabelled = MultiTask(
        labels.keys, labels.valence_arousal * 0 - 5, labels.expression, labels.action_units * 0 - 1
    )
    part = join(read, unlabelled)
    assert part.lost == 50
    np.testing.assert_array_equal(part.features, features[:250])
    assert list(fit(part, part, epochs=1)) == ["expression"]
    nothing = MultiTask((("w", 1),), np.zeros((1, 2)), np.zeros(1, int), np.zeros((1, 12), int))
    with pytest.raises(UsageError, match="no annotated frame has features"):
        join(read, nothing)


def test_expressions_of_real_faces_are_learnt_from_the_features_of_the_small_model(
    shared: Path,
) -> None:
    path = shared / "data" / "ferplus_valid.npz"
    if not path.is_file():
        pytest.skip("the FER+ faces are not in ../shared/data")
    faces = read_faces(path)
    votes = faces.votes[:, : len(VOTE_COLUMNS) - 2]
    is_clear = votes.max(axis=1) > votes.sum(axis=1) / 2
    chosen = np.flatnonzero(is_clear)[:2000]
    model = zoo.find("cexpr-s")
    network = Model(model, zoo.model_file(model), threads=2, features=True)
    pixels = faces.images[chosen][:, None].astype(np.float32) / 255
    inputs = (pixels - np.float32(model.input.mean[0])) / np.float32(model.input.std[0])
    tensors = [network.run(inputs[at : at + 100]) for at in range(0, len(inputs), 100)]
    assert network.features is not None
    features = np.concatenate([one[network.features] for one in tensors])
    # Aff-Wild2's ids, in which contempt stands under "other".
    ids = [EXPRESSIONS.index("other" if n == "contempt" else n) for n in VOTE_COLUMNS[:8]]
    labels = np.array(ids)[votes[chosen].argmax(axis=1)]
    cut = 1300
    head = head_training.fit_expression(
        (features[:cut], labels[:cut]), (features[cut:], labels[cut:]), epochs=30
    )
    accuracy = (head(features[cut:]).argmax(axis=1) == labels[cut:]).mean()
    commonest = np.bincount(labels[cut:]).max() / (len(labels) - cut)
    assert accuracy > commonest + 0.2
