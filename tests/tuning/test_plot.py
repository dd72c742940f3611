"""The picture of a search."""

from __future__ import annotations

from builders.tuned_videos import made_up
from cexpr.tuning import search
from cexpr.tuning.plot import svg


def test_the_picture_has_a_cell_for_each_smoothing() -> None:
    labels, videos = made_up(10, noise=0.8)
    found = search.tune(
        labels, videos, smoothings=search.grid(radii=[1, 5], sigmas=[1, 3]), folds=2
    )
    picture = svg(found)
    assert picture.count('stroke="#d94801"') == 3
    # Two radii; a row for the box and one for each sigma; three heads.
    assert picture.count('fill="rgb(') == 2 * 3 * 3
