"""Whether a run may go on in a folder: the same options, and which clips are finished there."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from cexpr._support.text import counted
from cexpr.clips.sources import ClipSource
from cexpr.errors import UsageError
from cexpr.options import RunOptions
from cexpr.runs import images, overview, submissions
from cexpr.runs.clip import tables_of
from cexpr.runs.record import FILE_NAME, ClipRecord, RunRecord, written

OUTPUTS: Final = ("events", "abaw", "formats")
"""Options that add files and change no result."""

# Clips that a message names.
_SHOWN: Final = 5
# Bytes of a name and of a path, where the system does not say.
_MAX_NAME: Final = 255
_MAX_PATH: Final = 260


class OccupiedError(UsageError):
    """The folder holds something that a run may neither continue nor replace unasked.

    Attributes:
        reason: What stands in the way, without the remedies that the message adds.
        apply: Arguments with which `cexpr.runs.apply.apply` gives the run in the folder what was
            asked for, without reading its clips again; None where it cannot.
    """

    def __init__(self, reason: str, apply: dict[str, Any] | None = None) -> None:
        """Make the message from the reason and the remedies."""
        again = "apply decides its clips again without reading them; or " if apply else ""
        super().__init__(f"{reason}; {again}overwrite it, or choose another folder")
        self.reason = reason
        self.apply = apply


def prepare(
    record: RunRecord,
    sources: Sequence[ClipSource],
    missing: Sequence[ClipRecord],
    folder: Path,
    *,
    overwrite: bool,
    notice: Callable[[str], None],
) -> list[ClipSource]:
    """Make the folder, take over what an earlier run finished there, and return what is left.

    Args:
        record: The run that begins; gets the records of all its clips.
        sources: The clips.
        missing: Records of inputs that hold no clip.
        folder: Where results go; made if missing.
        overwrite: Remove the results of the run that is there.
        notice: Told before results are removed.

    Returns:
        Clips that are still to be done, under names that nothing else in the folder has.

    Raises:
        UsageError: the folder cannot be created, or files in it that no run wrote have the names
            of tables of a run.
        OccupiedError: the folder holds a run with other options, or a damaged one.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise UsageError(f"{folder}: expected a folder, but a file has this name") from error
    except OSError as error:
        raise UsageError(f"{folder}: cannot create this folder: {error.strerror}") from error
    options = RunOptions.checked(record.options)
    _refuse_others_files(folder, options)
    earlier = {} if overwrite else _earlier(record, folder)
    files = file_endings(options)
    if overwrite:
        _remove_earlier(folder, {written(source.path) for source in sources}, notice)
    held = images.rows_held(folder) if any(one.is_together for one in earlier.values()) else {}
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
        if before is not None and is_finished(before, folder, held):
            record.clips[before.stem] = before
            continue
        if before is not None and source.kind == "image" and not before.is_together:
            # This time its faces may go into the table of images.
            _unlink(folder, before.files)
        clip = record.clips[written(source.stem)] = ClipRecord.of(source)
        problem = name_problem(folder, source.stem, files)
        if problem is None:
            todo.append(source)
        else:
            clip.status, clip.error = "failed", written(f"{source.path}: {problem}")
    for clip in missing:
        clip.stem = _free_stem(clip.stem, taken)
        taken.add(clip.stem.casefold())
        record.clips[clip.stem] = clip
    # Clips of earlier runs that are not among the inputs of this one stay.
    kept = {stem: clip for stem, clip in earlier.items() if clip.kind != "missing"}
    order = _in_one_order(list(kept), list(record.clips))
    record.clips = {stem: record.clips.get(stem) or kept[stem] for stem in order}
    return todo


def _refuse_others_files(folder: Path, options: RunOptions) -> None:
    """Refuse a folder whose files a run would replace although no run wrote them.

    Raises:
        UsageError: it holds such a file and no record of a run.
    """
    if os.path.lexists(folder / FILE_NAME):
        return
    names = (*overview.file_names(), *(submissions.FILES if options.abaw else ()))
    there = [name for name in names if os.path.lexists(folder / name)]
    if there:
        raise UsageError(
            f"{folder}: holds {', '.join(there)}, which no run wrote (no {FILE_NAME}); choose "
            "another folder, or move what is there"
        )


def with_outputs_of(folder: Path, options: RunOptions) -> RunOptions:
    """Return the options with the outputs that the run in the folder has as well.

    They change no result, so a run may go on without naming them again. Outputs that are asked for
    and that the run there does not have are kept: `prepare` then says how to add them.

    Args:
        folder: Where results go; it need not hold a run.
        options: What is asked for.
    """
    try:
        earlier = RunRecord.load(folder)
    except UsageError:
        # `prepare` tells of a record that is damaged.
        return options
    if earlier is None:
        return options
    there = {name: earlier.options.get(name) for name in OUTPUTS}
    asked = options.formats if "formats" in options.model_fields_set else ()
    formats = tuple(dict.fromkeys((*(there["formats"] or ()), *asked))) or options.formats
    flags = {name: bool(there[name]) or getattr(options, name) for name in ("events", "abaw")}
    return options.model_copy(update={**flags, "formats": formats})


def _in_one_order(earlier: Sequence[str], now: Sequence[str]) -> list[str]:
    """Order the clips: those of the earlier run stay as they were, new ones follow their input.

    A new clip comes after the clip that is before it among the inputs; new clips in front of all
    others come before the first of them.
    """
    known = set(earlier)
    follows: dict[str | None, list[str]] = {}
    anchor = None
    for stem in now:
        if stem in known:
            anchor = stem
        else:
            follows.setdefault(anchor, []).append(stem)
    first = next((stem for stem in now if stem in known), None)
    order: list[str] = []
    for stem in earlier:
        if stem == first:
            order += follows.pop(None, [])
        order += [stem, *follows.get(stem, [])]
    return order + follows.get(None, [])


