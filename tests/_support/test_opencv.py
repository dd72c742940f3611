"""OpenCV is imported in one place, and its failures are one sentence."""

from __future__ import annotations

import sys

import pytest

from cexpr._support.opencv import _remedy, load_cv2, reason
from cexpr.errors import UsageError


def test_missing_libgl_is_one_sentence_with_the_remedy() -> None:
    error = ImportError("libGL.so.1: cannot open shared object file: No such file or directory")
    assert "apt install libgl1" in _remedy(error)
    assert "opencv-python-headless" in _remedy(error)
    assert "pip install opencv-python" in _remedy(ImportError("No module named 'cv2'"))


def test_errors_of_opencv_become_one_line() -> None:
    assert reason(ValueError("\n > first\nsecond")) == "first"
    assert reason(ValueError()) == "ValueError"


def test_failing_import_of_opencv_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    load_cv2.cache_clear()
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(UsageError, match="OpenCV cannot be imported"):
        load_cv2()
