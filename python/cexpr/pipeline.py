"""From a clip to its result: phase 1 reads faces, phase 2 applies the rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np

from cexpr._support.arguments import function
from cexpr._support.opencv import load_cv2
from cexpr._support.types import Doubles, Integers
from cexpr.clips.decode import Clip, open_clip, sample_images
from cexpr.clips.given import Frames, GivenFrames, one_clip
from cexpr.clips.readahead import frames_of
from cexpr.clips.sources import ClipSource
from cexpr.errors import UsageError
from cexpr.faces.batches import SignalRows
from cexpr.faces.detector import make_detector
from cexpr.faces.track import Tracker
from cexpr.faces.upright import SAMPLES, best_turn, doubts
from cexpr.models import outputs, zoo
from cexpr.models.stacked import open_model
from cexpr.options import DEFAULT_DETECTOR, DEFAULT_MIN_QUALITY, DEFAULT_RULES, RunOptions
from cexpr.rules.needs import require_signals
from cexpr.rules.rule_set import RuleSet
from cexpr.smoothing import Smoothing
from cexpr.tables.result import ClipResult, FaceRows
from cexpr.timeline.decide import decide_tables
from cexpr.timeline.events import length_of

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
        derived: Formula by the name of each signal that is computed instead of learnt; empty where
            the options leave them out.
        left_out: Names of the signals that the options leave out.
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
        self.names, self.derived = self._rows.names, dict(self._rows.derived)
        self.left_out: tuple[str, ...] = ()
        if not self.options.derived:
            self.left_out = tuple(self.derived)
            self.names = tuple(name for name in self.names if name not in self.derived)
            self.derived = {}
        require_signals(self.rules, self.names, self.left_out)
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
        of_models = outputs.thresholds([model.manifest for model in self.models], self.names)
        return {**of_models, **self.options.thresholds}

    @property
    def inference_seconds(self) -> float:
        """Time spent inside the networks of models and detector so far."""
        return sum(model.seconds for model in self.models) + self.detector.inference_seconds

    def run(
        self,
        source: ClipSource | GivenFrames | Frames,
        on_progress: Progress | None = None,
        *,
        fps: float | None = None,
    ) -> ClipResult:
        """Analyse one clip.

        Args:
            source: A clip from `cexpr.find_clips`, or what `analyze` takes.
            on_progress: Called after each frame with the frames done so far and the number that
                the file announces, or None.
            fps: Frames per second of an array of frames.

        Returns:
            The result; it holds one row for every decoded frame.

        Raises:
            TypeError: source is none of these, or on_progress is not a function.
            ValueError: a frame, a time or fps is wrong.
            UsageError: there is not exactly one clip at the path.
            ClipError: the clip cannot be read.
            ModelError: a model fails on a face.

        Example:
            >>> cexpr.Pipeline().run("clip.mp4").frames  # doctest: +SKIP
        """
        function("on_progress", on_progress)
        if not isinstance(source, ClipSource | GivenFrames):
            source = one_clip(source, fps)
        start = time.perf_counter()
        inference_before = self.inference_seconds
        turn = 0 if isinstance(source, GivenFrames) else self.turn_of(source)
        with self._opened(source, turn) as clip:
            frame, times, rows, info = self._read(clip, on_progress)
        info["rotate"] = turn
        info["warnings"] += doubts(info, self.detector, is_chosen=self.options.rotate == "auto")
        read = time.perf_counter()
        tables = decide_tables(
            rows,
            frame,
            times,
            self.rules,
            self.options.smoothings(self.rules.smooth),
            end_time=float(times[0] + info["seconds"]),
            min_quality=self.options.min_quality,
        )
        info["timings"] |= {
            "inference": self.inference_seconds - inference_before,
            "phase_1": read - start,
            "phase_2": time.perf_counter() - read,
            "total": time.perf_counter() - start,
        }
        return ClipResult(
            stem=source.stem,
            frames=tables.frames,
            faces=tables.faces,
            events=tables.events,
            compounds=tuple(self.rules.compounds),
            derived=self.derived,
            info=info,
        )

    def _opened(self, source: ClipSource | GivenFrames, turn: int) -> AbstractContextManager[Any]:
        if isinstance(source, GivenFrames):
            return nullcontext(source)
        return open_clip(source, folder_fps=self.options.folder_fps, turn=turn)

    def turn_of(self, source: ClipSource) -> int:
        """Return the degrees, clockwise, by which the pictures of a clip are turned."""
        if self.options.rotate != "auto":
            return self.options.rotate
        return best_turn(sample_images(source, SAMPLES), self.detector)

    def _read(
        self, clip: Clip | GivenFrames, on_progress: Progress | None
    ) -> tuple[Integers, Doubles, FaceRows, dict[str, Any]]:
        """Phase 1: frame numbers, times and faces of all frames, and what `run.json` tells."""
        tracker = Tracker(self.detector)
        numbers: list[int] = []
        times: list[float] = []
        waited = 0.0
        self._rows.clear()
        # What a program gives is taken in its own thread.
        threads = 1 if isinstance(clip, GivenFrames) else self.options.threads
        with frames_of(clip, threads=threads) as frames:
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
        if not self.options.derived:
            rows = rows.learnt()
        stamps = np.array(times, np.float64)
        end_time = None if clip.last_duration is None else times[-1] + clip.last_duration
        info = {
            "frames": len(numbers),
            "announced_frames": clip.announced_frames,
            "faces": len(np.unique(rows.track)),
            "face_rows": len(rows),
            "frames_with_face": len(np.unique(rows.frame)),
            "quality": round(float(rows.quality.mean()), 6) if len(rows) else None,
            "seconds": length_of(stamps, end_time),
            "full_detections": tracker.full_detections,
            "cuts": tracker.cuts,
            "width": clip.width,
            "height": clip.height,
            "fps": clip.fps,
            "warnings": list(clip.warnings),
            "timings": {"decode_wait": waited},
        }
        return np.array(numbers, np.int64), stamps, rows, info


def computing_threads(threads: int) -> int:
    """Return how many of a clip's threads compute: all but the one that decodes, at least one."""
    return max(1, threads - 1)


