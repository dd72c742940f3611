"""`cexpr rules check` and `test`, and the warnings of other commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from builders.rule_texts import GOOD
from builders.run_files import BASE, Command
from cexpr.cli import app
from cexpr.errors import CexprError
from cexpr.rules.files import shipped


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


def test_a_test_that_gets_no_label_names_the_best_score(tmp_path: Path) -> None:
    file = tmp_path / "high.yaml"
    file.write_text(
        "cexpr: 1\nname: high\ncompounds: {A: anger, B: fear}\ndecide: {abstain_below: 0.5}\n"
        "tests: [{given: {anger: 0.2, fear: 0.4}, expect: A}]\n",
        encoding="utf-8",
    )
    shown = "expected A (0.2), got no label, runner-up B (0.4)"
    assert shown in run("test", file).output


def test_the_shipped_sets_pass_their_own_tests() -> None:
    result = run("test", *shipped())
    assert result.exit_code == 0


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


DUBIOUS = """\
cexpr: 1
name: dubious
let: {idle: fear}
compounds:
  Happily_Surprised: {score: happiness, when: valence > 3}
decide: {min_duration: 500}
"""


@pytest.fixture
def dubious(tmp_path: Path) -> Path:
    file = tmp_path / "dubious.yaml"
    file.write_text(DUBIOUS, encoding="utf-8")
    return file


def test_check_warns_of_what_cannot_be_meant(dubious: Path) -> None:
    result = run("check", dubious)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0].startswith(f"{dubious}:3:7: warning: idle: no compound reads this value")
    assert lines[3].startswith(
        f"{dubious}:5:47: warning: Happily_Surprised: 'valence > 3' is never"
    )
    assert lines[5].index("^") - 2 == 46
    assert lines[6].startswith(f"{dubious}:6:24: warning: decide: min_duration is 500 frames")
    assert lines[-1] == f"{dubious}: ok, 1 compound, 3 warnings"


def test_strict_makes_errors_of_warnings(dubious: Path, good: Path) -> None:
    result = run("check", "--strict", dubious, good)
    assert result.exit_code == 2
    assert ": error: idle: " in result.output
    assert "warning:" not in result.output
    assert result.output.endswith(
        f"{dubious}: refused for 3 warnings (--strict)\n{good}: ok, 2 compounds\n"
    )
    tested = run("test", "--strict", dubious)
    assert tested.exit_code == 2
    assert ": error: idle: " in tested.stderr
    assert "warning:" not in tested.output
    assert tested.stdout == (
        f"{dubious}: 0 of 0 tests passed\n{dubious}: refused for 3 warnings (--strict)\n"
    )
    plain = run("test", dubious)
    assert plain.exit_code == 0
    assert "warning: idle" in plain.stderr
    assert plain.stdout == f"{dubious}: 0 of 0 tests passed\n"


def test_check_as_json_holds_problems_and_warnings(
    dubious: Path, good: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("cexpr: 1\nname: a\ncompounds: {A: feer}\n", encoding="utf-8")
    result = run("check", "--json", good, dubious, bad, "missing.yaml")
    assert result.exit_code == 2
    found = {Path(one["file"]).name: one for one in json.loads(result.stdout)["files"]}
    assert found["good.yaml"] == {
        "file": str(good),
        "ok": True,
        "compounds": ["Fearfully_Surprised", "Happily_Surprised"],
        "problems": [],
        "warnings": [],
    }
    assert [one["line"] for one in found["dubious.yaml"]["warnings"]] == [3, 5, 6]
    assert found["dubious.yaml"]["ok"]
    (problem,) = found["bad.yaml"]["problems"]
    assert (problem["line"], problem["column"], problem["rule"]) == (3, 16, "A")
    assert "no such file" in found["missing.yaml"]["problems"][0]["message"]
    assert not found["missing.yaml"]["ok"]
    strict = json.loads(run("check", "--json", "--strict", dubious).stdout)["files"][0]
    assert not strict["ok"]


def test_a_test_over_time_tells_which_frames_got_what(tmp_path: Path) -> None:
    file = tmp_path / "time.yaml"
    file.write_text(
        "cexpr: 1\nname: time\ncompounds: {A: fear, B: anger}\ndecide: {hysteresis: 0.3}\n"
        "tests:\n  - name: change\n    frames:\n      - {}\n      - {fear: 0.5, repeat: 3}\n"
        "      - {fear: 0.5, anger: 0.6, repeat: 4}\n      - {anger: 0.9, repeat: 2}\n"
        "    expect: [none, A, B, B]\n"
        "  - frames: [{fear: 0.2}, {no_face: true, repeat: 2}]\n    expect: [A, any]\n",
        encoding="utf-8",
    )
    result = run("test", file)
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        f"{file}:10:9: test 'change': frames 5 to 8: expected B, got A",
        f"{file}: 1 of 2 tests passed",
    ]


def test_a_test_over_time_shows_the_stretches_of_wrong_labels(tmp_path: Path) -> None:
    file = tmp_path / "time.yaml"
    file.write_text(
        "cexpr: 1\nname: time\ncompounds: {A: fear, B: anger}\n"
        "smooth: {kernel: box, radius: 2}\n"
        "tests:\n  - frames: [{fear: 0.5, repeat: 9}, {anger: 1, repeat: 9}]\n"
        "    expect: [A, none]\n",
        encoding="utf-8",
    )
    assert run("test", file).output.splitlines()[:2] == [
        f"{file}:6:14: frames 1 to 9: expected A, got B in frame 9",
        f"{file}:6:38: frames 10 to 18: expected no label, got B",
    ]


def test_run_and_apply_show_warnings_once_on_standard_error(
    work: Path, cexpr_command: Command
) -> None:
    (work / "pair.yaml").write_text(
        (work / "pair.yaml").read_text() + "events: {merge_gap: 4000}\n", encoding="utf-8"
    )
    outcome = cexpr_command("run", *BASE, "clips/a.avi")
    assert outcome.status == 0
    assert outcome.err.count("warning: events: merge_gap is 4000 frames") == 1
    outcome = cexpr_command("apply", "--rules", "pair.yaml", "out")
    assert outcome.err.count("warning: events: merge_gap is 4000 frames") == 1
    assert "warning" not in cexpr_command("apply", "--quiet", "--rules", "pair.yaml", "out").err
