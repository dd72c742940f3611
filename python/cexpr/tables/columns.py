"""What every column of the tables means: one place for types, metadata and `columns.csv`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import pyarrow as pa

from cexpr.signals import ACTION_UNITS, EXPRESSIONS

FORMULAS: Final[Mapping[str, str]] = {
    "circumplex": "coordinates of the emotion words by Russell and Mehrabian (1977), averaged with "
    "the probabilities of the expressions as weights",
    "prototypes": "share of people who show the unit in each emotion by Du, Tao and Martinez "
    "(2014), averaged with the probabilities of the expressions as weights",
}
"""What the names of formulas in the manifests of models mean."""

_PROBABILITY: Final = "0 to 1"
_INT, _TIME, _SCORE, _TEXT = pa.int64(), pa.float64(), pa.float32(), pa.string()


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name: Its name.
        kind: Its Arrow type.
        meaning: What its values are.
        unit: Their unit, "" for none.
        range: Their range, "" where it is open.
        origin: Where they come from: `clip`, `detector`, `learnt` (by a model), `derived` (computed
            from what a model learnt) or `rules`.
        formula: How a derived column is computed, else "".
    """

    name: str
    kind: pa.DataType
    meaning: str
    unit: str = ""
    range: str = ""
    origin: str = "rules"
    formula: str = ""

    def metadata(self) -> dict[str, str]:
        """Return what the Arrow field tells of the column."""
        told = {
            "meaning": self.meaning,
            "unit": self.unit,
            "range": self.range,
            "origin": self.origin,
            "formula": self.formula,
        }
        return {key: value for key, value in told.items() if value}


@dataclass(frozen=True)
class Content:
    """What the columns of the tables depend on.

    Attributes:
        signals: Names of the signals.
        compounds: Names of the compounds in the order of their ids.
        derived: Formula by the name of each signal that is computed instead of learnt.
        rules: Name of the rule set.
    """

    signals: tuple[str, ...]
    compounds: tuple[str, ...]
    derived: Mapping[str, str] = field(default_factory=dict)
    rules: str = ""


_FRAME = Column("frame", _INT, "number of the frame", "frames", "from 1", "clip")
_START = Column("time", _TIME, "presentation time of the frame", "seconds", origin="clip")
_LABEL = (
    Column("compound", _TEXT, "the label, empty for none"),
    Column("compound_id", _INT, "place of the label in the rule file, -1 for none", "", "from -1"),
    Column("confidence", _SCORE, "score of the label; not a probability", "score"),
)
FRAME_KEYS: Final = (
    _FRAME,
    _START,
    Column("n_faces", _INT, "faces in the frame", "faces", "from 0", "detector"),
)
FRAME_DECISION: Final = (
    *_LABEL,
    Column("filled", _INT, "1 where no face was seen and the scores were filled in", "", "0 or 1"),
)
FRAME_SHOWN: Final = (
    Column(
        "expression",
        _TEXT,
        "the basic expression with the highest smoothed probability in the row",
        origin="learnt",
    ),
    Column(
        "face",
        _INT,
        "track id of the face that the row shows, empty where no face was seen",
        "",
        "from 1",
        "detector",
    ),
)
FACE_KEYS: Final = (
    _FRAME,
    _START,
    Column("face", _INT, "track id, one number for each face over time", "", "from 1", "detector"),
    Column("x", _SCORE, "left of the box", "pixels", "", "detector"),
    Column("y", _SCORE, "top of the box", "pixels", "", "detector"),
    Column("w", _SCORE, "width of the box", "pixels", "from 0", "detector"),
    Column("h", _SCORE, "height of the box", "pixels", "from 0", "detector"),
    Column("detection", _SCORE, "score of the detector", "score", "0 to 1", "detector"),
)
FACE_EXPRESSION: Final = (
    Column(
        "expression",
        _TEXT,
        "the basic expression with the highest smoothed probability of the face",
        origin="learnt",
    ),
)
FACE_DECISION: Final = _LABEL
QUALITY_REASONS: Final = ("small", "turned", "blurred", "cut_off", "dark")
FACE_QUALITY: Final = (
    Column("quality", _SCORE, "how much of the face there is to see", "", "0 to 1", "detector"),
    Column(
        "quality_reason",
        _TEXT,
        f"what is worst where the quality is low: {', '.join(QUALITY_REASONS)}; empty elsewhere",
        origin="detector",
    ),
)
FACE_PLACE: Final = tuple(one.name for one in (_FRAME, _START))
_CLIP = Column("clip", _TEXT, "name of the clip in the names of its files", origin="clip")
IMAGE_KEYS: Final = (
    Column("file", _TEXT, "path of the image", origin="clip"),
    Column("clip", _TEXT, "name of the image in run.json and in clips.csv", origin="clip"),
)
EVENT_KEYS: Final = (
    Column("event", _INT, "number of the event in the clip", "", "from 0"),
    Column("compound", _TEXT, "the label"),
    Column("compound_id", _INT, "place of the label in the rule file", "", "from 0"),
    Column("onset_frame", _INT, "first frame", "frames", "from 1"),
    Column("onset_time", _TIME, "time of the first frame", "seconds"),
    Column("apex_frame", _INT, "frame with the highest confidence", "frames", "from 1"),
    Column("apex_time", _TIME, "time of the frame with the highest confidence", "seconds"),
    Column("offset_frame", _INT, "last frame", "frames", "from 1"),
    Column("offset_time", _TIME, "time of the last frame", "seconds"),
    Column("duration", _TIME, "from the onset to the end of the last frame", "seconds", "from 0"),
    Column("peak", _SCORE, "confidence at the apex", "score"),
    Column("mean", _SCORE, "mean confidence of the frames with the label", "score"),
    Column("face", _INT, "track id of the face that decided", "", "from 1", "detector"),
)
EVENT_END: Final = (Column("end_time", _TIME, "end of the last frame", "seconds"),)
CLIP_KEYS: Final = (
    _CLIP,
    Column("frames", _INT, "decoded frames", "frames", "from 1", "clip"),
    Column("seconds", _TIME, "from the first frame to the end of the last", "seconds", "", "clip"),
    Column("frames_with_face", _INT, "frames with a face", "frames", "from 0", "detector"),
    Column("faces", _INT, "track ids, one for each face over time", "faces", "from 0", "detector"),
    Column("quality", _TIME, "mean quality of the faces in all frames", "", "0 to 1", "detector"),
)

