"""Options: checked in one place, with messages that name the option."""

from __future__ import annotations

import pytest

from cexpr.errors import UsageError
from cexpr.options import RunOptions, parse_blend


def test_defaults_are_those_of_the_contract() -> None:
    options = RunOptions()
    assert (options.rules, options.detector, options.formats) == ("default", "mtcnn", ("csv",))
    assert not options.abaw


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        RunOptions.checked({"threads": 0, "formats": ["xlsx"], "colour": "red"})
    for word in ("threads", "formats", "xlsx", "colour"):
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_order_and_repetition_of_formats_change_nothing() -> None:
    first = RunOptions.checked({"formats": ["parquet", "csv", "csv"]})
    assert first == RunOptions.checked({"formats": ["csv", "parquet"]})


def test_blend_weights_are_read_by_name() -> None:
    assert parse_blend(["expression=0.8,0.2", "fear=1,0"]) == {
        "expression": (0.8, 0.2),
        "fear": (1.0, 0.0),
    }


@pytest.mark.parametrize("text", ["expression", "=1,2", "fear=", "fear=a,b", "fear=nan,1"])
def test_weights_in_another_form_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected NAME=W,W"):
        parse_blend([text])


def test_weights_for_one_name_are_given_once() -> None:
    with pytest.raises(UsageError, match="each NAME once"):
        parse_blend(["fear=1,0", "fear=0,1"])
