"""Smooth signals over frames: box and Gaussian means that take gaps and unknown values."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from numpy.typing import ArrayLike

from cexpr import _core
from cexpr._support.arguments import floats, index, integers, real, text, whole
from cexpr._support.types import Floats, Integers

__all__ = ["Smoothing", "StreamingFilter", "smooth"]

_INT64_MAX = 2**63 - 1
_MOST_COLUMNS = 2**31 - 1
# Limits of the rule language.
_MOST_FRAMES = 100_000
_MOST_SECONDS = 3600
# The radius of a smoothing that leaves it to its kernel.
_BY_KERNEL: Any = None
_SECONDS = re.compile(r"(\d+\.?\d*|\.\d+)(e[-+]?\d+)?s", re.IGNORECASE)

Kernel = Literal["gaussian", "box"]
Window = Literal["frames", "rows"]
Filled = Literal["count", "skip"]
Length = int | float | str
"""A number of frames, or seconds as in a rule file: `"0.5s"`."""


@dataclass(frozen=True)
class Smoothing:
    """How a group of signals, or the compound scores, are smoothed over frames.

    Attributes:
        kernel: "none", "box" or "gaussian".
        radius: Whole number of frames on each side, or seconds as text, such as "0.5s"; 0 smooths
            nothing. By default a Gaussian reaches 3 sigma, as in a rule file; "box" needs a radius.
        sigma: Standard deviation of the Gaussian in frames, or seconds as text; None for "box" and
            "none".
        window: What the radius counts: "frames" (frame numbers) or "rows" (rows that have a face,
            whatever their numbers).
        filled: Whether compound scores that were filled in take part ("count") or not ("skip");
            None leaves it to the rule file. Read for compound scores only.

    Raises:
        TypeError: an attribute has the wrong type.
        ValueError: an attribute is out of range, or kernel, radius and sigma do not fit together.

    Example:
        >>> Smoothing("gaussian", radius=10, sigma=3)
        Smoothing(kernel='gaussian', radius=10, sigma=3.0, window='frames', filled=None)
    """

    kernel: Literal["none", "box", "gaussian"] = "none"
    radius: Length = _BY_KERNEL
    sigma: Length | None = None
    window: Window = "frames"
    filled: Filled | None = None

    def __post_init__(self) -> None:
        """Check the attributes, one by one and together, and bring numbers to one form."""
        _require_word("kernel", self.kernel, ("none", "box", "gaussian"))
        _require_word("window", self.window, get_args(Window))
        if self.filled is not None:
            _require_word("filled", self.filled, get_args(Filled))
        if (self.kernel == "gaussian") != (self.sigma is not None):
            raise ValueError("sigma belongs to the gaussian kernel, which needs it")
        if self.sigma is not None:
            sigma, is_seconds = _length("sigma", self.sigma)
            if sigma == 0:
                raise ValueError(f"sigma: expected a number above 0, got {self.sigma!r}")
            if not is_seconds:
                object.__setattr__(self, "sigma", sigma)
            elif self.window == "rows":
                raise ValueError(f"sigma: expected a number, got {self.sigma!r}")
        if self.radius is _BY_KERNEL:
            object.__setattr__(self, "radius", _reach(self.kernel, self.sigma))
        radius, is_seconds = _length("radius", self.radius)
        if is_seconds:
            if self.window == "rows":
                raise ValueError(f"radius: expected a number of rows, got {self.radius!r}")
        elif not radius.is_integer():
            raise ValueError(
                f"radius: expected a whole number of frames or seconds ('0.5s'), got {radius!r}"
            )
        else:
            object.__setattr__(self, "radius", int(radius))

    def __str__(self) -> str:
        """Return the kernel and its lengths in a few words."""
        if self.kernel == "none":
            return self.kernel
        sigma = f"{self.sigma:.3g}" if isinstance(self.sigma, float) else self.sigma
        return f"{self.kernel}{f' sigma {sigma}' if sigma else ''} radius {self.radius}"

    @classmethod
    def from_core(cls, found: Mapping[str, Any]) -> Smoothing:
        """Build from the dict of the core."""
        is_gaussian = found["kernel"] == "gaussian"
        return cls(
            kernel=found["kernel"],
            radius=_written(*found["radius"]),
            sigma=_written(*found["sigma"]) if is_gaussian else None,
            window=found["window"],
            filled=found["filled"],
        )

    def arguments(self, frames_per_second: float) -> dict[str, Any] | None:
        """Return the arguments of `smooth`, lengths in frames, or None for the kernel "none".

        Args:
            frames_per_second: Turns seconds into frames.
        """
        if self.kernel == "none":
            return None
        return {
            "kernel": self.kernel,
            "radius": round(_in_frames("radius", self.radius, frames_per_second)),
            "sigma": None
            if self.sigma is None
            else _in_frames("sigma", self.sigma, frames_per_second),
            "window": self.window,
        }


def smooth(
    values: ArrayLike,
    frames: ArrayLike,
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
        values: Numbers, shape (N, C), rounded to float32; NaN marks an unknown value.
        frames: Whole numbers, shape (N,), frame numbers that do not decrease; rows with the same
            number are separate rows.
        kernel: "gaussian" or "box".
        radius: Frames on each side that take part, >= 0; must be given.
        sigma: Standard deviation in frames, > 0; needed by "gaussian", not read by "box".
        window: "frames" counts `radius` in frame numbers; "rows" counts rows whatever their frame
            numbers are (the weight is still taken from the distance in frames).

    Returns:
        float32, shape (N, C); NaN where no value lies within radius. An infinite value makes the
        results of its window infinite, and NaN where both signs meet.

    Raises:
        TypeError: values or sigma are not numbers, or frames or radius are not whole numbers.
        ValueError: a shape, kernel, radius, sigma or window is out of range, or frames decrease.

    Example:
        >>> smooth(np.float32([[0], [3]]), np.int64([1, 2]), kernel="box", radius=1).ravel()
        array([1.5, 1.5], dtype=float32)
    """
    return _core.smooth(
        floats("values", values),
        integers("frames", frames),
        text("kernel", kernel),
        _radius(radius),
        _sigma(sigma),
        text("window", window),
    )


