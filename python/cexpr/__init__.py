"""Compound facial expressions from video, by rules over basic expressions."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from cexpr._core import __version__
from cexpr.errors import CexprError, ClipError, FileError, ModelError, RuleError, UsageError
from cexpr.preprocess import align, preprocess
from cexpr.smoothing import Smoothing, StreamingFilter, smooth

if TYPE_CHECKING:
    from cexpr import metrics
    from cexpr.analyzer import Analyzer, DecidedFace, DecidedFrame
    from cexpr.clips.sources import find_clips
    from cexpr.options import RunOptions
    from cexpr.pipeline import Pipeline, analyze
    from cexpr.rules.rule_set import RuleSet
    from cexpr.runs.apply import apply
    from cexpr.runs.run import run
    from cexpr.stream import Stream
    from cexpr.tables.result import ClipResult

__all__ = [
    "Analyzer",
    "CexprError",
    "ClipError",
    "ClipResult",
    "DecidedFace",
    "DecidedFrame",
    "FileError",
    "ModelError",
    "Pipeline",
    "RuleError",
    "RuleSet",
    "RunOptions",
    "Smoothing",
    "Stream",
    "StreamingFilter",
    "UsageError",
    "__version__",
    "align",
    "analyze",
    "apply",
    "find_clips",
    "metrics",
    "preprocess",
    "run",
    "smooth",
]

# Imported when they are first used, because their libraries take a while.
_LATE = {
    "Analyzer": "cexpr.analyzer",
    "ClipResult": "cexpr.tables.result",
    "DecidedFace": "cexpr.analyzer",
    "DecidedFrame": "cexpr.analyzer",
    "Pipeline": "cexpr.pipeline",
    "RuleSet": "cexpr.rules.rule_set",
    "RunOptions": "cexpr.options",
    "Stream": "cexpr.stream",
    "analyze": "cexpr.pipeline",
    "apply": "cexpr.runs.apply",
    "find_clips": "cexpr.clips.sources",
    "run": "cexpr.runs.run",
}


def __getattr__(name: str) -> Any:
    """Import what is imported late."""
    if name in _LATE:
        value = getattr(importlib.import_module(_LATE[name]), name)
    elif name == "metrics":
        value = importlib.import_module("cexpr.metrics")
    else:
        raise AttributeError(f"module 'cexpr' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Name the public interface alone, with what is imported late and without what is loaded."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
