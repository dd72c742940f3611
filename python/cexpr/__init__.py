"""Compound facial expressions from video, by rules over basic expressions."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from cexpr._core import __version__
from cexpr.errors import CexprError, ClipError, ModelError, RuleError, UsageError
from cexpr.preprocess import align, preprocess
from cexpr.smoothing import smooth

if TYPE_CHECKING:
    from cexpr import metrics
    from cexpr.analyzer import Analyzer
    from cexpr.pipeline import Pipeline, analyze
    from cexpr.rules.rule_set import RuleSet
    from cexpr.tables.result import ClipResult

__all__ = [
    "Analyzer",
    "CexprError",
    "ClipError",
    "ClipResult",
    "ModelError",
    "Pipeline",
    "RuleError",
    "RuleSet",
    "UsageError",
    "__version__",
    "align",
    "analyze",
    "metrics",
    "preprocess",
    "smooth",
]

# Loaded when they are asked for, because their libraries take a while.
_LATE = {
    "Analyzer": "cexpr.analyzer",
    "ClipResult": "cexpr.tables.result",
    "Pipeline": "cexpr.pipeline",
    "RuleSet": "cexpr.rules.rule_set",
    "analyze": "cexpr.pipeline",
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
    """Name what is imported late, too."""
    return sorted({*globals(), *__all__})
