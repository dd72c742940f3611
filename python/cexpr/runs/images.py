"""The table of a run's single images: written in parts while the run goes on, joined at its end."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import count, groupby
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet

from cexpr._support.atomic import replacing
from cexpr.errors import ClipError, FileError
from cexpr.runs.record import IMAGES
from cexpr.tables.files import FORMATS, Format, read_table, write_table
from cexpr.tables.layout import arrow_array, text_array

_PARTS: Final = f"{IMAGES}.parts"
# In the metadata of a part: the names of its images, also of those without a face.
_HELD: Final = b"images"


class ImageStore:
    """Where a run puts the faces of its single images.

    Each part is a file that is there whole or not at all, so that a run that is killed loses at
    most what came after the last `flush`. Where several parts hold an image, the last one counts,
    and any part counts more than the joined table.
    """

    def __init__(self, folder: Path) -> None:
        """Take the folder of a run; nothing is read or written yet."""
        self._folder = folder
        self._names: list[str] = []
        self._tables: list[pa.Table] = []
        self._is_joined = False

    def add(self, names: Iterable[str], rows: pa.Table) -> None:
        """Take the faces of images; they are on the disk after the next `flush`.

        Args:
            names: The images, also those without a face.
            rows: Their rows of the table of images.
        """
        self._names += names
        self._tables.append(rows)

    def flush(self) -> None:
        """Write what was added as a part.

        Raises:
            FileError: it cannot be written.
        """
        if not self._tables:
            return
        table = pa.concat_tables(self._tables).combine_chunks()
        held = {_HELD: json.dumps(self._names).encode()}
        parts = self._folder / _PARTS
        try:
            parts.mkdir(exist_ok=True)
        except OSError as error:
            raise FileError(f"{parts}: cannot be created: {error.strerror}") from error
        path = parts / f"{_last_number(parts) + 1:08d}.parquet"
        with replacing(path) as temporary:
            pa.parquet.write_table(table.replace_schema_metadata(held), temporary)
        self._names, self._tables, self._is_joined = [], [], False

    def join(self, names: Sequence[str], schema: pa.Schema, formats: Sequence[Format]) -> None:
        """Write the table of all images.

        Args:
            names: The images, in the order of their rows; the rows of others are left out.
            schema: The columns of the table.
            formats: "csv", "parquet" or both.

        Raises:
            FileError: a file cannot be written; the parts are kept.
            ClipError: a part or the table of before cannot be read.
        """
        self.flush()
        table = ordered(read_images(self._folder, schema), names)
        write_images(self._folder, table, formats)
        self._is_joined = True

    def close(self) -> None:
        """Remove the parts if they are in the table; `run.json` must be on the disk by then."""
        if self._is_joined:
            remove_parts(self._folder)


def read_images(folder: Path, schema: pa.Schema | None = None) -> pa.Table:
    """Read the faces of all single images of a run, from its table and its parts.

    Args:
        folder: The folder of the run.
        schema: The columns; None for those that are found.

    Returns:
        The rows; those of an image stand together. Without any file, a table without rows.

    Raises:
        ClipError: a file is damaged, or has not these columns.
    """
    found: list[pa.Table] = []
    newer: set[str] = set()
    for path in sorted((folder / _PARTS).glob("*.parquet"), reverse=True):
        table = _read_part(path)
        held = json.loads((table.schema.metadata or {}).get(_HELD, b"[]"))
        found.append(_without(table, newer))
        newer |= set(held)
    base = next((path for path in _files(folder) if path.is_file()), None)
    if base is not None:
        found.append(_without(read_table(base), newer))
    if schema is None:
        schema = found[0].schema if found else pa.schema([])
    try:
        same = [table.select(schema.names).cast(schema) for table in reversed(found)]
    except (KeyError, pa.ArrowException) as error:
        raise ClipError(f"{folder}: the tables of images do not fit together: {error}") from error
    return pa.concat_tables([schema.empty_table(), *same]).combine_chunks()


def ordered(table: pa.Table, names: Sequence[str]) -> pa.Table:
    """Take the rows of some images, in the order of these."""
    place = {name: number for number, name in enumerate(names)}
    of_row = np.array([place.get(name, -1) for name in table.column("clip").to_pylist()], np.int64)
    order = np.argsort(of_row, kind="stable")
    return table.take(arrow_array(order[of_row[order] >= 0], pa.int64()))


def by_image(table: pa.Table) -> dict[str, pa.Table]:
    """Return the rows of each image that has a face, by its name."""
    rows = count()
    slices = {}
    for name, group in groupby(table.column("clip").to_pylist()):
        places = [next(rows) for _ in group]
        slices[name] = table.slice(places[0], len(places))
    return slices


def rows_held(folder: Path) -> Mapping[str, int]:
    """Count the faces by image that a run has on the disk; none where that cannot be read."""
    try:
        table = read_images(folder)
    except ClipError:
        return {}
    return Counter(table.column("clip").to_pylist() if table.num_columns else ())


def write_images(folder: Path, table: pa.Table, formats: Sequence[Format]) -> None:
    """Write the table of images.

    Raises:
        FileError: a file cannot be written.
    """
    for kind in formats:
        write_table(folder / f"{IMAGES}.{kind}", table, kind)


def remove_parts(folder: Path) -> None:
    """Remove the parts that a run left."""
    shutil.rmtree(folder / _PARTS, ignore_errors=True)


def _files(folder: Path) -> list[Path]:
    # Parquet also keeps what the columns mean.
    return [folder / f"{IMAGES}.{kind}" for kind in reversed(FORMATS)]


def _last_number(parts: Path) -> int:
    return max((int(path.stem) for path in parts.glob("[0-9]*.parquet")), default=0)


def _read_part(path: Path) -> pa.Table:
    try:
        # `read_table` would load what data sets of many files need.
        with pa.parquet.ParquetFile(path) as part:
            return part.read()
    except (OSError, pa.ArrowException) as error:
        raise ClipError(f"{path}: damaged; run with overwrite to start again: {error}") from error


def _without(table: pa.Table, names: set[str]) -> pa.Table:
    """Leave out the rows of some images."""
    if not names:
        return table
    known = pa.compute.is_in(table.column("clip"), value_set=text_array(sorted(names)))
    return table.filter(pa.compute.invert(known))
