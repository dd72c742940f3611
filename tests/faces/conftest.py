"""Fixtures of the tests of detectors."""

from __future__ import annotations

import pytest

from builders.photos import Image, astronaut
from cexpr.faces.detector import Detector, make_detector


@pytest.fixture(scope="module")
def photo() -> Image:
    return astronaut()


@pytest.fixture(scope="module")
def mtcnn() -> Detector:
    return make_detector("mtcnn")
