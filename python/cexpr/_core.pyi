from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

# How several faces in a frame become one row ("each": the strongest of them, each decided alone),
# and frames without a face are filled.
FacesMerged: TypeAlias = Literal["max", "mean", "first", "largest", "each"]
GapsFilled: TypeAlias = Literal["interpolate", "hold", "none"]

__version__: str
# The names of the signals, group by group, as the C++ code has them.
GROUPS: dict[str, tuple[str, ...]]

def cpu_targets() -> list[str]: ...
def cpu_active() -> str: ...
def cpu_set_active(name: str) -> None: ...

# values float32 (N, C), frames int64 (N,), kernel "gaussian" | "box", window "frames" | "rows"
# -> float32 (N, C).
def smooth(
    values: NDArray[np.float32],
    frames: NDArray[np.int64],
    kernel: str,
    radius: int,
    sigma: float | None,
    window: str,
) -> NDArray[np.float32]: ...

# scores float32 (N, K), row_frames int64 (N,) in 0..frame_count - 1, detection and area float32
# (N,) or None -> (float32 (T, K), int64 (T, K): rows that decided, -1 for none).
def merge_faces(
    scores: NDArray[np.float32],
    row_frames: NDArray[np.int64],
    frame_count: int,
    how: str,
    detection: NDArray[np.float32] | None,
    area: NDArray[np.float32] | None,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]: ...

# image uint8 (H, W[, 3 or 4]), landmarks float32 (F, 5, 2), boxes float32 (F, 4), detection float32
# (F,) -> (quality float32 (F,), reason uint8 (F,): 0 none, 1 small, 2 turned, 3 blurred, 4 cut_off,
# 5 dark).
def face_quality(
    image: NDArray[np.uint8],
    landmarks: NDArray[np.float32],
    boxes_xywh: NDArray[np.float32],
    detection: NDArray[np.float32],
    need: float,
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]: ...

# values float32 (T, C), seen uint8 (T,), times float64 (T,) where at_most is in seconds, at_most
# None for no limit -> (float32 (T, C), uint8 (T,): 1 where filled).
def fill_gaps(
    values: NDArray[np.float32],
    seen: NDArray[np.uint8],
    how: str,
    at_most: tuple[float, str] | None,
    times: NDArray[np.float64] | None,
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]: ...

# scores float32 (T, K), times float64 (T,), bias and weight float32 (K,) -> (labels int32 (T,),
# confidence float32 (T,)). A length is (value, "frames" | "seconds").
def decide(
    scores: NDArray[np.float32],
    times: NDArray[np.float64] | None,
    abstain_below: float,
    exit_below: float,
    hysteresis: float,
    min_duration: tuple[float, str],
    bias: NDArray[np.float32] | None,
    weight: NDArray[np.float32] | None,
) -> tuple[NDArray[np.int32], NDArray[np.float32]]: ...

# labels int32 (T,), strength float32 (T,), times float64 (T,) -> label int32, onset, apex and
# offset int64 (rows from 0), duration float64, peak and mean float32, one entry for each event.
def cut_events(
    labels: NDArray[np.int32],
    strength: NDArray[np.float32],
    times: NDArray[np.float64],
    min_duration: tuple[float, str],
    merge_gap: tuple[float, str],
) -> tuple[
    NDArray[np.int32],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.float64],
    NDArray[np.float32],
    NDArray[np.float32],
]: ...

class StreamingFilter:
    def __init__(self, columns: int, kernel: str, radius: int, sigma: float | None) -> None: ...
    @property
    def delay(self) -> int: ...
    # row float32 (C,) -> the rows that are final: frames int64 (M,), values float32 (M, C).
    def push(
        self, frame: int, row: NDArray[np.float32]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]: ...
    def advance(self, frame: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]: ...
    def flush(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]: ...
    def reset(self) -> None: ...

