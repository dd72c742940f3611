"""The documents say what the program does: commands, options and examples are checked."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

import cexpr

ROOT = Path(__file__).parents[2]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

pytestmark = pytest.mark.skipif(
    not (ROOT / "README.md").exists(), reason="the documents are not beside the tests"
)


def test_the_reference_of_the_command_line_is_up_to_date() -> None:
    script = runpy.run_path(str(ROOT / "tools" / "make_cli_reference.py"))
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert page == script["reference"](), "run python tools/make_cli_reference.py docs/cli.md"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_to_files_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


def test_the_rule_file_of_the_readme_passes_its_own_tests() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
    rules = cexpr.RuleSet.from_string(source)
    assert rules.compounds == ["Fearfully_Surprised", "Happily_Surprised"]


def test_the_python_example_of_the_readme_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    exec(compile(source, "README.md", "exec"), {})
    assert "compound" in capsys.readouterr().out
