"""Why a frame of a finished run got its label, explained from its face as the run saw it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from cexpr.errors import UsageError
from cexpr.options import RunOptions
from cexpr.rules.explanation import RowExplanation
from cexpr.rules.needs import require_signals
from cexpr.rules.rule_set import RuleSet
from cexpr.runs.again import frames_of, rules_of
from cexpr.runs.folder import RunFolder
from cexpr.runs.record import IMAGES, RunRecord
from cexpr.smoothing import Smoothing
from cexpr.tables.files import find_table, read_frames, read_table
from cexpr.tables.result import FaceRows, FrameRows, face_rows, frame_rows
from cexpr.timeline.decide import DecidedClip, decide_clip
from cexpr.timeline.events import frame_ends

# Scores of the same rules and signals differ by rounding alone.
_RELATIVE: Final = 1e-4
_ABSOLUTE: Final = 1e-6
# Times in tables are rounded to this.
_MICROSECOND: Final = 1e-6
_PART: Final = ".frames"
# Images that a message names.
_NAMED: Final = 3
_SMOOTHS: Final = "this rule set smooths the scores over frames before it decides"


@dataclass(frozen=True)
class FrameExplanation:
    """Why one frame of a run got its label.

    Attributes:
        row: The scores of the face that stands for the frame.
        notes: Sentences on which face that is, and on where and why the run differs.
    """

    row: RowExplanation
    notes: tuple[str, ...]

    def text(self, most: int | None = None) -> str:
        """Write the explanation, the verdict and the notes first.

        Args:
            most: Compounds that are shown, as in `RowExplanation.text`.
        """
        return self.row.text(most, self.notes)

    def __str__(self) -> str:
        """Return the explanation with all compounds."""
        return self.text()


def explain_frame(
    rules: RuleSet, path: Path, frame: int | None = None, time: float | None = None
) -> FrameExplanation:
    """Explain a frame of a finished run.

    Signals come from the table of faces beside the table of frames, because functions over
    time follow one face, and a column of the frames goes from face to face. Without that table,
    and in a frame without a face, they are those of the table of frames.

    Args:
        rules: A rule set, not necessarily the run's.
        path: `STEM.frames.csv` or `STEM.frames.parquet`.
        frame: Number of the frame; this or `time` is given.
        time: Seconds; the frame that a player shows at that time.

    Raises:
        UsageError: the file is not a table of frames or lacks the frame, or a table beside it does
            not belong to it.
        RuleError: the rules need a signal that the run does not have.
        ClipError: the table of faces is damaged.
    """
    if path.stem == IMAGES:
        raise UsageError(
            f"{path}: is the table of single images; name one of them", remedies=["image"]
        )
    table = read_frames(path)
    run_folder = RunFolder.find(path.parent)
    record = None if run_folder is None else run_folder.record
    if frame is not None:
        row = _row_of(table, frame, path)
    else:
        row = _row_at(table, time, path, _seconds(record, path))
    require_signals(rules, table.names, () if record is None else record.left_out())
    options = RunOptions() if record is None else RunOptions.checked(record.options)
    when = (
        ()
        if time is None
        else (f"At {time:g} s the clip shows frame {table.frame[row]} ({table.time[row]:.4g} s).",)
    )
    stem = path.stem.removesuffix(_PART)
    rows, smoothings = _faces_beside(path, stem), options.smoothings(rules.smooth)
    return _Run(rules, table, row, record, path, rows, smoothings, options.min_quality).explanation(
        when
    )


def explain_image(rules: RuleSet, path: Path, image: str) -> FrameExplanation:
    """Explain an image of a finished run.

    Args:
        rules: A rule set, not necessarily the run's.
        path: `images.csv` or `images.parquet` of the run.
        image: Its name there (`clip`), its path (`file`), or the end of its path.

    Raises:
        UsageError: no run is beside the file; not exactly one image goes by this name; it has no
            face; or the rules of the run have changed since.
        RuleError: the rules need a signal that the run does not have.
        ClipError: the table is damaged.
    """
    folder = RunFolder.open(path.parent)
    record = folder.record
    clips = [clip for clip in folder.clips() if clip.is_together]
    found = [clip for clip in clips if image in (clip.stem, clip.path)] or [
        clip
        for clip in clips
        if Path(clip.path).parts[-len(Path(image).parts) :] == Path(image).parts
    ]
    if len(found) != 1:
        names = ", ".join(clip.path for clip in found[:_NAMED]) or "none"
        raise UsageError(f"{path}: expected one image '{image}', found {names}", remedies=["image"])
    (clip,) = found
    require_signals(rules, record.signals, record.left_out())
    rows = face_rows(folder.read_table(clip, "faces"))
    if not len(rows):
        raise UsageError(f"{clip.path}: no face was found in this image")
    frames = frame_rows(frames_of(folder, clip, rules_of(record)))
    place = Path(f"{clip.stem}{_PART}")
    least = RunOptions.checked(record.options).min_quality
    return _Run(rules, frames, 0, record, place, rows, rules.smooth, least).explanation(())


def _faces_beside(path: Path, stem: str) -> FaceRows | None:
    """Read the table of faces beside a table of frames; None where there is none."""
    faces = find_table(path.parent, stem, "faces") if path.stem.endswith(_PART) else None
    return None if faces is None else face_rows(read_table(faces))


def _row_of(table: FrameRows, frame: int, path: Path) -> int:
    """Find the row of a frame number, or raise UsageError."""
    rows = np.flatnonzero(table.frame == frame)
    if not len(rows):
        held = f"{table.frame[0]} to {table.frame[-1]}" if len(table.frame) else "none"
        raise UsageError(f"{path}: the file has no frame {frame}; it has {held}")
    return int(rows[0])


def _seconds(record: RunRecord | None, path: Path) -> float | None:
    """Return the length of the clip as the run recorded it; None where it did not."""
    clip = None if record is None else record.clips.get(_stem_of(path))
    return None if clip is None else clip.info.get("seconds")


def _stem_of(path: Path) -> str:
    return path.stem.removesuffix(_PART)


def _row_at(table: FrameRows, time: float | None, path: Path, seconds: float | None) -> int:
    """Find the row that is shown at a time: the last one that has begun by then.

    Args:
        table: The frames.
        time: Seconds.
        path: Their file, for messages.
        seconds: Length of the clip; None if its last frame is as long as the one before.
    """
    if time is None:
        raise UsageError(f"{path}: expected the number of a frame, or a time in seconds")
    if not len(table.time):
        raise UsageError(f"{path}: the file has no frame at {time:g} s; it has none at all")
    end_time = None if seconds is None else float(table.time[0]) + seconds
    end = float(frame_ends(table.time, end_time)[-1])
    if not table.time[0] - _MICROSECOND <= time <= end + _MICROSECOND:
        raise UsageError(
            f"{path}: the file has no frame at {time:g} s; it goes from {table.time[0]:.4g} to "
            f"{end:.4g} s"
        )
    return int(np.searchsorted(table.time, time + _MICROSECOND, side="right")) - 1


class _Run:
    """One frame of a run, and how its label may differ from an explanation."""

    def __init__(
        self,
        rules: RuleSet,
        table: FrameRows,
        row: int,
        record: RunRecord | None,
        path: Path,
        faces: FaceRows | None,
        smooth: Mapping[str, Smoothing],
        min_quality: float,
    ) -> None:
        self._rules, self._table, self._row, self._smooth = rules, table, row, smooth
        self._record, self._min_quality = record, min_quality
        stem = _stem_of(path)
        clip = None if record is None else record.clips.get(stem)
        # The frames of a clip that is outdated are still those of the rules before.
        self._is_of_run = record is None or (
            record.rules["sha256"] == rules.sha256 and (clip is None or clip.status == "done")
        )
        self.decision = None if faces is None else self._decided_again(path, faces)

    def _decided_again(self, path: Path, rows: FaceRows) -> DecidedClip:
        """Decide the clip again from its faces."""
        try:
            return decide_clip(
                rows,
                self._table.frame,
                self._table.time,
                self._rules,
                self._smooth,
                self._min_quality,
            )
        except ValueError as error:
            faces = find_table(path.parent, path.stem.removesuffix(_PART), "faces")
            raise UsageError(f"{faces}: does not belong to {path.name}: {error}") from error

    def explanation(self, when: Sequence[str]) -> FrameExplanation:
        """Explain the face that stands for the frame; without one, what the frame shows.

        Args:
            when: Sentences that come before the others.
        """
        rules, table, row = self._rules, self._table, self._row
        face = -1 if self.decision is None else int(self.decision.chosen[row])
        if self.decision is None or face < 0:
            found = rules.explain(
                table.signals, table.names, row=row, frames=table.frame, times=table.time
            )
            return FrameExplanation(found, (*when, *self.about_no_faces(), *self.notes(found)))
        rows = self.decision.rows
        found = rules.explain(
            rows.signals,
            rows.names,
            row=face,
            frames=rows.frame,
            times=rows.time,
            tracks=rows.track,
        )
        notes = (*when, *self.about_faces(self.decision, face), *self.notes(found))
        return FrameExplanation(found, notes)

    def about_no_faces(self) -> list[str]:
        """Say that a table of faces is missing where the run wrote one."""
        if self.decision is not None or self._record is None:
            return []
        return ["The run's table of faces is missing; the signals are from the table of frames."]

    def about_faces(self, decision: DecidedClip, face: int) -> list[str]:
        """Say which of several faces is shown, and which compounds another one decided."""
        count = int(decision.n_faces[self._row])
        if count == 1:
            return []
        tracks = decision.rows.track
        why = "which decided" if decision.labels[self._row] >= 0 else "which came closest"
        notes = [f"Shown is face {tracks[face]}, {why}; the frame has {count} faces."]
        others = [
            f"{name} ({score:.4g}, face {tracks[other]})"
            for name, score, other in zip(
                self._rules.compounds,
                decision.merged[self._row],
                decision.decided[self._row],
                strict=True,
            )
            if other not in (-1, face)
        ]
        if others and self._rules.faces == "max":
            notes.append(f"Another face has more of {', '.join(others)}.")
        return notes

    def notes(self, found: RowExplanation) -> list[str]:
        """Say what the run has in this frame where that is not what the explanation says."""
        notes = []
        if not self._is_of_run and self._record is not None:
            label, score = self._in_table()
            notes.append(
                f"The run itself used other rules, {self._record.rules['name']}; it has "
                f"{_shown(label, score)} in this frame."
            )
        who, (label, score) = self._expected()
        if label is None or _is_same(found, label, score):
            smooths = label is None and self._smooth["compounds"].kernel != "none"
            return [*notes, f"Not shown: {_SMOOTHS}."] if smooths else notes
        reasons = "; ".join(self._reasons(found, label))
        return [*notes, f"{who} {_shown(label, score)} in this frame: {reasons}."]

    def _expected(self) -> tuple[str, tuple[str | None, float]]:
        """Say what these rules lead to in the frame: as the run says, or else decided again."""
        if self._is_of_run and self._table.labels is not None:
            return "The run itself has", self._in_table()
        if self.decision is None:
            return "", (None, math.nan)
        label = int(self.decision.labels[self._row])
        name = self._rules.compounds[label] if label >= 0 else ""
        confidence = float(self.decision.confidence[self._row])
        return "As a whole clip, these rules give", (name, confidence)

    def _in_table(self) -> tuple[str | None, float]:
        labels = self._table.labels
        label = None if labels is None else labels[self._row]
        return label, float(self._table.confidence[self._row])

    def _reasons(self, found: RowExplanation, label: str) -> list[str]:
        """Why the label or its score is not that of the row that is explained."""
        rules, row = self._rules, self._row
        decision, reasons = self.decision, []
        count = int(self._table.n_faces[row])
        if count == 0 or (decision is not None and decision.chosen[row] < 0):
            what = "no face" if count == 0 else "no face of the quality that a label needs"
            reasons.append(f"it has {what}, and its scores are filled in from the frames around")
        elif decision is None and rules.looks_over_time:
            reasons.append(
                "no table of faces is beside this one, so functions over time saw its rows, "
                "which may show different faces"
            )
        if self._smooth["compounds"].kernel != "none":
            reasons.append(_SMOOTHS)
        if rules.faces == "mean" and int(self._table.n_faces[row]) > 1:
            reasons.append("this rule set takes the mean over the faces")
        if label != (found.winner or "") and _looks_around(rules):
            reasons.append("its decision also looks at the frames around")
        if self._disagrees(label):
            reasons.append("the tables were not made with these rules and signals")
        return reasons or ["the table was not made with these rules and signals"]

    def _disagrees(self, label: str) -> bool:
        """Whether the table of faces leads to another label than the table of frames has."""
        if self.decision is None:
            return False
        again = int(self.decision.labels[self._row])
        return label != (self._rules.compounds[again] if again >= 0 else "")


def _looks_around(rules: RuleSet) -> bool:
    options = rules.decide_options
    is_short = options["min_duration"] in ((1.0, "frames"), (0.0, "seconds"))
    keeps = options["hysteresis"] > 0 or options["exit_below"] != options["abstain_below"]
    return keeps or not is_short


def _is_same(found: RowExplanation, label: str, score: float) -> bool:
    if label != (found.winner or ""):
        return False
    scores = {compound.name: compound.score for compound in found.compounds}
    if not label or np.isnan(score):
        return True
    return math.isclose(scores[label], score, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE)


def _shown(label: str | None, score: float) -> str:
    if not label:
        return "no label"
    return f"'{label}'" if math.isnan(score) else f"'{label}' with {score:.4g}"
