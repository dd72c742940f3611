"""From features and annotations to trained heads: join the rows, train each head."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cexpr import metrics
from cexpr._support.types import Floats
from cexpr.abaw.files import MultiTask
from cexpr.errors import UsageError
from cexpr.heads import training
from cexpr.heads.export import READS
from cexpr.heads.features import Features
from cexpr.heads.training import TrainedHead, Training

_FIT: Final[dict[str, Callable[..., TrainedHead]]] = {
    "expression": training.fit_expression,
    "valence_arousal": training.fit_valence_arousal,
    "action_units": training.fit_action_units,
}

# What `TrainedHead.score` is, by head.
MEASURES: Final = {
    "expression": "macro F1",
    "valence_arousal": "mean CCC",
    "action_units": "macro F1",
}


@dataclass(frozen=True)
class Part:
    """Annotated rows that have features.

    Attributes:
        features: float32, shape (N, D).
        outputs: float32, shape (N, K).
        labels: The annotations of these rows.
        lost: Annotated rows without features: no face was found there.
    """

    features: Floats
    outputs: Floats
    labels: MultiTask
    lost: int


def join(features: Features, labels: MultiTask) -> Part:
    """Find the features of each annotated row, by video and frame number.

    Raises:
        UsageError: No annotated row has features.
    """
    place = {key: row for row, key in enumerate(features.keys)}
    kept = [row for row, key in enumerate(labels.keys) if key in place]
    if not kept:
        raise UsageError(
            "no annotated frame has features; the clips' names must be those of the annotations"
        )
    rows = np.array([place[labels.keys[row]] for row in kept])
    chosen = MultiTask(
        tuple(labels.keys[row] for row in kept),
        labels.valence_arousal[kept],
        labels.expression[kept],
        labels.action_units[kept],
    )
    lost = len(labels.keys) - len(kept)
    return Part(features.features[rows], features.outputs[rows], chosen, lost)


def fit(train: Part, validation: Part, how: Training) -> dict[str, TrainedHead]:
    """Train every head that both parts have labels for.

    Args:
        train: Rows to train on.
        validation: Rows that choose the best epoch.
        how: Engine, epochs and seed.

    Returns:
        The heads by name.

    Raises:
        UsageError: There is no such head, or the engine is not installed.
    """
    heads = {}
    for name, train_head in _FIT.items():
        if _labelled(train, name) and _labelled(validation, name):
            source = READS[name]
            heads[name] = train_head(
                (getattr(train, source), getattr(train.labels, name)),
                (getattr(validation, source), getattr(validation.labels, name)),
                how,
            )
    if not heads:
        raise UsageError("no head has labels in both the training and the validation part")
    return heads


def _labelled(part: Part, name: str) -> bool:
    values: NDArray[Any] = getattr(part.labels, name)
    missing = metrics.MISSING_AFFECT if name == "valence_arousal" else metrics.MISSING_CLASS
    known = values != missing
    return bool(known.any() if known.ndim == 1 else known.all(axis=1).any())
