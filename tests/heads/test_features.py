"""The Parquet file of `cexpr extract`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from builders.feature_files import CLIPS, FRAMES, command, extract_all
from builders.tiny_networks import FEATURES
from cexpr.errors import UsageError
from cexpr.heads import features
from cexpr.heads.features import best_faces, read_features


def test_each_clip_is_a_row_group_and_half_precision_is_half_the_space(
    clips: Path, model: Path, tmp_path: Path
) -> None:
    whole, half = tmp_path / "whole.parquet", tmp_path / "half.parquet"
    extract_all(clips, model, whole)
    extract_all(clips, model, half, "--float16")
    file = pyarrow.parquet.ParquetFile(half)
    assert file.num_row_groups == CLIPS
    groups = [file.read_row_group(number) for number in range(CLIPS)]
    assert [one.column("clip").unique().to_pylist() for one in groups] == [
        ["clip0"],
        ["clip1"],
        ["clip2"],
    ]
    assert {one.num_rows for one in groups} == {FRAMES}
    assert str(file.schema_arrow.field("features").type.value_type) == "halffloat"
    ours, theirs = read_features(half), read_features(whole)
    assert theirs.features.shape == (CLIPS * FRAMES, FEATURES)
    np.testing.assert_allclose(ours.features, theirs.features, rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(ours.outputs, theirs.outputs)
    assert not features.parts_folder(half).exists()


def test_another_file_is_neither_read_nor_replaced(
    clips: Path, model: Path, tmp_path: Path
) -> None:
    other = tmp_path / "x.parquet"
    other.write_bytes(b"nothing")
    with pytest.raises(UsageError, match="not a file of 'cexpr extract'"):
        read_features(other)
    code, text = command("extract", clips, "-o", other, "--model", model, "--overwrite")
    assert code != 0
    assert "not a file of 'cexpr extract'" in text
    assert other.read_bytes() == b"nothing"


def test_a_folder_that_cannot_be_created_is_named(clips: Path, model: Path, tmp_path: Path) -> None:
    (tmp_path / "x.parquet.parts").write_bytes(b"in the way")
    _, text = command("extract", clips, "-o", tmp_path / "x.parquet", "--model", model)
    assert f"{tmp_path / 'x.parquet.parts'}: cannot create this folder: File exists" in text


def test_of_several_faces_the_surest_stands_for_the_frame() -> None:
    frame = np.array([2, 1, 1, 3, 2], np.int64)
    detection = np.array([0.5, 0.6, 0.9, 0.7, 0.8], np.float32)
    assert best_faces(frame, detection).tolist() == [2, 4, 3]
