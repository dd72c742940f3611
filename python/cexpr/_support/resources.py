"""Data files that the wheel carries below `share/`: rules, models, licences."""

from __future__ import annotations

import sys
from pathlib import Path


def package_folders() -> list[Path]:
    """Return the folders of the package; an editable install has two, source and build."""
    return [Path(entry) for entry in sys.modules["cexpr"].__path__]


def data_path(*parts: str) -> Path | None:
    """Find one data file of the installed package.

    Args:
        parts: Path below `share/`, for example `"models", "mtcnn-pnet.onnx"`.

    Returns:
        The file or folder, or None if no folder of the package holds it.
    """
    for root in package_folders():
        path = root.joinpath("share", *parts)
        if path.exists():
            return path
    return None


def data_files(folder: str, pattern: str = "*") -> list[Path]:
    """List the data files of one folder of the package, sorted by name without suffix.

    Args:
        folder: Folder below `share/`, for example `"rules"`.
        pattern: Glob for the file name.

    Returns:
        One path per name: where two folders of the package hold the same name, the first counts.
    """
    found: dict[str, Path] = {}
    for root in package_folders():
        for path in root.joinpath("share", folder).glob(pattern):
            if path.is_file():
                found.setdefault(path.name, path)
    return sorted(found.values(), key=lambda path: (path.stem, path.suffix))
