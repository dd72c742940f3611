"""The one place that imports OpenCV: late, quietly, and with a remedy when it is not whole."""

from __future__ import annotations

import functools
import os
from typing import Any

from cexpr.errors import UsageError

# Broken clips are reported by cexpr in one line; the decoder's own log lines would bury it.
_QUIET = {"OPENCV_LOG_LEVEL": "SILENT", "OPENCV_FFMPEG_LOGLEVEL": "-8"}


@functools.cache
def load_cv2() -> Any:
    """Import OpenCV once and silence its logs, unless the user has set their level.

    Returns:
        The module `cv2`.

    Raises:
        UsageError: OpenCV is missing, or a system library that it needs.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import cv2
    except ImportError as error:
        raise UsageError(_remedy(error)) from error
    return cv2


def reason(error: Exception) -> str:
    """Bring an OpenCV error, which spans lines and names source files, to one short line."""
    text = str(getattr(error, "err", "") or error)
    lines = [line.strip(" >") for line in text.splitlines()]
    return next((line for line in lines if line), type(error).__name__)


def _remedy(error: ImportError) -> str:
    """Say in one sentence why OpenCV cannot be imported and what to install."""
    if "libGL" in str(error) or "libgthread" in str(error) or "libglib" in str(error):
        return (
            f"OpenCV cannot be imported ({error}): install the missing system library with "
            "'apt install libgl1 libglib2.0-0', or replace opencv-python by "
            "opencv-python-headless, which needs neither"
        )
    return f"OpenCV cannot be imported ({error}): install it with 'pip install opencv-python'"