def checked_options(
    rules: str | PathLike[str] | RuleSet, models: Sequence[str] | str, **options: Any
) -> tuple[RunOptions, RuleSet | None]:
    """Return the options of a pipeline, and the rule set if it is at hand.

    Args:
        rules: Rule file, name of a shipped rule set, or a rule set.
        models: Names or files of models.
        options: Other options, as `analyze` takes them.

    Raises:
        TypeError: `rules` is none of the three.
        UsageError: an option is wrong.
    """
    if not isinstance(rules, str | PathLike | RuleSet):
        raise TypeError(
            "rules: expected a rule file, the name of a shipped rule set or a cexpr.RuleSet, "
            f"got {type(rules).__name__}"
        )
    given = rules if isinstance(rules, RuleSet) else None
    path = options.pop("detector_model")
    mappings = {
        name: {} if options.get(name) is None else options[name]
        for name in ("blend", "smooth", "thresholds")
    }
    values = {
        "rules": str(rules) if given is None else given.file,
        "models": models,
        "detector_model": None if path is None else str(path),
        **options,
        **mappings,
    }
    return RunOptions.checked(values), given


def analyze(
    source: Frames,
    rules: str | PathLike[str] | RuleSet = DEFAULT_RULES,
    models: Sequence[str] | str = (),
    *,
    fps: float | None = None,
    blend: Mapping[str, Sequence[float]] | None = None,
    detector: str = DEFAULT_DETECTOR,
    detector_model: str | PathLike[str] | None = None,
    provider: str = "cpu",
    threads: int = 2,
    folder_fps: float = 30.0,
    rotate: Literal["auto", 0, 90, 180, 270] = 0,
    smooth: Mapping[str, Smoothing] | None = None,
    thresholds: Mapping[str, float] | None = None,
    derived: bool = True,
    min_quality: float = DEFAULT_MIN_QUALITY,
) -> ClipResult:
    """Analyse one clip and keep the result in memory; nothing is written.

    Args:
        source: The path of a video, GIF or image, or of a folder of numbered images. Or an iterable
            of pairs (image, time): images uint8, shape (H, W, 3), BGR, or (H, W), grey; times in
            seconds, not decreasing. Or an array of frames, uint8, shape (T, H, W, 3), BGR, or
            (T, H, W), grey.
        rules: Rule file, name of a shipped rule set, or a rule set.
        models: Names or files of models, which are blended. Default: the shipped model.
        fps: Frames per second of an array of frames, which has no times; required there, and
            refused elsewhere.
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
        derived: Whether signals that are computed from the expressions instead of learnt are there.
        min_quality: Least quality of a face, 0..1, that gets a label (docs/quality.md).

    Returns:
        The result, with the tables `frames`, `faces` and `events`.

    Raises:
        TypeError: `source` or `rules` is none of these, or an image is not an array of uint8.
        ValueError: the shape of an image, a time or `fps` is wrong.
        UsageError: there is not exactly one clip at the path, or an option is wrong.
        RuleError: the rules have mistakes or need signals that the models do not provide.
        ModelError: a model is missing or damaged.
        ClipError: the clip cannot be read.
    """
    options, given = checked_options(
        rules,
        models,
        blend=blend,
        detector=detector,
        detector_model=detector_model,
        provider=provider,
        threads=threads,
        folder_fps=folder_fps,
        rotate=rotate,
        smooth=smooth,
        thresholds=thresholds,
        derived=derived,
        min_quality=min_quality,
    )
    return Pipeline(options, given).run(one_clip(source, fps))


def _require_type(name: str, value: object, kind: type) -> None:
    if value is not None and not isinstance(value, kind):
        raise TypeError(f"{name}: expected cexpr's {kind.__name__}, got {type(value).__name__}")
