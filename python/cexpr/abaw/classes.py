"""The classes of the ABAW challenges: their orders, ids, headers and markers, once."""

from __future__ import annotations

from typing import Final, Literal

from cexpr.metrics import MISSING_AFFECT, MISSING_CLASS
from cexpr.signals import ACTION_UNITS, EXPRESSIONS

Kind = Literal["ce", "mtl"]
"""Compound expressions, or the multi-task challenge."""

AFF_WILD2_EXPRESSIONS: Final = (
    "neutral",
    "anger",
    "disgust",
    "fear",
    "happiness",
    "sadness",
    "surprise",
    "other",
)
"""Aff-Wild2's expressions in the order of their ids; `signals.EXPRESSIONS` has another order."""

AFF_WILD2_SIGNALS: Final = tuple(
    "contempt" if name == "other" else name for name in AFF_WILD2_EXPRESSIONS
)
"""The signal of each of them: AffectNet's contempt counts as other."""

AFF_WILD2_IDS: Final = {name: AFF_WILD2_SIGNALS.index(name) for name in EXPRESSIONS}
"""Aff-Wild2's id by the name of the signal."""

CE_PAIRS: Final[dict[str, tuple[str, str]]] = {
    "Fearfully_Surprised": ("fear", "surprise"),
    "Happily_Surprised": ("happiness", "surprise"),
    "Sadly_Surprised": ("sadness", "surprise"),
    "Disgustedly_Surprised": ("disgust", "surprise"),
    "Angrily_Surprised": ("anger", "surprise"),
    "Sadly_Fearful": ("sadness", "fear"),
    "Sadly_Angry": ("sadness", "anger"),
}
"""The two basic expressions in each class of C-EXPR-DB."""

CE_CLASSES: Final = tuple(CE_PAIRS)
"""The seven classes of C-EXPR-DB in the order of their ids."""

CE_HEADER: Final = ",".join(("image_location", *CE_CLASSES))
MTL_HEADER: Final = "image,valence,arousal,expression,aus"
HEADERS: Final[dict[Kind, str]] = {"ce": CE_HEADER, "mtl": MTL_HEADER}

FIELDS: Final[dict[Kind, int]] = {"ce": 1, "mtl": 3 + len(ACTION_UNITS)}
"""Fields after the image in each row."""

MTL_MISSING: Final = (MISSING_AFFECT,) * 2 + (MISSING_CLASS,) * (1 + len(ACTION_UNITS))
"""A row of the multi-task challenge in which everything is missing."""
