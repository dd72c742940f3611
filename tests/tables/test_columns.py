"""What the columns mean, and which there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest

from cexpr.errors import RuleError
from cexpr.models.manifest import ActionUnitHead, ValenceArousalHead
from cexpr.rules.rule_set import RuleSet
from cexpr.signals import EXPRESSIONS, SIGNALS
from cexpr.tables.columns import (
    FORMULAS,
    Column,
    Content,
    clip_columns,
    event_columns,
    face_columns,
    frame_columns,
    run_event_columns,
)

CONTENT = Content(SIGNALS, ("A", "B"), {"AU01": "prototypes"}, "mine")
ORIGINS = {"clip", "detector", "learnt", "derived", "rules"}


def test_every_column_has_a_meaning_an_origin_and_a_name_of_its_own() -> None:
    for columns in (
        frame_columns(CONTENT),
        face_columns(CONTENT),
        run_event_columns(),
        clip_columns(CONTENT),
    ):
        assert all(one.meaning and one.origin in ORIGINS for one in columns)
        names = [one.name for one in columns]
        assert len(set(names)) == len(names)


def test_every_formula_of_a_manifest_is_explained() -> None:
    for head in (ValenceArousalHead, ActionUnitHead):
        (names, _) = get_args(head.model_fields["derived"].annotation)
        assert set(get_args(names)) <= set(FORMULAS)


def test_only_signals_and_expressions_are_learnt() -> None:
    for columns in (frame_columns, face_columns):
        learnt = {one.name for one in columns(CONTENT) if one.origin == "learnt"}
        assert learnt == {*SIGNALS, "expression"} - {"AU01"}
        assert [one.name for one in columns(CONTENT) if one.origin == "derived"] == ["AU01"]
        assert [one.name for one in columns(CONTENT) if one.formula] == ["AU01"]
    assert {one.name for one in event_columns() if one.formula} == set()


def test_shares_of_expressions_are_learnt_and_those_of_labels_are_of_the_rules() -> None:
    origins = {one.name: one.origin for one in clip_columns(CONTENT)}
    assert {origins[name] for name in EXPRESSIONS} == {"learnt"}
    assert {origins[name] for name in ("none", "A", "B")} == {"rules"}


def test_the_name_of_the_clip_is_said_to_be_in_the_events_of_all_clips_alone() -> None:
    first, *others = run_event_columns()
    assert (first.name, others) == ("clip", event_columns())
    assert "only in the events of all clips" in first.meaning
    assert "events" not in clip_columns(CONTENT)[0].meaning


def test_metadata_leaves_out_what_is_open() -> None:
    column = Column("a", None, "meaning", origin="clip")
    assert column.metadata() == {"meaning": "meaning", "origin": "clip"}


def test_clips_have_a_share_for_each_expression_that_the_run_has() -> None:
    columns = [one.name for one in clip_columns(Content(("fear", "valence"), ("A",)))]
    assert columns[-3:] == ["fear", "none", "A"]


@pytest.mark.parametrize("columns", [frame_columns, face_columns, clip_columns])
def test_no_compound_may_be_named_as_another_column(
    columns: Callable[[Content], list[Column]],
) -> None:
    # Quality has columns of its own in tables of faces and clips that know it.
    names = {one.name for one in columns(Content((), ()))} | {"quality", "quality_reason"}
    for name in names:
        with pytest.raises(RuleError, match="names another column"):
            RuleSet.from_dict({"cexpr": 1, "name": "mine", "compounds": {name: "fear"}})
