"""What every benchmark shares: one row of the table, and how a time is taken."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class BenchRow:
    """One kernel beside its peers, measured in the same process on one thread.

    Attributes:
        kernel: What is computed, with sizes, for example "box smoothing, 26138 x 8, radius 50".
        ours: Median time of cexpr in seconds.
        peers: Median time in seconds by the peer's name; every peer computes the same result.
        required: The ratio peer / ours to reach, by the peer's name; a peer without one is shown
            for information only.
    """

    kernel: str
    ours: float
    peers: dict[str, float]
    required: dict[str, float] = field(default_factory=dict)

    def ratio(self, peer: str) -> float:
        """How many times longer `peer` takes than cexpr."""
        return self.peers[peer] / self.ours

    def missed(self) -> list[str]:
        """Names of the peers against which the required ratio is not reached."""
        return [peer for peer, least in self.required.items() if self.ratio(peer) < least]


def median_time(fn: Callable[[], object], runs: int = 51, warmup: int = 3) -> float:
    """Return the median wall time of `fn()` in seconds.

    Args:
        fn: What is measured; called with no argument.
        runs: Calls that are timed, >= 1.
        warmup: Calls before them that are not.
    """
    for _ in range(warmup):
        fn()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        fn()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def interleaved_times(
    contenders: dict[str, Callable[[], object]], runs: int = 51, warmup: int = 3
) -> dict[str, float]:
    """Return the median wall time in seconds of each contender, one call of each in turn.

    Calls in turn share whatever else the machine is doing, so that ratios stay fair where
    absolute times do not.

    Args:
        contenders: What is measured, by name; each is called with no argument.
        runs: Calls of each that are timed, >= 1.
        warmup: Calls of each before them that are not.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for run in range(warmup + runs):
        for name, fn in contenders.items():
            start = time.perf_counter()
            fn()
            elapsed = time.perf_counter() - start
            if run >= warmup:
                times[name].append(elapsed)
    return {name: statistics.median(values) for name, values in times.items()}


def format_rows(rows: list[BenchRow]) -> str:
    """Lay rows out as a Markdown table: one line for each kernel and peer."""
    lines = [
        "| kernel | cexpr, ms | peer | peer, ms | ratio | required |",
        "| --- | ---: | --- | ---: | ---: | ---: |",
    ]
    for row in rows:
        for peer, seconds in row.peers.items():
            least = row.required.get(peer)
            lines.append(
                f"| {row.kernel} | {row.ours * 1e3:.3f} | {peer} | {seconds * 1e3:.3f} "
                f"| {row.ratio(peer):.2f} | {'' if least is None else f'{least:.3g}'} |"
            )
    return "\n".join(lines)
