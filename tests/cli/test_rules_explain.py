"""`cexpr rules explain`."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from builders.image_files import write_photographs
from builders.rule_texts import GOOD
from builders.run_files import BASE, Command, read_csv
from cexpr.cli import app
from cexpr.errors import CexprError, RuleError, UsageError


def run(*words: object) -> Result:
    result = CliRunner().invoke(app, ["rules", *map(str, words)])
    if result.exception and not isinstance(result.exception, SystemExit | CexprError):
        raise result.exception
    return result


@pytest.fixture
def good(tmp_path: Path) -> Path:
    file = tmp_path / "good.yaml"
    file.write_text(GOOD, encoding="utf-8")
    return file


def test_explain_given(good: Path) -> None:
    result = run("explain", good, "--given", "fear=0.5,surprise=0.4")
    assert result.exit_code == 0
    assert result.output.splitlines()[:2] == [
        "Fearfully_Surprised with 0.45, 0.25 ahead of Happily_Surprised",
        "Fearfully_Surprised = 0.45",
    ]
    assert "fear = 0.5" in result.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give either"),
        (["--given", "fear"], "expected NAME=VALUE"),
        (["--given", "fear=much"], "expected NAME=VALUE"),
        (["--given", "fear=1", "--frame", "3", "--frames", "x.csv"], "give either"),
        (["--frames", "x.csv"], "give either"),
        (["--frames", "x.csv", "--frame", "1", "--time", "1"], "give either"),
        (["--time", "1"], "give either"),
        (["--frames", "x.csv", "--time", "soon"], "--time: expected a number"),
        (["--given", "AU05=1"], "there are AU01 AU02 AU04"),
        (["--frames", "x.csv", "--frame", "1"], "cannot be read"),
    ],
)
def test_explain_refuses_what_it_cannot_use(good: Path, words: list[str], message: str) -> None:
    result = run("explain", good, *words)
    assert isinstance(result.exception, UsageError | RuleError)
    assert message in str(result.exception)


def test_explain_a_frame_of_a_run(good: Path, tmp_path: Path) -> None:
    table = tmp_path / "clip.frames.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["frame", "time", "n_faces", "fear", "happiness", "surprise", "compound"])
        writer.writerow([1, 0.0, 1, 0.1, 0.6, 0.2, "Happily_Surprised"])
        writer.writerow([2, 0.04, 1, 0.5, 0.1, 0.4, "Happily_Surprised"])
        writer.writerow([3, 0.08, 0, "", "", "", ""])
    result = run("explain", good, "--frames", table, "--frame", 2)
    lines = result.output.splitlines()
    assert lines[0] == "Fearfully_Surprised with 0.45, 0.2 ahead of Happily_Surprised"
    assert lines[1].startswith("The run itself has 'Happily_Surprised' in this frame: ")
    assert lines[2] == "Fearfully_Surprised = 0.45"
    at = run("explain", good, "--frames", table, "--time", 0.05)
    assert at.output.splitlines()[1] == "At 0.05 s the clip shows frame 2 (0.04 s)."
    unknown = run("explain", good, "--frames", table, "--frame", 3)
    assert "nan" in unknown.output
    missing = run("explain", good, "--frames", table, "--frame", 4)
    assert "it has 1 to 3" in str(missing.exception)
    smoothed = run("explain", "hsemotion-mean", "--frames", table, "--frame", 2)
    assert "sadness" in str(smoothed.exception)


def test_explain_uses_the_frames_around_for_rules_over_time(tmp_path: Path) -> None:
    rules = tmp_path / "over.yaml"
    rules.write_text("cexpr: 1\nname: o\ncompounds: {A: 'mean_over(fear, 1s)'}", encoding="utf-8")
    table = tmp_path / "clip.frames.csv"
    table.write_text("frame,time,fear\n1,0.0,0.2\n2,0.1,0.4\n3,5.0,0.9\n", encoding="utf-8")
    assert run("explain", rules, "--frames", table, "--frame", 1).output.startswith(
        "A with 0.3; no other compound has a score\nA = 0.3\n"
    )


def test_a_table_that_is_no_frames_file_is_refused(good: Path, tmp_path: Path) -> None:
    table = tmp_path / "other.csv"
    table.write_text("a,b\n1,2\n", encoding="utf-8")
    result = run("explain", good, "--frames", table, "--frame", 1)
    assert "expected a STEM.frames.csv" in str(result.exception)
    table.write_text("frame,time,fear\n1,0.0,x\n", encoding="utf-8")
    result = run("explain", good, "--frames", table, "--frame", 1)
    assert "invalid value 'x'" in str(result.exception)


def test_explain_shows_the_two_best_or_all() -> None:
    given = ("--given", "fear=0.5,surprise=0.4,sadness=0.3")
    short = run("explain", "hsemotion-gmean", *given).output
    assert short.startswith("Fearfully_Surprised with ")
    assert "\nSadly_Fearful = " in short
    assert "Happily_Surprised" not in short
    assert short.endswith("(5 more compounds; --all shows them)\n")
    full = run("explain", "hsemotion-gmean", "--all", *given).output
    assert full.splitlines()[0] == short.splitlines()[0]
    assert "\nHappily_Surprised = 0\n" in full
    assert "--all" not in full


def test_an_image_of_a_run_is_explained(work: Path, cexpr_command: Command) -> None:
    write_photographs(work / "photos")
    cexpr_command("run", *BASE[:4], "-o", "out", "photos")
    table = work / "out" / "images.csv"
    rows = {row["clip"]: row for row in read_csv(table)}
    for name in ("one", "one.jpg", "photos/one.jpg", work / "photos" / "one.jpg"):
        shown = run("explain", "pair.yaml", "--frames", table, "--image", name).output
        label, score = rows["one"]["compound"], float(rows["one"]["confidence"])
        assert shown.startswith(f"{label} with {score:.4g}"[: len(label) + 9])
    two = run("explain", "pair.yaml", "--frames", table, "--image", "two").output
    assert "the frame has 2 faces" in two
    other = run("explain", "other.yaml", "--frames", table, "--image", "one").output
    assert "The run itself used other rules, pair; it has" in other


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--image", "three"], "expected one image 'three', found none"),
        (["--image", "without"], "no face was found in this image"),
        (["--frame", "1"], "is the table of single images; name one of them"),
    ],
)
def test_what_is_not_an_image_of_the_run_is_refused(
    work: Path, cexpr_command: Command, words: list[str], message: str
) -> None:
    write_photographs(work / "photos")
    cexpr_command("run", *BASE[:4], "-o", "out", "photos")
    result = run("explain", "pair.yaml", "--frames", work / "out" / "images.csv", *words)
    assert message in str(result.exception)
