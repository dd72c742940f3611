"""Where the wheel carries the CMake package of the C++ library."""

from __future__ import annotations

from pathlib import Path

from cexpr._support.resources import package_folders
from cexpr.errors import UsageError

# CMake chooses by platform where libraries go.
_LIBRARY_FOLDERS = ("lib", "lib64")


def cmake_dir() -> Path:
    """Return the folder to give to CMake as `cexpr_DIR`.

    Returns:
        The folder that holds `cexprConfig.cmake`; headers and library lie under the same prefix.

    Raises:
        UsageError: the package was installed without it.

    Example:
        cmake -S . -B build -Dcexpr_DIR=$(python -m cexpr --cmake-dir)
    """
    for folder in _LIBRARY_FOLDERS:
        for root in package_folders():
            config = root / folder / "cmake" / "cexpr" / "cexprConfig.cmake"
            if config.is_file():
                return config.parent
    raise UsageError(
        "the CMake package is not installed with cexpr; install the wheel: pip install cexpr"
    )
