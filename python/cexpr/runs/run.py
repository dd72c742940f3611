"""Many clips: which are left to do, in how many processes, and what is recorded of them."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Sequence, Set
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from cexpr._support.text import command_line, counted
from cexpr.clips.sources import ClipSource, address_of, scan
from cexpr.errors import ClipError, UsageError
from cexpr.options import RunOptions
from cexpr.pipeline import Pipeline
from cexpr.runs import submissions
from cexpr.runs.clip import run_clip
from cexpr.runs.cores import usable_cores
from cexpr.runs.interrupts import DeferredInterrupt
from cexpr.runs.jobs import run_parallel
from cexpr.runs.record import ClipRecord, RunRecord, written

# The record is written after each clip as long as that takes less than this share of the time.
_SAVE_SHARE: Final = 0.05
# So many images of one folder may well be separate pictures, whatever their names.
_STILLS: Final = 10
_LAST_NUMBER: Final = re.compile(r"(?P<name>.*?)(?P<number>[0-9]{1,18})")
# Clips that a message names.
_SHOWN: Final = 5


class Observer(Protocol):
    """What a run tells while it goes on."""

    def begin(self, record: RunRecord, todo: int, jobs: int, threads: int) -> None:
        """Clips are known; `todo` of those in the record are still to be done."""

    def notice(self, text: str) -> None:
        """Something that the user may not expect is about to happen."""

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
        overwrite: Replace a run that is in the folder; the results of all its clips go.
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
    notes += _image_notes(sources)
    record = RunRecord.of(pipeline)
    record.warnings = notes
    todo = _prepare(record, sources, missing, folder, overwrite, observer)
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
        "clip, name them 1.jpg, 2.jpg, ... in a folder of their own"
        for (folder, _), found in numbers.items()
        if len(found) > _STILLS and max(found) - min(found) < len(found) == len(set(found))
    ]


def _prepare(
    record: RunRecord,
    sources: Sequence[ClipSource],
    missing: Sequence[ClipRecord],
    folder: Path,
    overwrite: bool,
    observer: Observer,
) -> list[ClipSource]:
    """Make the folder, take over what an earlier run finished there, and return what is left.

    Raises:
        UsageError: the folder cannot be made, or holds a run with other options.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be made a folder: {error.strerror}") from error
    earlier = {} if overwrite else _earlier(record, folder)
    if overwrite:
        _remove_earlier(folder, {written(source.path) for source in sources}, observer)
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


def _earlier(record: RunRecord, folder: Path) -> dict[str, ClipRecord]:
    """Clips of the run that is in the folder; none where there is none.

    Raises:
        UsageError: it was made with other options; the message names them and the remedies.
    """
    earlier = RunRecord.load(folder)
    if earlier is None:
        return {}
    differences = earlier.differences(record)
    if differences:
        remedies = ["use --overwrite to replace it", "or --out for another folder"]
        counts = earlier.counts()
        words = _apply_options(earlier, record, set(differences))
        if words and counts["done"] + counts["outdated"]:
            command = command_line("cexpr", "apply", *words, str(folder))
            remedies.insert(0, f"'{command}' decides its clips anew without reading them again")
        raise UsageError(
            f"{folder}: holds a run with other options ({'; '.join(differences.values())}); "
            + ", ".join(remedies)
        )
    return earlier.clips


def _apply_options(earlier: RunRecord, record: RunRecord, differences: Set[str]) -> list[str]:
    """Options with which `cexpr apply` gives an earlier run what is asked for; none if it cannot.

    It uses other rules and adds tables; a format that is no longer asked for stays.
    """
    before, now = earlier.options, record.options
    added = [kind for kind in now["formats"] if kind not in before["formats"]]
    takes_away = before["events"] > now["events"] or before["abaw"] > now["abaw"]
    if differences - {"rules", "events", "abaw", "formats"} or takes_away:
        return []
    words = ["--rules", now["rules"]] if "rules" in differences else []
    words += [f"--{name}" for name in ("events", "abaw") if name in differences]
    return words + [word for kind in added for word in ("--format", kind)]


def _remove_earlier(folder: Path, inputs: Set[str], observer: Observer) -> None:
    """Remove the results of the run that is in the folder, and say so before."""
    try:
        earlier = RunRecord.load(folder)
    except UsageError:
        # What is in the folder is no record; it is replaced by that of this run.
        return
    held = [clip for clip in earlier.clips.values() if clip.files] if earlier else []
    if not held:
        return
    lost = [clip.stem for clip in held if clip.path not in inputs]
    text = (
        f"--overwrite removes the results of {counted(len(held), 'clip')} of the run that is there"
    )
    if lost:
        some = ", ".join(lost[:_SHOWN]) + (", ..." if len(lost) > _SHOWN else "")
        text += f"; {len(lost)} of them not among the inputs: {some}"
    observer.notice(text)
    for clip in held:
        for name in clip.files:
            # A name, never a path: the record may have been edited.
            with suppress(OSError):
                (folder / Path(name).name).unlink()


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
