"""Arguments as the core takes them: arrays of its types laid out row by row, and checked scalars.

Numbers are cast where nothing but ordinary rounding is lost: float64 to float32, int32 and whole
floats to int64, lists to arrays. A list that holds anything else is refused with the entry that is
wrong. Other values (text, objects, complex numbers, and truth values, which are not measurements)
are handed on as they are, for the core to refuse in its own words.
"""

from __future__ import annotations

import numbers
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from cexpr._support.text import counted, shortened
from cexpr.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

_INT64 = np.iinfo(np.int64)


def floats(name: str, values: Any) -> Any:
    """Return numbers as a float32 array, NaN where they are masked.

    Anything else is returned unchanged.

    Raises:
        TypeError: A list holds what is not a number, or rows of several lengths.
        ValueError: A number is out of the range of float32.
    """
    return _as_floats(name, values, np.dtype(np.float32))


def doubles(name: str, values: Any) -> Any:
    """Return numbers as a float64 array, NaN where they are masked.

    Anything else is returned unchanged.

    Raises:
        TypeError: A list holds what is not a number, or rows of several lengths.
        ValueError: A number is out of the range of float64.
    """
    return _as_floats(name, values, np.dtype(np.float64))


def integers(name: str, values: Any) -> Any:
    """Return whole numbers as an int64 array; everything else is returned unchanged.

    Raises:
        TypeError: A list holds what is not a whole number, or rows of several lengths, or a number
            is masked.
        ValueError: A number is out of the range of int64.
    """
    masked = _masked(values)
    if masked is not None:
        if np.ma.getmaskarray(masked).any():
            raise TypeError(f"{name}: expected whole numbers, got a masked value")
        values = masked.data
    array = _as_array(name, values, "whole numbers")
    if array is None or array.dtype == np.int64:
        return _by_rows(values if array is None else array)
    # As float64, in which the bounds of int64 are exact but for the 1 that is taken off the upper.
    wide = array.astype(np.float64)
    fractions = ~(np.isfinite(wide) & (wide == np.rint(wide)))
    if array.dtype.kind == "f" and fractions.any():
        if not _is_list(values):
            return values
        raise TypeError(f"{name}: expected whole numbers, got {array[fractions][0]}")
    outside = (wide < _INT64.min) | (wide >= 2.0**63)
    if outside.any():
        raise ValueError(f"{name}: {array[outside][0]} is out of the range of int64")
    return _by_rows(array.astype(np.int64))


def require_columns(name: str, values: Any, expected: Sequence[str]) -> None:
    """Refuse a data frame whose columns have other names, or the same in another order.

    Raises:
        ValueError: The first column that differs is named. Arrays and data frames whose columns
            have numbers instead of names pass.
    """
    columns = getattr(values, "column_names", None)
    columns = list(getattr(values, "columns", ()) if columns is None else columns)
    if not any(isinstance(column, str) for column in columns) or columns == list(expected):
        return
    if len(columns) != len(expected):
        raise ValueError(
            f"{name}: expected a data frame with {counted(len(expected), 'column')}, "
            f"{shortened(', '.join(expected))}; got {len(columns)}"
        )
    for place, (found, wanted) in enumerate(zip(columns, expected, strict=True)):
        if found != wanted:
            raise ValueError(
                f"{name}: expected column {place} of the data frame to be {wanted!r}, got {found!r}"
            )


def adjacent_pixels(image: Any) -> Any:
    """Copy an image whose pixels do not lie side by side, such as a flipped or a transposed one."""
    if not isinstance(image, np.ndarray) or image.ndim not in (2, 3):
        return image
    depth = image.shape[2] if image.ndim == 3 else 1
    strides = (depth, 1)[: image.ndim - 1]
    return image if image.strides[1:] == strides else np.ascontiguousarray(image)


def index(name: str, value: Any) -> int:
    """Return a whole number of any size.

    Raises:
        TypeError: It is not a whole number.
    """
    if not isinstance(value, bool):
        try:
            return operator.index(value)
        except TypeError:
            pass
    raise TypeError(f"{name}: expected a whole number, got {_shown(value)}")


def whole(name: str, value: Any, low: int | None = None, high: int | None = None) -> int:
    """Return a whole number of 64 bits.

    Raises:
        TypeError: It is not a whole number.
        ValueError: It is not within `low` and `high`.
    """
    found = index(name, value)
    if (low is not None and found < low) or (high is not None and found > high):
        expected = f"at least {low}" if high is None else f"{low} to {high}"
        raise ValueError(f"{name}: expected {expected}; got {_shown(found)}")
    if not _INT64.min <= found <= _INT64.max:
        raise ValueError(f"{name}: {_shown(found)} is out of the range of int64")
    return found


def real(name: str, value: Any) -> float:
    """Return a real number.

    Raises:
        TypeError: It is not a real number.
        ValueError: It is out of the range of float64.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name}: expected a number, got {_shown(value)}")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{name}: {_shown(value)} is out of the range of float64") from None


def reals(name: str, values: Any) -> list[float]:
    """Return one number or several as a list.

    Raises:
        TypeError: A value is not a real number.
        ValueError: A value is out of the range of float64.
    """
    if isinstance(values, np.ndarray):
        values = values.ravel().tolist()
    if isinstance(values, Sequence) and not isinstance(values, str):
        return [real(name, value) for value in values]
    return [real(name, values)]


def pair(name: str, values: Any) -> tuple[float, float]:
    """Return two numbers.

    Raises:
        TypeError: A value is not a real number.
        ValueError: There are not two.
    """
    listed = reals(name, values)
    if len(listed) != 2:
        raise ValueError(f"{name}: expected two numbers, got {len(listed)}")
    return listed[0], listed[1]


def flag(name: str, value: Any) -> bool:
    """Return True or False.

    Raises:
        TypeError: It is neither.
    """
    if not isinstance(value, bool):
        raise TypeError(f"{name}: expected True or False, got {_shown(value)}")
    return value


def function(name: str, value: Any) -> None:
    """Refuse what is neither None nor can be called.

    Raises:
        TypeError: It is neither.
    """
    if value is not None and not callable(value):
        raise TypeError(f"{name}: expected a function or None, got {_shown(value)}")


def text(name: str, value: Any) -> str:
    """Return a text.

    Raises:
        TypeError: It is not a text.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected text, got {_shown(value)}")
    return value


