"""The frames of a finished run, read back for an explanation."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cexpr._support.types import Doubles, Floats, Integers
from cexpr.errors import UsageError
from cexpr.signals import SIGNALS


@dataclass(frozen=True)
class FrameTable:
    """What a table of frames holds.

    Attributes:
        names: Signals that the file has.
        signals: float32, shape (T, S), smoothed as the run did; NaN for an empty cell.
        frames: int64, shape (T,), 1-based.
        times: float64, shape (T,), seconds.
        face_counts: int64, shape (T,); 1 where the file does not say.
        labels: The run's label of each frame, "" for none; None where the file has no such column.
        confidence: float32, shape (T,), score of the label; NaN for an empty cell.
    """

    names: list[str]
    signals: Floats
    frames: Integers
    times: Doubles
    face_counts: Integers
    labels: list[str | None]
    confidence: Floats

    def row_of(self, frame: int) -> int:
        """Find the row of a frame number, or raise UsageError."""
        rows = np.flatnonzero(self.frames == frame)
        if not len(rows):
            held = f"{self.frames[0]} to {self.frames[-1]}" if len(self.frames) else "none"
            raise UsageError(f"--frame: the file has no frame {frame}; it has {held}")
        return int(rows[0])


def read_frames(path: Path) -> FrameTable:
    """Read the signals, times and labels of a `STEM.frames.csv` or `STEM.frames.parquet`.

    Args:
        path: The file.

    Returns:
        The table.

    Raises:
        UsageError: the file cannot be read or is no frames file.
    """
    columns, rows = _read_parquet(path) if path.suffix == ".parquet" else _read_csv(path)
    if {"face", "detection"} <= set(columns):
        frames = path.with_name(path.name.replace(".faces.", ".frames."))
        other = frames.name if frames != path and frames.is_file() else "STEM.frames.csv"
        raise UsageError(
            f"{path}: this is a table of faces; give the table of frames beside it, {other}"
        )
    if not {"frame", "time"} <= set(columns):
        raise UsageError(f"{path}: expected a STEM.frames.csv with the columns frame and time")
    names: list[str] = [name for name in SIGNALS if name in columns]
    try:
        return FrameTable(
            names=names,
            signals=np.array(
                [[_number(row[name]) for name in names] for row in rows], dtype=np.float32
            ).reshape(len(rows), len(names)),
            frames=np.array([int(row["frame"]) for row in rows], dtype=np.int64),
            times=np.array([_number(row["time"]) for row in rows], dtype=np.float64),
            face_counts=np.array([int(row.get("n_faces") or 1) for row in rows], dtype=np.int64),
            labels=[row.get("compound") for row in rows],
            confidence=np.array(
                [_number(row.get("confidence", "")) for row in rows], dtype=np.float32
            ),
        )
    except (TypeError, ValueError) as error:
        raise UsageError(f"{path}: a cell is no number: {error}") from error


def _read_csv(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            return list(reader.fieldnames or []), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path}: this file cannot be read: {error}") from error


def _read_parquet(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Read a Parquet file as text; null becomes an empty cell."""
    import pyarrow as pa
    import pyarrow.parquet

    try:
        table = pa.parquet.read_table(path)
    except (OSError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"{path}: this file cannot be read: {reason}") from error
    cells = [
        {name: "" if cell is None else str(cell) for name, cell in row.items()}
        for row in table.to_pylist()
    ]
    return table.column_names, cells


def _number(cell: str) -> float:
    return float(cell) if cell else float("nan")
