"""Submissions of runs: of all their frames, and of those in a sample file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from builders.labelled_runs import COMPOUNDS, clip, run_folder
from builders.run_files import BASE, CROPS, OTHER_RULES, Command, read_csv
from builders.tiny_model import write_tiny_model
from cexpr.abaw import files as abaw
from cexpr.abaw.classes import CE_HEADER, MTL_HEADER
from cexpr.cli import app
from cexpr.errors import UsageError
from cexpr.runs.folder import RunFolder
from cexpr.runs.submissions import submit, told
from cexpr.runs.submissions import write as write_all
from cexpr.signals import SIGNALS
from cexpr.tables.result import ClipResult


def template(path: Path, *images: str, header: str = CE_HEADER) -> Path:
    path.write_text("\n".join([header, *(f"{image}," for image in images)]) + "\n")
    return path


def written(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_the_rows_and_their_order_are_those_of_the_template(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run", clip("13", [0, 1, 2]), clip("7", [3]))
    sample = template(tmp_path / "t.txt", "7/00001.jpg", "13/00002.jpg", "13/00001.jpg")
    done = submit("ce", run, sample, tmp_path / "out.txt", None)
    assert written(tmp_path / "out.txt") == [
        CE_HEADER,
        "7/00001.jpg,3",
        "13/00002.jpg,1",
        "13/00001.jpg,0",
    ]
    assert (done.rows, done.held, done.unused, done.filled) == (3, [], 1, [])
    assert abaw.check_submission(tmp_path / "out.txt", "ce", sample) == []


def test_a_frame_too_many_in_the_template_is_held(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run", clip("13", [0, 1, 2]))
    sample = template(tmp_path / "t.txt", *(f"13/{n:05d}.jpg" for n in range(1, 6)))
    done = submit("ce", run, sample, tmp_path / "out.txt", None)
    assert [row[-1] for row in written(tmp_path / "out.txt")[1:]] == ["0", "1", "2", "2", "2"]
    assert done.held == ["13/00004.jpg", "13/00005.jpg"]


def test_a_frame_without_a_label_takes_the_nearest(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run", clip("1", [-1, 4, -1, -1, -1, 5, -1]))
    sample = template(tmp_path / "t.txt", *(f"1/{n:05d}.jpg" for n in range(1, 8)))
    done = submit("ce", run, sample, tmp_path / "out.txt", None)
    rows = [row[-1] for row in written(tmp_path / "out.txt")[1:]]
    assert rows == ["4", "4", "4", "4", "5", "5", "5"]
    assert len(done.held) == 5
    assert abaw.check_submission(tmp_path / "out.txt", "ce", sample) == []


def test_a_video_that_the_run_lacks_is_named_or_filled(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run", clip("1", [0]), clip("2", [-1]))
    sample = template(tmp_path / "t.txt", "1/00001.jpg", "2/00001.jpg", "3/00001.jpg")
    with pytest.raises(UsageError, match=r"nothing for 2 videos of the template \(2, 3\)"):
        submit("ce", run, sample, tmp_path / "out.txt", None)
    assert not (tmp_path / "out.txt").exists()
    done = submit("ce", run, sample, tmp_path / "out.txt", "6")
    assert done.filled == ["2", "3"]
    assert written(tmp_path / "out.txt")[2:] == ["2/00001.jpg,6", "3/00001.jpg,6"]


def test_a_multi_task_submission_passes_the_check(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run", clip("1", [0, -1, 2]))
    images = [f"1/{n:05d}.jpg" for n in range(1, 5)]
    sample = template(tmp_path / "t.txt", *images, header=MTL_HEADER)
    done = submit("mtl", run, sample, tmp_path / "out.txt", None)
    assert done.held == ["1/00002.jpg", "1/00004.jpg"]
    row = ",".join(["0.6", "0.6", "1"] + ["1"] * 12)
    assert written(tmp_path / "out.txt") == [MTL_HEADER, *(f"{image},{row}" for image in images)]
    assert abaw.check_submission(tmp_path / "out.txt", "mtl", sample) == []


def test_a_valence_of_minus_one_is_a_value(tmp_path: Path) -> None:
    result = clip("1", [0])
    frames = result.frames
    place = frames.column_names.index("valence")
    column = frames.column("valence").combine_chunks().to_numpy() * 0 - 1
    changed = frames.set_column(place, "valence", [column.astype(np.float32)])
    run = run_folder(
        tmp_path / "run", ClipResult("1", changed, result.faces, result.events, COMPOUNDS)
    )
    sample = template(tmp_path / "t.txt", "1/00001.jpg", header=MTL_HEADER)
    assert submit("mtl", run, sample, tmp_path / "out.txt", None).held == []
    assert written(tmp_path / "out.txt")[1].startswith("1/00001.jpg,-1,0.6")


def test_a_run_without_action_units_is_no_multi_task_submission(tmp_path: Path) -> None:
    names = SIGNALS[:10]
    run = run_folder(tmp_path / "run", clip("1", [0], names), names=names)
    sample = template(tmp_path / "t.txt", "1/00001.jpg", header=MTL_HEADER)
    with pytest.raises(UsageError, match="has no AU01, AU02"):
        submit("mtl", run, sample, tmp_path / "out.txt", None)


def test_a_folder_without_a_run_is_named(tmp_path: Path) -> None:
    sample = template(tmp_path / "t.txt", "1/00001.jpg")
    with pytest.raises(UsageError, match="holds no run"):
        submit("ce", tmp_path, sample, tmp_path / "out.txt", None)


def test_the_commands_write_check_and_report(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run", clip("13", [0, 1]))
    sample = template(tmp_path / "t.txt", *(f"13/{n:05d}.jpg" for n in range(1, 4)))
    command = ["submit", "ce", str(run), "--template", str(sample)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "13: 1 row filled" in result.stdout
    target = run / "CE.submission.txt"
    command = ["check-submission", "ce", str(target), "--template", str(sample)]
    assert CliRunner().invoke(app, command).exit_code == 0
    target.write_text("\n".join(written(target)[:-1]) + "\n", encoding="utf-8")
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 1
    assert f"{target}:3: 13/00003.jpg is missing" in result.stdout


def test_the_submissions_have_the_form_of_the_challenge(work: Path, cexpr_command: Command) -> None:
    assert cexpr_command("run", *BASE, "--abaw", "clips/a.avi", "clips/b.avi").status == 0
    ce = (work / "out" / "CE.txt").read_text().splitlines()
    assert ce[0] == (
        "image_location,Fearfully_Surprised,Happily_Surprised,Sadly_Surprised,"
        "Disgustedly_Surprised,Angrily_Surprised,Sadly_Fearful,Sadly_Angry"
    )
    assert len(ce) == 1 + 3 + 4
    labels = [row["compound"] for row in read_csv(work / "out" / "a.frames.csv")]
    ids = {"Happily_Surprised": 1, "Sadly_Angry": 6}
    assert ce[1:4] == [f"a/{n:05d}.jpg,{ids[label]}" for n, label in enumerate(labels, 1)]
    mtl = (work / "out" / "MTL.txt").read_text().splitlines()
    assert mtl[0] == "image,valence,arousal,expression,aus"
    cells = mtl[1].split(",")
    assert cells[0] == "a/00001.jpg"
    assert len(cells) == 1 + 2 + 1 + 12
    row = read_csv(work / "out" / "a.frames.csv")[0]
    assert float(cells[1]) == pytest.approx(float(row["valence"]), abs=1e-5)
    names = list(row)[3:11]
    best = max(names, key=lambda name: float(row[name]))
    order = ["neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise", "contempt"]
    assert cells[3] == str(order.index(best))
    units = list(row)[13:25]
    assert cells[4:] == [str(int(float(row[name]) >= 0.5)) for name in units]


def test_submissions_without_the_models_for_them(work: Path, cexpr_command: Command) -> None:
    write_tiny_model(work, "bare", heads=("expression",))
    bare = ("run", "--rules", "pair.yaml", "--model", "bare.yaml", *CROPS)
    outcome = cexpr_command(*bare, "--abaw", "-o", "out", "clips/a.avi")
    assert outcome.status == 0
    assert "no MTL.txt, because no model provides valence" in outcome.err
    assert not (work / "out" / "MTL.txt").exists()
    (work / "foreign.yaml").write_text(OTHER_RULES.replace("Sadly_Fearful", "Smile"))
    foreign = ("--overwrite", "--abaw", "--rules", "foreign.yaml")
    outcome = cexpr_command("run", *BASE, *foreign, "clips")
    assert outcome.status == 2
    assert "none of the compounds of the challenge" in outcome.err


ABSTAINING = """
cexpr: 1
name: shy
compounds:
  Happily_Surprised: mean(happiness, surprise)
  Sadly_Angry: {score: "mean(sadness, anger)", when: "anger > 2"}
