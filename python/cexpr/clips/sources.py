"""Find the clips that a list of paths names, and the names of their results."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from cexpr.errors import UsageError

Kind = Literal["video", "gif", "image", "folder"]

# fmt: off
VIDEO_SUFFIXES: Final = frozenset((
    ".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mjpeg", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg",
    ".mts", ".ogv", ".ts", ".webm", ".wmv",
))
IMAGE_SUFFIXES: Final = frozenset((
    ".avif", ".bmp", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm",
    ".tif", ".tiff", ".webp",
))
# fmt: on
# Other words before the number are those of photographs, for example `IMG_0012.jpg`.
_NUMBERED: Final = re.compile(r"(?:frames?[ _.-]?)?([0-9]{1,18})", re.IGNORECASE)
# A letter alone is a Windows drive.
_ADDRESS: Final = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]+):[/\\]+")
_IGNORED_NAMES: Final = frozenset(("thumbs.db", "desktop.ini"))


@dataclass(frozen=True, slots=True)
class ClipSource:
    """One clip to be read.

    Attributes:
        path: The file, or the folder of numbered images.
        kind: How it is read.
        stem: Name of its results, unique among the clips found together.
    """

    path: Path
    kind: Kind
    stem: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a scan of several inputs gave.

    Attributes:
        clips: The clips, each once, with unique stems.
        problems: Why an input gave no clip, by input.
    """

    clips: list[ClipSource]
    problems: dict[Path, str]


def find_clips(
    inputs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
) -> list[ClipSource]:
    """List the clips that files and folders name, each once, in a stable order.

    A file is one clip whatever its suffix. A folder that holds nothing but numbered images
    (`00001.jpg` or `frame_00001.jpg`) is one clip; any other folder is searched recursively for
    files with the suffix of a video, GIF or image, and for such folders. Hidden files are left out.

    Args:
        inputs: A file or folder, or several.

    Returns:
        Clips in the order of `inputs`, by natural order of names inside a folder. Clips of the
        same name are told apart by as many parent folders as needed, then by suffix.

    Raises:
        TypeError: an input is not a path.
        UsageError: a path does not exist, or a folder cannot be listed or holds no clip; the
            message names each.

    Example:
        >>> [clip.stem for clip in find_clips("interviews/")]  # doctest: +SKIP
        ['anna', 'ben']
    """
    found = scan([inputs] if isinstance(inputs, str | os.PathLike) else inputs)
    if found.problems:
        raise UsageError("; ".join(found.problems.values()))
    return found.clips


def scan(inputs: Iterable[str | os.PathLike[str]]) -> Found:
    """List clips as `find_clips` does, but report inputs without any instead of raising.

    Args:
        inputs: Files and folders; each is looked at once.

    Raises:
        TypeError: an input is not a path.
    """
    kinds: dict[Path, Kind] = {}
    problems: dict[Path, str] = {}
    for path in map(_as_path, inputs):
        try:
            clips = _clips_at(path)
        except UsageError as error:
            problems[path] = str(error)
            continue
        for clip, kind in clips:
            kinds.setdefault(Path(os.path.abspath(clip)), kind)  # noqa: PTH100 keeps symlinks
    stems = _unique_stems(list(kinds.items()))
    clips_found = [
        ClipSource(path, kind, stem)
        for (path, kind), stem in zip(kinds.items(), stems, strict=True)
    ]
    return Found(clips_found, problems)


def _as_path(value: object) -> Path:
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"inputs: expected paths (str or os.PathLike), got {type(value).__name__}")
    if value == "":
        raise UsageError("inputs: expected a file or folder, got ''")
    return Path(value)


def _clips_at(path: Path) -> list[tuple[Path, Kind]]:
    """Return path and kind of each clip that one input names.

    Raises:
        UsageError: there is none, or a folder cannot be listed.
    """
    if path.is_dir():
        clips = list(_search(path, set()))
        if not clips:
            raise UsageError(
                f"{path}: no video, GIF or image in this folder or below; "
                "name a file or a folder with clips"
            )
        return clips
    if path.exists() or path.is_symlink():
        return [(path, _kind(path) or "video")]
    address = address_of(path)
    if address is not None:
        raise UsageError(f"{address}: addresses are not read; download the clip and name the file")
    raise UsageError(f"{path}: no such file or folder")


