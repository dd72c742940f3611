"""Fetch one file over HTTP: resumed, bounded, hashed, and only from hosts that were named."""

from __future__ import annotations

import http.client
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from cexpr._support.text import reason_of
from cexpr.errors import ModelError
from cexpr.models.manifest import sha256_of

MAX_BYTES: Final = 500_000_000
_BLOCK: Final = 1 << 18
_TIMEOUT_S: Final = 30.0
_RANGE_REFUSED: Final = 416
_GO_ON: Final = "the same command goes on from there"

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Fetched:
    """A file that has arrived.

    Attributes:
        path: Where it lies, still under its temporary name.
        sha256: Its hash.
        bytes: Its size.
        resumed_at: Bytes kept from an earlier, interrupted transfer; 0 if there was none.
    """

    path: Path
    sha256: str
    bytes: int
    resumed_at: int


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follow redirects within the allowed hosts, and never from https to http."""

    def __init__(self, hosts: Collection[str]) -> None:
        self._hosts = hosts

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        old, new = urllib.parse.urlsplit(req.full_url), urllib.parse.urlsplit(newurl)
        if new.netloc not in self._hosts:
            # urllib closes the connection only when it follows the redirect.
            fp.close()
            raise ModelError(
                f"{req.full_url}: redirects to another host, {newurl}; if you trust it, "
                f"allow the host {new.netloc}",
                remedies=["hosts"],
            )
        if (old.scheme, new.scheme) == ("https", "http"):
            fp.close()
            raise ModelError(f"{req.full_url}: redirects from https to {newurl}; refused")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(
    url: str,
    part: Path,
    *,
    sha256: str | None = None,
    max_bytes: int = MAX_BYTES,
    hosts: Collection[str] = (),
    progress: Progress | None = None,
) -> Fetched:
    """Fetch a file to a temporary name; the caller checks and renames it.

    An interrupted transfer is resumed where it stopped, if the server still has the same version
    (its ETag or date, sent as If-Range) or the hash is known.

    Args:
        url: http or https.
        part: The temporary file; one that an earlier transfer left there is continued.
        sha256: Expected hash.
        max_bytes: Larger files are refused, before they are read where the server tells the size.
        hosts: Hosts (`name` or `name:port`) that redirects may lead to, besides the URL's host.
        progress: Called with the bytes received and, where known, the size of the file.

    Raises:
        ModelError: The server cannot be reached or does not have the file, the transfer broke, the
            file is too large, a redirect leads elsewhere, or the hash differs.
    """
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ModelError(f"{url}: expected an http or https address")
    part.parent.mkdir(parents=True, exist_ok=True)
    opener = urllib.request.build_opener(_SameHost({parts.netloc, *hosts}))
    start = _resume_point(part, url, sha256)
    try:
        with _open(opener, url, part, start) as response:
            resumed = start if response.status == http.HTTPStatus.PARTIAL_CONTENT else 0
            _receive(response, url, part, resumed, max_bytes, progress)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == _RANGE_REFUSED and start:
            # The file on the server is another version now.
            discard(part)
            return fetch(
                url, part, sha256=sha256, max_bytes=max_bytes, hosts=hosts, progress=progress
            )
        raise ModelError(f"{url}: the server answers {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise ModelError(f"{url}: cannot be reached: {_reason(error.reason)}") from error
    except (OSError, http.client.HTTPException) as error:
        raise ModelError(f"{url}: the transfer broke: {reason_of(error)}; {_GO_ON}") from error
    found = sha256_of(part)
    size = part.stat().st_size
    if sha256 is not None and found != sha256:
        discard(part)
        raise ModelError(
            f"{url}: SHA-256 is {found}, expected {sha256}; the {size} bytes were thrown away"
        )
    _notes(part).unlink(missing_ok=True)
    return Fetched(part, found, size, resumed)


def _reason(reason: str | BaseException) -> str:
    return reason_of(reason) if isinstance(reason, Exception) else str(reason)


def discard(part: Path) -> None:
    """Remove the files that a transfer left behind."""
    part.unlink(missing_ok=True)
    _notes(part).unlink(missing_ok=True)


def _notes(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _resume_point(part: Path, url: str, sha256: str | None) -> int:
    """Bytes that can be kept; 0 where nothing says that they belong to the same file."""
    if not part.is_file():
        return 0
    notes = _read_notes(part)
    if notes.get("url") == url and (notes.get("version") or sha256):
        return part.stat().st_size
    discard(part)
    return 0


def _read_notes(part: Path) -> dict[str, str]:
    try:
        notes = json.loads(_notes(part).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return notes if isinstance(notes, dict) else {}


def _open(opener: urllib.request.OpenerDirector, url: str, part: Path, start: int) -> Any:
    headers = {"User-Agent": "cexpr", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
        version = _read_notes(part).get("version")
        if version:
            headers["If-Range"] = version
    return opener.open(urllib.request.Request(url, headers=headers), timeout=_TIMEOUT_S)


def _receive(
    response: Any, url: str, part: Path, start: int, max_bytes: int, progress: Progress | None
) -> None:
    length = response.headers.get("Content-Length")
    total = start + int(length) if length is not None and length.isdigit() else None
    if start and not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
        raise ModelError(f"{url}: the server sends another range than the one asked for")
    if total is not None and total > max_bytes:
        discard(part)
        raise _too_large(url, total, max_bytes)
    version = response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
    # A weak ETag does not promise the same bytes.
    notes = {"url": url, "version": "" if version.startswith("W/") else version}
    _notes(part).write_text(json.dumps(notes), encoding="utf-8")
    with part.open("ab" if start else "wb") as stream:
        received = _copy(response, stream, start, total, max_bytes, progress)
        stream.flush()
        os.fsync(stream.fileno())
    if received > max_bytes:
        discard(part)
        raise _too_large(url, received, max_bytes)
    if total is not None and received < total:
        raise ModelError(f"{url}: the transfer broke at {received} of {total} bytes; {_GO_ON}")


def _copy(
    response: Any,
    stream: IO[bytes],
    start: int,
    total: int | None,
    max_bytes: int,
    progress: Progress | None,
) -> int:
    received = start
    while received <= max_bytes and (block := response.read(_BLOCK)):
        stream.write(block)
        received += len(block)
        if progress is not None:
            progress(received, total)
    return received


def _too_large(url: str, size: int, limit: int) -> ModelError:
    return ModelError(
        f"{url}: has at least {size} bytes, more than the {limit} allowed; "
        "raise the limit if the file is really that large",
        remedies=["max_bytes"],
    )
