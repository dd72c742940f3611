"""Result files: what stands in them, written whole or not at all, read back unchanged."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from builders.results_files import COMPOUNDS, make_result
from cexpr.errors import ClipError, UsageError
from cexpr.tables.files import (
    csv_bytes,
    find_table,
    read_frames,
    read_table,
    table_path,
    write_result,
)


def test_csv_has_plain_cells_and_empty_ones_for_what_is_unknown(tmp_path: Path) -> None:
    written = write_result(tmp_path, make_result(), ["csv"])
    assert written == ["clip.faces.csv", "clip.frames.csv"]
    lines = (tmp_path / "clip.frames.csv").read_text().splitlines()
    assert lines[0] == (
        "frame,time,n_faces,fear,surprise,valence,Fearfully_Surprised,Sadly_Angry,"
        "compound,compound_id,confidence,filled,expression,face"
    )
    assert lines[1] == "1,0,1,0.1,0.9,-1,0.5,0.25,Fearfully_Surprised,0,0.5,0,surprise,1"
    assert lines[5] == "5,0.16,0,,,,,,,-1,,0,,"
    assert len(lines) == 6


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_tables_read_back_as_they_were(tmp_path: Path, kind: str) -> None:
    result = make_result("späte Überraschung 1.2")
    write_result(tmp_path, result, [kind], parts=("faces", "frames", "events"))
    for part in ("faces", "frames", "events"):
        again = read_table(table_path(tmp_path, result.stem, part, kind))
        assert again.equals(getattr(result, part)), part


def test_parquet_keeps_what_the_fields_say(tmp_path: Path) -> None:
    result = make_result()
    write_result(tmp_path, result, ["parquet"])
    for part in ("faces", "frames"):
        again = read_table(table_path(tmp_path, result.stem, part, "parquet"))
        for field in getattr(result, part).schema:
            assert field.metadata.items() <= again.schema.field(field.name).metadata.items()


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_tables_of_the_first_version_are_read(tmp_path: Path, kind: str) -> None:
    result = make_result()
    old = dataclasses.replace(
        result,
        frames=result.frames.drop_columns(["expression", "face"]),
        faces=result.faces.select(result.faces.column_names[:-6]),
        events=result.events.drop_columns("end_time"),
    )
    write_result(tmp_path, old, [kind], parts=("faces", "frames", "events"))
    for part in ("faces", "frames", "events"):
        again = read_table(table_path(tmp_path, old.stem, part, kind))
        assert again.equals(getattr(old, part)), part


def test_an_empty_table_reads_back_with_its_types(tmp_path: Path) -> None:
    empty = make_result().faces.slice(0, 0)
    path = tmp_path / "a.faces.csv"
    path.write_bytes(csv_bytes(empty))
    assert read_table(path).schema.equals(empty.schema)


def test_names_with_commas_and_quotes_are_quoted() -> None:
    table = pa.table({'a,"b"': pa.array(["x", None, 'say "y", z'])})
    cells = [cell for row in csv.reader(csv_bytes(table).decode().splitlines()) for cell in row]
    assert cells == ['a,"b"', "x", 'say "y", z']


def test_files_that_are_no_results_are_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.frames.csv").write_text("x,y\n1,2\n")
    with pytest.raises(ClipError, match=r"a\.frames\.csv: not a table of frames: no column frame"):
        read_table(tmp_path / "a.frames.csv")
    (tmp_path / "b.frames.csv").write_text("frame,time\n1,now\n")
    with pytest.raises(ClipError, match="cannot be read as a table of results"):
        read_table(tmp_path / "b.frames.csv")
    (tmp_path / "c.faces.parquet").write_bytes(b"PAR1")
    with pytest.raises(ClipError, match="cannot be read as a table of results"):
        read_table(tmp_path / "c.faces.parquet")
    with pytest.raises(ClipError, match="cannot be read as a table of results"):
        read_table(tmp_path / "missing.faces.csv")


def test_the_labels_in_the_file_are_those_of_the_result(tmp_path: Path) -> None:
    write_result(tmp_path, make_result(), ["csv"])
    with (tmp_path / "clip.frames.csv").open(newline="") as stream:
        labels = [row["compound"] for row in csv.DictReader(stream)]
    assert labels == [COMPOUNDS[0], COMPOUNDS[0], COMPOUNDS[1], "", ""]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_frames_are_read_into_arrays(tmp_path: Path, kind: str) -> None:
    result = make_result()
    write_result(tmp_path, result, [kind])
    rows = read_frames(table_path(tmp_path, "clip", "frames", kind))
    assert rows.frame.tolist() == [1, 2, 3, 4, 5]
    assert rows.n_faces.tolist() == [1, 2, 0, 1, 0]
    assert rows.names == ("fear", "surprise", "valence")
    np.testing.assert_array_equal(rows.signals[:, 2], np.float32([-1, -1, -1, -1, np.nan]))
    assert rows.labels == (COMPOUNDS[0], COMPOUNDS[0], COMPOUNDS[1], "", "")
    np.testing.assert_array_equal(rows.confidence, np.float32([0.5, 0.5, 0.6, np.nan, np.nan]))


def test_frames_may_lack_columns_and_have_others(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("note,frame,time,fear\nfirst,3,0.5,\nsecond,4,,0.25\n")
    rows = read_frames(path)
    assert rows.frame.tolist() == [3, 4]
    np.testing.assert_array_equal(rows.time, [0.5, np.nan])
    assert rows.n_faces.tolist() == [1, 1]
    np.testing.assert_array_equal(rows.signals, np.float32([[np.nan], [0.25]]))
    assert rows.labels is None
    assert np.isnan(rows.confidence).all()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n", "expected a STEM.frames.csv with the columns frame and time"),
        ("frame,time,face,detection\n1,0,1,1\n", "this is a table of faces"),
        ("frame,time,fear\n1,0.0,x\n", "invalid value 'x'"),
        ("frame,time\n,0.0\n", "frame: expected a number in each row, got an empty cell"),
        ("", "expected a STEM.frames.csv"),
    ],
)
def test_what_is_not_a_table_of_frames_is_refused(
    tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "other.csv"
    path.write_text(content)
    with pytest.raises(UsageError, match=message):
        read_frames(path)
    with pytest.raises(UsageError, match=r"missing\.csv: cannot be read"):
        read_frames(tmp_path / "missing.csv")


def test_a_table_is_found_in_either_format(tmp_path: Path) -> None:
    assert find_table(tmp_path, "clip", "faces") is None
    write_result(tmp_path, make_result(), ["parquet"])
    assert find_table(tmp_path, "clip", "faces") == tmp_path / "clip.faces.parquet"
    write_result(tmp_path, make_result(), ["csv"])
    assert find_table(tmp_path, "clip", "faces") == tmp_path / "clip.faces.csv"


def test_what_is_not_parquet_is_called_so(tmp_path: Path) -> None:
    for content, reason in ((b"hello", "not a Parquet file"), (b"PAR1 and more", "is damaged")):
        (tmp_path / "a.frames.parquet").write_bytes(content)
        with pytest.raises(ClipError, match=reason):
            read_table(tmp_path / "a.frames.parquet")
