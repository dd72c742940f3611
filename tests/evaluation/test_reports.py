from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import sklearn.metrics
from typer.testing import CliRunner

from cexpr import metrics
from cexpr.abaw.classes import CE_HEADER, MTL_HEADER
from cexpr.abaw.files import Compounds, Key, MultiTask
from cexpr.cli import app
from cexpr.errors import UsageError
from cexpr.evaluation import reports

# Two ways of summing the same numbers.
TOLERANCE = 1e-9


def keys(count: int, videos: int) -> tuple[Key, ...]:
    return tuple((f"v{row % videos}", row) for row in range(count))


def compounds(seed: int, count: int = 400, videos: int = 9) -> tuple[Compounds, Compounds]:
    random = np.random.default_rng(seed)
    truth, guess = random.integers(-1, 7, count), random.integers(0, 6, count)
    return Compounds(keys(count, videos), truth), Compounds(keys(count, videos), guess)


def multi_task(seed: int, count: int = 500, videos: int = 7) -> tuple[MultiTask, MultiTask]:
    random = np.random.default_rng(seed)
    affect = random.uniform(-1, 1, (count, 2))
    marked = np.where(random.random((count, 2)) < 0.2, -5.0, affect)
    truth = MultiTask(
        keys(count, videos),
        marked,
        random.integers(-1, 8, count),
        np.where(random.random((count, 12)) < 0.02, -1, random.integers(0, 2, (count, 12))),
    )
    guess = MultiTask(
        keys(count, videos),
        np.clip(affect + random.normal(0, 0.3, (count, 2)), -1, 1),
        random.integers(0, 8, count),
        random.integers(0, 2, (count, 12)),
    )
    return truth, guess


def test_compounds_agree_with_scikit_learn() -> None:
    truth, guess = compounds(0)
    report = reports.judge_compounds(truth, guess)
    valid = truth.labels != -1
    pair = truth.labels[valid], guess.labels[valid]
    options = {"labels": range(7), "zero_division": 0}
    assert report.rows == valid.sum()
    assert report.f1 == pytest.approx(
        sklearn.metrics.f1_score(*pair, average="macro", **options), abs=TOLERANCE
    )
    for name, ours in (("precision", report.precision), ("recall", report.recall)):
        theirs = getattr(sklearn.metrics, f"{name}_score")(*pair, average=None, **options)
        np.testing.assert_allclose(ours, theirs, atol=TOLERANCE)
    np.testing.assert_array_equal(
        report.confusion[:, :7], sklearn.metrics.confusion_matrix(*pair, labels=range(7))
    )


def test_multi_task_agrees_with_scikit_learn_and_the_plain_formula() -> None:
    truth, guess = multi_task(1)
    report = reports.judge_multi_task(truth, guess)
    both = (truth.valence_arousal != -5).all(axis=1)
    for column, ours in enumerate((report.score.valence, report.score.arousal)):
        x, y = truth.valence_arousal[both, column], guess.valence_arousal[both, column]
        slope = 2 * np.cov(x, y, ddof=0)[0, 1]
        plain = slope / (x.var() + y.var() + (x.mean() - y.mean()) ** 2)
        assert ours == pytest.approx(plain, abs=TOLERANCE)
    labelled = truth.expression != -1
    assert report.score.expression == pytest.approx(
        sklearn.metrics.f1_score(
            truth.expression[labelled],
            guess.expression[labelled],
            average="macro",
            labels=range(8),
            zero_division=0,
        ),
        abs=TOLERANCE,
    )
    whole = (truth.action_units != -1).all(axis=1)
    assert report.score.action_units == pytest.approx(
        sklearn.metrics.f1_score(
            truth.action_units[whole], guess.action_units[whole], average="macro", zero_division=0
        ),
        abs=TOLERANCE,
    )
    assert report.rows == (both.sum(), labelled.sum(), whole.sum())


def test_intervals_are_those_of_the_measures_of_drawn_videos() -> None:
    truth, guess = multi_task(2)
    report = reports.judge_multi_task(truth, guess, rounds=20, seed=3)
    weights = np.random.default_rng(3).multinomial(7, np.full(7, 1 / 7), size=20)
    video = np.arange(500) % 7
    scores = []
    for drawn in weights:
        rows = np.concatenate([np.flatnonzero(video == v) for v in np.repeat(range(7), drawn)])
        scores.append(
            metrics.mtl_score(
                (truth.valence_arousal[rows], guess.valence_arousal[rows]),
                (truth.expression[rows], guess.expression[rows]),
                (truth.action_units[rows], guess.action_units[rows]),
            )
        )
    for ours, name in (
        (report.total, "total"),
        (report.valence, "valence"),
        (report.arousal, "arousal"),
        (report.expression.interval, "expression"),
        (report.action_units, "action_units"),
    ):
        expected = np.quantile([getattr(score, name) for score in scores], [0.025, 0.975])
        assert ours == pytest.approx(tuple(expected), abs=TOLERANCE), name


def test_the_interval_holds_the_value_and_grows_when_videos_differ() -> None:
    truth, guess = compounds(4)
    report = reports.judge_compounds(truth, guess)
    assert report.interval[0] <= report.f1 <= report.interval[1]
    first = np.array([key[0] == "v0" for key in truth.keys])
    split = Compounds(truth.keys, np.where(first, np.abs(truth.labels), guess.labels))
    wide = reports.judge_compounds(split, guess).interval
    assert wide[1] - wide[0] > report.interval[1] - report.interval[0]


