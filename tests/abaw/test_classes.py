"""The orders of the challenges agree with each other, the measures and the signals."""

from __future__ import annotations

from cexpr import metrics
from cexpr.abaw import classes
from cexpr.signals import ACTION_UNITS, EXPRESSIONS


def test_every_expression_has_one_id() -> None:
    assert len(classes.AFF_WILD2_EXPRESSIONS) == metrics.EXPRESSION_CLASSES
    assert set(classes.AFF_WILD2_SIGNALS) == set(EXPRESSIONS)
    assert [classes.AFF_WILD2_SIGNALS[number] for number in classes.AFF_WILD2_IDS.values()] == list(
        EXPRESSIONS
    )
    assert classes.AFF_WILD2_IDS["contempt"] == classes.AFF_WILD2_EXPRESSIONS.index("other") == 7


def test_the_seven_compounds_are_pairs_of_basic_expressions() -> None:
    assert len(classes.CE_CLASSES) == metrics.COMPOUND_CLASSES == len(metrics.COMPOUND_FRAMES)
    pairs = {frozenset(pair) for pair in classes.CE_PAIRS.values()}
    assert len(pairs) == 7
    assert frozenset.union(*pairs) <= set(EXPRESSIONS) - {"neutral", "contempt"}


def test_rows_have_as_many_fields_as_the_header_of_the_contract() -> None:
    assert classes.CE_HEADER == (
        "image_location,Fearfully_Surprised,Happily_Surprised,Sadly_Surprised,"
        "Disgustedly_Surprised,Angrily_Surprised,Sadly_Fearful,Sadly_Angry"
    )
    assert classes.MTL_HEADER == "image,valence,arousal,expression,aus"
    assert {"ce": 1, "mtl": len(classes.MTL_MISSING)} == classes.FIELDS
    assert (-5, -5, -1) + (-1,) * len(ACTION_UNITS) == classes.MTL_MISSING
