"""Compound facial expressions from video, by rules over basic expressions."""

from cexpr._core import __version__
from cexpr.errors import CexprError, ClipError, ModelError, RuleError, UsageError
from cexpr.preprocess import align, preprocess
from cexpr.smoothing import smooth

__all__ = [
    "CexprError",
    "ClipError",
    "ModelError",
    "RuleError",
    "UsageError",
    "__version__",
    "align",
    "preprocess",
    "smooth",
]
