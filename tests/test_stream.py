"""Images in, labels out: what a stream gives is what the clip gives."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

import cexpr
from builders.run_files import RULES
from builders.tiny_model import write_tiny_model
from builders.video_files import grey_steps
from cexpr.analyzer import DecidedFrame
from cexpr.clips.decode import open_clip
from cexpr.clips.reader import Frame
from cexpr.clips.sources import find_clips
from cexpr.errors import ModelError, RuleError, UsageError
from cexpr.stream import Stream

PORTRAIT = Path(__file__).parents[1] / "clips" / "portrait.mp4"
# Labels, gaps and smoothing of everything, and no function over time.
STEADY = """
cexpr: 1
name: steady
smooth: {expression: {kernel: gaussian, sigma: 0.2s}, compounds: {kernel: box, radius: 3}}
compounds:
  Happily_Surprised: gmean(happiness, surprise)
  Sadly_Fearful: gmean(sadness, fear)
  Sadly_Angry: gmean(sadness, anger)
faces: FACES
gaps: interpolate
decide: {abstain_below: 0.002, hysteresis: 0.001, min_duration: 0.2s}
"""


@pytest.fixture
def options(tmp_path: Path) -> dict[str, Any]:
    """A stream that needs no detector and a model whose answers are known."""
    return {
        "rules": cexpr.RuleSet.from_string(RULES),
        "models": str(write_tiny_model(tmp_path)),
        "detector": "full-frame",
        "min_quality": 0,
    }


def frames_of(path: Path) -> list[Frame]:
    (source,) = find_clips(path)
    with open_clip(source) as clip:
        return list(clip)


def run_stream(stream: Stream, frames: list[Frame]) -> list[DecidedFrame]:
    out: list[DecidedFrame] = []
    for frame in frames:
        ready = stream.push(frame.image, frame.time)
        assert len(ready) == (1 if frame.number > stream.delay else 0)
        out += ready
    return out + stream.flush()


def check_equal(stream: Stream, decided: list[DecidedFrame], result: cexpr.ClipResult) -> None:
    """What the stream says of a frame is in the clip's tables, but for signals without a face."""
    frames = result.frames
    assert [frame.frame for frame in decided] == frames["frame"].to_pylist()
    assert [frame.time for frame in decided] == frames["time"].to_pylist()
    assert [frame.face_count for frame in decided] == frames["n_faces"].to_pylist()
    assert [frame.is_filled for frame in decided] == frames["filled"].to_numpy().astype(
        bool
    ).tolist()
    labels = [stream.compounds[one.label] if one.label >= 0 else None for one in decided]
    assert labels == frames["compound"].to_pylist()
    seen = np.array([one.track >= 0 for one in decided])
    known = seen | np.array([one.is_filled for one in decided])
    for names, rows, which in (
        (stream.compounds, [one.scores for one in decided], known),
        (["confidence"], [[one.confidence] for one in decided], known),
        (stream.names, [one.signals for one in decided], seen),
        (["face"], [[one.track] for one in decided], seen),
    ):
        np.testing.assert_allclose(
            np.stack(rows)[which], columns_of(frames, names)[which], rtol=0, atol=1e-4
        )
    assert all(np.isnan(one.signals).all() for one in decided if one.track < 0)
    for one, row in zip(decided, frames.select(["n_faces", "face"]).to_pylist(), strict=True):
        assert (row["face"] is None) == (row["n_faces"] == 0)
        # A face of too little quality counts, but its signals are in the tables alone.
        assert one.face_count == row["n_faces"]
        assert one.track == -1 or row["face"] is not None


