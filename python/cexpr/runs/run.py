"""Many clips: which there are, in how many processes they are analysed, and what is recorded."""

from __future__ import annotations

import functools
import platform
import re
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from importlib import metadata
from os import PathLike
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from cexpr import _core
from cexpr._core import __version__
from cexpr._support import arguments
from cexpr.clips.sources import ClipSource, address_of, scan
from cexpr.errors import FileError, UsageError
from cexpr.faces.detector import Detector
from cexpr.models.manifest import sha256_of
from cexpr.options import RunOptions
from cexpr.pipeline import Pipeline
from cexpr.rules.rule_set import RuleSet
from cexpr.runs import overview, submissions
from cexpr.runs.clip import died_clip
from cexpr.runs.cores import share_cores
from cexpr.runs.folder import RunFolder
from cexpr.runs.images import ImageStore
from cexpr.runs.interrupts import DeferredInterrupt
from cexpr.runs.jobs import Work, do_here, do_in_processes
from cexpr.runs.record import ClipRecord, RunRecord, written
from cexpr.runs.resume import prepare, with_outputs_of
from cexpr.runs.stills import Analyst, Finished, Item, do_item, items_of
from cexpr.tables.columns import image_columns, schema

# The record is written after each clip as long as that takes less than this share of the time.
_SAVE_SHARE: Final = 0.02
# So many images of one folder may well be separate pictures, whatever their names.
_STILLS: Final = 10
_LAST_NUMBER: Final = re.compile(r"(?P<name>.*?)(?P<number>[0-9]{1,18})")
_LIBRARIES: Final = ("numpy", "onnxruntime", "pyarrow")
_OPENCV: Final = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)


class Observer(Protocol):
    """What a run reports while it goes on; a subclass overrides what it wants to hear of."""

    def begin(self, record: RunRecord, todo: int, jobs: int, threads: int) -> None:
        """Clips are known; `todo` of those in the record are still to be done."""
        return

    def notice(self, text: str) -> None:
        """Something that the user may not expect is about to happen."""
        return

    def progress(self, stem: str, frames: int, announced: int | None) -> None:
        """A clip has come to its frame number `frames`."""
        return

    def clip(self, record: ClipRecord) -> None:
        """A clip is done or failed."""
        return


class _Nobody(Observer):
    """Hears of nothing."""


