"""Random faces that come and go, and rules with three compounds."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from cexpr.rules.rule_set import RuleSet
from cexpr.tables.result import FaceRows

NAMES = ("fear", "happiness", "surprise", "valence", "AU12")
COMPOUNDS = ("Fearfully_Surprised", "Happily_Surprised", "Smile")


def make_rules(**changes: Any) -> RuleSet:
    """Three compounds; `changes` are sections of the rule file."""
    content: dict[str, Any] = {
        "cexpr": 1,
        "name": "three",
        "compounds": {
            "Fearfully_Surprised": {"score": "mean(fear, surprise)", "when": "valence < 0"},
            "Happily_Surprised": "min(happiness, surprise)",
            "Smile": "AU12 * happiness",
        },
    }
    return RuleSet.from_dict({**content, **changes})


def make_rows(frame: list[int], face: list[int], seed: int = 0, unknown: float = 0.0) -> FaceRows:
    """Random faces in the frames given; a share of the signals is unknown."""
    rng = np.random.default_rng(seed)
    count = len(frame)
    signals = rng.random((count, len(NAMES)), np.float32)
    signals[:, 3] = 2 * signals[:, 3] - 1
    signals[rng.random(signals.shape) < unknown] = np.nan
    return FaceRows(
        frame=np.array(frame, np.int64),
        time=(np.array(frame) - 1) / 25.0,
        track=np.array(face, np.int64),
        boxes_xywh=rng.random((count, 4), np.float32) * 100,
        detection=rng.random(count, np.float32),
        names=NAMES,
        signals=signals,
    )


def timeline_of(count: int) -> tuple[Any, Any]:
    return np.arange(1, count + 1, dtype=np.int64), np.arange(count) / 25.0


@st.composite
def clips(draw: st.DrawFn) -> tuple[FaceRows, int]:
    """A clip with up to three faces that come and go, and frames without any."""
    count = draw(st.integers(1, 24))
    present = draw(st.lists(st.sets(st.integers(1, 3), max_size=3), min_size=count, max_size=count))
    frame = [t + 1 for t, ids in enumerate(present) for _ in ids]
    face = [face for ids in present for face in sorted(ids)]
    unknown = draw(st.sampled_from([0.0, 0.2, 1.0]))
    return make_rows(frame, face, draw(st.integers(0, 1000)), unknown), count