def check_faces_equal(
    stream: Stream, decided: list[DecidedFrame], result: cexpr.ClipResult
) -> None:
    """Each face of the stream, in order, is a row of the table of faces."""
    table = result.faces
    faces = [(one.frame, face) for one in decided for face in one.faces]
    assert [frame for frame, _ in faces] == table["frame"].to_pylist()
    assert [face.track for _, face in faces] == table["face"].to_pylist()
    labels = [stream.compounds[face.label] if face.label >= 0 else None for _, face in faces]
    assert labels == table["compound"].to_pylist()
    for names, rows in (
        (["x", "y", "w", "h"], [face.box_xywh for _, face in faces]),
        (stream.compounds, [face.scores for _, face in faces]),
        (["confidence"], [[face.confidence] for _, face in faces]),
    ):
        np.testing.assert_allclose(rows, columns_of(table, names), rtol=0, atol=1e-3)


def columns_of(table: pa.Table, names: Sequence[str]) -> npt.NDArray[np.float32]:
    columns = [table[name].to_numpy(zero_copy_only=False) for name in names]
    return np.stack(columns, axis=1).astype(np.float32)


def mean_rate(frames: list[Frame]) -> float:
    return (len(frames) - 1) / (frames[-1].time - frames[0].time)


@pytest.mark.skipif(not PORTRAIT.exists(), reason="the sample clip is not beside the tests")
def test_a_stream_gives_what_the_clip_gives() -> None:
    rules = cexpr.RuleSet.from_string(STEADY.replace("FACES", "max"))
    frames = frames_of(PORTRAIT)
    stream = Stream(rules, frames_per_second=mean_rate(frames))
    decided = run_stream(stream, frames)
    check_equal(stream, decided, cexpr.analyze(PORTRAIT, rules))
    assert any(frame.label >= 0 for frame in decided)
    # As new afterwards, and a single person's own label is that of the frame.
    each = cexpr.RuleSet.from_string(STEADY.replace("FACES", "each"))
    again = run_stream(Stream(each, frames_per_second=mean_rate(frames)), frames)
    assert [one.label for one in again] == [one.label for one in decided]
    assert [one.faces[0].label for one in again] == [one.label for one in decided]


@pytest.mark.skipif(not PORTRAIT.exists(), reason="the sample clip is not beside the tests")
@pytest.mark.parametrize("faces", ["max", "each"])
def test_frames_without_a_face_are_filled_as_in_the_clip(faces: str) -> None:
    rules = cexpr.RuleSet.from_string(STEADY.replace("FACES", faces))
    frames = frames_of(PORTRAIT)
    for index in range(30, 35):
        frames[index] = replace(frames[index], image=np.zeros_like(frames[index].image))
    stream = Stream(rules, frames_per_second=mean_rate(frames))
    decided = run_stream(stream, frames)
    filled = [one for one in decided if one.is_filled]
    assert [one.frame for one in filled] == [31, 32, 33, 34, 35]
    assert not any(one.faces for one in filled)
    check_equal(
        stream, decided, cexpr.analyze([(frame.image, frame.time) for frame in frames], rules)
    )


@pytest.mark.parametrize("name", ["walking-pair.gif", "eat.mkv"])
def test_a_stream_gives_what_a_real_clip_gives(shared: Path, name: str) -> None:
    clip = shared / "clips" / name
    if not clip.exists():
        pytest.skip(f"{name} is not here")
    rules = cexpr.RuleSet.from_string(STEADY.replace("FACES", "max"))
    frames = frames_of(clip)[:120]
    # The pair is 20 pixels tall, and labels need more; all faces of the other clip have it.
    for least in (0.0, 0.5):
        stream = Stream(rules, frames_per_second=mean_rate(frames), min_quality=least)
        images = [(frame.image, frame.time) for frame in frames]
        result = cexpr.analyze(images, rules, min_quality=least)
        check_equal(stream, run_stream(stream, frames), result)
    each = cexpr.RuleSet.from_string(STEADY.replace("FACES", "each"))
    stream = Stream(each, frames_per_second=mean_rate(frames), min_quality=0)
    decided = run_stream(stream, frames)
    images = [(frame.image, frame.time) for frame in frames]
    result = cexpr.analyze(images, each, min_quality=0)
    check_equal(stream, decided, result)
    check_faces_equal(stream, decided, result)


