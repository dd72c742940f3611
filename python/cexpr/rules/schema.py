"""A JSON Schema of rule files, for editors: completion, hover texts and first checks.

The compiler checks more (names, types, cycles, lengths); a file that it accepts is valid here too.
"""

from __future__ import annotations

from typing import Any, Final

from cexpr.signals import SIGNALS

_EXPRESSION: Final[dict[str, Any]] = {
    "type": ["string", "number", "boolean"],
    "description": "An expression, such as mean(fear, surprise)",
}
_LENGTH: Final[dict[str, Any]] = {
    "description": "Frames (10) or seconds (0.5s)",
    "anyOf": [
        {"type": "number", "minimum": 0},
        {"type": "string", "pattern": r"^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?s?$"},
    ],
}
# A name that expressions read has ASCII letters; a compound's name may have any letters.
_NAME: Final = "^[A-Za-z_][A-Za-z0-9_]{0,63}$"
_LABEL: Final = r"^[^\x00-@\[-^`{-\x7f][^\x00-,./:-@\[-^`{-\x7f]*$"
_NONE: Final[dict[str, Any]] = {"enum": ["none", None]}
_GAPS: Final[dict[str, Any]] = {"enum": ["interpolate", "hold", "none", None]}


def _map(
    properties: dict[str, Any], required: tuple[str, ...] = (), description: str = ""
) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    if required:
        schema["required"] = list(required)
    if description:
        schema["description"] = description
    return schema


def _smoothing(description: str, *, of_compounds: bool = False) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "kernel": {"enum": ["none", "box", "gaussian", None]},
        "radius": {**_LENGTH, "description": "Frames or seconds on each side"},
        "sigma": {**_LENGTH, "description": "Standard deviation of the gaussian kernel"},
        "window": {
            "enum": ["frames", "rows"],
            "description": "What the radius counts: frame numbers, or rows with a face",
        },
    }
    if of_compounds:
        properties["filled"] = {
            "enum": ["count", "skip"],
            "description": "Whether filled-in frames take part",
        }
    return {"description": description, "anyOf": [_NONE, _map(properties, ("kernel",))]}


def _compound() -> dict[str, Any]:
    weight = {"type": ["number", "string"], "description": "A number, 0 or more"}
    gated = _map(
        {
            "score": {**_EXPRESSION, "description": "The score if the gate is open"},
            "weights": {
                "type": "object",
                "description": "Instead of score: the weighted mean of signals or let names",
                "minProperties": 1,
                "additionalProperties": weight,
                "propertyNames": {"pattern": _NAME},
            },
            "when": {**_EXPRESSION, "description": "The gate, a condition"},
            "otherwise": {
                **_EXPRESSION,
                "description": "The score if the gate is closed; 0 by default",
            },
        }
    )
    gated["oneOf"] = [{"required": ["score"]}, {"required": ["weights"]}]
    gated["dependentRequired"] = {"otherwise": ["when"]}
    return {"anyOf": [_EXPRESSION, gated]}


def _smooth() -> dict[str, Any]:
    groups = _map(
        {
            "all": _smoothing("All signals; the entry of a group overrides it"),
            "expression": _smoothing("The eight expressions"),
            "valence_arousal": _smoothing("Valence and arousal"),
            "action_units": _smoothing("The action units"),
            "compounds": _smoothing(
                "The compound scores, after faces are merged and gaps filled", of_compounds=True
            ),
        }
    )
    return {
        "description": "Smoothing over frames, before the rules read a signal",
        "anyOf": [groups, _smoothing("All signals alike")],
    }


def _gaps() -> dict[str, Any]:
    limit = {
        "anyOf": [_LENGTH, {"const": "unlimited"}],
        "description": "How far from a seen face frames are filled; 1s by default",
    }
    return _map({"how": _GAPS, "at_most": limit})


