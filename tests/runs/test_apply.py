"""`cexpr apply` and `apply` on finished runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builders.run_files import (
    BASE,
    CROPS,
    OTHER_RULES,
    RULES,
    Command,
    change_times,
    read_csv,
    read_run,
)
from builders.tiny_model import write_tiny_model
from builders.video_files import grey_steps, write_mjpeg_avi
from cexpr.errors import RuleError, UsageError
from cexpr.rules.rule_set import RuleSet
from cexpr.runs.apply import apply
from cexpr.runs.record import ClipRecord, RunRecord
from cexpr.tables.files import Format, read_table, table_path, write_table

LABEL = ("compound", "compound_id", "confidence")


def test_apply_equals_a_run_with_the_other_rules(work: Path, cexpr_command: Command) -> None:
    cexpr_command("run", *BASE, "clips")
    for clip in (work / "clips").iterdir():
        clip.unlink()
    outcome = cexpr_command("apply", "--rules", "other.yaml", "out")
    assert outcome.status == 0
    applied = {p.name: p.read_bytes() for p in (work / "out").glob("*.csv")}
    assert "Sadly_Fearful" in read_csv(work / "out" / "a.faces.csv")[0]
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
    bare = ("--rules", "pair.yaml", "--model", "bare.yaml", *CROPS)
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
    for clip in (work / "clips").iterdir():
        clip.unlink()
    outcome = cexpr_command("apply", "out", "--events", "--abaw", "--format", "parquet")
    assert (outcome.status, outcome.err) == (0, "")
    names = {path.name for path in (work / "fresh").iterdir()}
    assert {path.name for path in (work / "out").iterdir()} == names
    assert {"a.events.csv", "a.events.parquet", "a.faces.parquet", "CE.txt", "MTL.txt"} <= names
    for name in names - {"run.json"}:
        assert (work / "out" / name).read_bytes() == (work / "fresh" / name).read_bytes(), name
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
    assert "pair.yaml: these rules have changed since the run used them" in outcome.err
    (work / "pair.yaml").unlink()
    outcome = cexpr_command("apply", "out", "--events")
    assert outcome.status == 2
    assert "these are the rules of the run; name other rules" in outcome.err
    assert change_times(work / "out") == before


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_run_of_the_first_version_gets_todays_columns(
    work: Path, cexpr_command: Command, kind: Format
) -> None:
    cexpr_command("run", *BASE, "--events", "--format", kind, "clips/a.avi")
    before = {path.name: path.read_bytes() for path in (work / "out").iterdir()}
    dropped = {
        "frames": ["expression", "face"],
        "faces": [*("expression", "Happily_Surprised", "Sadly_Angry"), *LABEL],
        "events": ["end_time"],
    }
    for part, names in dropped.items():
        path = table_path(work / "out", "a", part, kind)
        write_table(path, read_table(path).drop_columns(names), kind)
    record = read_run()
    del record["options"]["derived"], record["clips"]["a"]["info"]["seconds"]
    del record["clips"]["a"]["shown"], record["clips"]["a"]["expressions"]
    (work / "out" / "run.json").write_text(json.dumps(record))
    assert cexpr_command("apply", "out").status == 0
    for name in before.keys() - {"run.json"}:
        assert (work / "out" / name).read_bytes() == before[name], name
    assert read_run() == json.loads(before["run.json"])


def test_apply_refuses_an_unknown_format(work: Path, cexpr_command: Command) -> None:
    cexpr_command("run", *BASE, "clips/a.avi")
    outcome = cexpr_command("apply", "out", "--format", "xls")
    assert outcome.status == 2
    assert "--format: expected csv or parquet, got 'xls'" in outcome.err
    with pytest.raises(UsageError, match="formats: expected csv or parquet, got 'xls'"):
        apply(work / "out", formats="xls")


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
    bare = ("--rules", "pair.yaml", "--model", "bare.yaml", *CROPS)
    cexpr_command("run", *bare, "-o", "out", "clips/a.avi")
    outcome = cexpr_command("apply", "out", "--abaw")
    assert outcome.status == 0
    assert "no MTL.txt, because no model provides valence" in outcome.err
    assert (work / "out" / "CE.txt").exists()


def test_signals_that_the_run_leaves_out_are_said_to_be_left_out(
    work: Path, cexpr_command: Command
) -> None:
    options = ("--detector", "full-frame", "--rules", "pair.yaml", "--no-derived", "-o", "out")
    (work / "needy.yaml").write_text(OTHER_RULES.replace("fear)", "AU12)"))
    told = "no MTL.txt, because this run leaves out the derived signals valence, arousal, AU01"
    assert told in cexpr_command("run", *options, "--abaw", "clips/a.avi").err
    assert told in cexpr_command("apply", "out", "--abaw").err
    needed = "needy.yaml: these rules need AU12, which this run leaves out, because derived is"
    with pytest.raises(RuleError, match=needed):
        apply("out", "needy.yaml")
    for command in (("apply", "out"), ("run", *options, "clips/a.avi")):
        outcome = cexpr_command(*command, "--rules", "emfacs")
        assert outcome.status == 2
        (line,) = outcome.err.splitlines()
        assert "emfacs: these rules need AU01, AU02" in line
        assert "provide" not in line
        assert line.endswith("keep derived signals (run without --no-derived)")


def test_apply_from_python_takes_paths_and_tells_of_each_clip(
    work: Path, cexpr_command: Command
) -> None:
    cexpr_command("run", *BASE, "clips")
    told: list[ClipRecord] = []
    record = apply(work / "out", Path("other.yaml"), formats="parquet", on_clip=told.append)
    assert RunRecord.load(work / "out") == record
    assert [clip.stem for clip in told] == ["a", "b", "c"]
    assert record.rules["name"] == "other"
    assert record.clips["a"].files == [
        *("a.faces.csv", "a.faces.parquet", "a.frames.csv", "a.frames.parquet")
    ]
    assert apply("out").counts()["done"] == 3


def test_what_apply_cannot_use_is_named(work: Path, cexpr_command: Command) -> None:
    with pytest.raises(UsageError, match=r"clips: holds no run"):
        apply("clips")
    with pytest.raises(TypeError, match="folder: expected a path"):
        apply(3)  # type: ignore[arg-type]
    cexpr_command("run", *BASE, "clips/a.avi")
    with pytest.raises(TypeError, match="rules: expected a path"):
        apply("out", {"cexpr": 1})  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="formats: expected csv or parquet, got 'xls'"):
        apply("out", formats=["xls"])
    before = change_times(work / "out")
    for change, message in (
        ({"formats": 1}, "formats: expected names of formats, got 1"),
        ({"events": "no"}, "events: expected True or False, got 'no'"),
        ({"abaw": 1}, "abaw: expected True or False, got 1"),
        ({"on_clip": 3}, "on_clip: expected a function or None, got 3"),
    ):
        with pytest.raises(TypeError, match=message):
            apply("out", **change)
    assert change_times(work / "out") == before


def test_apply_takes_a_rule_set_that_is_in_a_file(work: Path, cexpr_command: Command) -> None:
    cexpr_command("run", *BASE, "clips/a.avi")
    rules = RuleSet.load("other.yaml")
    assert apply("out", rules).rules["sha256"] == rules.sha256
    assert read_run()["options"]["rules"] == "other.yaml"
    before = change_times(work / "out")
    for built in (RuleSet.from_string(OTHER_RULES), RuleSet(RULES, file="other.yaml")):
        with pytest.raises(UsageError, match=f"{built.file} does not hold this rule set; write"):
            apply("out", built)
    assert change_times(work / "out") == before


def test_a_name_too_long_for_a_new_format_is_refused_before_anything_is_written(
    work: Path, cexpr_command: Command
) -> None:
    long = "n" * 244
    (work / "clips" / "a.avi").rename(work / "clips" / f"{long}.avi")
    assert cexpr_command("run", *BASE, "clips").status == 0
    before = {path.name: path.read_bytes() for path in (work / "out").iterdir()}
    outcome = cexpr_command("apply", "out", "--format", "parquet")
    assert outcome.status == 2
    assert f"{long}.avi: its results cannot be written: their name would have 259" in outcome.err
    assert {path.name: path.read_bytes() for path in (work / "out").iterdir()} == before
    assert cexpr_command("apply", "out", "--events").status == 0


def test_a_table_that_cannot_be_written_leaves_its_clip_outdated(
    work: Path, cexpr_command: Command
) -> None:
    cexpr_command("run", *BASE, "clips/a.avi")
    (work / "out" / ".a.frames.csv.tmp").mkdir()
    outcome = cexpr_command("apply", "out", "--rules", "other.yaml")
    assert outcome.status == 1
    assert "a.frames.csv: cannot be written" in outcome.err
    assert read_run()["clips"]["a"]["status"] == "outdated"
