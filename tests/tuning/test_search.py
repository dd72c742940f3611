"""The search of smoothings, weights and thresholds, and its figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from builders.tuned_videos import by_head, label_file, made_up, opened, run_of
from cexpr import metrics
from cexpr.abaw.files import MultiTask
from cexpr.cli import app
from cexpr.errors import UsageError
from cexpr.runs.record import RunRecord
from cexpr.smoothing import Smoothing, smooth
from cexpr.tuning import search
from cexpr.tuning.sources import LabelledVideo, read_videos


def test_noise_is_smoothed_away_and_the_honest_figure_shows_it() -> None:
    labels, videos = made_up(0, noise=0.8)
    found = by_head(search.tune(labels, videos, smoothings=search.grid(), folds=3))
    for one in found.values():
        assert one.smoothing.kernel != "none"
        assert one.before + 0.05 < one.honest <= one.tuned + 1e-12


def test_clean_signals_are_left_alone() -> None:
    labels, videos = made_up(1)
    found = by_head(search.tune(labels, videos, smoothings=search.grid(), folds=3))
    assert found["valence_arousal"].smoothing == Smoothing()
    assert found["valence_arousal"].tuned == pytest.approx(1)
    assert found["expression"].smoothing == Smoothing()


def test_figures_are_those_of_the_measures_on_smoothed_and_blended_signals() -> None:
    labels, videos = made_up(2, noise=0.6, models=2)
    found = by_head(search.tune(labels, videos, smoothings=search.grid(radii=[3]), folds=3))

    def signals(one: search.Found) -> np.ndarray:
        chosen = one.smoothing
        parts = []
        for video in videos:
            mixed = sum(
                np.float32(weight) * part[one.head]
                for weight, part in zip(one.weights, video.signals, strict=True)
            )
            parts.append(
                mixed
                if chosen.kernel == "none"
                else smooth(mixed, video.frame, chosen.kernel, chosen.radius, chosen.sigma)
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
    labels, videos = made_up(3, noise=0.5)
    some = np.random.default_rng(0).random(len(labels.keys)) < 0.4
    marked = MultiTask(
        labels.keys,
        np.where(some[:, None], -5, labels.valence_arousal),
        np.where(some, -1, labels.expression),
        np.where(some[:, None], -1, labels.action_units),
    )
    found = by_head(search.tune(marked, videos, smoothings=[Smoothing()], folds=3))
    raw = np.concatenate([video.signals[0]["expression"] for video in videos]).argmax(axis=1)
    assert found["expression"].before == pytest.approx(
        metrics.expression_f1(marked.expression, raw)
    )
    assert found["expression"].before != pytest.approx(
        metrics.expression_f1(labels.expression, raw)
    )


def test_the_better_model_gets_the_weight() -> None:
    labels, good = made_up(4, noise=0.2)
    _, bad = made_up(5, noise=3.0)
    videos = [
        LabelledVideo(one.frame, [one.signals[0], other.signals[0]], one.labelled, one.place)
        for one, other in zip(good, bad, strict=True)
    ]
    found = by_head(search.tune(labels, videos, smoothings=[Smoothing()], folds=3))
    for one in found.values():
        assert one.weights[0] >= 0.8


def test_the_honest_figure_of_noise_is_below_the_tuned_one() -> None:
    labels, _ = made_up(6)
    _, videos = made_up(7, noise=5.0)
    found = by_head(search.tune(labels, videos, smoothings=search.grid(), folds=3))
    # Two numbers a frame leave valence and arousal more to luck.
    for head in ("expression", "action_units"):
        assert found[head].honest < found[head].tuned - 0.01


def test_weights_add_up_and_start_equal() -> None:
    assert search.weight_grid(1) == [(1.0,)]
    for models in (2, 3):
        weights = search.weight_grid(models)
        assert weights[0] == pytest.approx((1 / models,) * models)
        assert all(sum(one) == pytest.approx(1) for one in weights)
        assert len(set(weights)) == len(weights)


def test_too_few_videos_for_the_folds() -> None:
    labels, videos = made_up(8)
    with pytest.raises(UsageError, match="6 labelled videos cannot be divided into 7 folds"):
        search.tune(labels, videos, smoothings=[Smoothing()], folds=7)


def test_progress_counts_up_to_the_end() -> None:
    labels, videos = made_up(9)
    steps: list[tuple[int, int]] = []
    search.tune(
        labels,
        videos,
        smoothings=search.grid(radii=[1], sigmas=[1]),
        folds=2,
        progress=lambda *step: steps.append(step),
    )
    assert steps == [(done, 9) for done in range(1, 10)]


def test_the_command_tunes_two_runs_and_writes_options(tmp_path: Path) -> None:
    labels, videos = made_up(11, noise=0.8, models=2)
    runs = [run_of(tmp_path, labels, videos, model, f"run{model}") for model in (0, 1)]
    read = read_videos(labels, opened(runs))
    for ours, video in zip(read, videos, strict=True):
        for model in (0, 1):
            for head, values in video.signals[model].items():
                np.testing.assert_allclose(ours.signals[model][head], values, rtol=1e-6)
    out, plot = tmp_path / "tuned.yaml", tmp_path / "tuned.svg"
    command = ["tune", str(label_file(tmp_path / "labels.txt", labels)), *map(str, runs)]
    command += ["-o", str(out), "--plot", str(plot), "--folds", "3", "--radii", "2,5"]
    result = CliRunner().invoke(app, [*command, "--sigmas", "2,4"], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    expected = search.tune(labels, read, smoothings=search.grid("frames", [2, 5], [2, 4]), folds=3)
    assert f"{expected[0].honest:.4f}" in result.stdout
    options = yaml.safe_load(out.read_text(encoding="utf-8"))
    assert set(options) == {"models", "blend", "smooth", "thresholds"}
    assert options["blend"]["expression"] == list(expected[0].weights)
    assert plot.read_text(encoding="utf-8").startswith("<svg")


def test_the_detector_is_written_where_all_sources_agree(tmp_path: Path) -> None:
    labels, videos = made_up(16)
    runs = [run_of(tmp_path, labels, videos, 0, name) for name in ("a", "b")]
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
