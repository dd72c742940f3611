"""Degrade faces step by step and print how quality and accuracy fall together.

python tools/measure_quality.py ferplus_valid.npz [--rows 3579] [--write docs/quality.md]

Faces count whose votes have a majority. Each is made smaller, blurred, darkened or cut off, and
goes the way of any face of which only the box is known: cut, model, quality. A size is the side of
the box in pixels, sigma that of a Gaussian blur of 48 x 48 pixels. Without landmarks nothing is
turned.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from cexpr.abaw.classes import AFF_WILD2_SIGNALS
from cexpr.evaluation.crowd import VOTE_COLUMNS, CrowdFaces, read_faces
from cexpr.faces.batches import FaceBatches, Tensors
from cexpr.faces.quality import face_quality
from cexpr.models import outputs, zoo
from cexpr.models.session import Model
from cexpr.options import DEFAULT_MIN_QUALITY
from cexpr.rules.rule_set import RuleSet
from cexpr.tables.columns import QUALITY_REASONS

Image = NDArray[np.uint8]
_SIZES: Final = (36, 28, 20, 14)
_SIGMAS: Final = (0.5, 1.0, 1.5, 2.0, 3.0)
_GAINS: Final = (0.5, 0.25, 0.18, 0.12, 0.06)
_CUTS: Final = (0.1, 0.2, 0.3, 0.4)
_START: Final = "<!-- measured quality -->\n"
_END: Final = "<!-- end quality -->"


@dataclass(frozen=True)
class Step:
    """One way to make faces worse.

    Attributes:
        name: What was done.
        images: The pictures.
        boxes_xywh: float32, shape (N, 4), where the face lies in each.
    """

    name: str
    images: list[Image]
    boxes_xywh: NDArray[np.float32]


@dataclass(frozen=True)
class Row:
    """What was measured for a step; shares in 0..1.

    Attributes:
        name: What was done.
        accuracy: Faces whose strongest expression is that of the majority.
        neutral_mistaken: Neutral faces whose strongest expression is another one.
        neutral_labelled: Neutral faces that get a compound from the rules, of any quality.
        neutral_kept: Neutral faces that get one and whose quality is high enough.
        quality: Mean quality.
        kept: Faces whose quality is high enough for a label.
        reason: The commonest reason of those that are not kept, "" for none.
    """

    name: str
    accuracy: float
    neutral_mistaken: float
    neutral_labelled: float
    neutral_kept: float
    quality: float
    kept: float
    reason: str


def with_majority(faces: CrowdFaces) -> tuple[Image, NDArray[np.int64]]:
    """The faces whose votes have a majority, and its class in the order of AFF_WILD2_SIGNALS."""
    count = len(AFF_WILD2_SIGNALS)
    votes = faces.votes[:, :count]
    chosen = np.flatnonzero(votes.max(axis=1) > faces.votes.sum(axis=1) / 2)
    ids = np.array([AFF_WILD2_SIGNALS.index(name) for name in VOTE_COLUMNS[:count]])
    return faces.images[chosen], ids[votes[chosen].argmax(axis=1)]


def steps(faces: Image) -> Iterator[Step]:
    """The faces as they are, and made worse in every way and degree."""
    side = faces.shape[1]
    whole = np.tile(np.float32([0, 0, side, side]), (len(faces), 1))
    yield Step("as they are", list(faces), whole)
    for size in _SIZES:
        smaller = [cv2.resize(one, (size, size), interpolation=cv2.INTER_AREA) for one in faces]
        yield Step(f"{size} pixels", smaller, whole * np.float32(size / side))
    for sigma in _SIGMAS:
        border = cv2.BORDER_REPLICATE
        blurred = [cv2.GaussianBlur(one, (0, 0), sigma, borderType=border) for one in faces]
        yield Step(f"blurred, sigma {sigma:g}", blurred, whole)
    for gain in _GAINS:
        dark = [np.round(one * gain).astype(np.uint8) for one in faces]
        yield Step(f"darkened to {100 * gain:.0f} %", dark, whole)
    for share in _CUTS:
        gone = round(side * share)
        moved = whole - np.float32([gone, 0, 0, 0])
        yield Step(f"{100 * share:.0f} % cut off", [one[:, gone:] for one in faces], moved)


def measure(step: Step, classes: NDArray[np.int64], model: Model, rules: RuleSet) -> Row:
    """Run model and rules on the faces of a step."""
    found: list[outputs.Signals] = []

    def take_in(tensors: list[Tensors]) -> None:
        found.append(outputs.signals(model.manifest, tensors[0]))

    batches = FaceBatches([model], take_in)
    unknown = np.full((1, 5, 2), np.nan, np.float32)
    sure = np.ones(1, np.float32)
    quality, reasons = [], []
    for picture, box in zip(step.images, step.boxes_xywh[:, np.newaxis], strict=True):
        image = np.repeat(picture[:, :, np.newaxis], 3, axis=2)
        batches.add(image, unknown, box)
        value, reason = face_quality(image, unknown, box, sure)
        quality.append(value[0])
        reasons.append(reason[0])
    batches.flush()
    names = found[0].names
    values = np.concatenate([one.values for one in found])
    guess = values[:, [names.index(name) for name in AFF_WILD2_SIGNALS]].argmax(axis=1)
    neutral = classes == AFF_WILD2_SIGNALS.index("neutral")
    labelled = rules.decide(rules.evaluate(values, list(names))) >= 0
    kept = np.array(quality) >= DEFAULT_MIN_QUALITY
    counts = np.bincount(np.array(reasons)[~kept], minlength=len(QUALITY_REASONS) + 1)[1:]
    return Row(
        name=step.name,
        accuracy=float((guess == classes).mean()),
        neutral_mistaken=float((guess[neutral] != classes[neutral]).mean()),
        neutral_labelled=float(labelled[neutral].mean()),
        neutral_kept=float((labelled & kept)[neutral].mean()),
        quality=float(np.mean(quality)),
        kept=float(kept.mean()),
        reason=QUALITY_REASONS[int(counts.argmax())] if counts.any() else "",
    )


def milliseconds(side: int) -> float:
    """Median time of `face_quality` for a face of this side in a noisy picture of 1080 rows."""
    image = np.random.default_rng(0).integers(0, 256, (1080, 1920, 3), dtype=np.uint8)
    box = np.float32([[100, 100, side, side]])
    points = 100 + side * np.float32(
        [[[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]]]
    )
    times = []
    for _ in range(200):
        start = time.perf_counter()
        face_quality(image, points, box, np.ones(1, np.float32))
        times.append(time.perf_counter() - start)
    return 1000 * float(np.median(times))


def report(path: Path, rows: int) -> str:
    """The table of all steps as Markdown."""
    images, classes = with_majority(read_faces(path))
    images, classes = images[:rows], classes[:rows]
    manifest = zoo.find(zoo.DEFAULT_MODEL)
    model = Model(manifest, zoo.model_file(manifest), threads=2)
    rules = RuleSet.load("avcer")
    lines = [
        f"{path.name}, {len(images)} faces with a majority, model `{manifest.id}`, "
        f"rule set `{rules.name}`, limit {DEFAULT_MIN_QUALITY:g}:",
        "",
        "| faces | accuracy | neutral faces taken for another expression | "
        "neutral faces that get a label: without the limit, with it | mean quality | "
        "kept for a label | commonest reason of the others |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for step in steps(images):
        row = measure(step, classes, model, rules)
        lines.append(
            f"| {row.name} | {row.accuracy:.3f} | {row.neutral_mistaken:.3f} | "
            f"{row.neutral_labelled:.3f}, {row.neutral_kept:.3f} | "
            f"{row.quality:.2f} | {100 * row.kept:.1f} % | {row.reason} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the report and times, or write the report between the marks of a page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("faces", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    text = report(given.faces, given.rows)
    if given.write is None:
        print(text)
        for side in (40, 200, 800):
            print(f"quality of a face of {side} pixels: {milliseconds(side):.3f} ms")
        return
    page = given.write.read_text(encoding="utf-8")
    before, _, rest = page.partition(_START)
    after = rest.partition(_END)[2]
    given.write.write_text(f"{before}{_START}{text}{_END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
