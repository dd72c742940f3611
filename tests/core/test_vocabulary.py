"""The names of the signals stand in C++ and in Python, and must be the same."""

from __future__ import annotations

from cexpr import _core
from cexpr.signals import GROUPS


def test_the_groups_of_cpp_are_those_of_python() -> None:
    assert list(_core.GROUPS.items()) == list(GROUPS.items())


def test_rules_know_the_signals_of_every_group() -> None:
    names = [name for group in GROUPS.values() for name in group]
    root = [
        (("str", 1, 1, "cexpr"), ("int", 1, 1, 1)),
        (("str", 1, 1, "name"), ("str", 1, 1, "every signal")),
        (
            ("str", 1, 1, "compounds"),
            ("map", 1, 1, [(("str", 1, 1, "C"), ("str", 1, 1, f"mean({', '.join(names)})"))]),
        ),
    ]
    assert _core.compile_rules(("map", 1, 1, root)).signals == names
