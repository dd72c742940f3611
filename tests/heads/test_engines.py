"""The slopes of the losses, and two engines that agree."""

from __future__ import annotations

import numpy as np
import pytest

from builders.planted_labels import planted
from cexpr import metrics
from cexpr.errors import UsageError
from cexpr.heads import engines, training
from cexpr.heads.training import TrainedHead, Training


def test_the_slope_of_the_concordance_is_that_of_finite_differences() -> None:
    random = np.random.default_rng(4)
    values, truth = random.normal(size=(30, 2)), np.tanh(random.normal(size=(30, 2)))

    def loss(at: np.ndarray) -> float:
        guess = np.tanh(at)
        return float(
            np.mean([1 - metrics.concordance_cc(truth[:, c], guess[:, c]) for c in (0, 1)])
        )

    slope = engines.concordance_slope(values, truth, np.ones_like(truth))
    step = 1e-5
    for row, column in ((0, 0), (7, 1), (29, 0)):
        up, down = values.copy(), values.copy()
        up[row, column] += step
        down[row, column] -= step
        expected = (loss(up) - loss(down)) / (2 * step)
        assert slope[row, column] == pytest.approx(expected, abs=1e-7)


def both_engines(name: str, part: tuple[np.ndarray, np.ndarray]) -> tuple[TrainedHead, TrainedHead]:
    train = getattr(training, f"fit_{name}")
    how = {"epochs": 3, "seed": 8}
    return train(part, part, Training(**how)), train(part, part, Training(**how, engine="torch"))


@pytest.mark.skipif(not engines.has_torch(), reason="PyTorch (extra [heads]) is not installed")
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


@pytest.mark.skipif(not engines.has_torch(), reason="PyTorch (extra [heads]) is not installed")
def test_the_losses_are_those_of_pytorch() -> None:
    import torch

    random = np.random.default_rng(9)
    values = random.normal(size=(40, 8))
    classes, weight = random.integers(0, 8, 40), random.uniform(0.5, 2, 8)
    at = torch.tensor(values, requires_grad=True)
    torch.nn.CrossEntropyLoss(weight=torch.tensor(weight))(at, torch.tensor(classes)).backward()
    weights = np.repeat(weight[classes][:, None], 8, axis=1)
    ours = engines.cross_entropy_slope(values, np.eye(8)[classes], weights)
    np.testing.assert_allclose(ours, at.grad, atol=1e-12)

    present, share = random.integers(0, 2, (40, 8)).astype(float), random.uniform(0, 2, (40, 8))
    at = torch.tensor(values, requires_grad=True)
    loss = torch.nn.BCELoss(weight=torch.tensor(share), reduction="sum")
    loss(at.sigmoid(), torch.tensor(present)).backward()
    ours = engines.binary_cross_entropy_slope(values, present, share)
    np.testing.assert_allclose(ours, at.grad / share.sum(), atol=1e-12)


def test_an_engine_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'cexpr\[heads\]'"):
        engines.make_engine("torch", "expression", [])
