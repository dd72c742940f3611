"""The way from a clip to its result: both phases in their order."""

from __future__ import annotations

import time
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from cexpr._support.types import Doubles, Integers
from cexpr.clips.decode import Clip, open_clip
from cexpr.clips.readahead import ReadAhead
from cexpr.clips.sources import ClipSource, find_clips
from cexpr.errors import RuleError, UsageError
from cexpr.faces.batches import FaceSignals
from cexpr.faces.detector import make_detector
from cexpr.faces.track import Tracker
from cexpr.models import zoo
from cexpr.models.stacked import open_model
from cexpr.options import RunOptions
from cexpr.rules.rule_set import RuleSet
from cexpr.tables.result import ClipResult, FaceRows, faces_table
from cexpr.timeline.decide import decide_tables

# Called after each frame with the frames done so far and the number announced, if any.
Progress = Callable[[int, int | None], None]


class Pipeline:
    """Rules, models and detector, loaded once and used for any number of clips, one at a time.

    Attributes:
        options: What was asked for.
        rules: The rule set.
        models: The expression models.
        detector: The face detector.
        names: Signals that the models provide together.
        derived: Formula by the name of each signal that is computed instead of learnt.
    """

    def __init__(self, options: RunOptions | None = None, rules: RuleSet | None = None) -> None:
        """Load everything and check that it fits, before any clip is opened.

        Args:
            options: Options; None for the defaults.
            rules: A rule set at hand, instead of the one that the options name.

        Raises:
            TypeError: options or rules are something else.
            RuleError: the rules have mistakes, or read signals that the models do not provide.
            ModelError: a model is missing, damaged or does not fit its manifest.
            UsageError: the detector, provider or weights are not usable.
        """
        _require_type("options", options, RunOptions)
        _require_type("rules", rules, RuleSet)
        self.options = options or RunOptions()
        if rules is not None:
            self.options = self.options.model_copy(update={"rules": rules.file})
        self.rules = RuleSet.load(self.options.rules) if rules is None else rules
        manifests = [zoo.find(name) for name in self.options.models or (zoo.DEFAULT_MODEL,)]
        threads, provider = self.options.threads, self.options.provider
        self.models = [
            open_model(manifest, zoo.model_file(manifest), provider=provider, threads=threads)
            for manifest in manifests
        ]
        self._faces = FaceSignals(self.models, self.options.blend)
        self.names = self._faces.names
        self.derived = dict(self._faces.derived)
        require_signals(self.rules, self.names)
        model_path = self.options.detector_model
        self.detector = make_detector(
            self.options.detector,
            model_path=None if model_path is None else Path(model_path),
            threads=threads,
        )

    @property
    def provider(self) -> str:
        """The execution provider in use, as ONNX Runtime calls it."""
        return self.models[0].provider

    @property
    def thresholds(self) -> dict[str, float]:
        """Probability from which an action unit counts as present.

        As the options say, else the mean over the models.
        """
        given: dict[str, list[float]] = {}
        for model in self.models:
            head = model.manifest.outputs.action_units
            if head is not None:
                for name in head.labels:
                    given.setdefault(name, []).append(head.thresholds.get(name, 0.5))
        of_models = {name: sum(values) / len(values) for name, values in given.items()}
        return {**of_models, **self.options.thresholds}

    @property
    def inference_seconds(self) -> float:
        """Time spent inside the networks of models and detector so far."""
        return sum(model.seconds for model in self.models) + self.detector.inference_seconds

    def run(self, source: ClipSource, on_progress: Progress | None = None) -> ClipResult:
        """Analyse one clip.

        Args:
            source: A clip from `find_clips`.
            on_progress: Called after each frame.

        Returns:
            The result; it holds one row for every decoded frame.

        Raises:
            ClipError: the clip cannot be read.
        """
        start = time.perf_counter()
        inference_before = self.inference_seconds
        with open_clip(source, folder_fps=self.options.folder_fps) as clip:
            frame, times, rows, info = self._read(clip, on_progress)
        read = time.perf_counter()
        smoothings = self.options.smoothings(self.rules.smooth)
        frames, events = decide_tables(rows, frame, times, self.rules, smoothings)
        info["timings"] |= {
            "inference": self.inference_seconds - inference_before,
            "phase_1": read - start,
            "phase_2": time.perf_counter() - read,
            "total": time.perf_counter() - start,
        }
        return ClipResult(
            stem=source.stem,
            frames=frames,
            faces=faces_table(rows),
            events=events,
            compounds=tuple(self.rules.compounds),
            derived=self.derived,
            info=info,
        )

    def _read(
        self, clip: Clip, on_progress: Progress | None
    ) -> tuple[Integers, Doubles, FaceRows, dict[str, Any]]:
        """Phase 1: frame numbers, times and faces of all frames, and what `run.json` tells."""
        tracker = Tracker(self.detector)
        numbers: list[int] = []
        times: list[float] = []
        waited = 0.0
        self._faces.clear()
        with ReadAhead(clip) as ahead:
            frames = iter(ahead)
            while True:
                before = time.perf_counter()
                frame = next(frames, None)
                waited += time.perf_counter() - before
                if frame is None:
                    break
                numbers.append(frame.index)
                # As the files hold them, so that rules applied to a file see the same times.
                times.append(round(frame.time, 6))
                tracks = tracker.update(frame)
                if len(tracks):
                    self._faces.add(frame.index, times[-1], frame.image, tracks)
                if on_progress is not None:
                    on_progress(len(numbers), clip.announced_frames)
        rows = self._faces.take()
        info = {
            "frames": len(numbers),
            "announced_frames": clip.announced_frames,
            "faces": len(np.unique(rows.face)),
            "face_rows": len(rows),
            "frames_with_face": len(np.unique(rows.frame)),
            "full_detections": tracker.full_detections,
            "width": clip.width,
            "height": clip.height,
            "fps": clip.fps,
            "warnings": list(clip.warnings),
            "timings": {"decode_wait": waited},
        }
        return np.array(numbers, np.int64), np.array(times, np.float64), rows, info


