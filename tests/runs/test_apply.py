"""`cexpr apply` and the submissions, on finished runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builders.run_files import BASE, OTHER_RULES, RULES, Command, change_times, read_csv, read_run
from builders.tiny_model import write_tiny_model
from builders.video_files import grey_steps, write_mjpeg_avi


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


def test_tables_that_the_run_did_not_write_are_added_without_the_video(
    work: Path, cexpr_command: Command
) -> None:
    options = ("--events", "--abaw", "--format", "csv", "--format", "parquet")
    cexpr_command("run", *BASE[:-1], "fresh", *options, "clips")
    cexpr_command("run", *BASE, "clips")
    faces = change_times(work / "out")["a.faces.csv"]
    for clip in (work / "clips").iterdir():
        clip.unlink()
    outcome = cexpr_command("apply", "out", "--events", "--abaw", "--format", "parquet")
    assert (outcome.status, outcome.err) == (0, "")
    names = {path.name for path in (work / "fresh").iterdir()}
    assert {path.name for path in (work / "out").iterdir()} == names
    assert {"a.events.csv", "a.events.parquet", "a.faces.parquet", "CE.txt", "MTL.txt"} <= names
    for name in names - {"run.json"}:
        assert (work / "out" / name).read_bytes() == (work / "fresh" / name).read_bytes(), name
    assert change_times(work / "out")["a.faces.csv"] == faces
    ours, fresh = read_run(), read_run("fresh")
    assert ours["fingerprint"] == fresh["fingerprint"]
    assert ours["clips"]["a"]["files"] == fresh["clips"]["a"]["files"]
    # What is there stays in step with other rules.
    assert cexpr_command("apply", "out", "--rules", "other.yaml").status == 0
    assert {row["compound"] for row in read_csv(work / "out" / "a.events.csv")} == {"Sadly_Fearful"}
    assert read_run()["clips"]["a"]["files"] == fresh["clips"]["a"]["files"]


def test_apply_goes_on_where_it_was_stopped_before_a_clip_had_the_new_format(
    work: Path, cexpr_command: Command
) -> None:
    cexpr_command("run", *BASE, "--format", "parquet", "clips/a.avi", "clips/b.avi")
    record = read_run()
    record["options"]["formats"] = ["csv", "parquet"]
    record["clips"]["b"]["status"] = "outdated"
    (work / "out" / "run.json").write_text(json.dumps(record))
    assert cexpr_command("apply", "out").status == 0
    assert read_run()["counts"]["done"] == 2
    for name in read_run()["clips"]["b"]["files"]:
        assert (work / "out" / name).is_file()
    assert (work / "out" / "b.faces.csv").is_file()


def test_the_rules_of_the_run_are_used_again_only_as_they_were(
    work: Path, cexpr_command: Command
) -> None:
    cexpr_command("run", *BASE, "clips/a.avi")
    before = change_times(work / "out")
    (work / "pair.yaml").write_text(RULES.replace("mean(sad", "gmean(sad"))
    outcome = cexpr_command("apply", "out", "--events")
    assert outcome.status == 2
    assert "have changed since the run used them; give --rules pair.yaml" in outcome.err
    (work / "pair.yaml").unlink()
    outcome = cexpr_command("apply", "out", "--events")
    assert outcome.status == 2
    assert "name others with --rules" in outcome.err
    assert change_times(work / "out") == before


def test_apply_refuses_an_unknown_format(work: Path, cexpr_command: Command) -> None:
    cexpr_command("run", *BASE, "clips/a.avi")
    outcome = cexpr_command("apply", "out", "--format", "xls")
    assert outcome.status == 2
    assert "--format: expected csv or parquet, got 'xls'" in outcome.err


def test_the_summary_of_apply_shows_no_time_of_the_run(work: Path, cexpr_command: Command) -> None:
    cexpr_command("run", *BASE, "clips/a.avi")
    record = read_run()
    record["seconds"] = record["clips"]["a"]["seconds"] = 98765.0
    (work / "out" / "run.json").write_text(json.dumps(record))
    outcome = cexpr_command("apply", "--rules", "other.yaml", "out")
    assert "1 done" in outcome.out
    assert "98765" not in outcome.out
    assert read_run()["seconds"] == read_run()["clips"]["a"]["seconds"] == 98765.0


def test_apply_says_that_a_submission_will_be_missing(work: Path, cexpr_command: Command) -> None:
    write_tiny_model(work, "bare", heads=("expression",))
    bare = ("--rules", "pair.yaml", "--model", "bare.yaml", "--detector", "full-frame")
    cexpr_command("run", *bare, "-o", "out", "clips/a.avi")
    outcome = cexpr_command("apply", "out", "--abaw")
    assert outcome.status == 0
    assert "no MTL.txt, because no model provides valence" in outcome.err
    assert (work / "out" / "CE.txt").exists()


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
