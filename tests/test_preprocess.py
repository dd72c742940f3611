from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import cexpr
from builders import reference
from cexpr import _core

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
TEMPLATE = np.float32(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ]
)
# Weights in float32, positions to 2^-24 of a pixel; STD makes a grey level 0.018.
EXACT = 1e-4
# OpenCV rounds values to whole grey levels, and OpenCV 4 positions to 1/32 of a pixel: on a smooth
# image that is half a level and a little more.
GREY_LEVEL = 1 / 255
IDENTITY = np.float32([[[1, 0, 0], [0, 1, 0]]])


def turned(scale: float, angle: float, center: tuple[float, float], size: int):
    """The matrix that puts `center` of the image into the middle of the output."""
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    x, y = center
    return np.float32([[c, -s, size / 2 - c * x + s * y], [s, c, size / 2 - s * x - c * y]])


def noise(height: int, width: int, depth: int = 3, seed: int = 0) -> NDArray[np.uint8]:
    shape = (height, width) if depth == 1 else (height, width, depth)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def smooth_image(height: int = 240, width: int = 320) -> NDArray[np.uint8]:
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / 17 + y / 23), np.cos(x / 29 - y / 19), np.sin(x / 31 + 1)]
    return np.uint8(np.stack(waves, axis=2) * 100 + 128)


@given(
    height=st.integers(1, 60),
    width=st.integers(1, 60),
    depth=st.sampled_from([1, 3, 4]),
    size=st.integers(1, 40),
    color=st.sampled_from(["rgb", "bgr", "gray"]),
    scale=st.floats(0.2, 5.0),
    angle=st.floats(-4.0, 4.0),
    center=st.tuples(st.floats(-0.2, 1.2), st.floats(-0.2, 1.2)),
    seed=st.integers(0, 99),
)
@settings(max_examples=150, deadline=None)
def test_preprocess_equals_the_formula(
    height, width, depth, size, color, scale, angle, center, seed
) -> None:
    image = noise(height, width, depth, seed)
    matrix = turned(scale, angle, (center[0] * width, center[1] * height), size)
    planes = 1 if color == "gray" else 3
    got = cexpr.preprocess(image, matrix[None], size, MEAN[:planes], STD[:planes], color)
    assert got.dtype == np.float32
    assert got.shape == (1, planes, size, size)
    want = reference.preprocess(image, matrix, size, MEAN, STD, color)
    np.testing.assert_allclose(got[0], want, rtol=0, atol=EXACT)


@pytest.mark.parametrize("scale", [0.5, 0.7, 1.0, 1.6, 3.0])
def test_preprocess_equals_warp_affine(target: str, scale: float) -> None:
    image = smooth_image()
    matrix = turned(scale, 0.3, (150, 120), 112)
    warped = cv2.warpAffine(image, matrix, (112, 112)).astype(np.float64)
    want = (warped[:, :, ::-1] / 255 - MEAN) / STD
    got = cexpr.preprocess(image, matrix[None], 112, MEAN, STD, "rgb")[0]
    np.testing.assert_allclose(
        got.transpose(1, 2, 0) * STD, want * STD, rtol=0, atol=1.05 * GREY_LEVEL
    )
    inside = slice(20, 90)
    np.testing.assert_allclose(
        (got.transpose(1, 2, 0) * STD)[inside, inside].mean(), (want * STD)[inside, inside].mean(),
        rtol=0, atol=0.02 * GREY_LEVEL,
    )  # fmt: skip


def test_grey_from_colour_equals_opencv(target: str) -> None:
    image = smooth_image()
    identity = np.float32([[[1, 0, 0], [0, 1, 0]]])
    got = cexpr.preprocess(image, identity, 200, 0.0, 1.0, "gray")[0, 0]
    want = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[:200, :200] / 255
    np.testing.assert_allclose(got, want, rtol=0, atol=0.51 * GREY_LEVEL)


def test_area_sampling_is_the_mean_over_the_footprint(target: str) -> None:
    image = noise(200, 160)
    matrix = turned(1 / 3.5, 0.4, (80, 100), 40)
    for sampling in ("area", "auto"):
        got = cexpr.preprocess(image, matrix[None], 40, MEAN, STD, "rgb", sampling=sampling)
        want = reference.preprocess(image, matrix, 40, MEAN, STD, "rgb", samples=(4, 4))
        np.testing.assert_allclose(got[0], want, rtol=0, atol=EXACT)


