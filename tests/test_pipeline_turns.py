"""Pictures that are turned, and clips that are doubted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import cexpr
from builders.photos import astronaut
from builders.run_files import RULES
from builders.tiny_model import write_tiny_model
from builders.video_files import write_mjpeg_avi
from cexpr.errors import UsageError


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "pair.yaml"
    path.write_text(RULES)
    return path


@pytest.fixture
def options(tmp_path: Path, rules: Path) -> dict[str, str]:
    return {
        "rules": str(rules),
        "models": str(write_tiny_model(tmp_path)),
        "detector": "full-frame",
    }


def test_pictures_are_turned_as_asked_or_as_their_faces_stand(
    tmp_path: Path, options: dict[str, str]
) -> None:
    options["detector"] = "mtcnn"
    lying = np.ascontiguousarray(np.rot90(astronaut()[:, :480]))
    clip = write_mjpeg_avi(tmp_path / "lying.avi", [lying] * 2)
    as_it_is, by_hand, by_face = (
        cexpr.analyze(clip, **options, rotate=rotate) for rotate in (0, 90, "auto")
    )
    assert as_it_is.info["warnings"] == ["no face in any of 2 frames; is the picture upright?"]
    assert (as_it_is.info["rotate"], as_it_is.info["width"]) == (0, 512)
    assert by_face.faces.equals(by_hand.faces)
    for result in (by_hand, by_face):
        info = result.info
        assert (info["rotate"], info["width"], info["height"]) == (90, 480, 512)
        assert result.faces["x"].to_pylist() == pytest.approx([177, 177], abs=15)
    assert by_hand.info["warnings"] == []
    assert by_face.info["warnings"] == [
        "turned by 90 degrees clockwise, to where faces are upright"
    ]


def test_a_clip_with_few_faces_is_doubted(tmp_path: Path, options: dict[str, str]) -> None:
    photo = astronaut()
    blank = np.full_like(photo, 127)
    clip = write_mjpeg_avi(tmp_path / "rare.avi", [photo] + [blank] * 9)
    searching = {**options, "detector": "mtcnn"}
    (doubt,) = cexpr.analyze(clip, **searching).info["warnings"]
    assert doubt == "a face in only 1 of 10 frames; is the picture upright?"
    (doubt,) = cexpr.analyze(clip, **searching, rotate="auto").info["warnings"]
    assert doubt == "a face in only 1 of 10 frames"
    assert cexpr.analyze(clip, **options).info["warnings"] == []
    with pytest.raises(UsageError, match="rotate: 'auto' needs a detector that searches"):
        cexpr.analyze(clip, **options, rotate="auto")