class StreamingFilter:
    """Smooth one track while it grows, with a fixed delay of `radius` frames.

    For programs that receive scores or signals frame by frame. The rows that come out equal those
    of `smooth` on the whole track. Memory is bounded by the window of 2 radius + 1 rows.

    Args:
        columns: Values in a row, >= 1.
        kernel: "gaussian" or "box".
        radius: Frames on each side, 0..65536; must be given.
        sigma: Standard deviation in frames; needed by "gaussian".

    Raises:
        TypeError: an argument has the wrong type.
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
            whole("columns", columns, 1, _MOST_COLUMNS),
            text("kernel", kernel),
            _radius(radius),
            _sigma(sigma),
        )

    @property
    def delay(self) -> int:
        """Frames between a push and the row that it makes final."""
        return self._filter.delay

    def push(self, frame: int, row: ArrayLike) -> tuple[Integers, Floats]:
        """Add the row of a frame and return the rows that are final now.

        Args:
            frame: Number of the frame; must increase from call to call.
            row: Numbers, shape (columns,), rounded to float32; NaN marks an unknown value.

        Returns:
            Their frame numbers, int64 (M,), and the smoothed rows, float32 (M, columns).

        Raises:
            TypeError: row is not numbers, or frame is not a whole number.
            ValueError: the row has another length, or the frame does not increase.
        """
        return self._filter.push(whole("frame", frame), floats("row", row))

    def advance(self, frame: int) -> tuple[Integers, Floats]:
        """Tell that no row up to `frame` is still to come, and return the rows that are final now.

        Args:
            frame: Number of the frame; must increase from call to call.

        Returns:
            As from `push`.

        Raises:
            TypeError: frame is not a whole number.
            ValueError: the frame does not increase.
        """
        return self._filter.advance(whole("frame", frame))

    def flush(self) -> tuple[Integers, Floats]:
        """End the track: return all rows that are left, as from `push`, and start afresh."""
        return self._filter.flush()

    def reset(self) -> None:
        """Forget everything; frames may start anywhere again."""
        self._filter.reset()


def _radius(radius: int | None) -> int:
    if radius is None:
        raise TypeError("radius: expected the number of frames on each side, got None")
    # A window that is longer than any track is the whole track.
    return max(-1, min(index("radius", radius), _INT64_MAX))


def _sigma(sigma: float | None) -> float | None:
    return None if sigma is None else real("sigma", sigma)


def _require_word(name: str, value: Any, words: tuple[str, ...]) -> None:
    if text(name, value) not in words:
        raise ValueError(f"{name}: expected {', '.join(words[:-1])} or {words[-1]}, got {value!r}")


def _length(name: str, length: Any) -> tuple[float, bool]:
    """Return the value of a length and whether it is in seconds.

    Raises:
        TypeError: It is neither a number nor a text.
        ValueError: It is not within the limits of the rule language, or a text that is not a number
            of seconds.
    """
    if isinstance(length, str):
        if not _SECONDS.fullmatch(length):
            raise ValueError(f"{name}: expected frames (10) or seconds ('0.5s'), got {length!r}")
        value, most, unit = float(length[:-1]), _MOST_SECONDS, "seconds"
    else:
        value, most, unit = real(name, length), _MOST_FRAMES, "frames"
    if math.isnan(value) or value < 0:
        raise ValueError(f"{name}: expected at least 0, got {length!r}")
    if value > most:
        raise ValueError(f"{name}: expected at most {most} {unit}, got {length!r}")
    return value, unit == "seconds"


def _reach(kernel: str, sigma: Length | None) -> Length:
    """Return the radius of a smoothing that names none, as the rule language has it.

    Raises:
        ValueError: The kernel needs one.
    """
    if kernel == "box":
        raise ValueError("radius: the box kernel needs one, in frames (10) or seconds ('0.5s')")
    if sigma is None:
        return 0
    value, is_seconds = _length("sigma", sigma)
    if is_seconds:
        return _written(min(3.0 * value, float(_MOST_SECONDS)), "seconds")
    return min(math.ceil(3.0 * value), _MOST_FRAMES)


def _in_frames(name: str, length: Length, rate: float) -> float:
    value, is_seconds = _length(name, length)
    return value * rate if is_seconds else value


def _written(value: float, unit: str) -> Length:
    """Return a length of the core as a person writes it."""
    return f"{value!r}s" if unit == "seconds" else value