def test_area_sampling_by_a_whole_factor_equals_area_resize() -> None:
    image = noise(96, 144)
    boxes = np.float32([[24, 12, 72, 72]])
    matrices = _core.box_transform(boxes, 24, 0.0)
    got = cexpr.preprocess(image, matrices, 24, 0.0, 1.0, "bgr", sampling="auto")[0]
    resized = cv2.resize(image[12:84, 24:96], (24, 24), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(
        got.transpose(1, 2, 0), resized / 255, rtol=0, atol=0.51 * GREY_LEVEL
    )


def test_auto_is_bilinear_up_to_a_factor_of_two() -> None:
    image = noise(100, 100)
    for scale, alike in ((3.0, True), (1.0, True), (0.5, True), (0.49, False)):
        matrix = turned(scale, 0.0, (50, 50), 32)[None]
        auto = cexpr.preprocess(image, matrix, 32, MEAN, STD, "rgb", sampling="auto")
        plain = cexpr.preprocess(image, matrix, 32, MEAN, STD, "rgb")
        assert np.array_equal(auto, plain) is alike


def test_every_target_gives_the_same_bits() -> None:
    image = noise(120, 130)
    matrices = np.stack([turned(s, 0.2, (60, 60), 50) for s in (0.3, 0.9, 2.0)])
    before = _core.cpu_active()
    results = []
    for name in _core.cpu_targets():
        _core.cpu_set_active(name)
        results.append(cexpr.preprocess(image, matrices, 50, MEAN, STD, "rgb", sampling="auto"))
    _core.cpu_set_active(before)
    for other in results[1:]:
        assert np.array_equal(results[0], other)


def test_cut_outs_and_flipped_images_need_no_copy() -> None:
    image = noise(60, 80)
    matrix = turned(1.3, 0.5, (20, 20), 32)[None]
    for view in (image[10:50, 20:60], image[::-1], image[::2], image[5:6, 7:8]):
        copy = np.ascontiguousarray(view)
        np.testing.assert_array_equal(
            cexpr.preprocess(view, matrix, 32, MEAN, STD, "rgb"),
            cexpr.preprocess(copy, matrix, 32, MEAN, STD, "rgb"),
        )


def test_output_may_be_a_rectangle() -> None:
    image = noise(40, 60)
    identity = np.float32([[[1, 0, 0], [0, 1, 0]]])
    got = cexpr.preprocess(image, identity, (40, 60), 0.0, 1.0, "bgr")
    np.testing.assert_allclose(got[0].transpose(1, 2, 0), image / 255, rtol=0, atol=1e-6)


def test_preprocess_into_writes_the_same_as_preprocess() -> None:
    image = noise(50, 50)
    matrices = np.stack([turned(s, 0.2, (25, 25), 20) for s in (0.4, 1.5)])
    out = np.full((2, 3, 20, 20), np.nan, np.float32)
    _core.preprocess_into(image, matrices, MEAN, STD, "rgb", "auto", out)
    want = cexpr.preprocess(image, matrices, 20, MEAN, STD, "rgb", sampling="auto")
    np.testing.assert_array_equal(out, want)


@pytest.mark.parametrize("shape", [(1, 3, 20, 20), (2, 1, 20, 20), (2, 3, 20)])
def test_preprocess_into_refuses_a_wrong_shape(shape: tuple[int, ...]) -> None:
    matrices = np.float32([[[1, 0, 0], [0, 1, 0]]] * 2)
    with pytest.raises(ValueError, match="out: expected float32"):
        _core.preprocess_into(
            noise(9, 9), matrices, MEAN, STD, "rgb", "auto", np.zeros(shape, np.float32)
        )


def test_preprocess_into_refuses_read_only_memory() -> None:
    out = np.zeros((1, 3, 8, 8), np.float32)
    out.flags.writeable = False
    matrices = np.float32([[[1, 0, 0], [0, 1, 0]]])
    with pytest.raises(ValueError, match="out:"):
        _core.preprocess_into(noise(9, 9), matrices, MEAN, STD, "rgb", "auto", out)


def test_no_faces_give_an_empty_batch() -> None:
    empty = np.zeros((0, 2, 3), np.float32)
    assert cexpr.preprocess(noise(9, 9), empty, 8, MEAN, STD, "rgb").shape == (0, 3, 8, 8)
    assert cexpr.align(noise(9, 9), np.zeros((0, 5, 2), np.float32), 8).shape == (0, 2, 3)


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image[:, ::-1],
        lambda image: image[:, :, ::-1],
        lambda image: image[:, ::2],
        lambda image: image[:, :, 1],
        lambda image: image.transpose(1, 0, 2),
    ],
)
def test_pixels_may_lie_apart(change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]) -> None:
    image = change(noise(12, 10, 3))
    found = cexpr.preprocess(image, IDENTITY, 8, 0.5, 0.5, "gray")
    expected = cexpr.preprocess(image.copy(order="C"), IDENTITY, 8, 0.5, 0.5, "gray")
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"size": 8.0}, TypeError, r"size: expected a whole number, got 8\.0"),
        ({"size": (8, 8, 8)}, ValueError, "size: expected one number or"),
        ({"size": None}, TypeError, "size: expected a whole number, got None"),
        ({"size": -1}, ValueError, "size: expected at least 1, got -1"),
        ({"size": 10**6}, ValueError, "size: faces of 1000000 x 1000000 pixels do not fit"),
        ({"size": 2**40}, ValueError, "size: expected .* to 2147483647; got 1099511627776"),
        ({"size": (8, True)}, TypeError, "size: expected a whole number, got True"),
        ({"mean": float("nan")}, ValueError, "mean: expected finite numbers"),
        ({"mean": (0, -np.inf, 0)}, ValueError, "mean: expected finite numbers, got -inf"),
        ({"std": (1, 1, -0.6)}, ValueError, r"std: expected finite numbers above 0, got -0\.6$"),
        ({"mean": 10**400}, ValueError, "mean: 1000.* is out of the range of float64"),
        ({"color": None}, TypeError, "color: expected text, got None"),
        ({"color": ["gray"]}, TypeError, "color: expected text, got"),
        ({"sampling": 1}, TypeError, "sampling: expected text, got 1"),
        ({"mean": None}, TypeError, "mean: expected a number, got None"),
        ({"std": "0.5"}, TypeError, r"std: expected a number, got '0\.5'"),
    ],
)
def test_wrong_options_are_named(
    change: dict[str, object], error: type[Exception], text: str
) -> None:
    options = {"size": 8, "mean": 0.5, "std": 0.5, "color": "gray", **change}
    with pytest.raises(error, match=text):
        cexpr.preprocess(noise(4, 4, 3), IDENTITY, **options)
    with pytest.raises(TypeError, match="shift: expected a number, got None"):
        cexpr.align(noise(4, 4, 3), np.zeros((1, 5, 2)), 8, shift=(0.0, None))
    with pytest.raises(
        ValueError, match=r"margin: expected a finite number above -0\.5, got -0\.6$"
    ):
        cexpr.align(noise(4, 4, 3), np.zeros((1, 5, 2)), 8, margin=-0.6)


