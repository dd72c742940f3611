"""Many clips: which are left to do, in how many processes, and what is recorded of them."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from cexpr import submissions
from cexpr._opencv import load_cv2
from cexpr.clip_job import run_clip
from cexpr.cpu_quota import usable_cores
from cexpr.errors import ClipError, UsageError
from cexpr.interrupts import DeferredInterrupt
from cexpr.options import RunOptions
from cexpr.pipeline import Pipeline
from cexpr.run_record import ClipRecord, RunRecord, written
from cexpr.video import ClipSource, find_clips
from cexpr.workers import run_parallel

# The record is written after each clip as long as that takes less than this share of the time.
_SAVE_SHARE: Final = 0.05


class Observer(Protocol):
    """What a run tells while it goes on."""

    def begin(self, record: RunRecord, todo: int, jobs: int, threads: int) -> None:
        """Clips are known; `todo` of those in the record are still to be done."""

    def progress(self, stem: str, frames: int, announced: int | None) -> None:
        """A clip has come to its frame number `frames`."""

    def clip(self, record: ClipRecord) -> None:
        """A clip is done or failed."""


def run(
    inputs: Sequence[Path],
    folder: Path,
    options: RunOptions,
    *,
    jobs: int = 1,
    threads: int | None = None,
    overwrite: bool = False,
    observer: Observer,
) -> RunRecord:
    """Analyse clips and write their tables, `run.json` and, if asked for, the submissions.

    A run into a folder that holds a run with the same options keeps its finished clips.

    Args:
        inputs: Files and folders.
        folder: Where results go; made if missing.
        options: What to do to each clip; `threads` there is replaced by what `jobs` leaves.
        jobs: Processes, >= 1; no more than there are cores are used.
        threads: Threads of each network; None for the cores of one job, at most 4.
        overwrite: Replace a run that is in the folder.
        observer: Told what happens.

    Returns:
        The record, as `run.json` holds it.

    Raises:
        CexprError: nothing was processed: inputs, options, rules or models are not usable.
        KeyboardInterrupt: the user stopped the run; finished clips are kept and recorded.
    """
    jobs, threads, notes = share_cores(jobs, threads)
    options = options.model_copy(update={"threads": threads})
    sources, missing = _sources(inputs)
    pipeline = Pipeline(options)
    notes += submissions.check(pipeline) if options.abaw else []
    record = RunRecord.of(pipeline)
    record.warnings = notes
    load_cv2().setNumThreads(threads)
    todo = _prepare(record, sources, missing, folder, overwrite)
    jobs = min(jobs, max(1, len(todo)))
    observer.begin(record, len(todo), jobs, threads)
    saver = _Saver(record, folder)
    saver.save()

    def done(clip: ClipRecord) -> None:
        record.clips[clip.stem] = clip
        observer.clip(clip)
        saver.clip_done()

    def progress(stem: str, frames: int, announced: int | None) -> None:
        observer.progress(stem, frames, announced)
        interrupt.check()

    with DeferredInterrupt() as interrupt:
        try:
            if jobs == 1:
                for source in todo:
                    report = functools.partial(progress, source.stem)
                    done(run_clip(pipeline, source, folder, report))
                    interrupt.check()
            else:
                run_parallel(
                    options,
                    folder,
                    todo,
                    jobs,
                    on_progress=observer.progress,
                    on_done=done,
                    on_wait=interrupt.check,
                )
            if options.abaw:
                submissions.write(folder, record)
        finally:
            saver.save()
    return record


def share_cores(jobs: int, threads: int | None) -> tuple[int, int, list[str]]:
    """Divide the cores among jobs, so that jobs times threads is no more than there are.

    Args:
        jobs: Processes asked for.
        threads: Threads of each network asked for, or None.

    Returns:
        Jobs, threads and a sentence for each request that was cut.

    Raises:
        UsageError: jobs or threads is below 1.
    """
    for name, number in (("jobs", jobs), ("threads", threads)):
        if number is not None and number < 1:
            raise UsageError(f"--{name}: expected at least 1, got {number}")
    cores = usable_cores()
    notes = []
    if jobs > cores:
        notes.append(f"--jobs {jobs} is more than the {cores} usable cores; {cores} are used")
        jobs = cores
    share = cores // jobs
    if threads is not None and threads > share:
        notes.append(f"--threads {threads} is cut to {share}, the cores of one of {jobs} jobs")
    # Beyond a few threads these small networks only get in their own way.
    return jobs, min(threads or 4, share), notes


def _sources(inputs: Sequence[Path]) -> tuple[list[ClipSource], list[ClipRecord]]:
    """Find the clips; inputs without any become failed clips while others are good.

    Raises:
        UsageError: no input holds a clip; the message names the reason for each.
    """
    if not inputs:
        raise UsageError("no INPUT: name video files, GIFs, images or folders")
    good, problems = [], {}
    for path in inputs:
        try:
            find_clips([path])
        except UsageError as error:
            problems[path] = str(error)
        else:
            good.append(path)
    if not good:
        raise UsageError("; ".join(problems.values()))
    missing = [
        ClipRecord(
            stem=written(path.name or path),
            path=written(path),
            kind="missing",
            status="failed",
            error=written(problem),
        )
        for path, problem in problems.items()
    ]
    return find_clips(good), missing


def _prepare(
    record: RunRecord,
    sources: Sequence[ClipSource],
    missing: Sequence[ClipRecord],
    folder: Path,
    overwrite: bool,
) -> list[ClipSource]:
    """Make the folder, take over what an earlier run finished there, and return what is left.

    Raises:
        UsageError: the folder cannot be made, or holds a run with other options.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be made a folder: {error.strerror}") from error
    earlier = _earlier(record, folder, overwrite)
    by_path = {clip.path: clip for clip in earlier.values()}
    taken = {clip.stem.casefold() for clip in earlier.values()}
    todo = []
    for source in sources:
        before = by_path.get(written(source.path))
        if before is not None:
            source = replace(source, stem=before.stem)
        else:
            source = replace(source, stem=_free_stem(source.stem, taken))
        taken.add(source.stem.casefold())
        if before is None or not before.is_finished(folder):
            record.clips[written(source.stem)] = ClipRecord.of(source)
            todo.append(source)
        else:
            record.clips[before.stem] = before
    for clip in missing:
        clip.stem = _free_stem(clip.stem, taken)
        taken.add(clip.stem.casefold())
        record.clips[clip.stem] = clip
    # Clips of earlier runs that are not among the inputs of this one stay.
    for stem, clip in earlier.items():
        if clip.kind != "missing":
            record.clips.setdefault(stem, clip)
    return todo


