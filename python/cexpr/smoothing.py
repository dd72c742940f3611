"""Smooth signals over frames: box and Gaussian means that take gaps and unknown values."""

from __future__ import annotations

from typing import Literal

from cexpr import _core
from cexpr._support.arguments import c_contiguous, real, whole
from cexpr._support.types import Floats, Integers

__all__ = ["StreamingFilter", "smooth"]

_INT64_MAX = 2**63 - 1

Kernel = Literal["gaussian", "box"]
Window = Literal["frames", "rows"]


def _radius(radius: int | None) -> int:
    if radius is None:
        raise TypeError("smooth() needs 'radius', the number of frames on each side")
    # A window that is longer than any track is the whole track.
    return max(-1, min(whole("radius", radius), _INT64_MAX))


def _sigma(sigma: float | None) -> float | None:
    return None if sigma is None else real("sigma", sigma)


def smooth(
    values: Floats,
    frames: Integers,
    kernel: Kernel = "gaussian",
    radius: int | None = None,
    sigma: float | None = None,
    window: Window = "frames",
) -> Floats:
    """Smooth each column of a track over its frames, leaving unknown values out.

    Row i of the result is the weighted mean of the rows j with
    ``|frames[j] - frames[i]| <= radius``; the weight is 1 (box) or
    ``exp(-(frames[j] - frames[i])**2 / (2 * sigma**2))`` (gaussian). NaN entries are left out and
    the weights renormalised, column by column.

    Args:
        values: float32, shape (N, C); NaN marks an unknown value.
        frames: int64, shape (N,), frame numbers that do not decrease; rows with the same number
            are separate rows.
        kernel: "gaussian" or "box".
        radius: Frames on each side that take part, >= 0; must be given.
        sigma: Standard deviation in frames, > 0; needed by "gaussian", not read by "box".
        window: "frames" counts `radius` in frame numbers; "rows" counts rows whatever their frame
            numbers are (the weight is still taken from the distance in frames).

    Returns:
        float32, shape (N, C); NaN where no value lies within radius. An infinite value makes the
        results of its window infinite, and NaN where both signs meet.

    Raises:
        TypeError: values is not float32, frames is not int64, radius is not an integer, or sigma
            is no number.
        ValueError: a shape, kernel, radius, sigma or window is out of range, or frames decrease.

    Example:
        >>> smooth(np.float32([[0], [3]]), np.int64([1, 2]), kernel="box", radius=1).ravel()
        array([1.5, 1.5], dtype=float32)
    """
    return _core.smooth(
        c_contiguous(values), c_contiguous(frames), kernel, _radius(radius), _sigma(sigma), window
    )


class StreamingFilter:
    """Smooth one track while it grows, with a fixed delay of `radius` frames.

    The rows that come out equal those of `smooth` on the whole track. Memory is bounded by the
    window of 2 radius + 1 rows.

    Args:
        columns: Values in a row, >= 1.
        kernel: "gaussian" or "box".
        radius: Frames on each side, 0..65536.
        sigma: Standard deviation in frames; needed by "gaussian".

    Raises:
        ValueError: an argument is out of range.

    Example:
        >>> live = StreamingFilter(1, kernel="box", radius=1)
        >>> frames, rows = live.push(1, np.float32([0]))
        >>> frames, rows = live.push(2, np.float32([3]))
        >>> frames, rows
        (array([1]), array([[1.5]], dtype=float32))
    """

    def __init__(
        self,
        columns: int,
        kernel: Kernel = "gaussian",
        radius: int | None = None,
        sigma: float | None = None,
    ) -> None:
        self._filter = _core.StreamingFilter(
            whole("columns", columns), kernel, _radius(radius), _sigma(sigma)
        )

    @property
    def delay(self) -> int:
        """Frames between a push and the row that it makes final."""
        return self._filter.delay

    def push(self, frame: int, row: Floats) -> tuple[Integers, Floats]:
        """Add the row of a frame and return the rows that are final now.

        Args:
            frame: Number of the frame; must increase from call to call.
            row: float32, shape (columns,); NaN marks an unknown value.

        Returns:
            Their frame numbers, int64 (M,), and the smoothed rows, float32 (M, columns).

        Raises:
            TypeError: row is not float32.
            ValueError: the row has another length, or the frame does not increase.
        """
        return self._filter.push(frame, row)

    def advance(self, frame: int) -> tuple[Integers, Floats]:
        """Say that no row up to `frame` is still to come, and return the rows that are final now.

        Args:
            frame: Number of the frame; must increase from call to call.

        Raises:
            ValueError: the frame does not increase.
        """
        return self._filter.advance(frame)

    def flush(self) -> tuple[Integers, Floats]:
        """End the track: return all rows that are left; the filter is as new afterwards."""
        return self._filter.flush()

    def reset(self) -> None:
        """Forget everything; frames may start anywhere again."""
        self._filter.reset()
