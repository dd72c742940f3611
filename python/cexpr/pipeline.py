"""From a clip to its result: phase 1 reads faces, phase 2 applies the rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np

from cexpr._support.arguments import function
from cexpr._support.opencv import load_cv2
from cexpr._support.types import Doubles, Integers
from cexpr.clips.decode import Clip, open_clip, sample_images
from cexpr.clips.readahead import frames_of
from cexpr.clips.sources import ClipSource, find_clips
from cexpr.errors import RuleError, UsageError
from cexpr.faces.batches import SignalRows
from cexpr.faces.detector import make_detector
from cexpr.faces.track import Tracker
from cexpr.faces.upright import SAMPLES, best_turn, doubts
from cexpr.models import outputs, zoo
from cexpr.models.stacked import open_model
from cexpr.options import DEFAULT_DETECTOR, DEFAULT_RULES, RunOptions
from cexpr.rules.rule_set import RuleSet
from cexpr.smoothing import Smoothing
from cexpr.tables.result import ClipResult, FaceRows, faces_table
from cexpr.timeline.decide import decide_tables

# Called after each frame with the frames done so far and the number announced, if any.
Progress = Callable[[int, int | None], None]


class Pipeline:
    """Rules, models and detector, loaded once and used for any number of clips, one at a time.

    No more than `RunOptions.threads` threads run at the same time: with several, one decodes the
    next frames while the others compute; a single one does both in turn. Each network and OpenCV
    have their own pools, which are used one after the other; a pool that is not in use sleeps.
    OpenCV's number of threads is a setting of the process: the pipeline made last decides it.

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
            rules: A loaded rule set, instead of the one that the options name.

        Raises:
            TypeError: options or rules are of another type.
            RuleError: the rules have mistakes, or read signals that the models do not provide.
            ModelError: a model is missing, damaged, fails or does not fit its manifest.
            UsageError: the detector, provider or weights are not usable.
        """
        _require_type("options", options, RunOptions)
        _require_type("rules", rules, RuleSet)
        self.options = options or RunOptions()
        if rules is not None:
            self.options = self.options.model_copy(update={"rules": rules.file})
        self.rules = RuleSet.load(self.options.rules) if rules is None else rules
        manifests = [zoo.find(name) for name in self.options.models or (zoo.DEFAULT_MODEL,)]
        threads, provider = computing_threads(self.options.threads), self.options.provider
        load_cv2().setNumThreads(threads)
        self.models = [
            open_model(manifest, zoo.model_file(manifest), provider=provider, threads=threads)
            for manifest in manifests
        ]
        self._rows = SignalRows(self.models, self.options.blend)
        self.names = self._rows.names
        self.derived = dict(self._rows.derived)
        require_signals(self.rules, self.names)
        for model in self.models:
            # A model that cannot run is found out on nothing, not in the middle of a clip.
            outputs.signals(model.manifest, model.run(model.input.zeros(1)))
        model_path = self.options.detector_model
        self.detector = make_detector(
            self.options.detector,
            model_path=None if model_path is None else Path(model_path),
            threads=threads,
        )
        if self.options.rotate == "auto" and not self.detector.searches:
            raise UsageError(
                f"rotate: 'auto' needs a detector that searches for faces, not "
                f"{self.detector.name}; give 0, 90, 180 or 270",
                remedies=["rotate"],
            )

    @property
    def provider(self) -> str:
        """The execution provider in use, as ONNX Runtime calls it."""
        return self.models[0].provider

    @property
    def thresholds(self) -> dict[str, float]:
        """Probability from which an action unit counts as present, by name.

        Those of the options override the mean over the models.
        """
        given: dict[str, list[float]] = {}
        for model in self.models:
            units = model.manifest.outputs.action_units
            if units is not None:
                for name in units.labels:
                    given.setdefault(name, []).append(units.thresholds.get(name, 0.5))
        of_models = {name: sum(values) / len(values) for name, values in given.items()}
        return {**of_models, **self.options.thresholds}

    @property
    def inference_seconds(self) -> float:
        """Time spent inside the networks of models and detector so far."""
        return sum(model.seconds for model in self.models) + self.detector.inference_seconds

    def run(
        self, source: ClipSource | str | PathLike[str], on_progress: Progress | None = None
    ) -> ClipResult:
        """Analyse one clip.

        Args:
            source: A clip from `cexpr.find_clips`, or the path of one: a video, GIF or image, or a
                folder of numbered images.
            on_progress: Called after each frame with the frames done so far and the number that
                the file announces, or None.

        Returns:
            The result; it holds one row for every decoded frame.

        Raises:
            TypeError: source is neither a clip nor a path, or on_progress is not a function.
            UsageError: there is not exactly one clip at the path.
            ClipError: the clip cannot be read.
            ModelError: a model fails on a face.

        Example:
            >>> cexpr.Pipeline().run("clip.mp4").frames  # doctest: +SKIP
        """
        function("on_progress", on_progress)
        if not isinstance(source, ClipSource):
            source = _one_clip("source", source)
        start = time.perf_counter()
        inference_before = self.inference_seconds
        turn = self._turn_of(source)
        with open_clip(source, folder_fps=self.options.folder_fps, turn=turn) as clip:
            frame, times, rows, info = self._read(clip, on_progress)
        info["rotate"] = turn
        info["warnings"] += doubts(info, self.detector, is_chosen=self.options.rotate == "auto")
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

    def _turn_of(self, source: ClipSource) -> int:
        """Return the degrees, clockwise, by which the pictures of a clip are turned."""
        if self.options.rotate != "auto":
            return self.options.rotate
        return best_turn(sample_images(source, SAMPLES), self.detector)

    def _read(
        self, clip: Clip, on_progress: Progress | None
    ) -> tuple[Integers, Doubles, FaceRows, dict[str, Any]]:
        """Phase 1: frame numbers, times and faces of all frames, and what `run.json` tells."""
        tracker = Tracker(self.detector)
        numbers: list[int] = []
        times: list[float] = []
        waited = 0.0
        self._rows.clear()
        with frames_of(clip, threads=self.options.threads) as frames:
            while True:
                before = time.perf_counter()
                frame = next(frames, None)
                waited += time.perf_counter() - before
                if frame is None:
                    break
                numbers.append(frame.number)
                # As the files hold them, so that rules applied to a file see the same times.
                times.append(round(frame.time, 6))
                self._rows.add(frame.number, times[-1], frame.image, tracker.update(frame))
                if on_progress is not None:
                    on_progress(len(numbers), clip.announced_frames)
        rows = self._rows.take()
        info = {
            "frames": len(numbers),
            "announced_frames": clip.announced_frames,
            "faces": len(np.unique(rows.track)),
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


def computing_threads(threads: int) -> int:
    """Return how many of a clip's threads compute: all but the one that decodes, at least one."""
    return max(1, threads - 1)


