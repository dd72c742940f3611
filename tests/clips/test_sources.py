"""Which clips a list of paths names, and the names of their results."""

from __future__ import annotations

from pathlib import Path

import pytest

from cexpr.clips.sources import find_clips, scan
from cexpr.errors import UsageError


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_folder_is_searched_below_in_natural_order_and_other_files_are_left_out(
    tmp_path: Path,
) -> None:
    for name in (
        *("b/clip10.mp4", "b/clip2.MKV", "b/clip02b.avi", "a.gif", "photo.png"),
        *("notes.txt", ".hidden.mp4"),
    ):
        touch(tmp_path / name)
    found = find_clips([tmp_path])
    assert [(clip.stem, clip.kind) for clip in found] == [
        ("a", "gif"),
        ("clip2", "video"),
        ("clip02b", "video"),
        ("clip10", "video"),
        ("photo", "image"),
    ]


def test_folder_of_numbered_images_is_one_clip(tmp_path: Path) -> None:
    for name in ("x/00001.jpg", "x/00003.jpg", "x/.DS_Store", "y/00001.jpg", "y/cover.jpg"):
        touch(tmp_path / name)
    found = find_clips([tmp_path])
    assert [(clip.path.name, clip.kind) for clip in found] == [
        ("x", "folder"),
        ("00001.jpg", "image"),
        ("cover.jpg", "image"),
    ]


@pytest.mark.parametrize("pattern", ["frame_{:04d}.jpg", "frame{}.png", "Frames-{:03d}.PNG"])
def test_frames_named_so_are_numbered_images(tmp_path: Path, pattern: str) -> None:
    for number in (1, 2, 12):
        touch(tmp_path / "clip" / pattern.format(number))
    (found,) = find_clips([tmp_path])
    assert (found.stem, found.kind) == ("clip", "folder")


@pytest.mark.parametrize("name", ["IMG_0001.jpg", "photo1.png", "keyframe_1.jpg", "frame.jpg"])
def test_other_names_are_those_of_pictures(tmp_path: Path, name: str) -> None:
    touch(tmp_path / "clip" / name)
    (found,) = find_clips([tmp_path])
    assert found.kind == "image"


def test_an_address_is_not_read() -> None:
    with pytest.raises(UsageError, match=r"^https://example\.com/a/b\.mp4: addresses are not read"):
        find_clips([Path("https://example.com/a/b.mp4")])


def test_file_named_twice_is_read_once(tmp_path: Path) -> None:
    path = touch(tmp_path / "a.mp4")
    assert len(find_clips([tmp_path, path, tmp_path / "." / "a.mp4"])) == 1


def test_equal_stems_are_told_apart_by_folders_then_by_suffix(tmp_path: Path) -> None:
    names = (
        "one/x/clip.mp4",
        "two/x/clip.mp4",
        "s/day.mp4",
        "s/day.avi",
        "Night.mp4",
        "t/night.mp4",
    )
    found = find_clips([touch(tmp_path / name) for name in names])
    stems = [clip.stem for clip in found]
    assert stems[:4] == ["one_x_clip", "two_x_clip", "day_mp4", "day_avi"]
    assert stems[4:] == [f"{tmp_path.name}_Night", "t_night"]


def test_invented_stem_never_takes_a_real_one(tmp_path: Path) -> None:
    names = ("x/a.mp4", "y/a.mp4", "x_a.mp4")
    stems = [clip.stem for clip in find_clips([touch(tmp_path / name) for name in names])]
    assert stems == ["x_a_2", "y_a", "x_a"]


def test_folder_linked_into_itself_ends(tmp_path: Path) -> None:
    touch(tmp_path / "a.mp4")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert [clip.stem for clip in find_clips([tmp_path])] == ["a"]


def test_missing_path_and_folder_without_clips_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nothing-here\.mp4: no such file or folder"):
        find_clips([tmp_path / "nothing-here.mp4"])
    touch(tmp_path / "notes.txt")
    with pytest.raises(UsageError, match="no video, GIF or image"):
        find_clips([tmp_path])


def test_a_single_path_and_a_text_are_taken_too(tmp_path: Path) -> None:
    path = touch(tmp_path / "a.mp4")
    assert find_clips(path) == find_clips(str(path)) == find_clips([str(path)])
    with pytest.raises(TypeError, match=r"inputs: expected a path .* got 1"):
        find_clips([1])  # type: ignore[list-item]
    for inputs in (None, 1, b"a.mp4"):
        with pytest.raises(TypeError, match=r"inputs: expected one path or several .* got (N|1|b)"):
            find_clips(inputs)  # type: ignore[arg-type]


def test_every_input_without_a_clip_is_named(tmp_path: Path) -> None:
    gone, empty = tmp_path / "gone.mp4", tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UsageError, match=r"gone\.mp4: no such file.*; .*empty: no video"):
        find_clips([gone, empty])


def test_a_scan_gives_clips_and_problems(tmp_path: Path) -> None:
    good, gone = touch(tmp_path / "a.mp4"), tmp_path / "gone.mp4"
    found = scan([gone, good])
    assert [clip.path for clip in found.clips] == [good]
    assert found.problems == {gone: f"{gone}: no such file or folder"}