def run(
    inputs: str | PathLike[str] | ClipSource | Iterable[str | PathLike[str] | ClipSource],
    out: str | PathLike[str],
    options: RunOptions | None = None,
    *,
    jobs: int = 1,
    threads: int | None = None,
    overwrite: bool = False,
    observer: Observer | None = None,
) -> RunRecord:
    """Analyse clips and write their tables, those of the run and, if asked for, the submissions.

    A run into a folder that holds a run with the same options keeps its finished clips and does
    the rest. Options that only add files (`events`, `abaw`, `formats`) need not be named again: the
    run goes on with those that the folder has. A clip that fails does not stop the others.

    Args:
        inputs: A video, GIF, image or folder, or several; a clip of `cexpr.find_clips` stands for
            its path.
        out: Folder for the results; made if missing.
        options: What to do to each clip; None for the defaults. `threads` there is replaced by
            what `jobs` leaves.
        jobs: Clips worked on at the same time, each in its own process; >= 1, at most the number
            of cores is used.
        threads: Threads that run at the same time for one clip, decoding included, >= 1; None for
            the cores of one job, at most 4.
        overwrite: Replace a run that is in the folder; the results of all its clips are removed.
        observer: Told what happens; None to tell nobody.

    Returns:
        The record, as `run.json` holds it; look for failures in `clips`.

    Raises:
        TypeError: an input or `out` is not a path, `options` is not a `RunOptions`, or `overwrite`
            is neither True nor False.
        UsageError: nothing was processed: an option is wrong, no input holds a clip, or the folder
            cannot be created or written to, or holds files of others under the names of tables.
        OccupiedError: nothing was processed: the folder holds a run with other options (a
            `UsageError`).
        RuleError: nothing was processed: the rules have mistakes or need other signals.
        ModelError: nothing was processed: a model is missing or damaged.
        FileError: `run.json`, a table of the run or a submission cannot be written; finished clips
            are kept.
        ClipError: a table that a submission needs cannot be read back.
        KeyboardInterrupt: the user stopped the run; finished clips are kept and recorded.

    Example:
        >>> record = run("interviews/", "results", RunOptions(events=True))  # doctest: +SKIP
        >>> record.counts()  # doctest: +SKIP
        {'done': 12, 'failed': 0, 'pending': 0, 'outdated': 0}
    """
    paths, folder = _input_paths(inputs), arguments.path("out", out, "a folder")
    arguments.flag("overwrite", overwrite)
    if not isinstance(options, RunOptions | None):
        raise TypeError(f"options: expected cexpr's RunOptions, got {type(options).__name__}")
    observer = _Nobody() if observer is None else observer
    jobs, threads, notes = share_cores(jobs, threads)
    sources, missing = _sources(paths)
    options = (options or RunOptions()).model_copy(update={"threads": threads})
    if not overwrite:
        options = with_outputs_of(folder, options)
    pipeline = Pipeline(options)
    if options.abaw:
        notes += submissions.check(pipeline.rules, pipeline.names, pipeline.left_out)
    notes += _image_notes(sources)
    record = record_of(pipeline)
    record.warnings = notes
    todo = prepare(record, sources, missing, folder, overwrite=overwrite, notice=observer.notice)
    is_together = options.stills == "together" and _image_count(record) > 1
    items = items_of(todo, jobs, together=is_together)
    jobs = min(jobs, max(1, len(items)))
    observer.begin(record, len(todo), jobs, threads)
    images = ImageStore(folder)
    saver = _Saver(record, folder, images)
    try:
        saver.save()
    except FileError as error:
        # Nothing is lost yet: the folder is the wrong one.
        raise UsageError(str(error)) from error
    overview.remove(folder)
    with DeferredInterrupt() as interrupt:

        def report(item: Item, frames: int, announced: int | None) -> None:
            if isinstance(item, ClipSource):
                observer.progress(item.stem, frames, announced)
            interrupt.check()

        results = _results(pipeline, items, jobs, folder, report, interrupt.check)
        try:
            try:
                with closing(results):
                    for found in results:
                        record.clips |= {clip.stem: clip for clip in found.records}
                        if found.rows is not None:
                            images.add(found.names, found.rows)
                        for clip in found.records:
                            observer.clip(clip)
                        saver.item_done()
                        interrupt.check()
            finally:
                saver.join_images()
            finished = RunFolder(folder, record)
            overview.write(finished, pipeline.rules, options, on_clip=interrupt.check)
            if options.abaw:
                submissions.write(finished, pipeline.rules)
        finally:
            saver.save()
            images.close()
    return record


def _results(
    pipeline: Pipeline,
    items: Sequence[Item],
    jobs: int,
    folder: Path,
    on_report: Callable[..., None],
    on_wait: Callable[[], None],
) -> Generator[Finished, None, None]:
    """Yield what comes of each item, done here or in several processes."""
    do = functools.partial(do_item, folder=folder)
    work: Work[Analyst, Item, Finished] = Work(Analyst.load, (pipeline.options,), do)
    if jobs == 1:
        yield from do_here(work, Analyst(pipeline), items, on_report=on_report)
        return
    while items:
        again: list[Item] = []
        results = do_in_processes(
            work, items, jobs, on_death=_died, on_report=on_report, on_wait=on_wait
        )
        with closing(results):
            for found in results:
                again += [(source,) for source in found.again]
                yield found
        items = again


def _died(item: Item, how: str) -> Finished:
    """Record what a process was at when it ended; of a batch, each image is tried alone."""
    if isinstance(item, ClipSource):
        return Finished([died_clip(item, how)])
    if len(item) > 1:
        return Finished(again=item)
    return Finished([died_clip(item[0], how)])


def record_of(pipeline: Pipeline) -> RunRecord:
    """Make the record of a run that has not begun."""
    return RunRecord(
        versions=_versions(),
        options=pipeline.options.model_dump(mode="json"),
        rules=rules_entry(pipeline.rules),
        models=[
            {
                "id": model.manifest.id,
                "file": str(model.path),
                "sha256": model.sha256,
                "licence": model.manifest.licence,
                "intended_use": model.manifest.intended_use,
                "derived": model.manifest.outputs.derived(),
                "backbone": model.manifest.backbone and model.manifest.backbone.sha256,
            }
            for model in pipeline.models
        ],
        detector=_detector_entry(pipeline.detector),
        signals=list(pipeline.names),
        derived=pipeline.derived,
        thresholds=pipeline.thresholds,
        provider=pipeline.provider,
        started=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    )


