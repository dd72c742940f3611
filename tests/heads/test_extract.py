"""From clips to features: every face of every frame, once."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from builders.feature_files import CLIPS, FRAMES, command, extract_all
from builders.photos import astronaut
from builders.run_files import Command
from builders.threads import needs_thread_times, working_threads
from builders.video_files import write_video
from cexpr.errors import ModelError
from cexpr.heads.extract import Extraction, Extractor
from cexpr.heads.features import read_features, read_row_groups
from cexpr.models import manifest
from cexpr.models.session import Model
from cexpr.preprocess import preprocess


def test_features_are_those_of_the_model_on_each_frame(
    clips: Path, model: Path, tmp_path: Path
) -> None:
    extract_all(clips, model, tmp_path / "out.parquet")
    read = read_features(tmp_path / "out.parquet")
    assert len(read.keys) == CLIPS * FRAMES
    found = manifest.load(model)
    network = Model(found, tmp_path / "net.onnx", features=True)
    image = cv2.imread(str(clips / "clip1" / "00007.png"))
    # A frame of 16 x 16 that becomes 8 x 8.
    matrices = np.float32([[[0.5, 0, -0.25], [0, 0.5, -0.25]]])
    spec = found.input
    face = preprocess(image, matrices, spec.size, spec.mean, spec.std, spec.color)
    expected = network.run(face)
    row = read.keys.index(("clip1", 7))
    np.testing.assert_allclose(read.features[row], expected["embedding"][0], atol=1e-4)
    np.testing.assert_allclose(read.outputs[row], expected["output"][0], atol=1e-4)


def test_clips_that_are_there_are_kept_and_new_ones_added(
    clips: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.parquet"
    extract_all(clips / "clip0", model, out)
    text = extract_all(clips, model, out)
    assert "clip0: 20 faces (kept)" in text
    assert "clip1: 20 faces\n" in text
    assert [one.stem for one in read_row_groups(out)[1]] == ["clip0", "clip1", "clip2"]
    before = out.stat().st_mtime_ns
    extract_all(clips, model, out)
    assert out.stat().st_mtime_ns == before
    cv2.imwrite(str(clips / "clip1" / "00021.png"), np.zeros((16, 16, 3), np.uint8))
    text = extract_all(clips, model, out)
    assert "clip1: 21 faces\n" in text
    assert len(read_features(out).keys) == CLIPS * FRAMES + 1
    code, text = command("extract", clips, "-o", out, "--model", model, "--float16")
    assert code != 0
    assert "other settings" in text
    assert "(kept)" not in extract_all(clips, model, out, "--float16", "--overwrite")


def test_an_extraction_that_was_stopped_goes_on(
    clips: Path,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cexpr_command: Command,
) -> None:
    out = tmp_path / "out.parquet"
    whole = Extractor.extract

    def stop(self: Extractor, source: object) -> object:
        if source.stem == "clip2":
            raise KeyboardInterrupt
        return whole(self, source)

    options = ("--model", model, "--detector", "full-frame")
    with monkeypatch.context() as patch:
        patch.setattr(Extractor, "extract", stop)
        outcome = cexpr_command("extract", clips, "-o", out, *options)
    assert outcome.status == 130
    assert outcome.err == "cexpr: stopped; run the same command again to do the rest\n"
    assert not out.exists()
    text = extract_all(clips, model, out)
    assert "clip1: 20 faces (kept)" in text
    assert "clip2: 20 faces\n" in text
    extract_all(clips, model, tmp_path / "once.parquet")
    ours, theirs = read_features(out), read_features(tmp_path / "once.parquet")
    assert ours.keys == theirs.keys
    np.testing.assert_array_equal(ours.features, theirs.features)


def test_several_processes_write_the_same(clips: Path, model: Path, tmp_path: Path) -> None:
    extract_all(clips, model, tmp_path / "one.parquet")
    extract_all(clips, model, tmp_path / "two.parquet", "--jobs", "2")
    one, two = (read_features(tmp_path / f"{name}.parquet") for name in ("one", "two"))
    rows = [two.keys.index(key) for key in one.keys]
    np.testing.assert_array_equal(one.features, two.features[rows])


@needs_thread_times
@pytest.mark.parametrize("threads", [1, 2])
def test_no_more_threads_than_asked_for_do_any_work(tmp_path: Path, threads: int) -> None:
    clip = write_video(tmp_path / "face.mp4", [astronaut()] * 30)
    prepare = (
        "from cexpr.clips.sources import find_clips\n"
        "from cexpr.heads.extract import Extraction, Extractor\n"
        "from cexpr.faces.track import Tracker\n"
        "extractor = Extractor(Extraction('cexpr-s', threads=int(sys.argv[1])))\n"
        "(source,) = find_clips(sys.argv[2])\n"
        "update = Tracker.update\n"
        "Tracker.update = lambda self, frame: (note(), update(self, frame))[1]\n"
    )
    assert working_threads(prepare, "extractor.extract(source)", threads, clip) <= threads


def test_a_bad_clip_is_named_and_the_others_are_done(
    clips: Path, model: Path, tmp_path: Path
) -> None:
    (clips / "broken.mp4").write_bytes(b"no video")
    out = tmp_path / "out.parquet"
    code, text = command("extract", clips, "-o", out, "--model", model, "--detector", "full-frame")
    assert code == 1
    assert "broken" in text
    assert len(read_row_groups(out)[1]) == CLIPS


def test_a_model_without_features_is_refused(tmp_path: Path, model: Path) -> None:
    text = model.read_text(encoding="utf-8").replace("  features:\n    input_of: output\n", "")
    assert text != model.read_text(encoding="utf-8")
    model.write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=r"names no features.*'features: \{tensor: NAME\}'"):
        Extractor(Extraction(str(model), "full-frame"))