def file_endings(options: RunOptions) -> list[str]:
    """List what comes after the stem in the names of a clip's files."""
    return [f".{part}.{kind}" for part in tables_of(options) for kind in options.formats]


def name_problem(folder: Path, stem: str, endings: Sequence[str]) -> str | None:
    """Say that the files of a clip would have names that the file system refuses, or None.

    Args:
        folder: Where they go.
        stem: Name of the clip.
        endings: As `file_endings` lists them.
    """
    longest = max((stem + ending for ending in endings), key=lambda n: len(os.fsencode(n)))
    for text, kind, most, remedy in (
        (longest, "name", _limit(folder, "PC_NAME_MAX", _MAX_NAME), "give the clip a shorter name"),
        # The system counts the byte that ends a path.
        (
            str(folder / longest),
            "path",
            _limit(folder, "PC_PATH_MAX", _MAX_PATH) - 1,
            "choose a folder with a shorter path",
        ),
    ):
        length = len(os.fsencode(text))
        if length > most:
            return (
                f"its results cannot be written: their {kind} would have {length} bytes, at most "
                f"{most} are possible here; {remedy}"
            )
    return None


def _limit(folder: Path, name: str, usual: int) -> int:
    """Ask the system for a limit of a folder; Windows has no such question."""
    try:
        found = os.pathconf(folder, name)
    except (AttributeError, OSError, ValueError):
        return usual
    return found if found > 0 else usual


def is_finished(clip: ClipRecord, folder: Path, held: Mapping[str, int]) -> bool:
    """Tell whether a clip is done, unchanged since, and its files are all there.

    Args:
        clip: The clip.
        folder: The folder of the run.
        held: By name of an image: its rows in the table of images and in what it is made of.
    """
    if clip.status != "done" or not clip.is_unchanged():
        return False
    if clip.is_together:
        return held.get(clip.stem, 0) == clip.info.get("face_rows")
    return all((folder / name).is_file() for name in clip.files)


def differences(earlier: RunRecord, now: RunRecord) -> dict[str, str]:
    """Name the settings in which two runs differ, and show both values."""
    ours, theirs = earlier.settings(), now.settings()
    names = [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
    if "detector" in names and "detector_model" in names:
        # Another detector has another file.
        names.remove("detector_model")
    return {
        name: f"{name}: {_shown(earlier, name)} there, {_shown(now, name)} now" for name in names
    }


def _shown(record: RunRecord, name: str) -> str:
    """Show a setting to a person: what is compared by content goes by its name as well."""
    if name == "rules":
        return f"{record.rules['name']} ({record.rules['sha256'][:8]})"
    if name == "models":
        return ", ".join(f"{model['id']} ({model['sha256'][:8]})" for model in record.models)
    value = record.settings().get(name)
    if name == "detector_model" and value is not None:
        return str(value)[:8]
    return "none" if value is None else json.dumps(value)


def _earlier(record: RunRecord, folder: Path) -> dict[str, ClipRecord]:
    """Clips of the run that is in the folder; none where there is none.

    Raises:
        OccupiedError: it was made with other options, or its record is damaged.
    """
    try:
        earlier = RunRecord.load(folder)
    except UsageError as error:
        raise OccupiedError(str(error)) from error
    if earlier is None:
        return {}
    found = differences(earlier, record)
    if found:
        raise OccupiedError(
            f"{folder}: holds a run with other options ({'; '.join(found.values())})",
            _apply_arguments(earlier, record, set(found)),
        )
    return earlier.clips


def _apply_arguments(
    earlier: RunRecord, record: RunRecord, found: Set[str]
) -> dict[str, Any] | None:
    """Arguments with which `apply` gives an earlier run what is asked for; None if it cannot.

    It uses other rules and adds tables.
    """
    before, now = earlier.options, record.options
    counts = earlier.counts()
    if found - {"rules", *OUTPUTS} or not counts["done"] + counts["outdated"]:
        return None
    arguments: dict[str, Any] = {"rules": now["rules"]} if "rules" in found else {}
    arguments |= {name: True for name in ("events", "abaw") if name in found}
    added = tuple(kind for kind in now["formats"] if kind not in before["formats"])
    return arguments | ({"formats": added} if added else {}) or None


def _remove_earlier(folder: Path, inputs: Set[str], notice: Callable[[str], None]) -> None:
    """Remove the results of the run that is in the folder, and say so before."""
    images.remove_parts(folder)
    try:
        earlier = RunRecord.load(folder)
    except UsageError:
        # A record that cannot be read is replaced by that of this run.
        return
    held = [clip for clip in earlier.clips.values() if clip.files] if earlier else []
    if not held:
        return
    lost = [clip.stem for clip in held if clip.path not in inputs]
    text = f"{folder}: removing the results of {counted(len(held), 'clip')} of the run there"
    if lost:
        some = ", ".join(lost[:_SHOWN]) + (", ..." if len(lost) > _SHOWN else "")
        text += f"; {len(lost)} of them not among the inputs: {some}"
    notice(text)
    _unlink(folder, {name for clip in held for name in clip.files})


def _unlink(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        # A name, never a path: the record may have been edited.
        with suppress(OSError):
            (folder / Path(name).name).unlink()


def _free_stem(stem: str, taken: set[str]) -> str:
    """Return the stem, or the stem with the first number that nothing else has."""
    free, number = stem, 2
    while free.casefold() in taken:
        free, number = f"{stem}_{number}", number + 1
    return free
