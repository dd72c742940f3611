from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from builders.labelled_runs import run_folder
from builders.tiny_networks import write_manifest, write_network
from cexpr import metrics
from cexpr.abaw import files as abaw
from cexpr.abaw.files import EXPRESSIONS, MultiTask
from cexpr.cli import app
from cexpr.errors import UsageError
from cexpr.evaluation import sums as tune_scores
from cexpr.runs.record import RunRecord
from cexpr.runs.submissions import CE_CLASSES, MTL_HEADER
from cexpr.signals import SIGNALS
from cexpr.smoothing import smooth
from cexpr.tables.result import EVENT_SCHEMA, ClipResult, FaceRows, faces_table, frames_table
from cexpr.tuning import search as tune
from cexpr.tuning.plot import svg
from cexpr.tuning.search import Smoothing
from cexpr.tuning.sources import RunSource, Track, open_sources, read_tracks

FRAMES, VIDEOS = 60, 6


def made_up(seed: int, noise: float = 0.0, models: int = 1) -> tuple[MultiTask, list[Track]]:
    """Videos whose labels change slowly and whose signals are the labels with noise."""
    random = np.random.default_rng(seed)
    keys, affect, classes, units, tracks = [], [], [], [], []
    frame = np.arange(1, FRAMES + 1)
    for video in range(VIDEOS):
        label = np.repeat(random.integers(0, 8, FRAMES // 15), 15)
        present = np.repeat(random.integers(0, 2, (FRAMES // 15, 12)), 15, axis=0)
        value = np.sin(frame[:, None] / random.uniform(8, 20, 2) + random.uniform(0, 6, 2)) * 0.7
        signals = []
        for _ in range(models):
            expression = np.eye(8)[label] + random.normal(0, noise, (FRAMES, 8))
            signals.append(
                {
                    "expression": expression.astype(np.float32),
                    "valence_arousal": (value + random.normal(0, noise, value.shape)).astype(
                        np.float32
                    ),
                    "action_units": (
                        0.25 + present * 0.4 + random.normal(0, noise / 2, present.shape)
                    ).astype(np.float32),
                }
            )
        rows = np.arange(video * FRAMES, (video + 1) * FRAMES)
        keys += [(f"v{video}", int(number)) for number in frame]
        affect.append(value)
        classes.append(label)
        units.append(present)
        tracks.append(Track(frame, signals, rows, np.arange(FRAMES)))
    labels = MultiTask(
        tuple(keys), np.concatenate(affect), np.concatenate(classes), np.concatenate(units)
    )
    return labels, tracks


def by_head(found: list[tune.Found]) -> dict[str, tune.Found]:
    return {one.head: one for one in found}


def test_noise_is_smoothed_away_and_the_honest_figure_shows_it() -> None:
    labels, tracks = made_up(0, noise=0.8)
    found = by_head(tune.tune(labels, tracks, smoothings=tune.grid(), folds=3))
    for one in found.values():
        assert one.smoothing.kernel is not None
        assert one.before + 0.05 < one.honest <= one.tuned + 1e-12


def test_clean_signals_are_left_alone() -> None:
    labels, tracks = made_up(1)
    found = by_head(tune.tune(labels, tracks, smoothings=tune.grid(), folds=3))
    assert found["valence_arousal"].smoothing == Smoothing()
    assert found["valence_arousal"].tuned == pytest.approx(1)
    assert found["expression"].smoothing == Smoothing()


def test_figures_are_those_of_the_measures_on_smoothed_and_blended_signals() -> None:
    labels, tracks = made_up(2, noise=0.6, models=2)
    found = by_head(tune.tune(labels, tracks, smoothings=tune.grid(radii=[3]), folds=3))

    def signals(one: tune.Found) -> np.ndarray:
        chosen = one.smoothing
        parts = []
        for track in tracks:
            mixed = sum(
                np.float32(weight) * part[one.head]
                for weight, part in zip(one.weights, track.signals, strict=True)
            )
            parts.append(
                mixed
                if chosen.kernel is None
                else smooth(mixed, track.frame, chosen.kernel, chosen.radius, chosen.sigma)
            )
        return np.concatenate(parts)

    expression = found["expression"]
    f1 = metrics.expression_f1(labels.expression, signals(expression).argmax(axis=1))
    assert expression.tuned == pytest.approx(f1, abs=1e-6)
    affect = found["valence_arousal"]
    values = signals(affect)
    ccc = [metrics.concordance_cc(labels.valence_arousal[:, c], values[:, c]) for c in (0, 1)]
    assert affect.tuned == pytest.approx(np.mean(ccc), abs=1e-6)
    units = found["action_units"]
    limits = np.float32(list(units.thresholds.values()))
    on = (signals(units) >= limits).astype(np.int64)
    assert units.tuned == pytest.approx(metrics.action_unit_f1(labels.action_units, on), abs=1e-6)


def test_missing_markers_are_left_out() -> None:
    labels, tracks = made_up(3, noise=0.5)
    some = np.random.default_rng(0).random(len(labels.keys)) < 0.4
    marked = MultiTask(
        labels.keys,
        np.where(some[:, None], -5, labels.valence_arousal),
        np.where(some, -1, labels.expression),
        np.where(some[:, None], -1, labels.action_units),
    )
    found = by_head(tune.tune(marked, tracks, smoothings=[Smoothing()], folds=3))
    raw = np.concatenate([track.signals[0]["expression"] for track in tracks]).argmax(axis=1)
    assert found["expression"].before == pytest.approx(
        metrics.expression_f1(marked.expression, raw)
    )
    assert found["expression"].before != pytest.approx(
        metrics.expression_f1(labels.expression, raw)
    )


def test_the_better_model_gets_the_weight() -> None:
    labels, good = made_up(4, noise=0.2)
    _, bad = made_up(5, noise=3.0)
    tracks = [
        Track(one.frame, [one.signals[0], other.signals[0]], one.labelled, one.place)
        for one, other in zip(good, bad, strict=True)
    ]
    found = by_head(tune.tune(labels, tracks, smoothings=[Smoothing()], folds=3))
    for one in found.values():
        assert one.weights[0] >= 0.8


def test_the_honest_figure_of_noise_is_below_the_tuned_one() -> None:
    labels, _ = made_up(6)
    _, tracks = made_up(7, noise=5.0)
    found = by_head(tune.tune(labels, tracks, smoothings=tune.grid(), folds=3))
    # Two numbers a frame leave valence and arousal more to luck.
    for head in ("expression", "action_units"):
        assert found[head].honest < found[head].tuned - 0.01


def test_thresholds_count_as_a_run_does() -> None:
    values = np.float32([[0.1, 0.5, 0.9, 0.05] * 3, [0.3, 0.7, np.nan, 0.95] * 3])
    truth = np.int64([[1, 0, 1, 0] * 3, [1, 1, 1, 0] * 3])
    labels = MultiTask((("v", 1), ("v", 2)), np.zeros((2, 2)), np.zeros(2, np.int64), truth)
    sums = tune_scores.head_sums("action_units", labels, values, np.zeros(2, np.int64), 1)[0]
    for step, threshold in enumerate(tune_scores.THRESHOLDS):
        on = values >= np.float32(threshold)
        np.testing.assert_array_equal(sums[step, :, 0], (on & (truth == 1)).sum(axis=0))
        np.testing.assert_array_equal(sums[step, :, 1], on.sum(axis=0))
        np.testing.assert_array_equal(sums[step, :, 2], truth.sum(axis=0))


def test_weights_add_up_and_start_equal() -> None:
    assert tune.weight_grid(1) == [(1.0,)]
    for models in (2, 3):
        weights = tune.weight_grid(models)
        assert weights[0] == pytest.approx((1 / models,) * models)
        assert all(sum(one) == pytest.approx(1) for one in weights)
        assert len(set(weights)) == len(weights)


def test_too_few_videos_for_the_folds() -> None:
    labels, tracks = made_up(8)
    with pytest.raises(UsageError, match="6 labelled videos cannot be dealt into 7 folds"):
        tune.tune(labels, tracks, smoothings=[Smoothing()], folds=7)


def test_progress_counts_up_to_the_end() -> None:
    labels, tracks = made_up(9)
    steps: list[tuple[int, int]] = []
    tune.tune(
        labels,
        tracks,
        smoothings=tune.grid(radii=[1], sigmas=[1]),
        folds=2,
        progress=lambda *step: steps.append(step),
    )
    assert steps == [(done, 9) for done in range(1, 10)]


def test_the_picture_has_a_cell_for_each_smoothing() -> None:
    labels, tracks = made_up(10, noise=0.8)
    found = tune.tune(labels, tracks, smoothings=tune.grid(radii=[1, 5], sigmas=[1, 3]), folds=2)
    picture = svg(found)
    assert picture.count('stroke="#d94801"') == 3
    # Two radii; a row for the box and one for each sigma; three heads.
    assert picture.count('fill="rgb(') == 2 * 3 * 3


def run_of(tmp_path: Path, labels: MultiTask, tracks: list[Track], model: int, name: str) -> Path:
    clips = []
    for video, track in enumerate(tracks):
        part = track.signals[model]
        order = [EXPRESSIONS.index("other" if n == "contempt" else n) for n in SIGNALS[:8]]
        signals = np.concatenate(
            [part["expression"][:, order], part["valence_arousal"], part["action_units"]], axis=1
        )
        count = len(track.frame)
        # A second, weaker face in every frame, which must not count.
        faces = FaceRows(
            np.repeat(track.frame, 2),
            np.repeat(track.frame / 25.0, 2),
            np.tile(np.array([2, 1], np.int64), count),
            np.zeros((2 * count, 4), np.float32),
            np.tile(np.float32([0.6, 0.9]), count),
            SIGNALS,
            np.stack([signals * 0, signals], axis=1).reshape(2 * count, -1).astype(np.float32),
        )
        frames = frames_table(
            frame=track.frame,
            time=track.frame / 25.0,
            n_faces=np.full(count, 2, np.int64),
            names=SIGNALS,
            signals=signals.astype(np.float32),
            compounds=CE_CLASSES,
            scores=np.zeros((count, 7), np.float32),
            labels=np.zeros(count, np.int32),
            confidence=np.zeros(count, np.float32),
            filled=np.zeros(count, bool),
        )
        empty = EVENT_SCHEMA.empty_table()
        clips.append(ClipResult(f"v{video}", frames, faces_table(faces), empty, CE_CLASSES))
    return run_folder(tmp_path / name, *clips)


def opened(runs: list[Path]) -> list[RunSource]:
    return [RunSource(run) for run in runs]


def label_file(path: Path, labels: MultiTask) -> Path:
    rows = [
        ",".join([f"{video}/{number:05d}.jpg", *map(str, affect), str(expression), *map(str, on)])
        for (video, number), affect, expression, on in zip(
            labels.keys,
            labels.valence_arousal.tolist(),
            labels.expression.tolist(),
            labels.action_units.tolist(),
            strict=True,
        )
    ]
    path.write_text("\n".join([MTL_HEADER, *rows]) + "\n", encoding="utf-8")
    return path


def test_the_command_tunes_two_runs_and_writes_options(tmp_path: Path) -> None:
    labels, tracks = made_up(11, noise=0.8, models=2)
    runs = [run_of(tmp_path, labels, tracks, model, f"run{model}") for model in (0, 1)]
    read = read_tracks(labels, opened(runs))
    for ours, track in zip(read, tracks, strict=True):
        for model in (0, 1):
            for head, values in track.signals[model].items():
                np.testing.assert_allclose(ours.signals[model][head], values, rtol=1e-6)
    out, plot = tmp_path / "tuned.yaml", tmp_path / "tuned.svg"
    command = ["tune", str(label_file(tmp_path / "labels.txt", labels)), *map(str, runs)]
    command += ["-o", str(out), "--plot", str(plot), "--folds", "3", "--radii", "2,5"]
    result = CliRunner().invoke(app, [*command, "--sigmas", "2,4"], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    expected = tune.tune(labels, read, smoothings=tune.grid("frames", [2, 5], [2, 4]), folds=3)
    assert f"{expected[0].honest:.4f}" in result.stdout
    options = yaml.safe_load(out.read_text(encoding="utf-8"))
    assert set(options) == {"models", "blend", "smooth", "thresholds"}
    assert options["blend"]["expression"] == list(expected[0].weights)
    assert plot.read_text(encoding="utf-8").startswith("<svg")


def test_a_label_between_faces_takes_the_nearest(tmp_path: Path) -> None:
    labels, tracks = made_up(12)
    run = run_of(tmp_path, labels, tracks, 0, "run")
    far = MultiTask(
        (("v0", 1), ("v0", 1000)), np.zeros((2, 2)), np.zeros(2, np.int64), np.zeros((2, 12), int)
    )
    (track,) = read_tracks(far, opened([run]))
    np.testing.assert_array_equal(track.place, [0, FRAMES - 1])


def test_a_video_without_a_run_is_named(tmp_path: Path) -> None:
    labels, tracks = made_up(13)
    run = run_of(tmp_path, labels, tracks, 0, "run")
    other = MultiTask((("v99", 1),), np.zeros((1, 2)), np.zeros(1, int), np.zeros((1, 12), int))
    with pytest.raises(UsageError, match="no finished clip 'v99'"):
        read_tracks(other, opened([run]))


def test_a_derived_head_is_left_out_where_another_run_has_learnt_it(tmp_path: Path) -> None:
    labels, tracks = made_up(14)
    runs = [run_of(tmp_path, labels, tracks, 0, name) for name in ("a", "b")]
    record = RunRecord.load(runs[1])
    assert record is not None
    record.derived = dict.fromkeys(SIGNALS[10:], "prototypes")
    record.save(runs[1])
    for track in read_tracks(labels, opened(runs)):
        assert set(track.signals[0]) == {"expression", "valence_arousal", "action_units"}
        assert set(track.signals[1]) == {"expression", "valence_arousal"}
    alone = read_tracks(labels, opened(runs[1:]))
    assert "action_units" in alone[0].signals[0]
    found = by_head(
        tune.tune(labels, read_tracks(labels, opened(runs)), smoothings=[Smoothing()], folds=2)
    )
    assert found["action_units"].weights == (0.5, 0.5)


def test_features_give_what_a_run_gives(tmp_path: Path) -> None:
    random = np.random.default_rng(15)
    images, out = tmp_path / "images", tmp_path / "features.parquet"
    rows = []
    for video in ("v0", "v1"):
        (images / video).mkdir(parents=True)
        for number in (1, 2, 5, 9):
            pixels = random.integers(0, 256, (8, 8, 3), dtype=np.uint8)
            cv2.imwrite(str(images / video / f"{number:05d}.png"), pixels)
            rows.append(f"{video}/{number:05d}.jpg,0.1,0.2,{number % 8}" + ",0,1" * 6)
    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join([MTL_HEADER, *rows]) + "\n", encoding="utf-8")
    write_network(tmp_path / "net.onnx")
    model = str(write_manifest(tmp_path / "net.yaml"))
    options = ["--model", model, "--detector", "full-frame"]
    for command in (
        ["extract", str(images), "-o", str(out)],
        ["run", str(images), "-o", str(tmp_path / "run"), "--rules", "hsemotion-mean", "--quiet"],
    ):
        result = CliRunner().invoke(app, [*command, *options])
        assert result.exit_code == 0, result.output
    annotated = abaw.read_multi_task(labels)
    sources = open_sources([out, tmp_path / "run"])
    assert [one.model for one in sources] == [model, model]
    for track in read_tracks(annotated, sources):
        np.testing.assert_array_equal(track.frame, [1, 2, 5, 9])
        ours, theirs = track.signals
        assert set(ours) == {"expression", "valence_arousal"}
        for head, values in ours.items():
            np.testing.assert_allclose(values, theirs[head], atol=1e-5)

    fit = ["heads", "fit", str(out), "--train", str(labels), "--validation", str(labels)]
    fit += ["-o", str(tmp_path / "mine.onnx"), "--alone", "--epochs", "1", "--engine", "numpy"]
    assert CliRunner().invoke(app, fit).exit_code == 0
    command = ["tune", str(labels), str(out), "--model", str(tmp_path / "mine.onnx")]
    command += ["-o", str(tmp_path / "tuned.yaml"), "--folds", "2", "--radii", "1"]
    result = CliRunner().invoke(app, [*command, "--sigmas", "1"])
    assert result.exit_code == 0, result.output
    options_file = yaml.safe_load((tmp_path / "tuned.yaml").read_text(encoding="utf-8"))
    assert options_file["models"] == [str(tmp_path / "mine.onnx")]
    assert set(options_file["smooth"]) == {"expression", "valence_arousal", "action_units"}

    write_network(tmp_path / "other.onnx", seed=3)
    other = write_manifest(tmp_path / "other.yaml")
    with pytest.raises(UsageError, match="the features are not of model"):
        open_sources([out], [str(other)])
    with pytest.raises(UsageError, match=r"one for each file of features \(1 of them\), got 2"):
        open_sources([out], ["a", "b"])


def test_the_detector_is_written_where_all_sources_agree(tmp_path: Path) -> None:
    labels, tracks = made_up(16)
    runs = [run_of(tmp_path, labels, tracks, 0, name) for name in ("a", "b")]
    for run, detector in zip(runs, ("full-frame", "mtcnn"), strict=True):
        record = RunRecord.load(run)
        assert record is not None
        record.options["detector"] = detector
        record.save(run)
    annotated = str(label_file(tmp_path / "labels.txt", labels))
    out = tmp_path / "tuned.yaml"
    for sources, expected in ((runs[:1], "full-frame"), (runs, None)):
        command = ["tune", annotated, *map(str, sources), "-o", str(out), "--folds", "2"]
        result = CliRunner().invoke(app, [*command, "--radii", "2", "--sigmas", "2"])
        assert result.exit_code == 0, result.output
        assert yaml.safe_load(out.read_text(encoding="utf-8")).get("detector") == expected
