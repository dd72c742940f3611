"""docs/tables.md names every column and key that the program writes, and says what holds."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow.parquet
import pytest

from builders.image_files import write_grey_images
from builders.run_files import BASE, Command, read_csv, read_run
from cexpr.runs.record import ClipRecord, RunRecord
from cexpr.signals import SIGNALS

PAGE = Path(__file__).parents[2] / "docs" / "tables.md"

pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the documents are not beside the tests")


def first_cells(section: str) -> set[str]:
    """Names in the first column of a section's tables."""
    (text,) = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.DOTALL | re.M)
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("|")]
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_every_column_that_a_run_writes_is_named(
    work: Path, cexpr_command: Command, kind: str
) -> None:
    cexpr_command("run", *BASE, "--events", "--format", kind, "clips/a.avi")
    for part in ("frames", "faces", "events", "clips"):
        path = work / "out" / ("clips" if part == "clips" else f"a.{part}")
        path = path.with_name(f"{path.name}.{kind}")
        columns = (
            list(read_csv(path)[0]) if kind == "csv" else pyarrow.parquet.read_schema(path).names
        )
        named = first_cells(part.title())
        # The signals are the same in both tables, and compounds go by the rule file's names.
        others = {*read_run()["rules"]["compounds"], *(SIGNALS if part == "faces" else ())}
        assert set(columns) - others <= named
        # Nor is one named that is not written.
        assert named <= {*columns, *SIGNALS}
    assert set(SIGNALS) <= first_cells("Frames")


def test_images_have_the_columns_of_faces_behind_their_own(
    work: Path, cexpr_command: Command
) -> None:
    write_grey_images(work / "photos", "ab")
    cexpr_command("run", *BASE, "photos")
    cexpr_command("run", *BASE[:-1], "apart", "--stills", "apart", "photos")
    columns, faces = (
        list(read_csv(work / path)[0]) for path in ("out/images.csv", "apart/a.faces.csv")
    )
    assert columns == ["file", "clip", *faces[2:]]
    assert first_cells("Images") == {"file", "clip"}


def test_the_events_of_a_run_have_one_column_more(work: Path, cexpr_command: Command) -> None:
    cexpr_command("run", *BASE, "--events", "clips/a.avi")
    one, whole = (read_csv(work / "out" / f"{stem}events.csv") for stem in ("a.", ""))
    assert list(whole[0]) == ["clip", *one[0]]
    assert "Its first column `clip`" in PAGE.read_text()


def test_every_key_of_the_record_is_named(work: Path, cexpr_command: Command) -> None:
    cexpr_command("run", *BASE, "clips/a.avi")
    record = read_run()
    named = first_cells("run.json")
    assert {*record, *record["clips"]["a"]} <= named
    assert named == {*record, *ClipRecord.model_fields}
    assert set(RunRecord.model_fields) <= named
    text = PAGE.read_text()
    info = record["clips"]["a"]["info"]
    for name in (*info, *record["rules"], *record["models"][0], *record["detector"]):
        assert f"`{name}`" in text, name
