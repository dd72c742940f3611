"""The way from a clip to its result, with a model whose answers are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import cexpr
from builders.tiny_model import expected_signals, write_tiny_model
from builders.video_files import grey_steps, write_mjpeg_avi
from cexpr.clips.sources import find_clips
from cexpr.errors import ClipError, ModelError, RuleError, UsageError
from cexpr.faces.batches import FaceSignals, cut_face
from cexpr.faces.track import Tracks
from cexpr.models.manifest import load
from cexpr.models.session import Model
from cexpr.options import RunOptions
from cexpr.pipeline import Pipeline
from cexpr.runs.run import record_of
from cexpr.signals import SIGNALS

RULES = """
cexpr: 1
name: pair
compounds:
  Happily_Surprised: mean(happiness, surprise)
  Sadly_Angry: mean(sadness, anger)
"""
# JPEG and grey conversion move a value of 0..255 by at most this.
GREY_STEP = 2 / 255


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


def test_signals_are_those_of_the_model_in_every_frame(
    tmp_path: Path, options: dict[str, str]
) -> None:
    # More frames than go through the model at once, and not a multiple of it.
    images = [np.full((36, 48, 3), 5 + 6 * i, np.uint8) for i in range(37)]
    result = cexpr.analyze(write_mjpeg_avi(tmp_path / "steps.avi", images), **options)
    assert result.faces.num_rows == result.frames.num_rows == 37
    assert result.frames.column("frame").to_pylist() == list(range(1, 38))
    assert result.frames.column("time").to_pylist() == pytest.approx(np.arange(37) / 25)
    assert result.faces.column_names[8:] == list(SIGNALS)
    for row, image in enumerate(images):
        low = expected_signals(float(image[0, 0, 0]) / 255 - GREY_STEP)
        high = expected_signals(float(image[0, 0, 0]) / 255 + GREY_STEP)
        for name in SIGNALS:
            bounds = sorted((low[name], high[name]))
            value = result.faces.column(name)[row].as_py()
            assert bounds[0] - 1e-5 <= value <= bounds[1] + 1e-5, (row, name)


@pytest.mark.parametrize("batch", [1, 2, 3, 7])
def test_rows_do_not_depend_on_the_batch(tmp_path: Path, batch: int) -> None:
    rng = np.random.default_rng(3)
    model = Model(load(write_tiny_model(tmp_path)), tmp_path / "tiny.onnx")
    frames = []
    for number in range(1, 6):
        count = int(rng.integers(0, 5))
        tracks = Tracks(
            np.arange(1, count + 1, dtype=np.int64),
            (rng.random((count, 4)) * 20 + 5).astype(np.float32),
            rng.random(count).astype(np.float32),
            np.full((count, 5, 2), np.nan, np.float32),
        )
        frames.append((number, rng.integers(0, 256, (40, 50, 3), dtype=np.uint8), tracks))
    whole, parts = FaceSignals([model], {}, batch=64), FaceSignals([model], {}, batch=batch)
    for faces in (whole, parts):
        for number, image, tracks in frames:
            faces.add(number, number / 25, image, tracks)
    expected, got = whole.take(), parts.take()
    assert len(got) == sum(len(tracks) for _, _, tracks in frames)
    np.testing.assert_array_equal(got.face, expected.face)
    # One Gemm may round otherwise than another.
    np.testing.assert_allclose(got.signals, expected.signals, atol=1e-6)
    assert len(parts.take()) == 0


@pytest.mark.parametrize("angle", [0.0, 0.4, 2.0])
@pytest.mark.parametrize("shrink", [1.0, 2.5, 5.3, 11.0])
@pytest.mark.parametrize("center", [(320, 240), (20, 30), (620, 470)])
def test_a_face_is_cut_as_by_area_sampling(
    tmp_path: Path, angle: float, shrink: float, center: tuple[int, int]
) -> None:
    y, x = np.mgrid[:480, :640]
    waves = [np.sin(x / 41) + np.cos(y / 53), np.cos((x + y) / 61), np.sin(y / 47)]
    image = np.stack([127 + 60 * wave for wave in waves], axis=2).astype(np.uint8)
    spec = load(write_tiny_model(tmp_path)).input.model_copy(update={"size": 48})
    cosine, sine = np.cos(angle) / shrink, np.sin(angle) / shrink
    rotation = np.array([[cosine, -sine], [sine, cosine]])
    shift = np.array([23.5, 23.5]) - rotation @ np.array(center)
    matrix = np.concatenate([rotation, shift[:, np.newaxis]], axis=1).astype(np.float32)
    got = np.empty((1, 1, 48, 48), np.float32)
    cut_face(image, matrix, spec, got)
    sampling = "area" if shrink > 2 else "bilinear"
    plain = cexpr.preprocess(image, matrix[np.newaxis], 48, 0.0, 1.0, "gray", sampling)
    # At the edge of the image, black mixes in differently.
    ones = np.full_like(image, 255)
    whole = cexpr.preprocess(ones, matrix[np.newaxis], 48, 0.0, 1.0, "gray", "area") > 0.999
    edge = ~whole[0, 0]
    near = np.zeros_like(edge)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            near |= np.roll(edge, (dy, dx), (0, 1))
    # A pixel of difference in place would show as 0.02 and more.
    np.testing.assert_allclose(got[0, 0][~near], plain[0, 0][~near], atol=0.008)


def test_landmarks_that_no_transform_fits_fall_back_to_the_box(tmp_path: Path) -> None:
    manifest = write_tiny_model(tmp_path)
    text = manifest.read_text().replace("box_margin: 0.0", "align: arcface")
    manifest.write_text(text)
    model = Model(load(manifest), tmp_path / "tiny.onnx")
    points = np.array([[8, 8], [16, 8], [12, 12], [9, 16], [15, 16]], np.float32)
    tracks = Tracks(
        np.array([1, 2], np.int64),
        np.array([[4, 4, 16, 16], [4, 4, 16, 16]], np.float32),
        np.ones(2, np.float32),
        np.stack([points, np.zeros_like(points)]),
    )
    faces = FaceSignals([model], {})
    faces.add(1, 0.0, np.full((24, 24, 3), 100, np.uint8), tracks)
    rows = faces.take()
    assert np.isfinite(rows.signals).all()


def test_models_are_blended_by_head(tmp_path: Path, rules: Path) -> None:
    clip = write_mjpeg_avi(tmp_path / "grey.avi", grey_steps(2))
    models = [
        str(write_tiny_model(tmp_path, "plus")),
        str(write_tiny_model(tmp_path, "minus", heads=("expression",), sign=-1.0)),
    ]
    result = cexpr.analyze(
        clip,
        str(rules),
        models,
        detector="full-frame",
        blend={"expression": [1, 3]},
    )
    grey = 10 / 255
    plus, minus = expected_signals(grey), expected_signals(grey, -1.0)
    happiness = (plus["happiness"] + 3 * minus["happiness"]) / 4
    assert result.faces.column("happiness")[0].as_py() == pytest.approx(happiness, abs=0.01)
    assert result.faces.column("valence")[0].as_py() == pytest.approx(plus["valence"], abs=0.02)


def test_rules_that_need_an_absent_signal_are_refused_before_a_clip_is_opened(
    tmp_path: Path, rules: Path
) -> None:
    rules.write_text(RULES.replace("mean(sadness, anger)", "AU12 * sadness"))
    options = RunOptions(
        rules=str(rules),
        models=(str(write_tiny_model(tmp_path, heads=("expression",))),),
        detector="full-frame",
    )
    with pytest.raises(RuleError, match=r"AU12[\s\S]*need signals that the models do not provide"):
        Pipeline(options)


def test_one_pipeline_runs_many_clips_each_by_itself(
    tmp_path: Path, options: dict[str, str]
) -> None:
    write_mjpeg_avi(tmp_path / "a.avi", grey_steps(3))
    (tmp_path / "b.avi").write_bytes(b"no video")
    write_mjpeg_avi(tmp_path / "c.avi", grey_steps(5))
    models = (options["models"],)
    pipeline = Pipeline(RunOptions.checked({**options, "models": models}))
    sources = find_clips([tmp_path / name for name in ("a.avi", "b.avi", "c.avi")])
    assert pipeline.run(sources[0]).frames.num_rows == 3
    with pytest.raises(ClipError, match=r"b\.avi"):
        pipeline.run(sources[1])
    last = pipeline.run(sources[2])
    assert last.frames.num_rows == last.faces.num_rows == 5
    alone = Pipeline(pipeline.options).run(sources[2])
    assert last.faces.equals(alone.faces)


def test_a_clip_that_fails_midway_leaves_nothing_to_the_next(
    tmp_path: Path, options: dict[str, str]
) -> None:
    write_mjpeg_avi(tmp_path / "a.avi", grey_steps(5))
    (source,) = find_clips([tmp_path / "a.avi"])
    pipeline = Pipeline(RunOptions.checked({**options, "models": (options["models"],)}))
    expected = pipeline.run(source)

    def stop(done: int, announced: int | None) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.run(source, stop)
    assert pipeline.run(source).faces.equals(expected.faces)


def test_analyze_takes_exactly_one_clip(tmp_path: Path, options: dict[str, str]) -> None:
    for name in ("a.avi", "b.avi"):
        write_mjpeg_avi(tmp_path / name, grey_steps(1))
    with pytest.raises(UsageError, match="expected one clip, found 2"):
        cexpr.analyze(tmp_path, **options)


def test_analyze_names_a_wrong_option(tmp_path: Path, options: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="colour"):
        cexpr.analyze(tmp_path, **options, colour="red")
    clip = write_mjpeg_avi(tmp_path / "a.avi", grey_steps(1))
    with pytest.raises(ModelError, match="'nonesuch' is unknown"):
        cexpr.analyze(clip, options["rules"], "nonesuch")


def test_info_counts_what_was_decoded(tmp_path: Path, options: dict[str, str]) -> None:
    clip = write_mjpeg_avi(tmp_path / "grey.avi", grey_steps(4, width=64, height=48))
    info = cexpr.analyze(clip, **options).info
    assert (info["frames"], info["announced_frames"]) == (4, 4)
    assert (info["width"], info["height"], info["faces"], info["face_rows"]) == (64, 48, 1, 4)
    assert info["timings"]["inference"] <= info["timings"]["total"]


def test_a_rule_set_at_hand_does_what_its_file_does(
    tmp_path: Path, options: dict[str, str]
) -> None:
    clip = write_mjpeg_avi(tmp_path / "clip.avi", grey_steps(3))
    rules = cexpr.RuleSet.load(options["rules"])
    by_file = cexpr.analyze(clip, **options)
    at_hand = cexpr.analyze(clip, **{**options, "rules": rules})
    assert at_hand.frames.equals(by_file.frames)
    built = cexpr.RuleSet.from_string(RULES)
    pipeline = Pipeline(RunOptions.checked({**options, "models": (options["models"],)}), built)
    record = record_of(pipeline)
    assert record.rules["sha256"] == rules.sha256
    assert (record.rules["file"], record.options["rules"]) == ("<string>", "<string>")


def test_what_is_no_path_and_no_rules_is_a_type_error(
    tmp_path: Path, options: dict[str, str]
) -> None:
    for stream in (np.zeros((4, 4), np.uint8), 0, b"clip.avi"):
        with pytest.raises(
            TypeError, match=r"expected the path of a clip .* cexpr\.Analyzer takes"
        ):
            cexpr.analyze(stream)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"a cexpr\.RuleSet, got dict"):
        cexpr.analyze("clip.avi", rules={"cexpr": 1})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"rules: expected cexpr's RuleSet, got str"):
        Pipeline(RunOptions(), "default")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"options: expected cexpr's RunOptions, got dict"):
        Pipeline(options)  # type: ignore[arg-type]