decide: {abstain_below: 2}
"""


def test_the_submission_has_a_class_where_the_rules_abstain(
    work: Path, cexpr_command: Command
) -> None:
    (work / "shy.yaml").write_text(ABSTAINING)
    shy = ("--rules", "shy.yaml", "--overwrite", "--abaw")
    outcome = cexpr_command("run", *BASE, *shy, "clips/a.avi", "clips/b.avi")
    assert outcome.status == 0
    labels = [row["compound"] for row in read_csv(work / "out" / "a.frames.csv")]
    assert labels == ["", "", ""]
    ce = (work / "out" / "CE.txt").read_text().splitlines()
    assert [row.rpartition(",")[2] for row in ce[1:]] == ["1"] * 7
    because = "got the strongest pair, because the rules give them no label"
    assert f"CE.txt: 7 of 7 frames {because}" in outcome.err
    counts = {"frames": 7, "strongest": 7, "nearest": 0, "unknown": 0}
    record = json.loads((work / "out" / "run.json").read_text())
    assert record["submission"] == counts
    assert because not in cexpr_command("apply", "--rules", "pair.yaml", "out").err
    assert (
        f"CE.txt: 7 of 7 frames {because}"
        in cexpr_command("apply", "--rules", "shy.yaml", "out").err
    )


def test_frames_of_which_nothing_is_known_get_a_class_too(tmp_path: Path) -> None:
    folder = RunFolder.open(
        run_folder(tmp_path / "run", clip("1", [-1, -1, 4, -1, 5, -1]), clip("2", [-1, -1]))
    )
    write_all(folder)
    rows = [row[-1] for row in written(tmp_path / "run" / "CE.txt")[1:]]
    # Happily_Surprised is the most frequent class of C-EXPR-DB.
    assert rows == ["4", "4", "4", "4", "5", "5", "1", "1"]
    assert told(folder.record) == [
        "CE.txt: 4 of 8 frames got the class of the nearest frame, because nothing is known of "
        "them",
        "CE.txt: 2 of 8 frames got Happily_Surprised, the most frequent class of C-EXPR-DB, "
        "because nothing is known of their clip",
    ]


def test_a_frame_without_a_label_takes_its_strongest_pair(tmp_path: Path) -> None:
    result = clip("1", [0, 2, 3])
    place = result.frames.column_names.index("compound")
    frames = result.frames.set_column(
        place, "compound", pa.array(["Fearfully_Surprised", None, None])
    )
    place = frames.column_names.index("Sadly_Fearful")
    frames = frames.set_column(place, "Sadly_Fearful", pa.array([0.0, 0.5, 0.0], pa.float32()))
    run = run_folder(
        tmp_path / "run", ClipResult("1", frames, result.faces, result.events, COMPOUNDS)
    )
    sample = template(tmp_path / "t.txt", *(f"1/{n:05d}.jpg" for n in range(1, 4)))
    done = submit("ce", run, sample, tmp_path / "out.txt", None)
    # Every probability is 0.6, so that the first class has the highest mean.
    assert [row[-1] for row in written(tmp_path / "out.txt")[1:]] == ["0", "5", "0"]
    assert (done.held, done.strongest) == ([], ["1/00002.jpg", "1/00003.jpg"])
