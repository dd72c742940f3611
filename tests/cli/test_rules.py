"""`cexpr rules list`, `show`, `new` and `schema`."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from cexpr import _core
from cexpr.cli import app
from cexpr.errors import CexprError, UsageError
from cexpr.rules.files import shipped
from cexpr.rules.rule_set import RuleSet
from cexpr.rules.schema import rule_schema


def run(*words: object) -> Result:
    result = CliRunner().invoke(app, ["rules", *map(str, words)])
    if result.exception and not isinstance(result.exception, SystemExit | CexprError):
        raise result.exception
    return result


def test_list_names_every_shipped_set_and_what_it_reads() -> None:
    result = run("list")
    assert result.exit_code == 0
    found = [line for line in result.output.splitlines() if not line.startswith(" ")]
    assert found == sorted(found) == _core.shipped_rule_names() == list(shipped())
    assert "reads: anger, disgust, fear, happiness, sadness, surprise" in result.output


def test_schema_prints_the_schema() -> None:
    assert json.loads(run("schema").output) == rule_schema()


def test_list_says_where_the_sets_lie_and_what_they_name() -> None:
    output = run("list").output
    for path in shipped().values():
        assert f"  path: {path}\n" in output
    assert "  compounds: Fearfully_Surprised, Happily_Surprised" in output
    entries = json.loads(run("list", "--json").output)["rules"]
    assert [one["name"] for one in entries] == list(shipped())
    for one in entries:
        rules = RuleSet.load(one["name"])
        assert Path(one["path"]).read_text(encoding="utf-8") == rules.text
        assert (one["compounds"], one["signals"]) == (rules.compounds, rules.signals)
        assert (one["about"], one["source"]) == (rules.about, rules.source)


def test_show_prints_a_set_as_it_is(tmp_path: Path) -> None:
    for name, path in shipped().items():
        assert run("show", name).output == path.read_text(encoding="utf-8")
    file = tmp_path / "mine.yaml"
    file.write_text("# anything\n", encoding="utf-8")
    assert run("show", file).output == "# anything\n"
    assert "did you mean 'default'" in str(run("show", "defalt").exception)


def test_new_writes_a_set_that_works_at_once(tmp_path: Path) -> None:
    file = tmp_path / "smiles.yaml"
    result = run("new", file)
    assert (result.exit_code, result.output) == (0, f"{file}: written, 2 compounds\n")
    assert run("check", "--strict", file).exit_code == 0
    assert run("test", file).output == f"{file}: 3 of 3 tests passed\n"
    again = run("new", file)
    assert isinstance(again.exception, UsageError)
    assert "the file exists already" in str(again.exception)
    copy = tmp_path / "copy.yaml"
    assert run("new", copy, "--from", "avcer").exit_code == 0
    assert RuleSet.load(copy).name == "copy"
