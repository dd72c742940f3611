"""Where the faces of single images are kept while a run goes on, and after it."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from cexpr.errors import ClipError, FileError
from cexpr.runs.images import ImageStore, by_image, read_images, rows_held
from cexpr.tables.columns import Content, image_columns, schema

COLUMNS = schema(image_columns(Content(("happiness",), ("A_B",))))


def faces(*names: str, face: int = 1) -> pa.Table:
    """A row for each name; `face` tells the rows of one part from those of another."""
    values = {"clip": names, "file": [f"{name}.jpg" for name in names], "face": [face] * len(names)}
    arrays = [
        pa.array(values[one.name], one.type)
        if one.name in values
        else pa.nulls(len(names), one.type)
        for one in COLUMNS
    ]
    return pa.table(arrays, schema=COLUMNS)


def held(folder: Path) -> list[tuple[str, int]]:
    table = read_images(folder, COLUMNS)
    return list(
        zip(table.column("clip").to_pylist(), table.column("face").to_pylist(), strict=True)
    )


def test_what_is_flushed_is_found_by_another_process(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)
    store.add(["a", "b"], faces("a", "a"))
    assert held(tmp_path) == []
    store.flush()
    store.add(["c"], faces("c"))
    store.flush()
    assert held(tmp_path) == [("a", 1), ("a", 1), ("c", 1)]
    assert rows_held(tmp_path) == {"a": 2, "c": 1}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_last_part_that_holds_an_image_counts(tmp_path: Path, kind: str) -> None:
    first = ImageStore(tmp_path)
    first.add(["a", "b", "c"], faces("a", "b", "c"))
    first.join(["a", "b", "c"], COLUMNS, [kind])  # type: ignore[list-item]
    first.close()
    assert [path.name for path in tmp_path.iterdir()] == [f"images.{kind}"]
    # Killed after a part, and begun again: `a` was done twice, `b` has no face any more.
    for number in (2, 3):
        later = ImageStore(tmp_path)
        later.add(["a", "b"], faces("a", face=number))
        later.flush()
    assert sorted(held(tmp_path)) == [("a", 3), ("c", 1)]
    later.join(["c", "a", "b"], COLUMNS, [kind])  # type: ignore[list-item]
    later.close()
    assert held(tmp_path) == [("c", 1), ("a", 3)]
    assert [path.name for path in tmp_path.iterdir()] == [f"images.{kind}"]


def test_images_that_are_not_asked_for_are_left_out_of_the_table(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)
    store.add(["a", "b"], faces("a", "b"))
    store.join(["b"], COLUMNS, ["csv", "parquet"])
    store.close()
    assert held(tmp_path) == [("b", 1)]


def test_parts_stay_until_they_are_in_the_table(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)
    store.add(["a"], faces("a"))
    (tmp_path / ".images.csv.tmp").mkdir()
    with pytest.raises(FileError, match=r"images\.csv: cannot be written"):
        store.join(["a"], COLUMNS, ["csv"])
    store.close()
    assert held(tmp_path) == [("a", 1)]


def test_a_folder_without_images_has_none(tmp_path: Path) -> None:
    assert read_images(tmp_path).num_rows == 0
    assert rows_held(tmp_path) == {}


def test_a_damaged_part_is_named_and_holds_nothing(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)
    store.add(["a"], faces("a"))
    store.flush()
    (part,) = (tmp_path / "images.parts").iterdir()
    part.write_bytes(b"PAR1")
    with pytest.raises(ClipError, match="damaged"):
        read_images(tmp_path)
    assert rows_held(tmp_path) == {}


def test_another_table_of_that_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "images.csv").write_text("file,clip\n")
    with pytest.raises(ClipError, match="not a table of images: no column face"):
        read_images(tmp_path)


def test_rows_are_found_by_image() -> None:
    found = by_image(faces("a", "a", "b"))
    assert {name: rows.num_rows for name, rows in found.items()} == {"a": 2, "b": 1}