def _decide() -> dict[str, Any]:
    numbers = {"type": "object", "additionalProperties": {"type": "number"}}
    return _map(
        {
            "abstain_below": {"type": "number", "description": "No label below this score"},
            "exit_below": {
                "type": "number",
                "description": "A label in force stays until its score falls below this",
            },
            "hysteresis": {
                "type": "number",
                "minimum": 0,
                "description": "Another compound takes over only when it leads by more than this",
            },
            "min_frames": {**_LENGTH, "description": "Shorter runs of a label are dropped"},
            "min_duration": {**_LENGTH, "description": "The same, in frames or seconds"},
            "bias": {**numbers, "description": "Added to the score of a compound"},
            "priors": {
                **numbers,
                "description": "How common each compound is; scores are multiplied by it",
            },
        },
        description="From scores to a label",
    )


def _tests() -> dict[str, Any]:
    signals: dict[str, Any] = {name: {"type": ["number", "string"]} for name in SIGNALS}
    step = _map(
        {
            **signals,
            "repeat": {"type": "integer", "minimum": 1, "description": "Number of such frames"},
            "no_face": {"type": "boolean", "description": "No face is seen in these frames"},
        },
        description="Signals of a frame; those not given are 0, .nan is unknown",
    )
    one = _map(
        {
            "name": {"type": "string"},
            "given": _map(
                signals, description="Signals of one frame; those not given are 0, .nan is unknown"
            ),
            "frames": {
                "type": "array",
                "minItems": 1,
                "items": step,
                "description": "Instead of given: one face over time",
            },
            "fps": {
                "type": ["number", "string"],
                "description": "Frames per second of frames; 25 by default",
            },
            "absent": {
                "type": "array",
                "items": {"enum": list(SIGNALS)},
                "description": "Signals that no model provides, for has(...)",
            },
            "expect": {
                "description": "The compound that must win, or none for no label; "
                "with frames a list, for each entry one of these or any",
                "anyOf": [
                    {"type": ["string", "null"]},
                    {"type": "array", "items": {"type": ["string", "null"]}},
                ],
            },
        },
        ("expect",),
    )
    one["oneOf"] = [{"required": ["given"]}, {"required": ["frames"]}]
    one["dependentRequired"] = {"fps": ["frames"]}
    return {"type": "array", "description": "Run by cexpr rules test", "items": one}


def rule_schema() -> dict[str, Any]:
    """Return the JSON Schema of a rule file (draft 2020-12)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "cexpr rule file",
        **_map(
            {
                "cexpr": {"const": 1, "description": "Version of the rule language"},
                "name": {"type": "string", "description": "Name of the rule set"},
                "about": {"type": "string", "description": "What the rules do, in a line"},
                "source": {"type": "string", "description": "Where they come from"},
                "smooth": _smooth(),
                "let": {
                    "type": "object",
                    "description": "Named values, in any order, without cycles",
                    "additionalProperties": _EXPRESSION,
                    "propertyNames": {"pattern": _NAME},
                },
                "compounds": {
                    "type": "object",
                    "description": "The compounds, in the order of the class ids 0, 1, 2, ...",
                    "minProperties": 1,
                    "additionalProperties": _compound(),
                    "propertyNames": {"pattern": _LABEL},
                },
                "faces": {
                    "enum": ["each", "max", "mean", "first", "largest"],
                    "description": "Several faces: each labelled alone, or merged, and how",
                },
                "gaps": {
                    "description": "How frames without a face are filled, and how long",
                    "anyOf": [_GAPS, _gaps()],
                },
                "decide": _decide(),
                "events": _map(
                    {
                        "min_duration": {**_LENGTH, "description": "Shorter events are left out"},
                        "merge_gap": {
                            **_LENGTH,
                            "description": "Events of one label that are this close become one",
                        },
                    },
                    description="How events are cut from labels",
                ),
                "tests": _tests(),
            },
            ("cexpr", "name", "compounds"),
        ),
    }
