"""The public interface: what `import cexpr` offers, and nothing else."""

from __future__ import annotations

import inspect
import io
import os
import subprocess
import sys
import typing
from contextlib import redirect_stdout

import pytest

import cexpr

# Not before they are needed: each takes longer than the rest of the import together.
HEAVY = ("onnxruntime", "cv2", "pyarrow", "pydantic", "typer", "rich", "yaml", "torch", "pandas")
NAMES = sorted(name for name in cexpr.__all__ if not name.startswith("__"))


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("before", ["cexpr", "cexpr.cli, cexpr.pipeline, cexpr.runs.run"])
def test_dir_shows_the_interface_whatever_is_loaded(before: str) -> None:
    shown = python(f"import {before}; print(*dir(cexpr))").split()
    assert [name for name in shown if not name.startswith("_")] == NAMES
    assert all(name.startswith("__") for name in shown if name.startswith("_"))
    assert "__version__" in shown


def test_the_import_loads_no_heavy_library() -> None:
    code = f"import sys, cexpr; print(*(name for name in {HEAVY} if name in sys.modules))"
    assert python(code).split() == []


def test_every_name_can_be_imported_first() -> None:
    python("\n".join(f"from cexpr import {name}" for name in cexpr.__all__))


@pytest.mark.parametrize("name", NAMES)
def test_help_shows_a_docstring(name: str) -> None:
    value = getattr(cexpr, name)
    assert value.__doc__
    text = io.StringIO()
    with redirect_stdout(text):
        help(value)
    assert inspect.getdoc(value).splitlines()[0] in text.getvalue()


@pytest.mark.parametrize("name", NAMES)
def test_the_parameters_of_every_callable_have_types(name: str) -> None:
    value = getattr(cexpr, name)
    if inspect.ismodule(value) or (inspect.isclass(value) and issubclass(value, Exception)):
        return
    for one in inspect.signature(value).parameters.values():
        assert one.annotation is not inspect.Parameter.empty, one
    if inspect.isfunction(value):
        assert typing.get_type_hints(value)["return"] is not inspect.Parameter.empty


def test_modules_that_share_a_name_with_a_function_can_still_be_imported_from() -> None:
    code = (
        "import cexpr, cexpr.preprocess\n"
        "from cexpr.preprocess import align\n"
        "from cexpr.runs.run import run\n"
        "from cexpr.runs.apply import apply\n"
        "import cexpr.runs\n"
        "assert callable(cexpr.preprocess) and align is cexpr.align\n"
        "assert cexpr.run is run and cexpr.apply is apply\n"
    )
    python(code)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'cexpr' has no attribute 'nothing'"):
        _ = cexpr.nothing


def test_the_command_and_the_module_are_the_same() -> None:
    shown = [
        subprocess.run(
            [sys.executable, "-m", "cexpr", flag], capture_output=True, text=True, check=True
        )
        for flag in ("--version", "-h")
    ]
    assert shown[0].stdout == f"cexpr {cexpr.__version__}\n"
    assert shown[1].stdout.startswith("usage: cexpr ")
