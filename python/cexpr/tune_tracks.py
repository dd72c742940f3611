"""The signals of labelled videos, from runs of one or several models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cexpr import abaw
from cexpr.abaw import MultiTask
from cexpr.errors import UsageError
from cexpr.export import read_table
from cexpr.results import columns_matrix
from cexpr.run_record import RunRecord
from cexpr.signals import GROUPS
from cexpr.zoo import DEFAULT_MODEL

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

# Aff-Wild2 has "other" where the models have contempt.
_EXPRESSION_ORDER: Final = tuple(
    "contempt" if name == "other" else name for name in abaw.EXPRESSIONS
)
COLUMNS: Final = {**GROUPS, "expression": _EXPRESSION_ORDER}


@dataclass(frozen=True)
class Track:
    """The signals of one video, and where its labelled rows find theirs.

    Attributes:
        frame: int64, shape (T,), increasing.
        signals: For each model, by head: float32, shape (T, C), NaN where it has no such column.
        labelled: int64, shape (L,): rows of the annotations.
        place: int64, shape (L,): row of the track for each of them, the nearest frame with a face.
    """

    frame: Integers
    signals: Sequence[dict[str, Floats]]
    labelled: Integers
    place: Integers


def read_tracks(labels: MultiTask, runs: Sequence[Path]) -> list[Track]:
    """Read the unsmoothed signals of the labelled videos from runs, one for each model.

    Of several faces in a frame the one with the highest detection score counts. As in a blended
    run, a derived head is left out where another run has learnt it.

    Raises:
        UsageError: A folder holds no run, the runs saw faces in different frames, or a labelled
            video has no face in a run.
    """
    rows: dict[str, list[int]] = {}
    for row, (video, _) in enumerate(labels.keys):
        rows.setdefault(video, []).append(row)
    tracks = []
    records = [(folder, _record(folder)) for folder in runs]
    heads_of = _usable_heads([record for _, record in records])
    for video, labelled in rows.items():
        parts = [
            _signals(folder, record, video, heads)
            for (folder, record), heads in zip(records, heads_of, strict=True)
        ]
        frame = parts[0][0]
        if any(not np.array_equal(frame, other) for other, _ in parts[1:]):
            raise UsageError(f"'{video}': the runs saw faces in different frames; use one detector")
        numbers = np.array([labels.keys[row][1] for row in labelled], dtype=np.int64)
        tracks.append(
            Track(frame, [part for _, part in parts], np.array(labelled), _nearest(frame, numbers))
        )
    return tracks


def _record(folder: Path) -> RunRecord:
    record = RunRecord.load(folder)
    if record is None:
        raise UsageError(f"{folder}: holds no run; expected a folder that 'cexpr run' wrote")
    return record


def _usable_heads(records: Sequence[RunRecord]) -> list[list[str]]:
    def is_learnt(record: RunRecord, head: str) -> bool:
        names = set(COLUMNS[head]) & set(record.signals)
        return bool(names) and names.isdisjoint(record.derived)

    learnt = {head for head in COLUMNS if any(is_learnt(record, head) for record in records)}
    return [
        [head for head in COLUMNS if head not in learnt or is_learnt(record, head)]
        for record in records
    ]


def _signals(
    folder: Path, record: RunRecord, video: str, heads: Sequence[str]
) -> tuple[Integers, dict[str, Floats]]:
    clip = record.clips.get(video)
    files = [name for name in clip.files if ".faces." in name] if clip else []
    if clip is None or clip.status != "done" or not files:
        raise UsageError(f"{folder}: the run has no finished clip '{video}', which has labels")
    table = read_table(folder / files[0])
    if table.num_rows == 0:
        raise UsageError(f"{folder}: no face was found in '{video}', which has labels")
    frame = table.column("frame").to_numpy()
    order = np.lexsort((-table.column("detection").to_numpy(), frame))
    first = np.r_[True, np.diff(frame[order]) > 0]
    best = order[first]
    signals = {}
    for head in heads:
        names = COLUMNS[head]
        present = [name for name in names if name in table.column_names]
        values = np.full((len(best), len(names)), np.nan, np.float32)
        if present:
            columns = [names.index(name) for name in present]
            values[:, columns] = columns_matrix(table, present)[best]
            signals[head] = values
    return frame[best], signals


def _nearest(frame: Integers, numbers: Integers) -> Integers:
    right = np.clip(np.searchsorted(frame, numbers), 0, len(frame) - 1)
    left = np.maximum(right - 1, 0)
    is_left = numbers - frame[left] <= np.abs(frame[right] - numbers)
    return np.asarray(np.where(is_left, left, right), dtype=np.int64)


def run_models(runs: Sequence[Path]) -> list[str]:
    """Name of the model of each run, as the user gave it; none if a run blended several."""
    given = [_record(folder).options.get("models") or [DEFAULT_MODEL] for folder in runs]
    return [str(one[0]) for one in given] if all(len(one) == 1 for one in given) else []
