"""The layout of the table of single images."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from cexpr.tables.columns import Content, face_columns, image_columns, schema
from cexpr.tables.images import faces_of_images, images_table

CONTENT = Content(("happiness",), ("A_B",), rules="pair")


def some_faces() -> pa.Table:
    columns = face_columns(CONTENT)
    cells = [pa.array([1, 1, 3], one.kind) if one.unit else None for one in columns]
    arrays = [
        pa.nulls(3, one.kind) if cell is None else cell
        for one, cell in zip(columns, cells, strict=True)
    ]
    return pa.table(arrays, schema=schema(columns))


def test_each_face_has_its_file_instead_of_a_frame() -> None:
    table = images_table(some_faces(), np.array([1, 1, 3]), ["x/a.jpg", "b", "c"], ["a", "b", "c"])
    assert table.schema.equals(schema(image_columns(CONTENT)), check_metadata=True)
    assert table.column("file").to_pylist() == ["x/a.jpg", "x/a.jpg", "c"]
    assert table.column("clip").to_pylist() == ["a", "a", "c"]
    assert "frame" not in table.column_names
    assert "time" not in table.column_names


def test_columns_that_nobody_listed_are_taken_over_and_come_back() -> None:
    faces = some_faces().append_column("remark", pa.array([0.5, 0.25, 1.0], pa.float32()))
    number = np.array([1, 1, 3])
    table = images_table(faces, number, ["a", "b", "c"], ["a", "b", "c"])
    assert table.column("remark").to_pylist() == [0.5, 0.25, 1.0]
    back = faces_of_images(table, number)
    assert back.column_names == faces.column_names
    assert back.column("frame").to_pylist() == [1, 1, 3]
    assert back.column("time").to_pylist() == [0.0, 0.0, 0.0]


def test_no_image_is_a_table_too() -> None:
    table = images_table(some_faces().slice(0, 0), np.zeros(0, np.int64), [], [])
    assert table.num_rows == 0
    assert table.column_names == [one.name for one in image_columns(CONTENT)]
