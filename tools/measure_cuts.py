"""Measure on cuts made from real clips whether tracks stay with their people.

Usage: python tools/measure_cuts.py [options] CLIP_OR_FOLDER...

Joins pieces of clips of different people, and of the same, and counts the cuts that the tracker
saw and the ids that it gave to another person; then counts the cuts that it sees where none is,
also under camera flashes and pans. Clips of one person are named in SAME_PERSON.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from cexpr.clips.decode import open_clip
from cexpr.clips.reader import Frame
from cexpr.clips.sources import find_clips
from cexpr.faces.detector import Detector, make_detector
from cexpr.faces.track import Tracker

# Clips that show one person, and those that were filmed in one room with one camera.
SAME_PERSON = (("again", "help", "yes"), ("book", "walk"), ("eat", "night"), ("sorry", "thanks"))
ONE_ROOM = ("again", "book", "eat", "help", "night", "sorry", "thanks", "walk", "yes")
SIZE = (640, 480)
RATE = 30.0
# Frames before a cut, after it, and of a short and a long absence.
PIECE, SHORT, LONG = 8, 20, 90
# Kinds in which a person goes out of sight in a room that stays: there is not a cut.
WITHOUT_CUT = ("after absence", "after long absence", "all")
# A cut counts as seen up to so many frames late.
LATE = 2

Picture = Any
Change = Callable[[Picture], Picture]


@dataclass
class Take:
    """Frames of one clip, brought to one size, with the largest face of each (x, y, w, h)."""

    stem: str
    person: str
    frames: list[Picture]
    faces: list[Any]
    rate: float


@dataclass
class Count:
    """What happened at the cuts of one kind."""

    cuts: int = 0
    seen: int = 0
    kept: int = 0
    notes: list[str] = field(default_factory=list)


def load(paths: Sequence[Path], detector: Detector) -> list[Take]:
    takes = []
    for source in find_clips(paths):
        with open_clip(source) as clip:
            read = list(clip)
        frames = [fitted(frame.image) for frame in read]
        tracker = Tracker(detector)
        faces: list[Any] = []
        for number, frame in enumerate(frames):
            found = tracker.update(Frame(number + 1, number / RATE, frame)).boxes_xywh
            largest = found[found[:, 3].argmax()] if len(found) else None
            faces.append(largest if largest is not None else faces[-1])
        group = next((group for group in SAME_PERSON if source.stem in group), (source.stem,))
        rate = (len(read) - 1) / max(read[-1].time, 1e-3)
        takes.append(Take(source.stem, group[0], frames, faces, rate))
    return takes


def fitted(image: Picture) -> Picture:
    """Bring a picture to SIZE, cut at the sides."""
    height, width = image.shape[:2]
    side = min(width, round(height * SIZE[0] / SIZE[1]))
    left = (width - side) // 2
    return cv2.resize(image[:, left : left + side], SIZE, interpolation=cv2.INTER_AREA)


def mirrored(image: Picture) -> Picture:
    return np.ascontiguousarray(image[:, ::-1])


def dark(image: Picture) -> Picture:
    return (image * 0.35).astype(np.uint8)


def grey(image: Picture) -> Picture:
    return np.repeat(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[..., None], 3, axis=2)


def warm(image: Picture) -> Picture:
    return np.clip(image * [0.6, 0.85, 1.1] + [10, 5, 0], 0, 255).astype(np.uint8)


def lit(image: Picture) -> Picture:
    return np.clip(image * 1.8 + 60.0, 0, 255).astype(np.uint8)


def white(image: Picture) -> Picture:
    return np.clip(image * 3.0 + 40.0, 0, 255).astype(np.uint8)


def plain(image: Picture) -> Picture:
    return image


def close_up(take: Take, start: int, heights: float = 3.2) -> Change:
    """Cut a window that stays, with the face of a frame in the middle, and enlarge it."""
    x, y, w, h = (float(value) for value in take.faces[start])
    size = np.array([heights * h * SIZE[0] / SIZE[1], heights * h])
    corner = np.array([x + w / 2, y + h / 2]) - size / 2
    scale = SIZE[0] / size[0]
    matrix = np.array([[scale, 0, -scale * corner[0]], [0, scale, -scale * corner[1]]])
    return lambda image: cv2.warpAffine(image, matrix, SIZE, borderMode=cv2.BORDER_REPLICATE)


def emptied(take: Take, number: int) -> Picture:
    """Paint the person out: each row goes on from the wall on the left to that on the right."""
    image = take.frames[number].copy()
    x, _, w, _ = (int(value) for value in take.faces[number])
    left, right = max(1, x - 2 * w), min(SIZE[0] - 2, x + 3 * w)
    share = np.linspace(0, 1, right - left)[None, :, None]
    image[:, left:right] = (1 - share) * image[:, left - 1, None] + share * image[:, right, None]
    return image


def piece(take: Take, start: int, length: int, change: Change) -> list[Picture]:
    """Take so many frames from a place on; at the end of the clip they go back again."""
    there = list(range(len(take.frames)))
    order = there + there[-2:0:-1]
    return [change(take.frames[order[(start + i) % len(order)]]) for i in range(length)]


def play(detector: Detector, frames: Iterable[Picture]) -> tuple[list[int], list[set[int]]]:
    """Track frames; return the cuts and the ids in each frame."""
    tracker = Tracker(detector)
    ids = [
        set(tracker.update(Frame(number, (number - 1) / RATE, image)).tracks.tolist())
        for number, image in enumerate(frames, start=1)
    ]
    return tracker.cuts, ids


def joined(detector: Detector, count: Count, parts: Sequence[list[Picture]], name: str) -> None:
    """Count whether the cut before the last part was seen, and an id of the first part is there."""
    cuts, ids = play(detector, [image for part in parts for image in part])
    end, start = len(parts[0]), sum(len(part) for part in parts[:-1])
    before, after = set.union(*ids[:end]), set.union(*ids[start:])
    if not before or not after:
        return
    count.cuts += 1
    count.seen += any(start + 1 <= cut <= start + 1 + LATE for cut in cuts)
    if before & after:
        count.kept += 1
        count.notes.append(name)


def cuts_to_others(takes: Sequence[Take], detector: Detector, rng: Any) -> dict[str, Count]:
    """Cut from each take to those of other people, in another scene and in the same room."""
    names = ("other scene", "same room", "same place", "after absence")
    counts = {name: Count() for name in names}
    alone = {"mirrored": mirrored, "dark": dark, "grey": grey, "warm": warm}
    both = {"plain": plain, **alone}
    for number, (a, b) in enumerate(itertools.permutations(takes, 2)):
        if a.person == b.person:
            continue
        i, j = (int(rng.integers(len(take.frames) - PIECE)) for take in (a, b))
        names = f"{a.stem} {i} | {b.stem} {j}"
        is_one_room = a.stem in ONE_ROOM and b.stem in ONE_ROOM
        first = piece(a, i, PIECE, plain)
        for change in ("mirrored",) if is_one_room else ("plain", "mirrored"):
            second = piece(b, j, PIECE, both[change])
            joined(detector, counts["other scene"], [first, second], f"{names} {change}")
        kinds = list(both)
        kind = kinds[number % len(kinds)]
        if is_one_room:
            for change in ("plain", kinds[1 + number % (len(kinds) - 1)]):
                parts = [piece(take, k, PIECE, both[change]) for take, k in ((a, i), (b, j))]
                joined(detector, counts["same room"], parts, f"{names} {change}")
            away = [emptied(a, i)] * SHORT
            parts = [first, away, piece(b, j, PIECE, plain)]
            joined(detector, counts["after absence"], parts, names)
        near = [
            [both[kind](image) for image in piece(take, k, PIECE, close_up(take, k))]
            for take, k in ((a, i), (b, j))
        ]
        joined(detector, counts["same place"], near, f"{names} {kind}")
    return counts


def returns(takes: Sequence[Take], detector: Detector, rng: Any) -> dict[str, Count]:
    """Let people come back: after a cut away, after an absence, and by a cut to another take."""
    names = ("cut back", "cut back, late", "jump cut", "after absence", "after long absence")
    counts = {name: Count() for name in names}
    for a, b in itertools.permutations(takes, 2):
        i, j = (int(rng.integers(len(take.frames) - PIECE)) for take in (a, b))
        first = piece(a, i, PIECE, plain)
        if a.person == b.person:
            parts = [first, piece(b, j, PIECE, plain)]
            joined(detector, counts["jump cut"], parts, f"{a.stem} {b.stem}")
            continue
        if rng.random() < 0.6:
            continue
        for name, away in (("cut back", SHORT), ("cut back, late", LONG)):
            parts = [first, piece(b, j, away, plain), piece(a, i + PIECE + away, PIECE, plain)]
            joined(detector, counts[name], parts, f"{a.stem} {b.stem}")
    for take in takes:
        if take.stem not in ONE_ROOM:
            continue
        for name, away in (("after absence", SHORT), ("after long absence", LONG)):
            for start in range(0, len(take.frames) - PIECE, 12):
                parts = [
                    piece(take, start, PIECE, plain),
                    [emptied(take, start)] * away,
                    piece(take, start + PIECE + away, PIECE, plain),
                ]
                joined(detector, counts[name], parts, f"{take.stem} {start}")
    return counts


def flashed(take: Take, rng: Any) -> list[Picture]:
    """Flashes of one or two frames, lit or nearly white, about every second."""
    frames, number = list(take.frames), 5
    while number < len(frames) - 4:
        flash = lit if rng.random() < 0.5 else white
        for offset in range(int(rng.integers(1, 3))):
            frames[number + offset] = flash(frames[number + offset])
        number += int(rng.integers(20, 40))
    return frames


def panned(take: Take) -> list[Picture]:
    """A window that swings over the picture, up to 40 pixels of the result in a frame, blurred."""
    width = SIZE[0] * 2 // 3
    frames = []
    for number, image in enumerate(take.frames):
        swing = 0.5 - 0.5 * np.cos(number / 8)
        speed = abs(np.sin(number / 8)) / 16 * (SIZE[0] - width) * SIZE[0] / width
        left = round(swing * (SIZE[0] - width))
        window = cv2.resize(image[: width * 3 // 4, left : left + width], SIZE)
        frames.append(cv2.blur(window, (max(1, round(speed / 2)), 1)))
    return frames


def false_cuts(takes: Sequence[Take], detector: Detector, rng: Any) -> None:
    """Print cuts, ids and minutes of clips without a cut."""
    plays: dict[str, Callable[[Take], list[Picture]]] = {
        "plain": lambda take: take.frames,
        "backwards": lambda take: take.frames[::-1],
        "twice as fast": lambda take: take.frames[::2],
        "mirrored, dark": lambda take: [dark(mirrored(image)) for image in take.frames],
        "grey": lambda take: [grey(image) for image in take.frames],
        "close": lambda take: [close_up(take, 0)(image) for image in take.frames],
        "flashes": lambda take: flashed(take, rng),
        "pans": panned,
    }
    print(f"{'without a cut':>20}  {'minutes':>8}  {'cuts':>5}  {'people':>6}  {'ids':>5}")
    total = np.zeros(2)
    for name, change in plays.items():
        minutes, cuts, ids, people = 0.0, 0, 0, 0
        for take in takes:
            frames = change(take)
            found, seen = play(detector, frames)
            minutes += len(frames) / take.rate / 60
            cuts += len(found)
            ids += len(set.union(*seen))
            people += max(len(frame) for frame in seen)
        total += (minutes, cuts)
        print(f"{name:>20}  {minutes:8.2f}  {cuts:5}  {people:6}  {ids:5}")
    print(f"{'all':>20}  {total[0]:8.2f}  {total[1]:5.0f}   {total[1] / total[0]:.2f} a minute\n")


def show(title: str, column: str, counts: dict[str, Count], *, is_verbose: bool) -> None:
    every = Count(*(sum(getattr(c, n) for c in counts.values()) for n in ("cuts", "seen", "kept")))
    print(f"{title:>20}  {'times':>5}  {'cuts seen':>9}  {'%':>6}  {column:>11}  {'%':>6}")
    for name, one in {**counts, "all": every}.items():
        shares = [100 * value / max(one.cuts, 1) for value in (one.seen, one.kept)]
        seen = f"{one.seen:9}  {shares[0]:6.1f}" if name not in WITHOUT_CUT else f"{'-':>9}  {'':6}"
        print(f"{name:>20}  {one.cuts:5}  {seen}  {one.kept:11}  {shares[1]:6.1f}")
        for note in one.notes if is_verbose else ():
            print(f"{'':>20}  {note}")
    print()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--detector", default="mtcnn", help="mtcnn or yunet")
    parser.add_argument("--detector-model", type=Path, help="model file of yunet")
    parser.add_argument("--verbose", action="store_true", help="list where ids were kept")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    detector = make_detector(arguments.detector, model_path=arguments.detector_model)
    takes = load(arguments.clips, detector)
    rng = np.random.default_rng(7)
    false_cuts(takes, detector, rng)
    verbose = arguments.verbose
    others = cuts_to_others(takes, detector, rng)
    show("to another person", "handed over", others, is_verbose=verbose)
    show("same person", "regained", returns(takes, detector, rng), is_verbose=False)


if __name__ == "__main__":
    main()
