"""The problems that pydantic finds in options and manifests, in words for their author."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError

from cexpr._support.text import shortened, unknown

_SHOWN: Final = 5
_EXPECTED: Final = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "names with values",
    "finite_number": "a finite number",
    "float_parsing": "a number",
    "float_type": "a number",
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "less_than": "a number below {lt:g}",
    "less_than_equal": "at most {le:g}",
    "list_type": "a list",
    "model_type": "keys with values",
    "string_type": "text",
    "too_long": "at most {max_length} entries",
    "too_short": "at least {min_length} of them",
    "tuple_type": "a list",
}


def explain(
    error: ValidationError,
    model: type[BaseModel],
    noun: str,
    shown_names: Mapping[str, str] | None = None,
) -> str:
    """Say in one sentence what is wrong; if there are many problems, the first ones.

    Args:
        error: The error that pydantic raised.
        model: The class that was validated.
        noun: The word for a name in it: `option`, `key`.
        shown_names: Names as the user typed them, by attribute.

    Returns:
        The sentence.
    """
    places = [one["loc"] for one in error.errors()]
    problems = [
        _sentence(one, model, noun, shown_names or {})
        for one in error.errors()
        # A list that is empty because its entries are wrong is already among the problems.
        if not (one["type"] == "too_short" and _is_within(places, one["loc"]))
    ]
    more = len(problems) - _SHOWN
    return "; ".join(problems[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _is_within(places: Sequence[tuple[int | str, ...]], outer: tuple[int | str, ...]) -> bool:
    return any(len(one) > len(outer) and one[: len(outer)] == outer for one in places)


def _sentence(
    problem: Any, model: type[BaseModel], noun: str, shown_names: Mapping[str, str]
) -> str:
    kind, context, value = problem["type"], problem.get("ctx", {}), problem["input"]
    names = [str(part) for part in problem["loc"] if not isinstance(part, int)]
    if names[-1:] == ["[key]"]:
        # A key of a dictionary that takes certain names.
        known = re.findall(r"'([^']*)'", context.get("expected", ""))
        return _at(names[:-2], unknown(noun, names[-2], known), shown_names)
    if kind == "extra_forbidden":
        message = unknown(noun, names[-1], _fields(model, names[:-1]))
        return _at(names[:-1], message, shown_names)
    if kind == "missing":
        return _at(names[:-1], f"{noun} '{names[-1]}' is missing", shown_names)
    if kind == "value_error":
        return _at(names, str(context["error"]), shown_names)
    if kind == "literal_error":
        expected = context["expected"].replace("'", "")
    elif kind in _EXPECTED:
        expected = _EXPECTED[kind].format_map(context)
    else:
        expected = problem["msg"].removeprefix("Input should be ")
    return _at(names, f"expected {expected}, got {_shown(value)}", shown_names)


def _at(names: Sequence[str], message: str, shown_names: Mapping[str, str]) -> str:
    if not names:
        return message
    return f"{'.'.join((shown_names.get(names[0], names[0]), *names[1:]))}: {message}"


def _fields(model: type[BaseModel], outer: Sequence[str]) -> list[str]:
    """Names that the model at a place takes; a name that is not a field is a dictionary's key."""
    for name in outer:
        field = model.model_fields.get(name)
        inner = None if field is None else _model_in(field.annotation)
        model = inner or model
    return [name for name, field in model.model_fields.items() if not field.exclude]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def _shown(value: object) -> str:
    """A value in a few characters; never a whole file."""
    if isinstance(value, Mapping):
        return "names with values"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    return shortened(repr(value))
