"""What is cast, and what is left for the core to refuse."""

from __future__ import annotations

import re
import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from cexpr._support import arguments


@pytest.mark.parametrize(
    "values",
    [
        [[1, 2], [3, 4]],
        ((1.0, 2.0), (3.0, 4.0)),
        np.array([[1, 2], [3, 4]], np.int8),
        np.array([[1, 2], [3, 4]], np.uint64),
        np.array([[1, 2], [3, 4]], np.float16),
        np.array([[1, 2], [3, 4]], np.longdouble),
        np.array([[1, 3], [2, 4]], ">f8").T,
        np.asfortranarray(np.float32([[1, 2], [3, 4]])),
        pd.DataFrame({"a": [1, 3], "b": [2.0, 4.0]}),
    ],
)
def test_numbers_become_an_array_laid_out_by_rows(values: object) -> None:
    for cast, dtype in (
        (arguments.floats, np.float32),
        (arguments.doubles, np.float64),
        (arguments.integers, np.int64),
    ):
        found = cast("values", values)
        assert found.dtype == dtype
        assert found.flags.c_contiguous
        np.testing.assert_array_equal(found, [[1, 2], [3, 4]])


def test_an_array_that_fits_is_not_copied() -> None:
    for cast, dtype in (
        (arguments.floats, np.float32),
        (arguments.doubles, np.float64),
        (arguments.integers, np.int64),
    ):
        values = np.zeros((2, 3), dtype)
        assert cast("values", values) is values


@pytest.mark.parametrize(
    "values",
    [
        None,
        "1",
        b"1",
        {"a": 1},
        object(),
        np.array([True, False]),
        np.array([1j]),
        np.array([1, None]),
        np.array(["2020-01-01"], "datetime64[D]"),
    ],
)
def test_what_is_not_an_array_of_real_numbers_is_handed_on(values: object) -> None:
    for cast in (arguments.floats, arguments.doubles, arguments.integers):
        assert cast("values", values) is values


def test_fractions_are_not_whole_numbers() -> None:
    fractions = np.float32([1.5, 2])
    assert arguments.integers("values", fractions) is fractions
    for values, shown in (
        ([1, 0.5], "0.5"),
        ([np.nan], "nan"),
        ([np.inf], "inf"),
        (pd.Series([1.0, 2.5]), "2.5"),
    ):
        with pytest.raises(TypeError, match=f"^values: expected whole numbers, got {shown}$"):
            arguments.integers("values", values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["1"], "numbers, got '1'"),
        ([[0.5, None]], "numbers, got None"),
        ([True, False], "numbers, got True"),
        ([1j], "numbers, got 1j"),
        (pd.DataFrame({"a": [1.0, pd.NA]}), "numbers, got <NA>"),
        (pd.DataFrame({"a": ["x"]}), "numbers, got 'x'"),
        ([[1, 2, 3], [4, 5]], "rows of one length; row 1 has 2 values, row 0 has 3 values"),
        ([[1], 2], "rows of one length; row 1 is a single number, row 0 has 1 value"),
        ([[[1], [2, 3]]], "rows of one length; row 1 has 2 values, row 0 has 1 value"),
        ([np.zeros(2), np.zeros(1)], "rows of one length; row 1 has 1 value, row 0 has 2 values"),
    ],
)
def test_a_list_is_refused_with_the_entry_that_is_wrong(values: object, message: str) -> None:
    for cast in (arguments.floats, arguments.doubles):
        with pytest.raises(TypeError, match=f"^values: expected {message}$"):
            cast("values", values)
    with pytest.raises(TypeError, match=r"^values: expected (whole numbers|rows)"):
        arguments.integers("values", values)


def test_a_list_may_hold_numbers_of_any_size() -> None:
    assert arguments.floats("values", [1, 10**30]).tolist() == [1.0, np.float32(1e30)]
    with pytest.raises(ValueError, match=r"values: 1e\+30 is out of the range of int64"):
        arguments.integers("values", [1, 10**30])
    with pytest.raises(ValueError, match="values: a number is out of the range of float64"):
        arguments.doubles("values", [10**400])


