"""Face detectors: `mtcnn` (the default), `yunet`, and `full-frame` for crops already made."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from cexpr.errors import ModelError, UsageError
from cexpr.faces.detector import Detections, Detector
from cexpr.models import zoo

__all__ = ["DETECTORS", "Detections", "Detector", "make_detector"]

DETECTORS: Final = ("mtcnn", "yunet", "full-frame")


def make_detector(
    name: str = "mtcnn", *, model_path: Path | None = None, threads: int = 1, **options: Any
) -> Detector:
    """Make a detector by name.

    Args:
        name: One of `DETECTORS`; `yunet:FILE` names YuNet and its model file in one.
        model_path: Model file of `yunet`; None for the one that `cexpr models pull yunet` fetched.
            The others have none.
        threads: Threads of the detector's networks, >= 1.
        options: Settings of the detector: those of `MtcnnOptions`; `score_threshold` of `yunet`.

    Returns:
        The detector, its networks loaded.

    Raises:
        UsageError: the name is unknown, or a model file is missing from or foreign to it.
        ModelError: a model file is not there, or cannot be loaded.
        ValueError: threads or an option is out of range.
    """
    if threads < 1:
        raise ValueError(f"threads: expected at least 1, got {threads}")
    kind, _, file = name.partition(":")
    if file:
        model_path = Path(file)
    if kind not in DETECTORS:
        raise UsageError(f"unknown detector '{kind}': expected one of {', '.join(DETECTORS)}")
    if kind != "yunet" and model_path is not None:
        raise UsageError(f"the detector {kind} takes no model file, got {model_path}")
    # Late: each detector imports only what it needs.
    if kind == "full-frame":
        from cexpr.faces.full_frame import FullFrame

        return FullFrame(**options)
    if kind == "yunet":
        from cexpr.faces.yunet import YuNet

        if model_path is None:
            model_path = _pulled("yunet")
        return YuNet(model_path, threads=threads, **options)
    from cexpr.faces.mtcnn import Mtcnn, MtcnnOptions

    return Mtcnn(MtcnnOptions(**options), threads=threads)


def _pulled(name: str) -> Path:
    """Return the file of a detector's manifest, checked against the manifest's hash."""
    found = zoo.find_any(name)
    try:
        path = zoo.model_file(found)
    except ModelError as error:
        raise ModelError(f"{error}, or name a file of your own as '{name}:FILE'") from error
    found.check_hash(path)
    return path
