"""Options of a run, checked in one place for the command line and for Python."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from numbers import Integral
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args, get_origin

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    StrictBool,
    ValidationError,
    field_validator,
)
from pydantic_core import PydanticKnownError

from cexpr._support.text import shortened, unknown
from cexpr._support.validation import explain
from cexpr.errors import UsageError
from cexpr.signals import ACTION_UNITS
from cexpr.smoothing import Smoothing

DEFAULT_RULES: Final = "default"
DEFAULT_DETECTOR: Final = "mtcnn"
DEFAULT_MIN_QUALITY: Final = 0.5
"""Chosen by measurement: faces of 28 pixels and less stay below it (docs/quality.md)."""

_FILE_SUFFIXES: Final = (".onnx", ".yaml", ".yml")
# Files that are mistaken for an options file: a key that only they have, what they are, and the
# argument that takes them.
_OTHER_FILES: Final = (
    ("compounds", "a rule file", "rules"),
    ("cexpr_model", "the manifest of a model", "models"),
)


def _number(value: Any) -> Any:
    """Refuse truth values and text, which pydantic would turn into a number."""
    if isinstance(value, bool | str):
        raise PydanticKnownError("float_type")
    return value


def _whole_number(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise PydanticKnownError("int_type")
    return value


def _turn(value: Any) -> Any:
    """Take a number that is written as text, as the command line gives it."""
    if isinstance(value, bool):
        return str(value)
    return int(value) if isinstance(value, str | Integral) and str(value).isdigit() else value


def _names(value: Any) -> Any:
    """Take a single name for a list of one."""
    return (value,) if isinstance(value, str) else value


Number = Annotated[float, BeforeValidator(_number)]
Weight = Annotated[Number, Field(allow_inf_nan=False)]
Weights = Annotated[tuple[Weight, ...], Field(min_length=1)]


def _read_smoothing(value: Any) -> Smoothing:
    """Check a `Smoothing`, or make one of its attributes by name, as an options file has them."""
    found = value if isinstance(value, Smoothing) else _make_smoothing(value)
    if found.kernel != "none" and found.radius == 0:
        raise ValueError("a kernel needs radius, at least 1")
    return found


def _make_smoothing(values: Any) -> Smoothing:
    if not isinstance(values, Mapping):
        raise ValueError(f"expected keys with values, got {shortened(repr(values))}")
    known = [field.name for field in fields(Smoothing)]
    for name in values:
        if name not in known:
            raise ValueError(unknown("option", str(name), known))
    if "kernel" not in values:
        raise ValueError("option 'kernel' is missing")
    try:
        return Smoothing(**values)
    except TypeError as error:
        # Pydantic reports only a ValueError as a fault of the value.
        raise ValueError(str(error)) from error


def _write_smoothing(smoothing: Smoothing) -> dict[str, Any]:
    """Return the attributes by name, without `filled` where the rule file's holds."""
    values = asdict(smoothing)
    if smoothing.filled is None:
        del values["filled"]
    return values


SmoothingOption = Annotated[
    Smoothing, PlainValidator(_read_smoothing), PlainSerializer(_write_smoothing)
]


class _OwnHelp(type(BaseModel)):  # type: ignore[misc]
    """Shows the options in `help` and `dir`, not what pydantic adds to each of its classes."""

    def __dir__(cls) -> list[str]:
        own = [name for name in vars(cls) if name[0] != "_" and not hasattr(BaseModel, name)]
        return ["__doc__", "__init__", "__module__", *own]


