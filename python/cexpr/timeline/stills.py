"""Phase 2 of single images: each is a clip of one frame, many are laid out together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa

from cexpr.rules.rule_set import RuleSet
from cexpr.smoothing import Smoothing
from cexpr.tables.columns import Content
from cexpr.tables.layout import FaceDecisions, FrameRowsDecided, faces_table, frames_table
from cexpr.tables.result import FaceRows
from cexpr.timeline.decide import decide_clip, face_decisions, frame_decisions

_FIRST: Final = np.ones(1, np.int64)
_START: Final = np.zeros(1)

Rows = TypeVar("Rows", FrameRowsDecided, FaceDecisions)


class StillTables(NamedTuple):
    """Tables of N single images; columns as in `cexpr.tables.result.ClipResult`.

    Attributes:
        frames: One row for each image; `frame` is the number of the image, from 1.
        faces: One row for each face; `frame` as there.
    """

    frames: pa.Table
    faces: pa.Table


def decide_stills(
    rows: FaceRows, count: int, rules: RuleSet, min_quality: float = 0.0
) -> StillTables:
    """Decide images, each as if it were alone: nothing is smoothed or filled between two.

    Args:
        rows: Their faces; `frame` is the number of the image, from 1, and not decreasing.
        count: Number of images, >= 1.
        rules: The rule set; the signals that it needs must be among `rows.names`.
        min_quality: As in `decide_clip`.

    Raises:
        RuleError: the rules need a signal that the rows lack.
    """
    # The mean over one frame is the frame.
    unsmoothed = dict.fromkeys(rules.smooth, Smoothing("none"))
    bounds = np.searchsorted(rows.frame, np.arange(1, count + 2))
    faces, frames = [], []
    for start, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        alone = _taken(rows, slice(start, stop))
        found = decide_clip(alone, _FIRST, _START, rules, unsmoothed, min_quality=min_quality)
        frames.append(frame_decisions(found, _FIRST, _START))
        faces.append(face_decisions(found))
    content = Content(rows.names, tuple(rules.compounds), rows.derived, rules.name)
    numbered = replace(_joined(frames), frame=np.arange(1, count + 1))
    return StillTables(frames_table(numbered, content), faces_table(rows, _joined(faces), content))


def _taken(rows: FaceRows, places: slice) -> FaceRows:
    """Take the faces of one image, as its only frame."""
    own: dict[str, Any] = {
        one.name: getattr(rows, one.name)[places]
        for one in fields(rows)
        if isinstance(getattr(rows, one.name), np.ndarray)
    }
    own["frame"], own["time"] = np.ones_like(own["frame"]), np.zeros_like(own["time"])
    return replace(rows, **own)


def _joined(parts: Sequence[Rows]) -> Rows:
    """Put the arrays of several images one after the other."""
    kind = type(parts[0])
    return kind(
        **{
            one.name: np.concatenate([getattr(part, one.name) for part in parts])
            for one in fields(kind)
        }
    )
