"""The tracker, on painted scenes whose truth is known."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from builders.photos import astronaut
from cexpr.clips.reader import Frame
from cexpr.faces.detector import Detections, make_detector
from cexpr.faces.track import TrackedFaces, Tracker, TrackOptions

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

SIZE = 40
FPS = 30.0
RED, BLUE, GREEN = (30, 30, 220), (220, 60, 30), (40, 200, 40)


class Person:
    """A painted face: where it is at frame i, or None where it is out of sight."""

    def __init__(
        self,
        color: tuple[int, int, int],
        place: Callable[[int], tuple[float, float] | None],
        confirmed: float = 1.0,
    ) -> None:
        self.color = color
        self.place = place
        self.confirmed = confirmed


class Stage:
    """A detector that sees through paint: it knows where the people are.

    People later in the list stand in front: who is covered by more than half is not seen.
    """

    name = "stage"
    searches = True
    inference_seconds = 0.0

    def __init__(
        self,
        people: list[Person],
        background: Callable[[int], int] = lambda _: 90,
        clothes: int = SIZE // 3,
    ) -> None:
        self.people = people
        self.clothes = clothes
        self.background = background
        self.now = 0

    def frame(self, index: int) -> Frame:
        self.now = index
        image = np.full((240, 320, 3), self.background(index), np.uint8)
        for person in self.people:
            place = person.place(index)
            if place is not None:
                x, y = (round(value) for value in place)
                shaded = [value // 2 for value in person.color]
                edge = self.clothes  # and hair, darker than the face
                image[y - edge : y + SIZE + edge, x - edge : x + SIZE + edge] = shaded
                image[y : y + SIZE, x : x + SIZE] = person.color
                image[y + SIZE // 2 : y + SIZE // 2 + 6, x + 8 : x + SIZE - 8] = 0
        return Frame(index + 1, index / FPS, image)

    def visible(self) -> list[tuple[Person, tuple[float, float]]]:
        placed = [(p, p.place(self.now)) for p in self.people]
        seen = []
        for i, (person, place) in enumerate(placed):
            if place is None:
                continue
            covers = [
                max(0, SIZE - abs(place[0] - other[0])) * max(0, SIZE - abs(place[1] - other[1]))
                for _, other in placed[i + 1 :]
                if other is not None
            ]
            if max(covers, default=0) <= SIZE * SIZE / 2:
                seen.append((person, place))
        return seen

    def faces(self, places: list[tuple[float, float]], scores: list[float]) -> Detections:
        boxes = np.array([(x, y, SIZE, SIZE) for x, y in places], np.float32).reshape(-1, 4)
        landmarks = np.zeros((len(places), 5, 2), np.float32) + boxes[:, None, :2] + SIZE / 2
        return Detections(boxes, np.array(scores, np.float32), landmarks)

    def detect(self, image: Image) -> Detections:
        places = [place for _, place in self.visible()]
        return self.faces(places, [0.99] * len(places))

    def refine(self, image: Image, boxes_xywh: Floats) -> Detections:
        places, scores = [], []
        for x, y, _, _ in boxes_xywh.tolist():
            near = min(
                (place for _, place in self.visible()),
                key=lambda place: np.hypot(place[0] - x, place[1] - y),
                default=None,
            )
            is_near = near is not None and np.hypot(near[0] - x, near[1] - y) < 0.4 * SIZE
            places.append(near if is_near and near is not None else (x, y))
            scores.append(0.95 if is_near else 0.01)
        return self.faces(places, scores)

    def confirm(self, image: Image, boxes_xywh: Floats) -> Floats:
        people = {place: person for person, place in self.visible()}
        found = [people.get((x, y)) for x, y, _, _ in boxes_xywh.tolist()]
        return np.array([0 if p is None else p.confirmed for p in found], np.float32)

    def play(
        self, frames: int, options: TrackOptions | None = None
    ) -> tuple[Tracker, list[TrackedFaces]]:
        tracker = Tracker(self, options)
        return tracker, [tracker.update(self.frame(index)) for index in range(frames)]


def standing(x: float, y: float) -> Callable[[int], tuple[float, float]]:
    return lambda _: (x, y)


def track_at(faces: TrackedFaces, place: tuple[float, float] | None) -> int | None:
    """The id that the tracker gives to the face at a place."""
    assert place is not None
    for number, box in zip(faces.tracks.tolist(), faces.boxes_xywh, strict=True):
        if np.hypot(*(box[:2] - place)) < SIZE / 4:
            return int(number)
    return None


def test_standing_face_is_followed_and_searched_for_only_now_and_then() -> None:
    tracker, seen = Stage([Person(RED, standing(100, 80))]).play(61, TrackOptions(detect_every=15))
    assert [faces.tracks.tolist() for faces in seen] == [[1]] * 61
    assert (tracker.frames, tracker.full_detections) == (61, 5)
    first = seen[0]
    assert first.boxes_xywh.tolist() == [[100, 80, SIZE, SIZE]]
    assert (first.tracks.dtype, first.scores.dtype) == (np.int64, np.float32)
    assert first.landmarks.shape == (1, 5, 2)


def test_detect_every_one_searches_every_frame() -> None:
    tracker, _ = Stage([Person(RED, standing(100, 80))]).play(10, TrackOptions(detect_every=1))
    assert tracker.full_detections == 10


def test_moving_face_keeps_its_id() -> None:
    person = Person(RED, lambda i: (20 + 4 * i, 80 + 20 * np.sin(i / 5)))
    tracker, seen = Stage([person]).play(60)
    for index, faces in enumerate(seen):
        assert track_at(faces, person.place(index)) == 1
    assert tracker.full_detections <= 6


def test_clip_without_a_face_is_searched_less_and_less_often() -> None:
    tracker, seen = Stage([]).play(40, TrackOptions(search_every=4))
    assert all(len(faces) == 0 for faces in seen)
    assert 10 <= tracker.full_detections <= 13
    assert seen[0].boxes_xywh.shape == (0, 4)


@pytest.mark.parametrize("late", [False, True])
def test_face_that_appears_or_leaves(late: bool) -> None:
    person = Person(RED, lambda i: (100, 80) if (i >= 20) == late else None)
    _, seen = Stage([person]).play(40, TrackOptions(search_every=4))
    present = [len(faces) == 1 for faces in seen]
    if late:
        assert not any(present[:20])
        assert all(present[24:])
    else:
        assert present == [True] * 20 + [False] * 20


def test_id_survives_a_short_occlusion() -> None:
    person = Person(RED, lambda i: None if 20 <= i < 40 else (100 + i / 2, 80))
    _, seen = Stage([person]).play(60)
    assert [faces.tracks.tolist() for faces in seen[20:40]] == [[]] * 20
    assert seen[-1].tracks.tolist() == [1]
    assert sum(len(faces) for faces in seen[40:]) >= 16


def test_id_is_not_used_again_after_the_gap_budget() -> None:
    person = Person(RED, lambda i: None if 10 <= i < 50 else (100, 80))
    _, seen = Stage([person]).play(60, TrackOptions(gap_seconds=1.0, return_seconds=1.0))
    assert seen[0].tracks.tolist() == [1]
    assert seen[-1].tracks.tolist() == [2]


def test_another_person_in_the_same_place_gets_another_id() -> None:
    people = [
        Person(RED, lambda i: (100, 80) if i < 20 else None),
        Person(BLUE, lambda i: (105, 82) if i >= 30 else None),
    ]
    _, seen = Stage(people).play(60)
    assert seen[10].tracks.tolist() == [1]
    assert seen[-1].tracks.tolist() == [2]


@pytest.mark.parametrize("front", [0, 1])
def test_ids_stay_with_two_people_who_cross(front: int) -> None:
    people = [
        Person(RED, lambda i: (60 + 2.5 * i, 80)),
        Person(BLUE, lambda i: (210 - 2.5 * i, 84)),
    ]
    stage = Stage(people[::-1] if front == 0 else people)
    _, seen = stage.play(60)
    before = [track_at(seen[5], person.place(5)) for person in people]
    after = [track_at(seen[59], person.place(59)) for person in people]
    assert sorted(before) == [1, 2]  # type: ignore[type-var]
    assert after == before


def test_new_face_among_followed_ones_is_found_at_the_next_search() -> None:
    people = [
        Person(RED, standing(60, 80)),
        Person(BLUE, lambda i: (200, 80) if i >= 20 else None),
    ]
    _, seen = Stage(people).play(40, TrackOptions(detect_every=10))
    assert seen[19].tracks.tolist() == [1]
    assert seen[30].tracks.tolist() == [1, 2]
    assert all((np.diff(faces.tracks) > 0).all() for faces in seen)


def test_of_several_faces_those_that_began_first_are_first() -> None:
    people = [
        Person(RED, lambda i: (60, 80) if i >= 20 else None),
        Person(BLUE, standing(200, 80)),
    ]
    _, seen = Stage(people).play(40, TrackOptions(detect_every=10))
    first = seen[-1].first(1)
    assert first.tracks.tolist() == [1]
    np.testing.assert_array_equal(first.boxes_xywh[0, :2], (200, 80))
    assert len(first.scores) == len(first.landmarks) == 1
    assert len(seen[-1].first(9)) == len(seen[-1]) == 2


def test_doubtful_face_is_never_started() -> None:
    people = [Person(RED, standing(60, 80)), Person(BLUE, standing(200, 80), confirmed=0.4)]
    _, seen = Stage(people).play(40)
    assert [faces.tracks.tolist() for faces in seen] == [[1]] * 40


@pytest.mark.parametrize(("confirmed", "clear_score", "expected"), [
    (0.6, 0.98, 1), (0.6, 1.0, 0), (0.8, 1.0, 1), (0.4, 0.98, 0),
])  # fmt: skip
def test_clear_face_starts_with_less_confirmation(
    confirmed: float, clear_score: float, expected: int
) -> None:
    stage = Stage([Person(RED, standing(100, 80), confirmed)])  # detected with 0.99
    _, (faces,) = stage.play(1, TrackOptions(clear_score=clear_score))
    assert len(faces) == expected


def test_every_face_of_a_group_is_kept_in_a_still() -> None:
    person = cv2.resize(astronaut(), (240, 240), interpolation=cv2.INTER_AREA)
    picture = np.tile(person, (5, 6, 1))
    faces = Tracker(make_detector("mtcnn")).update(Frame(1, 0.0, picture))
    assert faces.tracks.tolist() == list(range(1, 31))


def test_scene_cut_is_searched_at_once_and_gives_new_people_new_ids() -> None:
    people = [
        Person(RED, lambda i: (100, 80) if i < 22 else None),
        Person(BLUE, lambda i: (110, 84) if i >= 22 else None),
    ]
    stage = Stage(people, lambda i: 40 if i < 22 else 200)
    tracker, seen = stage.play(30, TrackOptions(detect_every=100))
    assert tracker.cuts == [23]
    assert seen[21].tracks.tolist() == [1]
    assert seen[22].tracks.tolist() == [2]


def test_person_is_known_again_after_a_cut() -> None:
    person = Person(RED, lambda i: (40, 60) if i < 22 else (220, 150))
    stage = Stage([person], lambda i: 40 if i < 22 else 200, clothes=SIZE)
    tracker, seen = stage.play(30)
    assert tracker.cuts == [23]
    assert {number for faces in seen for number in faces.tracks.tolist()} == {1}


def test_person_who_comes_back_after_a_long_absence_is_known_by_clear_likeness() -> None:
    people = [
        Person(RED, lambda i: (200, 80) if i < 10 or i >= 100 else None),
        Person(BLUE, lambda i: (100, 80) if i >= 100 else None),
    ]
    _, seen = Stage(people, clothes=SIZE).play(120)
    assert track_at(seen[119], (200, 80)) == 1
    assert track_at(seen[119], (100, 80)) == 2


def test_light_that_changes_slowly_is_no_cut() -> None:
    stage = Stage([Person(RED, standing(100, 80))], lambda i: 40 + 3 * i)
    tracker, seen = stage.play(60, TrackOptions(detect_every=100))
    assert tracker.cuts == []
    assert [faces.tracks.tolist() for faces in seen] == [[1]] * 60


def test_frames_may_change_their_size() -> None:
    stage = Stage([Person(RED, standing(20, 20))])
    tracker = Tracker(stage)
    tracker.update(stage.frame(0))
    frame = stage.frame(1)
    faces = tracker.update(Frame(2, frame.time, np.ascontiguousarray(frame.image[:100, :90])))
    assert faces.tracks.tolist() == [1]


def test_full_frame_is_one_face_throughout() -> None:
    tracker = Tracker(make_detector("full-frame"))
    rng = np.random.default_rng(0)
    for index in range(1, 5):
        image = rng.integers(0, 256, (20 + index, 30, 3), np.uint8)
        faces = tracker.update(Frame(index, index / FPS, image))
        assert faces.tracks.tolist() == [1]
        assert faces.boxes_xywh.tolist() == [[0, 0, 30, 20 + index]]


@pytest.mark.parametrize(
    "options",
    [
        {"detect_every": 0},
        {"search_every": 0},
        {"start_score": 1.5},
        {"follow_score": -0.1},
        {"gap_seconds": -1.0},
        {"new_share": float("nan")},
        {"return_seconds": 1.0},
    ],
)
def test_options_out_of_range_are_value_errors(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        TrackOptions(**options)  # type: ignore[arg-type]
