"""Array types are named in one place."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import cexpr
from cexpr._support import types


def test_a_name_stands_for_the_dtype_that_it_promises() -> None:
    assert types.Floats == NDArray[np.float32]
    assert types.Doubles == NDArray[np.float64]
    assert types.Integers == NDArray[np.int64]
    assert types.Labels == NDArray[np.int32]
    assert types.Image == types.Flags == types.Bytes == NDArray[np.uint8]


def test_no_other_module_names_an_array_type_of_its_own() -> None:
    package = Path(next(iter(cexpr.__path__)))
    found = [
        f"{path.relative_to(package)}: {line}"
        for path in package.rglob("*.py")
        for line in re.findall(r"NDArray\[np\.(?!generic)\w+\].*", path.read_text(encoding="utf-8"))
        if path.name != "types.py"
    ]
    assert found == []
