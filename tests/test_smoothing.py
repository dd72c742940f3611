from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cexpr
from builders import reference
from cexpr import _core
from cexpr.smoothing import StreamingFilter

# Sums are double; what is left is the rounding of the result to float32.
RELATIVE = 1e-6
ABSOLUTE = 1e-6


@st.composite
def tracks(
    draw: st.DrawFn, strictly: bool = False
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    rows = draw(st.integers(0, 70))
    columns = draw(st.integers(1, 19))
    steps = draw(
        st.sampled_from([[1], [1, 1, 1, 1, 30], [1, 2, 7, 40], [1] if strictly else [0, 1, 1, 5]])
    )
    nan_share = draw(st.sampled_from([0.0, 0.2, 0.9, 1.0]))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = random.normal(size=(rows, columns)).astype(np.float32)
    values[random.random(values.shape) < nan_share] = np.nan
    start = draw(st.sampled_from([0, 1, -1000, 2**62]))
    frames = start + np.cumsum(random.choice(steps, size=rows)).astype(np.int64)
    return values, frames


@settings(deadline=None)
@given(
    track=tracks(),
    kernel=st.sampled_from(["box", "gaussian"]),
    radius=st.integers(0, 60),
    sigma=st.floats(0.3, 100),
    window=st.sampled_from(["frames", "rows"]),
)
def test_smooth_follows_the_definition_on_every_target(
    track: tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]],
    kernel: str,
    radius: int,
    sigma: float,
    window: str,
) -> None:
    values, frames = track
    expected = reference.smooth(values, frames, kernel, radius, sigma, window)
    before = _core.cpu_active()
    try:
        results = []
        for name in _core.cpu_targets():
            _core.cpu_set_active(name)
            results.append(cexpr.smooth(values, frames, kernel, radius, sigma, window))
    finally:
        _core.cpu_set_active(before)
    for result in results:
        assert result.dtype == np.float32
        np.testing.assert_allclose(result, expected, rtol=RELATIVE, atol=ABSOLUTE)
        np.testing.assert_array_equal(result, results[0])


@settings(deadline=None)
@given(
    track=tracks(strictly=True),
    kernel=st.sampled_from(["box", "gaussian"]),
    radius=st.integers(0, 40),
    sigma=st.floats(0.3, 100),
)
def test_stream_gives_what_the_whole_track_gives(
    track: tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]],
    kernel: str,
    radius: int,
    sigma: float,
) -> None:
    values, frames = track
    live = StreamingFilter(values.shape[1], kernel, radius, sigma)
    parts = [live.push(int(frame), row) for frame, row in zip(frames, values, strict=True)]
    parts.append(live.flush())
    np.testing.assert_array_equal(np.concatenate([part[0] for part in parts]), frames)
    np.testing.assert_allclose(
        np.concatenate([part[1] for part in parts]),
        cexpr.smooth(values, frames, kernel, radius, sigma),
        rtol=RELATIVE,
        atol=ABSOLUTE,
    )


def test_box_of_large_then_small_values_keeps_the_small_ones(target: str) -> None:
    values = np.full((5000, 3), 1e-3, dtype=np.float32)
    values[:50] = 1e30
    frames = np.arange(5000)
    out = cexpr.smooth(values, frames, "box", 20)
    np.testing.assert_allclose(out[70:], 1e-3, rtol=RELATIVE)


def test_infinity_fills_its_window_and_no_other(target: str) -> None:
    values = np.ones((300, 9), dtype=np.float32)
    values[150, 4] = np.inf
    values[150, 5] = -np.inf
    values[152, 5] = np.inf
    for kernel in ("box", "gaussian"):
        out = cexpr.smooth(values, np.arange(300), kernel, 10, 4.0)
        assert np.isposinf(out[140:161, 4]).all()
        assert np.isneginf(out[140:142, 5]).all()
        assert np.isnan(out[142:161, 5]).all()
        assert np.isposinf(out[161:163, 5]).all()
        touched = np.zeros(values.shape, dtype=bool)
        touched[140:161, 4] = touched[140:163, 5] = True
        np.testing.assert_allclose(out[~touched], 1, rtol=RELATIVE)


def test_number_in_the_window_counts_however_small_its_weight(target: str) -> None:
    values = np.full((101, 2), np.nan, dtype=np.float32)
    values[100] = 7
    out = cexpr.smooth(values, np.arange(101), "gaussian", 60, 1.0)
    assert np.isnan(out[:40]).all()
    np.testing.assert_array_equal(out[40:], 7)


@pytest.mark.parametrize("radius", [2**63 - 1, 2**63, 10**30])
@pytest.mark.parametrize("kernel", ["box", "gaussian"])
def test_huge_radius_is_the_whole_track(kernel: str, radius: int) -> None:
    values = np.float32([[1], [2], [6]])
    frames = np.int64([-(2**62), 0, 2**62 - 1])
    out = cexpr.smooth(values, frames, kernel, radius, 1e25)
    np.testing.assert_allclose(out, 3, rtol=RELATIVE)


