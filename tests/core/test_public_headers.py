"""Public headers leak no macro of another name and no namespace; CMake compiles each alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CPP = Path(__file__).parents[2] / "cpp"
HEADERS = sorted(
    [*CPP.glob("include/cexpr/*.h*"), *CPP.glob("components/*/include/cexpr/*.h*")],
    key=lambda path: path.name,
)

pytestmark = pytest.mark.skipif(not CPP.is_dir(), reason="the sources are not beside the tests")


def test_the_headers_are_found() -> None:
    assert {"cexpr.hpp", "cexpr.h", "yaml.hpp", "opencv.hpp"} <= {path.name for path in HEADERS}


@pytest.mark.parametrize("header", HEADERS, ids=lambda path: path.name)
def test_a_header_leaks_nothing(header: Path) -> None:
    text = header.read_text(encoding="utf-8")
    for macro in re.findall(r"^\s*#\s*define\s+(\w+)", text, flags=re.MULTILINE):
        assert macro.startswith("CEXPR_"), macro
    assert "using namespace" not in text
    assert text.startswith("#pragma once\n") or header.suffix == ".h"
    component = "components" in header.parts
    for included in re.findall(r"#include <([^>]+)>", text):
        assert component or "/" not in included, f"<{included}> is not of the standard library"


def test_the_umbrella_includes_every_header_of_the_core() -> None:
    text = (CPP / "include" / "cexpr" / "cexpr.hpp").read_text(encoding="utf-8")
    included = set(re.findall(r'#include "cexpr/(\w+\.hpp)"', text))
    core = {path.name for path in CPP.glob("include/cexpr/*.hpp")}
    assert included == core - {"cexpr.hpp", "export.hpp"}
