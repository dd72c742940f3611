"""The rows of submissions, from tables of frames."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from cexpr._support.types import Doubles, Floats, Integers
from cexpr.abaw.classes import AFF_WILD2_IDS, CE_CLASSES, CE_PAIRS, Kind
from cexpr.metrics import MISSING_AFFECT, MISSING_CLASS
from cexpr.signals import ACTION_UNITS, EXPRESSIONS, VALENCE_AROUSAL
from cexpr.tables.result import columns_matrix

_DEFAULT_THRESHOLD: Final = 0.5


def compound_rows(stem: str, frames: pa.Table, ids: Integers) -> Iterator[str]:
    """Yield a row of `CE.txt` for each frame: `STEM/00001.jpg,ID`.

    Args:
        stem: Name of the clip.
        frames: Its frames, T rows.
        ids: int64, shape (T,), for example from `compound_ids`.
    """
    for image, number in zip(_images(stem, frames), ids.tolist(), strict=True):
        yield f"{image},{number}"


def label_ids(frames: pa.Table) -> Integers:
    """Return the id 0..6 of each frame's label, int64 (T,), -1 without one of the seven."""
    ids = {name: number for number, name in enumerate(CE_CLASSES)}
    labels = frames.column("compound").to_pylist()
    return np.array([ids.get(label, MISSING_CLASS) for label in labels], np.int64)


def compound_ids(frames: pa.Table, adjusted: Mapping[str, Sequence[float]]) -> Integers:
    """Find a class for each frame in what the frame itself holds.

    Its label. Where there is none of the seven, the pair with the highest adjusted score,
    score * weight + bias, of those that are neither 0 nor unknown. Where there is none either (all
    gates closed), the pair with the highest geometric mean of its two smoothed probabilities. Ties
    go to the lowest id.

    Args:
        frames: Frames of a clip, T rows; the columns of some compounds may be missing.
        adjusted: Weight and bias by name of the compound; 1 and 0 by default.

    Returns:
        int64, shape (T,), 0..6, or -1 where a frame holds none of these.
    """
    ids = label_ids(frames)
    present = [name for name in CE_CLASSES if name in frames.column_names]
    numbers = [CE_CLASSES.index(name) for name in present]
    weight, bias = np.array([adjusted.get(name, (1, 0)) for name in present]).reshape(-1, 2).T
    scores = columns_matrix(frames, present)
    scores = np.where(scores == 0, np.nan, scores)
    means = np.full_like(scores, np.nan)
    for column, name in enumerate(present):
        if set(CE_PAIRS[name]) <= set(frames.column_names):
            means[:, column] = np.sqrt(columns_matrix(frames, CE_PAIRS[name]).prod(axis=1))
    for values in (scores * weight + bias, np.where(means == 0, np.nan, means)):
        ids = np.where(ids < 0, _highest(values, numbers), ids)
    return ids


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


def _highest(values: Floats | Doubles, ids: Sequence[int]) -> Integers:
    """Id of the highest column of each row, -1 where none is known."""
    known = ~np.isnan(values).all(axis=1)
    best = np.argmax(np.where(np.isnan(values), -np.inf, values), axis=1)
    return np.where(known, np.array(ids)[best], MISSING_CLASS)


def _images(stem: str, frames: pa.Table) -> Iterator[str]:
    # What would end a field or a row; the challenge's own videos have no such names.
    stem = re.sub(r"[,\r\n]", "_", stem)
    return (f"{stem}/{number:05d}.jpg" for number in frames.column("frame").to_pylist())
