"""The rule sets that are compiled into the core equal the files that they were made from."""

from __future__ import annotations

import numpy as np
import pytest

from cexpr import _core
from cexpr.rules.files import shipped
from cexpr.rules.rule_set import RuleSet
from cexpr.signals import SIGNALS

ROWS = 500


def test_every_shipped_file_is_compiled_in_and_nothing_else() -> None:
    assert _core.shipped_rule_names() == sorted(shipped())


@pytest.mark.parametrize("name", sorted(shipped()))
def test_a_compiled_in_set_is_its_file(name: str) -> None:
    inside, file = _core.shipped_rules(name), RuleSet.load(name)
    for one in ("name", "about", "source", "signals", "compounds", "faces", "gaps", "tests"):
        assert getattr(inside, one) == getattr(file.core, one), one
    assert inside.smooth == file.core.smooth
    assert inside.event_options == file.core.event_options
    assert inside.looks_over_time == file.core.looks_over_time
    assert inside.warnings == file.core.warnings == []
    for key, value in file.core.decide_options.items():
        np.testing.assert_array_equal(inside.decide_options[key], value, err_msg=key)


@pytest.mark.parametrize("name", sorted(shipped()))
def test_a_compiled_in_set_gives_the_scores_of_its_file(name: str) -> None:
    inside, file = _core.shipped_rules(name), RuleSet.load(name)
    random = np.random.default_rng(1)
    signals = random.random((ROWS, len(SIGNALS)), np.float32)
    signals[random.random(signals.shape) < 0.02] = np.nan
    index = {
        "frames": np.arange(1, ROWS + 1, dtype=np.int64),
        "times": np.arange(ROWS) / 25,
        "tracks": np.zeros(ROWS, np.int64),
    }
    scores = inside.evaluate(signals, SIGNALS, **index)
    np.testing.assert_array_equal(scores, file.evaluate(signals, SIGNALS, **index))
    np.testing.assert_array_equal(inside.decide(scores), file.decide(scores))


def test_an_unknown_name_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match=r"'defalt'; there are avcer, .*default"):
        _core.shipped_rules("defalt")
