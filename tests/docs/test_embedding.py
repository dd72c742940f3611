"""docs/embedding.md says what the analyzer does; its hosts are built by cpp/examples/check.py."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cexpr
from cexpr.rules.files import shipped
from cexpr.signals import SIGNALS

PAGE = Path(__file__).parents[2] / "docs" / "embedding.md"

pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="the documents are not beside the tests")


def test_the_table_of_delays_is_right() -> None:
    text = PAGE.read_text(encoding="utf-8")
    shown = {name: int(delay) for name, delay in re.findall(r"\| `([\w-]+)` \| (\d+) \|", text)}
    delays = {name: cexpr.Analyzer(cexpr.RuleSet.load(name), SIGNALS).delay for name in shipped()}
    assert shown == delays


def test_a_delay_is_the_sum_of_its_parts() -> None:
    expression, compounds = ({"kernel": "box", "radius": radius} for radius in (4, 3))
    parts = {
        "smooth": {"expression": expression, "compounds": compounds},
        "decide": {"min_frames": 6},
        "gaps": "interpolate",
    }
    file = {"cexpr": 1, "name": "parts", "compounds": {"A": "mean_over(fear, 9)"}, **parts}
    rules = cexpr.RuleSet.from_dict(file)
    assert cexpr.Analyzer(rules, ["fear"], gap_frames=12).delay == 4 + 3 + 12 + 5
    at_once = {**file, "smooth": {}, "decide": {"min_frames": 1}, "gaps": "hold"}
    assert cexpr.Analyzer(cexpr.RuleSet.from_dict(at_once), ["fear"]).delay == 0
