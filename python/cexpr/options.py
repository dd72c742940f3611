"""Options of a run, checked in one place for the command line and for Python."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from cexpr.errors import UsageError

DEFAULT_RULES: Final = "default"
DEFAULT_DETECTOR: Final = "mtcnn"

Weights = Annotated[tuple[float, ...], Field(min_length=1)]


class RunOptions(BaseModel):
    """What a run does to each clip; paths and names as the user gave them.

    Attributes:
        rules: Rule file, or name of a shipped rule set.
        models: Names or files of models, blended; empty for the default model.
        blend: Weights by head or signal, one for each model; equal weights without.
        detector: `mtcnn`, `yunet` or `full-frame`.
        detector_model: Model file of `yunet`.
        formats: Formats of the tables.
        abaw: Also write the ABAW submissions.
        events: Also write the table of events.
        provider: Execution provider of the expression models.
        threads: Threads of each network, >= 1.
        folder_fps: Frames per second of folders of numbered images.
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

    @field_validator("formats")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # The order of the formats changes nothing.
        return tuple(sorted(set(value)))

    @classmethod
    def checked(cls, values: Mapping[str, Any]) -> RunOptions:
        """Build from plain values.

        Args:
            values: Attributes by name; those left out keep their defaults.

        Raises:
            UsageError: an option is unknown or its value is out of range; all are named.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, one['loc']))}: {one['msg']}, got {one['input']!r}"
                for one in error.errors()
            )
            raise UsageError(problems) from error


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
