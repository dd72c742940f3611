"""Results: tables, their types, and how they show themselves."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pytest

from builders.results_files import COMPOUNDS, NAMES, make_face_rows, make_faces_table, make_result
from cexpr.tables.result import (
    FaceRows,
    columns_matrix,
    expression_shares,
    face_rows,
    label_shares,
    shares_line,
    shown_shares,
)


def test_tables_have_the_columns_of_the_contract_in_order() -> None:
    result = make_result()
    assert result.frames.column_names == [
        *("frame", "time", "n_faces", *NAMES, *COMPOUNDS),
        *("compound", "compound_id", "confidence", "filled", "expression", "face"),
    ]
    assert result.faces.column_names == [
        *("frame", "time", "face", "x", "y", "w", "h", "detection", *NAMES),
        *("expression", *COMPOUNDS, "compound", "compound_id", "confidence"),
        *("quality", "quality_reason"),
    ]
    assert result.frames.schema.field("frame").type == pa.int64()
    assert result.frames.schema.field("fear").type == pa.float32()
    assert result.frames.schema.field("time").type == pa.float64()


def test_frames_without_a_label_have_id_minus_one_and_neither_name_nor_confidence() -> None:
    frames = make_result().frames.to_pydict()
    assert frames["compound"] == [COMPOUNDS[0], COMPOUNDS[0], COMPOUNDS[1], None, None]
    assert frames["compound_id"] == [0, 0, 1, -1, -1]
    assert frames["confidence"][3:] == [None, None]
    assert frames["filled"] == [0, 0, 1, 0, 0]


def test_unknown_values_are_null() -> None:
    result = make_result()
    assert result.frames.column("fear").to_pylist()[4] is None
    assert result.faces.column("surprise").to_pylist()[3] is None
    assert np.isnan(columns_matrix(result.frames, ["fear"])[4, 0])


def test_face_rows_come_back_from_their_table() -> None:
    rows = make_face_rows()
    again = face_rows(make_faces_table(rows))
    for field in dataclasses.fields(FaceRows):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(rows, field.name))


def test_learnt_rows_have_no_derived_signals() -> None:
    rows = dataclasses.replace(make_face_rows(), derived={"surprise": "formula"})
    learnt = rows.learnt()
    assert (learnt.names, learnt.derived) == (("fear", "valence"), {})
    np.testing.assert_array_equal(learnt.signals, rows.signals[:, [0, 2]])


def test_no_faces_make_an_empty_table() -> None:
    rows = make_face_rows()
    empty = FaceRows(
        **{
            field.name: getattr(rows, field.name)
            if field.name in ("names", "derived")
            else getattr(rows, field.name)[:0]
            for field in dataclasses.fields(FaceRows)
        }
    )
    table = make_faces_table(empty)
    assert table.num_rows == 0
    assert len(face_rows(table)) == 0


def test_face_rows_refuse_arrays_of_different_lengths() -> None:
    with pytest.raises(ValueError, match=r"detection: expected shape \(4,\), got \(3,\)"):
        dataclasses.replace(make_face_rows(), detection=np.zeros(3, np.float32))


def test_shares_count_frames_without_a_label() -> None:
    assert make_result().shares == {COMPOUNDS[0]: 0.4, COMPOUNDS[1]: 0.2}
    assert label_shares(np.array([None, None], object)) == {}
    assert label_shares(np.array([], object)) == {}


def test_each_frame_with_a_face_counts_once_in_what_is_shown() -> None:
    # Frame 3 is filled in, frame 4 has no label, frame 5 no face.
    assert make_result().shown == pytest.approx({COMPOUNDS[0]: 2 / 3, "surprise": 1 / 3})
    assert expression_shares(make_result().frames) == {"surprise": 1.0}
    assert shown_shares(make_result().frames.slice(4)) == {}


def test_a_line_of_shares_names_every_compound_and_frequent_expressions() -> None:
    shares = {"neutral": 0.71, "happiness": 0.24, "Sadly_Angry": 0.046, "fear": 0.03, "A": 0.001}
    assert shares_line(shares) == "neutral 71 %, happiness 24 %, Sadly_Angry 5 %, A <1 %"
    assert shares_line({}) == ""


def test_summary_and_repr_tell_frames_faces_and_compounds() -> None:
    result = make_result("a & b")
    assert result.summary == ("a & b: 5 frames, 2 faces; Fearfully_Surprised 67 %, surprise 33 %")
    assert result.summary in repr(result)
    notebook = result._repr_html_()
    assert "a &amp; b" in notebook
    assert "<td>Fearfully_Surprised</td><td>0.00</td>" in notebook


def test_data_frames_hold_the_tables() -> None:
    result = make_result()
    assert list(result.to_pandas().columns) == result.frames.column_names
    assert len(result.to_pandas("faces")) == 4
    assert len(result.to_pandas("events")) == 1
    with pytest.raises(ValueError, match="expected frames, faces or events, got 'rows'"):
        result.to_pandas("rows")  # type: ignore[arg-type]


def test_without_pandas_its_installation_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cexpr.tables.result.find_spec", lambda _: None)
    with pytest.raises(ModuleNotFoundError, match="needs the package pandas: pip install pandas"):
        make_result().to_pandas()