@pytest.mark.parametrize(
    ("image", "matrices", "error", "match"),
    [
        (noise(4, 4).astype(np.float32), IDENTITY, TypeError, "image: expected uint8"),
        ([[1, 2]], IDENTITY, TypeError, "image: expected uint8.*list"),
        (noise(4, 4, 4)[:, :, :2], IDENTITY, ValueError, r"image: .*\(4, 4, 2\)"),
        (noise(4, 4)[None], IDENTITY, ValueError, "image:"),
        (np.zeros((0, 4), np.uint8), IDENTITY, ValueError, "image: expected at least one pixel"),
        (None, IDENTITY, TypeError, "image: expected uint8.*NoneType"),
        (noise(4, 4).astype(np.int64), IDENTITY, TypeError, "image: expected uint8.*int64"),
        (noise(4, 4), None, TypeError, "matrices: expected float32.*NoneType"),
        (noise(4, 4), [["a"]], TypeError, "matrices: expected numbers, got 'a'"),
        (noise(4, 4), IDENTITY.astype(complex), TypeError, "matrices: .*complex128"),
        (noise(4, 4), IDENTITY.astype(bool), TypeError, "matrices: .*bool"),
        (
            noise(4, 4),
            IDENTITY.astype(float) * 1e39,
            ValueError,
            r"matrices: 1e\+39 is out of the range",
        ),
        (noise(4, 4), IDENTITY[0], ValueError, "matrices: "),
        (noise(4, 4), IDENTITY * 0, ValueError, r"matrices\[0\]: .*inverse"),
        (noise(4, 4), IDENTITY * np.float32("nan"), ValueError, r"matrices\[0\]: .*finite"),
    ],
)
def test_wrong_arrays_are_refused(image, matrices, error, match) -> None:
    with pytest.raises(error, match=match):
        cexpr.preprocess(image, matrices, 8, MEAN, STD, "rgb")


def test_matrices_of_other_types_give_the_same() -> None:
    image, matrix = noise(20, 30), turned(1.3, 0.5, (10, 10), 16)[None]
    expected = cexpr.preprocess(image, matrix, 16, MEAN, STD, "rgb")
    for other in (matrix.astype(np.float64), matrix.tolist(), matrix[:, ::-1][:, ::-1]):
        np.testing.assert_array_equal(
            cexpr.preprocess(image, other, 16, MEAN, STD, "rgb"), expected
        )


