"""OpenCV: imported late and quietly, with a remedy if it cannot be imported."""

from __future__ import annotations

import builtins
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

from cexpr._support.opencv import load_cv2, reason
from cexpr.errors import UsageError


def test_it_is_the_module() -> None:
    assert load_cv2() is cv2


def test_its_logs_are_silent_unless_the_user_has_set_their_level() -> None:
    code = (
        "import os; from cexpr._support.opencv import load_cv2; load_cv2(); "
        "print(os.environ['OPENCV_LOG_LEVEL'], os.environ['OPENCV_FFMPEG_LOGLEVEL'])"
    )
    names = ("OPENCV_LOG_LEVEL", "OPENCV_FFMPEG_LOGLEVEL")
    plain = {name: value for name, value in os.environ.items() if name not in names}
    for more, expected in (({}, "SILENT -8"), ({"OPENCV_LOG_LEVEL": "INFO"}, "INFO -8")):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**plain, **more},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == expected


@pytest.mark.parametrize(
    ("cause", "remedy"),
    [
        ("libGL.so.1: cannot open shared object file", "apt install libgl1 libglib2.0-0"),
        ("No module named 'cv2'", "pip install opencv-python"),
    ],
)
def test_a_failed_import_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, cause: str, remedy: str
) -> None:
    real_import = builtins.__import__

    def refuse(name: str, *rest: object, **more: object) -> object:
        if name == "cv2":
            raise ImportError(cause)
        return real_import(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    load_cv2.cache_clear()
    try:
        with pytest.raises(UsageError, match="OpenCV cannot be imported") as caught:
            load_cv2()
    finally:
        load_cv2.cache_clear()
    assert cause in str(caught.value)
    assert remedy in str(caught.value)


def test_an_error_of_opencv_becomes_one_short_line() -> None:
    with pytest.raises(cv2.error) as caught:
        cv2.cvtColor(np.zeros((2, 2), np.float64), cv2.COLOR_BGR2GRAY)
    found = reason(caught.value)
    assert found
    assert "\n" not in found
    assert ".cpp" not in found
    assert reason(ValueError("")) == "ValueError"
