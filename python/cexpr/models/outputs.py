"""From raw tensors to signals: activations, derived heads and the blending of models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from cexpr._support.text import counted
from cexpr._support.types import Floats
from cexpr.errors import ModelError, UsageError
from cexpr.models.manifest import ActionUnitHead, ExpressionHead, Head, Manifest
from cexpr.signals import ACTION_UNITS, EXPRESSIONS, GROUPS, SIGNALS, VALENCE_AROUSAL

CIRCUMPLEX: Final[Mapping[str, tuple[float, float]]] = {
    "anger": (-0.51, 0.59),
    "disgust": (-0.60, 0.35),
    "fear": (-0.64, 0.60),
    "happiness": (0.81, 0.51),
    "neutral": (0.0, 0.0),
    "sadness": (-0.63, -0.27),
    "surprise": (0.40, 0.67),
}
"""Pleasure and arousal of the emotion words in Russell and Mehrabian, "Evidence for a three-factor
theory of emotions", 1977; neutral is the origin by convention. Contempt is not among them."""

CONSISTENT: Final = 0.70
"""Du, Tao and Martinez call a unit consistent when more than 70 % of the subjects show it, and give
no figure for it; the bound stands in for the figure."""

PROTOTYPES: Final[Mapping[str, Mapping[str, float]]] = {
    "anger": {
        "AU04": CONSISTENT,
        "AU07": CONSISTENT,
        "AU24": CONSISTENT,
        "AU10": 0.26,
        "AU23": 0.29,
    },
    "disgust": {"AU10": CONSISTENT, "AU04": 0.31, "AU24": 0.26},
    "fear": {
        "AU01": CONSISTENT,
        "AU04": CONSISTENT,
        "AU25": CONSISTENT,
        "AU02": 0.57,
        "AU26": 0.33,
    },
    "happiness": {"AU12": CONSISTENT, "AU25": CONSISTENT, "AU06": 0.51},
    "neutral": {},
    "sadness": {"AU04": CONSISTENT, "AU15": CONSISTENT, "AU01": 0.60, "AU06": 0.50},
    "surprise": {
        "AU01": CONSISTENT,
        "AU02": CONSISTENT,
        "AU25": CONSISTENT,
        "AU26": CONSISTENT,
    },
}
"""Share of subjects who show a unit in each basic emotion: Du, Tao and Martinez, "Compound facial
expressions of emotion", PNAS 2014, table 1. A unit that the table does not list for an emotion
counts as 0; contempt is not in the table."""

_HEAD_OF: Final = {name: head for head, names in GROUPS.items() for name in names}
# Logits below it are taken for it.
_STEEPEST: Final = -80.0
# A network's own softmax or sigmoid may be off by this much.
_ROUNDING: Final = 1e-3


class Provided(NamedTuple):
    """Which signals a model, or a blend of models, provides.

    Attributes:
        names: A subset of `cexpr.signals.SIGNALS`, in its order.
        derived: Formula by the name of each signal that is computed instead of learnt.
    """

    names: tuple[str, ...]
    derived: Mapping[str, str]


@dataclass(frozen=True)
class Signals:
    """Signals of N faces.

    Attributes:
        names: Names of the columns, a subset of `cexpr.signals.SIGNALS` in its order.
        values: float32, shape (N, len(names)).
        derived: Formula by the name of each column that was computed instead of learnt.
    """

    names: tuple[str, ...]
    values: Floats
    derived: Mapping[str, str]


def softmax(logits: Floats) -> Floats:
    """Softmax of each row; float32, shape as `logits`."""
    # What is infinite or unknown stays unknown.
    with np.errstate(invalid="ignore"):
        shifted = logits - logits.max(axis=1, keepdims=True)
        exponentials = np.exp(shifted)
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), dtype=np.float32)


def circumplex(probabilities: Floats) -> Floats:
    """Valence and arousal expected under the predicted distribution.

    The coordinates of `CIRCUMPLEX`, weighted with the probabilities of the emotions that it holds,
    renormalised without contempt.

    Args:
        probabilities: float32, shape (N, 8), in the order of `EXPRESSIONS`; NaN where unknown.

    Returns:
        float32, shape (N, 2), in -1..1.
    """
    return _expectation(probabilities, {name: list(pair) for name, pair in CIRCUMPLEX.items()}, 2)


