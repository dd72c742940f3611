"""Rules are refused where a signal is missing, with the reason."""

from __future__ import annotations

import pytest

from cexpr.errors import RuleError
from cexpr.rules.needs import require_signals
from cexpr.rules.rule_set import RuleSet
from cexpr.signals import ACTION_UNITS, EXPRESSIONS, SIGNALS

NEEDY = """
cexpr: 1
name: needy
compounds:
  Pleased: mean(happiness, valence, AU12)
"""


def refusal(rules: RuleSet, names: tuple[str, ...], left_out: tuple[str, ...] = ()) -> RuleError:
    with pytest.raises(RuleError) as caught:
        require_signals(rules, names, left_out)
    assert caught.value.problems
    return caught.value


def test_rules_whose_signals_are_all_there_pass() -> None:
    require_signals(RuleSet.from_string(NEEDY), ("happiness", "valence", "AU12"))


def test_each_place_that_reads_what_no_model_provides_has_a_line() -> None:
    error = refusal(RuleSet.from_string(NEEDY), EXPRESSIONS)
    assert str(error).count("Pleased") == 2
    assert "these rules need signals that the models do not provide" in str(error)
    assert error.remedies == ()


def test_a_shipped_set_is_refused_in_one_line() -> None:
    (line,) = str(refusal(RuleSet.load("emfacs"), EXPRESSIONS)).splitlines()
    assert line.startswith("emfacs: these rules need action units that the models do not provide")


@pytest.mark.parametrize("rules", [RuleSet.from_string(NEEDY), RuleSet.load("emfacs")])
def test_signals_that_are_left_out_are_said_to_be_so_in_one_line(rules: RuleSet) -> None:
    error = refusal(rules, EXPRESSIONS, SIGNALS[len(EXPRESSIONS) :])
    (line,) = str(error).splitlines()
    assert "AU12" in line
    assert "which this run leaves out, because derived is False" in line
    assert "provide" not in line
    assert error.remedies == ("derived",)


def test_signals_that_derived_ones_would_not_add_are_named() -> None:
    error = refusal(RuleSet.load("emfacs"), EXPRESSIONS, ACTION_UNITS[1:])
    assert "the models do not provide (AU01);" in str(error)
