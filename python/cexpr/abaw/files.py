"""The files of the ABAW challenges: read them, and say line by line what is wrong with one.

`ce`: a header, then `VIDEO/00001.jpg,ID` with a compound expression 0..6. `mtl`: a header, then
`VIDEO/00001.jpg,V,A,E,AU1,...,AU26` with valence and arousal in -1..1, an expression 0..7 and
twelve action units, 0 or 1. Annotations mark what is missing with -5 (valence, arousal) and -1
(the rest).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from cexpr._support.text import counted, reason_of, shortened
from cexpr._support.types import Doubles, Integers
from cexpr.abaw.classes import FIELDS, HEADERS, Kind
from cexpr.errors import UsageError
from cexpr.metrics import COMPOUND_CLASSES, EXPRESSION_CLASSES, MISSING_AFFECT, MISSING_CLASS
from cexpr.signals import ACTION_UNITS

Key = tuple[str, int]
"""Video and frame number."""

_IMAGE: Final = re.compile(r"(?P<video>.+)/(?:.*\D)?(?P<number>\d+)\.\w+")
_SHOWN: Final = 5
# What the rows of a file of each kind are called.
_NAMES: Final[dict[Kind, str]] = {"ce": "compound expressions", "mtl": "multi-task annotations"}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a file.

    Attributes:
        line: 1-based.
        message: What is wrong.
    """

    line: int
    message: str


@dataclass(frozen=True)
class Row:
    """One line of a file.

    Attributes:
        line: 1-based.
        image: The first field, as it stands there.
        key: Video and frame number.
        values: The other fields.
    """

    line: int
    image: str
    key: Key
    values: tuple[float, ...]


@dataclass(frozen=True)
class Compounds:
    """A `ce` file.

    Attributes:
        keys: Video and frame number of each row.
        labels: int64, shape (N,), -1 for none.
    """

    keys: tuple[Key, ...]
    labels: Integers


@dataclass(frozen=True)
class MultiTask:
    """An `mtl` file.

    Attributes:
        keys: Video and frame number of each row.
        valence_arousal: float64, shape (N, 2), -5 where missing.
        expression: int64, shape (N,), -1 where missing.
        action_units: int64, shape (N, 12), -1 where missing.
    """

    keys: tuple[Key, ...]
    valence_arousal: Doubles
    expression: Integers
    action_units: Integers


def read_compounds(path: Path) -> Compounds:
    """Read compound expressions, annotated or submitted.

    Raises:
        UsageError: The file cannot be read, or lines are wrong; the first of them are named.
    """
    rows = _read(path, "ce")
    labels = np.array([row.values[0] for row in rows], dtype=np.int64)
    return Compounds(tuple(row.key for row in rows), labels)


def read_multi_task(path: Path) -> MultiTask:
    """Read multi-task annotations or a submission.

    Raises:
        UsageError: The file cannot be read, or lines are wrong; the first of them are named.
    """
    rows = _read(path, "mtl")
    values = np.array([row.values for row in rows], dtype=np.float64).reshape(-1, FIELDS["mtl"])
    return MultiTask(
        tuple(row.key for row in rows),
        values[:, :2],
        values[:, 2].astype(np.int64),
        values[:, 3:].astype(np.int64),
    )


def check_submission(path: Path, kind: Kind, template: Path | None = None) -> list[Problem]:
    """Find everything that is wrong with a submission.

    Args:
        path: The submission.
        kind: `ce` or `mtl`.
        template: The organisers' sample file, whose header, rows and order it must have; without
            one, frames must be numbered from 1 without gaps.

    Returns:
        Problems in the order of their lines.

    Raises:
        UsageError: A file cannot be read, or the template is not one.
    """
    header, rows, problems = _parse(path, kind, is_annotation=False)
    if template is None:
        problems += [*_wrong_header(header, kind), *_gaps(rows)]
    else:
        problems += _differences(header, rows, *read_template(template))
    return sorted(problems, key=lambda problem: problem.line)


def read_template(path: Path) -> tuple[str, list[tuple[str, Key]]]:
    """Read header and images of the organisers' sample file; other fields are not looked at.

    Raises:
        UsageError: The file cannot be read or a line has no image.
    """
    lines = read_lines(path)
    images = []
    for number, line in enumerate(lines[1:], start=2):
        image = line.split(",", 1)[0].strip()
        key = image_key(image)
        if key is None:
            raise UsageError(f"{path}:{number}: expected VIDEO/00001.jpg, got '{shortened(image)}'")
        images.append((image, key))
    return lines[0], images


def image_key(image: str) -> Key | None:
    """Read video and frame number from `VIDEO/00001.jpg`; None for anything else."""
    match = _IMAGE.fullmatch(image)
    return (match["video"], int(match["number"])) if match else None


def nearest(numbers: Sequence[int], wanted: int) -> int:
    """Return the number nearest to the wanted one, the lower of two equally near.

    Args:
        numbers: Increasing, at least one.
        wanted: Any number.
    """
    place = bisect_left(numbers, wanted)
    near = numbers[max(place - 1, 0) : place + 1]
    return min(near, key=lambda number: (abs(number - wanted), number))


