"""Rule sets: YAML files that turn signals into compound scores, compiled once by the core."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Mapping, Sequence
from os import PathLike, fspath
from typing import Any, Final

import numpy as np
import yaml

from cexpr import _core
from cexpr._support.arguments import c_contiguous
from cexpr._support.text import unknown
from cexpr._support.types import Doubles, Floats, Integers, Labels
from cexpr.errors import RuleError, RuleProblem
from cexpr.rules import files as rule_files
from cexpr.rules import yaml as rule_yaml
from cexpr.rules.explanation import RowExplanation
from cexpr.rules.files import shipped
from cexpr.signals import SIGNALS

__all__ = ["RuleSet", "shipped"]


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
        self._text = text
        self._file = file
        try:
            self._tree = rule_yaml.compose(text)
        except rule_yaml.YamlError as error:
            raise rule_files.unreadable(file, error) from error
        try:
            self._core = _core.compile_rules(self._tree.root, file)
        except _core.RuleSetError as error:
            raise self._located(error) from error

    @classmethod
    def load(cls, path: str | PathLike[str]) -> RuleSet:
        """Load a rule file, or a rule set that comes with cexpr by its name.

        Args:
            path: A file, or a bare name such as `"default"` (see `shipped`).

        Returns:
            The rule set.

        Raises:
            RuleError: there is no such file or name, or the file has mistakes (all are listed).
        """
        return cls(rule_files.read(path), fspath(path))

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
        """
        if not isinstance(text, str):
            raise TypeError(f"text: expected str; got {type(text).__name__}")
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
            TypeError: a value is none of the types above.
        """
        try:
            text = yaml.safe_dump(dict(data), sort_keys=False, allow_unicode=True, width=4096)
        except yaml.YAMLError as error:
            raise TypeError(
                f"data: expected dicts, lists, strings and numbers; got {error.args[-1]!r}"
            ) from error
        except RecursionError as error:
            raise rule_files.refusal([RuleProblem(file, 0, 0, "", "nested too deep")]) from error
        return cls(text, file)

    @property
    def core(self) -> _core.RuleSet:
        """The compiled object, for other parts of the core."""
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
    def smooth(self) -> dict[str, dict[str, Any]]:
        """Smoothing of each group of signals and of the compound scores."""
        return self._core.smooth

    @property
    def faces(self) -> str:
        """How several faces in a frame become one row: max, mean, first or largest."""
        return self._core.faces

    @property
    def gaps(self) -> str:
        """What frames without a face get: interpolate, hold or none."""
        return self._core.gaps

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
    def looks_over_time(self) -> bool:
        """Whether a rule reads other rows than its own (`mean_over` and its kin)."""
        return self._core.looks_over_time

    def missing(self, names: Sequence[str]) -> list[RuleProblem]:
        """List the places that read a signal which is not at hand.

        Args:
            names: Signals at hand.

        Returns:
            One problem for each place; empty when `evaluate` would work.
        """
        return self._problems(self._core.missing(_strings(names)))

    def evaluate(
        self,
        signals: Floats,
        names: Sequence[str],
        *,
        frames: Integers | None = None,
        times: Doubles | None = None,
        tracks: Integers | None = None,
        windows: str = "centred",
    ) -> Floats:
        """Compute the score of every compound in every row; nothing is smoothed.

        Args:
            signals: float32, shape (N, S); NaN is "unknown".
            names: S names of the columns; columns that no rule reads are ignored.
            frames: int64, shape (N,), frame numbers; windows in frames count them. Without it the
                rows are consecutive frames.
            times: float64, shape (N,), seconds; windows in seconds need it. When neither frames,
                times nor tracks are given, a window in seconds sees its own row alone.
            tracks: int64, shape (N,), face ids; a window never leaves its track.
            windows: "centred" as in a finished clip, or "trailing" as in a stream.

        Returns:
            float32, shape (N, K); NaN where a score is unknown.

        Raises:
            RuleError: a signal that the rules need is not in names.
            TypeError: an array has the wrong dtype.
            ValueError: shapes do not fit.
        """
        if frames is None and times is None and tracks is None:
            times = self._apart(signals)
        try:
            return self._core.evaluate(
                c_contiguous(signals), _strings(names), frames, times, tracks, windows=windows
            )
        except _core.RuleSetError as error:
            raise self._located(error) from error

    def decide(self, scores: Floats) -> Labels:
        """Name the winner of each row, with the file's priors, bias and `abstain_below`.

        Args:
            scores: float32, shape (N, K).

        Returns:
            int32, shape (N,): class id, or -1 where every score is 0 or unknown or the best one is
            below `abstain_below`. Ties go to the lowest id. Minimum durations and hysteresis need
            a timeline and are not applied here.
        """
        return self._core.decide(c_contiguous(scores))

    def explain(
        self,
        signals: Floats,
        names: Sequence[str],
        *,
        row: int = 0,
        frames: Integers | None = None,
        times: Doubles | None = None,
        tracks: Integers | None = None,
        windows: str = "centred",
    ) -> RowExplanation:
        """Take one row apart: every score with the values of every sub-expression.

        Args:
            signals: float32, shape (N, S); rows other than `row` matter only to windows over time.
            names: S names of the columns.
            row: The row to explain, 0-based.
            frames: As in `evaluate`.
            times: As in `evaluate`.
            tracks: As in `evaluate`.
            windows: As in `evaluate`.

        Returns:
            The explanation; `str` of it is a text for a person.

        Raises:
            RuleError: a signal that the rules need is not in names.
            ValueError: row or a shape is out of range.
        """
        if frames is None and times is None and tracks is None:
            times = self._apart(signals)
        try:
            found = self._core.explain(
                c_contiguous(signals), _strings(names), row, frames, times, tracks, windows=windows
            )
        except _core.RuleSetError as error:
            raise self._located(error) from error
        return RowExplanation.from_core(found)

    def explain_given(self, given: Mapping[str, float]) -> RowExplanation:
        """Explain a single frame from a few signals; those not given are 0, as in `tests`.

        Args:
            given: Values by signal name.

        Returns:
            The explanation.

        Raises:
            RuleError: a name is no signal.
        """
        for name in given:
            if name not in SIGNALS:
                raise RuleError(unknown("signal", name, SIGNALS))
        row = np.array([[given.get(name, 0.0) for name in SIGNALS]], dtype=np.float32)
        return self.explain(row, SIGNALS)

    def run_tests(self) -> list[dict[str, Any]]:
        """Run the file's `tests`.

        Returns:
            For each entry of `tests` a dict with `passed`, `got` (compound or None), `runner_up`
            (compound or None) and `scores` (float32, shape (K,)).
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

    def _apart(self, signals: Floats) -> Doubles | None:
        """Return times so far apart that no window in seconds sees a second row."""
        if not self.looks_over_time:
            return None
        rows = len(signals) if isinstance(signals, np.ndarray) and signals.ndim else 0
        return np.arange(rows, dtype=np.float64) * _APART_S

    def _problems(self, problems: Sequence[tuple[int, int, str, str]]) -> list[RuleProblem]:
        return [
            RuleProblem(self._file, *self._tree.locate(line, column), rule, message)
            for line, column, rule, message in problems
        ]

    def _located(self, error: _core.RuleSetError) -> RuleError:
        return rule_files.refusal(self._problems(error.problems))


def _strings(names: Sequence[str]) -> list[str]:
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"names: expected a sequence of strings; got {names!r}")
    return list(names)