def _earlier(record: RunRecord, folder: Path, overwrite: bool) -> dict[str, ClipRecord]:
    """Clips of the run that is in the folder; none where there is none or it is replaced."""
    try:
        earlier = RunRecord.load(folder)
    except UsageError:
        if not overwrite:
            raise
        return {}
    if earlier is None:
        return {}
    if overwrite:
        for clip in earlier.clips.values():
            for name in clip.files:
                # A name, never a path: the record may have been edited.
                with suppress(OSError):
                    (folder / Path(name).name).unlink()
        return {}
    differences = earlier.differences(record)
    if differences:
        raise UsageError(
            f"{folder}: holds a run with other options ({'; '.join(differences)}); "
            "use --overwrite to replace it, or --out for another folder"
        )
    return earlier.clips


def _free_stem(stem: str, taken: set[str]) -> str:
    """Return the stem, or the stem with the first number that nothing else has."""
    free, number = stem, 2
    while free.casefold() in taken:
        free, number = f"{stem}_{number}", number + 1
    return free


class _Saver:
    """Writes `run.json` often, but not so often that it takes time from a run of many clips."""

    def __init__(self, record: RunRecord, folder: Path) -> None:
        self._record = record
        self._folder = folder
        self._start = time.perf_counter()
        self._seconds_before = record.seconds
        self._spent = 0.0
        self._holds_a_clip = False

    def save(self) -> None:
        """Write the record.

        Raises:
            UsageError: It cannot be written, and no clip was worked on.
            ClipError: It cannot be written; the tables of finished clips are there.
        """
        before = time.perf_counter()
        self._record.seconds = self._seconds_before + before - self._start
        try:
            self._record.save(self._folder)
        except UsageError as error:
            if self._holds_a_clip:
                raise ClipError(str(error)) from error
            raise
        self._spent += time.perf_counter() - before

    def clip_done(self) -> None:
        """Save after the first clip, and then whenever saving has taken little of the time."""
        elapsed = time.perf_counter() - self._start
        is_first, self._holds_a_clip = not self._holds_a_clip, True
        if is_first or self._spent <= _SAVE_SHARE * elapsed:
            self.save()
