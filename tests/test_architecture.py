"""The plan of the house: rooms, floors, mirrors, and the page that explains them."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE, TESTS, PAGE = ROOT / "python" / "cexpr", ROOT / "tests", ROOT / "docs" / "architecture.md"
LONGEST = 400

pytestmark = pytest.mark.skipif(
    not (PACKAGE.is_dir() and PAGE.exists()), reason="the sources are not here"
)


def modules() -> Iterator[Path]:
    """Modules below the package, as paths relative to it; doors of rooms are none."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if not path.name.startswith("__"):
            yield path.relative_to(PACKAGE)


def inner_imports(path: Path) -> Iterator[str]:
    """Names that a file imports from the package's own door."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name == "cexpr")
        elif isinstance(node, ast.ImportFrom) and node.module == "cexpr":
            yield from (alias.name for alias in node.names)


def drawn_tree(heading: str) -> dict[str, set[str]]:
    """Names in each folder of the tree that the page draws; "" is the tree's root."""
    page = PAGE.read_text(encoding="utf-8")
    block = re.search(rf"^{re.escape(heading)}/\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert block is not None, f"{PAGE.name} draws no tree of {heading}/"
    tree: dict[str, set[str]] = {"": set()}
    for line in block[1].splitlines():
        names, _, _ = line.strip().partition("  #")
        folder, slash, inside = names.partition("/ ")
        if names.endswith("/"):
            folder, slash, inside = names[:-1], "/", ""
        if slash:
            tree[folder] = set(inside.split())
        else:
            tree[""] |= set(names.split())
    return tree


def test_every_module_has_a_mirror_among_the_tests() -> None:
    lacking = [
        str(module)
        for module in modules()
        if not (TESTS / module.parent / f"test_{module.name.lstrip('_')}").is_file()
    ]
    assert lacking == []


def test_nothing_inside_goes_through_the_door_of_the_package() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}: {name}"
        for path in PACKAGE.rglob("*.py")
        for name in inner_imports(path)
        if name != "_core"
        and not any((PACKAGE / name).with_suffix(end).exists() for end in ("", ".py"))
    ]
    assert found == []


def test_a_room_imports_only_rooms_below_it() -> None:
    # The command itself may not be on the path of whatever runs the tests.
    script = "import sys; from importlinter import cli; sys.exit(cli.lint_imports(no_cache=True))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken." in done.stdout


def test_the_page_draws_the_package_as_it_is() -> None:
    is_there: dict[str, set[str]] = {"": set()}
    for module in modules():
        is_there.setdefault("/".join(module.parts[:-1]), set()).add(module.stem)
    assert drawn_tree("python/cexpr") == is_there


def test_the_page_draws_the_core_as_it_is() -> None:
    source = ROOT / "cpp" / "src"
    folders = {
        path.parent.relative_to(source).as_posix().removeprefix(".")
        for path in source.rglob("*.cpp")
    }
    drawn = drawn_tree("cpp/src")
    assert set(drawn) == folders | {""}
    assert drawn[""] == {path.stem for path in source.glob("*.cpp")}


def test_no_file_is_too_long_to_read() -> None:
    sources = [
        path
        for folder, pattern in ((PACKAGE, "*.py"), (TESTS, "*.py"), (ROOT / "cpp", "*.[ch]pp"))
        for path in folder.rglob(pattern)
    ]
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources}
    too_long = [str(path.relative_to(ROOT)) for path, lines in lengths.items() if lines > LONGEST]
    assert too_long == []
