"""Result files: written whole or not at all, and read back."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from cexpr._support.atomic import write_atomically
from cexpr.errors import ClipError
from cexpr.tables.result import EVENT_SCHEMA, FACE_KEYS, FRAME_DECISION, FRAME_KEYS, ClipResult

Format = Literal["csv", "parquet"]
FORMATS: Final[tuple[Format, ...]] = ("csv", "parquet")
_PARTS: Final = ("frames", "faces", "events")


def table_path(folder: Path, stem: str, part: str, kind: Format) -> Path:
    """Name of a result file, for example `DIR/STEM.frames.csv`."""
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


def read_table(path: Path) -> pa.Table:
    """Read a table of faces, frames or events that `write_table` wrote.

    Args:
        path: A `.csv` or `.parquet` file named as `table_path` names it.

    Returns:
        The table with the types of its part; null for an empty cell.

    Raises:
        ClipError: the file is missing, damaged or not such a table.
    """
    part = path.suffixes[-2].lstrip(".") if len(path.suffixes) > 1 else ""
    try:
        if path.suffix == ".parquet":
            table = pa.parquet.read_table(path)
        else:
            with path.open(encoding="utf-8", newline="") as stream:
                header = stream.readline().rstrip("\r\n")
            names = [name.strip('"') for name in header.split(",")]
            types = _column_types(part, names)
            options = pa.csv.ConvertOptions(
                column_types=types, null_values=[""], strings_can_be_null=True
            )
            table = pa.csv.read_csv(path, convert_options=options)
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())
        raise ClipError(f"{path}: cannot be read as a table of results: {reason}") from error
    missing = [name for name in _required(part) if name not in table.column_names]
    if missing:
        raise ClipError(f"{path}: not a table of {part}: no column {', '.join(missing)}")
    return table


def _required(part: str) -> tuple[str, ...]:
    keys = {
        "frames": (*FRAME_KEYS, *FRAME_DECISION),
        "faces": FACE_KEYS,
        "events": tuple((field.name, field.type) for field in EVENT_SCHEMA),
    }
    return tuple(name for name, _ in keys.get(part, ()))


def _column_types(part: str, names: Sequence[str]) -> dict[str, pa.DataType]:
    known = dict((*FRAME_KEYS, *FRAME_DECISION, *FACE_KEYS))
    if part == "events":
        known = {field.name: field.type for field in EVENT_SCHEMA}
    # What is no key is a signal or the score of a compound.
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
