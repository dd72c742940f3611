"""New rule files work at once and carry the name of their file."""

from __future__ import annotations

from pathlib import Path

import pytest

from cexpr.errors import FileError, RuleError, UsageError
from cexpr.rules.files import shipped
from cexpr.rules.new_file import write_new
from cexpr.rules.rule_set import RuleSet


@pytest.mark.parametrize("source", [None, *shipped()])
def test_a_new_file_works_under_its_own_name(tmp_path: Path, source: str | None) -> None:
    file = tmp_path / "my-rules_2.yaml"
    written = write_new(file, source)
    rules = RuleSet.load(file)
    assert (rules.name, written.name) == ("my-rules_2", "my-rules_2")
    assert rules.warnings == []
    assert rules.tests
    assert all(result["passed"] for result in rules.run_tests())
    if source is not None:
        before = RuleSet.load(source)
        assert rules.text == before.text.replace(f"\nname: {source}\n", "\nname: my-rules_2\n")


def test_the_start_shows_comments_and_a_test_over_time(tmp_path: Path) -> None:
    rules = write_new(tmp_path / "new.yaml")
    assert rules.text.count("#") > 10
    assert any(test["frames"] for test in rules.tests)


@pytest.mark.parametrize("stem", ["true", "1", "a: b", "x # y", "Ärger", "null", '"', "a b"])
def test_any_stem_becomes_the_name(tmp_path: Path, stem: str) -> None:
    write_new(tmp_path / f"{stem}.yaml")
    assert RuleSet.load(tmp_path / f"{stem}.yaml").name == stem


def test_a_file_of_ones_own_may_be_the_source(tmp_path: Path) -> None:
    first = tmp_path / "first.yml"
    first.write_text("cexpr: 1\nname: first # mine\ncompounds: {A: fear}\n", encoding="utf-8")
    assert write_new(tmp_path / "second.yaml", first).name == "second"
    first.write_text("{cexpr: 1, name: first, compounds: {A: fear}}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"expected a line 'name: \.\.\.'"):
        write_new(tmp_path / "third.yaml", first)


def test_nothing_is_overwritten_and_nothing_half_written(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("kept", encoding="utf-8")
    with pytest.raises(UsageError, match="exists already; choose another name"):
        write_new(file)
    assert file.read_text(encoding="utf-8") == "kept"
    with pytest.raises(UsageError, match=r"ends in \.yaml, such as mine\.yaml"):
        write_new(tmp_path / "mine")
    with pytest.raises(UsageError, match=r"there is no folder .*nowhere"):
        write_new(tmp_path / "nowhere" / "mine.yaml")
    with pytest.raises(RuleError, match="unknown rule set 'nope'"):
        write_new(tmp_path / "other.yaml", "nope")
    bad = tmp_path / "bad.yaml"
    bad.write_text("cexpr: 1\nname: bad\ncompounds: {A: feer}\n", encoding="utf-8")
    with pytest.raises(RuleError, match=r"bad\.yaml:3:16"):
        write_new(tmp_path / "other.yaml", bad)
    with pytest.raises(FileError, match="cannot be written"):
        write_new(tmp_path / f"{'x' * 300}.yaml")
    assert not (tmp_path / "other.yaml").exists()
