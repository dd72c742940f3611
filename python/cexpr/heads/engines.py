"""Two engines that minimise the losses of the heads: PyTorch, and numpy where it is missing.

Both start from the same weights and see the same rows in the same order, in double precision, so
that they agree up to rounding. The losses of a batch, with v the values before the activation:

- expression: weighted cross-entropy of softmax(v), divided by the sum of the weights;
- valence_arousal: mean over the two columns of 1 - CCC(tanh(v), label);
- action_units: weighted binary cross-entropy of sigmoid(v), divided by the sum of the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any, Final, Literal, Protocol

import numpy as np

from cexpr._support.types import Doubles
from cexpr.errors import UsageError

Loss = Literal["expression", "valence_arousal", "action_units"]
Name = Literal["torch", "numpy"]

RATE: Final = 2e-3
DECAY: Final = 1e-4
_MOMENTS: Final = (0.9, 0.999)
_TINY: Final = 1e-8
# Beyond it exp overflows; a sigmoid is 0 or 1 to the last digit well before.
_STEEPEST: Final = 60.0


class Engine(Protocol):
    """Weights that each batch improves a little; affine layers with ReLU between them."""

    def step(self, inputs: Doubles, targets: Doubles, weights: Doubles) -> None:
        """Go one step of Adam down the loss.

        Args:
            inputs: Shape (B, D).
            targets: Shape (B, outputs): one-hot classes, valence and arousal, or units.
            weights: Shape (B, outputs); 0 where a target takes no part.
        """

    def layers(self) -> list[Doubles]:
        """Weights, shape (inputs, outputs), and bias of each layer in turn."""


def make_engine(name: Name, loss: Loss, layers: Sequence[Doubles]) -> Engine:
    """Make an engine that starts from the given weights.

    Args:
        name: `numpy` or `torch`.
        loss: The loss to go down.
        layers: Weights, float64, shape (inputs, outputs), and bias, shape (outputs,), of each layer
            in turn.

    Raises:
        UsageError: PyTorch is asked for and not installed.
    """
    if name == "numpy":
        return _NumpyEngine(loss, layers)
    if not has_torch():
        raise UsageError("PyTorch is not installed: pip install 'cexpr[heads]'")
    return _TorchEngine(loss, layers)


def has_torch() -> bool:
    """Tell whether PyTorch is installed."""
    return find_spec("torch") is not None


class _TorchEngine:
    def __init__(self, loss: Loss, layers: Sequence[Doubles]) -> None:
        import torch

        # Batches are so small that threads would only wait for each other.
        torch.set_num_threads(1)
        self._torch = torch
        self._loss = {
            "expression": self._cross_entropy,
            "valence_arousal": self._concordance,
            "action_units": self._binary_cross_entropy,
        }[loss]
        self._layers = [torch.tensor(one, requires_grad=True) for one in layers]
        matrices, biases = self._layers[::2], self._layers[1::2]
        groups = [{"params": matrices, "weight_decay": DECAY}, {"params": biases}]
        self._descent = torch.optim.Adam(groups, lr=RATE, betas=_MOMENTS, eps=_TINY)

    def step(self, inputs: Doubles, targets: Doubles, weights: Doubles) -> None:
        values, truth, share = map(self._torch.from_numpy, (inputs, targets, weights))
        for number in range(0, len(self._layers), 2):
            values = values.relu() if number else values
            values = values @ self._layers[number] + self._layers[number + 1]
        self._descent.zero_grad()
        self._loss(values, truth, share).backward()
        self._descent.step()

    def layers(self) -> list[Doubles]:
        return [one.detach().numpy().copy() for one in self._layers]

    def _cross_entropy(self, values: Any, truth: Any, share: Any) -> Any:
        lost = -(truth * values.log_softmax(dim=1)).sum(dim=1)
        return (lost * share[:, 0]).sum() / share[:, 0].sum()

    def _concordance(self, values: Any, truth: Any, share: Any) -> Any:
        guess = values.tanh()
        x, y = guess - guess.mean(dim=0), truth - truth.mean(dim=0)
        shift = guess.mean(dim=0) - truth.mean(dim=0)
        spread = (x**2).mean(dim=0) + (y**2).mean(dim=0) + shift**2 + _TINY
        return (1 - 2 * (x * y).mean(dim=0) / spread).mean()

    def _binary_cross_entropy(self, values: Any, truth: Any, share: Any) -> Any:
        entropy = self._torch.nn.functional.binary_cross_entropy_with_logits
        return entropy(values, truth, weight=share, reduction="sum") / share.sum().clamp(min=_TINY)


class _NumpyEngine:
    def __init__(self, loss: Loss, layers: Sequence[Doubles]) -> None:
        slopes: dict[Loss, Callable[[Doubles, Doubles, Doubles], Doubles]] = {
            "expression": cross_entropy_slope,
            "valence_arousal": concordance_slope,
            "action_units": binary_cross_entropy_slope,
        }
        self._slope = slopes[loss]
        self._layers = [one.copy() for one in layers]
        self._moments = [np.zeros((2, *one.shape)) for one in layers]
        self._steps = 0

    def step(self, inputs: Doubles, targets: Doubles, weights: Doubles) -> None:
        self._steps += 1
        entered, values = [], inputs
        for number in range(0, len(self._layers), 2):
            values = np.maximum(values, 0) if number else values
            entered.append(values)
            values = values @ self._layers[number] + self._layers[number + 1]
        back = self._slope(values, targets, weights)
        for number in range(len(self._layers) - 2, -1, -2):
            before, matrix = entered[number // 2], self._layers[number]
            slope = before.T @ back + DECAY * matrix
            bias_slope = back.sum(axis=0)
            # The weights that the values went through, before they change.
            back = (back @ matrix.T) * (before > 0)
            self._descend(number, slope)
            self._descend(number + 1, bias_slope)

    def layers(self) -> list[Doubles]:
        return [one.copy() for one in self._layers]

    def _descend(self, number: int, slope: Doubles) -> None:
        """One step of Adam (Kingma and Ba 2015)."""
        first, second = _MOMENTS
        moment = self._moments[number]
        moment[0] = first * moment[0] + (1 - first) * slope
        moment[1] = second * moment[1] + (1 - second) * slope**2
        size = np.sqrt(moment[1] / (1 - second**self._steps)) + _TINY
        self._layers[number] -= RATE * moment[0] / (1 - first**self._steps) / size


def cross_entropy_slope(values: Doubles, targets: Doubles, weights: Doubles) -> Doubles:
    """Slope of the weighted cross-entropy of softmax(values), by the values.

    All arrays are float64, shape (B, K); targets are one-hot, weights equal along a row.
    """
    shifted = np.exp(values - values.max(axis=1, keepdims=True))
    share = weights[:, :1] / weights[:, 0].sum()
    return np.asarray((shifted / shifted.sum(axis=1, keepdims=True) - targets) * share)


def concordance_slope(values: Doubles, targets: Doubles, weights: Doubles) -> Doubles:
    """Slope of the mean over columns of 1 - CCC(tanh(values), targets), by the values.

    All arrays are float64, shape (B, 2); weights take no part.
    With CCC = 2 cov / (var x + var y + (mean x - mean y)^2) = a / b:
    da/dx_i = 2 (y_i - mean y) / n and db/dx_i = 2 (x_i - mean x) / n + 2 (mean x - mean y) / n.
    """
    guess = np.tanh(values)
    x, y = guess - guess.mean(axis=0), targets - targets.mean(axis=0)
    shift = guess.mean(axis=0) - targets.mean(axis=0)
    above = 2 * (x * y).mean(axis=0)
    below = (x**2).mean(axis=0) + (y**2).mean(axis=0) + shift**2 + _TINY
    slope = (2 * y * below - above * 2 * (x + shift)) / (len(values) * below**2)
    return np.asarray(-slope * (1 - guess**2) / values.shape[1])


def binary_cross_entropy_slope(values: Doubles, targets: Doubles, weights: Doubles) -> Doubles:
    """Slope of the weighted binary cross-entropy of sigmoid(values), by the values.

    All arrays are float64, shape (B, K); targets are 0 or 1.
    """
    probabilities = 1 / (1 + np.exp(-np.clip(values, -_STEEPEST, _STEEPEST)))
    return np.asarray((probabilities - targets) * weights / max(weights.sum(), _TINY))
