"""The folder of a run: its record and the tables of its clips."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np
import pyarrow as pa

from cexpr._support.text import counted
from cexpr.errors import ClipError, UsageError
from cexpr.runs.images import by_image, read_images, remove_parts, write_images
from cexpr.runs.record import FILE_NAME, IMAGES, ClipRecord, RunRecord, Status
from cexpr.tables.files import FORMATS, Format, read_table, table_path
from cexpr.tables.images import faces_of_images


class RunFolder:
    """A folder that holds a run.

    Attributes:
        path: The folder.
        record: Its `run.json`.
    """

    def __init__(self, path: Path, record: RunRecord) -> None:
        """Take a folder and the record that belongs to it; `open` and `find` read it."""
        self.path = path
        self.record = record
        self._images: dict[str, pa.Table] | None = None

    @classmethod
    def open(cls, path: str | PathLike[str]) -> RunFolder:
        """Open the folder of a run.

        Raises:
            UsageError: the folder holds no run, or its record is damaged or of a later version.
        """
        if path == "":
            raise UsageError("expected the folder of a run, got ''")
        found = cls.find(path)
        if found is None:
            raise UsageError(
                f"{path}: holds no run (no {FILE_NAME}); expected a folder that 'cexpr run' wrote"
            )
        return found

    @classmethod
    def find(cls, path: str | PathLike[str]) -> RunFolder | None:
        """Open the folder of a run; None where it holds none.

        Raises:
            UsageError: its record is damaged or of a later version.
        """
        try:
            record = RunRecord.load(Path(path))
        except UsageError as error:
            raise UsageError(f"{error}; run the clips again") from error
        return None if record is None else cls(Path(path), record)

    def clips(self, *status: Status) -> list[ClipRecord]:
        """List the clips of some states, in the order of the record; the finished ones by default.

        Args:
            status: States of `ClipRecord.status`; none for `done`.
        """
        wanted = status or ("done",)
        return [clip for clip in self.record.clips.values() if clip.status in wanted]

    def format_of(self, clip: ClipRecord, part: str) -> Format:
        """Find the first format in which the record names a table of a clip.

        It may be another than the first of the run's options: an interrupted `apply` asks for more
        formats than some clips have.

        Args:
            clip: A clip of the run.
            part: `frames`, `faces` or `events`.

        Raises:
            ClipError: the record names no such table.
        """
        for kind in FORMATS:
            if table_path(self.path, clip.stem, part, kind).name in clip.files:
                return kind
        raise ClipError(
            f"{self.path}: the record names no table of {part} of '{clip.stem}'; run the clip again"
        )

    def table_path(self, clip: ClipRecord, part: str) -> Path:
        """Return the path of a clip's table; arguments and errors as `format_of`."""
        return table_path(self.path, clip.stem, part, self.format_of(clip, part))

    def read_table(self, clip: ClipRecord, part: str) -> pa.Table:
        """Read a clip's table.

        Args:
            clip: A clip of the run.
            part: `frames`, `faces` or `events`; of an image that is in the table of images only
                `faces`.

        Raises:
            ClipError: the record names no such table, or its file is missing or damaged.
        """
        if clip.is_together and part == "faces":
            rows = self.images_of([clip])
            return faces_of_images(rows, np.ones(rows.num_rows, np.int64))
        return read_table(self.table_path(clip, part))

    def images_of(self, clips: Sequence[ClipRecord]) -> pa.Table:
        """Return the rows of images that are in the table of images, in the order of `clips`.

        The file is read once.

        Raises:
            ClipError: the table is missing or damaged, or lacks faces that the record counts.
        """
        if self._images is None:
            table = read_images(self.path)
            if not table.num_columns:
                raise ClipError(f"{self.path}: its table of {IMAGES} is missing; run it again")
            self._images, self._no_images = by_image(table), table.schema.empty_table()
        rows = [self._images.get(clip.stem, self._no_images) for clip in clips]
        for clip, own in zip(clips, rows, strict=True):
            if own.num_rows != clip.info["face_rows"]:
                raise ClipError(
                    f"{self.path}: its table of {IMAGES} has {counted(own.num_rows, 'face')} of "
                    f"'{clip.stem}', the record {clip.info['face_rows']}; run it again"
                )
        return pa.concat_tables([self._no_images, *rows]).combine_chunks()

    def write_images(self, table: pa.Table, formats: Sequence[Format]) -> None:
        """Replace the table of images, and the parts of it that a stopped run left.

        Args:
            table: The rows of all images that are in it.
            formats: "csv", "parquet" or both.

        Raises:
            FileError: a file cannot be written.
        """
        # Parts count more than the table: with them in place it must not hold anything else.
        write_images(self.path, read_images(self.path), formats)
        remove_parts(self.path)
        write_images(self.path, table, formats)
        self._images = None

    def save(self) -> None:
        """Write the record.

        Raises:
            FileError: the file cannot be written.
        """
        self.record.save(self.path)
