"""The vocabulary of signals: its groups, and that the core has the same."""

from __future__ import annotations

from cexpr.rules.rule_set import RuleSet
from cexpr.signals import GROUPS, SIGNALS


def test_the_groups_are_the_whole_in_order() -> None:
    assert tuple(name for names in GROUPS.values() for name in names) == SIGNALS
    assert len(set(SIGNALS)) == len(SIGNALS) == 22


def test_the_core_reads_the_same_names_in_the_same_order() -> None:
    backwards = ", ".join(reversed(SIGNALS))
    rules = RuleSet.from_string(f"cexpr: 1\nname: all\ncompounds: {{A: 'sum({backwards})'}}")
    assert tuple(rules.signals) == SIGNALS
