"""Rule sets: YAML files that turn signals into compound scores, compiled once by the core."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
import yaml
from numpy.typing import ArrayLike

from cexpr import _core
from cexpr._support import arguments
from cexpr._support.types import Floats, Labels
from cexpr.errors import RuleError, RuleProblem
from cexpr.rules.explanation import RowExplanation
from cexpr.rules.files import read, refusal, unreadable
from cexpr.rules.yaml import YamlError, compose
from cexpr.signals import SIGNALS
from cexpr.smoothing import Smoothing

if TYPE_CHECKING:
    from cexpr._core import FacesMerged, GapsFilled

_Result = TypeVar("_Result")

# More than the longest window that the language allows, so that no row sees another.
_APART_S: Final = 10_000.0


class RuleSet:
    """A checked and compiled rule file.

    Make one with `load`, `from_string` or `from_dict`. It never changes, pickles as its text, and
    may be used from several threads.

    Example:
        >>> data = {"cexpr": 1, "name": "mine", "compounds": {"A": "mean(fear, surprise)"}}
        >>> rules = RuleSet.from_dict(data)
        >>> rules.evaluate(np.float32([[0.5, 0.25]]), names=["fear", "surprise"])
        array([[0.375]], dtype=float32)
    """

    def __init__(self, text: str, file: str = "<string>") -> None:
        """Compile a text; `file` names it in messages."""
        self._text = arguments.text("text", text)
        self._file = arguments.text("file", file)
        try:
            self._tree = compose(text)
        except YamlError as error:
            raise unreadable(file, error) from error
        try:
            self._core = _core.compile_rules(self._tree.root, file)
        except _core.RuleSetError as error:
            raise self._located(error) from error

    @classmethod
    def load(cls, path: str | PathLike[str]) -> RuleSet:
        """Load a rule file, or a shipped rule set by its name.

        Args:
            path: A file, or the bare name of a shipped rule set, such as `"default"`.

        Returns:
            The rule set.

        Raises:
            RuleError: there is no such file or name, or the file has mistakes (all are listed).
            TypeError: path is not a path.
        """
        return cls(read(path), fspath(path))

    @classmethod
    def from_string(cls, text: str, file: str = "<string>") -> RuleSet:
        """Compile the text of a rule file.

        Args:
            text: YAML.
            file: Name for messages.

        Returns:
            The rule set.

        Raises:
            RuleError: the text has mistakes.
            TypeError: text is not a string.
        """
        return cls(text, file)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], file: str = "<dict>") -> RuleSet:
        """Compile a rule set that is built in code.

        Args:
            data: What the YAML of a rule file would hold: dicts, lists, strings, numbers.
            file: Name for messages; lines in them are those of `text`.

        Returns:
            The rule set.

        Raises:
            RuleError: the content has mistakes.
            TypeError: a value has none of the types above.
        """
        data = dict(arguments.mapping("data", data))
        try:
            text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=4096)
        except yaml.YAMLError as error:
            raise TypeError(
                f"data: expected dicts, lists, strings and numbers; got {error.args[-1]!r}"
            ) from error
        except RecursionError as error:
            raise refusal([RuleProblem(file, 0, 0, "", "nested too deep")]) from error
        return cls(text, file)

    @property
    def core(self) -> _core.RuleSet:
        """The compiled rules, for other parts of cexpr."""
        return self._core

    @property
    def text(self) -> str:
        """The YAML that was compiled."""
        return self._text

    @property
    def sha256(self) -> str:
        """Hash of the text, 64 hexadecimal digits."""
        return hashlib.sha256(self._text.encode()).hexdigest()

    @property
    def file(self) -> str:
        """Name of the file in messages."""
        return self._file

    @property
    def name(self) -> str:
        """The file's `name`."""
        return self._core.name

    @property
    def about(self) -> str:
        """The file's `about`, or ""."""
        return self._core.about

    @property
    def source(self) -> str:
        """The file's `source`, or ""."""
        return self._core.source

    @property
    def signals(self) -> list[str]:
        """Signals that the rules read, in the order of the vocabulary."""
        return self._core.signals

    @property
    def compounds(self) -> list[str]:
        """Compounds in the order of their ids 0, 1, 2, ..."""
        return self._core.compounds

    @property
    def smooth(self) -> dict[str, Smoothing]:
        """The file's `smooth` by group: expression, valence_arousal, action_units, compounds."""
        return {name: Smoothing.from_core(one) for name, one in self._core.smooth.items()}

    @property
    def faces(self) -> FacesMerged:
        """How several faces in a frame become one row: max, mean, first, largest or each."""
        return self._core.faces

    @property
    def gaps(self) -> GapsFilled:
        """What frames without a face get: interpolate, hold or none."""
        return self._core.gaps

    @property
    def gaps_at_most(self) -> tuple[float, str] | None:
        """How far from a seen face frames are filled, in frames or seconds; None: unlimited."""
        return self._core.gaps_at_most

    @property
    def decide_options(self) -> dict[str, Any]:
        """The file's `decide`, with defaults filled in."""
        return self._core.decide_options

    @property
    def event_options(self) -> dict[str, tuple[float, str]]:
        """The file's `events`, with defaults filled in."""
        return self._core.event_options

    @property
    def tests(self) -> list[dict[str, Any]]:
        """The file's `tests`."""
        return self._core.tests

    @property
    def warnings(self) -> list[RuleProblem]:
        """What is legal and surely not meant, such as `valence > 3`; the rules run all the same."""
        return self._problems(self._core.warnings)

    @property
    def looks_over_time(self) -> bool:
        """Whether a rule reads other rows than its own (`mean_over` and similar)."""
        return self._core.looks_over_time

    def missing(self, names: Sequence[str]) -> list[RuleProblem]:
        """List the places that read a signal which is not available.

        Args:
            names: Signals that are available.

        Returns:
            One problem for each place; empty if `evaluate` would work.
        """
        return self._problems(self._core.missing(arguments.strings("names", names)))

    def evaluate(
        self,
        signals: ArrayLike,
        names: Sequence[str],
        *,
        frames: ArrayLike | None = None,
        times: ArrayLike | None = None,
        tracks: ArrayLike | None = None,
        windows: str = "centred",
    ) -> Floats:
        """Compute the score of every compound in every row; nothing is smoothed.

        Args:
            signals: Numbers, shape (N, S), rounded to float32; NaN marks an unknown value.
            names: S names of the columns; columns that no rule reads are ignored.
            frames: Whole numbers, shape (N,), frame numbers; windows in frames count them. By
                default the rows are consecutive frames.
            times: Numbers, shape (N,), seconds; windows in seconds need them. If neither frames,
                times nor tracks are given, a window in seconds sees only its own row.
            tracks: Whole numbers, shape (N,), face ids; a window never leaves its track.
            windows: "centred" as in a finished clip, or "trailing" as in a stream.

        Returns:
            float32, shape (N, K); NaN where a score is unknown.

        Raises:
            RuleError: a signal that the rules need is not in names.
            TypeError: an argument has the wrong type.
            ValueError: shapes do not fit, the columns of a data frame are not `names`, or a number
                is out of range.
        """
        return self._over_rows(self._core.evaluate, signals, names, frames, times, tracks, windows)

    def decide(self, scores: ArrayLike) -> Labels:
        """Name the winner of each row, with the file's priors, bias and `abstain_below`.

        Args:
            scores: Numbers, shape (N, K), rounded to float32.

        Returns:
            int32, shape (N,): class id, or -1 where every score is 0 or unknown or the best one is
            below `abstain_below`. Ties go to the lowest id. Minimum durations and hysteresis need
            a timeline and are not applied here.

        Raises:
            TypeError: scores are not numbers.
            ValueError: the shape, or the columns of a data frame, do not fit.
        """
        arguments.require_columns("scores", scores, self.compounds)
        return self._core.decide(arguments.floats("scores", scores))

    def explain(
        self,
        signals: ArrayLike,
        names: Sequence[str],
        *,
        row: int = 0,
        frames: ArrayLike | None = None,
        times: ArrayLike | None = None,
        tracks: ArrayLike | None = None,
        windows: str = "centred",
    ) -> RowExplanation:
        """Take one row apart: every score with the values of every sub-expression.

        Args:
            signals: As in `evaluate`; rows other than `row` matter only to windows over time.
            names: As in `evaluate`.
            row: The row to explain, 0-based.
            frames: As in `evaluate`.
            times: As in `evaluate`.
            tracks: As in `evaluate`.
            windows: As in `evaluate`.

        Returns:
            The explanation; `str` of it is a text for a person.

        Raises:
            RuleError: a signal that the rules need is not in names.
            TypeError: an argument has the wrong type.
            ValueError: row, a shape or the columns of a data frame do not fit.
        """
        explain = partial(self._core.explain, row=arguments.whole("row", row, 0))
        found = self._over_rows(explain, signals, names, frames, times, tracks, windows)
        return RowExplanation.from_core(found)

    def explain_given(self, given: Mapping[str, float]) -> RowExplanation:
        """Explain a single frame from a few signals; those not given are 0, as in `tests`.

        Args:
            given: Values by signal name.

        Returns:
            The explanation.

        Raises:
            RuleError: a name is not that of a signal.
            TypeError: a value is not a number, or a name not a text.
        """
        for name in arguments.mapping("given", given):
            if not isinstance(name, str):
                raise TypeError(f"given: expected names of signals, got {name!r}")
            if name not in SIGNALS:
                raise RuleError(_core.unknown_signal(name, SIGNALS))
        row = [[arguments.real(name, given.get(name, 0.0)) for name in SIGNALS]]
        return self.explain(row, SIGNALS)

    def run_tests(self) -> list[dict[str, Any]]:
        """Run the file's `tests`.

        Returns:
            For each entry of `tests` a dict with `passed` and `labels` (compound or None for each
            frame), and, of the first wrong frame (or the first), its number `frame` from 1, `got`,
            `runner_up` (compound or None) and `scores` (float32, shape (K,)).
        """
        return self._core.run_tests()

    def __repr__(self) -> str:
        """Return name, compounds and signals."""
        return (
            f"RuleSet({self.name!r}, compounds={self.compounds}, signals={self.signals}, "
            f"file={self.file!r})"
        )

    def _repr_html_(self) -> str:
        """Return a table of the compounds for notebooks."""
        rows = "".join(
            f"<tr><td>{class_id}</td><td>{html.escape(name)}</td></tr>"
            for class_id, name in enumerate(self.compounds)
        )
        about = f"<p>{html.escape(self.about)}</p>" if self.about else ""
        return (
            f"<b>{html.escape(self.name)}</b>{about}"
            f"<table><thead><tr><th>id</th><th>compound</th></tr></thead><tbody>{rows}</tbody>"
            f"</table><p>reads {html.escape(', '.join(self.signals))}</p>"
            f"<details><summary>rules</summary><pre>{html.escape(self.text)}</pre></details>"
        )

    def __reduce__(self) -> tuple[type[RuleSet], tuple[str, str]]:
        """Pickle as the text: a worker compiles it again."""
        return type(self), (self._text, self._file)

    def _over_rows(
        self,
        method: Callable[..., _Result],
        signals: ArrayLike,
        names: Sequence[str],
        frames: ArrayLike | None,
        times: ArrayLike | None,
        tracks: ArrayLike | None,
        windows: str,
    ) -> _Result:
        """Call a method of the core with rows of signals and what goes with them."""
        names = arguments.strings("names", names)
        arguments.require_columns("signals", signals, names)
        rows = arguments.floats("signals", signals)
        if frames is None and times is None and tracks is None and self.looks_over_time:
            # So far apart that no window in seconds sees a second row.
            count = len(rows) if isinstance(rows, np.ndarray) and rows.ndim else 0
            times = np.arange(count, dtype=np.float64) * _APART_S
        try:
            return method(
                rows,
                names,
                frames=None if frames is None else arguments.integers("frames", frames),
                times=None if times is None else arguments.doubles("times", times),
                tracks=None if tracks is None else arguments.integers("tracks", tracks),
                windows=arguments.text("windows", windows),
            )
        except _core.RuleSetError as error:
            raise self._located(error) from error

    def _problems(self, problems: Sequence[tuple[int, int, str, str]]) -> list[RuleProblem]:
        return [
            RuleProblem(self._file, *self._tree.locate(line, column), rule, message)
            for line, column, rule, message in problems
        ]

    def _located(self, error: _core.RuleSetError) -> RuleError:
        return refusal(self._problems(error.problems))