# Faces and boxes. Images: uint8, (H, W) grey, (H, W, 3) BGR or (H, W, 4) BGRA; rows may lie apart.
# Matrices: float32, (F, 2, 3), from image to output pixels as cv2.warpAffine takes them.
# `mean` and `std`: one number for each output plane, on values in 0..1. `sampling`: "auto",
# "bilinear" or "area" (cexpr.preprocess says what each does).
def align(
    landmarks: NDArray[np.float32], size: int, margin: float, shift: tuple[float, float]
) -> NDArray[np.float32]: ...
def box_transform(
    boxes_xywh: NDArray[np.float32], size: int, margin: float
) -> NDArray[np.float32]: ...
def preprocess(
    image: NDArray[np.uint8],
    matrices: NDArray[np.float32],
    size: int | tuple[int, int],  # side, or (height, width)
    mean: Sequence[float],
    std: Sequence[float],
    color: str,
    sampling: str,
) -> NDArray[np.float32]: ...
def preprocess_into(
    image: NDArray[np.uint8],
    matrices: NDArray[np.float32],
    mean: Sequence[float],
    std: Sequence[float],
    color: str,
    sampling: str,
    out: NDArray[np.float32],  # (F, planes, height, width), written whole
) -> None: ...
def iou(a_xyxy: NDArray[np.float32], b_xyxy: NDArray[np.float32]) -> NDArray[np.float32]: ...
def nms(
    boxes_xyxy: NDArray[np.float32], scores: NDArray[np.float32], threshold: float, mode: str
) -> NDArray[np.int64]: ...  # mode "union" or "min"; kept indices, best first
def regress_boxes(
    boxes_xyxy: NDArray[np.float32], offsets: NDArray[np.float32]
) -> NDArray[np.float32]: ...
def square_boxes(boxes_xyxy: NDArray[np.float32]) -> NDArray[np.float32]: ...

# The rule compiler. A node of a parsed file is a tuple (kind, line, column, value[, offset]):
#   kind    "map" (value: list of (key node, value node)), "list" (list of nodes), "str", "int",
#           "float", "bool" or "null" (value: None).
#   line, column   1-based, in characters; 0 for unknown.
#   offset  "str" only: characters from `column` to the first character of the text in the file;
#           0 plain (the default), 1 quoted, -1 where the text does not stand in the file as it is
#           (escapes, several lines): problems inside an expression then point at its start.
# A problem is (line, column, rule, message); a length is (value, "frames" | "seconds").
#
# Keys of a file beside `cexpr: 1`, `name`, `compounds` (required), `about`, `source`, `let`:
#   smooth     a smoothing for everything ({kernel, radius, sigma, window} or none), or a map of
#              all | expression | valence_arousal | action_units | compounds to smoothings;
#              `filled: count|skip` in compounds only. Lengths: 10 (frames) or 0.5s.
#              gaussian without radius: 3 sigma; window: rows needs a radius in frames.
#   compounds  NAME: an expression | {score, when, otherwise} | {weights: {fear: 0.6, ...}, when,
#              otherwise} (weights may be expressions' names: signals or lets).
#   faces, gaps   one word each; default max, interpolate.
#   decide     abstain_below, exit_below, hysteresis, min_frames | min_duration, bias: {NAME: x},
#              priors: {every NAME: share > 0}.
#   events     min_duration, merge_gap.
#   tests      list of {given: {signal: number}, expect: NAME | none, name, absent: [signals]}.
RuleNode: TypeAlias = tuple[Any, ...]
RuleProblem: TypeAlias = tuple[int, int, str, str]
RuleLength: TypeAlias = tuple[float, str]

class RuleSetError(ValueError):
    # Every problem of the file. str(error) has one line "file:line:column: rule: message" for each.
    file: str
    problems: list[RuleProblem]

# Check and compile. `signals`: the names that are signals (None: the 22 of cexpr).
# Raises RuleSetError; TypeError where a tuple is not a node.
def compile_rules(
    root: RuleNode, file: str = "<rules>", signals: Sequence[str] | None = None
) -> RuleSet: ...

# "unknown signal 'feer'; did you mean 'fear'?"
def unknown_signal(name: str, signals: Sequence[str]) -> str: ...

# The rule sets that are compiled in, by name. ValueError for a name that is not among them.
def shipped_rule_names() -> list[str]: ...
def shipped_rules(name: str) -> RuleSet: ...