@pytest.mark.parametrize(
    ("size", "error", "match"),
    [
        (None, TypeError, "size: expected a whole number, got None"),
        (0, ValueError, "size: expected at least 1, got 0"),
        (2**31, ValueError, "size: expected .* to 2147483647; got 2147483648"),
    ],
)
def test_a_wrong_size_of_an_aligned_face_is_refused(size, error, match) -> None:
    with pytest.raises(error, match=match):
        cexpr.align(noise(4, 4), TEMPLATE[None], size)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ((0, MEAN, STD, "rgb"), "size: "),
        ((8, MEAN[:2], STD, "rgb"), "mean: expected 3 numbers"),
        ((8, MEAN, STD, "gray"), "mean: expected 1 numbers"),
        ((8, MEAN, (1, 1, 0), "rgb"), "std: "),
        ((8, MEAN, STD, "hsv"), "color: expected 'rgb', 'bgr' or 'gray', got 'hsv'"),
        ((8, MEAN, STD, "rgb", "cubic"), "sampling: expected"),
    ],
)
def test_wrong_options_are_refused(arguments, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        cexpr.preprocess(noise(4, 4), IDENTITY, *arguments)


@given(seed=st.integers(0, 999), margin=st.floats(-0.3, 1.0), size=st.integers(1, 512))
@settings(max_examples=100, deadline=None)
def test_align_equals_umeyama(seed: int, margin: float, size: int) -> None:
    points = np.random.default_rng(seed).uniform(0, 1000, (1, 5, 2)).astype(np.float32)
    shift = (0.05, -0.1)
    got = cexpr.align(noise(4, 4), points, size, margin=margin, shift=shift)
    target = ((TEMPLATE.astype(np.float64) / 112 + margin) / (1 + 2 * margin) + shift) * size
    want = reference.umeyama(points[0].astype(np.float64), target)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got[0], want, rtol=2e-6, atol=2e-6 * size / (1 + 2 * margin))


def test_align_takes_lists_and_float64() -> None:
    face = (TEMPLATE * 2 + 30)[None]
    want = cexpr.align(noise(4, 4), face, 112)
    np.testing.assert_array_equal(cexpr.align(noise(4, 4), face.tolist(), 112), want)
    np.testing.assert_array_equal(cexpr.align(noise(4, 4), face.astype(np.float64), 112), want)
    np.testing.assert_allclose(want[0], [[0.5, 0, -15], [0, 0.5, -15]], rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("landmarks", "error", "match"),
    [
        (np.full((1, 5, 2), 7.0), ValueError, r"landmarks\[0\]: the five points coincide"),
        (np.full((1, 5, 2), np.nan), ValueError, r"landmarks\[0\]: expected finite"),
        (TEMPLATE, ValueError, "landmarks: expected float32, shape"),
        (np.zeros((1, 5, 2), np.complex64), TypeError, "landmarks: expected real numbers"),
        (None, TypeError, "landmarks: expected real numbers, .* got NoneType"),
        ("face", TypeError, "landmarks: expected real numbers, .* got str"),
        ([[[1, 2], [3]]], TypeError, "landmarks: expected rows of one length; row 1 has 1 value"),
        (np.full((1, 5, 2), 1e39), ValueError, r"landmarks: 1e\+39 is out of the range"),
    ],
)
def test_degenerate_landmarks_are_refused(landmarks, error, match) -> None:
    with pytest.raises(error, match=match):
        cexpr.align(noise(4, 4), landmarks, 112)


def test_align_checks_the_image() -> None:
    with pytest.raises(TypeError, match="image: expected uint8"):
        cexpr.align(None, TEMPLATE[None], 112)
    with pytest.raises(ValueError, match="image: expected shape"):
        cexpr.align(np.zeros(5, np.uint8), TEMPLATE[None], 112)


def test_an_aligned_face_has_its_landmarks_on_the_template() -> None:
    landmarks = TEMPLATE @ np.float32([[1.2, 0.5], [-0.5, 1.2]]) + np.float32([90, 40])
    image = np.zeros((260, 300), np.uint8)
    for x, y in landmarks.round().astype(int):
        image[y - 2 : y + 3, x - 2 : x + 3] = 255
    matrices = cexpr.align(image, landmarks[None], 112)
    face = cexpr.preprocess(image, matrices, 112, 0.0, 1.0, "gray")[0, 0]
    for x, y in TEMPLATE.round().astype(int):
        assert face[y, x] > 0.9
    assert face.mean() < 0.05
