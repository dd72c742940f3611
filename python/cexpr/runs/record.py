"""`run.json`: what a run did to which clips. Data alone: reading it loads no model or detector."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json

from cexpr._support.atomic import write_atomically
from cexpr.clips.sources import ClipSource
from cexpr.errors import UsageError
from cexpr.signals import GROUPS

FILE_NAME: Final = "run.json"
FORMAT: Final = 1
IMAGES: Final = "images"
"""Name of the table of single images."""
# Options that do not change what is computed.
_NEUTRAL: Final = ("threads",)

Status = Literal["pending", "done", "failed", "outdated"]


class _Record(BaseModel):
    model_config = ConfigDict(extra="ignore", validate_assignment=True)


class ClipRecord(_Record):
    """One clip.

    Attributes:
        stem: Name of its results.
        path: Its file, or its folder of images.
        kind: How it is read, or `missing` for an input that holds no clip.
        size, modified_ns: Size and time of change of its file, to notice that it was replaced.
        status: `outdated` is a clip whose frames were decided by the rules before.
        error: One sentence where it failed.
        files: Result files, by name; of several images together, the table of all of them.
        info: Counts, timings and warnings as in `ClipResult.info`.
        compounds: Frames with each label, the most frequent first.
        shown: What the frames with a face show, as shares of them, the most frequent first: their
            compound, or else their strongest basic expression.
        expressions: Share of each strongest basic expression among the frames with a face.
        events: Number of events.
        seconds: Time that the clip took, writing included.
    """

    stem: str
    path: str
    kind: str
    size: int = 0
    modified_ns: int = 0
    status: Status = "pending"
    error: str | None = None
    files: list[str] = Field(default_factory=list)
    info: dict[str, Any] = Field(default_factory=dict)
    compounds: dict[str, int] = Field(default_factory=dict)
    shown: dict[str, float] = Field(default_factory=dict)
    expressions: dict[str, float] = Field(default_factory=dict)
    events: int = 0
    seconds: float = 0.0

    @classmethod
    def of(cls, source: ClipSource) -> ClipRecord:
        """Make the record of a clip that is still to be done."""
        size, modified_ns = _identity(source.path)
        return cls(
            stem=written(source.stem),
            path=written(source.path),
            kind=source.kind,
            size=size,
            modified_ns=modified_ns,
        )

    @property
    def is_together(self) -> bool:
        """Whether it is an image whose faces are in the table of single images."""
        return any(Path(name).stem == IMAGES for name in self.files)

    def is_unchanged(self) -> bool:
        """Tell whether the clip's file is the one that was recorded."""
        return (self.size, self.modified_ns) == _identity(Path(self.path))


class RunRecord(_Record):
    """A run; `run.json` holds just this.

    Attributes:
        cexpr_run: Version of the format.
        versions: Versions of cexpr, Python and the libraries, and the machine.
        options: Options as asked for.
        rules: Name, file, SHA-256, signals and compounds of the rule set; `adjusted`: weight and
            bias of each compound's score.
        models: Id, file, SHA-256, licence and derived heads of each model; for heads alone also the
            SHA-256 of their backbone.
        detector: Name, and files and their SHA-256 (of all one after the other).
        signals: Names of the columns.
        derived: Formula by the name of each signal that was computed instead of learnt.
        thresholds: Probability from which an action unit counts as present.
        provider: Execution provider in use.
        started: When the run began, UTC.
        seconds: Time that the run took so far.
        clips: Clips by stem.
        warnings: Sentences about the run as a whole.
        submission: Rows of `CE.txt`, and how many of them are not labels of the rules, by where
            their class comes from: `strongest`, `nearest` or `unknown`; empty without the file.
    """

    cexpr_run: int = FORMAT
    versions: dict[str, str] = Field(default_factory=dict)
    options: dict[str, Any]
    rules: dict[str, Any]
    models: list[dict[str, Any]]
    detector: dict[str, Any] = Field(default_factory=dict)
    signals: list[str]
    derived: dict[str, str]
    thresholds: dict[str, float] = Field(default_factory=dict)
    provider: str
    started: str = ""
    seconds: float = 0.0
    clips: dict[str, ClipRecord] = Field(default_factory=dict)
    warnings: list[str] = Field(default_factory=list)
    submission: dict[str, int] = Field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path) -> RunRecord | None:
        """Read the record in a folder.

        Returns:
            The record, or None where the folder holds none.

        Raises:
            UsageError: the file is damaged or of a later version.
        """
        path = folder / FILE_NAME
        try:
            record = cls.model_validate_json(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            problem = f"{place}: {first['msg']}" if place else first["msg"]
            raise UsageError(f"{path}: damaged, or not the record of a run ({problem})") from error
        if record.cexpr_run != FORMAT:
            raise UsageError(
                f"{path}: its format is {record.cexpr_run}, this version of cexpr reads {FORMAT}"
            )
        return record

    def save(self, folder: Path) -> None:
        """Write the record.

        Raises:
            FileError: the file cannot be written.
        """
        # Many times as fast as `json`, which has no indentation in its fast encoder.
        text = to_json(self.as_json(), indent=1, inf_nan_mode="constants")
        write_atomically(folder / FILE_NAME, text + b"\n")

    def as_json(self) -> dict[str, Any]:
        """Return the content of `run.json`: the record, its fingerprint and the counts."""
        data = self.model_dump(mode="json")
        return {**data, "fingerprint": fingerprint(self.settings()), "counts": self.counts()}

    def counts(self) -> dict[str, int]:
        """Count the clips by status."""
        counts = dict.fromkeys(("done", "failed", "pending", "outdated"), 0)
        for clip in self.clips.values():
            counts[clip.status] += 1
        return counts

    def left_out(self) -> list[str]:
        """List the derived signals that the run leaves out."""
        if self.options.get("derived", True):
            return []
        heads = {head for model in self.models for head in model.get("derived", ())}
        return [
            name
            for head, names in GROUPS.items()
            for name in names
            if head in heads and name not in self.signals
        ]

    def settings(self) -> dict[str, Any]:
        """Return everything that the results depend on, beside the clips, flat and by name."""
        options = {name: self.options[name] for name in self.options if name not in _NEUTRAL}
        # By content, because a name or a path may come to mean another file.
        options["models"] = [model["sha256"] for model in self.models]
        options["rules"] = self.rules["sha256"]
        options["detector_model"] = self.detector.get("sha256")
        return {**options, "cexpr": self.versions.get("cexpr", "")}


def fingerprint(settings: Mapping[str, Any]) -> str:
    """Hash settings: SHA-256 over their JSON with sorted keys, 64 hexadecimal digits."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def written(text: str | Path) -> str:
    """Return a name as UTF-8 can hold it: bytes of another encoding become escapes."""
    return str(text).encode("utf-8", "backslashreplace").decode()


def _identity(path: Path) -> tuple[int, int]:
    """Size and time of change of a file; number of entries instead of the size for a folder."""
    try:
        status = path.stat()
        size = len(list(path.iterdir())) if path.is_dir() else status.st_size
    except OSError:
        return 0, 0
    return size, status.st_mtime_ns
