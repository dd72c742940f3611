"""Frames that a program gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cexpr.clips.given import FrameMaker, GivenFrames
from cexpr.clips.sources import ClipSource

CLIP = ClipSource(Path("a.mp4"), "video", "a")
IMAGE = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)


def test_an_image_stays_what_it_is_however_it_lies_in_memory() -> None:
    maker = FrameMaker()
    flipped = maker.make(1, IMAGE[:, ::-1], 0)
    np.testing.assert_array_equal(flipped.image, IMAGE[:, ::-1])
    assert flipped.image.flags.c_contiguous
    grey = maker.make(2, IMAGE[:, :, 0], 0.5)
    np.testing.assert_array_equal(grey.image, np.stack([IMAGE[:, :, 0]] * 3, axis=2))
    assert (flipped.number, grey.number, grey.time) == (1, 2, 0.5)


@pytest.mark.parametrize(
    ("image", "time", "error", "text"),
    [
        ([[1, 2]], 0, TypeError, r"image: expected a numpy array, uint8, .* got list"),
        (IMAGE.astype(np.float32), 0, TypeError, "image: expected uint8, 0..255, got float32"),
        (IMAGE[:, :, :2], 0, ValueError, r"image: expected shape \(H, W, 3\).* got \(4, 6, 2\)"),
        (np.zeros((4, 6, 4), np.uint8), 0, ValueError, r"image\[:, :, :3\] is without alpha"),
        (np.zeros((0, 6, 3), np.uint8), 0, ValueError, r"not empty; got \(0, 6, 3\)"),
        (IMAGE[0, 0], 0, ValueError, r"got \(3,\)"),
        (IMAGE, None, TypeError, "time: expected a number, got None"),
        (IMAGE, np.nan, ValueError, "time: expected a finite number of seconds; got nan"),
        (IMAGE, np.inf, ValueError, "time: expected a finite number of seconds; got inf"),
        (IMAGE, 0.9, ValueError, r"time: expected at least 1, .* frame before; got 0\.9"),
    ],
)
def test_what_is_not_a_frame_is_named_and_changes_nothing(
    image: Any, time: Any, error: type[Exception], text: str
) -> None:
    maker = FrameMaker()
    maker.make(1, IMAGE, 1.0)
    with pytest.raises(error, match=r"^frame 2: (image|time): expected"):
        maker.make(2, image, time, "frame 2: ")
    with pytest.raises(error, match=text):
        maker.make(2, image, time)
    assert maker.make(2, IMAGE, 1.0).time == 1.0


def test_pairs_are_frames_with_their_times() -> None:
    given = GivenFrames((IMAGE, 3 + index / 4) for index in range(5))
    assert given.announced_frames is None
    frames = list(given)
    assert [(frame.number, frame.time) for frame in frames] == [
        (1, 3),
        (2, 3.25),
        (3, 3.5),
        (4, 3.75),
        (5, 4),
    ]
    assert (given.width, given.height, given.fps) == (6, 4, 4)


def test_an_array_may_be_grey() -> None:
    grey = np.arange(3 * 4 * 6, dtype=np.uint8).reshape(3, 4, 6)
    frames = list(GivenFrames(grey, fps=50))
    assert [frame.time for frame in frames] == [0, 0.02, 0.04]
    for frame, image in zip(frames, grey, strict=True):
        np.testing.assert_array_equal(frame.image, np.stack([image] * 3, axis=2))


def test_an_array_has_the_times_of_its_rate() -> None:
    given = GivenFrames(np.stack([IMAGE] * 3), fps=50)
    assert given.announced_frames == 3
    assert [frame.time for frame in given] == [0, 0.02, 0.04]
    assert given.fps == 50


@pytest.mark.parametrize(
    ("source", "fps", "error", "text"),
    [
        (np.stack([IMAGE] * 2), None, ValueError, "fps: expected the frames per second .* fps=25"),
        (np.stack([IMAGE] * 2), 0, ValueError, "fps: expected a finite number above 0, got 0"),
        (np.stack([IMAGE] * 2), "25", TypeError, "fps: expected a number, got '25'"),
        (IMAGE, 25, ValueError, r"grey; got \(4, 6, 3\); one image .* image\[None\]"),
        (IMAGE[:, :, 0], 25, ValueError, r"grey; got \(4, 6\); one image .* image\[None\]"),
        (np.zeros((4, 6, 4), np.uint8), 25, ValueError, r"grey; got \(4, 6, 4\)$"),
        (np.zeros((2, 4, 6, 4), np.uint8), 25, ValueError, r"frames\[\.\.\., :3\] is without"),
        (np.zeros((0, 4, 6, 3), np.uint8), 25, ValueError, "source: expected an array of frames"),
        (np.zeros((1, 4, 6, 3)), 25, TypeError, "source: expected an array of uint8, got float64"),
        ([(IMAGE, 0)], 25, ValueError, "fps: expected none, because every frame comes with"),
        ([], None, ValueError, "source: expected at least one frame, got none"),
        (
            [IMAGE],
            None,
            TypeError,
            r"frame 1: expected a pair \(image, time\), got ndarray; .* fps",
        ),
        ([3], None, TypeError, r"frame 1: expected a pair \(image, time\), got int$"),
        (["a.mp4", "b.mp4"], None, TypeError, "got a list of paths; cexpr.run takes many paths"),
        ([Path("a.mp4")], None, TypeError, "got a list of paths; .* cexpr.Pipeline.run one clip"),
        ([CLIP], None, TypeError, "got a list of clips; .* cexpr.Pipeline.run one clip after"),
        ([(IMAGE, 1), (IMAGE, 0)], None, ValueError, "frame 2: time: expected at least 1"),
        ([(IMAGE, 1), (1, 1)], None, TypeError, "frame 2: image: expected a numpy array"),
    ],
)
def test_what_are_not_frames_is_named(
    source: Any, fps: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        list(GivenFrames(source, fps))
