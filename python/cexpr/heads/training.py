"""Train the light heads of arXiv:2407.13184 on embeddings.

Expression: linear softmax, classes weighted by inverse frequency. Valence and arousal: linear and
tanh on the model's raw outputs, loss 1 - CCC. Action units: a hidden layer of 128 and a sigmoid,
cross-entropy with positives weighted by inverse frequency. Rows or units without a label take no
part. The epoch that is best on the validation part is kept.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from cexpr import metrics
from cexpr._support.types import Doubles, Floats, Integers
from cexpr.heads.engines import Loss, Name, make_engine

HIDDEN: Final = 128
_BATCH: Final = 128
# Smaller batches where there are few rows, so that an epoch is at least some thirty steps.
_SMALLEST_BATCH: Final = 16
_STEPS: Final = 32


@dataclass(frozen=True)
class Training:
    """How to train.

    Attributes:
        epochs: Passes over the training part.
        seed: Random seed for the initial weights and the order of the rows.
        engine: See `cexpr.heads.engines`.
    """

    epochs: int = 20
    seed: int = 0
    engine: Name = "numpy"


@dataclass(frozen=True)
class TrainedHead:
    """A head that a user trained: affine layers with ReLU between, on unscaled inputs.

    Attributes:
        layers: Weights, float32, shape (inputs, outputs), and bias of each layer.
        score: Score on the validation part; see `cexpr.heads.fit.MEASURES`.
        epoch: The best epoch, from 1.
    """

    layers: tuple[tuple[Floats, Floats], ...]
    score: float
    epoch: int

    def __call__(self, inputs: Floats) -> Floats:
        """Values before the activation, float32, shape (N, outputs)."""
        for number, (weights, bias) in enumerate(self.layers):
            inputs = np.maximum(inputs, 0) if number else inputs
            inputs = inputs @ weights + bias
        return inputs


@dataclass(frozen=True)
class _Problem:
    """Rows to learn from, and a measure by which one head is better than another.

    Attributes:
        loss: See `cexpr.heads.engines`.
        inputs: Shape (N, D).
        targets, weights: Shape (N, outputs), as `Engine.step` takes them.
        hidden: Widths of the layers between.
        validation: Inputs that `score` is given the values of.
        score: Higher is better.
    """

    loss: Loss
    inputs: Floats
    targets: Doubles
    weights: Doubles
    hidden: tuple[int, ...]
    validation: Floats
    score: Callable[[Floats], float]


def fit_expression(
    train: tuple[Floats, Integers], validation: tuple[Floats, Integers], training: Training
) -> TrainedHead:
    """Train a linear softmax over the eight expressions of Aff-Wild2.

    Args:
        train, validation: Inputs, float32, shape (N, D), and labels, int64, shape (N,), -1 where
            missing.
        training: How.
    """
    classes = metrics.EXPRESSION_CLASSES
    inputs, labels = (one[train[1] != metrics.MISSING_CLASS] for one in train)
    counts = np.bincount(labels, minlength=classes)
    weight = len(labels) / (classes * np.maximum(counts, 1))

    def score(values: Floats) -> float:
        return metrics.expression_f1(validation[1], values.argmax(axis=1))

    targets = np.eye(classes)[labels]
    weights = np.repeat(weight[labels][:, None], classes, axis=1)
    problem = _Problem("expression", inputs, targets, weights, (), validation[0], score)
    return _fit(problem, training)


def fit_valence_arousal(
    train: tuple[Floats, Doubles], validation: tuple[Floats, Doubles], training: Training
) -> TrainedHead:
    """Train a linear map under tanh with the loss 1 - CCC.

    Args:
        train, validation: Inputs, float32, shape (N, K), and labels, float64, shape (N, 2), -5
            where missing.
        training: How.
    """
    valid = (train[1] != metrics.MISSING_AFFECT).all(axis=1)
    inputs, labels = train[0][valid], train[1][valid]
    known = (validation[1] != metrics.MISSING_AFFECT).all(axis=1)

    def score(values: Floats) -> float:
        guess = np.tanh(values[known].astype(np.float64))
        truth = validation[1][known]
        # If either is constant there is no coefficient; the first epoch is as good as any.
        if any((np.ptp(one, axis=0) == 0).any() for one in (guess, truth)):
            return -1.0
        return float(np.mean([metrics.concordance_cc(truth[:, c], guess[:, c]) for c in (0, 1)]))

    weights = np.ones_like(labels)
    problem = _Problem("valence_arousal", inputs, labels, weights, (), validation[0], score)
    return _fit(problem, training)


def fit_action_units(
    train: tuple[Floats, Integers], validation: tuple[Floats, Integers], training: Training
) -> TrainedHead:
    """Train a hidden layer of 128 and a sigmoid for each of twelve units.

    Args:
        train, validation: Inputs, float32, shape (N, D), and labels, int64, shape (N, 12), -1
            where missing; in training, units of a row are masked one by one.
        training: How.
    """
    is_known = train[1] != metrics.MISSING_CLASS
    some = is_known.any(axis=1)
    inputs, labels, is_known = train[0][some], train[1][some], is_known[some]
    present = np.maximum(((labels == 1) & is_known).sum(axis=0), 1)
    absent = np.maximum(((labels == 0) & is_known).sum(axis=0), 1)
    weights = np.where(labels == 1, absent / present, 1.0) * is_known

    def score(values: Floats) -> float:
        return metrics.action_unit_f1(validation[1], (values >= 0).astype(np.int64))

    targets = labels.clip(0).astype(np.float64)
    problem = _Problem("action_units", inputs, targets, weights, (HIDDEN,), validation[0], score)
    return _fit(problem, training)


def _fit(problem: _Problem, training: Training) -> TrainedHead:
    """Descend on standardised inputs; the standardisation is folded into the first layer."""
    random = np.random.default_rng(training.seed)
    mean = problem.inputs.mean(axis=0, dtype=np.float64)
    spread = problem.inputs.std(axis=0, dtype=np.float64) + 1e-6
    sizes = (problem.inputs.shape[1], *problem.hidden, problem.targets.shape[1])
    layers: list[Doubles] = []
    for number, (before, after) in enumerate(itertools.pairwise(sizes)):
        limit = np.sqrt(2 / before) if number < len(problem.hidden) else 0.01
        layers += [random.normal(0, limit, (before, after)), np.zeros(after)]
    engine = make_engine(training.engine, problem.loss, layers)
    best = TrainedHead((), -np.inf, 0)
    batch = int(np.clip(len(problem.inputs) // _STEPS, _SMALLEST_BATCH, _BATCH))
    for epoch in range(1, training.epochs + 1):
        order = random.permutation(len(problem.inputs))
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            scaled = (problem.inputs[rows] - mean) / spread
            engine.step(scaled, problem.targets[rows], problem.weights[rows])
        head = TrainedHead(_folded(engine.layers(), mean, spread), 0.0, epoch)
        value = problem.score(head(problem.validation))
        if value > best.score:
            best = TrainedHead(head.layers, value, epoch)
    return best


def _folded(
    layers: list[Doubles], mean: Doubles, spread: Doubles
) -> tuple[tuple[Floats, Floats], ...]:
    bias = layers[1] - (mean / spread) @ layers[0]
    flat = [layers[0] / spread[:, None], bias, *layers[2:]]
    as_floats = [one.astype(np.float32) for one in flat]
    return tuple(zip(as_floats[::2], as_floats[1::2], strict=True))