def require_signals(rules: RuleSet, names: tuple[str, ...]) -> None:
    """Refuse rules that read a signal which is not at hand.

    Raises:
        RuleError: with a line for each place that reads one.
    """
    problems = rules.missing(list(names))
    if problems:
        places = "\n".join(map(str, problems))
        raise RuleError(
            f"{places}\nthese rules need signals that the models do not provide "
            f"({', '.join(names)}); choose other rules or add a model",
            problems,
        )


def analyze(
    path: str | PathLike[str],
    rules: str | PathLike[str] | RuleSet = "default",
    models: tuple[str, ...] | list[str] | str = (),
    **options: Any,
) -> ClipResult:
    """Analyse one clip and keep the result in memory; nothing is written.

    Args:
        path: A video, GIF or image, or a folder of numbered images.
        rules: Rule file, name of a shipped rule set, or a rule set.
        models: Names or files of models, blended; none for the default model.
        options: Other attributes of `cexpr.options.RunOptions`, for example `detector`.

    Returns:
        The result, with the tables `frames`, `faces` and `events`.

    Raises:
        TypeError: `path` is no path, or `rules` none of the three.
        UsageError: there is not exactly one clip at `path`, or an option is wrong.
        RuleError: the rules have mistakes or need signals that the models do not provide.
        ModelError: a model is missing or damaged.
        ClipError: the clip cannot be read.
    """
    if not isinstance(path, str | PathLike):
        raise TypeError(
            "path: expected the path of a clip (str or os.PathLike), "
            f"got {type(path).__name__}; cexpr.Analyzer takes streams"
        )
    if not isinstance(rules, str | PathLike | RuleSet):
        raise TypeError(
            "rules: expected a rule file, the name of a shipped rule set or a cexpr.RuleSet, "
            f"got {type(rules).__name__}"
        )
    given = rules if isinstance(rules, RuleSet) else None
    named = rules.file if isinstance(rules, RuleSet) else str(rules)
    names = (models,) if isinstance(models, str) else tuple(models)
    checked = RunOptions.checked({**options, "rules": named, "models": names})
    clips = find_clips([Path(path)])
    if len(clips) != 1:
        raise UsageError(f"{path}: expected one clip, found {len(clips)}; use 'cexpr run' for many")
    return Pipeline(checked, given).run(clips[0])


def _require_type(name: str, value: object, kind: type) -> None:
    if value is not None and not isinstance(value, kind):
        raise TypeError(f"{name}: expected cexpr's {kind.__name__}, got {type(value).__name__}")
