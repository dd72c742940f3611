"""Manifests are read strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.grey_model import EXPRESSION, GOOD, tiny_manifest
from cexpr.errors import ModelError
from cexpr.models import manifest


def test_a_good_manifest_is_read(tmp_path: Path) -> None:
    model = manifest.load(tiny_manifest(tmp_path))
    assert model.id == "tiny"
    assert model.input.channels == 1
    assert model.input.face.margin == 0.1
    assert model.outputs.derived() == {}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"colour": "gray"}, "colour"),
        ({"licence": 3}, "licence"),
        ({"file": None}, "file or url"),
        ({"input": {**GOOD["input"], "mean": [0.5, 0.5, 0.5]}}, "mean: expected 1 number, got 3"),
        ({"input": {**GOOD["input"], "std": [0.0]}}, "above 0"),
        ({"input": {**GOOD["input"], "face": {}}}, "align or box_margin"),
        ({"outputs": {}}, "expression, valence_arousal or action_units"),
        ({"outputs": {"expression": {**EXPRESSION, "labels": ["fear", "joy"]}}}, "unknown joy"),
        ({"outputs": {"expression": {**EXPRESSION, "slice": [3, 0]}}}, "first < end"),
        ({"outputs": {"action_units": {"derived": "prototypes"}}}, "derived from expression"),
        (
            {"outputs": {"expression": EXPRESSION, "valence_arousal": {}}},
            "either tensor or derived",
        ),
    ],
)
def test_a_wrong_manifest_is_refused_by_name(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    path = tiny_manifest(tmp_path, **changes)
    with pytest.raises(ModelError, match=message) as caught:
        manifest.load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["", "- a", "a: [", "\ta: 1", "!!python/object:os.system {}"])
def test_what_is_not_a_manifest_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        manifest.load(path)
    assert "\n" not in str(caught.value)
