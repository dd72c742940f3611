"""Arrays laid out as the Arrow tables of a clip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cexpr._support.types import Bools, Doubles, Floats, Integers, Labels
from cexpr.signals import EXPRESSIONS
from cexpr.tables import columns
from cexpr.tables.columns import Column, Content
from cexpr.tables.result import FaceRows


@dataclass(frozen=True, eq=False)
class FrameRowsDecided:
    """What the table of frames holds, beside the names of signals and compounds.

    Attributes:
        frame: int64, shape (T,), 1-based.
        time: float64, shape (T,), seconds.
        n_faces: int64, shape (T,).
        signals: float32, shape (T, S); NaN becomes null.
        scores: float32, shape (T, K).
        labels: int32, shape (T,): class id, -1 for no label, which has no name and confidence.
        confidence: float32, shape (T,).
        filled: bool, shape (T,): no face was seen and the row was filled in.
        face: int64, shape (T,): track of the face that the row shows, 0 for none.
    """

    frame: Integers
    time: Doubles
    n_faces: Integers
    signals: Floats
    scores: Floats
    labels: Labels
    confidence: Floats
    filled: Bools
    face: Integers


@dataclass(frozen=True, eq=False)
class FaceDecisions:
    """What was decided for each face row on the timeline of its face.

    Attributes:
        signals: float32, shape (N, S), smoothed.
        scores: float32, shape (N, K).
        labels: int32, shape (N,), -1 for no label.
        confidence: float32, shape (N,), NaN without a label.
    """

    signals: Floats
    scores: Floats
    labels: Labels
    confidence: Floats


@dataclass(frozen=True, eq=False)
class EventRows:
    """The events of a clip, one entry of each array per event, in order of time.

    Attributes:
        label, onset, apex, offset, duration, peak, mean: As in `cexpr.timeline.steps.Events`; rows
            are those of the clip, from 0.
        face: int64, track of the face, 0 for none.
        end_time: float64, seconds at which the last frame ends.
    """

    label: Labels
    onset: Integers
    apex: Integers
    offset: Integers
    duration: Doubles
    peak: Floats
    mean: Floats
    face: Integers
    end_time: Doubles

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.label)


def frames_table(rows: FrameRowsDecided, content: Content) -> pa.Table:
    """Build the table of frames.

    Args:
        rows: Its values.
        content: Names of the S signals and K compounds.
    """
    return _table(
        columns.frame_columns(content),
        [
            *(rows.frame, rows.time, rows.n_faces, *rows.signals.T, *rows.scores.T),
            *_label_arrays(rows.labels, rows.confidence, content.compounds),
            rows.filled,
            expression_names(rows.signals, content.signals),
            arrow_array(rows.face, pa.int64(), rows.face > 0),
        ],
    )


def faces_table(rows: FaceRows, decided: FaceDecisions, content: Content) -> pa.Table:
    """Build the table of faces; NaN becomes null.

    Args:
        rows: The faces with their signals as the models gave them.
        decided: What was decided for each.
        content: Names of the S signals and K compounds.
    """
    return _table(
        columns.face_columns(content),
        [
            *(rows.frame, rows.time, rows.track, *rows.boxes_xywh.T, rows.detection),
            *rows.signals.T,
            expression_names(decided.signals, content.signals),
            *decided.scores.T,
            *_label_arrays(decided.labels, decided.confidence, content.compounds),
            rows.quality,
            label_names(rows.reason - 1, columns.QUALITY_REASONS),
        ],
    )


def events_table(
    rows: EventRows, frame: Integers, time: Doubles, compounds: Sequence[str]
) -> pa.Table:
    """Build the table of events.

    Args:
        rows: The events.
        frame: int64, shape (T,), numbers of all frames of the clip.
        time: float64, shape (T,), seconds.
        compounds: Names of the compounds in the order of their ids.
    """
    return _table(
        columns.event_columns(),
        [
            np.arange(len(rows)),
            label_names(rows.label, compounds),
            rows.label,
            *(
                values[places]
                for places in (rows.onset, rows.apex, rows.offset)
                for values in (frame, time)
            ),
            np.round(rows.duration, 6),
            rows.peak,
            rows.mean,
            arrow_array(rows.face, pa.int64(), rows.face > 0),
            np.round(rows.end_time, 6),
        ],
    )


def columns_table(tables: Mapping[str, Iterable[Column]]) -> pa.Table:
    """Lay descriptions of columns out as a table of text, a row for each: `columns.csv`.

    Args:
        tables: Columns by the name of their table.
    """
    rows = [
        {"table": table, "column": one.name, **one.metadata()}
        for table, described in tables.items()
        for one in described
    ]
    names = ("table", "column", "meaning", "unit", "range", "origin", "formula")
    return pa.table([text_array([row.get(name) for row in rows]) for name in names], names=names)


def expression_names(signals: Floats, names: Sequence[str]) -> pa.Array:
    """Return the name of the strongest basic expression of each row; null where none is known.

    Args:
        signals: float32, shape (N, S).
        names: Names of the S signals; those that are not basic expressions are left out.
    """
    found = [column for column, name in enumerate(names) if name in EXPRESSIONS]
    labels = np.full(len(signals), -1, np.int32)
    if found:
        values = signals[:, found]
        known = ~np.isnan(values).all(axis=1)
        labels[known] = np.argmax(np.where(np.isnan(values), -np.inf, values)[known], axis=1)
    return label_names(labels, [names[column] for column in found])


def arrow_array(values: NDArray[Any], kind: pa.DataType, known: Bools | None = None) -> pa.Array:
    """Build an Arrow array of numbers, NaN as null.

    From buffers, because `pa.array` imports pandas where that is installed, which takes longer than
    all the rest.

    Args:
        values: shape (N,), numbers that `kind` can hold.
        kind: An integer or float type.
        known: bool, shape (N,), False for null; None if all but NaN are known.
    """
    data = np.ascontiguousarray(values, kind.to_pandas_dtype())
    if known is None and pa.types.is_floating(kind):
        known = ~np.isnan(data)
    return _from_buffer(data, kind, known)


def text_array(texts: Sequence[str | None]) -> pa.Array:
    """Build an Arrow array of strings, None as null; from buffers, as `arrow_array`."""
    known = np.array([text is not None for text in texts], bool)
    return label_names(
        np.where(known, np.arange(len(texts)), -1).astype(np.int32), [text or "" for text in texts]
    )


def label_names(labels: Labels, names: Sequence[str]) -> pa.Array:
    """Return the name of each label as Arrow strings; null for -1.

    Args:
        labels: int32, shape (N,): ids.
        names: Names in the order of the ids.
    """
    texts = [name.encode() for name in names] or [b""]
    ends = np.cumsum([0, *map(len, texts)], dtype=np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(texts))]
    values = pa.Array.from_buffers(pa.string(), len(texts), buffers)
    ids = np.ascontiguousarray(np.maximum(labels, 0), np.int32)
    return values.take(_from_buffer(ids, pa.int32(), labels >= 0))


def _label_arrays(labels: Labels, confidence: Floats, compounds: Sequence[str]) -> list[Any]:
    """Values of the columns `compound`, `compound_id` and `confidence`."""
    shown = np.where(labels >= 0, confidence, np.float32(np.nan))
    return [label_names(labels, compounds), labels, shown]


def _from_buffer(data: NDArray[Any], kind: pa.DataType, known: Bools | None) -> pa.Array:
    validity = None
    if known is not None and not known.all():
        validity = pa.py_buffer(np.packbits(known, bitorder="little"))
    return pa.Array.from_buffers(kind, len(data), [validity, pa.py_buffer(data)])


def _table(described: Iterable[Column], values: Sequence[Any]) -> pa.Table:
    """Build a table from the values of its columns: arrays of numpy, or of Arrow."""
    fields = columns.schema(described)
    arrays = [
        one if isinstance(one, pa.Array) else arrow_array(one, kind)
        for one, kind in zip(values, fields.types, strict=True)
    ]
    return pa.table(arrays, schema=fields)
