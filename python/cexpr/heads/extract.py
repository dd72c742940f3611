"""Embeddings and raw outputs of a model for every face of clips, as a Parquet file to train on."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cexpr._support.opencv import load_cv2
from cexpr._support.types import Floats
from cexpr.clips.decode import open_clip
from cexpr.clips.readahead import frames_of
from cexpr.clips.reader import Frame
from cexpr.clips.sources import ClipSource, find_clips
from cexpr.errors import ClipError, ModelError, UsageError
from cexpr.faces.batches import FaceBatches, Tensors
from cexpr.faces.detector import make_detector
from cexpr.faces.track import TrackedFaces, Tracker
from cexpr.heads import features
from cexpr.heads.features import RowGroup, Settings
from cexpr.models import zoo
from cexpr.models.manifest import sha256_of
from cexpr.models.session import Model
from cexpr.pipeline import computing_threads
from cexpr.runs.cores import share_cores
from cexpr.runs.jobs import Report, Work, do_here, do_in_processes
from cexpr.runs.record import ClipRecord


@dataclass(frozen=True)
class Extraction:
    """What to extract.

    Attributes:
        model: Name of a model, or path of its manifest.
        detector: Name of the detector.
        detector_model: Model file of `yunet`. Default: the pulled one.
        half: Keep embeddings as float16.
        threads: Threads that run at the same time, as for `cexpr.Pipeline`.
    """

    model: str
    detector: str = "mtcnn"
    detector_model: Path | None = None
    half: bool = False
    threads: int = 2


@dataclass(frozen=True)
class Extracted:
    """One clip.

    Attributes:
        stem: Its name.
        rows: Faces written; None if the clip failed.
        kept: Whether the file held it already.
        error: Why it failed.
    """

    stem: str
    rows: int | None
    kept: bool = False
    error: str = ""


class Extractor:
    """A model and a detector, ready for clips.

    Attributes:
        settings: Kept in the file.
        columns: Columns of the file.

    Raises:
        ModelError: The model is not there or fails, or its manifest names no features.
        UsageError: The detector is unknown.
    """

    def __init__(self, options: Extraction) -> None:
        self._threads = options.threads
        threads = computing_threads(options.threads)
        load_cv2().setNumThreads(threads)
        found = zoo.find(options.model)
        path = zoo.model_file(found)
        self._network = Model(found, path, threads=threads, features=True)
        if self._network.features is None:
            raise ModelError(
                f"{found.path}: names no features to extract; add them under 'outputs', as "
                "'features: {tensor: NAME}' where the graph gives the embedding out, or as "
                "'features: {input_of: NAME}' with the output whose last layer reads it"
            )
        self._detector = make_detector(
            options.detector, model_path=options.detector_model, threads=threads
        )
        # A graph need not tell how wide its tensors are.
        trial = self._network.run(found.input.zeros(1))
        width = trial.pop(self._network.features).shape[1]
        tensors = tuple((name, value.shape[1]) for name, value in trial.items())
        detector = self._detector.name
        if self._detector.model_files:
            detector += f":{sha256_of(*self._detector.model_files)}"
        self.settings = Settings(
            options.model, self._network.sha256, detector, options.half, tensors
        )
        outputs = sum(columns for _, columns in tensors)
        self.columns = features.schema(width, outputs, half=options.half)

    def extract(self, source: ClipSource) -> pa.Table:
        """Embeddings and outputs of every face of a clip, in the order of the frames.

        Returns:
            Columns `clip`, `frame`, `time`, `face`, `detection`, `features` (the embedding) and
            `outputs` (the model's other tensors beside each other, before any activation).

        Raises:
            ClipError: The clip cannot be read.
        """
        rows = _EmbeddingRows(self._network)
        tracker = Tracker(self._detector)
        with open_clip(source) as clip, frames_of(clip, threads=self._threads) as frames:
            for frame in frames:
                rows.add(frame, tracker.update(frame))
        return rows.table(source.stem, self.columns)


class _EmbeddingRows:
    """Collects the faces of a clip with the raw tensors of one model."""

    def __init__(self, network: Model) -> None:
        self._network = network
        self._batches = FaceBatches([network], self._take_in)
        self._keys: list[tuple[int, float, int, float]] = []
        self._parts: list[Tensors] = []

    def add(self, frame: Frame, faces: TrackedFaces) -> None:
        for track, score in zip(faces.tracks.tolist(), faces.scores.tolist(), strict=True):
            self._keys.append((frame.number, frame.time, track, score))
        self._batches.add(frame.image, faces.landmarks, faces.boxes_xywh)

    def table(self, stem: str, columns: pa.Schema) -> pa.Table:
        self._batches.flush()
        if not self._keys:
            return columns.empty_table()
        others = [name for name in self._parts[0] if name != self._network.features]
        frame, time, track, detection = zip(*self._keys, strict=True)
        arrays = (
            pa.array([stem] * len(frame), pa.string()),
            pa.array(frame, pa.int64()),
            pa.array(time, pa.float64()),
            pa.array(track, pa.int64()),
            pa.array(detection, pa.float32()),
            _lists(self._beside([str(self._network.features)]), columns.field("features").type),
            _lists(self._beside(others), columns.field("outputs").type),
        )
        return pa.Table.from_arrays(list(arrays), schema=columns)

    def _take_in(self, tensors: Sequence[Tensors]) -> None:
        self._parts += tensors

    def _beside(self, names: Sequence[str]) -> Floats:
        rows = [np.concatenate([part[name] for name in names], axis=1) for part in self._parts]
        return np.concatenate(rows)


def _lists(values: NDArray[Any], kind: pa.DataType) -> pa.FixedSizeListArray:
    cells = values.astype(kind.value_type.to_pandas_dtype()).ravel()
    return pa.FixedSizeListArray.from_arrays(pa.array(cells), values.shape[1])


def extract(
    inputs: Sequence[Path],
    path: Path,
    options: Extraction,
    *,
    jobs: int = 1,
    overwrite: bool = False,
    on_clip: Callable[[Extracted], None] | None = None,
) -> list[Extracted]:
    """Write a Parquet file with a row group for each clip; clips that are there stay.

    Args:
        inputs: Files and folders.
        path: The file; clips of an earlier extraction with the same settings stay in it.
        options: What to extract; `threads` there is replaced by what `jobs` leaves.
        jobs: Processes, at most as many as there are cores.
        overwrite: Replace a file that was made with other settings.
        on_clip: Called after each clip.

    Raises:
        UsageError: The file was made with other settings, or its folder is not there.
        ModelError: The model is not usable.
        FileError: The file or a part of it cannot be written.
        ClipError: A process ended unexpectedly; what is done is kept.
    """
    jobs, threads, _ = share_cores(jobs, None)
    options = replace(options, threads=threads)
    sources = find_clips(inputs)
    extractor = Extractor(options)
    if not path.parent.is_dir() or path.is_dir():
        raise UsageError(f"{path}: expected the name of a file in a folder that exists")
    there = features.row_groups_there(path, extractor.settings, overwrite=overwrite)
    records = {source.stem: ClipRecord.of(source) for source in sources}
    todo, done = [], []
    for source in sources:
        before = there.get(source.stem)
        if before is None or not before.holds(records[source.stem]):
            todo.append(source)
            continue
        done.append(Extracted(source.stem, before.rows, kept=True))
        if on_clip is not None:
            on_clip(done[-1])
    with _results(todo, path, options, extractor, min(jobs, len(todo))) as results:
        for one in results:
            done.append(one)
            # The row group of a clip that has changed is out of date, even if the new one fails.
            there.pop(one.stem, None)
            if one.rows is not None:
                there[one.stem] = RowGroup.of(records[one.stem], one.rows)
            if on_clip is not None:
                on_clip(one)
    features.merge(path, there, extractor.settings, extractor.columns)
    return done


@contextmanager
def _results(
    sources: Sequence[ClipSource],
    path: Path,
    options: Extraction,
    extractor: Extractor,
    jobs: int,
) -> Iterator[Iterator[Extracted]]:
    """Yield an iterator over the clips as they are done, in this process or in several."""
    work = Work(Extractor, (options,), functools.partial(_work, path=path))

    def died(source: ClipSource, how: str) -> Extracted:
        raise ClipError(
            f"{source.path}: the process that read it ended unexpectedly ({how}); the clip may be "
            "damaged, or memory ran out: the same extraction with fewer jobs goes on from here"
        )

    if jobs < 2:
        results = do_here(work, extractor, sources)
    else:
        results = do_in_processes(work, sources, jobs, on_death=died)
    with closing(results):
        yield results


def _work(extractor: Extractor, source: ClipSource, _report: Report, *, path: Path) -> Extracted:
    return _write_part(extractor, source, path)


def _write_part(extractor: Extractor, source: ClipSource, path: Path) -> Extracted:
    record = ClipRecord.of(source)
    try:
        table = extractor.extract(source)
    except ClipError as error:
        return Extracted(source.stem, None, error=str(error))
    group = RowGroup.of(record, table.num_rows)
    features.write_part(path, group, table, extractor.settings)
    return Extracted(source.stem, group.rows)
