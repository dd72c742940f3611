"""Embeddings and raw outputs of a model for every face of clips, as Parquet files to train on."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from cexpr import zoo
from cexpr.batching import BATCH, cut_face, cut_matrices
from cexpr.cpu_quota import usable_cores
from cexpr.detect import make_detector
from cexpr.errors import ClipError, ModelError, UsageError
from cexpr.export import write_atomically
from cexpr.inference import Model
from cexpr.track import Tracker, Tracks
from cexpr.video import ClipSource, Frame, ReadAhead, find_clips, open_clip

Floats = NDArray[np.float32]

SUFFIX: Final = ".features.parquet"
_MOST_THREADS: Final = 4
_SETTINGS: Final = b"cexpr"


@dataclass(frozen=True)
class Settings:
    """What the values in a file depend on; kept in the file.

    Attributes:
        model: Id of the model.
        sha256: Of its file.
        detector: Name of the detector.
        half: Whether embeddings are float16.
    """

    model: str
    sha256: str
    detector: str
    half: bool


@dataclass(frozen=True)
class Extracted:
    """One clip.

    Attributes:
        stem: Its name.
        rows: Faces written; None where the clip failed.
        kept: Whether its file was there already.
        error: Why it failed.
    """

    stem: str
    rows: int | None
    kept: bool = False
    error: str = ""


class Extractor:
    """A model and a detector, ready for clips.

    Args:
        model: Name of a model, or path of its manifest.
        detector: Name of the detector.
        detector_model: Model file of `yunet`.
        half: Keep embeddings as float16.

    Raises:
        ModelError: The model is not there, or its manifest names no features.
        UsageError: The detector is unknown.
    """

    def __init__(
        self,
        model: str,
        *,
        detector: str = "mtcnn",
        detector_model: Path | None = None,
        half: bool = False,
    ) -> None:
        threads = min(usable_cores(), _MOST_THREADS)
        found = zoo.find(model)
        path = zoo.model_file(found)
        self._network = Model(found, path, threads=threads, features=True)
        if self._network.features is None:
            raise ModelError(f"{found.path}: names no features; nothing can be extracted")
        self._detector = make_detector(detector, model_path=detector_model, threads=threads)
        self.settings = Settings(found.id, self._network.sha256, detector, half)

    def extract(self, source: ClipSource) -> pa.Table:
        """Embeddings and outputs of every face of a clip, in the order of the frames.

        Returns:
            Columns `frame`, `time`, `face`, `detection`, `features` (the embedding) and `outputs`
            (the model's other tensors beside each other, before any activation).

        Raises:
            ClipError: The clip cannot be read.
        """
        rows = _Rows(self._network)
        tracker = Tracker(self._detector)
        with open_clip(source) as clip, ReadAhead(clip) as ahead:
            for frame in ahead:
                rows.add(frame, tracker.update(frame))
        return rows.table(self.settings)


class _Rows:
    """Crops that wait for the model, and the rows that came out of it."""

    def __init__(self, network: Model) -> None:
        spec = network.input
        self._network = network
        self._batch = np.zeros((BATCH, spec.channels, spec.size, spec.size), np.float32)
        self._waiting = 0
        self._keys: list[tuple[int, float, int, float]] = []
        first = network.run(self._batch[:1])
        self._others = [name for name in first if name != network.features]
        self._features = [first[self._features_name][:0]]
        self._outputs = [self._beside(first)[:0]]

    @property
    def _features_name(self) -> str:
        name = self._network.features
        assert name is not None
        return name

    def add(self, frame: Frame, tracks: Tracks) -> None:
        spec = self._network.input
        if not len(tracks):
            return
        matrices = cut_matrices(spec, tracks.landmarks, tracks.boxes_xywh)
        for face in range(len(tracks)):
            place = slice(self._waiting, self._waiting + 1)
            cut_face(frame.image, matrices[face], spec, self._batch[place])
            key = (frame.index, frame.time, int(tracks.ids[face]), float(tracks.scores[face]))
            self._keys.append(key)
            self._waiting += 1
            if self._waiting == BATCH:
                self._flush()

    def table(self, settings: Settings) -> pa.Table:
        self._flush()
        frame, time, face, detection = zip(*self._keys, strict=True) if self._keys else ((),) * 4
        features = np.concatenate(self._features)
        kind = np.float16 if settings.half else np.float32
        table = pa.table(
            {
                "frame": pa.array(frame, pa.int64()),
                "time": pa.array(time, pa.float64()),
                "face": pa.array(face, pa.int64()),
                "detection": pa.array(detection, pa.float32()),
                "features": _lists(features.astype(kind)),
                "outputs": _lists(np.concatenate(self._outputs)),
            }
        )
        return table.replace_schema_metadata({_SETTINGS: json.dumps(asdict(settings))})

    def _flush(self) -> None:
        if self._waiting:
            tensors = self._network.run(self._batch[: self._waiting])
            self._features.append(tensors[self._features_name])
            self._outputs.append(self._beside(tensors))
            self._waiting = 0

    def _beside(self, tensors: dict[str, Floats]) -> Floats:
        return np.concatenate([tensors[name] for name in self._others], axis=1)


def extract(
    inputs: Sequence[Path],
    folder: Path,
    extractor: Extractor,
    *,
    overwrite: bool = False,
    on_clip: Callable[[Extracted], None] | None = None,
) -> list[Extracted]:
    """Write `STEM.features.parquet` for each clip, one row group each; clips that are there stay.

    Args:
        inputs: Files and folders.
        folder: Where to; made if missing.
        extractor: The model.
        overwrite: Write clips again whose files hold other settings.
        on_clip: Called after each clip.

    Raises:
        UsageError: A file of the folder was made with other settings, or cannot be written.
    """
    sources = find_clips(inputs)
    folder.mkdir(parents=True, exist_ok=True)
    there = {
        source.stem: kept
        for source in sources
        if (kept := _kept(folder / f"{source.stem}{SUFFIX}", extractor.settings, overwrite))
    }
    done = []
    for source in sources:
        one = there.get(source.stem) or _extract_one(source, folder, extractor)
        done.append(one)
        if on_clip is not None:
            on_clip(one)
    return done


def _extract_one(source: ClipSource, folder: Path, extractor: Extractor) -> Extracted:
    try:
        table = extractor.extract(source)
    except ClipError as error:
        return Extracted(source.stem, None, error=str(error))
    sink = pa.BufferOutputStream()
    pa.parquet.write_table(table, sink, compression="zstd", row_group_size=max(1, table.num_rows))
    write_atomically(folder / f"{source.stem}{SUFFIX}", sink.getvalue().to_pybytes())
    return Extracted(source.stem, table.num_rows)


def _kept(path: Path, settings: Settings, overwrite: bool) -> Extracted | None:
    if not path.is_file():
        return None
    try:
        file = pa.parquet.read_metadata(path)
        before = json.loads((file.metadata or {}).get(_SETTINGS, b"{}"))
    except (OSError, ValueError, pa.ArrowException):
        return None
    if before == asdict(settings):
        return Extracted(path.name.removesuffix(SUFFIX), file.num_rows, kept=True)
    if not overwrite:
        raise UsageError(
            f"{path}: was made with other settings ({_shown(before)}); give --overwrite, or "
            "another folder"
        )
    return None


def _shown(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items())


def _lists(values: NDArray[Any]) -> pa.FixedSizeListArray:
    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])


@dataclass(frozen=True)
class Features:
    """What `extract` wrote, read back.

    Attributes:
        settings: As written.
        keys: Stem and frame number of each row; of several faces in a frame the best detection.
        features: float32, shape (N, D).
        outputs: float32, shape (N, K).
    """

    settings: Settings
    keys: tuple[tuple[str, int], ...]
    features: Floats
    outputs: Floats


def read_features(folder: Path) -> Features:
    """Read all files of a folder.

    Raises:
        UsageError: There are none, one cannot be read, or they were made with different settings.
    """
    paths = sorted(folder.glob(f"*{SUFFIX}"))
    if not paths:
        raise UsageError(f"{folder}: holds no {SUFFIX}; expected a folder of 'cexpr extract'")
    keys: list[tuple[str, int]] = []
    parts, others, made = [], [], set()
    for path in paths:
        try:
            table = pa.parquet.read_table(path)
            made.add(Settings(**json.loads((table.schema.metadata or {})[_SETTINGS])))
            frame = table.column("frame").to_numpy()
            order = np.lexsort((-table.column("detection").to_numpy(), frame))
            best = order[np.r_[True, np.diff(frame[order]) > 0]] if len(order) else order
            parts.append(_matrix(table, "features")[best])
            others.append(_matrix(table, "outputs")[best])
        except (OSError, KeyError, TypeError, ValueError, pa.ArrowException) as error:
            raise UsageError(f"{path}: not a file of 'cexpr extract': {error}") from error
        keys += [(path.name.removesuffix(SUFFIX), int(number)) for number in frame[best]]
    if len(made) > 1:
        raise UsageError(f"{folder}: files were made with different settings; extract them anew")
    return Features(made.pop(), tuple(keys), np.concatenate(parts), np.concatenate(others))


def _matrix(table: pa.Table, name: str) -> Floats:
    column = table.column(name).combine_chunks()
    width = column.type.list_size
    return np.asarray(column.flatten().to_numpy(), np.float32).reshape(-1, width)