def prototypes(probabilities: Floats) -> Floats:
    """Probability of each action unit expected under the predicted distribution.

    The shares of `PROTOTYPES`, weighted with the probabilities of the emotions that it holds,
    renormalised without contempt.

    Args:
        probabilities: float32, shape (N, 8), in the order of `EXPRESSIONS`; NaN where unknown.

    Returns:
        float32, shape (N, 12), in the order of `ACTION_UNITS`.
    """
    table = {
        name: [shares.get(unit, 0.0) for unit in ACTION_UNITS]
        for name, shares in PROTOTYPES.items()
    }
    return _expectation(probabilities, table, len(ACTION_UNITS))


def _expectation(probabilities: Floats, table: Mapping[str, Sequence[float]], width: int) -> Floats:
    matrix = np.zeros((len(EXPRESSIONS), width), dtype=np.float32)
    known = np.zeros(len(EXPRESSIONS), dtype=np.float32)
    for row, name in enumerate(EXPRESSIONS):
        if name in table:
            matrix[row] = table[name]
            known[row] = 1.0
    # A model without one of the emotions gives NaN for it, which takes no part.
    present = np.nan_to_num(probabilities)
    total = np.maximum(present @ known, np.finfo(np.float32).tiny)
    return np.asarray((present @ matrix) / total[:, None], dtype=np.float32)


def provided(manifest: Manifest) -> Provided:
    """Tell from a manifest, without running the model, which signals the model provides."""
    outputs = manifest.outputs
    given: set[str] = set()
    if outputs.expression is not None:
        given.update(outputs.expression.labels)
    if outputs.valence_arousal is not None:
        given.update(VALENCE_AROUSAL)
    units = outputs.action_units
    if units is not None:
        given.update(ACTION_UNITS if units.derived else units.labels)
    derived = {
        name: formula for head, formula in outputs.derived().items() for name in GROUPS[head]
    }
    return Provided(tuple(name for name in SIGNALS if name in given), derived)


def signals(manifest: Manifest, tensors: Mapping[str, Floats]) -> Signals:
    """Turn the tensors of one model into signals.

    Args:
        manifest: The model's manifest.
        tensors: What `cexpr.models.session.Model.run` gives.

    Returns:
        The signals that `provided` names, a column each. Valence and arousal are clamped to -1..1.

    Raises:
        ModelError: The manifest says that values are probabilities already, and they are not.
    """
    outputs = manifest.outputs
    columns: dict[str, Floats] = {}
    probabilities: Floats | None = None
    if outputs.expression is not None:
        values = _activated(outputs.expression, tensors)
        columns.update(zip(outputs.expression.labels, values.T, strict=True))
        nothing = np.full(len(values), np.nan, dtype=np.float32)
        probabilities = np.stack([columns.get(name, nothing) for name in EXPRESSIONS], axis=1)
    if outputs.valence_arousal is not None:
        values = (
            _activated(outputs.valence_arousal, tensors)
            if probabilities is None or not outputs.valence_arousal.derived
            else circumplex(probabilities)
        )
        columns.update(zip(VALENCE_AROUSAL, np.clip(values, -1, 1).T, strict=True))
    if outputs.action_units is not None:
        if outputs.action_units.derived and probabilities is not None:
            columns.update(zip(ACTION_UNITS, prototypes(probabilities).T, strict=True))
        else:
            values = _activated(outputs.action_units, tensors)
            columns.update(zip(outputs.action_units.labels, values.T, strict=True))
    names, derived = provided(manifest)
    values = np.stack([columns[name] for name in names], axis=1).astype(np.float32, copy=False)
    return Signals(names, np.ascontiguousarray(values), derived)


def _activated(head: Head, tensors: Mapping[str, Floats]) -> Floats:
    assert head.tensor is not None
    raw = tensors[head.tensor]
    if head.slice is not None:
        raw = raw[:, head.slice[0] : head.slice[1]]
    if head.activation == "softmax":
        return softmax(raw)
    if head.activation == "sigmoid":
        # Further down exp overflows; the result is 0 to the last digit there.
        steep = np.maximum(raw, np.float32(_STEEPEST))
        return np.asarray(1.0 / (1.0 + np.exp(-steep)), dtype=np.float32)
    if head.activation == "tanh":
        return np.asarray(np.tanh(raw), dtype=np.float32)
    return _as_probabilities(head, raw)


