"""Options of a run, checked in one place for the command line and for Python."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from cexpr._support.validation import explain
from cexpr.errors import UsageError
from cexpr.signals import ACTION_UNITS

DEFAULT_RULES: Final = "default"
DEFAULT_DETECTOR: Final = "mtcnn"

_FILE_SUFFIXES: Final = (".onnx", ".yaml", ".yml")
# Files that are taken for an options file, by a key that only they have.
_OTHER_FILES: Final = {
    "compounds": ("a rule file", "--rules"),
    "cexpr_model": ("the manifest of a model", "--model"),
}

Weights = Annotated[tuple[float, ...], Field(min_length=1)]


class Smoothing(BaseModel):
    """A smoothing that stands in for the rule file's; lengths in frames.

    Attributes:
        kernel: `none`, `box` or `gaussian`.
        radius: Frames (or rows) on each side.
        sigma: Standard deviation in frames, of the Gaussian.
        window: What the radius counts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kernel: Literal["none", "box", "gaussian"]
    radius: int = Field(default=0, ge=0)
    sigma: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    window: Literal["frames", "rows"] = "frames"

    @model_validator(mode="after")
    def _complete(self) -> Smoothing:
        if self.kernel != "none" and self.radius == 0:
            raise ValueError("a kernel needs radius, at least 1")
        if (self.kernel == "gaussian") != (self.sigma is not None):
            raise ValueError("sigma belongs to the gaussian kernel, which needs it")
        return self


class RunOptions(BaseModel):
    """What a run does to each clip; paths and names as the user gave them.

    Attributes:
        rules: Rule file, or name of a shipped rule set.
        models: Names or files of models, blended; empty for the default model.
        blend: Weights by head or signal, one for each model; equal weights without.
        detector: `mtcnn`, `yunet` or `full-frame`.
        detector_model: Model file of `yunet`; else the pulled one.
        formats: Formats of the tables.
        abaw: Also write the ABAW submissions.
        events: Also write the table of events.
        provider: Execution provider of the expression models.
        threads: Threads that run at the same time for one clip, >= 1; see `cexpr.Pipeline`.
        folder_fps: Frames per second of folders of numbered images.
        smooth: Smoothings by group of signals, instead of the rule file's.
        thresholds: Probability from which an action unit counts as present, by name, instead of
            the models'.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: str = DEFAULT_RULES
    models: tuple[str, ...] = ()
    blend: dict[str, Weights] = Field(default_factory=dict)
    detector: str = DEFAULT_DETECTOR
    detector_model: str | None = None
    formats: tuple[Literal["csv", "parquet"], ...] = Field(default=("csv",), min_length=1)
    abaw: bool = False
    events: bool = False
    provider: str = "cpu"
    threads: int = Field(default=1, ge=1, le=1024)
    folder_fps: float = Field(default=30.0, gt=0, le=1000, allow_inf_nan=False)

    smooth: dict[
        Literal["expression", "valence_arousal", "action_units", "compounds"], Smoothing
    ] = Field(default_factory=dict)
    thresholds: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict)

    @field_validator("thresholds")
    @classmethod
    def _action_units(cls, value: dict[str, float]) -> dict[str, float]:
        unknown = [name for name in value if name not in ACTION_UNITS]
        if unknown:
            raise ValueError(f"expected {', '.join(ACTION_UNITS)}; not {', '.join(unknown)}")
        return value

    def smoothings(self, of_rules: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
        """Return `RuleSet.smooth` with the groups of `smooth` replaced."""
        own: dict[str, Mapping[str, Any]] = {
            str(group): {
                **of_rules[group],
                "kernel": one.kernel,
                "radius": (float(one.radius), "frames"),
                "sigma": (one.sigma or 0.0, "frames"),
                "window": one.window,
            }
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
            shown_names: What the user calls an attribute, where it is another name.

        Raises:
            UsageError: an option is unknown or its value is out of range; all are named.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise UsageError(explain(error, cls, "option", shown_names)) from error


def read_config(path: Path) -> dict[str, Any]:
    """Read an options file: YAML with attributes of `RunOptions`, as `cexpr tune` writes them.

    Files named in it are looked for from the current folder, then beside the options file.

    Raises:
        UsageError: the file cannot be read or an option in it is wrong; the message names it.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"{path}: cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise UsageError(f"{path}: expected options by name, for example 'detector: full-frame'")
    for key, (kind, option) in _OTHER_FILES.items():
        if key in values:
            raise UsageError(f"{path}: is {kind}, not an options file; give it with {option}")
    try:
        RunOptions.checked(values)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    for name in ("rules", "detector_model"):
        if values.get(name) is not None:
            values[name] = _found(values[name], path.parent)
    if "models" in values:
        values["models"] = [_found(name, path.parent) for name in values["models"]]
    return values


def _found(name: str, folder: Path) -> str:
    """A file's name as it is, or in the folder where it is only there."""
    beside = folder / name
    is_name = Path(name).suffix not in _FILE_SUFFIXES
    return name if is_name or Path(name).is_file() or not beside.is_file() else str(beside)


def parse_blend(texts: Sequence[str]) -> dict[str, tuple[float, ...]]:
    """Read blending weights as the command line gives them.

    Args:
        texts: One `NAME=W,W,...` for each head or signal, for example `expression=0.8,0.2`.

    Returns:
        Weights by name.

    Raises:
        UsageError: a text is not of that form.
    """
    blend: dict[str, tuple[float, ...]] = {}
    for text in texts:
        name, equals, numbers = text.partition("=")
        try:
            weights = tuple(float(number) for number in numbers.split(","))
        except ValueError:
            weights = ()
        usable = weights and all(math.isfinite(weight) for weight in weights)
        if not (name and equals and usable) or name in blend:
            raise UsageError(
                f"--blend {text}: expected NAME=W,W with one weight for each model, "
                "each NAME once, for example expression=0.8,0.2"
            )
        blend[name] = weights
    return blend