def address_of(path: Path) -> str | None:
    """Return the address `https://...` that a path stands for, or None.

    A path keeps only one of the two slashes; both are put back.
    """
    match = _ADDRESS.match(str(path))
    return None if match is None else f"{match[1]}://{str(path)[match.end() :]}"


def _search(folder: Path, visited: set[Path]) -> Iterator[tuple[Path, Kind]]:
    """Yield the clips of a folder and of those below it; a folder linked into itself ends."""
    real = folder.resolve()
    if real in visited:
        return
    visited.add(real)
    try:
        # Data sets have millions of numbered images: scandir tells files from folders for free.
        with os.scandir(folder) as listing:
            entries = [entry for entry in listing if not _is_ignored(entry.name)]
    except OSError as error:
        raise UsageError(f"{folder}: cannot list this folder: {error.strerror}") from error
    if entries and all(
        image_number(entry.name) is not None and entry.is_file() for entry in entries
    ):
        yield folder, "folder"
        return
    for entry in sorted(entries, key=lambda entry: _natural(entry.name)):
        path = folder / entry.name
        if entry.is_dir():
            yield from _search(path, visited)
        else:
            kind = _kind(path)
            if kind is not None:
                yield path, kind


def image_number(name: str) -> int | None:
    """Return the number of a numbered image, or None: `00012.jpg` and `frame_00012.jpg` are 12."""
    stem, suffix = os.path.splitext(name)  # noqa: PTH122 - called for every file of a data set
    if suffix.lower() not in IMAGE_SUFFIXES:
        return None
    match = _NUMBERED.fullmatch(stem)
    return int(match[1]) if match else None


def _kind(path: Path) -> Kind | None:
    """Tell from the suffix how a file is read; None if it is not a clip."""
    suffix = path.suffix.lower()
    if suffix == ".gif":
        return "gif"
    if suffix in IMAGE_SUFFIXES:
        return "image"
    return "video" if suffix in VIDEO_SUFFIXES else None


def _is_ignored(name: str) -> bool:
    return name.startswith(".") or name.lower() in _IGNORED_NAMES


def _natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """Sort key by which `clip2` comes before `clip10`."""
    parts = re.split(r"([0-9]+)", name.casefold())
    # Digits without leading zeros compare by length, then by value, however long they are.
    trimmed = [part.lstrip("0") if i % 2 else part for i, part in enumerate(parts)]
    return [(len(part) if i % 2 else 0, part) for i, part in enumerate(trimmed)], name


def _unique_stems(clips: Sequence[tuple[Path, Kind]]) -> list[str]:
    """Give each clip a unique name: the plain one where no other clip has it.

    Names that differ only in case or in Unicode form count as equal, because some file systems
    cannot keep them apart.
    """
    groups: dict[str, list[int]] = {}
    for row, (path, kind) in enumerate(clips):
        groups.setdefault(_fold(_plain_stem(path, kind)), []).append(row)
    stems = [""] * len(clips)
    taken: set[str] = set()
    for rows in sorted(groups.values(), key=len):
        for row, stem in zip(rows, _told_apart([clips[row] for row in rows]), strict=True):
            stems[row] = stem
            number = 2
            while _fold(stems[row]) in taken:
                stems[row], number = f"{stem}_{number}", number + 1
            taken.add(_fold(stems[row]))
    return stems


def _told_apart(clips: Sequence[tuple[Path, Kind]]) -> list[str]:
    """Name clips of one plain stem: parent folders in front, the suffix behind, where needed."""
    per_folder = Counter(path.parent for path, _ in clips)
    depth = 0
    while len({folder.parts[-depth:] if depth else () for folder in per_folder}) < len(per_folder):
        depth += 1
    names = []
    for path, kind in clips:
        parents = list(path.parent.parts[1:])[-depth:] if depth else []
        name = "_".join([*parents, _plain_stem(path, kind)])
        if per_folder[path.parent] > 1 and kind != "folder" and path.suffix:
            name += f"_{path.suffix[1:]}"
        names.append(name)
    return names


def _plain_stem(path: Path, kind: Kind) -> str:
    return path.name if kind == "folder" else path.stem


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
