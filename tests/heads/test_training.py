"""Heads against known answers: labels made by planted maps of random features, partly masked."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

from cexpr import metrics
from cexpr.abaw.files import MultiTask
from cexpr.errors import UsageError
from cexpr.heads import engines as head_engines
from cexpr.heads import training as head_training
from cexpr.heads.features import Features, Settings
from cexpr.heads.fit import fit, join
from cexpr.heads.training import TrainedHead, Training

WIDTH, OUTPUTS = 24, 10
MEASURE = Path(__file__).parents[2] / "tools" / "measure_heads.py"


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


@pytest.fixture(params=["numpy", "torch"])
def engine(request: pytest.FixtureRequest) -> head_engines.Name:
    if request.param == "torch" and not head_engines.has_torch():
        pytest.skip("PyTorch, of the extra [heads], is not installed")
    return request.param


def test_linear_and_non_linear_maps_are_found(engine: head_engines.Name) -> None:
    train, validation = planted(0, 6000), planted(1, 1500)
    expression = head_training.fit_expression(
        (train[0], train[2].expression),
        (validation[0], validation[2].expression),
        Training(80, engine=engine),
    )
    affect = head_training.fit_valence_arousal(
        (train[1], train[2].valence_arousal),
        (validation[1], validation[2].valence_arousal),
        Training(40, engine=engine),
    )
    units = head_training.fit_action_units(
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
    whole = head_training.fit_expression(
        (features, labels.expression), (features, labels.expression), how
    )
    cut = head_training.fit_expression(
        (features[known], labels.expression[known]), (features, labels.expression), how
    )
    np.testing.assert_array_equal(whole.layers[0][0], cut.layers[0][0])


def test_rare_classes_weigh_as_much_as_frequent_ones() -> None:
    random = np.random.default_rng(3)
    features = random.normal(size=(4000, 2)).astype(np.float32)
    # Class 1 is rare and overlaps class 0: without weights it would never be said.
    labels = (random.random(4000) < 0.05).astype(np.int64)
    features[labels == 1] += 1
    head = head_training.fit_expression((features, labels), (features, labels), Training(10))
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

    slope = head_engines.concordance_slope(values, truth, np.ones_like(truth))
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
    one, two = (head_training.fit_action_units(part, part, Training(2, seed=1)) for _ in range(2))
    other = head_training.fit_action_units(part, part, Training(2, seed=2))
    np.testing.assert_array_equal(one.layers[1][0], two.layers[1][0])
    assert not np.array_equal(one.layers[1][0], other.layers[1][0])


def test_rows_are_joined_by_video_and_frame_and_heads_without_labels_left_out() -> None:
    features, outputs, labels = planted(7, 300)
    keys = tuple(("v", row) for row in range(250))[::-1]
    read = Features(
        Settings("m", "0", "mtcnn", False, (("output", OUTPUTS),)),
        keys,
        features[:250][::-1],
        outputs[:250][::-1],
    )
    unlabelled = MultiTask(
        labels.keys, labels.valence_arousal * 0 - 5, labels.expression, labels.action_units * 0 - 1
    )
    part = join(read, unlabelled)
    assert part.lost == 50
    np.testing.assert_array_equal(part.features, features[:250])
    assert list(fit(part, part, Training(1))) == ["expression"]
    nothing = MultiTask((("w", 1),), np.zeros((1, 2)), np.zeros(1, int), np.zeros((1, 12), int))
    with pytest.raises(UsageError, match="no annotated frame has features"):
        join(read, nothing)


def both_engines(name: str, part: tuple[np.ndarray, np.ndarray]) -> tuple[TrainedHead, TrainedHead]:
    train = getattr(head_training, f"fit_{name}")
    how = {"epochs": 3, "seed": 8}
    return train(part, part, Training(**how)), train(part, part, Training(**how, engine="torch"))


@pytest.mark.skipif(not head_engines.has_torch(), reason="PyTorch (extra [heads]) is not installed")
def test_both_engines_train_the_same_heads() -> None:
    features, outputs, labels = planted(8, 700)
    for name in ("expression", "valence_arousal", "action_units"):
        inputs = outputs if name == "valence_arousal" else features
        ours, theirs = both_engines(name, (inputs, getattr(labels, name)))
        assert ours.epoch == theirs.epoch
        for one, other in zip(ours.layers, theirs.layers, strict=True):
            for mine, yours in zip(one, other, strict=True):
                # Sums in another order, some fifty steps on; weights are of the order of 1.
                np.testing.assert_allclose(mine, yours, atol=1e-6)


@pytest.mark.skipif(not head_engines.has_torch(), reason="PyTorch (extra [heads]) is not installed")
def test_the_losses_are_those_of_pytorch() -> None:
    import torch

    random = np.random.default_rng(9)
    values = random.normal(size=(40, 8))
    classes, weight = random.integers(0, 8, 40), random.uniform(0.5, 2, 8)
    at = torch.tensor(values, requires_grad=True)
    torch.nn.CrossEntropyLoss(weight=torch.tensor(weight))(at, torch.tensor(classes)).backward()
    weights = np.repeat(weight[classes][:, None], 8, axis=1)
    ours = head_engines.cross_entropy_slope(values, np.eye(8)[classes], weights)
    np.testing.assert_allclose(ours, at.grad, atol=1e-12)

    present, share = random.integers(0, 2, (40, 8)).astype(float), random.uniform(0, 2, (40, 8))
    at = torch.tensor(values, requires_grad=True)
    loss = torch.nn.BCELoss(weight=torch.tensor(share), reduction="sum")
    loss(at.sigmoid(), torch.tensor(present)).backward()
    ours = head_engines.binary_cross_entropy_slope(values, present, share)
    np.testing.assert_allclose(ours, at.grad / share.sum(), atol=1e-12)


def test_an_engine_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_engines, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'cexpr\[heads\]'"):
        head_engines.make_engine("torch", "expression", [])


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
