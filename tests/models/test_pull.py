from __future__ import annotations

import hashlib
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data
from typer.testing import CliRunner

from builders.file_server import FileServer, serve
from builders.tiny_networks import write_manifest, write_network
from cexpr.cli import app, main
from cexpr.errors import ModelError
from cexpr.faces.detector import check_file, make_detector
from cexpr.models import zoo
from cexpr.models.pull import Pulled, pull
from cexpr.models.session import Model


def pulled(name: str, **options: Any) -> Pulled:
    return pull(name, check_detector=check_file, **options)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """Serves a network whose manifest, without a hash, is in the user's folder."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("CEXPR_HOME", str(tmp_path / "home"))
    content = write_network(tmp_path / "source.onnx").read_bytes()
    (tmp_path / "home" / "models").mkdir(parents=True)
    with serve(FileServer(content)) as running:
        write_manifest(tmp_path / "home" / "models" / "tiny.yaml", url=running.url)
        yield running


def home_files() -> set[str]:
    return {path.name for path in (zoo.home() / "models").iterdir()}


def hash_of(server: FileServer) -> str:
    return hashlib.sha256(server.content).hexdigest()


def test_the_first_pull_is_trusted_recorded_and_enforced(server: FileServer) -> None:
    first = pulled("tiny")
    assert (first.fetched, first.first_use, first.sha256) == (True, True, hash_of(server))
    assert first.path.read_bytes() == server.content
    assert home_files() == {"tiny.yaml", "tiny.onnx", "lock.json"}
    entry = json.loads(zoo.lock_file().read_text(encoding="utf-8"))["tiny"]
    assert entry == {
        "sha256": hash_of(server),
        "bytes": len(server.content),
        "source": server.url,
    }
    second = pulled("tiny")
    assert (second.fetched, second.first_use) == (False, False)
    assert len(server.ranges) == 1


def test_a_file_that_changed_after_the_first_use_is_refused(
    server: FileServer, tmp_path: Path
) -> None:
    path = pulled("tiny").path
    write_network(path, seed=1)
    with pytest.raises(ModelError, match=f"expected {hash_of(server)}"):
        pulled("tiny")
    with pytest.raises(ModelError, match=hash_of(server)):
        Model(zoo.find("tiny"), path)
    result = CliRunner().invoke(app, ["models", "verify", "tiny"])
    assert result.exit_code == 2
    path.unlink()
    server.content = write_network(tmp_path / "other.onnx", seed=2).read_bytes()
    with pytest.raises(ModelError, match="thrown away"):
        pulled("tiny")


def test_a_hash_given_by_hand_pins_at_once(server: FileServer) -> None:
    with pytest.raises(ModelError, match=f"expected {'0' * 64}"):
        pulled("tiny", sha256="0" * 64)
    assert home_files() == {"tiny.yaml"}
    assert pulled("tiny", sha256=hash_of(server).upper()).fetched
    with pytest.raises(ModelError, match=r"lock\.json records"):
        pulled("tiny", sha256="0" * 64)
    with pytest.raises(ModelError, match="64 hexadecimal digits"):
        pulled("tiny", sha256="12")


def test_a_page_instead_of_a_model_is_not_trusted(server: FileServer) -> None:
    server.content = b"<html>please log in</html>"
    with pytest.raises(ModelError, match="not an ONNX file"):
        pulled("tiny")
    assert home_files() == {"tiny.yaml"}


def test_a_model_that_does_not_fit_its_manifest_is_not_trusted(
    server: FileServer, tmp_path: Path
) -> None:
    server.content = write_network(tmp_path / "narrow.onnx", columns=8).read_bytes()
    with pytest.raises(ModelError, match="columns 8 to 10 of 'output'; got 8 columns"):
        pulled("tiny")
    assert home_files() == {"tiny.yaml"}


def test_a_file_placed_by_hand_is_checked_and_recorded(server: FileServer) -> None:
    zoo.pulled_file(zoo.find("tiny")).write_bytes(server.content)
    done = pulled("tiny")
    assert (done.fetched, done.first_use) == (False, True)
    assert server.ranges == []
    assert json.loads(zoo.lock_file().read_text())["tiny"]["source"] == "placed by hand"


@pytest.mark.skipif(cv2.__version__ < "5", reason="this model file needs OpenCV 5")
def test_a_pulled_detector_is_used_by_its_name(server: FileServer, shared: Path) -> None:
    server.content = (shared / "models" / "yunet_n_dynamic.onnx").read_bytes()
    shipped = zoo.known()["yunet"].read_text(encoding="utf-8")
    own = zoo.home() / "models" / "yunet.yaml"
    own.write_text(re.sub("url: .*", f"url: {server.url}", shipped), encoding="utf-8")
    done = pulled("yunet")
    assert (done.fetched, done.first_use, done.path.name) == (True, False, "yunet.onnx")
    detector = make_detector("yunet")
    assert detector.model_files == (done.path,)
    photo = np.ascontiguousarray(skimage.data.astronaut()[..., ::-1])
    assert len(detector.detect(photo)) == 1


def test_a_file_that_is_no_detector_is_not_kept(server: FileServer) -> None:
    own = zoo.home() / "models" / "yunet.yaml"
    own.write_text(
        f"cexpr_detector: 1\nid: yunet\nnetwork: yunet\nurl: {server.url}\nlicence: none\n",
        encoding="utf-8",
    )
    with pytest.raises(ModelError, match="cannot load this as a YuNet model"):
        pulled("yunet")
    assert home_files() == {"tiny.yaml", "yunet.yaml"}


def test_a_detector_is_no_model() -> None:
    with pytest.raises(ModelError, match=r"face detector.* use it as the detector 'yunet'"):
        zoo.find("yunet")


def test_an_interrupted_pull_goes_on(server: FileServer) -> None:
    server.cut_at = 700
    with pytest.raises(ModelError, match="broke at 700"):
        pulled("tiny")
    assert pulled("tiny").resumed_at == 700


def test_a_failure_says_where_to_place_the_file(server: FileServer) -> None:
    server.status = 404
    with pytest.raises(ModelError, match=r"404.*place the file at .*tiny\.onnx by hand"):
        pulled("tiny")


def test_without_a_network_the_place_for_the_file_is_named(server: FileServer) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/net.onnx"
        write_manifest(zoo.home() / "models" / "tiny.yaml", url=url)
        with pytest.raises(
            ModelError, match=r"cannot be reached.*place the file at .*tiny\.onnx by hand"
        ):
            pulled("tiny")


def test_a_file_that_is_too_large_leaves_nothing(server: FileServer) -> None:
    with pytest.raises(ModelError, match="more than the 100 allowed"):
        pulled("tiny", max_bytes=100)
    assert home_files() == {"tiny.yaml"}


def test_a_damaged_lock_file_is_named(server: FileServer) -> None:
    zoo.lock_file().write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match=r"lock\.json: the lock file cannot be read"):
        pulled("tiny")


def test_the_command_shows_hash_and_progress(server: FileServer) -> None:
    result = CliRunner().invoke(app, ["models", "pull", "tiny"])
    assert result.exit_code == 0
    assert f"SHA-256 {hash_of(server)} (first use" in result.stdout
    size = len(server.content)
    assert f"{size} of {size} bytes" in result.stderr
    again = CliRunner().invoke(app, ["models", "pull", "tiny", "--quiet"])
    assert "is here" in again.stdout
    assert again.stderr == ""
    verified = CliRunner().invoke(app, ["models", "verify"])
    assert "tiny: intact" in verified.stdout


def test_the_command_reports_a_failure_in_one_line(
    server: FileServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server.redirect = "http://elsewhere.invalid/net.onnx"
    monkeypatch.setattr("sys.argv", ["cexpr", "models", "pull", "tiny"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "allow the host elsewhere.invalid" in line


def test_a_home_that_cannot_be_made_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CEXPR_HOME", str(tmp_path / "file"))
    with pytest.raises(ModelError, match=r"models: nothing can be written there: .* CEXPR_HOME$"):
        pulled("yunet")
