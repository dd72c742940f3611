"""Every frame of a clip once, in order, with its number and its time."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from builders.video_files import (
    Image,
    grey_steps,
    set_mp4_durations,
    set_mp4_rotation,
    write_mjpeg_avi,
    write_video,
)
from cexpr import ClipError
from cexpr.clips.decode import Clip, open_clip, sample_images
from cexpr.clips.reader import Frame
from cexpr.clips.sources import ClipSource, find_clips

# Lossy coding of flat grey frames moves their mean by less than this.
CODING_TOLERANCE = 4.0


def read(path: Path) -> tuple[Clip, list[Frame]]:
    (source,) = find_clips([path])
    with open_clip(source) as clip:
        frames = list(clip)
    return clip, frames


def means(frames: list[Frame]) -> list[float]:
    return [float(frame.image.mean()) for frame in frames]


def save_image(path: Path, image: Image) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
    return path


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "mp4v"),
        ("a.mkv", "mp4v"),
        ("a.mov", "mp4v"),
        ("a.avi", "MJPG"),
        ("a.webm", "VP80"),
        ("ein Clip mit Ümläuten 映画.mp4", "mp4v"),
    ],
)
def test_every_frame_comes_once_in_order_with_its_time(
    tmp_path: Path, name: str, codec: str
) -> None:
    write_video(tmp_path / name, grey_steps(10), 25, codec)
    clip, frames = read(tmp_path / name)
    assert [frame.number for frame in frames] == list(range(1, 11))
    assert [frame.time for frame in frames] == pytest.approx([i / 25 for i in range(10)], abs=1e-3)
    assert means(frames) == pytest.approx([10 + 20 * i for i in range(10)], abs=CODING_TOLERANCE)
    assert (clip.announced_frames, clip.decoded_frames, clip.warnings) == (10, 10, [])
    assert (clip.width, clip.height, clip.fps) == (64, 48, 25)


def test_variable_frame_rate_gives_the_presentation_times(tmp_path: Path) -> None:
    path = write_video(tmp_path / "vfr.mp4", grey_steps(6), 10)
    set_mp4_durations(path, [0.5, 1.5, 0.5, 2, 0.5, 1])
    clip, frames = read(path)
    assert [frame.time for frame in frames] == pytest.approx([0, 0.05, 0.2, 0.25, 0.45, 0.5])
    assert "unevenly spaced, 50 to 200 ms apart" in clip.warnings[0]


def test_orientation_flag_turns_the_picture(tmp_path: Path) -> None:
    image = np.zeros((48, 64, 3), np.uint8)
    image[:, :32] = 255
    path = write_video(tmp_path / "phone.mp4", [image] * 3)
    set_mp4_rotation(path)
    clip, frames = read(path)
    assert (clip.width, clip.height) == (48, 64)
    shown = frames[0].image
    assert shown.shape == (64, 48, 3)
    assert shown[:24].mean() > 240
    assert shown[40:].mean() < 15


def test_a_clip_is_turned_after_the_turn_of_its_file(tmp_path: Path) -> None:
    image = np.zeros((48, 64, 3), np.uint8)
    image[:, :32] = 255
    path = write_video(tmp_path / "phone.mp4", [image] * 3)
    with open_clip(find_clips(path)[0], turn=90) as clip:
        assert (clip.width, clip.height) == (48, 64)
        assert [frame.image[:24].mean() > 240 for frame in clip] == [True] * 3
    set_mp4_rotation(path)
    with open_clip(find_clips(path)[0], turn=90) as clip:
        assert (clip.width, clip.height) == (64, 48)
        assert [frame.image[:, 40:].mean() > 240 for frame in clip] == [True] * 3


def test_a_photograph_is_turned_as_its_exif_says(tmp_path: Path) -> None:
    image = np.zeros((48, 64, 3), np.uint8)
    image[:, :32] = 255
    plain = cv2.imencode(".jpg", image)[1].tobytes()
    # One tag, the orientation (0x0112), is 6: to be turned by 90 degrees clockwise.
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    path = tmp_path / "phone.jpg"
    path.write_bytes(plain[:2] + segment + plain[2:])
    clip, (frame,) = read(path)
    assert (clip.width, clip.height) == (48, 64)
    assert frame.image[:24].mean() > 240


def test_samples_are_spread_over_a_clip(tmp_path: Path) -> None:
    dark_to_bright = [np.full((48, 64, 3), i, np.uint8) for i in range(200)]
    for folder in ("numbered", "gaps"):
        (tmp_path / folder).mkdir()
    for i in range(20):
        save_image(tmp_path / "numbered" / f"{i + 1:05}.png", dark_to_bright[10 * i])
    (tmp_path / "numbered" / "00004.png").write_bytes(b"damaged")
    for path, expected in (
        (write_video(tmp_path / "long.mp4", dark_to_bright), [20, 60, 100, 140, 180]),
        (write_mjpeg_avi(tmp_path / "short.avi", dark_to_bright[:100:10]), [10, 30, 50, 70, 90]),
        (tmp_path / "numbered", [20, 60, 100, 140, 180]),
        (save_image(tmp_path / "one.png", dark_to_bright[50]), [50]),
    ):
        images = sample_images(find_clips(path)[0], 5)
        found = [float(image.mean()) for image in images]
        assert found == pytest.approx(expected, abs=CODING_TOLERANCE), path


@pytest.mark.parametrize("size", [(63, 47), (1, 1), (1, 9), (5, 3)])
def test_odd_sizes_and_one_pixel_keep_their_size(tmp_path: Path, size: tuple[int, int]) -> None:
    path = write_mjpeg_avi(tmp_path / "odd.avi", grey_steps(3, *size))
    clip, frames = read(path)
    assert (clip.width, clip.height, len(frames)) == (*size, 3)
    assert means(frames) == pytest.approx([10, 30, 50], abs=CODING_TOLERANCE)


def test_clip_cut_off_gives_its_frames_and_says_so(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    images = [rng.integers(0, 255, (48, 64, 3), np.uint8) for _ in range(10)]
    path = write_video(tmp_path / "cut.mkv", images, 25, "MJPG")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    clip, frames = read(path)
    assert 0 < len(frames) < 9
    assert clip.decoded_frames == len(frames)
    assert clip.warnings == [
        f"the container announces 10 frames, {len(frames)} were decoded",
    ]


def test_times_out_of_order_are_repaired_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_video(tmp_path / "a.mp4", grey_steps(5), 10)
    stamps = iter([0.0, 100.0, 0.0, 400.0, float("nan")])

    opened = cv2.VideoCapture

    class Backwards:
        def __init__(self, *arguments: Any) -> None:
            self.capture = opened(*arguments)

        def get(self, name: int) -> float:
            return next(stamps) if name == cv2.CAP_PROP_POS_MSEC else self.capture.get(name)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.capture, name)

    monkeypatch.setattr(cv2, "VideoCapture", Backwards)
    clip, frames = read(path)
    assert [frame.time for frame in frames] == pytest.approx([0.0, 0.1, 0.2, 0.4, 0.5])
    assert "2 of 5 presentation times were missing" in clip.warnings[0]


@pytest.mark.skipif(not hasattr(cv2, "Animation"), reason="this OpenCV cannot write a GIF")
def test_gif_gives_all_frames_with_their_own_durations(tmp_path: Path) -> None:
    animation = cv2.Animation()
    animation.frames = [np.full((20, 30, 4), 40 * i + 20, np.uint8) for i in range(4)]
    for image in animation.frames:
        image[..., 3] = 255
    animation.durations = [100, 300, 50, 100]
    assert cv2.imwriteanimation(str(tmp_path / "a.gif"), animation)
    clip, frames = read(tmp_path / "a.gif")
    assert [frame.time for frame in frames] == pytest.approx([0.0, 0.1, 0.4, 0.45])
    assert means(frames) == pytest.approx([20, 60, 100, 140], abs=CODING_TOLERANCE)
    assert clip.source.kind == "gif"


def test_files_that_are_no_video_are_clip_errors(tmp_path: Path) -> None:
    (tmp_path / "zero.mp4").touch()
    (tmp_path / "text.txt").write_text("no video\n" * 100)
    (tmp_path / "noise.mkv").write_bytes(np.random.default_rng(0).bytes(20000))
    whole = write_video(tmp_path / "whole.mp4", grey_steps(5))
    (tmp_path / "headless.mp4").write_bytes(whole.read_bytes()[:500])
    (tmp_path / "gone.mp4").symlink_to(tmp_path / "nowhere.mp4")
    for name, message in (
        ("zero.mp4", "the file is empty"),
        ("text.txt", "not a video"),
        ("noise.mkv", "not a video"),
        ("headless.mp4", "not a video"),
        ("gone.mp4", "cannot be read: No such file"),
    ):
        with pytest.raises(ClipError, match=message) as caught:
            read(tmp_path / name)
        assert "\n" not in str(caught.value)
        assert name in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(ClipError, match="not a regular file"):
        read(tmp_path / "pipe.mp4")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file"
)
def test_file_without_permission_is_a_clip_error(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", grey_steps(2))
    path.chmod(0)
    with pytest.raises(ClipError, match="Permission denied"):
        read(path)


def test_decoder_stays_quiet_about_damaged_files(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", grey_steps(10), 25, "MJPG")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 :] = np.random.default_rng(2).bytes(len(data) - len(data) // 2)
    path.write_bytes(data)
    # In a process of its own, because the level is set once, at the first use of the decoder.
    script = (
        "import sys; from pathlib import Path\n"
        "from cexpr.clips.decode import open_clip; from cexpr.clips.sources import find_clips\n"
        "with open_clip(find_clips([Path(sys.argv[1])])[0]) as clip: print(len(list(clip)) > 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, path], capture_output=True, text=True, check=True
    )
    assert (done.stdout.strip(), done.stderr) == ("True", "")


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (np.full((7, 5), 90, np.uint8), (90, 90, 90)),
        (np.full((7, 5, 4), (10, 20, 30, 128), np.uint8), (10, 20, 30)),
        (np.full((7, 5), 90 << 8, np.uint16), (90, 90, 90)),
        (np.full((7, 5, 3), (10 << 8, 20 << 8, 30 << 8), np.uint16), (10, 20, 30)),
        (np.full((1, 1, 3), (1, 2, 3), np.uint8), (1, 2, 3)),
    ],
    ids=["grey", "four channels", "grey 16 bit", "colour 16 bit", "one pixel"],
)
def test_image_is_a_clip_of_one_bgr_frame(
    tmp_path: Path, image: Image, expected: tuple[int, int, int]
) -> None:
    clip, (frame,) = read(save_image(tmp_path / "Fotö 1.png", image))
    assert (frame.number, frame.time, clip.announced_frames) == (1, 0.0, 1)
    assert frame.image.shape == (*image.shape[:2], 3)
    assert frame.image.dtype == np.uint8
    assert (frame.image == expected).all()


def test_damaged_image_is_a_clip_error(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no image")
    with pytest.raises(ClipError, match=r"a\.jpg: this image cannot be decoded"):
        read(tmp_path / "a.jpg")


def test_numbered_images_keep_their_numbers_and_gaps(tmp_path: Path) -> None:
    for number in (1, 2, 5, 10):
        save_image(tmp_path / "clip" / f"{number:05d}.png", grey_steps(number)[-1])
    (tmp_path / "clip" / "00007.png").write_bytes(b"damaged")
    (source,) = find_clips([tmp_path / "clip"])
    with open_clip(source, folder_fps=10) as clip:
        frames = list(clip)
    assert [frame.number for frame in frames] == [1, 2, 5, 10]
    assert [frame.time for frame in frames] == pytest.approx([0, 0.1, 0.4, 0.9])
    assert means(frames) == [10, 30, 90, 190]
    assert len(clip.warnings) == 1
    assert "frame 7 is left out" in clip.warnings[0]


def test_numbered_images_from_zero_are_shifted_by_one(tmp_path: Path) -> None:
    for number in (0, 1):
        save_image(tmp_path / "clip" / f"{number}.png", grey_steps(1)[0])
    clip, frames = read(tmp_path / "clip")
    assert [frame.number for frame in frames] == [1, 2]
    assert "count from 0" in clip.warnings[0]


def test_frames_in_the_names_of_ffmpeg_are_read_in_order(tmp_path: Path) -> None:
    for number in range(4):
        save_image(tmp_path / "clip" / f"frame_{number:04d}.png", grey_steps(number + 1)[-1])
    _, frames = read(tmp_path / "clip")
    assert [frame.number for frame in frames] == [1, 2, 3, 4]
    assert means(frames) == [10, 30, 50, 70]


def test_two_images_of_one_number_are_refused(tmp_path: Path) -> None:
    for name in ("1.png", "01.png"):
        save_image(tmp_path / "clip" / name, grey_steps(1)[0])
    with pytest.raises(ClipError, match=r"01\.png and 1\.png are both image 1"):
        read(tmp_path / "clip")


def test_options_out_of_range_are_value_errors(tmp_path: Path) -> None:
    source = ClipSource(tmp_path, "folder", "a")
    with pytest.raises(ValueError, match="threads: expected at least 1, got 0"):
        open_clip(source, threads=0)
    with pytest.raises(ValueError, match="folder_fps: expected a number above 0, got nan"):
        open_clip(source, folder_fps=float("nan"))


def test_a_clip_may_be_closed_while_another_thread_reads_it(tmp_path: Path) -> None:
    path = write_mjpeg_avi(tmp_path / "long.avi", grey_steps(12) * 50)
    (source,) = find_clips([path])
    clip = open_clip(source)
    frames = iter(clip)
    next(frames)
    begun = threading.Event()

    def read() -> None:
        for _ in frames:
            begun.set()

    reader = threading.Thread(target=read)
    reader.start()
    begun.wait()
    clip.close()
    reader.join()
    assert next(frames, None) is None
