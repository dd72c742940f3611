from __future__ import annotations

import hashlib
import io
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.file_server import FileServer, serve
from cexpr.errors import ModelError
from cexpr.models import download

CONTENT = bytes(range(256)) * 4000
HASH = hashlib.sha256(CONTENT).hexdigest()
CUT = 300_000


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setenv("no_proxy", "*")
    with serve(FileServer(CONTENT)) as running:
        yield running


def interrupt(server: FileServer, part: Path) -> None:
    server.cut_at = CUT
    with pytest.raises(ModelError, match=f"broke at {CUT} of {len(CONTENT)} bytes"):
        download.fetch(server.url, part)
    assert part.stat().st_size == CUT


def test_a_file_comes_whole_with_its_hash_and_progress(server: FileServer, tmp_path: Path) -> None:
    steps: list[tuple[int, int | None]] = []
    done = download.fetch(
        server.url, tmp_path / "net.part", progress=lambda *step: steps.append(step)
    )
    assert done == download.Fetched(tmp_path / "net.part", HASH, len(CONTENT), 0)
    assert done.path.read_bytes() == CONTENT
    assert steps[-1] == (len(CONTENT), len(CONTENT))
    assert [here for here, _ in steps] == sorted(here for here, _ in steps)
    assert [path.name for path in tmp_path.iterdir()] == ["net.part"]


def test_an_interrupted_transfer_goes_on_where_it_stopped(
    server: FileServer, tmp_path: Path
) -> None:
    interrupt(server, tmp_path / "net.part")
    done = download.fetch(server.url, tmp_path / "net.part")
    assert (done.sha256, done.resumed_at) == (HASH, CUT)
    assert server.ranges == ["", f"bytes={CUT}-"]


def test_another_version_on_the_server_starts_afresh(server: FileServer, tmp_path: Path) -> None:
    interrupt(server, tmp_path / "net.part")
    server.content, server.etag = CONTENT[::-1], '"v2"'
    done = download.fetch(server.url, tmp_path / "net.part")
    assert done.resumed_at == 0
    assert done.path.read_bytes() == CONTENT[::-1]


def test_a_shorter_version_on_the_server_starts_afresh(server: FileServer, tmp_path: Path) -> None:
    interrupt(server, tmp_path / "net.part")
    server.content = CONTENT[:1000]
    assert download.fetch(server.url, tmp_path / "net.part").bytes == 1000


def test_without_a_version_a_part_is_not_trusted(server: FileServer, tmp_path: Path) -> None:
    server.etag = ""
    interrupt(server, tmp_path / "net.part")
    assert download.fetch(server.url, tmp_path / "net.part").resumed_at == 0
    interrupt(server, tmp_path / "net.part")
    assert download.fetch(server.url, tmp_path / "net.part", sha256=HASH).resumed_at == CUT


def test_a_part_of_another_address_is_not_continued(server: FileServer, tmp_path: Path) -> None:
    interrupt(server, tmp_path / "net.part")
    done = download.fetch(server.url + "?other", tmp_path / "net.part")
    assert (done.sha256, done.resumed_at) == (HASH, 0)


def test_a_server_without_ranges_sends_everything_again(server: FileServer, tmp_path: Path) -> None:
    interrupt(server, tmp_path / "net.part")
    server.ignores_ranges = True
    done = download.fetch(server.url, tmp_path / "net.part")
    assert (done.sha256, done.resumed_at) == (HASH, 0)


def test_a_corrupted_file_is_thrown_away(server: FileServer, tmp_path: Path) -> None:
    server.content = b"x" + CONTENT[1:]
    with pytest.raises(ModelError, match=f"expected {HASH}"):
        download.fetch(server.url, tmp_path / "net.part", sha256=HASH)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("hides_length", [False, True])
def test_a_file_that_is_too_large_is_refused(
    server: FileServer, tmp_path: Path, hides_length: bool
) -> None:
    server.hides_length = hides_length
    with pytest.raises(ModelError, match="more than the 1000 allowed"):
        download.fetch(server.url, tmp_path / "net.part", max_bytes=1000)
    assert list(tmp_path.iterdir()) == []


def test_a_redirect_to_another_host_needs_leave(server: FileServer, tmp_path: Path) -> None:
    with serve(FileServer(b"", redirect=server.url)) as first:
        with pytest.raises(ModelError, match=f"allow the host {server.host}"):
            download.fetch(first.url, tmp_path / "net.part")
        assert server.ranges == []
        done = download.fetch(first.url, tmp_path / "net.part", hosts=[server.host])
    assert done.sha256 == HASH


@pytest.mark.parametrize("target", ["http://elsewhere.invalid/net", "http://here.invalid/net"])
def test_a_refused_redirect_closes_the_connection(target: str) -> None:
    handler = download._SameHost({"here.invalid"})
    request = urllib.request.Request("https://here.invalid/net")
    answer = io.BytesIO()
    with pytest.raises(ModelError):
        handler.redirect_request(request, answer, 302, "Found", {}, target)
    assert answer.closed


@pytest.mark.parametrize("status", [404, 500])
def test_the_answer_of_the_server_is_passed_on(
    server: FileServer, tmp_path: Path, status: int
) -> None:
    server.status = status
    with pytest.raises(ModelError, match=f"the server answers {status}"):
        download.fetch(server.url, tmp_path / "net.part")


def test_no_network_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/net.onnx"
        with pytest.raises(ModelError, match="cannot be reached"):
            download.fetch(url, tmp_path / "net.part")


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://host/net.onnx", "net.onnx"])
def test_only_http_is_spoken(url: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="expected an http or https address"):
        download.fetch(url, tmp_path / "net.part")
