"""`cexpr rules`: what the commands print and how they exit."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from builders.rule_texts import GOOD
from cexpr.cli import app
from cexpr.errors import CexprError, UsageError
from cexpr.rules.files import shipped
from cexpr.rules.schema import rule_schema


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


def test_list_names_every_shipped_set_and_what_it_reads() -> None:
    result = run("list")
    assert result.exit_code == 0
    for name in shipped():
        assert f"{name}\n" in result.output
    assert "reads: anger, disgust, fear, happiness, sadness, surprise" in result.output


def test_check_says_ok(good: Path) -> None:
    result = run("check", good, "default")
    assert result.exit_code == 0
    assert result.output == f"{good}: ok, 2 compounds\ndefault: ok, 7 compounds\n"


def test_check_shows_every_problem_with_its_line_and_a_caret(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(
        "cexpr: 1\nname: bad\ncompounds:\n"
        "  One: mean(fear, suprise)\n"
        "  Two: mean(fear,\n    anegr)\n"
        "extra: 1\n",
        encoding="utf-8",
    )
    result = run("check", file)
    assert result.exit_code == 2
    lines = result.output.splitlines()
    assert lines[0].startswith(f"{file}:4:19: One: unknown signal 'suprise'")
    assert lines[1] == "    One: mean(fear, suprise)"
    assert lines[2].index("^") - 2 == 18
    assert lines[3].startswith(f"{file}:6:5: Two: unknown signal 'anegr'; did you mean 'anger'?")
    assert lines[4:6] == ["      anegr)", "      ^"]
    assert lines[6].startswith(f"{file}:7:1: unknown key 'extra'")
    assert len(lines) == 9


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"cexpr: 1\n\tname: x\n", "2:1"),
        (b"\xef\xbb\xbfcexpr: 1\n", "1:1"),
        (b"cexpr: 1\nname: \xff\n", "2:7"),
        (b"", "1:1"),
        (b"cexpr: 1\nname: a\nname: b\ncompounds: {A: fear}\n", "3:1"),
        (b"a: !!python/object:os.system x\n", "1:4"),
        (b"[" * 10_000, "1:33"),
        (b"x" * 10_000_000, "1:1"),
    ],
)
def test_check_of_bad_bytes_is_a_message_with_a_place(
    tmp_path: Path, data: bytes, place: str
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_bytes(data)
    result = run("check", file)
    assert result.exit_code == 2
    assert result.output.startswith(f"{file}:{place}: ")
    assert "Traceback" not in result.output
    assert all(len(line) < 400 for line in result.output.splitlines())


def test_check_of_no_file_says_so(tmp_path: Path) -> None:
    result = run("check", tmp_path / "missing.yaml")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == f"cexpr: {tmp_path / 'missing.yaml'}: no such file\n"
    assert "did you mean 'default'" in run("check", "defalt").output


def test_test_counts_and_fails_with_expected_got_and_runner_up(good: Path) -> None:
    result = run("test", good)
    assert (result.exit_code, result.output) == (0, f"{good}: 1 of 1 tests passed\n")
    good.write_text(
        GOOD + "  - name: joy\n    given: {happiness: 0.6, surprise: 0.2, fear: 0.3}\n"
        "    expect: Fearfully_Surprised\n  - given: {}\n    expect: Happily_Surprised\n",
        encoding="utf-8",
    )
    result = run("test", good)
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        f"{good}:9:5: test 'joy': expected Fearfully_Surprised (0.25), "
        "got Happily_Surprised (0.4), runner-up Fearfully_Surprised (0.25)",
        f"{good}:12:5: expected Happily_Surprised (0), got no label, runner-up no label",
        f"{good}: 1 of 3 tests passed",
    ]


def test_the_shipped_sets_pass_their_own_tests() -> None:
    result = run("test", *shipped())
    assert result.exit_code == 0


def test_explain_given(good: Path) -> None:
    result = run("explain", good, "--given", "fear=0.5,surprise=0.4")
    assert result.exit_code == 0
    assert "Fearfully_Surprised = 0.45" in result.output
    assert "fear = 0.5" in result.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give either"),
        (["--given", "fear"], "expected NAME=VALUE"),
        (["--given", "fear=much"], "expected NAME=VALUE"),
        (["--given", "fear=1", "--frame", "3", "--frames", "x.csv"], "give either"),
        (["--frames", "x.csv"], "give either"),
        (["--frames", "x.csv", "--frame", "1"], "cannot be read"),
    ],
)
def test_explain_refuses_what_it_cannot_use(good: Path, words: list[str], message: str) -> None:
    result = run("explain", good, *words)
    assert isinstance(result.exception, UsageError)
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
    assert result.output.startswith("Fearfully_Surprised = 0.45\n")
    assert "The run itself has 'Happily_Surprised' in this frame: " in result.output
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
    assert run("explain", rules, "--frames", table, "--frame", 1).output.startswith("A = 0.3\n")


def test_a_table_that_is_no_frames_file_is_refused(good: Path, tmp_path: Path) -> None:
    table = tmp_path / "other.csv"
    table.write_text("a,b\n1,2\n", encoding="utf-8")
    result = run("explain", good, "--frames", table, "--frame", 1)
    assert "expected a STEM.frames.csv" in str(result.exception)
    table.write_text("frame,time,fear\n1,0.0,x\n", encoding="utf-8")
    result = run("explain", good, "--frames", table, "--frame", 1)
    assert "invalid value 'x'" in str(result.exception)


def test_the_line_of_a_problem_holds_nothing_that_steers_a_terminal(tmp_path: Path) -> None:
    file = tmp_path / "zero.yaml"
    file.write_bytes(b"\x00" * 300_000)
    file_with_override = tmp_path / "override.yaml"
    file_with_override.write_text(
        "cexpr: 1\nname: a\ncompounds: {A: fear, B: \t'\u202efeer'}", encoding="utf-8"
    )
    for path in (file, file_with_override):
        shown = run("check", path).output.splitlines()[1]
        assert all(character.isprintable() or character == "\t" for character in shown)


def test_schema_prints_the_schema() -> None:
    assert json.loads(run("schema").output) == rule_schema()
