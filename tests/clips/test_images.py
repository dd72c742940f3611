"""Still images; folders of them are tested with `cexpr.clips.decode`."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from builders.video_files import grey_steps
from cexpr.clips.images import FolderReader, read_image
from cexpr.errors import ClipError


def test_an_image_is_read_as_bgr(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(cv2.imencode(".png", grey_steps(2)[1])[1].tobytes())
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), grey_steps(2)[1])
    (tmp_path / "a.png").write_bytes(b"no image")
    with pytest.raises(ClipError, match=r"a\.png: this image cannot be decoded"):
        read_image(tmp_path / "a.png")


def test_a_folder_that_cannot_be_listed_is_a_clip_error(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="nowhere: cannot list this folder"):
        FolderReader(tmp_path / "nowhere", 25)
