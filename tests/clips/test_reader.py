"""What all readers share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cexpr.clips.reader import as_bgr, head_of, mapped, spread, turned, uneven
from cexpr.errors import ClipError


def test_the_head_of_a_file_is_its_first_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(range(200)))
    assert head_of(tmp_path / "a") == bytes(range(64))
    (tmp_path / "empty").touch()
    with pytest.raises(ClipError, match="empty: the file is empty"):
        head_of(tmp_path / "empty")
    with pytest.raises(ClipError, match="not a regular file"):
        head_of(tmp_path)


def test_a_mapped_file_has_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    with mapped(tmp_path / "a") as data:
        assert data[:] == b"content"
    with pytest.raises(ClipError, match="gone: cannot be read: no such file"):
        mapped(tmp_path / "gone")


def test_pixels_become_bgr() -> None:
    for image in (
        np.full((2, 3), 7, np.uint8),
        np.full((2, 3, 1), 7, np.uint8),
        np.full((2, 3, 4), 7, np.uint8),
        np.full((2, 3), 7 << 8, np.uint16),
    ):
        np.testing.assert_array_equal(as_bgr(image), np.full((2, 3, 3), 7, np.uint8))


def test_uneven_spacing_is_a_warning() -> None:
    assert uneven(0.04, 0.06) == []
    assert "40 to 70 ms apart" in uneven(0.04, 0.07)[0]


def test_items_are_spread_at_equal_distances() -> None:
    assert spread(range(10), 5) == [1, 3, 5, 7, 9]
    assert spread(range(3), 5) == [0, 1, 2]
    assert spread(range(100), 1) == [50]
    assert spread([], 5) == []


def test_an_image_is_turned_clockwise() -> None:
    image = np.zeros((2, 3, 3), np.uint8)
    image[0, 0] = 255  # top left
    for degrees, corner in ((0, (0, 0)), (90, (0, 1)), (180, (1, 2)), (270, (2, 0)), (-90, (2, 0))):
        found = turned(image, degrees)
        assert tuple(np.argwhere(found[..., 0])[0]) == corner
        assert found.flags.c_contiguous
