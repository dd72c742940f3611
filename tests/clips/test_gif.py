"""GIFs play as in a browser and lose no frame."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from builders.gif_files import write_gif
from cexpr.clips.decode import open_clip
from cexpr.clips.gif import find_images
from cexpr.clips.sources import find_clips
from cexpr.errors import ClipError


@pytest.fixture(autouse=True)
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for temporary copies."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize("loop", [True, False])
@pytest.mark.parametrize(
    ("delays", "times"),
    [
        ([0, 0, 0], [0, 0.1, 0.2]),
        ([1, 1, 1], [0, 0.1, 0.2]),
        ([None, None, None], [0, 0.1, 0.2]),
        ([2, 2, 2], [0, 0.02, 0.04]),
        ([0, 30, 1, None, 5], [0, 0.1, 0.4, 0.5, 0.6]),
    ],
    ids=["0", "10 ms", "nothing said", "20 ms", "mixed"],
)
def test_short_delays_are_100_ms_and_no_frame_is_lost(
    tmp_path: Path, copies: Path, delays: list[int | None], times: list[float], loop: bool
) -> None:
    write_gif(tmp_path / "a.gif", delays, loop=loop)
    with open_clip(find_clips([tmp_path / "a.gif"])[0]) as clip:
        frames = list(clip)
    assert [frame.time for frame in frames] == pytest.approx(times)
    expected = [20 * number + 10 for number in range(len(delays))]
    assert [frame.image.mean() for frame in frames] == pytest.approx(expected)
    assert not list(copies.iterdir())


@pytest.mark.parametrize(("last", "seconds"), [(30, 0.3), (0, 0.1), (None, 0.1)])
def test_the_last_frame_has_its_own_delay(tmp_path: Path, last: int | None, seconds: float) -> None:
    write_gif(tmp_path / "a.gif", [10, 10, last])
    with open_clip(find_clips([tmp_path / "a.gif"])[0]) as clip:
        list(clip)
        assert clip.last_duration == pytest.approx(seconds)


def test_a_gif_by_another_name_is_a_gif(tmp_path: Path) -> None:
    write_gif(tmp_path / "a.gif", [None] * 4, loop=False).rename(tmp_path / "a.mp4")
    with open_clip(find_clips([tmp_path / "a.mp4"])[0]) as clip:
        assert len(list(clip)) == 4


def test_a_gif_that_was_cut_off_gives_what_is_there(tmp_path: Path, copies: Path) -> None:
    data = write_gif(tmp_path / "a.gif", [0] * 6).read_bytes()
    (tmp_path / "a.gif").write_bytes(data[: len(data) - 300])
    with open_clip(find_clips([tmp_path / "a.gif"])[0]) as clip:
        count = len(list(clip))
        assert 3 < count <= 6
        (warning,) = clip.warnings
        assert "lacks the mark that ends a GIF" in warning
        assert f"; {count} frames were decoded" in warning
    (tmp_path / "a.gif").write_bytes(data[:30])
    with pytest.raises(ClipError, match=r"a\.gif: "):
        open_clip(find_clips([tmp_path / "a.gif"])[0])
    assert not list(copies.iterdir())


def test_a_gif_without_its_end_says_so_and_a_whole_one_does_not(tmp_path: Path) -> None:
    data = write_gif(tmp_path / "a.gif", [5] * 8).read_bytes()
    for size in (len(data) // 2, len(data) - 1):
        (tmp_path / "a.gif").write_bytes(data[:size])
        with open_clip(find_clips([tmp_path / "a.gif"])[0]) as clip:
            count = len(list(clip))
            assert f"{count} frames were decoded" in clip.warnings[-1]
    (tmp_path / "a.gif").write_bytes(data)
    with open_clip(find_clips([tmp_path / "a.gif"])[0]) as clip:
        assert len(list(clip)) == 8
        assert clip.warnings == []


@pytest.mark.parametrize("place", ["cv2.VideoCapture", "cexpr.clips.video.as_bgr"])
def test_ctrl_c_while_a_gif_is_opened_leaves_no_copy(
    tmp_path: Path, copies: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    write_gif(tmp_path / "a.gif", [0] * 3)
    monkeypatch.setattr(place, interrupt)
    with pytest.raises(KeyboardInterrupt):
        open_clip(find_clips([tmp_path / "a.gif"])[0])
    assert not list(copies.iterdir())


def test_blocks_that_are_no_images_are_skipped(tmp_path: Path) -> None:
    data = write_gif(tmp_path / "a.gif", [7, None]).read_bytes()
    comment = b"\x21\xfe\x03,,,\x00"
    first = data.index(b"\x2c\x00\x00\x00\x00")
    found, is_whole = find_images(data[:first] + comment + data[first:])
    assert is_whole
    assert [(one.delay, one.is_patched) for one in found] == [(7, False), (10, True)]