def _as_probabilities(head: Head, values: Floats) -> Floats:
    """Refuse values that `activation: none` passed on although they are not probabilities."""
    if isinstance(head, (ExpressionHead, ActionUnitHead)):
        wrong = values[(values < -_ROUNDING) | (values > 1 + _ROUNDING)]
        if wrong.size:
            raise ModelError(
                f"output '{head.tensor}': expected probabilities, because its manifest says "
                f"'activation: none', got {float(wrong[0]):g}; name the activation "
                f"({'softmax' if isinstance(head, ExpressionHead) else 'sigmoid'})"
            )
        return np.clip(values, 0, 1)
    return values


def blend(parts: Sequence[Signals], weights: Mapping[str, Sequence[float]]) -> Signals:
    """Blend the signals of several models for the same faces.

    A signal that only some models provide is taken from those; a learnt signal overrides a
    derived one. Weights are renormalised over the models that take part (arXiv:2407.13184,
    section 3: weighted sum of two models' outputs).

    Args:
        parts: One for each model, with the same number of rows.
        weights: By signal name or by head (`expression`, `valence_arousal`, `action_units`), one
            number >= 0 for each model; a name overrides its head. Default: equal weights.

    Raises:
        UsageError: A name is unknown, the number of weights differs from the number of models, or
            no weight is above 0.
    """
    given = [Provided(part.names, part.derived) for part in parts]
    names, derived = blended(given, weights)
    if len(parts) == 1:
        return parts[0]
    columns = [
        sum(
            share * parts[index].values[:, parts[index].names.index(name)]
            for index, share in _shares(name, given, weights)
        )
        for name in names
    ]
    values = np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)
    return Signals(names, np.ascontiguousarray(values), derived)


def thresholds(manifests: Sequence[Manifest], names: Sequence[str]) -> dict[str, float]:
    """Return the probability from which an action unit counts as present: the mean over models.

    Args:
        manifests: The models.
        names: Signals that are asked for.
    """
    given: dict[str, list[float]] = {}
    for manifest in manifests:
        units = manifest.outputs.action_units
        if units is not None:
            for name in units.labels:
                given.setdefault(name, []).append(units.thresholds.get(name, 0.5))
    return {name: sum(values) / len(values) for name, values in given.items() if name in names}


def blended(parts: Sequence[Provided], weights: Mapping[str, Sequence[float]]) -> Provided:
    """Tell which signals a blend of models provides.

    Args:
        parts: One for each model.
        weights: As `blend` takes them.

    Raises:
        UsageError: As `blend`.
    """
    _check_weights(len(parts), weights)
    if len(parts) == 1:
        return parts[0]
    names = tuple(name for name in SIGNALS if any(name in part.names for part in parts))
    derived = {}
    for name in names:
        first, _ = _shares(name, parts, weights)[0]
        if name in parts[first].derived:
            derived[name] = parts[first].derived[name]
    return Provided(names, derived)


def _shares(
    name: str, parts: Sequence[Provided], weights: Mapping[str, Sequence[float]]
) -> list[tuple[int, float]]:
    """Return index and share of each model that a signal is blended from."""
    takers = [index for index, part in enumerate(parts) if name in part.names]
    takers = [index for index in takers if name not in parts[index].derived] or takers
    given = weights.get(name, weights.get(_HEAD_OF[name], [1.0] * len(parts)))
    shares = np.array([given[index] for index in takers], dtype=np.float64)
    if shares.sum() <= 0:
        raise UsageError(f"blend: the models that provide {name} all have weight 0")
    return list(zip(takers, shares / shares.sum(), strict=True))


def _check_weights(models: int, weights: Mapping[str, Sequence[float]]) -> None:
    for name, given in weights.items():
        if name not in GROUPS and name not in SIGNALS:
            raise UsageError(
                f"blend: unknown name '{name}'; expected {', '.join(GROUPS)} or a signal"
            )
        if len(given) != models:
            raise UsageError(
                f"blend: {name} has {counted(len(given), 'weight')} for "
                f"{counted(models, 'model')}; give one for each"
            )
        if min(given) < 0 or sum(given) <= 0:
            raise UsageError(f"blend: {name}: weights must be >= 0 with one above 0")