def test_masked_numbers_are_unknown() -> None:
    for dtype in (np.float32, np.float64, np.int64):
        masked = np.ma.array([[1, 2], [3, 4]], dtype, mask=[[0, 1], [0, 0]])
        for values in (masked, list(masked)):
            for cast in (arguments.floats, arguments.doubles):
                found = cast("values", values)
                assert type(found) is np.ndarray
                np.testing.assert_array_equal(found, [[1, np.nan], [3, 4]])
            with pytest.raises(TypeError, match="values: expected whole numbers, got a masked"):
                arguments.integers("values", values)
    whole = arguments.integers("values", np.ma.array([1, 2]))
    assert whole.tolist() == [1, 2]
    assert type(whole) is np.ndarray


def test_a_data_frame_has_the_columns_that_are_expected() -> None:
    for values in (
        np.zeros((1, 2)),
        [[0, 0]],
        pd.DataFrame([[0, 0]]),
        pd.DataFrame([[0, 0]], columns=["a", "b"]),
        pa.table({"a": [0], "b": [0]}),
    ):
        arguments.require_columns("values", values, ["a", "b"])
    for make in (pd.DataFrame, pa.table):
        with pytest.raises(
            ValueError, match=r"^values: expected column 0 of the data frame to be 'a', got 'b'$"
        ):
            arguments.require_columns("values", make({"b": [0], "a": [0]}), ["a", "b"])
        with pytest.raises(
            ValueError, match=r"^values: expected a data frame with 2 columns, a, b; got 1$"
        ):
            arguments.require_columns("values", make({"a": [0]}), ["a", "b"])


@pytest.mark.parametrize("value", ["no", 0, 1, None, np.True_])
def test_a_flag_is_not_guessed(value: object) -> None:
    assert arguments.flag("events", True) is True
    assert arguments.flag("events", False) is False
    message = re.escape(f"events: expected True or False, got {value!r}")
    with pytest.raises(TypeError, match=message):
        arguments.flag("events", value)


def test_a_function_can_be_called() -> None:
    for value in (None, print):
        arguments.function("on_clip", value)
    with pytest.raises(TypeError, match="on_clip: expected a function or None, got 3"):
        arguments.function("on_clip", 3)


def test_rounding_is_taken_and_overflow_is_not() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert arguments.floats("values", [0.1, 1e-60])[0] == np.float32(0.1)
        np.testing.assert_array_equal(
            arguments.floats("values", [np.inf, -np.inf, np.nan]), [np.inf, -np.inf, np.nan]
        )
        with pytest.raises(ValueError, match=r"values: -1e\+39 is out of the range of float32"):
            arguments.floats("values", [1.0, -1e39])
        for outside in (np.uint64(2**63), 1e19, -1e19):
            with pytest.raises(ValueError, match=r"values: .* is out of the range of int64"):
                arguments.integers("values", np.array([outside]))
    exact = np.array([-(2.0**63), 2.0**62])
    np.testing.assert_array_equal(arguments.integers("values", exact), [-(2**63), 2**62])


def test_empty_lists_are_empty_arrays() -> None:
    assert arguments.floats("values", []).shape == (0,)
    assert arguments.integers("values", []).dtype == np.int64


@pytest.mark.parametrize("value", [3, np.int8(3), np.uint64(3)])
def test_whole_numbers_of_any_type_are_taken(value: object) -> None:
    assert arguments.whole("n", value) == 3
    assert type(arguments.index("n", value)) is int


@pytest.mark.parametrize("value", [None, "3", 3.0, True, np.True_, [3], Fraction(3)])
def test_a_whole_number_is_not_guessed(value: object) -> None:
    message = re.escape(f"n: expected a whole number, got {value!r}")
    for read in (arguments.whole, arguments.index):
        with pytest.raises(TypeError, match=message):
            read("n", value)