def test_one_video_has_an_interval_without_width() -> None:
    truth, guess = compounds(5, videos=1)
    report = reports.judge_compounds(truth, guess)
    assert report.interval == pytest.approx((report.f1, report.f1))


def test_predictions_may_come_in_any_order_but_must_be_there() -> None:
    truth, guess = compounds(6)
    order = np.random.default_rng(0).permutation(len(guess.keys))
    shuffled = Compounds(tuple(guess.keys[row] for row in order), guess.labels[order])
    assert reports.judge_compounds(truth, shuffled).f1 == pytest.approx(
        reports.judge_compounds(truth, guess).f1
    )
    short = Compounds(guess.keys[:-2], guess.labels[:-2])
    with pytest.raises(
        UsageError, match=r"2 labelled rows have no prediction \(v2/00398, v3/00399\)"
    ):
        reports.judge_compounds(truth, short)


def test_a_prediction_without_a_label_is_a_miss() -> None:
    truth = Compounds(keys(4, 1), np.array([0, 0, 1, 1]))
    report = reports.judge_compounds(truth, Compounds(truth.keys, np.array([0, -1, 1, 1])))
    assert report.per_class[0] == pytest.approx(2 / 3)
    assert report.confusion[0, 7] == 1


def test_constant_valence_has_no_interval() -> None:
    truth, guess = multi_task(7)
    flat = MultiTask(
        guess.keys, np.zeros_like(guess.valence_arousal), guess.expression, guess.action_units
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        report = reports.judge_multi_task(truth, flat)
    assert np.isnan(report.score.valence)


def mtl_row(table: MultiTask, row: int) -> str:
    video, number = table.keys[row]
    values = [*table.valence_arousal[row], table.expression[row], *table.action_units[row]]
    return ",".join([f"{video}/{number:05d}.jpg", *(f"{value:g}" for value in values)])


def test_the_commands_print_what_the_measures_say(tmp_path: Path) -> None:
    truth, guess = compounds(8)
    for name, table in (("labels.txt", truth), ("CE.txt", guess)):
        rows = [
            f"{video}/{number:05d}.jpg,{label}"
            for (video, number), label in zip(table.keys, table.labels, strict=True)
        ]
        (tmp_path / name).write_text("\n".join([CE_HEADER, *rows]) + "\n")
    command = ["eval", "ce", str(tmp_path / "labels.txt"), str(tmp_path)]
    result = CliRunner().invoke(app, command)
    expected = reports.judge_compounds(truth, guess)
    assert f"macro F1 {expected.f1:.4f}" in result.stdout
    assert "Sadly_Angry" in result.stdout
    plain = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
    assert plain["confusion"] == expected.confusion.tolist()

    truth_mtl, guess_mtl = multi_task(9)
    for name, table_mtl in (("mtl.txt", truth_mtl), ("MTL.txt", guess_mtl)):
        lines = [mtl_row(table_mtl, row) for row in range(len(table_mtl.keys))]
        (tmp_path / "m").mkdir(exist_ok=True)
        (tmp_path / "m" / name.replace("mtl", "labels")).write_text("\n".join([MTL_HEADER, *lines]))
    command = ["eval", "mtl", str(tmp_path / "m" / "labels.txt"), str(tmp_path / "m")]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    score = reports.judge_multi_task(truth_mtl, guess_mtl).score
    for text in (f"{score.expression:.4f}", f"{score.action_units:.4f}", "AU26", "other"):
        assert text in result.stdout
    assert "p_mtl" in json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)


def test_a_frame_without_a_prediction_can_be_held(tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "13.txt").write_text("compounds\n1\n1\n2\n2\n")
    (tmp_path / "CE.txt").write_text(f"{CE_HEADER}\n13/00001.jpg,1\n13/00003.jpg,2\n")
    command = ["eval", "ce", str(tmp_path / "labels"), str(tmp_path / "CE.txt"), "--json"]
    result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, UsageError)
    assert "2 labelled rows have no prediction (13/00002, 13/00004); holding" in str(
        result.exception
    )
    report = json.loads(CliRunner().invoke(app, [*command, "--hold"]).stdout)
    # Frame 2 lies as near to 1 as to 3, and the earlier one counts.
    assert report["f1"] == pytest.approx(2 / 7)
    truth = Compounds((("14", 1),), np.array([1]))
    with pytest.raises(UsageError, match="1 labelled rows"):
        reports.judge_compounds(truth, Compounds((("13", 1),), np.array([1])), hold=True)


def test_shares_are_compared_with_the_published_ones(tmp_path: Path) -> None:
    rows = [f"1/{n:05d}.jpg,{n % 7 if n else -1}" for n in range(1, 71)]
    (tmp_path / "CE.txt").write_text("\n".join([CE_HEADER, *rows]) + "\n")
    command = ["eval", "shares", str(tmp_path)]
    published = np.array(metrics.COMPOUND_FRAMES) / sum(metrics.COMPOUND_FRAMES)
    expected = float((published * np.log(published * 7)).sum())
    plain = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
    assert plain["divergence"] == pytest.approx(expected, abs=TOLERANCE)
    assert plain["counts"]["Sadly_Angry"] == 10
    assert f"divergence {expected:.4f}" in CliRunner().invoke(app, command).stdout
    (tmp_path / "CE.txt").write_text("\n".join([CE_HEADER, "1/00001.jpg,0"]) + "\n")
    assert "divergence inf" in CliRunner().invoke(app, command).stdout
    assert json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)["divergence"] is None