def strings(name: str, values: Any) -> list[str]:
    """Return several texts as a list.

    Raises:
        TypeError: It is not a sequence of texts; a set has no order.
    """
    try:
        listed = None if isinstance(values, str | set | frozenset) else list(values)
    except TypeError:
        listed = None
    if listed is None or not all(isinstance(one, str) for one in listed):
        raise TypeError(f"{name}: expected a sequence of strings; got {_shown(values)}")
    return listed


def path(name: str, value: Any, kind: str = "a file or folder") -> Path:
    """Return a path; `kind` says what it should be the path of.

    Raises:
        TypeError: It is neither a text nor an `os.PathLike`.
        UsageError: It is empty, which would mean the current folder.
    """
    # Late, because `import cexpr` needs no paths.
    from pathlib import Path

    if not isinstance(value, str | PathLike):
        raise TypeError(f"{name}: expected a path (str or os.PathLike), got {_shown(value)}")
    if value == "":
        raise UsageError(f"{name}: expected {kind}, got ''")
    return Path(value)


def paths(name: str, values: Any) -> list[Path]:
    """Return one path or several as a list.

    Raises:
        TypeError: A value is neither a text nor an `os.PathLike`.
    """
    if isinstance(values, str | PathLike):
        return [path(name, values)]
    if isinstance(values, bytes) or not isinstance(values, Iterable):
        raise TypeError(
            f"{name}: expected one path or several (str or os.PathLike), got {_shown(values)}"
        )
    return [path(name, value) for value in values]


def mapping(name: str, value: Any) -> Mapping[Any, Any]:
    """Return names with values.

    Raises:
        TypeError: It is not a dict or the like.
    """
    if not isinstance(value, Mapping):
        raise TypeError(f"{name}: expected a dict, got {_shown(value)}")
    return value


def _as_floats(name: str, values: Any, dtype: np.dtype[Any]) -> Any:
    masked = _masked(values)
    if masked is not None and masked.dtype.kind in "fiu":
        values = masked.astype(np.result_type(masked.dtype, np.float32)).filled(np.nan)
    array = _as_array(name, values, "numbers")
    if array is None or array.dtype == dtype:
        return _by_rows(values if array is None else array)
    with np.errstate(over="ignore"):
        cast = array.astype(dtype)
    lost = np.isinf(cast) & np.isfinite(array)
    if lost.any():
        raise ValueError(f"{name}: {array[lost][0]} is out of the range of {dtype}")
    return _by_rows(cast)


def _masked(values: Any) -> Any:
    """Return a masked array, or None for what has no mask."""
    if isinstance(values, np.ma.MaskedArray):
        return values
    holds_one = isinstance(values, list | tuple) and any(
        isinstance(one, np.ma.MaskedArray) for one in values
    )
    return np.ma.array(values) if holds_one else None


def _as_array(name: str, values: Any, expected: str) -> Any:
    """Return an array of real numbers, or None for what is neither one nor a list.

    Raises:
        TypeError: A list holds something else, or rows of several lengths.
        ValueError: A list holds a number that is out of the range of float64.
    """
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, OverflowError):
        array = None
    if array is not None and array.dtype.kind in "fiu":
        return array
    if not _is_list(values):
        return None
    nested = _plain(values if array is None else array)
    for entry in _entries(nested):
        if isinstance(entry, bool) or not isinstance(entry, numbers.Real):
            raise TypeError(f"{name}: expected {expected}, got {_shown(entry)}")
    _require_even_rows(name, nested)
    try:
        # Whole numbers of more than 64 bits.
        return np.asarray(nested, np.float64)
    except OverflowError:
        raise ValueError(f"{name}: a number is out of the range of float64") from None


def _is_list(values: Any) -> bool:
    """Whether values are in a list, a data frame or the like: neither an array nor a single one."""
    if isinstance(values, np.ndarray | np.generic):
        return False
    return isinstance(values, list | tuple) or hasattr(values, "__array__")


def _plain(values: Any) -> Any:
    """Return lists in lists, whatever the lists and the arrays were."""
    if isinstance(values, np.ndarray):
        return values.tolist()
    return [_plain(one) for one in values] if isinstance(values, list | tuple) else values


def _entries(nested: Any) -> Iterator[Any]:
    if isinstance(nested, list):
        for one in nested:
            yield from _entries(one)
    else:
        yield nested


def _require_even_rows(name: str, nested: list[Any]) -> None:
    lengths = [len(row) if isinstance(row, list) else None for row in nested]
    for row, length in enumerate(lengths):
        if length != lengths[0]:
            raise TypeError(
                f"{name}: expected rows of one length; row {row} {_held(length)}, "
                f"row 0 {_held(lengths[0])}"
            )
        if length is not None:
            _require_even_rows(name, nested[row])


def _held(length: int | None) -> str:
    return "is a single number" if length is None else f"has {counted(length, 'value')}"


def _by_rows(values: Any) -> Any:
    return (
        np.ascontiguousarray(values) if isinstance(values, np.ndarray) and values.ndim else values
    )


def _shown(value: Any) -> str:
    return shortened(repr(value))
