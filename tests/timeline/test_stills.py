"""Single images in phase 2: each as if it were alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cexpr.rules.files import shipped
from cexpr.rules.rule_set import RuleSet
from cexpr.signals import SIGNALS
from cexpr.tables.result import FaceRows
from cexpr.timeline.decide import decide_tables
from cexpr.timeline.stills import decide_stills

# Faces in each of the images.
COUNTS = (1, 0, 3, 2, 0)


def some_faces(seed: int = 3) -> FaceRows:
    generator = np.random.default_rng(seed)
    count = sum(COUNTS)
    signals = generator.random((count, len(SIGNALS)), np.float32)
    signals[0, 2] = np.nan
    return FaceRows(
        frame=np.repeat(np.arange(1, len(COUNTS) + 1), COUNTS),
        time=np.zeros(count),
        track=np.concatenate([np.arange(1, one + 1) for one in COUNTS]),
        boxes_xywh=generator.random((count, 4), np.float32),
        detection=generator.random(count, np.float32),
        names=SIGNALS,
        signals=signals,
    )


def only(rows: FaceRows, image: int) -> FaceRows:
    own = rows[np.flatnonzero(rows.frame == image)]
    return replace(own, frame=np.ones(len(own), np.int64))


@pytest.mark.parametrize("name", sorted(shipped()))
def test_many_images_are_decided_as_each_alone(name: str) -> None:
    rules, rows = RuleSet.load(name), some_faces()
    together = decide_stills(rows, len(COUNTS), rules)
    assert together.frames.column("frame").to_pylist() == [1, 2, 3, 4, 5]
    for image in range(1, len(COUNTS) + 1):
        alone = decide_tables(only(rows, image), np.ones(1, np.int64), np.zeros(1), rules)
        for found, expected in zip(together, alone, strict=False):
            own = found.filter([one == image for one in found.column("frame").to_pylist()])
            assert own.drop_columns("frame") == expected.drop_columns("frame")


def test_images_without_any_face_are_decided_too() -> None:
    rows = only(some_faces(), 2)
    found = decide_stills(rows, 2, RuleSet.load("default"))
    assert found.frames.column("n_faces").to_pylist() == [0, 0]
    assert found.faces.num_rows == 0
