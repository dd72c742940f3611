"""The vocabulary: names and order of the signals, one place for every module."""

from __future__ import annotations

from typing import Final

EXPRESSIONS: Final = (
    "anger",
    "contempt",
    "disgust",
    "fear",
    "happiness",
    "neutral",
    "sadness",
    "surprise",
)
VALENCE_AROUSAL: Final = ("valence", "arousal")
ACTION_UNITS: Final = (
    "AU01",
    "AU02",
    "AU04",
    "AU06",
    "AU07",
    "AU10",
    "AU12",
    "AU15",
    "AU23",
    "AU24",
    "AU25",
    "AU26",
)
SIGNALS: Final = EXPRESSIONS + VALENCE_AROUSAL + ACTION_UNITS
GROUPS: Final = {
    "expression": EXPRESSIONS,
    "valence_arousal": VALENCE_AROUSAL,
    "action_units": ACTION_UNITS,
}
