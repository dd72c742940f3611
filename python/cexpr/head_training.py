"""Train the light heads of arXiv:2407.13184 on embeddings, with plain numpy.

Expression: linear softmax, classes weighted by inverse frequency. Valence and arousal: linear and
tanh on the model's raw outputs, loss 1 - CCC. Action units: a hidden layer of 128 and a sigmoid,
positives weighted by inverse frequency. Rows or units without a label take no part. The epoch that
is best on the validation part is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cexpr import metrics

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]
Weights = list[Floats]

HIDDEN: Final = 128
_RATE: Final = 2e-3
_DECAY: Final = 1e-4
_BATCH: Final = 128
_MOMENTS: Final = (0.9, 0.999)
_TINY: Final = 1e-8


@dataclass(frozen=True)
class Head:
    """A trained head: affine layers with ReLU between them, on inputs as they come.

    Attributes:
        layers: Weights, float32, shape (inputs, outputs), and bias of each layer.
        score: On the validation part.
        epoch: The best one, 1-based.
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


def fit_expression(
    train: tuple[Floats, Integers],
    validation: tuple[Floats, Integers],
    *,
    epochs: int,
    seed: int = 0,
) -> Head:
    """Train a linear softmax over the eight expressions of Aff-Wild2.

    Args:
        train, validation: Inputs, float32, shape (N, D), and labels, int64, shape (N,), -1 where
            missing.
        epochs: Passes over the training part.
        seed: Of initial weights and order.
    """
    classes = metrics.EXPRESSION_CLASSES
    inputs, labels = (one[train[1] != metrics.MISSING_CLASS] for one in train)
    counts = np.bincount(labels, minlength=classes)
    weight = len(labels) / (classes * np.maximum(counts, 1))

    def slope(values: Doubles, rows: Integers) -> Doubles:
        shifted = np.exp(values - values.max(axis=1, keepdims=True))
        probabilities = shifted / shifted.sum(axis=1, keepdims=True)
        probabilities[np.arange(len(rows)), labels[rows]] -= 1
        share = weight[labels[rows]]
        return np.asarray(probabilities * (share / share.sum())[:, None])

    def score(values: Floats) -> float:
        return metrics.expression_f1(validation[1], values.argmax(axis=1))

    return _fit(inputs, validation[0], (classes,), slope, score, epochs, seed)


def fit_valence_arousal(
    train: tuple[Floats, Doubles],
    validation: tuple[Floats, Doubles],
    *,
    epochs: int,
    seed: int = 0,
) -> Head:
    """Train a linear map under tanh with the loss 1 - CCC.

    Args:
        train, validation: Inputs, float32, shape (N, K), and labels, float64, shape (N, 2), -5
            where missing.
        epochs: Passes over the training part.
        seed: Of initial weights and order.
    """
    valid = (train[1] != metrics.MISSING_AFFECT).all(axis=1)
    inputs, labels = train[0][valid], train[1][valid]
    known = (validation[1] != metrics.MISSING_AFFECT).all(axis=1)

    def slope(values: Doubles, rows: Integers) -> Doubles:
        return concordance_slope(values, labels[rows])

    def score(values: Floats) -> float:
        guess = np.tanh(values[known].astype(np.float64))
        truth = validation[1][known]
        if not len(truth) or (np.ptp(guess, axis=0) == 0).any():
            return -1.0
        return float(np.mean([metrics.concordance_cc(truth[:, c], guess[:, c]) for c in (0, 1)]))

    return _fit(inputs, validation[0], (2,), slope, score, epochs, seed)


def fit_action_units(
    train: tuple[Floats, Integers],
    validation: tuple[Floats, Integers],
    *,
    epochs: int,
    seed: int = 0,
) -> Head:
    """Train a hidden layer of 128 and a sigmoid for each of twelve units.

    Args:
        train, validation: Inputs, float32, shape (N, D), and labels, int64, shape (N, 12), -1
            where missing; in training, units of a row are masked one by one.
        epochs: Passes over the training part.
        seed: Of initial weights and order.
    """
    is_known = train[1] != metrics.MISSING_CLASS
    some = is_known.any(axis=1)
    inputs, labels, is_known = train[0][some], train[1][some], is_known[some]
    present = np.maximum(((labels == 1) & is_known).sum(axis=0), 1)
    absent = np.maximum(((labels == 0) & is_known).sum(axis=0), 1)
    weight = np.where(labels == 1, absent / present, 1.0) * is_known

    def slope(values: Doubles, rows: Integers) -> Doubles:
        probabilities = 1 / (1 + np.exp(-np.clip(values, -60, 60)))
        share = weight[rows]
        return np.asarray((probabilities - labels[rows]) * share / max(share.sum(), _TINY))

    def score(values: Floats) -> float:
        return metrics.action_unit_f1(validation[1], (values >= 0).astype(np.int64))

    units = metrics.ACTION_UNIT_COUNT
    return _fit(inputs, validation[0], (HIDDEN, units), slope, score, epochs, seed)