def _read(path: Path, kind: Kind) -> list[Row]:
    _, rows, problems = _parse(path, kind, is_annotation=True)
    if problems:
        shown = "; ".join(f"line {one.line}: {one.message}" for one in problems[:_SHOWN])
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise UsageError(f"{path}: not {_NAMES[kind]}: {shown}{more}")
    if not rows:
        raise UsageError(f"{path}: holds no {_NAMES[kind]}; expected a row for each frame")
    return rows


def read_lines(path: Path) -> list[str]:
    """Read the lines of a text file, at least one.

    Raises:
        UsageError: It cannot be read, or is empty.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        if isinstance(error, FileNotFoundError):
            raise UsageError(f"{path}: {reason_of(error)}") from error
        raise UsageError(f"{path}: cannot be read: {reason_of(error)}") from error
    lines = text.splitlines()
    if not lines:
        raise UsageError(f"{path}: the file is empty; expected a header and a row for each frame")
    return lines


def _parse(path: Path, kind: Kind, *, is_annotation: bool) -> tuple[str, list[Row], list[Problem]]:
    lines = read_lines(path)
    problems = []
    if image_key(lines[0].split(",", 1)[0].strip()) is not None:
        problems.append(Problem(1, "the header is missing"))
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        image, *texts = (field.strip() for field in line.split(","))
        key = image_key(image)
        if key is None:
            message = f"expected VIDEO/00001.jpg, got '{shortened(image)}'"
            problems.append(Problem(number, message))
            continue
        if len(texts) != FIELDS[kind]:
            expected = counted(FIELDS[kind], "field")
            message = f"expected {expected} after the image, got {len(texts)}"
            problems.append(Problem(number, message))
            continue
        try:
            values = tuple(float(text) for text in texts)
        except ValueError:
            problems.append(Problem(number, f"expected numbers after '{shortened(image)}'"))
            continue
        found = list(out_of_range(kind, values, is_annotation=is_annotation))
        problems += [Problem(number, message) for message in found]
        if not found:
            rows.append(Row(number, image, key, values))
    return lines[0], rows, problems


def out_of_range(kind: Kind, values: Sequence[float], *, is_annotation: bool) -> Iterator[str]:
    """Yield what is wrong with the numbers of a row.

    Args:
        kind: `ce` or `mtl`.
        values: One number, or 15.
        is_annotation: Whether the markers of missing values are allowed.
    """
    if kind == "ce":
        yield from _not_an_id("compound", values[0], COMPOUND_CLASSES, is_annotation)
        return
    for name, value in zip(("valence", "arousal"), values[:2], strict=True):
        if not -1 <= value <= 1 and not (is_annotation and value == MISSING_AFFECT):
            yield f"{name}: expected -1..1, got {value:g}"
    yield from _not_an_id("expression", values[2], EXPRESSION_CLASSES, is_annotation)
    for place, value in enumerate(values[3:], start=1):
        yield from _not_an_id(
            f"action unit {place} of {len(ACTION_UNITS)}", value, 2, is_annotation
        )


def _not_an_id(name: str, value: float, classes: int, is_annotation: bool) -> Iterator[str]:
    is_missing = is_annotation and value == MISSING_CLASS
    if not is_missing and (value != value // 1 or not 0 <= value < classes):
        yield f"{name}: expected 0..{classes - 1}, got {value:g}"


def _wrong_header(header: str, kind: Kind) -> Iterator[Problem]:
    expected = HEADERS[kind]
    is_row = image_key(header.split(",", 1)[0].strip()) is not None
    if header.strip() != expected and not is_row:
        yield Problem(
            1,
            f"expected the header '{expected}'; where the organisers' differs, check against "
            "their template",
        )


def _gaps(rows: Sequence[Row]) -> Iterator[Problem]:
    last: dict[str, int] = {}
    for row in rows:
        video, number = row.key
        expected = last.get(video, 0) + 1
        if number != expected:
            yield Problem(row.line, f"{row.image}: expected frame {expected} of '{video}'")
        last[video] = number


def _differences(
    header: str, rows: Sequence[Row], wanted_header: str, wanted: Sequence[tuple[str, Key]]
) -> Iterator[Problem]:
    if header.strip() != wanted_header.strip():
        yield Problem(1, f"expected the template's header '{wanted_header}'")
    spare = Counter(key for _, key in wanted)
    last_line: dict[str, int] = {}
    for row in rows:
        last_line[row.key[0]] = row.line
        if spare[row.key] == 0:
            yield Problem(row.line, f"{row.image}: not in the template, or once too often")
        spare[row.key] -= 1
    for image, key in wanted:
        if spare[key] > 0:
            spare[key] -= 1
            line = last_line.get(key[0], 1)
            yield Problem(line, f"{image} is missing, which the template has")
    if [row.key for row in rows] != [key for _, key in wanted] and not +spare and not -spare:
        for row, (image, key) in zip(rows, wanted, strict=False):
            if row.key != key:
                yield Problem(row.line, f"{row.image}: the template has {image} in this place")
                break
