"""The folder of a run: its record and the tables of its clips."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import pyarrow as pa

from cexpr.errors import ClipError, UsageError
from cexpr.runs.record import FILE_NAME, ClipRecord, RunRecord, Status
from cexpr.tables.files import FORMATS, Format, read_table, table_path


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
            part: `frames`, `faces` or `events`.

        Raises:
            ClipError: the record names no such table, or its file is missing or damaged.
        """
        return read_table(self.table_path(clip, part))

    def save(self) -> None:
        """Write the record.

        Raises:
            FileError: the file cannot be written.
        """
        self.record.save(self.path)
