from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import cexpr
from cexpr._support.cmake import cmake_dir
from cexpr.errors import UsageError
from cexpr.runs.cores import usable_cores

CORE_TESTS = Path(__file__).parents[2] / "cpp" / "tests"
CONSUMER = CORE_TESTS / "consumers" / "find_package"
# Also where the environment of this Python is not activated.
TOOLS = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])

needs_cmake = pytest.mark.skipif(
    shutil.which("cmake", path=TOOLS) is None, reason="cmake is not here"
)


def run(*command: object) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": TOOLS},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build_against_the_package(source: Path, build: Path, *options: str) -> None:
    generator = ["-G", "Ninja"] if shutil.which("ninja", path=TOOLS) else []
    package = f"-Dcexpr_DIR={printed_dir()}"
    run("cmake", "-S", source, "-B", build, *generator, package, *options)
    run("cmake", "--build", build, "--parallel", usable_cores())


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


@pytest.mark.compiles
@needs_cmake
@pytest.mark.skipif(not CONSUMER.is_dir(), reason="the sources are not here")
def test_a_host_builds_against_the_installed_package(tmp_path: Path) -> None:
    build_against_the_package(CONSUMER, tmp_path)
    ran = subprocess.run([tmp_path / "consumer"], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith(f"cexpr {cexpr.__version__}, ")


@needs_cmake
@pytest.mark.parametrize("component", ["shared", "yaml", "toaster"])
def test_a_component_that_is_not_here_is_named_with_the_reason(
    component: str, tmp_path: Path
) -> None:
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.20)\nproject(host LANGUAGES CXX)\n"
        f"find_package(cexpr REQUIRED COMPONENTS {component})\n"
    )
    command = ["cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-Dcexpr_DIR={printed_dir()}"]
    if shutil.which("ninja", path=TOOLS):
        command += ["-G", "Ninja"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PATH": TOOLS}
    )
    said = " ".join(done.stderr.split())
    assert done.returncode != 0
    assert f"no component {component}" in said
    assert ("a wheel has the core alone" in said) == (component != "toaster")


@pytest.mark.compiles
@needs_cmake
@pytest.mark.skipif(not CORE_TESTS.is_dir(), reason="the sources are not here")
def test_the_core_passes_its_own_tests(tmp_path: Path) -> None:
    # Some are slow without optimisation; more of it would take longer than it saves.
    build_against_the_package(CORE_TESTS, tmp_path, "-DCMAKE_CXX_FLAGS=-O1")
    listed = run("ctest", "--test-dir", tmp_path, "--show-only")
    assert "rules_language_test" in listed
    run("ctest", "--test-dir", tmp_path, "--output-on-failure", "--parallel", usable_cores())
