"""The tracker on real clips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cexpr.clips.decode import open_clip
from cexpr.clips.reader import Frame
from cexpr.clips.sources import find_clips
from cexpr.faces.detector import make_detector, to_xyxy
from cexpr.faces.track import Tracker

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
FPS = 30.0


@pytest.mark.parametrize(
    ("stem", "people"), [("again", 1), ("book", 1), ("head-pose-female", 1), ("walking-pair", 2)]
)
def test_real_faces_keep_their_ids_and_prints_are_none(
    shared: Path, stem: str, people: int
) -> None:
    sources = {source.stem: source for source in find_clips([shared / "clips"])}
    detector = make_detector("mtcnn")
    tracker = Tracker(detector)
    with open_clip(sources[stem]) as clip:
        for frame in clip:
            faces = tracker.update(frame)
            assert 1 <= len(faces) <= people
            assert faces.tracks.max() <= people
            found = detector.detect(frame.image)
            best = to_xyxy(found.boxes_xywh[:1])
            assert people > 1 or overlap(best[0], to_xyxy(faces.boxes_xywh)[0]) > 0.5
    assert tracker.full_detections < 0.2 * tracker.frames


def overlap(a: Floats, b: Floats) -> float:
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    both = float(np.prod(np.maximum(sides, 0)))
    return both / (float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2])) - both)


def test_real_people_who_cross_keep_their_ids(shared: Path) -> None:
    passers, scenes = pictures(shared, "eat"), pictures(shared, "walk")
    tracker = Tracker(make_detector("mtcnn"))
    ids = []
    for index, (passer, scene) in enumerate(zip(passers, scenes, strict=False)):
        image = scene.copy()
        left = 8 * index  # a strip with a person moves over a person who stands
        image[:, left : left + 130] = passer[:, 230:360]
        faces = tracker.update(Frame(index + 1, index / FPS, image))
        ids.append(dict(zip(faces.tracks.tolist(), faces.boxes_xywh[:, 0].tolist(), strict=True)))
    assert {number for frame in ids for number in frame} == {1, 2}
    standing_id = max(ids[0], key=ids[0].__getitem__)
    passing_id = min(ids[0], key=ids[0].__getitem__)
    assert ids[-1][passing_id] > ids[-1][standing_id]
    assert all(passing_id in frame for frame in ids)


def pictures(shared: Path, stem: str) -> list[Image]:
    (source,) = find_clips([shared / "clips" / f"{stem}.mkv"])
    with open_clip(source) as clip:
        return [frame.image for frame in clip]


def ids_of(images: list[Image]) -> tuple[Tracker, list[set[int]]]:
    tracker = Tracker(make_detector("mtcnn"))
    frames = (Frame(number, number / FPS, image) for number, image in enumerate(images, start=1))
    return tracker, [set(tracker.update(frame).tracks.tolist()) for frame in frames]


@pytest.mark.parametrize(
    ("first", "second"), [("again", "book"), ("book", "eat"), ("eat", "sorry"), ("thanks", "yes")]
)
def test_no_id_crosses_a_cut_to_another_person_in_the_same_room(
    shared: Path, first: str, second: str
) -> None:
    before, after = pictures(shared, first), pictures(shared, second)
    tracker, ids = ids_of([*before[:8], *after[:8], *before[8:16]])
    assert ids == [{1}] * 8 + [{2}] * 8 + [{1}] * 8
    assert tracker.cuts == [9, 17]


def test_images_may_be_written_over(shared: Path) -> None:
    images = [*pictures(shared, "eat")[:4], *pictures(shared, "book")[:4]]
    tracker, buffer = Tracker(make_detector("mtcnn")), np.empty_like(images[0])
    for number, image in enumerate(images, start=1):
        buffer[:] = image
        faces = tracker.update(Frame(number, number / FPS, buffer))
    assert faces.tracks.tolist() == [2]
    assert tracker.cuts == [5]


def test_flashes_on_a_real_face_change_no_id(shared: Path) -> None:
    images = pictures(shared, "book")[:40]
    for number in (9, 20, 21, 33):
        images[number] = np.clip(images[number] * 1.8 + 60.0, 0, 255).astype(np.uint8)
    tracker, ids = ids_of(images)
    assert set.union(*ids) == {1}
    assert [number for number, found in enumerate(ids) if not found] in ([], [9, 20, 21, 33])
    assert tracker.cuts == []
