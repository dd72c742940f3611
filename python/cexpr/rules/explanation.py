"""Why a row got its label: the tree of values behind every score, as data and as text."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Term:
    """A signal or sub-expression with its value.

    Attributes:
        text: Source of the expression.
        kind: number, condition, signal, let, operator, function or has.
        value: Its value in the row; NaN is unknown, conditions are 0 or 1.
        parts: What it is made of.
    """

    text: str
    kind: str
    value: float
    parts: tuple[Term, ...] = ()

    @classmethod
    def from_core(cls, term: Mapping[str, Any]) -> Term:
        """Build from the dict of the core."""
        parts = tuple(cls.from_core(part) for part in term["parts"])
        return cls(term["text"], term["kind"], term["value"], parts)

    def lines(self, depth: int = 0) -> Iterator[str]:
        """Yield the term and its parts, a line each, deeper ones further in."""
        yield f"{'  ' * depth}{self.text} = {self.value:.4g}"
        for part in self.parts:
            # A number says its own value.
            if part.kind != "number":
                yield from part.lines(depth + 1)


@dataclass(frozen=True)
class CompoundTerm:
    """Why one compound got its score.

    Attributes:
        name: The compound.
        score: What `RuleSet.evaluate` gives.
        adjusted: The score with priors and bias; these are compared.
        gate_closed: Whether its `when` did not hold or is unknown.
        when: The gate, or None.
        score_term: The `score` expression.
        otherwise: The score behind a closed gate, or None (then it is 0).
    """

    name: str
    score: float
    adjusted: float
    gate_closed: bool
    when: Term | None
    score_term: Term
    otherwise: Term | None

    @classmethod
    def from_core(cls, found: Mapping[str, Any]) -> CompoundTerm:
        """Build from the dict of the core."""
        when, otherwise = found["when"], found["otherwise"]
        return cls(
            name=found["name"],
            score=found["score"],
            adjusted=found["adjusted"],
            gate_closed=found["gate_closed"],
            when=Term.from_core(when) if when else None,
            score_term=Term.from_core(found["score_tree"]),
            otherwise=Term.from_core(otherwise) if otherwise else None,
        )

    def terms(self) -> list[Term]:
        """Return the expressions of the compound."""
        return [term for term in (self.when, self.score_term, self.otherwise) if term is not None]

    def lines(self) -> Iterator[str]:
        """Yield the compound's score and the terms behind it, a line each."""
        adjusted = f" (with priors and bias {self.adjusted:.4g})"
        yield f"{self.name} = {self.score:.4g}{adjusted if self.adjusted != self.score else ''}"
        if self.when:
            gate = "closed" if self.gate_closed else "open"
            yield f"  when: {'unknown' if math.isnan(self.when.value) else gate}"
            yield from self.when.lines(2)
        yield from self.score_term.lines(1)
        if self.otherwise:
            yield "  otherwise:"
            yield from self.otherwise.lines(2)


@dataclass(frozen=True)
class RowExplanation:
    """Why one row got its label.

    Attributes:
        winner: The compound, or None for no label.
        runner_up: The best beside the winner; where there is no label, the best. None if no other
            compound has a score.
        reason: One sentence.
        compounds: Every compound in the order of the ids.
        lets: The named values that were read, by name, those first that others read.
    """

    winner: str | None
    runner_up: str | None
    reason: str
    compounds: tuple[CompoundTerm, ...]
    lets: Mapping[str, Term]

    @classmethod
    def from_core(cls, found: Mapping[str, Any]) -> RowExplanation:
        """Build from the dict of the core."""
        return cls(
            winner=found["winner"],
            runner_up=found["runner_up"],
            reason=found["reason"],
            compounds=tuple(CompoundTerm.from_core(compound) for compound in found["compounds"]),
            lets={let["name"]: Term.from_core(let["tree"]) for let in found["lets"]},
        )

    def text(self, most: int | None = None, notes: Sequence[str] = ()) -> str:
        """Write the explanation for a person, the verdict first.

        Args:
            most: Compounds that are shown with their terms, the best first, and the lets in their
                rules. By default all compounds and lets.
            notes: Sentences that follow the verdict.

        Returns:
            The reason, the notes, and the compounds.
        """
        ordered = sorted(self.compounds, key=self._place)
        shown = ordered[:most]
        lines = [self.reason, *notes]
        for compound in shown:
            lines += compound.lines()
        lets = self.lets if most is None else self._read_by(shown)
        for name, term in self.lets.items():
            if name in lets:
                lines += [f"let {name} = {term.value:.4g}", *term.lines(1)]
        return "\n".join(lines)

    def __str__(self) -> str:
        """Return the verdict and all compounds, the best first, each with its terms."""
        return self.text()

    def _place(self, compound: CompoundTerm) -> tuple[bool, bool, float]:
        """Where a compound stands: the winner, the runner-up, the others by their scores."""
        score = -math.inf if math.isnan(compound.adjusted) else compound.adjusted
        return compound.name != self.winner, compound.name != self.runner_up, -score

    def _read_by(self, compounds: Sequence[CompoundTerm]) -> set[str]:
        """Names of the lets that stand in the rules of compounds."""
        terms = [term for one in compounds for term in one.terms()]
        read = set()
        while terms:
            term = terms.pop()
            terms += term.parts
            if term.kind == "let":
                read.add(term.text)
        return read

    def _repr_html_(self) -> str:
        """Return the text, laid out as it is, for notebooks."""
        return f"<pre>{html.escape(str(self))}</pre>"
