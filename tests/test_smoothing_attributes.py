"""Attributes of a `Smoothing`: which fit together, and their defaults."""

from __future__ import annotations

import numpy as np
import pytest

from cexpr.rules.rule_set import RuleSet
from cexpr.smoothing import Smoothing


def test_a_smoothing_of_a_rule_file_is_what_its_author_wrote() -> None:
    rules = RuleSet.from_string(
        "cexpr: 1\nname: a\ncompounds: {A: fear}\nsmooth:\n"
        "  expression: {kernel: gaussian, sigma: 0.2s}\n"
        "  valence_arousal: {kernel: box, radius: 10, window: rows}\n"
        "  compounds: {kernel: box, radius: 2, filled: count}\n"
    )
    assert rules.smooth["expression"].sigma == "0.2s"
    assert rules.smooth["valence_arousal"].radius == 10
    assert rules.smooth["valence_arousal"].window == "rows"
    assert rules.smooth["action_units"].kernel == "none"
    assert (rules.smooth["compounds"].radius, rules.smooth["compounds"].filled) == (2, "count")
    assert rules.smooth["action_units"].arguments(25.0) is None
    gaussian = rules.smooth["expression"].arguments(25.0)
    assert gaussian == {"kernel": "gaussian", "radius": 15, "sigma": 5.0, "window": "frames"}
    assert rules.smooth["valence_arousal"].arguments(25.0) == {
        "kernel": "box",
        "radius": 10,
        "sigma": None,
        "window": "rows",
    }


@pytest.mark.parametrize("sigma", [1, 1.3, 2.5, 50_000, "0.2s", "1.5s", "2000s"])
def test_a_gaussian_reaches_as_far_as_in_a_rule_file(sigma: float | str) -> None:
    rules = RuleSet.from_dict(
        {
            "cexpr": 1,
            "name": "a",
            "compounds": {"A": "fear"},
            "smooth": {"expression": {"kernel": "gaussian", "sigma": sigma}},
        }
    )
    built, loaded = Smoothing("gaussian", sigma=sigma), rules.smooth["expression"]
    assert built.arguments(25.0) == loaded.arguments(25.0)
    assert built.radius == loaded.radius
    assert built.arguments(25.0)["radius"] > 0


def test_equal_smoothings_are_equal_however_they_are_written() -> None:
    assert Smoothing("gaussian", 3, 2) == Smoothing("gaussian", 3.0, 2.0)
    assert repr(Smoothing("gaussian", 3.0, 2)) == repr(Smoothing("gaussian", np.int64(3), 2.0))
    assert len({Smoothing("box", 3), Smoothing("box", 3.0), Smoothing("box", "3s")}) == 2


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"kernel": None}, TypeError, "kernel: expected text, got None"),
        ({"kernel": "boxy"}, ValueError, "kernel: expected none, box or gaussian, got 'boxy'"),
        ({"kernel": "box", "radius": -1}, ValueError, "radius: expected at least 0, got -1"),
        ({"kernel": "box", "radius": np.inf}, ValueError, "radius: expected at most 100000 f"),
        ({"kernel": "box", "radius": 10**30}, ValueError, "radius: expected at most 100000 frames"),
        ({"kernel": "box", "radius": "4000s"}, ValueError, "radius: expected at most 3600 seconds"),
        ({"kernel": "box", "radius": 1.5}, ValueError, r"radius: expected a whole number .* 1\.5"),
        ({"kernel": "box", "radius": np.nan}, ValueError, "radius: expected at least 0, got nan"),
        ({"kernel": "gaussian", "sigma": np.inf}, ValueError, "sigma: expected at most 100000 fra"),
        (
            {"kernel": "gaussian", "sigma": "1s", "window": "rows"},
            ValueError,
            "sigma: expected a n",
        ),
        ({"kernel": "box"}, ValueError, "radius: the box kernel needs one"),
        ({"kernel": "box", "radius": "2 s"}, ValueError, r"radius: expected frames \(10\) or seco"),
        ({"kernel": "box", "radius": [1]}, TypeError, r"radius: expected a number, got \[1\]"),
        ({"kernel": "box", "radius": 1, "sigma": 1}, ValueError, "sigma belongs to the gaussian"),
        ({"kernel": "gaussian", "radius": 1}, ValueError, "sigma belongs to the gaussian"),
        ({"kernel": "gaussian", "radius": 1, "sigma": 0}, ValueError, "sigma: expected a number a"),
        ({"kernel": "box", "radius": 1, "window": "s"}, ValueError, "window: expected frames or r"),
        ({"kernel": "box", "radius": "1s", "window": "rows"}, ValueError, "a number of rows"),
        ({"filled": "yes"}, ValueError, "filled: expected count or skip, got 'yes'"),
    ],
)
def test_a_smoothing_that_makes_no_sense_is_refused(
    arguments: dict[str, object], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        Smoothing(**arguments)


def test_a_smoothing_reads_as_a_person_would_say_it() -> None:
    assert str(Smoothing()) == "none"
    assert str(Smoothing("box", radius=5)) == "box radius 5"
    assert (
        str(Smoothing("gaussian", radius="0.5s", sigma=1.25)) == "gaussian sigma 1.25 radius 0.5s"
    )
