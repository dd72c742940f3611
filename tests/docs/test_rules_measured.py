"""The figures on docs/rules-measured.md belong to the model and the rule sets of this version."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cexpr.models import zoo
from cexpr.rules.files import shipped
from cexpr.rules.rule_set import RuleSet

PAGE = Path(__file__).parents[2] / "docs" / "rules-measured.md"


@pytest.fixture(scope="module")
def page() -> str:
    if not PAGE.exists():
        pytest.skip("the pages are not beside the tests")
    return PAGE.read_text(encoding="utf-8")


def test_the_figures_are_those_of_the_shipped_model(page: str) -> None:
    hashes = re.findall(r"Model `cexpr-s`, SHA-256 `(\w+)`", page)
    assert hashes == [zoo.find("cexpr-s").sha256] * 2


def test_every_rule_set_is_in_the_table(page: str) -> None:
    assert set(re.findall(r"^\| `([a-z-]+)` \| 0\.\d{4} \|", page, re.M)) == set(shipped())


@pytest.mark.parametrize(
    ("name", "title"), [("default", "highest level"), ("challenge", "usual level")]
)
def test_a_rule_set_has_the_weights_that_were_measured(page: str, name: str, title: str) -> None:
    table = page.partition(f"| pair | {title} |")[2].partition("\n\n")[0]
    measured = re.findall(r"^\| (\w+_\w+) \| [\d.]+ \| ([\d.]+) \|$", table, re.M)
    assert len(measured) == 7
    rules = RuleSet.load(name)
    assert [pair for pair, _ in measured] == rules.compounds
    for pair, weight in measured:
        # The weight of `default` stands at the compound, that of `challenge` at its let.
        assert re.search(rf"{pair}: .*{weight} \*", rules.text, re.I), pair
