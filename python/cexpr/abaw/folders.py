"""Annotations as ABAW hands them out: one file for all frames, or a folder with a file per video.

A file in a folder is named after its video and has a header, then a row for each frame from 1 on,
without the image. The count of numbers in a row says what they are: 1 is an expression (in a `ce`
folder: a compound), 2 are valence and arousal, 12 are action units, 15 are all of them. Files of
the same name in several folders, as the three challenges have them, are joined.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from cexpr._support.text import counted, shortened
from cexpr._support.types import Doubles
from cexpr.abaw import files
from cexpr.abaw.classes import MTL_MISSING, Kind
from cexpr.abaw.files import Compounds, Key, MultiTask
from cexpr.errors import UsageError

_SUFFIXES: Final = (".txt", ".csv")
# Where the numbers of a row go among valence, arousal, expression and the action units.
_PLACES: Final = {1: slice(2, 3), 2: slice(0, 2), 12: slice(3, 15), 15: slice(0, 15)}
_SHOWN: Final = 5


def read_compounds(path: Path) -> Compounds:
    """Read compound expressions from a file or a folder.

    Raises:
        UsageError: A file cannot be read, or lines are wrong; the first of them are named.
    """
    if not path.is_dir():
        return files.read_compounds(path)
    keys: list[Key] = []
    labels = []
    for file, rows in _read(path, "ce"):
        keys += [(file.stem, number) for number in range(1, len(rows) + 1)]
        labels.append(rows[:, 0])
    if len(set(keys)) < len(keys):
        raise UsageError(f"{path}: holds two files of the same video")
    return Compounds(tuple(keys), np.concatenate(labels).astype(np.int64))


def read_multi_task(path: Path) -> MultiTask:
    """Read multi-task annotations from a file or a folder; values that no file has are missing.

    Raises:
        UsageError: A file cannot be read, or lines are wrong; the first of them are named.
    """
    if not path.is_dir():
        return files.read_multi_task(path)
    videos: dict[str, Doubles] = {}
    told: dict[str, set[int]] = {}
    for file, rows in _read(path, "mtl"):
        known = videos.get(file.stem, np.zeros((0, len(MTL_MISSING))))
        if len(known) < len(rows):
            more = np.tile(MTL_MISSING, (len(rows) - len(known), 1))
            known = np.concatenate([known, more])
        place = _PLACES[rows.shape[1]]
        columns = set(range(place.start, place.stop))
        if columns & told.setdefault(file.stem, set()):
            raise UsageError(f"{file}: another file already has these values of '{file.stem}'")
        told[file.stem] |= columns
        known[: len(rows), place] = rows
        videos[file.stem] = known
    values = np.concatenate(list(videos.values()))
    return MultiTask(
        tuple((name, row) for name, rows in videos.items() for row in range(1, len(rows) + 1)),
        values[:, :2],
        values[:, 2].astype(np.int64),
        values[:, 3:].astype(np.int64),
    )


def _read(folder: Path, kind: Kind) -> Iterator[tuple[Path, Doubles]]:
    if (folder / "run.json").is_file():
        raise UsageError(
            f"{folder}: expected annotations, got the folder of a run; name the annotations first"
        )
    texts = sorted(one for one in folder.rglob("*") if one.suffix in _SUFFIXES)
    if not texts:
        raise UsageError(f"{folder}: holds no annotations; expected VIDEO.txt for each video")
    problems: list[str] = []
    read = []
    for file in texts:
        rows, wrong = _read_file(file, kind)
        problems += wrong
        read.append((file, rows))
    if problems:
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise UsageError("; ".join(problems[:_SHOWN]) + more)
    yield from read


def _read_file(file: Path, kind: Kind) -> tuple[Doubles, list[str]]:
    """Rows of one file, and what is wrong with it, each with its line."""
    lines = files.read_lines(file)
    is_headless = _numbers(lines[0]) is not None
    problems = [f"{file}:1: the header is missing"] if is_headless else []
    first = _numbers(lines[1]) if len(lines) > 1 else None
    width = len(first) if first is not None else 1
    if width not in ((1,) if kind == "ce" else _PLACES):
        expected = "1 number" if kind == "ce" else "1, 2, 12 or 15 numbers"
        return np.zeros((0, 1)), [f"{file}:2: expected {expected} in a row, got {width}"]
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        values = _numbers(line)
        if values is None or len(values) != width:
            expected, got = counted(width, "number"), shortened(line.strip())
            problems.append(f"{file}:{number}: expected {expected}, got '{got}'")
            continue
        whole = list(MTL_MISSING)
        whole[_PLACES[width]] = values
        wrong = files.out_of_range(kind, values if kind == "ce" else whole, is_annotation=True)
        problems += [f"{file}:{number}: {message}" for message in wrong]
        rows.append(values)
    return np.array(rows, dtype=np.float64).reshape(-1, width), problems


def _numbers(line: str) -> list[float] | None:
    try:
        return [float(text) for text in line.split(",")]
    except ValueError:
        return None
