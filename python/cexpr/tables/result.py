"""The result of one clip: Arrow tables of faces, frames and events."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray

from cexpr._support.text import counted
from cexpr._support.types import Bools, Doubles, Floats, Integers, Labels
from cexpr.signals import EXPRESSIONS, SIGNALS
from cexpr.tables.columns import FACE_KEYS, FACE_QUALITY, QUALITY_REASONS

if TYPE_CHECKING:
    import pandas as pd

# Basic expressions with a smaller share are left out of summaries.
_WORTH_A_WORD: Final = 0.05
_LEAST_SHOWN: Final = 0.005
_ROW_ARRAYS: Final = (
    "frame",
    "time",
    "track",
    "boxes_xywh",
    "detection",
    "signals",
    "quality",
    "reason",
)


@dataclass(frozen=True, eq=False)
class FaceRows:
    """The faces of a clip as arrays, one row per face per frame, in the order of the frames.

    Attributes:
        frame: int64, shape (N,), 1-based and not decreasing.
        time: float64, shape (N,), seconds.
        track: int64, shape (N,), one number for each person over time, from 1.
        boxes_xywh: float32, shape (N, 4), pixels.
        detection: float32, shape (N,), scores of the detector.
        names: Names of the S signals.
        signals: float32, shape (N, S), as the models gave them; NaN is unknown.
        derived: Formula by the name of each signal that was computed instead of learnt.
        quality: float32, shape (N,), 0..1 as `cexpr.faces.quality.face_quality` gives it; NaN is
            unknown, and so are all where none are given.
        reason: int32, shape (N,), place in `QUALITY_REASONS` from 1, 0 for none.
    """

    frame: Integers
    time: Doubles
    track: Integers
    boxes_xywh: Floats
    detection: Floats
    names: tuple[str, ...]
    signals: Floats
    derived: Mapping[str, str] = field(default_factory=dict)
    quality: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    reason: Labels = field(default_factory=lambda: np.zeros(0, np.int32))

    def __post_init__(self) -> None:
        """Refuse arrays whose lengths differ."""
        rows = len(self.frame)
        if not len(self.quality):
            object.__setattr__(self, "quality", np.full(rows, np.nan, np.float32))
            object.__setattr__(self, "reason", np.zeros(rows, np.int32))
        shapes = {
            "time": (self.time.shape, (rows,)),
            "track": (self.track.shape, (rows,)),
            "boxes_xywh": (self.boxes_xywh.shape, (rows, 4)),
            "detection": (self.detection.shape, (rows,)),
            "signals": (self.signals.shape, (rows, len(self.names))),
            "quality": (self.quality.shape, (rows,)),
            "reason": (self.reason.shape, (rows,)),
        }
        for name, (got, expected) in shapes.items():
            if got != expected:
                raise ValueError(f"{name}: expected shape {expected}, got {got}")

    def __len__(self) -> int:
        return len(self.frame)

    def of_quality(self, least: float) -> Integers:
        """Return the rows, int64, whose quality is unknown or at least `least`."""
        return np.flatnonzero(~(self.quality < least))

    def __getitem__(self, rows: Integers | Bools) -> FaceRows:
        """Return some of the rows."""
        return replace(self, **{name: getattr(self, name)[rows] for name in _ROW_ARRAYS})

    def learnt(self) -> FaceRows:
        """Return the same faces without the derived signals."""
        kept = [column for column, name in enumerate(self.names) if name not in self.derived]
        return replace(
            self,
            names=tuple(self.names[column] for column in kept),
            signals=np.ascontiguousarray(self.signals[:, kept]),
            derived={},
        )


@dataclass(frozen=True, eq=False)
class FrameRows:
    """The frames of a clip as arrays, as far as an explanation needs them.

    Attributes:
        frame: int64, shape (T,), 1-based.
        time: float64, shape (T,), seconds.
        n_faces: int64, shape (T,); 1 where the table does not say.
        names: Names of the S signals.
        signals: float32, shape (T, S), smoothed as the run did; NaN is unknown.
        labels: T names of compounds, "" for no label; None where the table has no such column.
        confidence: float32, shape (T,), score of the label; NaN is unknown.
    """

    frame: Integers
    time: Doubles
    n_faces: Integers
    names: tuple[str, ...]
    signals: Floats
    labels: tuple[str, ...] | None
    confidence: Floats


@dataclass(frozen=True, eq=False)
class ClipResult:
    """The result for one clip.

    Attributes:
        stem: Name of the clip, as in its files' names.
        frames: One row for every frame; columns as in `STEM.frames.csv`, null for an empty cell.
        faces: One row per face per frame; columns as in `STEM.faces.csv`.
        events: One row for each stretch of frames with one label: onset, apex, offset, and the
            face that decided at the apex.
        compounds: Names of the compounds in the order of their ids.
        derived: Formula by the name of each signal that was computed instead of learnt.
        info: What `run.json` tells of the clip: counts, timings, warnings.
    """

    stem: str
    frames: pa.Table
    faces: pa.Table
    events: pa.Table
    compounds: tuple[str, ...]
    derived: Mapping[str, str] = field(default_factory=dict)
    info: Mapping[str, Any] = field(default_factory=dict)

    def to_pandas(self, table: Literal["frames", "faces", "events"] = "frames") -> pd.DataFrame:
        """Return one of the tables as a data frame; needs pandas.

        Args:
            table: Which one.

        Raises:
            ValueError: there is no such table.
            ModuleNotFoundError: pandas is not installed.
        """
        if table not in ("frames", "faces", "events"):
            raise ValueError(f"table: expected frames, faces or events, got {table!r}")
        if find_spec("pandas") is None:
            raise ModuleNotFoundError("to_pandas needs the package pandas: pip install pandas")
        frame: pd.DataFrame = getattr(self, table).to_pandas()
        return frame

    @property
    def shares(self) -> dict[str, float]:
        """Share of all frames with each label, the most frequent first, unseen labels left out."""
        return _shares(self.frames.column("compound"))

    @property
    def shown(self) -> dict[str, float]:
        """What the frames with a face show, as shares of them, the most frequent first.

        Each frame counts once: by its compound, or else by its strongest basic expression.
        """
        return shown_shares(self.frames)

    @property
    def summary(self) -> str:
        """One line: frames, faces, and what they show."""
        people = len(set(self.faces.column("face").to_pylist()))
        return (
            f"{self.stem}: {counted(self.frames.num_rows, 'frame')}, "
            f"{counted(people, 'face')}; {shares_line(self.shown) or 'nothing to show'}"
        )

    def __repr__(self) -> str:
        """Return the summary."""
        return f"<ClipResult {self.summary}>"

    def _repr_html_(self) -> str:
        """Return the summary and the events as a table for notebooks."""
        shown = ("compound", "onset_time", "apex_time", "offset_time", "peak")
        rows = "".join(
            f"<tr><td>{html.escape(event['compound'])}</td>"
            + "".join(f"<td>{event[name]:.2f}</td>" for name in shown[1:])
            + "</tr>"
            for event in self.events.slice(0, 20).to_pylist()
        )
        header = "".join(f"<th>{name}</th>" for name in shown)
        note = f"<p>derived, not learnt: {', '.join(self.derived)}</p>" if self.derived else ""
        more = self.events.num_rows - 20
        tail = f"<p>and {counted(more, 'event')} more</p>" if more > 0 else ""
        return (
            f"<b>{html.escape(self.summary)}</b><table><thead><tr>{header}</tr></thead>"
            f"<tbody>{rows}</tbody></table>{tail}{note}"
        )


def label_shares(labels: NDArray[Any]) -> dict[str, float]:
    """Share of each label among all frames, the most frequent first.

    Args:
        labels: shape (T,), strings; None where a frame has no label.

    Returns:
        Shares in 0..1 by label; equal shares in the order of the names.
    """
    known = [label for label in labels if label is not None]
    names, counts = np.unique(np.array(known, dtype=str), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {str(names[i]): float(counts[i]) / len(labels) for i in order}


def shown_shares(frames: pa.Table) -> dict[str, float]:
    """Share of what is shown among the frames with a face, the most frequent first.

    Args:
        frames: A table of frames. Each row with a face counts once: by its compound, or else by its
            strongest basic expression.
    """
    seen = _seen(frames)
    return _shares(pa.compute.coalesce(seen.column("compound"), seen.column("expression")))


def expression_shares(frames: pa.Table) -> dict[str, float]:
    """Share of each strongest basic expression among the frames with a face, with or without label.

    Args:
        frames: A table of frames.
    """
    return _shares(_seen(frames).column("expression"))


def shares_line(shares: Mapping[str, float]) -> str:
    """Say in a line which shares are worth a word, for example "neutral 71 %, happiness 24 %".

    Compounds are always named. Of the basic expressions those below a twentieth are left out.

    Args:
        shares: Share by name of an expression or compound, the most frequent first.
    """
    named = {
        name: share
        for name, share in shares.items()
        if share >= _WORTH_A_WORD or name not in EXPRESSIONS
    }
    return ", ".join(
        f"{name} {100 * share:.0f} %" if share >= _LEAST_SHOWN else f"{name} <1 %"
        for name, share in named.items()
    )


def _seen(frames: pa.Table) -> pa.Table:
    """Rows of the frames with a face."""
    return frames.filter(pa.compute.greater(frames.column("n_faces"), 0))


def _shares(column: pa.ChunkedArray) -> dict[str, float]:
    # `to_numpy` would import pandas, where it is installed, for strings.
    return label_shares(np.array(column.to_pylist(), dtype=object))


def face_rows(table: pa.Table, derived: Mapping[str, str] | None = None) -> FaceRows:
    """Take a table of faces, for example one read back, apart again.

    Args:
        table: The table; what was decided for the faces is left out.
        derived: Formula by the name of each signal that was computed instead of learnt.
    """
    names = tuple(name for name in table.column_names if name in SIGNALS)
    column = {one.name: _numbers(table.column(one.name), one.kind) for one in FACE_KEYS}
    boxes = np.stack([column[name] for name in ("x", "y", "w", "h")], axis=1)
    return FaceRows(
        frame=column["frame"],
        time=column["time"],
        track=column["face"],
        boxes_xywh=boxes,
        detection=column["detection"],
        names=names,
        signals=columns_matrix(table, names),
        derived=derived or {},
        **_quality(table),
    )


def _quality(table: pa.Table) -> dict[str, NDArray[Any]]:
    """Values of the columns of the quality, which earlier versions did not write."""
    value, reason = FACE_QUALITY
    if not {value.name, reason.name} <= set(table.column_names):
        return {}
    codes = pa.compute.index_in(
        table.column(reason.name).cast(pa.string()), pa.array(QUALITY_REASONS)
    )
    return {
        "quality": _numbers(table.column(value.name), value.kind),
        "reason": _numbers(codes.fill_null(-1), pa.int32()) + np.int32(1),
    }


def frame_rows(table: pa.Table) -> FrameRows:
    """Take a table of frames, for example one read back, apart again.

    Args:
        table: Must have the columns `frame` and `time`.

    Raises:
        ValueError: a frame has no number.
    """
    if table.column("frame").null_count:
        raise ValueError("frame: expected a number in each row, got an empty cell")
    names = tuple(name for name in SIGNALS if name in table.column_names)
    columns = {name: table.column(name) for name in table.column_names}
    unknown = pa.chunked_array([pa.nulls(table.num_rows, pa.float32())])
    n_faces = columns.get("n_faces", unknown).cast(pa.int64()).fill_null(1)
    labels = columns.get("compound")
    return FrameRows(
        frame=_numbers(columns["frame"], pa.int64()),
        time=_numbers(columns["time"], pa.float64()),
        n_faces=_numbers(n_faces, pa.int64()),
        names=names,
        signals=columns_matrix(table, names),
        labels=None if labels is None else tuple(label or "" for label in labels.to_pylist()),
        confidence=_numbers(columns.get("confidence", unknown), pa.float32()),
    )


def columns_matrix(table: pa.Table, names: Sequence[str]) -> Floats:
    """Return float columns as a float32 matrix, shape (rows, len(names)); null becomes NaN."""
    matrix = np.empty((table.num_rows, len(names)), np.float32)
    for column, name in enumerate(names):
        matrix[:, column] = _numbers(table.column(name), pa.float32())
    return matrix


def _numbers(column: pa.ChunkedArray, kind: pa.DataType) -> NDArray[Any]:
    if pa.types.is_floating(kind) and column.null_count:
        column = column.fill_null(float("nan"))
    values: NDArray[Any] = column.to_numpy()
    return values.astype(kind.to_pandas_dtype(), copy=False)
