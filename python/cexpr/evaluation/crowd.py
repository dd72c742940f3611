"""Crowd-confirmed compounds: faces on which several taggers saw each of two basic emotions.

Ten people tagged every face of FER+ (Barsoum et al., ICMI 2016). A face is a compound of two basic
emotions where at least two taggers chose each of them, both are ahead of every other basic emotion
(there are six; neutral and contempt do not count), and both hold at least 60 % of all votes
together. Nobody was asked for compounds: they follow from the votes on single emotions.
"""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from cexpr import metrics
from cexpr._support.text import reason_of
from cexpr._support.types import Doubles, Floats, Image, Integers, Labels
from cexpr.abaw.classes import CE_CLASSES, CE_PAIRS
from cexpr.errors import UsageError

if TYPE_CHECKING:
    from cexpr.faces.batches import Tensors
    from cexpr.models.outputs import Signals
    from cexpr.models.session import FaceModel
    from cexpr.rules.rule_set import RuleSet

VOTE_COLUMNS: Final = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "not_a_face",
)
BASIC_EMOTIONS: Final = ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
_MIN_VOTES: Final = 2
_MIN_SHARE: Final = 0.6


@dataclass(frozen=True)
class CrowdFaces:
    """Faces with the votes of their taggers.

    Attributes:
        images: uint8, shape (N, H, W), grey.
        votes: int64, shape (N, 10), counts in the order of `VOTE_COLUMNS`.
    """

    images: Image
    votes: Integers

    def __len__(self) -> int:
        return len(self.votes)

    def __getitem__(self, rows: Integers) -> CrowdFaces:
        return CrowdFaces(self.images[rows], self.votes[rows])


@dataclass(frozen=True)
class Answers:
    """What a rule set says of faces.

    Attributes:
        labels: int32, shape (N,): ids in the order of `CE_CLASSES`, -1 for no label or another
            compound.
        scores: float32, shape (N,): the highest adjusted score (priors and bias included) of the
            seven compounds, whether or not it suffices for a label; -inf where none can be chosen.
    """

    labels: Labels
    scores: Floats


