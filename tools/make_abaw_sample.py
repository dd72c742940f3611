"""Write a tiny made-up data set in the layout of Aff-Wild2 and C-EXPR-DB, to try every command on.

python tools/make_abaw_sample.py DIR

Aff-Wild2: drawn faces whose mouth and brows follow the annotated expression, sparse frame numbers,
missing markers, a training and a validation part, and a sample submission in which one video has a
frame more than there are images. C-EXPR-DB: pieces of the sample clip with made-up labels; in its
sample submission one clip has a frame more and one a frame less than the video.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cexpr.abaw.classes import CE_HEADER, MTL_HEADER

SIZE = 64
FRAMES = 24
TRAINING, VALIDATION = ("v1", "v2", "v3", "v4", "v5", "v6"), ("v7", "v8", "v9", "v10", "v11")
# Valence and arousal of each expression of Aff-Wild2, and the units drawn with it.
AFFECT = (
    (0, 0),
    (-0.5, 0.6),
    (-0.6, 0.3),
    (-0.6, 0.6),
    (0.8, 0.5),
    (-0.6, -0.3),
    (0.4, 0.7),
    (0, 0.1),
)
MASKED = 0.15
SAMPLE_CLIP = Path(__file__).parents[1] / "clips" / "portrait.mp4"
# First frame in the sample clip of each piece, and the frames that the organisers count too many.
PIECES = {"21": (0, 0), "22": (30, 1), "23": (55, -1)}
PIECE_FRAMES = 10
COMPOUNDS = 7


def draw_face(expression: int, random: np.random.Generator) -> NDArray[np.uint8]:
    """A face of `SIZE` pixels, BGR, with a little noise."""
    image = np.full((SIZE, SIZE, 3), 60, np.uint8)
    cv2.ellipse(image, (32, 34), (24, 29), 0, 0, 360, (150, 180, 220), -1)
    lift, opening = expression % 4 - 2, 1 + 3 * (expression // 4)
    for x in (22, 42):
        cv2.circle(image, (x, 27), 3, (30, 30, 30), -1)
        slope = lift if x < 32 else -lift
        cv2.line(image, (x - 6, 19 + slope), (x + 6, 19 - slope), (40, 40, 40), 2)
    bend = 5 * (expression % 3 - 1)
    cv2.ellipse(
        image,
        (32, 48),
        (10, opening + abs(bend)),
        0,
        0 if bend >= 0 else 180,
        180 if bend >= 0 else 360,
        (40, 40, 160),
        -1 if opening > 1 else 2,
    )
    noise = random.normal(0, 6, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def make(folder: Path, seed: int = 0) -> None:
    """Write images, annotations and sample submissions."""
    random = np.random.default_rng(seed)
    parts: dict[str, list[str]] = {"train": [], "validation": []}
    images = []
    for name in (*TRAINING, *VALIDATION):
        video = folder / "cropped_aligned" / name
        video.mkdir(parents=True, exist_ok=True)
        numbers = np.cumsum(random.integers(1, 9, FRAMES))
        expressions = np.repeat(random.permutation(8), FRAMES // 8)
        for number, expression in zip(numbers.tolist(), expressions.tolist(), strict=True):
            image = f"{name}/{number:05d}.jpg"
            cv2.imwrite(str(folder / "cropped_aligned" / image), draw_face(expression, random))
            part = "train" if name in TRAINING else "validation"
            parts[part].append(f"{image},{_annotation(expression, random)}")
            images.append(image)
    images.append(f"{name}/{numbers[-1] + 1:05d}.jpg")
    units = ",".join(f"AU{unit}" for unit in (1, 2, 4, 6, 7, 10, 12, 15, 23, 24, 25, 26))
    for part, rows in parts.items():
        _write(folder / f"{part}.txt", f"image,valence,arousal,expression,{units}", rows)
    _write(
        folder / "MTL_sample.txt", MTL_HEADER, [f"{image},0,0,0" + ",0" * 12 for image in images]
    )
    _make_clips(folder, random)


def _make_clips(folder: Path, random: np.random.Generator) -> None:
    reader = cv2.VideoCapture(str(SAMPLE_CLIP))
    frames = []
    while (read := reader.read())[0]:
        frames.append(read[1])
    reader.release()
    (folder / "cexpr").mkdir(exist_ok=True)
    (folder / "cexpr_labels").mkdir(exist_ok=True)
    height, width = frames[0].shape[:2]
    rows = []
    for name, (first, more) in PIECES.items():
        writer = cv2.VideoWriter(
            str(folder / "cexpr" / f"{name}.mp4"),
            cv2.VideoWriter.fourcc(*"mp4v"),
            25,
            (width, height),
        )
        for frame in frames[first : first + PIECE_FRAMES]:
            writer.write(frame)
        writer.release()
        count = PIECE_FRAMES + more
        labels = [str(label) for label in random.integers(-1, COMPOUNDS, count)]
        _write(folder / "cexpr_labels" / f"{name}.txt", CE_HEADER.partition(",")[2], labels)
        rows += [f"{name}/{number:05d}.jpg," for number in range(1, count + 1)]
    _write(folder / "CE_sample.txt", CE_HEADER, rows)


def _annotation(expression: int, random: np.random.Generator) -> str:
    affect = [f"{value + random.normal(0, 0.05):.3f}" for value in AFFECT[expression]]
    label = str(expression)
    units = [str((expression >> bit % 3) & 1) for bit in range(12)]
    if random.random() < MASKED:
        affect = ["-5", "-5"]
    if random.random() < MASKED:
        label = "-1"
    if random.random() < MASKED:
        units = ["-1"] * 12
    return ",".join([*affect, label, *units])


def _write(path: Path, header: str, rows: list[str]) -> None:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: python tools/make_abaw_sample.py DIR")
    make(Path(sys.argv[1]))