def require_signals(rules: RuleSet, names: tuple[str, ...]) -> None:
    """Refuse rules that read a signal which the models do not provide.

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
    rules: str | PathLike[str] | RuleSet = DEFAULT_RULES,
    models: Sequence[str] | str = (),
    *,
    blend: Mapping[str, Sequence[float]] | None = None,
    detector: str = DEFAULT_DETECTOR,
    detector_model: str | PathLike[str] | None = None,
    provider: str = "cpu",
    threads: int = 2,
    folder_fps: float = 30.0,
    rotate: Literal["auto", 0, 90, 180, 270] = 0,
    smooth: Mapping[str, Smoothing] | None = None,
    thresholds: Mapping[str, float] | None = None,
) -> ClipResult:
    """Analyse one clip and keep the result in memory; nothing is written.

    Args:
        path: A video, GIF or image, or a folder of numbered images.
        rules: Rule file, name of a shipped rule set, or a rule set.
        models: Names or files of models, which are blended. Default: the shipped model.
        blend: Weights >= 0 by head or signal, one number for each model. Default: equal weights.
        detector: `mtcnn`, `yunet`, or `full-frame` for a clip that shows nothing but a face.
        detector_model: Model file of `yunet`. Default: the one that `cexpr models pull` fetched.
        provider: Execution provider of the models, for example `cpu` or `cuda`.
        threads: Threads that run at the same time, >= 1; see `Pipeline`.
        folder_fps: Frames per second of a folder of numbered images or the pages of a TIFF.
        rotate: Degrees, clockwise, by which pictures are turned; "auto" takes the turn with most
            and best faces. Boxes are in the turned picture.
        smooth: Smoothings by group (`expression`, `valence_arousal`, `action_units`,
            `compounds`), each instead of the rule file's.
        thresholds: Probability from which an action unit counts as present, by name. Default:
            those of the models.

    Returns:
        The result, with the tables `frames`, `faces` and `events`.

    Raises:
        TypeError: `path` is not a path, or `rules` is none of the three.
        UsageError: there is not exactly one clip at `path`, or an option is wrong.
        RuleError: the rules have mistakes or need signals that the models do not provide.
        ModelError: a model is missing or damaged.
        ClipError: the clip cannot be read.
    """
    if not isinstance(rules, str | PathLike | RuleSet):
        raise TypeError(
            "rules: expected a rule file, the name of a shipped rule set or a cexpr.RuleSet, "
            f"got {type(rules).__name__}"
        )
    given = rules if isinstance(rules, RuleSet) else None
    options = RunOptions.checked(
        {
            "rules": rules.file if isinstance(rules, RuleSet) else str(rules),
            "models": models,
            "blend": {} if blend is None else blend,
            "detector": detector,
            "detector_model": None if detector_model is None else str(detector_model),
            "provider": provider,
            "threads": threads,
            "folder_fps": folder_fps,
            "rotate": rotate,
            "smooth": {} if smooth is None else smooth,
            "thresholds": {} if thresholds is None else thresholds,
        }
    )
    clip = _one_clip("path", path)
    return Pipeline(options, given).run(clip)


def _one_clip(name: str, path: str | PathLike[str]) -> ClipSource:
    """Find the clip at a path.

    Raises:
        TypeError: it is not a path; the message calls it by `name`.
        UsageError: there is not exactly one clip.
    """
    if not isinstance(path, str | PathLike):
        raise TypeError(
            f"{name}: expected the path of a clip (str or os.PathLike), "
            f"got {type(path).__name__}; cexpr.Analyzer takes streams"
        )
    clips = find_clips(path)
    if len(clips) != 1:
        raise UsageError(f"{path}: expected one clip, found {len(clips)}; cexpr.run takes many")
    return clips[0]


def _require_type(name: str, value: object, kind: type) -> None:
    if value is not None and not isinstance(value, kind):
        raise TypeError(f"{name}: expected cexpr's {kind.__name__}, got {type(value).__name__}")
