"""FER+ faces with their crowd votes, cleaned as its authors do."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cexpr.signals import EXPRESSIONS

VOTE_COLUMNS = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "NF",
)
SIZE = 48


@dataclass(frozen=True)
class Faces:
    """Faces that the crowd saw as faces.

    Attributes:
        images: uint8, shape (N, 48, 48), grey.
        shares: float32, shape (N, 8): share of the votes of each expression, in the order of
            `cexpr.signals.EXPRESSIONS`; rows sum to 1.
        votes: uint8, shape (N, 8): the votes themselves, uncleaned, in the same order.
        has_majority: bool, shape (N,): one expression has more than half of all cleaned votes,
            unknown and not-a-face counted in, which is FER+'s rule for its "majority" figures.
    """

    images: NDArray[np.uint8]
    shares: NDArray[np.float32]
    votes: NDArray[np.uint8]
    has_majority: NDArray[np.bool_]

    @property
    def labels(self) -> NDArray[np.int64]:
        """int64, shape (N,): the expression with most votes."""
        return self.shares.argmax(axis=1)

    def __len__(self) -> int:
        return len(self.images)


def load(path: Path) -> Faces:
    """Read one split and clean it.

    A single vote is an outlier and counts as none (Barsoum et al., ICMI 2016, and their reader).
    A row goes when nothing is left, or when "unknown" or "not a face" has more votes than every
    expression.

    Args:
        path: An `.npz` with `images` (N, 48, 48) and `votes` (N, 10), or a folder of PNG files
            with FER+'s `label.csv`.
    """
    images, votes = _from_npz(path) if path.suffix == ".npz" else _from_folder(path)
    cleaned = np.where(votes <= 1, 0, votes).astype(np.float32)
    emotions = cleaned[:, :8]
    kept = (emotions.sum(axis=1) > 0) & (emotions.max(axis=1) >= cleaned[:, 8:].max(axis=1))
    order = [VOTE_COLUMNS.index(name) for name in EXPRESSIONS]
    chosen = emotions[kept][:, order]
    return Faces(
        images=images[kept],
        shares=chosen / chosen.sum(axis=1, keepdims=True),
        votes=votes[kept][:, order],
        has_majority=chosen.max(axis=1) > 0.5 * cleaned[kept].sum(axis=1),
    )


def split_path(folder: Path, name: str) -> Path:
    """Where the split "train" or "valid" is: an `.npz`, or a folder of the FER+ layout."""
    packed = folder / f"ferplus_{name}.npz"
    return packed if packed.is_file() else folder / f"FER2013{name.capitalize()}"


def split(folder: Path, name: str) -> Faces:
    """Read and clean the split "train" or "valid"."""
    return load(split_path(folder, name))


def fingerprint(path: Path) -> str:
    """SHA-256 of a data file, or of all files of a folder in the order of their names."""
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _from_npz(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    with np.load(path) as data:
        return data["images"], data["votes"]


def _from_folder(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    import cv2

    images, votes = [], []
    with (folder / "label.csv").open(newline="", encoding="utf-8") as stream:
        for name, _box, *counts in csv.reader(stream):
            image = cv2.imread(str(folder / name), cv2.IMREAD_GRAYSCALE)
            if image is None or image.shape != (SIZE, SIZE):
                raise ValueError(f"{folder / name}: expected a grey image of {SIZE} x {SIZE}")
            images.append(image)
            votes.append([int(float(count)) for count in counts])
    return np.stack(images).astype(np.uint8), np.array(votes, dtype=np.uint8)
