"""The Parquet file of `cexpr extract`: a row group for each clip, and how it grows.

During an extraction each clip has its own part beside the file, written whole or not at all; at
the end the parts and what the file held before become one file. If an extraction is stopped, the
next one takes over its parts.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from cexpr._support.atomic import replacing, write_atomically
from cexpr._support.types import Floats, Integers
from cexpr.errors import FileError, UsageError
from cexpr.runs.record import ClipRecord
from cexpr.tables.files import unreadable

Key = tuple[str, int]

_SETTINGS: Final = b"cexpr.settings"
_CLIPS: Final = b"cexpr.clips"


@dataclass(frozen=True)
class Settings:
    """The settings that the values in a file depend on; kept in the file.

    Attributes:
        model: Name of the model, as given.
        sha256: Hash of its file.
        detector: Name of the detector, with the hash of its model files where it has any.
        half: Whether embeddings are float16.
        tensors: Name and width of each tensor in the column `outputs`, in their order.
    """

    model: str = field(compare=False)
    sha256: str
    detector: str
    half: bool
    tensors: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, text: bytes) -> Settings:
        """Read what `as_bytes` wrote."""
        values = json.loads(text)
        tensors = tuple((str(name), int(width)) for name, width in values.pop("tensors"))
        return cls(tensors=tensors, **values)

    def as_bytes(self) -> bytes:
        """Return the settings as JSON."""
        return json.dumps(asdict(self)).encode()

    def __str__(self) -> str:
        """Return what a person chose, in a few words."""
        half = ", float16" if self.half else ""
        return f"model {self.model} ({self.sha256[:8]}), detector {self.detector}{half}"


@dataclass(frozen=True)
class RowGroup:
    """One row group: the faces of one clip.

    Attributes:
        stem: Name of the clip.
        path, size, modified_ns: Of the clip's file, to notice when it is replaced.
        rows: Faces.
    """

    stem: str
    path: str
    size: int
    modified_ns: int
    rows: int

    @classmethod
    def of(cls, record: ClipRecord, rows: int) -> RowGroup:
        """Describe the row group of a clip."""
        return cls(record.stem, record.path, record.size, record.modified_ns, rows)

    def holds(self, record: ClipRecord) -> bool:
        """Tell whether this is the same clip, unchanged."""
        return self == RowGroup.of(record, self.rows)


def schema(features: int, outputs: int, *, half: bool) -> pa.Schema:
    """Columns of the file; `features` and `outputs` are the lengths of their lists."""
    kind = pa.float16() if half else pa.float32()
    return pa.schema(
        [
            ("clip", pa.string()),
            ("frame", pa.int64()),
            ("time", pa.float64()),
            ("face", pa.int64()),
            ("detection", pa.float32()),
            ("features", pa.list_(kind, features)),
            ("outputs", pa.list_(pa.float32(), outputs)),
        ]
    )


def parts_folder(path: Path) -> Path:
    """Where the parts of a file wait."""
    return path.with_name(f"{path.name}.parts")


def write_part(path: Path, group: RowGroup, table: pa.Table, settings: Settings) -> None:
    """Write one clip's part; `path` is the file that it will belong to.

    Raises:
        FileError: The part cannot be written.
    """
    sink = pa.BufferOutputStream()
    with _writer(sink, table.schema, settings, [group]) as writer:
        writer.write_table(table, max(1, table.num_rows))
    folder = parts_folder(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{folder}: cannot create this folder: {error.strerror}") from error
    write_atomically(folder / f"{group.stem}.parquet", sink.getvalue().to_pybytes())


def read_row_groups(path: Path) -> tuple[Settings, list[RowGroup]]:
    """Read settings and row groups of a file or a part.

    Raises:
        UsageError: It is not a file of `cexpr extract`.
    """
    try:
        kept = pa.parquet.read_metadata(path).metadata or {}
        return Settings.of(kept[_SETTINGS]), [RowGroup(**one) for one in json.loads(kept[_CLIPS])]
    except (OSError, KeyError, TypeError, ValueError, pa.ArrowException) as error:
        reason = "" if isinstance(error, KeyError | TypeError) else f": {unreadable(path, error)}"
        raise UsageError(f"{path}: not a file of 'cexpr extract'{reason}") from error


def row_groups_there(
    path: Path, settings: Settings, *, overwrite: bool = False
) -> dict[str, RowGroup]:
    """List the row groups, by the clip's stem, that the file and its waiting parts hold.

    Args:
        path: The file; it need not exist.
        settings: Those that it must have been made with.
        overwrite: Remove files that were made with others.

    Raises:
        UsageError: A file was made with other settings, or is not one of `cexpr extract`.
    """
    found: dict[str, RowGroup] = {}
    for one in _all_files(path):
        made, groups = read_row_groups(one)
        if made == settings:
            found |= {group.stem: group for group in groups}
            continue
        if not overwrite:
            raise UsageError(
                f"{path}: was made with other settings ({made}; now {settings}); overwrite it, or "
                "name another file",
                remedies=["overwrite"],
            )
        one.unlink()
    return found


def merge(
    path: Path, wanted: Mapping[str, RowGroup], settings: Settings, columns: pa.Schema
) -> None:
    """Put the file and its parts together: a row group for each clip, in the given order.

    Args:
        path: The file.
        wanted: Row groups by the clip's stem; a part overrides a row group of the file.
        settings: Kept in the file.
        columns: Columns of an empty file.

    Raises:
        FileError: The file cannot be written.
    """
    is_new = parts_folder(path).is_dir() or not path.is_file()
    if not is_new and all(wanted.get(one.stem) == one for one in read_row_groups(path)[1]):
        return
    place: dict[str, tuple[Path, int]] = {}
    for one in _all_files(path):
        for number, group in enumerate(read_row_groups(one)[1]):
            if wanted.get(group.stem) == group:
                place[group.stem] = one, number
    with (
        replacing(path) as temporary,
        _writer(temporary, columns, settings, [wanted[stem] for stem in place]) as writer,
    ):
        for source, number in place.values():
            table = pa.parquet.ParquetFile(source).read_row_group(number)
            writer.write_table(table.cast(columns), max(1, table.num_rows))
    shutil.rmtree(parts_folder(path), ignore_errors=True)


def _all_files(path: Path) -> list[Path]:
    """List the file and its parts, those that exist; later ones override earlier ones."""
    return [*([path] if path.is_file() else []), *sorted(parts_folder(path).glob("*.parquet"))]


def _writer(
    target: Any, columns: pa.Schema, settings: Settings, groups: Sequence[RowGroup]
) -> pa.parquet.ParquetWriter:
    kept = {_SETTINGS: settings.as_bytes(), _CLIPS: json.dumps([asdict(one) for one in groups])}
    return pa.parquet.ParquetWriter(target, columns.with_metadata(kept), compression="zstd")


@dataclass(frozen=True)
class Features:
    """A file of `cexpr extract`, read back.

    Attributes:
        settings: As written.
        keys: Stem and frame number of each row; where a frame has several faces, the row is the
            one with the best detection score.
        features: float32, shape (N, D).
        outputs: float32, shape (N, K).
    """

    settings: Settings
    keys: tuple[Key, ...]
    features: Floats
    outputs: Floats

    def tensors(self) -> dict[str, Floats]:
        """The model's other tensors, by name, shape (N, columns) each."""
        found, start = {}, 0
        for name, width in self.settings.tensors:
            found[name] = self.outputs[:, start : start + width]
            start += width
        return found


