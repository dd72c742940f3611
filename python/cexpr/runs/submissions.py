"""The files of the ABAW challenge: compound expressions and the multi-task one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from cexpr._support.atomic import write_atomically
from cexpr._support.types import Floats, Integers
from cexpr.errors import UsageError
from cexpr.pipeline import Pipeline
from cexpr.rules.rule_set import RuleSet
from cexpr.runs.record import RunRecord
from cexpr.signals import ACTION_UNITS, EXPRESSIONS, VALENCE_AROUSAL
from cexpr.tables.files import read_table
from cexpr.tables.result import columns_matrix

CE_CLASSES: Final = (
    "Fearfully_Surprised",
    "Happily_Surprised",
    "Sadly_Surprised",
    "Disgustedly_Surprised",
    "Angrily_Surprised",
    "Sadly_Fearful",
    "Sadly_Angry",
)
CE_HEADER: Final = ",".join(("image_location", *CE_CLASSES))
MTL_HEADER: Final = "image,valence,arousal,expression,aus"
# Aff-Wild2 numbers the expressions otherwise, and has "other" where AffectNet has contempt.
_AFF_WILD2_ID: Final = {
    "neutral": 0,
    "anger": 1,
    "disgust": 2,
    "fear": 3,
    "happiness": 4,
    "sadness": 5,
    "surprise": 6,
    "contempt": 7,
}
# What the challenge writes where there is no annotation.
_UNKNOWN_CLASS: Final = -1
_UNKNOWN_VALUE: Final = -5
_DEFAULT_THRESHOLD: Final = 0.5


def check(pipeline: Pipeline) -> list[str]:
    """Tell what of the submissions cannot be written, before anything is computed.

    Returns:
        A sentence where `MTL.txt` will be missing.

    Raises:
        UsageError: the rules have none of the seven compounds, so there is nothing to submit.
    """
    require_compounds(pipeline.rules)
    return notes(pipeline.names)


def notes(names: Sequence[str]) -> list[str]:
    """Say in a sentence that `MTL.txt` will be missing, if it will.

    Args:
        names: Signals that the models provide.
    """
    lacking = _lacking(names)
    if not lacking:
        return []
    return [f"--abaw: no MTL.txt, because no model provides {', '.join(lacking)}"]


def require_compounds(rules: RuleSet) -> None:
    """Refuse rules whose labels mean nothing to the challenge.

    Raises:
        UsageError: none of the seven compounds is in the rules.
    """
    if not set(CE_CLASSES) & set(rules.compounds):
        raise UsageError(
            f"--abaw: the rules '{rules.name}' have none of the compounds of the challenge "
            f"({', '.join(CE_CLASSES)})"
        )


def write(folder: Path, record: RunRecord) -> None:
    """Write `CE.txt` and, where the models provide everything, `MTL.txt` for all finished clips.

    Raises:
        ClipError: a table of a finished clip cannot be read.
        UsageError: a file cannot be written.
    """
    ce, mtl = [CE_HEADER], [MTL_HEADER]
    has_mtl = not _lacking(record.signals)
    for stem, clip in record.clips.items():
        files = [name for name in clip.files if ".frames." in name]
        if clip.status != "done" or not files:
            continue
        frames = read_table(folder / files[0])
        ce += compound_rows(stem, frames)
        if has_mtl:
            mtl += multi_task_rows(stem, frames, record.thresholds)
    write_atomically(folder / "CE.txt", _text(ce))
    if has_mtl:
        write_atomically(folder / "MTL.txt", _text(mtl))


def compound_rows(stem: str, frames: pa.Table) -> Iterator[str]:
    """Yield a row of `CE.txt` for each frame: `STEM/00001.jpg,ID`, ID -1 without a label."""
    ids = {name: number for number, name in enumerate(CE_CLASSES)}
    labels = frames.column("compound").to_pylist()
    for image, label in zip(_images(stem, frames), labels, strict=True):
        yield f"{image},{ids.get(label, _UNKNOWN_CLASS)}"


def multi_task_rows(stem: str, frames: pa.Table, thresholds: Mapping[str, float]) -> Iterator[str]:
    """Yield a row of `MTL.txt` for each frame.

    Args:
        stem: Name of the clip.
        frames: Its frames; must have valence, arousal, expressions and all action units.
        thresholds: Probability from which a unit counts as present, by name; 0.5 without.

    Yields:
        `STEM/00001.jpg,V,A,E,AU01,...,AU26`; -5, -1 and -1 where a frame is unknown.
    """
    present = [name for name in EXPRESSIONS if name in frames.column_names]
    affect = columns_matrix(frames, VALENCE_AROUSAL)
    expression = _highest(columns_matrix(frames, present), [_AFF_WILD2_ID[n] for n in present])
    limits = [thresholds.get(name, _DEFAULT_THRESHOLD) for name in ACTION_UNITS]
    units = columns_matrix(frames, ACTION_UNITS)
    is_on = np.where(np.isnan(units), _UNKNOWN_CLASS, units >= np.array(limits, np.float32))
    rows = zip(
        _images(stem, frames), affect.tolist(), expression.tolist(), is_on.tolist(), strict=True
    )
    for image, pair, label, on in rows:
        values = [f"{v:.6g}" if v == v else str(_UNKNOWN_VALUE) for v in pair]
        yield ",".join((image, *values, str(label), *(str(int(unit)) for unit in on)))


def _highest(probabilities: Floats, ids: Sequence[int]) -> Integers:
    """Id of the highest column of each row, -1 where none is known."""
    known = ~np.isnan(probabilities).all(axis=1)
    best = np.argmax(np.where(np.isnan(probabilities), -np.inf, probabilities), axis=1)
    return np.where(known, np.array(ids)[best], _UNKNOWN_CLASS)


def _images(stem: str, frames: pa.Table) -> Iterator[str]:
    # What would end a field or a row; the challenge's own videos have no such names.
    stem = re.sub(r"[,\r\n]", "_", stem)
    return (f"{stem}/{number:05d}.jpg" for number in frames.column("frame").to_pylist())


def _lacking(names: Sequence[str]) -> list[str]:
    lacking = [name for name in (*VALENCE_AROUSAL, *ACTION_UNITS) if name not in names]
    return lacking if set(EXPRESSIONS) & set(names) else ["expression", *lacking]


def _text(lines: Sequence[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()