def concordance_slope(values: Doubles, truth: Doubles) -> Doubles:
    """Slope of the mean over columns of 1 - CCC(tanh(values), truth), by the values.

    With s = 2 cov / (var x + var y + (mean x - mean y)^2) = a / b:
    da/dx_i = 2 (y_i - mean y) / n and db/dx_i = 2 (x_i - mean x) / n + 2 (mean x - mean y) / n.
    """
    guess = np.tanh(values)
    count = len(values)
    x, y = guess - guess.mean(axis=0), truth - truth.mean(axis=0)
    shift = guess.mean(axis=0) - truth.mean(axis=0)
    above = 2 * (x * y).mean(axis=0)
    below = (x**2).mean(axis=0) + (y**2).mean(axis=0) + shift**2 + _TINY
    slope = (2 * y * below - above * 2 * (x + shift)) / (count * below**2)
    return np.asarray(-slope * (1 - guess**2) / values.shape[1])


def _fit(
    inputs: Floats,
    validation: Floats,
    widths: tuple[int, ...],
    slope: Callable[[Doubles, Integers], Doubles],
    score: Callable[[Floats], float],
    epochs: int,
    seed: int,
) -> Head:
    """Adam on standardised inputs; the standardisation is folded into the first layer."""
    random = np.random.default_rng(seed)
    mean, spread = inputs.mean(axis=0), inputs.std(axis=0) + np.float32(1e-6)
    scaled = (inputs - mean) / spread
    sizes = (inputs.shape[1], *widths)
    weights: Weights = []
    for before, after in zip(sizes, widths, strict=False):
        limit = np.sqrt(2 / before) if after != widths[-1] else 0.01
        weights += [
            random.normal(0, limit, (before, after)).astype(np.float32),
            np.zeros(after, np.float32),
        ]
    moments = [np.zeros((2, *one.shape)) for one in weights]
    best, step = Head((), -np.inf, 0), 0
    for epoch in range(1, epochs + 1):
        order = random.permutation(len(scaled))
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            step += 1
            gradients = _gradients(weights, scaled[rows], rows, slope)
            _descend(weights, gradients, moments, step)
        head = Head(_folded(weights, mean, spread), 0.0, epoch)
        value = score(head(validation))
        if value > best.score:
            best = Head(head.layers, value, epoch)
    return best


def _gradients(
    weights: Weights,
    inputs: Floats,
    rows: Integers,
    slope: Callable[[Doubles, Integers], Doubles],
) -> list[Doubles]:
    layers = list(zip(weights[::2], weights[1::2], strict=True))
    entered = []
    values = inputs.astype(np.float64)
    for number, (matrix, bias) in enumerate(layers):
        values = np.maximum(values, 0) if number else values
        entered.append(values)
        values = values @ matrix + bias
    back = slope(values, rows)
    gradients: list[Doubles] = []
    for number in range(len(layers) - 1, -1, -1):
        matrix = layers[number][0]
        gradients = [entered[number].T @ back + _DECAY * matrix, back.sum(axis=0), *gradients]
        if number:
            back = (back @ matrix.T) * (entered[number] > 0)
    return gradients


def _descend(weights: Weights, gradients: list[Doubles], moments: list[Doubles], step: int) -> None:
    """One step of Adam (Kingma and Ba 2015)."""
    first, second = _MOMENTS
    for value, gradient, moment in zip(weights, gradients, moments, strict=True):
        moment[0] = first * moment[0] + (1 - first) * gradient
        moment[1] = second * moment[1] + (1 - second) * gradient**2
        size = np.sqrt(moment[1] / (1 - second**step)) + _TINY
        value -= (_RATE * moment[0] / (1 - first**step) / size).astype(np.float32)


def _folded(weights: Weights, mean: Floats, spread: Floats) -> tuple[tuple[Floats, Floats], ...]:
    matrix, bias = weights[0] / spread[:, None], weights[1] - (mean / spread) @ weights[0]
    rest = zip(weights[2::2], weights[3::2], strict=True)
    return ((matrix, bias), *((one.copy(), other.copy()) for one, other in rest))
