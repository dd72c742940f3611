"""What others rely on: names, order and types of columns, files and statuses, on the real run."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

import cexpr

ROOT = Path(__file__).parents[2]
EXPRESSIONS = [
    "anger",
    "contempt",
    "disgust",
    "fear",
    "happiness",
    "neutral",
    "sadness",
    "surprise",
]
UNITS = [
    "AU01",
    "AU02",
    "AU04",
    "AU06",
    "AU07",
    "AU10",
    "AU12",
    "AU15",
    "AU23",
    "AU24",
    "AU25",
    "AU26",
]
COMPOUNDS = [
    "Fearfully_Surprised",
    "Happily_Surprised",
    "Sadly_Surprised",
    "Disgustedly_Surprised",
    "Angrily_Surprised",
    "Sadly_Fearful",
    "Sadly_Angry",
]
SIGNALS = [*EXPRESSIONS, "valence", "arousal", *UNITS]
FRAMES = [
    *("frame", "time", "n_faces", *SIGNALS, *COMPOUNDS),
    *("compound", "compound_id", "confidence", "filled", "expression", "face"),
]
FACES = [
    *("frame", "time", "face", "x", "y", "w", "h", "detection", *SIGNALS),
    *("expression", *COMPOUNDS, "compound", "compound_id", "confidence"),
    *("quality", "quality_reason"),
]
CLIPS = [
    *("clip", "frames", "seconds", "frames_with_face", "faces", "quality"),
    *(*EXPRESSIONS, "none", *COMPOUNDS),
]
EVENTS = [
    *("clip", "event", "compound", "compound_id"),
    *("onset_frame", "onset_time", "apex_frame", "apex_time", "offset_frame", "offset_time"),
    *("duration", "peak", "mean", "face", "end_time"),
]
SAMPLE_FRAMES = 75


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The main job as the README has it, with everything written."""
    folder = tmp_path_factory.mktemp("contract") / "out"
    command = [sys.executable, "-m", "cexpr", "run", "--rules", "default", "-o", str(folder)]
    command += ["--format", "csv", "--format", "parquet", "--abaw", str(ROOT / "clips")]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def rows_of(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.reader(stream))


def test_the_files_are_those_of_the_contract(out: Path) -> None:
    tables = [
        f"portrait.{part}.{kind}" for part in ("frames", "faces") for kind in ("csv", "parquet")
    ]
    assert sorted(path.name for path in out.iterdir()) == sorted(
        [
            *(*tables, "run.json", "CE.txt", "MTL.txt", "columns.csv"),
            *("clips.csv", "clips.parquet", "events.csv", "events.parquet"),
        ]
    )


def test_columns_stand_in_the_order_of_the_contract(out: Path) -> None:
    assert rows_of(out / "portrait.frames.csv")[0] == FRAMES
    assert rows_of(out / "portrait.faces.csv")[0] == FACES
    assert rows_of(out / "clips.csv")[0] == CLIPS
    assert rows_of(out / "events.csv")[0] == EVENTS


def test_every_frame_has_one_row(out: Path) -> None:
    rows = rows_of(out / "portrait.frames.csv")[1:]
    assert [int(row[0]) for row in rows] == list(range(1, SAMPLE_FRAMES + 1))
    times = [float(row[1]) for row in rows]
    assert times == sorted(set(times))
    assert len(rows_of(out / "CE.txt")) == len(rows_of(out / "MTL.txt")) == SAMPLE_FRAMES + 1


def test_cells_hold_what_their_columns_promise(out: Path) -> None:
    with (out / "portrait.frames.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        assert row["filled"] in {"0", "1"}
        assert row["n_faces"].isdigit()
        label = row["compound"]
        assert int(row["compound_id"]) == (COMPOUNDS.index(label) if label else -1)
        assert (row["confidence"] == "") == (label == "")
        for name in (*EXPRESSIONS, *UNITS):
            assert 0 <= float(row[name]) <= 1
        for name in ("valence", "arousal"):
            assert -1 <= float(row[name]) <= 1
        assert sum(float(row[name]) for name in EXPRESSIONS) == pytest.approx(1, abs=1e-4)


def test_parquet_has_numbers_as_numbers(out: Path) -> None:
    schema = pa.parquet.read_schema(out / "portrait.frames.parquet")
    assert schema.names == FRAMES
    for name in ("frame", "n_faces", "compound_id", "filled", "face"):
        assert schema.field(name).type == pa.int64(), name
    assert schema.field("time").type == pa.float64()
    assert schema.field("compound").type == schema.field("expression").type == pa.string()
    assert schema.field("valence").metadata[b"origin"] == b"derived"
    assert schema.field("happiness").metadata[b"origin"] == b"learnt"
    for name in (*SIGNALS, *COMPOUNDS, "confidence"):
        assert schema.field(name).type == pa.float32(), name


def test_submissions_have_the_headers_of_the_challenge(out: Path) -> None:
    ce = (out / "CE.txt").read_text().splitlines()
    assert ce[0] == ",".join(["image_location", *COMPOUNDS])
    assert ce[1].startswith("portrait/00001.jpg,")
    mtl = (out / "MTL.txt").read_text().splitlines()
    assert mtl[0] == "image,valence,arousal,expression,aus"
    assert all(len(line.split(",")) == 16 for line in mtl[1:])


def test_the_record_tells_versions_hashes_and_derived_heads(out: Path) -> None:
    run = json.loads((out / "run.json").read_text())
    assert run["versions"]["cexpr"] == cexpr.__version__
    assert len(run["models"][0]["sha256"]) == len(run["rules"]["sha256"]) == 64
    assert set(run["derived"]) == {"valence", "arousal", *UNITS}
    clip = run["clips"]["portrait"]
    assert clip["status"] == "done"
    assert clip["info"]["frames"] == SAMPLE_FRAMES
    assert clip["info"]["timings"]["total"] > 0


def test_analyze_gives_the_same_tables(out: Path) -> None:
    result = cexpr.analyze(ROOT / "clips" / "portrait.mp4", rules="default")
    assert result.frames.column_names == FRAMES
    assert result.faces.column_names == FACES
    written = pa.parquet.read_table(out / "portrait.frames.parquet")
    assert result.frames.column("compound").equals(written.column("compound"))
    assert list(result.to_pandas().columns) == FRAMES
