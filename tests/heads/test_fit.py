"""Annotated rows meet their features, and heads with labels are trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from builders.feature_files import annotations, command, extract_all
from builders.planted_labels import OUTPUTS, planted
from builders.tiny_networks import write_network
from cexpr.abaw.files import MultiTask
from cexpr.errors import UsageError
from cexpr.heads.features import Features, Settings
from cexpr.heads.fit import fit, join
from cexpr.heads.training import Training


def test_rows_are_joined_by_video_and_frame_and_heads_without_labels_left_out() -> None:
    features, outputs, labels = planted(7, 300)
    keys = tuple(("v", row) for row in range(250))[::-1]
    read = Features(
        Settings("m", "0", "mtcnn", False, (("output", OUTPUTS),)),
        keys,
        features[:250][::-1],
        outputs[:250][::-1],
    )
    unlabelled = MultiTask(
        labels.keys, labels.valence_arousal * 0 - 5, labels.expression, labels.action_units * 0 - 1
    )
    part = join(read, unlabelled)
    assert part.lost == 50
    np.testing.assert_array_equal(part.features, features[:250])
    assert list(fit(part, part, Training(1))) == ["expression"]
    nothing = MultiTask((("w", 1),), np.zeros((1, 2)), np.zeros(1, int), np.zeros((1, 12), int))
    with pytest.raises(UsageError, match="no annotated frame has features"):
        join(read, nothing)


def test_features_of_another_model_are_refused(clips: Path, model: Path, tmp_path: Path) -> None:
    extract_all(clips, model, tmp_path / "features.parquet")
    write_network(tmp_path / "net.onnx", seed=1)
    labels = annotations(tmp_path / "train.txt", range(3))
    code, text = command(
        "heads", "fit", tmp_path / "features.parquet", "--train", labels, "--validation", labels,
        "--model", model, "-o", tmp_path / "mine.onnx",
    )  # fmt: skip
    assert code != 0
    assert "the features are not from" in text