class RuleSet:
    @property
    def file(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def about(self) -> str: ...  # "" where the file has none
    @property
    def source(self) -> str: ...
    @property
    def signals(self) -> list[str]: ...  # names read, in the order of the vocabulary
    @property
    def compounds(self) -> list[str]: ...  # in the order of the class ids
    # {"expression": s, "valence_arousal": s, "action_units": s, "compounds": s}, each s is
    # {"kernel": "none"|"box"|"gaussian", "radius": length, "sigma": length,
    #  "window": "frames"|"rows", "filled": "count"|"skip"}
    @property
    def smooth(self) -> dict[str, dict[str, Any]]: ...
    @property
    def faces(self) -> FacesMerged: ...
    @property
    def gaps(self) -> GapsFilled: ...
    @property
    def gaps_at_most(self) -> RuleLength | None: ...  # None: unlimited
    # {"abstain_below": float (-inf without), "exit_below": float, "hysteresis": float,
    #  "min_duration": length, "bias": float32 (K,), "weight": float32 (K,)}
    # adjusted score = score * weight + bias; weight comes from `priors`, mean 1.
    @property
    def decide_options(self) -> dict[str, Any]: ...
    @property
    def event_options(self) -> dict[str, RuleLength]: ...  # "min_duration", "merge_gap"
    # [{"name": str, "line": int, "column": int, "given": {signal: float}, "absent": [signal],
    #   "expect": compound or None, "frames": steps, "fps": float}]; steps is [] for a single row,
    # else [{"line": int, "column": int, "given": {signal: float}, "no_face": bool,
    #   "repeat": int, "is_checked": bool, "expect": compound or None}]
    @property
    def tests(self) -> list[dict[str, Any]]: ...
    # What is legal and surely not meant; [] for most files.
    @property
    def warnings(self) -> list[RuleProblem]: ...
    @property
    def looks_over_time(self) -> bool: ...  # a rule uses mean_over or its kin
    # Signals that the rules need and `names` lacks (has(x) guards); [] when evaluate would work.
    def missing(self, names: Sequence[str]) -> list[RuleProblem]: ...
    # signals: float32 (N, S), names: S columns; frames int64 (N,), times float64 (N,) seconds,
    # tracks int64 (N,): only rules that look over time read them. windows: "centred"|"trailing".
    # Returns float32 (N, K). Raises RuleSetError for a missing signal.
    def evaluate(
        self,
        signals: NDArray[np.float32],
        names: Sequence[str],
        frames: NDArray[np.int64] | None = None,
        times: NDArray[np.float64] | None = None,
        tracks: NDArray[np.int64] | None = None,
        windows: str = "centred",
    ) -> NDArray[np.float32]: ...
    # Row-wise: float32 (N, K) -> int32 (N,), -1 for no label.
    def decide(self, scores: NDArray[np.float32]) -> NDArray[np.int32]: ...
    # One row taken apart; the other rows matter only to rules that look over time. Returns
    # {"winner": compound|None, "runner_up": compound|None, "reason": str, "compounds": [
    #   {"name", "score", "adjusted", "gate_closed": bool, "when": tree|None, "score_tree": tree,
    #    "otherwise": tree|None}], "lets": [{"name", "tree": tree}]}, where
    # tree = {"text": source, "kind": "number"|"condition"|"signal"|"let"|"operator"|"function"|
    #   "has", "value": float, "parts": [tree]}. A let stands in a tree with its value alone.
    def explain(
        self,
        signals: NDArray[np.float32],
        names: Sequence[str],
        row: int = 0,
        frames: NDArray[np.int64] | None = None,
        times: NDArray[np.float64] | None = None,
        tracks: NDArray[np.int64] | None = None,
        windows: str = "centred",
    ) -> dict[str, Any]: ...
    # [{"passed": bool, "got": compound|None, "runner_up": compound|None, "frame": int,
    #   "scores": float32 (K,), "labels": [compound|None]}], one for each entry of `tests`; labels
    # are those of all frames, the rest is of the first wrong frame (from 1; 1 if none is wrong).
    def run_tests(self) -> list[dict[str, Any]]: ...

# A stream of faces to decided frames with a fixed delay. A decided frame is a tuple (frame, time,
# label, confidence, face count, is filled, track, scores float32 (K,), signals float32 (S,), faces
# in the frame); a face is a tuple (track, label, confidence, scores, signals).
_DecidedFaceTuple: TypeAlias = tuple[int, int, float, NDArray[np.float32], NDArray[np.float32]]
_DecidedTuple: TypeAlias = tuple[
    int,
    float,
    int,
    float,
    int,
    bool,
    int,
    NDArray[np.float32],
    NDArray[np.float32],
    tuple[_DecidedFaceTuple, ...],
]

class Analyzer:
    def __init__(
        self,
        rules: RuleSet,
        signals: Sequence[str],
        frames_per_second: float,
        max_faces: int,
        gap_frames: int,
    ) -> None: ...
    @property
    def delay(self) -> int: ...
    # signals float32 (F, S), tracks int64 (F,), detection and area float32 (F,) or None.
    def push(
        self,
        frame: int,
        time: float,
        signals: NDArray[np.float32],
        tracks: NDArray[np.int64],
        detection: NDArray[np.float32] | None,
        area: NDArray[np.float32] | None,
    ) -> list[_DecidedTuple]: ...
    def flush(self) -> list[_DecidedTuple]: ...
    def reset(self) -> None: ...