def read_features(path: Path) -> Features:
    """Read a file whole.

    Raises:
        UsageError: It does not exist, or is not a file of `cexpr extract`.
    """
    settings, groups = read_row_groups(path)
    file = pa.parquet.ParquetFile(path)
    columns = file.schema_arrow
    keys: list[Key] = []
    features = [np.zeros((0, columns.field("features").type.list_size), np.float32)]
    outputs = [np.zeros((0, columns.field("outputs").type.list_size), np.float32)]
    for number, group in enumerate(groups):
        table = file.read_row_group(number)
        frame = table.column("frame").to_numpy()
        best = best_faces(frame, table.column("detection").to_numpy())
        features.append(_matrix(table, "features")[best])
        outputs.append(_matrix(table, "outputs")[best])
        keys += [(group.stem, int(one)) for one in frame[best]]
    return Features(settings, tuple(keys), np.concatenate(features), np.concatenate(outputs))


def best_faces(frame: Integers, detection: Floats) -> Integers:
    """Row of the face with the highest detection score of each frame, by frame number."""
    order = np.lexsort((-detection, frame))
    first = np.diff(frame[order], prepend=-1) > 0
    return np.asarray(order[first], dtype=np.int64)


def _matrix(table: pa.Table, name: str) -> Floats:
    column = table.column(name).combine_chunks()
    width = column.type.list_size
    return np.asarray(column.flatten().to_numpy(), np.float32).reshape(-1, width)