_MEANINGS: Final = {
    **{name: f"probability of the expression {name}" for name in EXPRESSIONS},
    "valence": "how pleasant the face looks",
    "arousal": "how excited the face looks",
    **{name: f"probability that action unit {int(name[2:])} is present" for name in ACTION_UNITS},
}
_SIGNED: Final = ("valence", "arousal")


def frame_columns(content: Content) -> list[Column]:
    """List the columns of a table of frames, in their order."""
    return [
        *FRAME_KEYS,
        *_signals(content, "smoothed"),
        *_scores(content, "its score"),
        *FRAME_DECISION,
        *FRAME_SHOWN,
    ]


def face_columns(content: Content) -> list[Column]:
    """List the columns of a table of faces, in their order."""
    return [
        *FACE_KEYS,
        *_signals(content, "unsmoothed"),
        *FACE_EXPRESSION,
        *_scores(content, "its score for this face alone"),
        *FACE_DECISION,
        *FACE_QUALITY,
    ]


def image_columns(content: Content) -> list[Column]:
    """List the columns of the table of single images, in their order: those of faces."""
    return [*IMAGE_KEYS, *(one for one in face_columns(content) if one.name not in FACE_PLACE)]


def event_columns() -> list[Column]:
    """List the columns of a table of events, in their order."""
    return [*EVENT_KEYS, *EVENT_END]


def run_event_columns() -> list[Column]:
    """List the columns of the events of all clips of a run, in their order."""
    return [
        replace(_CLIP, meaning=f"{_CLIP.meaning}; only in the events of all clips"),
        *event_columns(),
    ]


def clip_columns(content: Content) -> list[Column]:
    """List the columns of the table of clips, in their order."""
    expressions = [name for name in EXPRESSIONS if name in content.signals]
    return [
        *CLIP_KEYS,
        *(
            _share(name, f"with {name} as the strongest expression", "learnt")
            for name in expressions
        ),
        _share("none", "without a compound"),
        *(_share(name, f"with the label {name}") for name in content.compounds),
    ]


def schema(columns: Iterable[Column]) -> pa.Schema:
    """Return the Arrow schema of columns, with what each means as metadata of its field."""
    return pa.schema([pa.field(one.name, one.kind, metadata=one.metadata()) for one in columns])


def _signals(content: Content, how: str) -> list[Column]:
    return [_signal(name, how, content.derived.get(name)) for name in content.signals]


def _signal(name: str, how: str, formula: str | None) -> Column:
    is_signed = name in _SIGNED
    return Column(
        name,
        _SCORE,
        f"{_MEANINGS.get(name, name)}, {how}",
        "" if is_signed else "probability",
        "-1 to 1" if is_signed else _PROBABILITY,
        "learnt" if formula is None else "derived",
        "" if formula is None else f"{formula}: {FORMULAS.get(formula, 'see the model')}",
    )


def _scores(content: Content, what: str) -> list[Column]:
    by = f" by the rules '{content.rules}'" if content.rules else ""
    return [Column(name, _SCORE, f"{name}: {what}{by}", "score") for name in content.compounds]


def _share(name: str, which: str, origin: str = "rules") -> Column:
    meaning = f"share of the frames with a face {which}"
    return Column(name, _TIME, meaning, "share", "0 to 1", origin)