def _plain_type(annotation: Any) -> Any:
    """Return a type as a person writes it, without what checks its values."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _plain_type(parts[0])
    if origin in (dict, tuple):
        return origin[tuple(map(_plain_type, parts))]
    return annotation


class RunOptions(BaseModel, metaclass=_OwnHelp):
    """What a run does to each clip; paths and names as the user gave them.

    Attributes:
        rules: Rule file, or name of a shipped rule set.
        models: Names or files of models, blended; a single one may be given as text. Empty for the
            default model.
        blend: Weights >= 0 by head or signal, one for each model; by default they are equal.
        detector: `mtcnn`, `yunet` or `full-frame`.
        detector_model: Model file of `yunet`; by default the pulled one.
        formats: Formats of the tables, `csv` or `parquet`.
        abaw: Also write the ABAW submissions.
        events: Also write the table of events.
        stills: Where single images go, if there are several: `together` in the one table `images`,
            or `apart`, each in tables of its own. A single image has tables of its own.
        derived: Whether signals that a model does not learn but computes from the expressions are
            signals of the run; if not, they have no columns, and rules cannot read them.
        provider: Execution provider of the expression models.
        threads: Threads that run at the same time for one clip, >= 1, see `cexpr.Pipeline`; by
            default one decodes and one computes.
        folder_fps: Frames per second of folders of numbered images and of TIFFs with several pages.
        rotate: Degrees, 0, 90, 180 or 270, by which each picture is turned clockwise, after the
            turn that its file asks for; "auto" tries all four on a few frames of each clip and
            takes the one with most and best faces.
        smooth: `Smoothing` by group ("expression", "valence_arousal", "action_units" or
            "compounds"), instead of the rule file's.
        min_quality: Least quality, 0..1, that a face needs for a label (docs/quality.md); faces
            below it count as not seen, 0 keeps all.
        thresholds: Probability from which an action unit counts as present, by name, instead of
            the model's.

    Raises:
        UsageError: an option is unknown or its value is out of range; all are named.

    Example:
        >>> RunOptions(rules="hsemotion-mean", formats=["parquet"]).formats
        ('parquet',)
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: str = DEFAULT_RULES
    models: Annotated[tuple[str, ...], BeforeValidator(_names)] = ()
    blend: dict[str, Weights] = Field(default_factory=dict)
    detector: str = DEFAULT_DETECTOR
    detector_model: str | None = None
    formats: tuple[Literal["csv", "parquet"], ...] = Field(default=("csv",), min_length=1)
    abaw: StrictBool = False
    events: StrictBool = False
    stills: Literal["together", "apart"] = "together"
    derived: StrictBool = True
    provider: str = "cpu"
    threads: Annotated[int, BeforeValidator(_whole_number)] = Field(default=2, ge=1, le=1024)
    folder_fps: Number = Field(default=30.0, gt=0, le=1000, allow_inf_nan=False)
    rotate: Annotated[Literal["auto", 0, 90, 180, 270], BeforeValidator(_turn)] = 0
    smooth: dict[
        Literal["expression", "valence_arousal", "action_units", "compounds"], SmoothingOption
    ] = Field(default_factory=dict)
    min_quality: Annotated[Number, Field(ge=0, le=1)] = DEFAULT_MIN_QUALITY
    thresholds: dict[str, Annotated[Number, Field(ge=0, le=1)]] = Field(default_factory=dict)

    def __init__(self, **values: Any) -> None:
        """Check the options."""
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise UsageError(explain(error, type(self), "option")) from error

    @field_validator("thresholds")
    @classmethod
    def _action_units(cls, value: dict[str, float]) -> dict[str, float]:
        unknown = [name for name in value if name not in ACTION_UNITS]
        if unknown:
            raise ValueError(f"expected {', '.join(ACTION_UNITS)}; not {', '.join(unknown)}")
        return value

    def smoothings(self, of_rules: Mapping[str, Smoothing]) -> dict[str, Smoothing]:
        """Return `RuleSet.smooth` with the groups of `smooth` replaced."""
        own = {
            str(group): replace(one, filled=one.filled or of_rules[group].filled)
            for group, one in self.smooth.items()
        }
        return {**of_rules, **own}

    @field_validator("formats")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # The order of the formats changes nothing.
        return tuple(sorted(set(value)))

    @classmethod
    def checked(
        cls, values: Mapping[str, Any], shown_names: Mapping[str, str] | None = None
    ) -> RunOptions:
        """Build from plain values.

        Args:
            values: Attributes by name; those left out keep their defaults.
            shown_names: What the user calls an attribute, if that is another name.

        Returns:
            The options.

        Raises:
            UsageError: an option is unknown or its value is out of range; all are named.
        """
        try:
            return cls(**values)
        except UsageError as error:
            found = error.__cause__
            if not isinstance(found, ValidationError):
                raise
            raise UsageError(explain(found, cls, "option", shown_names)) from found


# Instead of pydantic's own, whose types are full of what checks the values.
RunOptions.__signature__ = inspect.Signature(
    [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=field.get_default(call_default_factory=True),
            annotation=_plain_type(field.annotation),
        )
        for name, field in RunOptions.model_fields.items()
    ]
)


def read_config(path: Path) -> dict[str, Any]:
    """Read an options file: YAML with attributes of `RunOptions`, as `cexpr tune` writes them.

    Files named in it are looked for in the current folder, then beside the options file.

    Args:
        path: The file.

    Returns:
        Attributes by name, checked.

    Raises:
        UsageError: the file cannot be read or an option in it is wrong; the message names it.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"{path}: cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise UsageError(f"{path}: expected options by name, for example 'detector: full-frame'")
    for key, kind, argument in _OTHER_FILES:
        if key in values:
            raise UsageError(f"{path}: is {kind}, not an options file", remedies=[argument])
    try:
        RunOptions.checked(values)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    for name in ("rules", "detector_model"):
        if values.get(name) is not None:
            values[name] = _found(values[name], path.parent)
    if "models" in values:
        values["models"] = [_found(name, path.parent) for name in _names(values["models"])]
    return values


def _found(name: str, folder: Path) -> str:
    """A file's name as it is, or in the folder where it is only there."""
    beside = folder / name
    is_name = Path(name).suffix not in _FILE_SUFFIXES
    return name if is_name or Path(name).is_file() or not beside.is_file() else str(beside)