def test_grey_and_strided_images_are_taken(options: dict[str, Any]) -> None:
    plain, other = Stream(**options), Stream(**options)
    for index, image in enumerate(grey_steps(6)):
        plain.push(image, index / 25)
        given = image[:, :, 0] if index % 2 else np.repeat(image, 2, axis=0)[::2]
        other.push(given, index / 25)
    for one, two in zip(plain.flush(), other.flush(), strict=True):
        np.testing.assert_array_equal(one.scores, two.scores)


def test_a_wrong_image_is_named_and_changes_nothing(options: dict[str, Any]) -> None:
    stream = Stream(**options)
    image = grey_steps(1)[0]
    stream.push(image, 1.0)
    for wrong, time, error, text in (
        (image.astype(float), 1.1, TypeError, "image: expected uint8, 0..255, got float64"),
        (image[0, 0], 1.1, ValueError, "image: expected shape"),
        (image[:0], 1.1, ValueError, "image: expected shape"),
        (None, 1.1, TypeError, "image: expected a numpy array"),
        (image, 0.5, ValueError, "time: expected at least 1"),
        (image, np.nan, ValueError, "time: expected a finite number"),
        (image, "now", TypeError, "time: expected a number, got 'now'"),
    ):
        with pytest.raises(error, match=f"^{text}"):
            stream.push(wrong, time)
    stream.push(image, 1.0)
    assert [(one.frame, one.time) for one in stream.flush()] == [(1, 1.0), (2, 1.0)]
    stream.push(image, 0.0)
    stream.reset()
    assert stream.flush() == []


def test_a_face_that_the_model_fails_on_leaves_the_stream_usable(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Stream(**options)
    image = grey_steps(1)[0]
    stream.push(image, 0.0)

    def fail(*_: Any) -> None:
        raise ModelError("out of memory")

    with monkeypatch.context() as patch:
        patch.setattr("cexpr.models.session.Model.run", fail)
        with pytest.raises(ModelError, match="out of memory"):
            stream.push(image, 0.1)
    stream.push(image, 0.2)
    assert [(one.frame, one.time) for one in stream.flush()] == [(1, 0.0), (2, 0.2)]


def test_of_too_many_faces_those_seen_first_are_taken(shared: Path) -> None:
    clip = shared / "clips" / "walking-pair.gif"
    if not clip.exists():
        pytest.skip("the clip is not here")
    each = cexpr.RuleSet.from_string(STEADY.replace("FACES", "each"))
    decided = run_stream(Stream(each, max_faces=1, min_quality=0), frames_of(clip))
    assert max(frame.face_count for frame in decided) == 1
    assert {face.track for frame in decided for face in frame.faces} == {1}


def test_a_stream_has_the_options_of_analyze_that_make_sense() -> None:
    of_clip = inspect.signature(cexpr.analyze).parameters
    of_stream = inspect.signature(Stream).parameters
    # A clip on disk; what the rules say; what is only written.
    only_of_clips = {"source", "fps", "folder_fps", "rotate", "smooth", "thresholds", "derived"}
    assert set(of_clip) - set(of_stream) == only_of_clips
    for name in set(of_clip) & set(of_stream):
        assert of_stream[name].default == of_clip[name].default


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"rules": 3}, TypeError, "rules: expected a rule file"),
        ({"rules": "nonesuch"}, RuleError, "nonesuch"),
        ({"models": "nonesuch"}, ModelError, "'nonesuch' is unknown"),
        ({"detector": "eyes"}, UsageError, "unknown detector 'eyes'"),
        ({"threads": 0}, UsageError, "threads: expected at least 1"),
        ({"frames_per_second": 0}, ValueError, "frames_per_second: expected a finite number > 0"),
        ({"max_faces": 0}, ValueError, "max_faces: expected 1 to 1024; got 0"),
        ({"gap_frames": -1}, ValueError, "gap_frames: expected 0 to"),
    ],
)
def test_a_wrong_option_is_named(
    options: dict[str, Any], change: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        Stream(**{**options, **change})
