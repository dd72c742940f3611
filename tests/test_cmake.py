from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import cexpr
from cexpr._cmake import cmake_dir
from cexpr.errors import UsageError

CONSUMER = Path(__file__).parents[1] / "cpp" / "tests" / "consumers" / "find_package"


def printed_dir() -> Path:
    printed = subprocess.run(
        [sys.executable, "-m", "cexpr", "--cmake-dir"], capture_output=True, text=True, check=True
    )
    return Path(printed.stdout.rstrip("\n"))


def test_the_printed_folder_holds_the_package() -> None:
    folder = printed_dir()
    assert (folder / "cexprConfig.cmake").is_file()
    assert f'"{cexpr.__version__}"' in (folder / "cexprConfigVersion.cmake").read_text()
    assert (folder.parents[2] / "include" / "cexpr" / "cexpr.hpp").is_file()


def test_a_package_without_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cexpr, "__path__", [str(tmp_path)])
    with pytest.raises(UsageError, match="CMake package"):
        cmake_dir()


@pytest.mark.skipif(shutil.which("cmake") is None, reason="cmake is not here")
@pytest.mark.skipif(not CONSUMER.is_dir(), reason="the sources are not here")
def test_a_host_builds_against_the_installed_package(tmp_path: Path) -> None:
    build = tmp_path / "build"
    for command in (
        ["cmake", "-S", str(CONSUMER), "-B", str(build), f"-Dcexpr_DIR={printed_dir()}"],
        ["cmake", "--build", str(build)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
        assert done.returncode == 0, done.stdout + done.stderr
    ran = subprocess.run([str(build / "consumer")], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith(f"cexpr {cexpr.__version__}, ")