@dataclass(frozen=True)
class CrowdScore:
    """How often a rule set names the compound that the crowd saw.

    Attributes:
        confusion: int64, shape (7, 8): crowd's class by predicted class; the last column counts
            faces that got no label or one outside the seven.
    """

    confusion: Integers

    @property
    def faces(self) -> int:
        """Number of faces."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """Share of faces with the right class; no label is wrong."""
        return float(np.trace(self.confusion)) / self.faces if self.faces else 0.0

    @property
    def f1(self) -> Doubles:
        """F1 of each class, shape (7,); a class that neither side names has 0."""
        return metrics.class_f1(self.confusion)

    @property
    def macro_f1(self) -> float:
        """Mean of the seven F1, absent classes included."""
        return float(self.f1.mean())


def read_faces(path: Path) -> CrowdFaces:
    """Read faces and votes.

    Args:
        path: An npz file with `images` (uint8, N x H x W) and `votes` (N x 10), or a folder as FER+
            makes them: images beside a `label.csv` with rows `name, box, ten votes`.

    Returns:
        All faces, in file order.

    Raises:
        UsageError: the path is neither, or its content does not fit.
    """
    if path.is_dir():
        return _read_folder(path)
    try:
        with np.load(path, allow_pickle=False) as archive:
            images, votes = archive["images"], archive["votes"].astype(np.int64)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise UsageError(
            f"{path}: expected an npz file with images and votes, or a folder with label.csv: "
            f"{_reason(error)}"
        ) from error
    if images.dtype != np.uint8 or images.ndim != 3 or votes.shape != (len(images), 10):
        raise UsageError(
            f"{path}: expected images uint8 (N, H, W) and votes (N, 10); got {images.dtype} "
            f"{images.shape} and {votes.shape}"
        )
    return CrowdFaces(images, votes)


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return "one of the two is missing"
    return reason_of(error) if isinstance(error, OSError) else "not an npz file"


def _read_folder(folder: Path) -> CrowdFaces:
    from cexpr.clips.decode import open_clip
    from cexpr.clips.sources import find_clips

    table = folder / "label.csv"
    images: list[Image] = []
    votes: list[list[int]] = []
    try:
        with table.open(newline="", encoding="utf-8") as file:
            for name, _, *counts in csv.reader(file):
                with open_clip(find_clips([folder / name])[0]) as clip:
                    images.extend(frame.image[:, :, 0] for frame in clip)
                votes.append([int(float(count)) for count in counts])
        faces = CrowdFaces(np.stack(images), np.array(votes, dtype=np.int64))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{table}: expected rows of name, box and ten votes: {reason_of(error)}"
        ) from error
    if faces.votes.shape != (len(faces.images), len(VOTE_COLUMNS)):
        raise UsageError(f"{table}: expected ten votes in each row; got shape {faces.votes.shape}")
    return faces


def face_signals(faces: CrowdFaces, model: str, *, threads: int = 1) -> Signals:
    """Run a model on faces that are cut already: the whole image is the face.

    Args:
        faces: The faces.
        model: Name or manifest file of the model.
        threads: Threads of the model.

    Returns:
        The model's signals, a row for each face.

    Raises:
        ModelError: The model is missing, damaged or fails on a face.
    """
    from cexpr.models import outputs, zoo
    from cexpr.models.stacked import open_model

    manifest = zoo.find(model)
    opened = open_model(manifest, zoo.model_file(manifest), threads=threads)
    return outputs.signals(manifest, face_tensors(faces.images, opened))


def face_tensors(images: Image, model: FaceModel) -> Tensors:
    """Run a model on whole images as faces, sampled as those of a clip are.

    Args:
        images: uint8, shape (N, H, W), grey, N >= 1.
        model: The model.

    Returns:
        Its raw tensors by name, N rows each.

    Raises:
        ModelError: The model fails on a face.
    """
    from cexpr.faces.batches import FaceBatches

    height, width = images.shape[1:]
    box = np.array([[0, 0, width, height]], dtype=np.float32)
    nowhere = np.full((1, 5, 2), np.nan, dtype=np.float32)
    parts: list[Tensors] = []
    batches = FaceBatches([model], parts.extend)
    for image in images:
        # As a decoder gives a grey picture.
        batches.add(np.repeat(image[:, :, np.newaxis], 3, axis=2), nowhere, box)
    batches.flush()
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def answer(rules: RuleSet, signals: Floats, names: Sequence[str]) -> Answers:
    """Decide each face by a rule set, as a clip of one frame.

    Args:
        rules: The rule set; its compounds are matched to `CE_CLASSES` by name.
        signals: float32, shape (N, S); every face stands alone, windows over time see it only.
        names: S names of the columns.
    """
    alone = np.arange(len(signals))
    nothing = np.zeros(len(signals))
    scores = rules.evaluate(signals, names, frames=alone, times=nothing, tracks=alone)
    ids = np.array([_class_id(name) for name in rules.compounds], dtype=np.int32)
    options = rules.decide_options
    ranked = scores * options["weight"] + options["bias"]
    can_be_chosen = (scores != 0) & ~np.isnan(scores) & (ids >= 0)
    best = np.where(can_be_chosen, ranked, np.float32(-np.inf)).max(axis=1)
    # The last entry is what -1, no label, finds.
    return Answers(np.append(ids, np.int32(-1))[rules.decide(scores)], best.astype(np.float32))


def _class_id(name: str) -> int:
    return CE_CLASSES.index(name) if name in CE_CLASSES else -1


def crowd_labels(votes: Integers) -> Labels:
    """Find the compounds among the votes.

    Args:
        votes: Counts, shape (N, 10), columns as `VOTE_COLUMNS`.

    Returns:
        int32, shape (N,): ids 0..6 in the order of `CE_CLASSES`, or -1; no face has two classes.
    """
    column = {name: votes[:, index] for index, name in enumerate(VOTE_COLUMNS)}
    total = votes.sum(axis=1)
    labels = np.full(len(votes), -1, dtype=np.int32)
    for class_id, pair in enumerate(CE_PAIRS.values()):
        first, second = (column[name] for name in pair)
        rivals = np.max([column[name] for name in BASIC_EMOTIONS if name not in pair], axis=0)
        weaker = np.minimum(first, second)
        # In whole numbers: 6 votes of 10 must count as 60 %.
        large = (first + second) * 10 >= round(_MIN_SHARE * 10) * total
        labels[(weaker >= _MIN_VOTES) & (weaker > rivals) & large] = class_id
    return labels


def score(labels: Labels, predicted: Labels) -> CrowdScore:
    """Compare predictions with the crowd.

    Args:
        labels: int32, shape (N,), ids 0..6; rows with -1 are left out.
        predicted: int32, shape (N,), ids 0..6, anything else counts as no label.

    Returns:
        The confusion counts and what follows from them.

    Raises:
        ValueError: The shapes differ.
    """
    if labels.shape != predicted.shape:
        raise ValueError(
            f"predicted: expected shape {labels.shape} like labels; got {predicted.shape}"
        )
    is_class = (predicted >= 0) & (predicted < len(CE_CLASSES))
    named = np.where(is_class, predicted, metrics.MISSING_CLASS)
    known = np.maximum(labels, metrics.MISSING_CLASS)
    return CrowdScore(metrics.confusion_matrix(known, named, len(CE_CLASSES)))


def bootstrap_margin(
    labels: Labels, predicted: Labels, baseline: Labels, *, rounds: int = 2000, seed: int = 0
) -> dict[str, tuple[float, float, float]]:
    """Estimate how far one prediction is ahead of another, and how sure that is.

    Faces are drawn again with replacement within each class of the crowd, the same faces for both.

    Args:
        labels: int32, shape (N,), ids 0..6 or -1.
        predicted: int32, shape (N,).
        baseline: int32, shape (N,), the prediction to be ahead of.
        rounds: Number of draws.
        seed: Seed of the draws; the same seed gives the same figures.

    Returns:
        For "accuracy" and "macro_f1": the margin, and the ends of its 95 % interval.
    """
    random = np.random.default_rng(seed)
    groups = [np.flatnonzero(labels == class_id) for class_id in range(len(CE_CLASSES))]
    margins = np.empty((rounds, 2))
    for row in margins:
        drawn = np.concatenate([random.choice(group, len(group)) for group in groups])
        ahead, behind = (score(labels[drawn], side[drawn]) for side in (predicted, baseline))
        row[:] = ahead.accuracy - behind.accuracy, ahead.macro_f1 - behind.macro_f1
    ahead, behind = score(labels, predicted), score(labels, baseline)
    low, high = np.percentile(margins, [2.5, 97.5], axis=0)
    return {
        "accuracy": (ahead.accuracy - behind.accuracy, float(low[0]), float(high[0])),
        "macro_f1": (ahead.macro_f1 - behind.macro_f1, float(low[1]), float(high[1])),
    }
