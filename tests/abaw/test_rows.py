"""Rows of submissions."""

from __future__ import annotations

import pyarrow as pa
import pytest

from builders.labelled_runs import clip
from cexpr.abaw.rows import (
    compound_ids,
    compound_rows,
    has_missing,
    label_ids,
    lacking_signals,
    multi_task_rows,
)
from cexpr.signals import ACTION_UNITS, EXPRESSIONS, SIGNALS


def test_a_name_with_a_comma_stays_one_field() -> None:
    frames = pa.table({"frame": [1, 2], "compound": ["Sadly_Angry", None]})
    rows = list(compound_rows("a, b", frames, label_ids(frames)))
    assert rows == ["a_ b/00001.jpg,6", "a_ b/00002.jpg,-1"]


def test_a_compound_outside_the_challenge_has_no_id() -> None:
    frames = pa.table({"frame": [1, 2], "compound": ["Fearfully_Surprised", "Smile"]})
    assert label_ids(frames).tolist() == [0, -1]


def scored(label: list[str | None], **columns: list[float | None]) -> pa.Table:
    """Frames with these labels and columns."""
    numbers = list(range(1, len(label) + 1))
    values = {name: pa.array(column, pa.float32()) for name, column in columns.items()}
    return pa.table({"frame": numbers, "compound": pa.array(label, pa.string()), **values})


def test_a_frame_without_a_label_has_a_strongest_pair() -> None:
    frames = scored(
        ["Sadly_Angry", "Smile", None, None],
        Happily_Surprised=[0.9, 0.1, 0.0, None],
        Sadly_Angry=[0.1, 0.2, 0.05, None],
        Smile=[0.0, 0.9, 0.0, 0.0],
    )
    assert compound_ids(frames, {}).tolist() == [6, 6, 6, -1]
    # The highest adjusted score wins; a score of 0 cannot, whatever its bias.
    adjusted = {"Happily_Surprised": (2.0, 0.5), "Smile": (1.0, 0.0)}
    assert compound_ids(frames, adjusted).tolist() == [6, 1, 6, -1]


def test_closed_gates_leave_the_geometric_mean_of_the_probabilities() -> None:
    frames = scored(
        [None, None, None],
        Happily_Surprised=[0.0, 0.0, 0.0],
        Sadly_Fearful=[0.0, 0.0, 0.0],
        Sadly_Angry=[0.0, None, 0.0],
        happiness=[0.6, 0.0, 0.0],
        surprise=[0.01, 0.5, 0.9],
        sadness=[0.1, 0.3, None],
        anger=[0.07, 0.1, 0.05],
    )
    # The first: sqrt(0.007) beats sqrt(0.006). There is no fear among the columns.
    assert compound_ids(frames, {}).tolist() == [6, 6, -1]


@pytest.mark.parametrize(
    ("highest", "number"),
    [("neutral", 0), ("anger", 1), ("disgust", 2), ("fear", 3), ("happiness", 4), ("sadness", 5),
     ("surprise", 6), ("contempt", 7)],
)  # fmt: skip
def test_expressions_have_the_ids_of_aff_wild2(highest: str, number: int) -> None:
    columns = {name: [0.9 if name == highest else 0.1] for name in EXPRESSIONS}
    values = {"valence": [-0.25], "arousal": [0.125], **{name: [0.6] for name in ACTION_UNITS}}
    frames = pa.table({"frame": [7], **columns, **values})
    (row,) = multi_task_rows("v", frames, {"AU02": 0.7})
    units = ["1", "0"] + ["1"] * 10
    assert row == ",".join(["v/00007.jpg", "-0.25", "0.125", str(number), *units])


def test_an_unknown_frame_has_the_markers_of_the_challenge() -> None:
    rows = list(multi_task_rows("v", clip("v", [0, -1]).frames, {}))
    assert rows[1] == "v/00002.jpg,-5,-5,-1" + ",-1" * 12
    assert [has_missing("mtl", row.partition(",")[2]) for row in rows] == [False, True]


def test_a_valence_of_minus_one_is_not_missing() -> None:
    assert not has_missing("mtl", "-1,-1,3" + ",0" * 12)
    assert has_missing("mtl", "0.5,0.5,3" + ",0" * 11 + ",-1")
    assert has_missing("ce", "-1")
    assert not has_missing("ce", "3")


def test_what_the_multi_task_challenge_needs_is_listed() -> None:
    assert lacking_signals(SIGNALS) == []
    assert lacking_signals(("fear", "valence", "arousal", *ACTION_UNITS[1:])) == ["AU01"]
    assert lacking_signals(ACTION_UNITS) == ["expression", "valence", "arousal"]
