"""Arrays become columns with names, types and metadata."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from builders.results_files import COMPOUNDS, NAMES, make_face_rows, make_result
from cexpr.tables.columns import Content, event_columns
from cexpr.tables.layout import (
    FaceDecisions,
    columns_table,
    expression_names,
    faces_table,
    text_array,
)


def test_the_strongest_expression_is_named_and_unknown_ones_are_passed_over() -> None:
    nan = np.nan
    signals = np.float32([[0.1, 9, 0.2], [nan, 9, 0.1], [nan, 9, nan], [0.3, 9, 0.3]])
    names = expression_names(signals, ("anger", "valence", "neutral"))
    assert names.to_pylist() == ["neutral", "neutral", None, "anger"]


def test_without_expressions_none_is_named() -> None:
    assert expression_names(np.float32([[0.1]]), ("valence",)).to_pylist() == [None]
    assert expression_names(np.zeros((0, 1), np.float32), ("fear",)).to_pylist() == []


def test_every_field_says_what_it_is() -> None:
    result = make_result()
    for table in (result.frames, result.faces, result.events):
        for field in table.schema:
            assert field.metadata[b"meaning"], field.name
    assert result.frames.schema.field("time").metadata[b"unit"] == b"seconds"
    assert result.frames.schema.field("valence").metadata[b"range"] == b"-1 to 1"
    assert result.frames.schema.field("fear").metadata[b"origin"] == b"learnt"


def test_a_derived_signal_says_so_with_its_formula() -> None:
    rows = make_face_rows()
    nothing = np.zeros((len(rows), len(COMPOUNDS)), np.float32)
    decided = FaceDecisions(rows.signals, nothing, np.int32([-1] * 4), nothing[:, 0])
    content = Content(NAMES, COMPOUNDS, {"valence": "circumplex"}, "mine")
    schema = faces_table(rows, decided, content).schema
    assert schema.field("valence").metadata[b"origin"] == b"derived"
    assert schema.field("valence").metadata[b"formula"].startswith(b"circumplex: ")
    assert b"formula" not in schema.field("fear").metadata
    assert b"'mine'" in schema.field(COMPOUNDS[0]).metadata[b"meaning"]


def test_columns_are_laid_out_as_text() -> None:
    table = columns_table({"events": event_columns()})
    assert table.column_names[:2] == ["table", "column"]
    assert table.column("table").unique().to_pylist() == ["events"]
    assert table.column("column").to_pylist() == make_result().events.column_names
    assert table.column("formula").null_count == table.num_rows


def test_texts_keep_what_is_missing() -> None:
    array = text_array(["a", None, "", "ü"])
    assert array.equals(pa.array(["a", None, "", "ü"]))
    assert text_array([]).equals(pa.array([], pa.string()))
