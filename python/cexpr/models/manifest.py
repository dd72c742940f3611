"""Model manifests: a YAML file beside an ONNX file that describes its input and outputs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from cexpr._support.text import counted, reason_of
from cexpr._support.types import Floats
from cexpr._support.validation import explain
from cexpr.errors import ModelError
from cexpr.signals import ACTION_UNITS, EXPRESSIONS

Slice = Annotated[list[int], Field(min_length=2, max_length=2)]
Activation = Literal["none", "softmax", "sigmoid", "tanh"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FaceCut(_Strict):
    """How a face is cut out of the image.

    Attributes:
        align: `arcface`: similarity transform of five landmarks to the ArcFace template.
        margin: Width added on each side of the template, as a share of it; negative is tighter.
        shift: Offset of the template in the output, (x, y), as a share of the output's size.
        box_margin: Instead of `align`: the detector's box with this share of its width and height
            added on each side, stretched to the square as HSEmotion does.
    """

    align: Literal["arcface"] | None = None
    margin: float = Field(0.0, gt=-0.5, le=2.0)
    shift: tuple[float, float] = (0.0, 0.0)
    box_margin: float | None = Field(None, gt=-0.5, le=2.0)

    @model_validator(mode="after")
    def _one_way(self) -> FaceCut:
        if (self.align is None) == (self.box_margin is None):
            raise ValueError("give either align or box_margin")
        return self


class InputSpec(_Strict):
    """What the model's input tensor holds: float32, shape (N, C, size, size).

    Attributes:
        size: Width and height in pixels.
        color: Order of the channels.
        mean, std: One for each channel, on values in 0..1.
        face: The cut.
        tensor: Name of the input; needed only where the graph has several.
    """

    size: int = Field(ge=8, le=1024)
    color: Literal["rgb", "bgr", "gray"]
    layout: Literal["nchw"] = "nchw"
    mean: tuple[float, ...]
    std: tuple[float, ...]
    face: FaceCut
    tensor: str | None = None

    @property
    def channels(self) -> int:
        """Number of channels that `color` means."""
        return 1 if self.color == "gray" else 3

    def zeros(self, faces: int) -> Floats:
        """Return a batch of zeros in this layout: float32, shape (faces, C, size, size)."""
        return np.zeros((faces, self.channels, self.size, self.size), np.float32)

    @model_validator(mode="after")
    def _one_for_each_channel(self) -> InputSpec:
        for name in ("mean", "std"):
            values = getattr(self, name)
            if len(values) != self.channels:
                expected = counted(self.channels, "number")
                raise ValueError(f"{name}: expected {expected}, got {len(values)}")
        if min(self.std) <= 0:
            raise ValueError("std: every number must be above 0")
        return self


class Head(_Strict):
    """An output of a model: a slice of an output tensor, or a formula on another head.

    Attributes:
        tensor: Name of the output.
        slice: First column and the one after the last. Default: the whole tensor.
        activation: Applied to the slice.
        derived: Instead of a tensor: the formula's name (see `cexpr.models.outputs`).
    """

    tensor: str | None = None
    slice: Slice | None = None
    activation: Activation = "none"

    @field_validator("slice")
    @classmethod
    def _ordered(cls, value: list[int] | None) -> list[int] | None:
        if value is not None and not 0 <= value[0] < value[1]:
            raise ValueError(f"expected [first, end] with 0 <= first < end, got {value}")
        return value


class ExpressionHead(Head):
    """Expression logits or probabilities; `labels` in the order of the columns."""

    tensor: str
    activation: Literal["softmax", "none"] = "softmax"
    labels: list[str] = Field(min_length=2)

    @field_validator("labels")
    @classmethod
    def _known(cls, value: list[str]) -> list[str]:
        unknown = [label for label in value if label not in EXPRESSIONS]
        if unknown:
            raise ValueError(f"unknown {', '.join(unknown)}; expected {', '.join(EXPRESSIONS)}")
        if len(set(value)) != len(value):
            raise ValueError("a label occurs twice")
        return value


class ValenceArousalHead(Head):
    """Two columns, valence first; or `derived: circumplex`."""

    derived: Literal["circumplex"] | None = None
    activation: Literal["none", "tanh"] = "none"

    @model_validator(mode="after")
    def _one_source(self) -> ValenceArousalHead:
        _require_one_source(self.tensor, self.derived)
        return self


class ActionUnitHead(Head):
    """One column for each of `labels`; or `derived: prototypes`.

    Attributes:
        labels: Names of the units in the order of the columns.
        thresholds: Probability from which a unit counts as present, by name. Default: 0.5.
    """

    derived: Literal["prototypes"] | None = None
    activation: Literal["sigmoid", "none"] = "sigmoid"
    labels: list[str] = Field(default_factory=lambda: list(ACTION_UNITS))
    thresholds: dict[str, float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_source(self) -> ActionUnitHead:
        for name in (*self.labels, *self.thresholds):
            if name not in ACTION_UNITS:
                raise ValueError(
                    f"unknown action unit '{name}'; expected {', '.join(ACTION_UNITS)}"
                )
        _require_one_source(self.tensor, self.derived)
        return self


class FeatureHead(_Strict):
    """The embedding that the other heads are computed from.

    Attributes:
        tensor: Name of the output.
        input_of: Instead of `tensor`, for graphs that do not give the embedding out: the output
            whose last operation reads it.
    """

    tensor: str | None = None
    input_of: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> FeatureHead:
        if (self.tensor is None) == (self.input_of is None):
            raise ValueError("give either tensor or input_of")
        return self


class Outputs(_Strict):
    """The heads of a model; those that it does not have are None."""

    expression: ExpressionHead | None = None
    valence_arousal: ValenceArousalHead | None = None
    action_units: ActionUnitHead | None = None
    features: FeatureHead | None = None

    @model_validator(mode="after")
    def _something(self) -> Outputs:
        if self.expression is None:
            for name in ("valence_arousal", "action_units"):
                head = getattr(self, name)
                if head is not None and head.derived:
                    raise ValueError(f"{name} is derived from expression, which is not there")
        if not any((self.expression, self.valence_arousal, self.action_units)):
            raise ValueError("expected expression, valence_arousal or action_units")
        return self

    def derived(self) -> dict[str, str]:
        """Name of the formula of each head that is computed instead of learnt."""
        heads = {"valence_arousal": self.valence_arousal, "action_units": self.action_units}
        return {name: head.derived for name, head in heads.items() if head and head.derived}


class Backbone(_Strict):
    """The model whose embedding and outputs a file of heads alone reads.

    Attributes:
        model: Its name, or the path of its manifest, relative to the manifest of the heads.
        sha256: Of its ONNX file; heads of another file's features would mean nothing.
    """

    model: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class ModelFile(_Strict):
    """The description of an ONNX file in its manifest; `path` is where the manifest was read from.

    Attributes:
        id: Name of the model.
        file: ONNX file, relative to the manifest.
        url: Where `cexpr models pull` gets the file.
        sha256, bytes: Of the ONNX file; checked before a session is made, where given.
    """

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    file: str | None = None
    url: str | None = None
    sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
    bytes: int | None = Field(None, gt=0)
    about: str = ""
    licence: str
    citation: str = ""
    intended_use: str = ""
    path: Path = Field(default=Path(), exclude=True)

    @model_validator(mode="after")
    def _somewhere(self) -> ModelFile:
        if self.file is None and self.url is None:
            raise ValueError("expected file or url")
        return self

    @property
    def file_name(self) -> str:
        """Name of the ONNX file."""
        return Path(self.file).name if self.file else f"{self.id}.onnx"

    def check_hash(self, path: Path) -> str:
        """Hash a file and compare with `sha256`, where that is known.

        Returns:
            SHA-256 of the file, 64 hexadecimal digits.

        Raises:
            ModelError: The file is another one.
        """
        found = sha256_of(path)
        if self.sha256 not in (None, found):
            raise ModelError(
                f"{path}: SHA-256 is {found}, but {self.path} says {self.sha256}; the file is "
                "damaged or another version"
            )
        return found


class Manifest(ModelFile):
    """Manifest of a model that gives signals.

    Attributes:
        cexpr_model: Version of the format.
        backbone: Where the file holds heads alone; `input` is then that of the backbone.
    """

    cexpr_model: Literal[1]
    backbone: Backbone | None = None
    input: InputSpec
    outputs: Outputs
    training: dict[str, Any] = Field(default_factory=dict)


class DetectorManifest(ModelFile):
    """Manifest of a face detector's network.

    Attributes:
        cexpr_detector: Version of the format.
        network: The detector of `cexpr.faces` that runs the file.
    """

    cexpr_detector: Literal[1]
    network: Literal["yunet"]


AnyFile = TypeVar("AnyFile", bound=ModelFile)


def _require_one_source(tensor: str | None, derived: str | None) -> None:
    if (tensor is None) == (derived is None):
        raise ValueError("give either tensor or derived")


def load(path: Path) -> Manifest:
    """Read and check a model's manifest.

    Raises:
        ModelError: As `load_any`; or the manifest is a detector's.
    """
    found = load_any(path)
    if isinstance(found, DetectorManifest):
        raise ModelError(
            f"{path}: '{found.id}' is a face detector, which gives no signals; "
            f"use it as the detector '{found.network}', not as a model"
        )
    return found


def load_any(path: Path) -> Manifest | DetectorManifest:
    """Read and check a manifest of either kind: `cexpr_detector` tells a detector's.

    Raises:
        ModelError: The file cannot be read or does not follow the format; the message names the
            file, the key and what was expected.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: the manifest cannot be read: {reason_of(error)}") from error
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ModelError(f"{path}: not a YAML file: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict):
        raise ModelError(f"{path}: expected a mapping that starts with 'cexpr_model: 1'")
    if "cexpr_detector" in data:
        return parse(data, DetectorManifest, path)
    return parse(data, Manifest, path)


def parse(data: Mapping[str, Any], kind: type[AnyFile], path: Path) -> AnyFile:
    """Check the content of a manifest.

    Args:
        data: Its keys and values.
        kind: `Manifest` or `DetectorManifest`.
        path: Where it stands, or will stand.

    Raises:
        ModelError: A key or value does not follow the format; the message names it.
    """
    try:
        return kind.model_validate({**data, "path": path.resolve()})
    except ValidationError as error:
        raise ModelError(f"{path}: {explain(error, kind, 'key')}") from error


def sha256_of(*paths: Path) -> str:
    """SHA-256 of a file, or of several one after the other, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