def test_rows_count_instead_of_frames() -> None:
    values = np.float32([[0], [3], [9]])
    frames = np.int64([1, 100, 200])
    np.testing.assert_array_equal(cexpr.smooth(values, frames, "box", 1), values)
    out = cexpr.smooth(values, frames, "box", 1, window="rows")
    np.testing.assert_allclose(out, [[1.5], [4], [6]], rtol=RELATIVE)


def test_arguments_by_position_and_by_name_are_the_same() -> None:
    values = np.random.default_rng(1).random((20, 2)).astype(np.float32)
    frames = np.arange(20)
    np.testing.assert_array_equal(
        cexpr.smooth(values, frames, "gaussian", 3, 2.0),
        cexpr.smooth(values=values, frames=frames, radius=3, sigma=2.0),
    )


def test_layout_does_not_matter() -> None:
    values = np.random.default_rng(1).random((20, 6)).astype(np.float32)
    frames = np.arange(40)[::2]
    expected = cexpr.smooth(values[:, ::2].copy(), frames.copy(), "box", 3)
    np.testing.assert_array_equal(cexpr.smooth(values[:, ::2], frames, "box", 3), expected)
    np.testing.assert_array_equal(
        cexpr.smooth(np.asfortranarray(values[:, ::2]), frames, "box", 3), expected
    )


def test_empty_track_gives_an_empty_result() -> None:
    for shape in [(0, 8), (0, 0), (3, 0)]:
        out = cexpr.smooth(
            np.zeros(shape, np.float32), np.arange(shape[0]), "gaussian", 5, sigma=2.0
        )
        assert out.shape == shape