def rules_entry(rules: RuleSet) -> dict[str, Any]:
    """Return what `run.json` holds of a rule set."""
    decide = rules.decide_options
    adjusted = np.stack([decide["weight"], decide["bias"]], axis=1).tolist()
    return {
        "name": rules.name,
        "file": rules.file,
        "sha256": rules.sha256,
        "signals": list(rules.signals),
        "compounds": list(rules.compounds),
        "adjusted": dict(zip(rules.compounds, adjusted, strict=True)),
    }


def _detector_entry(detector: Detector) -> dict[str, Any]:
    paths = detector.model_files
    if not paths:
        return {"name": detector.name}
    files = [written(path) for path in paths]
    return {"name": detector.name, "files": files, "sha256": sha256_of(*paths)}


def _versions() -> dict[str, str]:
    versions = {
        "cexpr": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": _core.cpu_active(),
    }
    for name in (*_LIBRARIES, *_OPENCV):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _input_paths(
    inputs: str | PathLike[str] | ClipSource | Iterable[str | PathLike[str] | ClipSource],
) -> list[Path]:
    """Return the paths of the inputs; a clip stands for its path."""
    if isinstance(inputs, ClipSource):
        return [inputs.path]
    if isinstance(inputs, Iterable) and not isinstance(inputs, str | bytes | PathLike):
        inputs = [one.path if isinstance(one, ClipSource) else one for one in inputs]
    return arguments.paths("inputs", inputs)


def _sources(inputs: Sequence[Path]) -> tuple[list[ClipSource], list[ClipRecord]]:
    """Find the clips; inputs without any become failed clips while others are good.

    Raises:
        UsageError: no input holds a clip; the message names the reason for each.
    """
    if not inputs:
        raise UsageError("no inputs: name video files, GIFs, images or folders")
    found = scan(inputs)
    if not found.clips:
        raise UsageError("; ".join(found.problems.values()))
    missing = [
        ClipRecord(
            stem=written(path.name or path),
            path=written(address_of(path) or path),
            kind="missing",
            status="failed",
            error=written(problem),
        )
        for path, problem in found.problems.items()
    ]
    return found.clips, missing


def _image_count(record: RunRecord) -> int:
    return sum(clip.kind == "image" for clip in record.clips.values())


def _image_notes(sources: Sequence[ClipSource]) -> list[str]:
    """A sentence for each folder whose images look like the frames of one clip, but are not."""
    numbers: dict[tuple[Path, str], list[int]] = {}
    for source in sources:
        match = _LAST_NUMBER.fullmatch(source.path.stem) if source.kind == "image" else None
        if match is not None:
            series = source.path.parent, match["name"]
            numbers.setdefault(series, []).append(int(match["number"]))
    return [
        f"{folder}: {len(found)} images numbered in sequence are a clip each; to read them as one "
        "clip, name them 1.jpg, 2.jpg, ... in a folder that holds nothing else"
        for (folder, _), found in numbers.items()
        if len(found) > _STILLS and max(found) - min(found) < len(found) == len(set(found))
    ]


class _Saver:
    """Writes `run.json` often, but not so often that it takes time from a run of many clips.

    What the record tells of images is on the disk before the record.
    """

    def __init__(self, record: RunRecord, folder: Path, images: ImageStore) -> None:
        self._record = record
        self._folder = folder
        self._images = images
        self._start = time.perf_counter()
        self._seconds_before = record.seconds
        self._spent = 0.0
        self._holds_a_clip = False

    def save(self) -> None:
        """Write the record.

        Raises:
            FileError: it or the faces of images cannot be written; the tables of finished clips
                are there.
        """
        before = time.perf_counter()
        self._images.flush()
        self._record.seconds = self._seconds_before + before - self._start
        self._record.save(self._folder)
        self._spent += time.perf_counter() - before

    def join_images(self) -> None:
        """Write the table of images, if there are any together.

        Raises:
            FileError: it cannot be written.
        """
        done = [
            clip.stem
            for clip in self._record.clips.values()
            if clip.is_together and clip.status == "done"
        ]
        if done:
            columns = schema(image_columns(overview.content_of(self._record)))
            self._images.join(done, columns, self._record.options["formats"])

    def item_done(self) -> None:
        """Save after the first clip, and then whenever saving has taken little of the time."""
        elapsed = time.perf_counter() - self._start
        is_first, self._holds_a_clip = not self._holds_a_clip, True
        if is_first or self._spent <= _SAVE_SHARE * elapsed:
            self.save()
