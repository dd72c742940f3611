"""The way from a clip to its result, with a model whose answers are known."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
import yaml
from onnx import numpy_helper

import cexpr
from builders.gif_files import write_gif
from builders.photos import astronaut
from builders.run_files import RULES
from builders.threads import needs_thread_times, working_threads
from builders.tiny_model import expected_signals, write_tiny_model
from builders.video_files import grey_steps, write_mjpeg_avi, write_video
from cexpr.clips.decode import open_clip
from cexpr.clips.sources import ClipSource, find_clips
from cexpr.errors import ClipError, ModelError, RuleError, UsageError
from cexpr.options import RunOptions
from cexpr.pipeline import Pipeline
from cexpr.runs.run import record_of
from cexpr.signals import EXPRESSIONS, SIGNALS
from cexpr.smoothing import Smoothing

# JPEG and grey conversion move a value of 0..255 by at most this.
GREY_STEP = 2 / 255


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "pair.yaml"
    path.write_text(RULES)
    return path


@pytest.fixture
def options(tmp_path: Path, rules: Path) -> dict[str, Any]:
    return {
        "rules": str(rules),
        "models": str(write_tiny_model(tmp_path)),
        "detector": "full-frame",
        "min_quality": 0,
    }


def test_signals_are_those_of_the_model_in_every_frame(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    # More frames than go through the model at once, and not a multiple of it.
    images = [np.full((36, 48, 3), 5 + 6 * i, np.uint8) for i in range(37)]
    result = cexpr.analyze(write_mjpeg_avi(tmp_path / "steps.avi", images), **options)
    assert result.faces.num_rows == result.frames.num_rows == 37
    assert result.frames.column("frame").to_pylist() == list(range(1, 38))
    assert result.frames.column("time").to_pylist() == pytest.approx(np.arange(37) / 25)
    assert result.faces.column_names[8 : 8 + len(SIGNALS)] == list(SIGNALS)
    for row, image in enumerate(images):
        low = expected_signals(float(image[0, 0, 0]) / 255 - GREY_STEP)
        high = expected_signals(float(image[0, 0, 0]) / 255 + GREY_STEP)
        for name in SIGNALS:
            bounds = sorted((low[name], high[name]))
            value = result.faces.column(name)[row].as_py()
            assert bounds[0] - 1e-5 <= value <= bounds[1] + 1e-5, (row, name)


def test_cuts_are_in_the_info(tmp_path: Path, options: dict[str, Any]) -> None:
    bright = astronaut()
    dim = np.ascontiguousarray(bright[:, ::-1]) // 2
    clip = write_video(tmp_path / "cut.avi", [bright] * 5 + [dim] * 5, codec="MJPG")
    options["detector"] = "mtcnn"
    assert cexpr.analyze(clip, **options).info["cuts"] == [6]


def test_the_last_frame_of_a_gif_has_its_own_delay(tmp_path: Path, options: dict[str, Any]) -> None:
    result = cexpr.analyze(write_gif(tmp_path / "slow_end.gif", [10, 10, 250]), **options)
    assert result.frames.column("time").to_pylist() == pytest.approx([0.0, 0.1, 0.2])
    assert result.info["seconds"] == pytest.approx(2.7)
    (event,) = result.events.to_pylist()
    assert event["offset_frame"] == 3
    assert (event["duration"], event["end_time"]) == pytest.approx((2.7, 2.7))


def test_frames_with_a_rate_last_exactly_as_long_as_it_says(
    tmp_path: Path, options: dict[str, str]
) -> None:
    images = grey_steps(6)
    assert cv2.imwritemulti(str(tmp_path / "pages.tiff"), images)
    (tmp_path / "numbered").mkdir()
    for number, image in enumerate(images, start=1):
        cv2.imwrite(str(tmp_path / "numbered" / f"{number}.png"), image)
    for result in (
        cexpr.analyze(tmp_path / "pages.tiff", **options),
        cexpr.analyze(tmp_path / "numbered", **options),
        cexpr.analyze(np.stack(images), **options, fps=30),
    ):
        assert result.info["seconds"] == 0.2
        assert result.events.column("end_time").to_pylist()[-1] == 0.2


def test_derived_signals_are_left_out_on_request(tmp_path: Path, rules: Path) -> None:
    clip = write_mjpeg_avi(tmp_path / "grey.avi", grey_steps(2))
    options: dict[str, Any] = {"rules": str(rules), "detector": "full-frame", "min_quality": 0}
    whole = cexpr.analyze(clip, **options)
    learnt = cexpr.analyze(clip, **options, derived=False)
    assert set(whole.derived) == set(SIGNALS) - set(EXPRESSIONS)
    assert learnt.derived == {}
    for part in ("frames", "faces"):
        columns = [name for name in getattr(whole, part).column_names if name not in whole.derived]
        assert getattr(learnt, part).equals(getattr(whole, part).select(columns))
    pipeline = Pipeline(RunOptions(**options, derived=False))
    assert (pipeline.names, pipeline.thresholds) == (EXPRESSIONS, {})


def test_rules_that_read_a_signal_that_is_left_out_are_refused(tmp_path: Path) -> None:
    (tmp_path / "pleased.yaml").write_text(
        "cexpr: 1\nname: pleased\ncompounds:\n  Pleased: max(valence, 0)\n"
    )
    options = RunOptions(rules=str(tmp_path / "pleased.yaml"), detector="full-frame", min_quality=0)
    Pipeline(options)
    for rules, needed in ((options.rules, "valence"), ("emfacs", "AU01, AU02, AU04, .*AU26")):
        leaving = options.model_copy(update={"derived": False, "rules": rules})
        expected = f"^{rules}: these rules need {needed}, which this run leaves out, because"
        with pytest.raises(RuleError, match=expected) as caught:
            Pipeline(leaving)
        assert "\n" not in str(caught.value)
        assert caught.value.remedies == ("derived",)


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
        min_quality=0,
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
        min_quality=0,
    )
    with pytest.raises(RuleError, match=r"AU12[\s\S]*need signals that the models do not provide"):
        Pipeline(options)
    with pytest.raises(RuleError) as caught:
        Pipeline(options.model_copy(update={"rules": "emfacs"}))
    (line,) = str(caught.value).splitlines()
    assert line.startswith("emfacs: these rules need action units that the models do not provide (")
    assert "AU01, AU02, AU04" in line
    assert line.endswith("choose other rules or add a model")


def test_one_pipeline_runs_many_clips_each_by_itself(
    tmp_path: Path, options: dict[str, Any]
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
    tmp_path: Path, options: dict[str, Any]
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


def test_analyze_takes_exactly_one_clip(tmp_path: Path, options: dict[str, Any]) -> None:
    for name in ("a.avi", "b.avi"):
        write_mjpeg_avi(tmp_path / name, grey_steps(1))
    with pytest.raises(UsageError, match="expected one clip, found 2"):
        cexpr.analyze(tmp_path, **options)


def test_analyze_names_a_wrong_option(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="threads: expected at least 1, got 0"):
        cexpr.analyze(tmp_path, **options, threads=0)
    # Those of files that `analyze` does not write.
    for name in ("colour", "formats", "abaw", "events"):
        with pytest.raises(TypeError, match=name):
            cexpr.analyze(tmp_path, **options, **{name: True})
    clip = write_mjpeg_avi(tmp_path / "a.avi", grey_steps(1))
    with pytest.raises(ModelError, match="'nonesuch' is unknown"):
        cexpr.analyze(clip, options["rules"], "nonesuch")


def test_analyze_spells_out_the_options_of_a_run_with_their_defaults() -> None:
    fields = RunOptions.model_fields
    written = {"formats", "abaw", "events", "stills"}
    given = inspect.signature(cexpr.analyze).parameters
    assert set(given) == {"source", "fps", *fields} - written
    for name in set(given) - {"source", "fps"}:
        default = fields[name].get_default(call_default_factory=True)
        assert (given[name].default or default) == default, name


@pytest.mark.parametrize("as_path", [str, Path])
def test_a_pipeline_takes_the_path_of_one_clip(
    tmp_path: Path, options: dict[str, Any], as_path: type
) -> None:
    clip = write_mjpeg_avi(tmp_path / "clip.avi", grey_steps(3))
    pipeline = Pipeline(RunOptions.checked({**options, "models": (options["models"],)}))
    result = pipeline.run(as_path(clip))
    assert result.stem == "clip"
    assert result.frames.equals(pipeline.run(find_clips(clip)[0]).frames)


def test_frames_of_a_program_give_what_their_file_gives(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    clip = write_mjpeg_avi(tmp_path / "clip.avi", grey_steps(10))
    (source,) = find_clips(clip)
    with open_clip(source) as opened:
        decoded = list(opened)
    expected = cexpr.analyze(clip, **options)
    by_pairs = cexpr.analyze(((frame.image, frame.time) for frame in decoded), **options)
    by_array = cexpr.analyze(np.stack([frame.image for frame in decoded]), fps=25, **options)
    for result in (by_pairs, by_array):
        assert result.frames.equals(expected.frames)
        assert result.faces.equals(expected.faces)
        assert result.events.equals(expected.events)
        assert result.stem == "frames"
        assert (result.info["frames"], result.info["fps"]) == (10, pytest.approx(25))
        assert result.info["width"] == expected.info["width"]
    assert [one.info["announced_frames"] for one in (by_pairs, by_array)] == [None, 10]


def test_frames_of_a_program_are_asked_for_in_its_own_thread(options: dict[str, Any]) -> None:
    threads = set()

    def camera() -> Iterator[tuple[np.ndarray, float]]:
        for index, image in enumerate(grey_steps(3)):
            threads.add(threading.get_ident())
            yield image, index / 25

    cexpr.analyze(camera(), **options)
    assert threads == {threading.get_ident()}


def test_frames_that_do_not_fit_are_named(tmp_path: Path, options: dict[str, Any]) -> None:
    images = np.stack(grey_steps(3))
    with pytest.raises(ValueError, match=r"fps: expected the frames per second .* fps=25"):
        cexpr.analyze(images, **options)
    with pytest.raises(ValueError, match="frame 2: time: expected at least 1"):
        cexpr.analyze([(images[0], 1), (images[1], 0)], **options)
    with pytest.raises(ValueError, match="fps: expected none, because a clip has its own times"):
        cexpr.analyze(write_mjpeg_avi(tmp_path / "a.avi", grey_steps(1)), fps=25, **options)


def test_a_pipeline_names_what_is_not_one_clip(tmp_path: Path, options: dict[str, Any]) -> None:
    for name in ("a.avi", "b.avi"):
        write_mjpeg_avi(tmp_path / name, grey_steps(1))
    pipeline = Pipeline(RunOptions.checked({**options, "models": (options["models"],)}))
    with pytest.raises(TypeError, match=r"source: expected the path of a clip .* got int"):
        pipeline.run(0)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="expected one clip, found 2"):
        pipeline.run(tmp_path)
    with pytest.raises(TypeError, match="on_progress: expected a function or None, got 3"):
        pipeline.run(tmp_path / "none.avi", on_progress=3)
    with pytest.raises(UsageError, match=r"none\.avi: no such file"):
        pipeline.run(tmp_path / "none.avi")


def test_a_model_that_fails_is_refused_before_a_clip_is_opened(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    manifest = Path(options["models"])
    content = yaml.safe_load(manifest.read_text())
    content["outputs"]["expression"]["activation"] = "none"
    manifest.write_text(yaml.safe_dump(content))
    network = onnx.load(str(tmp_path / "tiny.onnx"))
    (offsets,) = (one for one in network.graph.initializer if one.name == "offsets")
    offsets.CopyFrom(numpy_helper.from_array(np.full(22, 7, np.float32), "offsets"))
    onnx.save(network, str(tmp_path / "tiny.onnx"))
    with pytest.raises(ModelError, match="output 'output': expected probabilities"):
        Pipeline(RunOptions.checked({**options, "models": (options["models"],)}))


@needs_thread_times
@pytest.mark.parametrize("threads", [1, 2])
def test_no_more_threads_than_asked_for_do_any_work(tmp_path: Path, threads: int) -> None:
    clip = write_video(tmp_path / "face.mp4", [astronaut()] * 30)
    prepare = (
        "from cexpr.options import RunOptions; from cexpr.pipeline import Pipeline\n"
        "pipeline = Pipeline(RunOptions(threads=int(sys.argv[1])))\n"
    )
    assert working_threads(prepare, "pipeline.run(sys.argv[2], note)", threads, clip) <= threads


def test_info_counts_what_was_decoded(tmp_path: Path, options: dict[str, Any]) -> None:
    clip = write_mjpeg_avi(tmp_path / "grey.avi", grey_steps(4, width=64, height=48))
    info = cexpr.analyze(clip, **options).info
    assert (info["frames"], info["announced_frames"]) == (4, 4)
    assert (info["width"], info["height"], info["faces"], info["face_rows"]) == (64, 48, 1, 4)
    assert info["timings"]["inference"] <= info["timings"]["total"]


def test_a_rule_set_at_hand_does_what_its_file_does(
    tmp_path: Path, options: dict[str, Any]
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
    tmp_path: Path, options: dict[str, Any]
) -> None:
    found = ClipSource(tmp_path / "clip.avi", "video", "clip")
    for camera in (None, 0, b"clip.avi", found):
        with pytest.raises(TypeError, match=r"expected the path of a clip .* cexpr\.Stream takes"):
            cexpr.analyze(camera)  # type: ignore[arg-type]
    for change, message in (
        ({"models": None}, "models: expected a list, got None"),
        ({"blend": "expression=1"}, "blend: expected names with values, got 'expression=1'"),
        ({"blend": {"expression": 1}}, r"blend\.expression: expected a list, got 1"),
        ({"blend": {"expression": [np.nan]}}, r"blend\.expression: expected a finite number"),
        ({"smooth": "box"}, "smooth: expected names with values, got 'box'"),
        ({"smooth": Smoothing()}, "smooth: expected names with values, got Smoothing"),
        ({"thresholds": [0.5] * 12}, "thresholds: expected names with values, got a list"),
    ):
        with pytest.raises(UsageError, match=message):
            cexpr.analyze("clip.avi", **change)
    with pytest.raises(TypeError, match=r"a cexpr\.RuleSet, got dict"):
        cexpr.analyze("clip.avi", rules={"cexpr": 1})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"rules: expected cexpr's RuleSet, got str"):
        Pipeline(RunOptions(), "default")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"options: expected cexpr's RunOptions, got dict"):
        Pipeline(options)  # type: ignore[arg-type]
