"""The explanation of a frame equals the run, or says where it does not and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders.gif_files import write_gif
from builders.run_files import BASE, Command
from cexpr.errors import RuleError, UsageError
from cexpr.rules.rule_set import RuleSet
from cexpr.runs.explain import FrameExplanation, explain_frame
from cexpr.tables.files import Format, write_result
from cexpr.tables.result import ClipResult, FaceRows
from cexpr.timeline.decide import decide_tables

NAMES = ("fear", "happiness", "sadness", "surprise")
FRAMES = 30
# The table holds float32, and so do the scores.
ROUNDING = 1e-6


def make_rules(**changes: Any) -> RuleSet:
    content = {
        "cexpr": 1,
        "name": "over time",
        "smooth": {"expression": {"kernel": "box", "radius": 1}},
        "compounds": {
            "Fearfully_Surprised": "gmean(fear, mean_over(surprise, 9))",
            "Happily_Surprised": "gmean(happiness, mean_over(surprise, 9))",
        },
    }
    return RuleSet.from_dict({**content, **changes})


def write_run(folder: Path, rules: RuleSet, kind: Format = "csv") -> tuple[Path, dict[str, Any]]:
    """A clip with two faces that win in turn, a frame without any, and one face in its end."""
    pairs = [(t, f) for t in range(1, FRAMES + 1) for f in (1, 2) if t != 12 and (t < 25 or f == 1)]
    frame, face = np.array(pairs, np.int64).T
    signals = np.random.default_rng(3).random((len(pairs), len(NAMES)), np.float32)
    rows = FaceRows(
        frame=frame.copy(),
        time=(frame - 1) / 25.0,
        track=face.copy(),
        boxes_xywh=np.ones((len(pairs), 4), np.float32),
        detection=np.ones(len(pairs), np.float32),
        names=NAMES,
        signals=signals,
    )
    time = np.arange(FRAMES) / 25.0
    tables = decide_tables(rows, np.arange(1, FRAMES + 1), time, rules)
    result = ClipResult("clip", *tables, compounds=tuple(rules.compounds))
    write_result(folder, result, [kind])
    return folder / f"clip.frames.{kind}", tables.frames.to_pydict()


def score_of(found: FrameExplanation, name: str) -> float:
    return {compound.name: compound.score for compound in found.row.compounds}[name]


@pytest.mark.parametrize("faces", ["max", "each"])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_every_labelled_frame_of_two_faces_is_explained_as_the_run_decided_it(
    tmp_path: Path, kind: Format, faces: str
) -> None:
    rules = make_rules(faces=faces)
    path, frames = write_run(tmp_path, rules, kind)
    deciding = set()
    for frame, label, confidence, is_filled in zip(
        frames["frame"], frames["compound"], frames["confidence"], frames["filled"], strict=True
    ):
        if is_filled:
            continue
        found = explain_frame(rules, path, frame)
        assert found.row.winner == label
        assert score_of(found, label) == pytest.approx(confidence, abs=ROUNDING)
        assert "The run itself" not in str(found)
        deciding.add(found.notes[0] if frames["n_faces"][frame - 1] > 1 else "alone")
    # Each of the faces decides somewhere.
    assert deciding == {
        "Shown is face 1, which decided; the frame has 2 faces.",
        "Shown is face 2, which decided; the frame has 2 faces.",
        "alone",
    }


def test_what_another_face_has_more_of_is_said(tmp_path: Path) -> None:
    path, frames = write_run(tmp_path, make_rules())
    for frame in frames["frame"]:
        found = explain_frame(make_rules(), path, frame)
        for name in make_rules().compounds:
            more = [note for note in found.notes if f"more of {name}" in note]
            if frames["filled"][frame - 1] or frames[name][frame - 1] == pytest.approx(
                score_of(found, name), abs=ROUNDING
            ):
                assert not more
            else:
                assert f"{frames[name][frame - 1]:.4g}" in more[0]


def test_without_the_table_of_faces_a_difference_is_told_with_its_reason(tmp_path: Path) -> None:
    path, frames = write_run(tmp_path, make_rules())
    (tmp_path / "clip.faces.csv").unlink()
    differ = 0
    for frame in (2, 5, 8, 20, 29):
        label, confidence = frames["compound"][frame - 1], frames["confidence"][frame - 1]
        found = explain_frame(make_rules(), path, frame)
        is_same = found.row.winner == label and score_of(found, label) == pytest.approx(
            confidence, rel=1e-4
        )
        if not is_same:
            differ += 1
            (note,) = found.notes
            assert note.startswith(f"The run itself has '{label}' with {confidence:.4g} in this")
            assert "no table of faces is beside this one" in note
        else:
            assert not found.notes
    assert differ


def test_a_frame_without_a_face_says_that_its_scores_are_filled_in(tmp_path: Path) -> None:
    path, frames = write_run(tmp_path, make_rules())
    (note,) = explain_frame(make_rules(), path, 12).notes
    assert frames["compound"][11] in note
    assert "no face, and its scores are filled in" in note


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"smooth": {"compounds": {"kernel": "box", "radius": 3}}}, "smooths the scores"),
        ({"faces": "mean"}, "takes the mean over the faces"),
        ({"decide": {"min_frames": 12}}, "also looks at the frames around"),
    ],
)
def test_what_comes_after_the_scores_is_named_where_it_matters(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    rules = make_rules(**changes)
    path, frames = write_run(tmp_path, rules)
    told = 0
    for frame in (2, 5, 8, 20):
        found = explain_frame(rules, path, frame)
        label = frames["compound"][frame - 1]
        is_same = found.row.winner == label and score_of(found, label) == pytest.approx(
            frames["confidence"][frame - 1], rel=1e-4
        )
        notes = [note for note in found.notes if note.startswith("The run itself has")]
        assert bool(notes) != is_same
        told += sum(reason in note for note in notes)
    assert told


def test_the_smoothing_of_the_runs_options_counts(work: Path, cexpr_command: Command) -> None:
    (work / "options.yaml").write_text("smooth: {expression: {kernel: box, radius: 2}}\n")
    cexpr_command("run", *BASE, "--config", "options.yaml", "clips/c.avi")
    for frame in range(1, 6):
        outcome = cexpr_command(
            "rules", "explain", "pair.yaml", "--frames", "out/c.frames.csv", "--frame", frame
        )
        assert (outcome.status, outcome.err) == (0, "")
        assert "The run itself" not in outcome.out


def test_other_rules_than_the_runs_are_said_to_be_so(work: Path, cexpr_command: Command) -> None:
    cexpr_command("run", *BASE, "clips/a.avi")
    frame = ("--frames", "out/a.frames.csv", "--frame", "1")
    said = "The run itself used other rules, pair; it has '"
    assert said in cexpr_command("rules", "explain", "other.yaml", *frame).out
    assert "other rules" not in cexpr_command("rules", "explain", "pair.yaml", *frame).out
    record = json.loads((work / "out" / "run.json").read_text())
    record["clips"]["a"]["status"] = "outdated"
    (work / "out" / "run.json").write_text(json.dumps(record))
    assert "used other rules" in cexpr_command("rules", "explain", "pair.yaml", *frame).out


def test_a_time_names_the_frame_that_is_shown_then(tmp_path: Path) -> None:
    path, frames = write_run(tmp_path, make_rules())
    for time, frame in ((0.0, 1), (0.039, 1), (0.04, 2), (0.2, 6), (0.219, 6), (1.18, 30)):
        found = explain_frame(make_rules(), path, time=time)
        assert str(found.row) == str(explain_frame(make_rules(), path, frame).row)
        begin = frames["time"][frame - 1]
        assert found.notes[0] == f"At {time:g} s the clip shows frame {frame} ({begin:.4g} s)."


def test_the_last_frame_is_shown_as_long_as_its_own_delay_says(
    work: Path, cexpr_command: Command
) -> None:
    write_gif(work / "long.gif", [10, 10, 200])
    write_gif(work / "short.gif", [50, 50, 10])
    cexpr_command("run", *BASE, "long.gif", "short.gif")
    rules = RuleSet.load("pair.yaml")
    found = explain_frame(rules, Path("out/long.frames.csv"), time=2.15)
    assert found.notes[0] == "At 2.15 s the clip shows frame 3 (0.2 s)."
    for stem, time, end in (("long", 2.3, "2.2"), ("short", 1.2, "1.1")):
        with pytest.raises(UsageError, match=rf"it goes from 0 to {end} s"):
            explain_frame(rules, Path(f"out/{stem}.frames.csv"), time=time)


@pytest.mark.parametrize("time", [-0.1, 1.3, 99.0])
def test_a_time_outside_the_clip_is_refused_with_its_ends(tmp_path: Path, time: float) -> None:
    path, _ = write_run(tmp_path, make_rules())
    with pytest.raises(UsageError, match=r"has no frame at .* s; it goes from 0 to 1\.2 s"):
        explain_frame(make_rules(), path, time=time)


def test_a_shipped_set_that_needs_what_the_run_lacks_is_refused_in_one_line(tmp_path: Path) -> None:
    path, _ = write_run(tmp_path, make_rules())
    with pytest.raises(RuleError) as caught:
        explain_frame(RuleSet.load("emfacs"), path, 1)
    (line,) = str(caught.value).splitlines()
    assert line.startswith("emfacs: these rules need signals that the models do not provide")


def test_no_label_is_called_no_label(tmp_path: Path) -> None:
    table = tmp_path / "clip.frames.csv"
    table.write_text("frame,time,n_faces,fear,happiness,surprise,compound\n1,0,1,0.1,0.6,0.2,\n")
    (note,) = explain_frame(make_rules(), table, 1).notes
    assert note.startswith("The run itself has no label in this frame: ")


def test_a_table_of_faces_is_refused_with_the_right_one(tmp_path: Path) -> None:
    write_run(tmp_path, make_rules())
    with pytest.raises(UsageError, match=r"a table of faces; give .* beside it, clip\.frames\.csv"):
        explain_frame(make_rules(), tmp_path / "clip.faces.csv", 1)


def test_a_table_of_faces_that_does_not_belong_is_refused(tmp_path: Path) -> None:
    path, _ = write_run(tmp_path, make_rules())
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:5]))
    with pytest.raises(UsageError, match=r"clip\.faces\.csv: does not belong to clip\.frames\.csv"):
        explain_frame(make_rules(), path, 1)
    path.with_name("clip.frames.parquet").write_bytes(b"PAR1")
    with pytest.raises(UsageError, match="cannot be read as a table of frames"):
        explain_frame(make_rules(), path.with_name("clip.frames.parquet"), 1)


def test_a_table_of_faces_that_the_run_lost_is_said_to_be_missing(
    work: Path, cexpr_command: Command
) -> None:
    cexpr_command("run", *BASE, "clips/a.avi")
    command = ("rules", "explain", "pair.yaml", "--frames", "out/a.frames.csv", "--frame", "1")
    assert "missing" not in cexpr_command(*command).out
    (work / "out" / "a.faces.csv").unlink()
    assert "The run's table of faces is missing" in cexpr_command(*command).out
