"""Errors: a message for a person, an exit status for the shell, and what would mend them."""

from __future__ import annotations

import pickle

import pytest

from cexpr import errors
from cexpr.errors import CexprError, RuleError, RuleProblem


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("UsageError", 2),
        ("RuleError", 2),
        ("ModelError", 2),
        ("FileError", 1),
        ("ClipError", 1),
    ],
)
def test_every_error_has_its_status_and_travels_between_processes(name: str, status: int) -> None:
    error = getattr(errors, name)("clip.mp4: damaged", remedies=["overwrite"])
    assert isinstance(error, CexprError)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), "clip.mp4: damaged")
    assert (again.exit_code, again.remedies) == (status, ("overwrite",))


def test_an_error_that_nothing_mends_has_no_remedies() -> None:
    assert CexprError("a").remedies == ()
    assert RuleError("a").problems == RuleError("a").remedies == ()


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (RuleProblem("a.yaml", 3, 7, "A", "unknown"), "a.yaml:3:7: A: unknown"),
        (RuleProblem("a.yaml", 3, 7, "", "unknown"), "a.yaml:3:7: unknown"),
        (RuleProblem("<dict>", 0, 0, "", "nested too deep"), "<dict>: nested too deep"),
    ],
)
def test_a_problem_leaves_out_what_is_unknown(problem: RuleProblem, text: str) -> None:
    assert str(problem) == text
