"""Seven mean rules and the decision over a million rows, beside numpy.

Run with `python -m benchmarks.rules`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import BenchRow, format_rows, interleaved_times
from cexpr import _core
from cexpr.abaw.classes import CE_PAIRS
from cexpr.signals import EXPRESSIONS

ROWS = 1_000_000
FIRST = [EXPRESSIONS.index(first) for first, _ in CE_PAIRS.values()]
SECOND = [EXPRESSIONS.index(second) for _, second in CE_PAIRS.values()]


def compile_mean_rules() -> _core.RuleSet:
    """Compile the seven rules `mean(a, b)`."""

    def text(value: str) -> tuple[str, int, int, str]:
        return ("str", 0, 0, value)

    compounds = [(text(name), text(f"mean({a}, {b})")) for name, (a, b) in CE_PAIRS.items()]
    root = [
        (text("cexpr"), ("int", 0, 0, 1)),
        (text("name"), text("bench")),
        (text("compounds"), ("map", 0, 0, compounds)),
    ]
    return _core.compile_rules(("map", 0, 0, root))


def random_probabilities(rows: int) -> NDArray[np.float32]:
    """Softmax outputs as a model gives them, shape (rows, 8)."""
    generator = np.random.default_rng(7)
    values = np.exp(generator.normal(size=(rows, len(EXPRESSIONS)), scale=2.0)).astype(np.float32)
    values /= values.sum(axis=1, keepdims=True)
    return np.ascontiguousarray(values)


def by_fancy_index(signals: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The rules as one writes them in numpy: pick the columns, add, halve, argmax."""
    scores = (signals[:, FIRST] + signals[:, SECOND]) * np.float32(0.5)
    labels = scores.argmax(axis=1)
    labels[~scores.any(axis=1)] = -1
    return scores, labels


def by_columns(signals: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The same one compound at a time, without index arrays."""
    scores = np.empty((len(signals), len(CE_PAIRS)), np.float32)
    for k, (a, b) in enumerate(zip(FIRST, SECOND, strict=True)):
        np.add(signals[:, a], signals[:, b], out=scores[:, k])
    scores *= np.float32(0.5)
    labels = scores.argmax(axis=1)
    labels[~scores.any(axis=1)] = -1
    return scores, labels


def by_matrix(signals: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The same as a matrix product, which only linear rules allow."""
    weights = np.zeros((len(EXPRESSIONS), len(CE_PAIRS)), np.float32)
    for k, (a, b) in enumerate(zip(FIRST, SECOND, strict=True)):
        weights[[a, b], k] = 0.5
    scores = signals @ weights
    labels = scores.argmax(axis=1)
    labels[~scores.any(axis=1)] = -1
    return scores, labels


def rows(runs: int = 21) -> list[BenchRow]:
    """Check that all agree, then time them in turn."""
    rules = compile_mean_rules()
    signals = random_probabilities(ROWS)
    signals[::1000] = 0.0
    names = list(EXPRESSIONS)
    scores = rules.evaluate(signals, names)
    labels = rules.decide(scores)
    for peer in (by_fancy_index, by_columns, by_matrix):
        peer_scores, peer_labels = peer(signals)
        np.testing.assert_allclose(scores, peer_scores, rtol=0, atol=1e-7)
        differ = labels != peer_labels
        # A matrix product rounds otherwise; nothing else may differ.
        assert not differ.any() or (peer is by_matrix and differ.mean() < 1e-5)

    times = interleaved_times(
        {
            "cexpr": lambda: rules.decide(rules.evaluate(signals, names)),
            "numpy": lambda: by_fancy_index(signals),
            "numpy, by column": lambda: by_columns(signals),
            "numpy, matrix product": lambda: by_matrix(signals),
        },
        runs=runs,
    )
    peers = {name: time for name, time in times.items() if name.startswith("numpy")}
    kernel = "7 mean rules + decision, 1 M rows"
    return [
        BenchRow(f"{kernel}, evaluate then decide", times["cexpr"], peers, {"numpy": 5.0}),
    ]


if __name__ == "__main__":
    table = rows()
    print(f"target: {_core.cpu_active()}")
    print(format_rows(table))
    raise SystemExit(1 if any(row.missed() for row in table) else 0)
