"""The shared library through ctypes, beside the Python package.

`CEXPR_SHARED_LIBRARY` names the library; continuous integration builds one.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cexpr
from cexpr.rules.files import shipped
from cexpr.signals import SIGNALS

LIBRARY = os.environ.get("CEXPR_SHARED_LIBRARY", "")
OK, ARGUMENT, RULES = 0, 1, 3

pytestmark = pytest.mark.skipif(
    not LIBRARY, reason="CEXPR_SHARED_LIBRARY names no shared library to test"
)


class Face(ctypes.Structure):
    _fields_ = (
        ("track", ctypes.c_int64),
        ("signals", ctypes.POINTER(ctypes.c_float)),
        ("detection", ctypes.c_float),
        ("area", ctypes.c_float),
    )


class Decided(ctypes.Structure):
    _fields_ = (
        ("frame", ctypes.c_int64),
        ("time", ctypes.c_double),
        ("label", ctypes.c_int32),
        ("confidence", ctypes.c_float),
        ("face_count", ctypes.c_size_t),
        ("is_filled", ctypes.c_int),
        ("track", ctypes.c_int64),
        ("scores", ctypes.POINTER(ctypes.c_float)),
        ("signals", ctypes.POINTER(ctypes.c_float)),
    )


@pytest.fixture(scope="module")
def library() -> ctypes.CDLL:
    loaded = ctypes.CDLL(str(Path(LIBRARY).resolve()))
    for name in ("cexpr_version", "cexpr_last_error", "cexpr_rules_name", "cexpr_rules_compound"):
        getattr(loaded, name).restype = ctypes.c_char_p
    for name in ("cexpr_node_map", "cexpr_node_string", "cexpr_node_integer"):
        getattr(loaded, name).restype = ctypes.c_void_p
    loaded.cexpr_node_put.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    loaded.cexpr_analyzer_delay.restype = ctypes.c_int64
    loaded.cexpr_rules_compound_count.restype = ctypes.c_size_t
    return loaded


@pytest.fixture
def from_yaml(library: ctypes.CDLL) -> Callable[[str], Any]:
    if not hasattr(library, "cexpr_rules_from_yaml"):
        pytest.skip("the shared library was built without yaml-cpp")

    def load(text: str) -> Any:
        rules = ctypes.c_void_p()
        data = text.encode()
        status = library.cexpr_rules_from_yaml(
            data, ctypes.c_size_t(len(data)), b"test.yaml", ctypes.byref(rules)
        )
        assert status == OK, library.cexpr_last_error()
        return rules

    return load


def floats(array: np.ndarray[Any, Any]) -> Any:
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_float))


def names() -> Any:
    return (ctypes.c_char_p * len(SIGNALS))(*[name.encode() for name in SIGNALS])


def random_signals(rows: int) -> np.ndarray[Any, Any]:
    values = np.random.default_rng(3).random((rows, len(SIGNALS)), dtype=np.float32)
    values[::7, 3] = np.nan
    return values


def test_the_version_is_the_same(library: ctypes.CDLL) -> None:
    assert library.cexpr_version().decode() == cexpr.__version__


@pytest.mark.parametrize("name", sorted(shipped()))
def test_rule_files_give_the_same_numbers(
    library: ctypes.CDLL, from_yaml: Callable[[str], Any], name: str
) -> None:
    expected = cexpr.RuleSet.load(name)
    rules = from_yaml(expected.text)
    rows = 200
    signals = random_signals(rows)
    frames = np.arange(rows, dtype=np.int64)
    times = frames * 0.04
    compounds = library.cexpr_rules_compound_count(rules)
    assert compounds == len(expected.compounds)
    scores = np.empty((rows, compounds), np.float32)
    labels = np.empty(rows, np.int32)
    status = library.cexpr_rules_evaluate(
        rules,
        names(),
        ctypes.c_size_t(len(SIGNALS)),
        floats(signals),
        ctypes.c_size_t(rows),
        frames.ctypes.data_as(ctypes.c_void_p),
        times.ctypes.data_as(ctypes.c_void_p),
        None,
        floats(scores),
        labels.ctypes.data_as(ctypes.c_void_p),
    )
    assert status == OK, library.cexpr_last_error()
    wanted = expected.evaluate(signals, SIGNALS, frames=frames, times=times)
    np.testing.assert_array_equal(scores, wanted)
    np.testing.assert_array_equal(labels, expected.decide(wanted))
    library.cexpr_rules_free(rules)


def test_an_analyzer_gives_the_same_frames(
    library: ctypes.CDLL, from_yaml: Callable[[str], Any]
) -> None:
    expected_rules = cexpr.RuleSet.load("default")
    rules = from_yaml(expected_rules.text)
    analyzer = ctypes.c_void_p()
    status = library.cexpr_analyzer_new(
        rules, names(), ctypes.c_size_t(len(SIGNALS)), None, ctypes.byref(analyzer)
    )
    assert status == OK, library.cexpr_last_error()
    library.cexpr_rules_free(rules)
    expected = cexpr.Analyzer(expected_rules, SIGNALS)
    assert library.cexpr_analyzer_delay(analyzer) == expected.delay
    signals = random_signals(120)
    decided = ctypes.POINTER(Decided)()
    count = ctypes.c_size_t()
    got, wanted = [], []
    for frame, row in enumerate(signals):
        face = Face(5, floats(row), 1.0, 1.0)
        status = library.cexpr_analyzer_push(
            analyzer,
            ctypes.c_int64(frame),
            ctypes.c_double(frame * 0.04),
            ctypes.byref(face),
            ctypes.c_size_t(1),
            ctypes.byref(decided),
            ctypes.byref(count),
        )
        assert status == OK, library.cexpr_last_error()
        got += [(one.frame, one.label, one.confidence) for one in decided[: count.value]]
        wanted += expected.push(frame, frame * 0.04, row[None], np.int64([5]))
    library.cexpr_analyzer_flush(analyzer, ctypes.byref(decided), ctypes.byref(count))
    got += [(one.frame, one.label, one.confidence) for one in decided[: count.value]]
    wanted += expected.flush()
    library.cexpr_analyzer_free(analyzer)
    assert len(got) == len(signals)
    assert [one[:2] for one in got] == [(one.frame, one.label) for one in wanted]
    np.testing.assert_array_equal([one[2] for one in got], [one.confidence for one in wanted])


def test_mistakes_come_as_text(library: ctypes.CDLL) -> None:
    rules = ctypes.c_void_p()
    assert library.cexpr_rules_compile(None, None, ctypes.byref(rules)) == ARGUMENT
    assert "root" in library.cexpr_last_error().decode()
    tree = library.cexpr_node_map()
    library.cexpr_node_put(tree, b"cexpr", library.cexpr_node_string(b"two"))
    assert library.cexpr_rules_compile(ctypes.c_void_p(tree), b"mine", ctypes.byref(rules)) == RULES
    message = library.cexpr_last_error().decode()
    assert "mine" in message
    assert "compounds" in message
    library.cexpr_node_free(ctypes.c_void_p(tree))