GOOD = {
    "values": np.zeros((3, 2), np.float32),
    "frames": np.arange(3),
    "kernel": "gaussian",
    "radius": 1,
    "sigma": 1.0,
}


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"values": None}, TypeError, "values: expected float32, .* got NoneType"),
        ({"values": "0"}, TypeError, "values: expected float32, .* got str"),
        ({"values": [["0"]]}, TypeError, "values: expected numbers, got '0'"),
        ({"values": [[0], [0, 0]]}, TypeError, "values: .* row 1 has 2 values, row 0 has 1 value"),
        ({"values": np.zeros((3, 2), complex)}, TypeError, "values: .* got dtype complex128"),
        ({"values": np.zeros((3, 2), bool)}, TypeError, "values: .* got dtype bool"),
        ({"values": np.zeros((3, 2), object)}, TypeError, "values: .* got dtype object"),
        ({"values": np.full((3, 2), 1e39)}, ValueError, r"values: 1e\+39 is out of the range of f"),
        ({"values": np.zeros(3, np.float32)}, ValueError, "values: expected float32, shape"),
        ({"values": 3.0}, ValueError, "values: expected float32, shape"),
        ({"frames": np.arange(3) + 0.5}, TypeError, "frames: expected int64, .* got dtype float64"),
        ({"frames": [0, 1, np.nan]}, TypeError, "frames: expected whole numbers, got nan"),
        ({"frames": [0, 1.5, 2]}, TypeError, r"frames: expected whole numbers, got 1\.5"),
        ({"frames": np.ma.array([0, 1, 2], mask=[0, 1, 0])}, TypeError, "frames: .* masked value"),
        ({"frames": np.full(3, np.inf)}, TypeError, "frames: expected int64"),
        ({"frames": [0, 1, 2**63]}, ValueError, r"frames: 9\.22.* is out of the range of int64"),
        ({"frames": [0, 1, 2**70]}, ValueError, r"frames: 1\.18.* is out of the range of int64"),
        ({"frames": None}, TypeError, "frames: expected int64"),
        ({"frames": np.arange(4)}, ValueError, "frames: expected one number for each"),
        ({"frames": np.int64([1, 3, 2])}, ValueError, "frames: .* got 2 after 3 in row 2"),
        ({"kernel": None}, TypeError, "kernel: expected text, got None"),
        ({"kernel": "median"}, ValueError, "kernel: expected 'gaussian' or 'box'; got 'median'"),
        ({"radius": -1}, ValueError, "radius"),
        ({"radius": 1.5}, TypeError, "radius: expected a whole number, got 1.5"),
        ({"radius": None}, TypeError, "radius: expected the number of frames on each side"),
        ({"radius": True}, TypeError, "radius: expected a whole number, got True"),
        ({"sigma": None}, ValueError, "sigma"),
        ({"sigma": "3"}, TypeError, "sigma: expected a number, got '3'"),
        ({"sigma": 0.0}, ValueError, "sigma"),
        ({"sigma": np.nan}, ValueError, "sigma"),
        ({"sigma": np.inf}, ValueError, "sigma"),
        ({"sigma": 10**400}, ValueError, "sigma: 1000.* is out of the range of float64"),
        ({"window": 3}, TypeError, "window: expected text, got 3"),
        ({"window": "seconds"}, ValueError, "window: expected 'frames' or 'rows'"),
    ],
)
def test_wrong_arguments_are_refused(
    change: dict[str, object], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        cexpr.smooth(**{**GOOD, **change})


@pytest.mark.parametrize(
    "cast",
    [
        lambda array: array.astype(np.float64),
        lambda array: array.tolist(),
        lambda array: pd.DataFrame(array) if array.ndim == 2 else pd.Series(array),
        lambda array: array.astype(array.dtype.newbyteorder()),
    ],
    ids=["float64", "list", "pandas", "bytes"],
)
def test_numbers_of_other_types_give_the_same(cast: Callable[[np.ndarray], object]) -> None:
    values = np.random.default_rng(1).random((20, 3)).astype(np.float32)
    values[4, 1] = np.nan
    frames = np.arange(20)
    expected = cexpr.smooth(values, frames, radius=3, sigma=2.0)
    np.testing.assert_array_equal(
        cexpr.smooth(cast(values), cast(frames), radius=3, sigma=2.0), expected
    )
    live = cexpr.StreamingFilter(3, "gaussian", 3, 2.0)
    rows = [live.push(frame, cast(row))[1] for frame, row in enumerate(values)]
    np.testing.assert_allclose(
        np.concatenate([*rows, live.flush()[1]]), expected, rtol=RELATIVE, atol=ABSOLUTE
    )


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.uint16, np.uint64, np.float32])
def test_frame_numbers_may_have_any_type_that_holds_whole_numbers(dtype: type) -> None:
    values = np.float32([[1], [2], [6]])
    expected = cexpr.smooth(values, np.arange(3), "box", 1)
    np.testing.assert_array_equal(
        cexpr.smooth(values, np.arange(3, dtype=dtype), "box", 1), expected
    )


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ((None, "box", 1), TypeError, "columns: expected a whole number, got None"),
        ((-1, "box", 1), ValueError, "columns: expected 1 to 2147483647; got -1"),
        ((2**80, "box", 1), ValueError, "columns: expected 1 to 2147483647; got 12"),
        ((1, None, 1), TypeError, "kernel: expected text, got None"),
        ((1, "box"), TypeError, "radius: expected the number of frames"),
        ((1, "box", 1, "x"), TypeError, "sigma: expected a number, got 'x'"),
        ((1, "gaussian", 1), ValueError, "sigma: the gaussian kernel needs"),
    ],
)
def test_a_stream_is_refused_with_wrong_settings(
    arguments: tuple[object, ...], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        cexpr.StreamingFilter(*arguments)


@pytest.mark.parametrize(
    ("frame", "row", "error", "text"),
    [
        ("1", [0.0], TypeError, "frame: expected a whole number, got '1'"),
        (1.0, [0.0], TypeError, r"frame: expected a whole number, got 1\.0"),
        (2**64, [0.0], ValueError, "frame: 18446744073709551616 is out of the range of int64"),
        (1, None, TypeError, "row: expected float32, .* got NoneType"),
        (1, [[0.0]], ValueError, "row: expected float32, shape"),
        (1, ["a"], TypeError, "row: expected numbers, got 'a'"),
    ],
)
def test_a_stream_refuses_wrong_rows(
    frame: object, row: object, error: type[Exception], text: str
) -> None:
    live = cexpr.StreamingFilter(1, "box", 1)
    with pytest.raises(error, match=text):
        live.push(frame, row)
    if error is TypeError and "frame" in text:
        with pytest.raises(error, match=text):
            live.advance(frame)


def test_masked_values_are_not_smoothed() -> None:
    values = np.ma.array([[1.0], [100.0], [3.0]], mask=[[0], [1], [0]])
    found = cexpr.smooth(values, [1, 2, 3], "box", radius=1)
    np.testing.assert_array_equal(found, np.float32([[1], [2], [3]]))


def test_stream_refuses_misuse() -> None:
    live = StreamingFilter(2, "box", 1)
    assert live.delay == 1
    live.push(5, np.zeros(2, np.float32))
    with pytest.raises(ValueError, match="frame: expected a number greater than 5; got 5"):
        live.push(5, np.zeros(2, np.float32))
    with pytest.raises(ValueError, match="row: expected 2 values; got 3"):
        live.push(6, np.zeros(3, np.float32))
    live.reset()
    frames, rows = live.push(1, np.zeros(2, np.float32))
    assert frames.shape == (0,)
    assert rows.shape == (0, 2)
    frames, rows = live.advance(2)
    assert frames.tolist() == [1]
    with pytest.raises(ValueError, match="columns"):
        StreamingFilter(0, "box", 1)
    with pytest.raises(ValueError, match="radius"):
        StreamingFilter(1, "box", 10**6)
