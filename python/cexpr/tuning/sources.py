"""The signals of labelled videos, from runs or extracted features of one or several models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from cexpr._support.types import Floats, Integers
from cexpr.abaw.classes import AFF_WILD2_SIGNALS
from cexpr.abaw.files import MultiTask
from cexpr.errors import UsageError
from cexpr.heads.features import best_faces, read_features
from cexpr.models import outputs, zoo
from cexpr.models.manifest import sha256_of
from cexpr.models.stacked import HeadsModel
from cexpr.models.zoo import DEFAULT_MODEL
from cexpr.runs.folder import RunFolder
from cexpr.signals import GROUPS
from cexpr.tables.result import columns_matrix

COLUMNS: Final = {**GROUPS, "expression": AFF_WILD2_SIGNALS}
"""Signals of each head in the order of the annotations."""


@dataclass(frozen=True)
class LabelledVideo:
    """The signals of one video, and where its labelled rows find theirs.

    Attributes:
        frame: int64, shape (T,), increasing.
        signals: For each model, by head: float32, shape (T, C), NaN where it has no such column.
        labelled: int64, shape (L,): rows of the annotations.
        place: int64, shape (L,): row of the video for each of them, the nearest frame with a face.
    """

    frame: Integers
    signals: Sequence[dict[str, Floats]]
    labelled: Integers
    place: Integers


class RunSource:
    """Unsmoothed signals from a folder that `cexpr run` wrote.

    Attributes:
        name: Shown to the user.
        model: Name of the model as the user gave it; None if the signals are a blend.
        detector: Name of the detector that found the faces, where it is known.
        signals: Names of the columns.
        derived: Those that were computed instead of learnt.

    Raises:
        UsageError: It holds no run.
    """

    def __init__(self, folder: Path) -> None:
        self._run = RunFolder.open(folder)
        record = self._run.record
        given = record.options.get("models") or [DEFAULT_MODEL]
        self.name = str(folder)
        self.model = str(given[0]) if len(given) == 1 else None
        self.detector: str | None = record.options.get("detector")
        self.signals = tuple(record.signals)
        self.derived = tuple(record.derived)

    def read(self, video: str) -> tuple[Integers, Mapping[str, Floats]]:
        """Read the frame numbers with a face, increasing, and the signals there by name.

        Returns:
            int64, shape (N,), and float32, shape (N,) each.

        Raises:
            UsageError: the run has no such clip, or did not finish it.
            ClipError: its table of faces cannot be read.
        """
        clip = self._run.record.clips.get(video)
        if clip is None or clip.status != "done":
            raise UsageError(f"{self.name}: has no finished clip '{video}', which has labels")
        table = self._run.read_table(clip, "faces")
        frame = table.column("frame").to_numpy()
        best = best_faces(frame, table.column("detection").to_numpy())
        values = columns_matrix(table, self.signals)[best]
        return frame[best], dict(zip(self.signals, values.T, strict=True))


class FeatureSource:
    """A file that `cexpr extract` wrote, under the heads of its model or trained ones.

    Attributes are those of `RunSource`.

    Args:
        path: The file.
        model: Heads that stand on the features; None for those of the model itself.

    Raises:
        UsageError: The file cannot be read, or the model has other features.
    """

    def __init__(self, path: Path, model: str | None = None) -> None:
        features = read_features(path)
        self.name = str(path)
        self.model = model or features.settings.model
        self.detector: str | None = features.settings.detector.partition(":")[0]
        manifest = zoo.find(self.model)
        tensors = features.tensors()
        if manifest.backbone is not None:
            heads_model = HeadsModel(manifest, zoo.model_file(manifest))
            if manifest.backbone.sha256 == features.settings.sha256:
                tensors = heads_model.read(features.features, features.outputs)
        made_by = (manifest.backbone or manifest).sha256 or sha256_of(zoo.model_file(manifest))
        if made_by != features.settings.sha256:
            raise UsageError(
                f"{path}: the features are not of model '{self.model}'; name the model that they "
                "came from, or heads that were trained on them and exported alone"
            )
        found = outputs.signals(manifest, tensors)
        self.signals, self.derived = found.names, tuple(found.derived)
        self._values = found.values
        self._rows: dict[str, list[int]] = {}
        for row, (video, _) in enumerate(features.keys):
            self._rows.setdefault(video, []).append(row)
        self._frame = np.array([number for _, number in features.keys], dtype=np.int64)

    def read(self, video: str) -> tuple[Integers, Mapping[str, Floats]]:
        """Read the same as `RunSource.read`.

        Raises:
            UsageError: the file has no face of the video.
        """
        rows = self._rows.get(video)
        if rows is None:
            raise UsageError(f"{self.name}: has no face of '{video}', which has labels")
        return self._frame[rows], dict(zip(self.signals, self._values[rows].T, strict=True))


Source = RunSource | FeatureSource


def open_sources(paths: Sequence[Path], models: Sequence[str] = ()) -> list[Source]:
    """Open runs and files of features, one for each model to blend.

    Args:
        paths: Folders of runs and files of features.
        models: Heads for the files of features, in their order; none for those of their models.

    Raises:
        UsageError: a path is neither, or the number of models is not that of the files.
    """
    files = [path for path in paths if not path.is_dir()]
    if models and len(models) != len(files):
        raise UsageError(
            f"models: expected one for each file of features ({len(files)} of them), "
            f"got {len(models)}"
        )
    given = dict(zip(files, models, strict=True)) if models else {}
    return [
        RunSource(path) if path.is_dir() else FeatureSource(path, given.get(path)) for path in paths
    ]


def read_videos(labels: MultiTask, sources: Sequence[Source]) -> list[LabelledVideo]:
    """Gather the unsmoothed signals of the labelled videos, one source for each model.

    Of several faces in a frame the one with the highest detection score counts. As in a blended
    run, a derived head is left out where another model has learnt it.

    Raises:
        UsageError: The sources saw faces in different frames, or a labelled video has no face in
            one of them.
    """
    rows: dict[str, list[int]] = {}
    for row, (video, _) in enumerate(labels.keys):
        rows.setdefault(video, []).append(row)
    heads_of = _usable_heads(sources)
    videos = []
    for video, labelled in rows.items():
        parts = []
        for source, usable in zip(sources, heads_of, strict=True):
            frame, signals = source.read(video)
            if not len(frame):
                raise UsageError(f"{source.name}: no face was found in '{video}', which has labels")
            parts.append((frame, _by_head(signals, usable, len(frame))))
        frame = parts[0][0]
        if any(not np.array_equal(frame, other) for other, _ in parts[1:]):
            raise UsageError(f"'{video}': faces were seen in different frames; use one detector")
        numbers = np.array([labels.keys[row][1] for row in labelled], dtype=np.int64)
        videos.append(
            LabelledVideo(
                frame, [part for _, part in parts], np.array(labelled), _nearest(frame, numbers)
            )
        )
    return videos


def _usable_heads(sources: Sequence[Source]) -> list[list[str]]:
    def is_learnt(source: Source, head: str) -> bool:
        names = set(COLUMNS[head]) & set(source.signals)
        return bool(names) and names.isdisjoint(source.derived)

    learnt = {head for head in COLUMNS if any(is_learnt(source, head) for source in sources)}
    return [
        [head for head in COLUMNS if head not in learnt or is_learnt(source, head)]
        for source in sources
    ]


def _by_head(signals: Mapping[str, Floats], usable: Sequence[str], rows: int) -> dict[str, Floats]:
    found = {}
    for head in usable:
        names = COLUMNS[head]
        if not set(names) & set(signals):
            continue
        nothing = np.full(rows, np.nan, np.float32)
        columns = [signals.get(name, nothing) for name in names]
        found[head] = np.ascontiguousarray(np.stack(columns, axis=1), dtype=np.float32)
    return found


def _nearest(frame: Integers, numbers: Integers) -> Integers:
    right = np.clip(np.searchsorted(frame, numbers), 0, len(frame) - 1)
    left = np.maximum(right - 1, 0)
    is_left = numbers - frame[left] <= np.abs(frame[right] - numbers)
    return np.asarray(np.where(is_left, left, right), dtype=np.int64)