def test_a_whole_number_stays_within_its_bounds() -> None:
    assert arguments.index("n", 10**30) == 10**30
    with pytest.raises(ValueError, match=r"n: .* is out of the range of int64"):
        arguments.whole("n", 2**63)
    with pytest.raises(ValueError, match="n: expected at least 1; got 0"):
        arguments.whole("n", 0, 1)
    with pytest.raises(ValueError, match="n: expected 1 to 4; got 5"):
        arguments.whole("n", 5, 1, 4)


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.int64(2), Fraction(4, 2)])
def test_real_numbers_of_any_type_are_taken(value: object) -> None:
    assert arguments.real("x", value) == 2.0
    assert arguments.reals("x", value) == [2.0]


@pytest.mark.parametrize("value", [None, "2", 2j, True, np.array(2.0)])
def test_a_number_is_not_guessed(value: object) -> None:
    with pytest.raises(TypeError, match="x: expected a number, got"):
        arguments.real("x", value)


def test_several_numbers_are_a_list() -> None:
    assert arguments.reals("x", np.array([[1, 2], [3, 4]])) == [1, 2, 3, 4]
    assert arguments.pair("x", (1, 2.5)) == (1.0, 2.5)
    with pytest.raises(ValueError, match="x: expected two numbers, got 3"):
        arguments.pair("x", [1, 2, 3])
    with pytest.raises(TypeError, match="x: expected a number, got 'a'"):
        arguments.reals("x", [1, "a"])


def test_texts_are_texts() -> None:
    assert arguments.text("kind", "box") == "box"
    with pytest.raises(TypeError, match="kind: expected text, got None"):
        arguments.text("kind", None)
    assert arguments.strings("names", (name for name in ("a", "b"))) == ["a", "b"]
    assert arguments.strings("names", pd.Index(["a"])) == ["a"]
    for value in (None, 3, "ab", ["a", 1], {"a", "b"}, frozenset("ab")):
        with pytest.raises(TypeError, match="names: expected a sequence of strings; got"):
            arguments.strings("names", value)


def test_paths_are_texts_or_what_the_system_takes_for_them() -> None:
    assert arguments.path("out", "a/b") == arguments.path("out", Path("a/b")) == Path("a/b")
    assert arguments.paths("inputs", "ab") == arguments.paths("inputs", Path("ab")) == [Path("ab")]
    assert arguments.paths("inputs", (one for one in ("a", Path("b")))) == [Path("a"), Path("b")]
    for value in (None, 3, b"a", ["a"]):
        with pytest.raises(TypeError, match=r"out: expected a path \(str or os\.PathLike\), got"):
            arguments.path("out", value)
    for value in (None, 3, b"a"):
        with pytest.raises(TypeError, match="inputs: expected one path or several"):
            arguments.paths("inputs", value)
    with pytest.raises(TypeError, match=r"inputs: expected a path .* got 3"):
        arguments.paths("inputs", ["a", 3])


def test_a_mapping_is_a_dict_or_the_like() -> None:
    assert arguments.mapping("given", {"a": 1}) == {"a": 1}
    for value in (None, [("a", 1)], "a"):
        with pytest.raises(TypeError, match="given: expected a dict, got"):
            arguments.mapping("given", value)


def test_only_pixels_that_lie_apart_are_copied() -> None:
    image = np.zeros((6, 8, 3), np.uint8)
    for view in (image, image[1:4, 2:5], image[::-1]):
        assert arguments.adjacent_pixels(view) is view
    for view in (image[:, ::-1], image[:, :, ::-1], image.transpose(1, 0, 2)):
        assert arguments.adjacent_pixels(view).flags.c_contiguous
    for other in (None, [[1]], np.zeros(3, np.uint8)):
        assert arguments.adjacent_pixels(other) is other
