"""Labelled videos whose best setting is known, as arrays, as runs and as a file of annotations."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from builders.labelled_runs import run_folder
from builders.results_files import make_faces_table
from cexpr.abaw.classes import AFF_WILD2_SIGNALS, CE_CLASSES, MTL_HEADER
from cexpr.abaw.files import MultiTask
from cexpr.signals import SIGNALS
from cexpr.tables.columns import Content, event_columns, schema
from cexpr.tables.layout import FrameRowsDecided, frames_table
from cexpr.tables.result import ClipResult, FaceRows
from cexpr.tuning import search
from cexpr.tuning.sources import LabelledVideo, RunSource

FRAMES, VIDEOS = 60, 6


def made_up(
    seed: int, noise: float = 0.0, models: int = 1
) -> tuple[MultiTask, list[LabelledVideo]]:
    """Videos whose labels change slowly and whose signals are the labels with noise."""
    random = np.random.default_rng(seed)
    keys, affect, classes, units, videos = [], [], [], [], []
    frame = np.arange(1, FRAMES + 1)
    for number in range(VIDEOS):
        label = np.repeat(random.integers(0, 8, FRAMES // 15), 15)
        present = np.repeat(random.integers(0, 2, (FRAMES // 15, 12)), 15, axis=0)
        value = np.sin(frame[:, None] / random.uniform(8, 20, 2) + random.uniform(0, 6, 2)) * 0.7
        signals = []
        for _ in range(models):
            expression = np.eye(8)[label] + random.normal(0, noise, (FRAMES, 8))
            signals.append(
                {
                    "expression": expression.astype(np.float32),
                    "valence_arousal": (value + random.normal(0, noise, value.shape)).astype(
                        np.float32
                    ),
                    "action_units": (
                        0.25 + present * 0.4 + random.normal(0, noise / 2, present.shape)
                    ).astype(np.float32),
                }
            )
        rows = np.arange(number * FRAMES, (number + 1) * FRAMES)
        keys += [(f"v{number}", int(one)) for one in frame]
        affect.append(value)
        classes.append(label)
        units.append(present)
        videos.append(LabelledVideo(frame, signals, rows, np.arange(FRAMES)))
    labels = MultiTask(
        tuple(keys), np.concatenate(affect), np.concatenate(classes), np.concatenate(units)
    )
    return labels, videos


def by_head(found: list[search.Found]) -> dict[str, search.Found]:
    return {one.head: one for one in found}


def run_of(
    tmp_path: Path, labels: MultiTask, videos: list[LabelledVideo], model: int, name: str
) -> Path:
    clips = []
    for number, video in enumerate(videos):
        part = video.signals[model]
        order = [AFF_WILD2_SIGNALS.index(name) for name in SIGNALS[:8]]
        signals = np.concatenate(
            [part["expression"][:, order], part["valence_arousal"], part["action_units"]], axis=1
        )
        count = len(video.frame)
        # A second, weaker face in every frame, which must not count.
        faces = FaceRows(
            np.repeat(video.frame, 2),
            np.repeat(video.frame / 25.0, 2),
            np.tile(np.array([2, 1], np.int64), count),
            np.zeros((2 * count, 4), np.float32),
            np.tile(np.float32([0.6, 0.9]), count),
            SIGNALS,
            np.stack([signals * 0, signals], axis=1).reshape(2 * count, -1).astype(np.float32),
        )
        frames = frames_table(
            FrameRowsDecided(
                frame=video.frame,
                time=video.frame / 25.0,
                n_faces=np.full(count, 2, np.int64),
                signals=signals.astype(np.float32),
                scores=np.zeros((count, 7), np.float32),
                labels=np.zeros(count, np.int32),
                confidence=np.zeros(count, np.float32),
                filled=np.zeros(count, bool),
                face=np.ones(count, np.int64),
            ),
            Content(SIGNALS, CE_CLASSES),
        )
        empty = schema(event_columns()).empty_table()
        clips.append(
            ClipResult(f"v{number}", frames, make_faces_table(faces, CE_CLASSES), empty, CE_CLASSES)
        )
    return run_folder(tmp_path / name, *clips)


def opened(runs: list[Path]) -> list[RunSource]:
    return [RunSource(run) for run in runs]


def label_file(path: Path, labels: MultiTask) -> Path:
    rows = [
        ",".join([f"{video}/{number:05d}.jpg", *map(str, affect), str(expression), *map(str, on)])
        for (video, number), affect, expression, on in zip(
            labels.keys,
            labels.valence_arousal.tolist(),
            labels.expression.tolist(),
            labels.action_units.tolist(),
            strict=True,
        )
    ]
    path.write_text("\n".join([MTL_HEADER, *rows]) + "\n", encoding="utf-8")
    return path
