"""Result files: written whole or not at all, and read back."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from cexpr._support.atomic import write_atomically
from cexpr._support.text import reason_of
from cexpr.errors import ClipError, UsageError
from cexpr.signals import SIGNALS
from cexpr.tables.columns import (
    EVENT_END,
    EVENT_KEYS,
    FACE_DECISION,
    FACE_EXPRESSION,
    FACE_KEYS,
    FACE_PLACE,
    FACE_QUALITY,
    FRAME_DECISION,
    FRAME_KEYS,
    FRAME_SHOWN,
    IMAGE_KEYS,
)
from cexpr.tables.result import ClipResult, FrameRows, frame_rows

Format = Literal["csv", "parquet"]
FORMATS: Final[tuple[Format, ...]] = ("csv", "parquet")
_PARTS: Final = ("frames", "faces", "events")
_FRAME_COLUMNS: Final = ("frame", "time", "n_faces", *SIGNALS, "compound", "confidence")
_FACES: Final = (*FACE_KEYS, *FACE_EXPRESSION, *FACE_DECISION, *FACE_QUALITY)
_PARQUET: Final = b"PAR1"
_UNREADABLE: Final = (OSError, ValueError, csv.Error, pa.ArrowException)


def table_path(folder: Path, stem: str, part: str, kind: Format) -> Path:
    """Return the path of a result file, for example `DIR/STEM.frames.csv`."""
    return folder / f"{stem}.{part}.{kind}"


def write_table(path: Path, table: pa.Table, kind: Format) -> None:
    """Write a table as CSV (null is an empty cell) or Parquet.

    Raises:
        FileError: the file cannot be written.
    """
    write_atomically(path, csv_bytes(table) if kind == "csv" else _parquet_bytes(table))


def csv_bytes(table: pa.Table) -> bytes:
    """Lay a table out as CSV: header, `\\n` after each row, cells quoted only where needed."""
    sink = io.BytesIO()
    sink.write(",".join(_csv_name(name) for name in table.column_names).encode() + b"\n")
    if table.num_rows:
        # "needed" would quote every string.
        style = "needed" if _has_special_cells(table) else "none"
        options = pa.csv.WriteOptions(include_header=False, quoting_style=style)
        pa.csv.write_csv(table, sink, options)
    return sink.getvalue()


def _csv_name(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"' if _is_special(name) else name


def _has_special_cells(table: pa.Table) -> bool:
    return any(
        _is_special(cell)
        for column in table.columns
        if pa.types.is_string(column.type)
        for cell in column.unique().to_pylist()
        if cell is not None
    )


def _is_special(text: str) -> bool:
    # An empty string would read back as null.
    return not text or any(character in text for character in ',"\r\n')


def _parquet_bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pa.parquet.write_table(table, sink, compression="zstd")
    data: bytes = sink.getvalue().to_pybytes()
    return data


def find_table(folder: Path, stem: str, part: str) -> Path | None:
    """Find a table of a clip in any format, the first of `FORMATS` that is there; None for none."""
    paths = (table_path(folder, stem, part, kind) for kind in FORMATS)
    return next((path for path in paths if path.is_file()), None)


def read_table(path: Path) -> pa.Table:
    """Read a table of faces, frames, events or images that `write_table` wrote.

    Args:
        path: A `.csv` or `.parquet` file named as `table_path` names it, or `images.csv`.

    Returns:
        The table with the types of its part; null for an empty cell.

    Raises:
        ClipError: the file is missing, damaged or not such a table.
    """
    part = path.suffixes[-2].lstrip(".") if len(path.suffixes) > 1 else path.stem
    try:
        table = _read(path, part, _column_names(path))
    except _UNREADABLE as error:
        reason = unreadable(path, error)
        raise ClipError(f"{path}: cannot be read as a table of results: {reason}") from error
    missing = [name for name in _required(part) if name not in table.column_names]
    if missing:
        raise ClipError(f"{path}: not a table of {part}: no column {', '.join(missing)}")
    return table


def read_frames(path: Path) -> FrameRows:
    """Read numbers, times, signals and labels of frames.

    Args:
        path: A `STEM.frames.csv` or `STEM.frames.parquet`; columns other than `frame` and `time`
            may be missing.

    Raises:
        UsageError: the file cannot be read, or is not a table of frames.
    """
    try:
        names = _column_names(path)
        if {"face", "detection"} <= set(names):
            frames = path.with_name(path.name.replace(".faces.", ".frames."))
            other = frames.name if frames != path and frames.is_file() else "STEM.frames.csv"
            raise UsageError(
                f"{path}: this is a table of faces; give the table of frames beside it, {other}"
            )
        if not {"frame", "time"} <= set(names):
            raise UsageError(f"{path}: expected a STEM.frames.csv with the columns frame and time")
        return frame_rows(_read(path, "frames", [name for name in names if name in _FRAME_COLUMNS]))
    except _UNREADABLE as error:
        reason = unreadable(path, error)
        raise UsageError(f"{path}: cannot be read as a table of frames: {reason}") from error


def unreadable(path: Path, error: Exception) -> str:
    """Say why a CSV or Parquet file cannot be read.

    Args:
        path: The file.
        error: What reading it raised.
    """
    is_text = isinstance(error, UnicodeDecodeError) or path.suffix == ".csv"
    if isinstance(error, FileNotFoundError) or is_text or not path.is_file():
        return reason_of(error)
    with path.open("rb") as stream:
        is_parquet = stream.read(len(_PARQUET)) == _PARQUET
    return "the Parquet file is damaged" if is_parquet else "not a Parquet file"


def _column_names(path: Path) -> list[str]:
    if path.suffix == ".parquet":
        return list(pa.parquet.read_schema(path).names)
    with path.open(encoding="utf-8", newline="") as stream:
        return next(csv.reader(stream), [])


def _read(path: Path, part: str, names: Sequence[str]) -> pa.Table:
    """Read columns of a file with the types of its part."""
    if path.suffix == ".parquet":
        return pa.parquet.read_table(path).select(names)
    options = pa.csv.ConvertOptions(
        include_columns=names,
        column_types=_column_types(part, names),
        null_values=[""],
        strings_can_be_null=True,
    )
    # Only paths of images may hold a line break.
    parsing = pa.csv.ParseOptions(newlines_in_values=part == "images")
    return pa.csv.read_csv(path, convert_options=options, parse_options=parsing)


def _required(part: str) -> tuple[str, ...]:
    """Columns that even the tables of the first version have."""
    keys = {
        "frames": (*FRAME_KEYS, *FRAME_DECISION),
        "faces": FACE_KEYS,
        "events": EVENT_KEYS,
        "images": (*IMAGE_KEYS, *(one for one in FACE_KEYS if one.name not in FACE_PLACE)),
    }
    return tuple(one.name for one in keys.get(part, ()))


def _column_types(part: str, names: Sequence[str]) -> dict[str, pa.DataType]:
    columns = {
        "frames": (*FRAME_KEYS, *FRAME_DECISION, *FRAME_SHOWN),
        "faces": _FACES,
        "events": (*EVENT_KEYS, *EVENT_END),
        "images": (*IMAGE_KEYS, *_FACES),
    }
    known = {one.name: one.kind for one in columns.get(part, ())}
    # All others are signals and scores of compounds.
    return {name: known.get(name, pa.float32()) for name in names}


def write_result(
    folder: Path,
    result: ClipResult,
    formats: Sequence[Format],
    *,
    parts: Sequence[str] = ("faces", "frames"),
) -> list[str]:
    """Write the tables of one clip.

    Args:
        folder: Where to; must exist.
        result: The clip's result.
        formats: "csv", "parquet" or both.
        parts: Tables to write, of "faces", "frames" and "events".

    Returns:
        Names of the files, in the order in which they were written.

    Raises:
        FileError: a file cannot be written.
    """
    tables: Mapping[str, pa.Table] = {name: getattr(result, name) for name in _PARTS}
    written = []
    for part in parts:
        for kind in formats:
            path = table_path(folder, result.stem, part, kind)
            write_table(path, tables[part], kind)
            written.append(path.name)
    return written
