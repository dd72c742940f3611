"""`cexpr apply` and the submissions, on finished runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from run_files import BASE, OTHER_RULES, Command, change_times, read_csv, read_run
from tiny_model import write_tiny_model
from video_files import grey_steps, write_mjpeg_avi


def test_apply_equals_a_run_with_the_other_rules(work: Path, cexpr_command: Command) -> None:
    cexpr_command("run", *BASE, "clips")
    faces = change_times(work / "out")["a.faces.csv"]
    for clip in (work / "clips").iterdir():
        clip.unlink()
    outcome = cexpr_command("apply", "--rules", "other.yaml", "out")
    assert outcome.status == 0
    applied = {p.name: p.read_bytes() for p in (work / "out").glob("*.csv")}
    assert change_times(work / "out")["a.faces.csv"] == faces
    assert read_run()["rules"]["name"] == "other"
    for name, count in (("a", 3), ("b", 4), ("c", 5)):
        write_mjpeg_avi(work / "clips" / f"{name}.avi", grey_steps(count))
    cexpr_command("run", *BASE[:-1], "fresh", "--rules", "other.yaml", "clips")
    assert applied == {p.name: p.read_bytes() for p in (work / "fresh").glob("*.csv")}


def test_a_run_goes_on_after_apply_with_the_applied_rules(
    work: Path, cexpr_command: Command
) -> None:
    cexpr_command("run", *BASE, "clips/a.avi")
    cexpr_command("apply", "--rules", "other.yaml", "out")
    assert cexpr_command("run", *BASE, "clips").status == 2
    before = change_times(work / "out")
    assert cexpr_command("run", *BASE, "--rules", "other.yaml", "clips").status == 0
    assert change_times(work / "out")["a.frames.csv"] == before["a.frames.csv"]


def test_apply_refuses_rules_that_need_what_the_run_lacks(
    work: Path, cexpr_command: Command
) -> None:
    write_tiny_model(work, "bare", heads=("expression",))
    bare = ("--rules", "pair.yaml", "--model", "bare.yaml", "--detector", "full-frame")
    assert cexpr_command("run", *bare, "-o", "out", "clips").status == 0
    before = change_times(work / "out")
    (work / "needy.yaml").write_text(OTHER_RULES.replace("fear)", "AU12)"))
    outcome = cexpr_command("apply", "--rules", "needy.yaml", "out")
    assert outcome.status == 2
    assert "AU12" in outcome.err
    assert change_times(work / "out") == before
    assert read_run()["rules"]["name"] == "pair"


def test_apply_names_a_damaged_table_and_does_the_others(
    work: Path, cexpr_command: Command
) -> None:
    cexpr_command("run", *BASE, "clips")
    (work / "out" / "b.faces.csv").write_text("frame\nx\n")
    outcome = cexpr_command("apply", "--rules", "other.yaml", "out")
    assert outcome.status == 1
    assert "b.faces.csv" in outcome.err
    assert read_run()["counts"]["done"] == 2
    assert "Sadly_Fearful" in read_csv(work / "out" / "a.frames.csv")[0]


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
    bare = ("run", "--rules", "pair.yaml", "--model", "bare.yaml", "--detector", "full-frame")
    outcome = cexpr_command(*bare, "--abaw", "-o", "out", "clips/a.avi")
    assert outcome.status == 0
    assert "no MTL.txt, because no model provides valence" in outcome.err
    assert not (work / "out" / "MTL.txt").exists()
    (work / "foreign.yaml").write_text(OTHER_RULES.replace("Sadly_Fearful", "Smile"))
    foreign = ("--overwrite", "--abaw", "--rules", "foreign.yaml")
    outcome = cexpr_command("run", *BASE, *foreign, "clips")
    assert outcome.status == 2
    assert "none of the compounds of the challenge" in outcome.err
