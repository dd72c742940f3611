"""A small HTTP server on this machine that serves one file, and misbehaves on request."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FileServer:
    """What the server serves, and how.

    Attributes:
        content: The file's bytes.
        etag: Sent as ETag; none if empty.
        cut_at: Bytes of a body after which the connection is closed, for one request.
        redirect: Where every request is sent to.
        status: Answered instead of the file.
        hides_length: Send no Content-Length.
        ignores_ranges: Answer a range with the whole file.
        ranges: Range headers that came, in order; empty where none was sent.
    """

    content: bytes
    etag: str = '"v1"'
    cut_at: int | None = None
    redirect: str | None = None
    status: int = 200
    hides_length: bool = False
    ignores_ranges: bool = False
    port: int = 0
    ranges: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/net.onnx"


@contextmanager
def serve(server: FileServer) -> Iterator[FileServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _answer(self, server)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        server.port = listening.server_port
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()


def _answer(request: BaseHTTPRequestHandler, server: FileServer) -> None:
    asked = request.headers.get("Range", "")
    server.ranges.append(asked)
    if server.redirect is not None:
        request.send_response(302)
        request.send_header("Location", server.redirect)
        request.send_header("Content-Length", "0")
        request.end_headers()
        return
    if server.status != 200:
        request.send_error(server.status)
        return
    match = re.fullmatch(r"bytes=(\d+)-", asked)
    valid = request.headers.get("If-Range") in (None, server.etag)
    start = int(match[1]) if match and valid and not server.ignores_ranges else 0
    if start >= len(server.content) and match:
        request.send_error(416)
        return
    body = server.content[start:]
    request.send_response(206 if start else 200)
    if start:
        end = len(server.content)
        request.send_header("Content-Range", f"bytes {start}-{end - 1}/{end}")
    if server.etag:
        request.send_header("ETag", server.etag)
    if not server.hides_length:
        request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    cut, server.cut_at = server.cut_at, None
    # A client that refuses a file hangs up in the middle of it.
    with suppress(ConnectionError):
        request.wfile.write(body if cut is None else body[:cut])
