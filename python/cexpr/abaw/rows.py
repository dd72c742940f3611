"""The rows of submissions, from tables of frames."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from cexpr._support.types import Floats, Integers
from cexpr.abaw.classes import AFF_WILD2_IDS, CE_CLASSES, Kind
from cexpr.metrics import MISSING_AFFECT, MISSING_CLASS
from cexpr.signals import ACTION_UNITS, EXPRESSIONS, VALENCE_AROUSAL
from cexpr.tables.result import columns_matrix

_DEFAULT_THRESHOLD: Final = 0.5


def compound_rows(stem: str, frames: pa.Table) -> Iterator[str]:
    """Yield a row of `CE.txt` for each frame: `STEM/00001.jpg,ID`, ID -1 without a label."""
    ids = {name: number for number, name in enumerate(CE_CLASSES)}
    labels = frames.column("compound").to_pylist()
    for image, label in zip(_images(stem, frames), labels, strict=True):
        yield f"{image},{ids.get(label, MISSING_CLASS)}"


def multi_task_rows(stem: str, frames: pa.Table, thresholds: Mapping[str, float]) -> Iterator[str]:
    """Yield a row of `MTL.txt` for each frame.

    Args:
        stem: Name of the clip.
        frames: Its frames; must have valence, arousal, expressions and all action units.
        thresholds: Probability from which a unit counts as present, by name; 0.5 by default.

    Yields:
        `STEM/00001.jpg,V,A,E,AU01,...,AU26`; -5, -1 and -1 where a frame is unknown.
    """
    present = [name for name in EXPRESSIONS if name in frames.column_names]
    affect = columns_matrix(frames, VALENCE_AROUSAL)
    expression = _highest(columns_matrix(frames, present), [AFF_WILD2_IDS[n] for n in present])
    limits = [thresholds.get(name, _DEFAULT_THRESHOLD) for name in ACTION_UNITS]
    units = columns_matrix(frames, ACTION_UNITS)
    is_on = np.where(np.isnan(units), MISSING_CLASS, units >= np.array(limits, np.float32))
    rows = zip(
        _images(stem, frames), affect.tolist(), expression.tolist(), is_on.tolist(), strict=True
    )
    for image, pair, label, on in rows:
        values = [f"{MISSING_AFFECT if v != v else v:.6g}" for v in pair]
        yield ",".join((image, *values, str(label), *(str(int(unit)) for unit in on)))


def lacking_signals(names: Sequence[str]) -> list[str]:
    """List what `multi_task_rows` needs beyond the signals that are there.

    Args:
        names: Signals that the models provide. One expression is enough.
    """
    lacking = [name for name in (*VALENCE_AROUSAL, *ACTION_UNITS) if name not in names]
    return lacking if set(EXPRESSIONS) & set(names) else ["expression", *lacking]


def has_missing(kind: Kind, values: str) -> bool:
    """Tell whether a row holds a marker of a missing value, which no submission may.

    Args:
        kind: `ce` or `mtl`.
        values: What follows the image.
    """
    # A valence of -1 is a value.
    affect_fields = 2 if kind == "mtl" else 0
    fields = values.split(",")
    missing_affect, missing_class = f"{MISSING_AFFECT:g}", str(MISSING_CLASS)
    return missing_affect in fields[:affect_fields] or missing_class in fields[affect_fields:]


def _highest(probabilities: Floats, ids: Sequence[int]) -> Integers:
    """Id of the highest column of each row, -1 where none is known."""
    known = ~np.isnan(probabilities).all(axis=1)
    best = np.argmax(np.where(np.isnan(probabilities), -np.inf, probabilities), axis=1)
    return np.where(known, np.array(ids)[best], MISSING_CLASS)


def _images(stem: str, frames: pa.Table) -> Iterator[str]:
    # What would end a field or a row; the challenge's own videos have no such names.
    stem = re.sub(r"[,\r\n]", "_", stem)
    return (f"{stem}/{number:05d}.jpg" for number in frames.column("frame").to_pylist())
