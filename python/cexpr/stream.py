"""Frames as they come: images in, labels out, with a fixed delay."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike

from cexpr._support.arguments import whole
from cexpr._support.types import Floats, Image
from cexpr.analyzer import Analyzer, DecidedFrame
from cexpr.clips.given import FrameMaker
from cexpr.faces.batches import SignalRows
from cexpr.faces.track import Tracker
from cexpr.options import DEFAULT_DETECTOR, DEFAULT_MIN_QUALITY, DEFAULT_RULES
from cexpr.pipeline import Pipeline, checked_options
from cexpr.rules.rule_set import RuleSet

__all__ = ["Stream"]


class Stream:
    """Label the images of a camera or a player one by one.

    Detector, tracker, models and rules are inside. A frame comes out `delay` frames after it went
    in. The results are those of `cexpr.analyze` for the same frames, with the exceptions that
    `cexpr.Analyzer` names, and with signals that are NaN in a frame without a face: there the
    tables hold filled ones. One stream serves one camera, and one thread at a time.

    Args:
        rules: Rule file, name of a shipped rule set, or a rule set.
        models: Names or files of models, which are blended. Default: the shipped model.
        blend: Weights >= 0 by head or signal, one number for each model. Default: equal weights.
        detector: `mtcnn`, `yunet`, or `full-frame` for images that show nothing but a face.
        detector_model: Model file of `yunet`. Default: the one that `cexpr models pull` fetched.
        provider: Execution provider of the models, for example `cpu` or `cuda`.
        threads: Threads that run at the same time, >= 1; with several, one is left to whatever
            reads the images.
        frames_per_second: Rate of the images; turns lengths in seconds of the rule file into
            frames.
        max_faces: Most faces in one frame, 1..1024; of more, those that were seen first are taken.
        gap_frames: The longest gap without a face that is interpolated, in frames, where the rules
            say `gaps: interpolate`; each is a frame of delay.
        min_quality: Least quality of a face, 0..1, that gets a label (docs/quality.md). A face
            below it is counted, and else as if it were not seen.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: an argument is out of range, or a smoothing counts rows.
        UsageError: an option is wrong.
        RuleError: the rules have mistakes or need signals that the models do not provide.
        ModelError: a model is missing or damaged.

    Example:
        >>> stream = Stream(frames_per_second=30)
        >>> for image, time in camera:
        ...     for frame in stream.push(image, time):
        ...         show(frame.time, frame.label, frame.faces)
    """

    def __init__(
        self,
        rules: str | PathLike[str] | RuleSet = DEFAULT_RULES,
        models: Sequence[str] | str = (),
        *,
        blend: Mapping[str, Sequence[float]] | None = None,
        detector: str = DEFAULT_DETECTOR,
        detector_model: str | PathLike[str] | None = None,
        provider: str = "cpu",
        threads: int = 2,
        frames_per_second: float = 25.0,
        max_faces: int = 32,
        gap_frames: int = 12,
        min_quality: float = DEFAULT_MIN_QUALITY,
    ) -> None:
        options, given = checked_options(
            rules,
            models,
            blend=blend,
            detector=detector,
            detector_model=detector_model,
            provider=provider,
            threads=threads,
            min_quality=min_quality,
        )
        self._max_faces = whole("max_faces", max_faces, 1, 1024)
        self._pipeline = Pipeline(options, given)
        self._analyzer = Analyzer(
            self._pipeline.rules,
            self._pipeline.names,
            frames_per_second=frames_per_second,
            max_faces=self._max_faces,
            gap_frames=gap_frames,
        )
        self._rows = SignalRows(self._pipeline.models, options.blend)
        self._pushed: int
        self.reset()

    @property
    def delay(self) -> int:
        """Frames from a push to the frame that it brings out."""
        return self._analyzer.delay

    @property
    def rules(self) -> RuleSet:
        """The rule set."""
        return self._pipeline.rules

    @property
    def compounds(self) -> list[str]:
        """Names of the labels: entry i is the label with the class id i."""
        return self.rules.compounds

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the signals, in the order of `DecidedFrame.signals`."""
        return self._pipeline.names

    def push(self, image: Image, time: float) -> list[DecidedFrame]:
        """Add an image and return the frame that is decided now: none or one.

        Args:
            image: uint8, shape (H, W, 3), BGR as OpenCV gives it, or shape (H, W), grey. It may be
                overwritten afterwards.
            time: Seconds, from any zero, not decreasing.

        Returns:
            Frames are numbered from 1 by their order. Each of `DecidedFrame.faces` has its box.

        Raises:
            TypeError: the image is not a numpy array of uint8, or time is not a number.
            ValueError: the shape or the time is wrong; nothing has changed then.
            ModelError: a model fails on a face; the frame is left out.
        """
        frame = self._frames.make(self._pushed + 1, image, time)
        self._rows.clear()
        faces = self._tracker.update(frame).first(self._max_faces)
        # To the microsecond, as in the tables of a clip.
        seconds = round(frame.time, 6)
        self._rows.add(frame.number, seconds, frame.image, faces)
        found = self._rows.take()
        rows = found[found.of_quality(self._pipeline.options.min_quality)]
        area = rows.boxes_xywh[:, 2] * rows.boxes_xywh[:, 3]
        decided = self._analyzer.push(
            frame.number, seconds, rows.signals, rows.track, rows.detection, area
        )
        self._pushed = frame.number
        self._waiting.append((rows.boxes_xywh, len(found)))
        return self._with_boxes(decided)

    def flush(self) -> list[DecidedFrame]:
        """End the stream: return all frames that are left; the stream is as new afterwards."""
        decided = self._with_boxes(self._analyzer.flush())
        self.reset()
        return decided

    def reset(self) -> None:
        """Forget everything, for another stream."""
        self._analyzer.reset()
        self._frames = FrameMaker()
        self._tracker = Tracker(self._pipeline.detector)
        self._pushed = 0
        # Boxes of the faces that may have a label, and the number of all faces, of the frames that
        # have not come out yet.
        self._waiting: deque[tuple[Floats, int]] = deque()

    def _with_boxes(self, decided: list[DecidedFrame]) -> list[DecidedFrame]:
        """Give each face its box; it is on the same row as in the frame that was pushed."""
        given = []
        for frame in decided:
            boxes, face_count = self._waiting.popleft()
            faces = tuple(
                replace(face, box_xywh=tuple(box))
                for face, box in zip(frame.faces, boxes[: len(frame.faces)].tolist(), strict=True)
            )
            is_filled = frame.is_filled and face_count == 0
            given.append(replace(frame, faces=faces, face_count=face_count, is_filled=is_filled))
        return given
