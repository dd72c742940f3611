"""Get the file of a model or detector: fetch it, check it, lock its hash on first use."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

from cexpr._support.atomic import move
from cexpr.errors import ModelError
from cexpr.models import download, lock, zoo
from cexpr.models.download import MAX_BYTES, Progress
from cexpr.models.manifest import DetectorManifest, Manifest, ModelFile, sha256_of
from cexpr.models.onnx_graph import read_nodes
from cexpr.models.session import Model

BY_HAND = "placed by hand"


@dataclass(frozen=True)
class Pulled:
    """A model file that is in place.

    Attributes:
        path: The file.
        sha256: Its hash.
        bytes: Its size.
        fetched: Whether it came over the network now.
        first_use: Whether the hash was unknown before, and is trusted and locked from now on.
        resumed_at: Bytes of an earlier transfer that were kept.
    """

    path: Path
    sha256: str
    bytes: int
    fetched: bool
    first_use: bool
    resumed_at: int = 0


def pull(
    name: str,
    *,
    check_detector: Callable[[DetectorManifest, Path], object],
    sha256: str | None = None,
    max_bytes: int = MAX_BYTES,
    hosts: Collection[str] = (),
    progress: Progress | None = None,
) -> Pulled:
    """Make sure that a model's file is in the user's folder, and is what it should be.

    A file that lies there already, for example placed by hand, is checked and locked, not fetched.

    Args:
        name: Name of the model, or path of its manifest.
        check_detector: Raises ModelError where a file is not what a detector's manifest says, as
            `cexpr.faces.detector.check_file` does; models are checked here.
        sha256: The hash that the file must have.
        max_bytes: Size from which a file is refused.
        hosts: Hosts that redirects may lead to, besides the URL's host.
        progress: See `cexpr.models.download.fetch`.

    Raises:
        ModelError: The file cannot be had, or is not what the hash or the manifest says; the
            message says where to place it by hand.
    """
    model = zoo.find_any(name)
    wanted = _one_hash(model, sha256)
    target = zoo.pulled_file(model)
    try:
        present = zoo.model_file(model)
    except ModelError:
        present = None
    if present is not None:
        found = sha256_of(present)
        if wanted is not None and found != wanted:
            raise ModelError(
                f"{present}: SHA-256 is {found}, expected {wanted}; remove the file and pull again"
            )
        _check(model, present, check_detector)
        return _lock(model, present, found, BY_HAND)
    if model.url is None:
        raise ModelError(f"model '{model.id}': its manifest names no url; place it at {target}")
    zoo.make_folder()
    part = target.with_name(target.name + ".part")
    try:
        fetched = download.fetch(
            model.url,
            part,
            sha256=wanted,
            max_bytes=max_bytes,
            hosts=hosts,
            progress=progress,
        )
    except ModelError as error:
        raise ModelError(
            f"{error} (or place the file at {target} by hand, then run "
            f"'cexpr models pull {model.id}' to check it)",
            remedies=error.remedies,
        ) from error
    try:
        _check(model, part, check_detector)
    except ModelError:
        download.discard(part)
        raise
    move(part, target)
    locked = _lock(model, target, fetched.sha256, model.url)
    return replace(locked, fetched=True, resumed_at=fetched.resumed_at)


def _one_hash(model: ModelFile, given: str | None) -> str | None:
    if given is None:
        return model.sha256
    given = given.lower()
    if len(given) != 64 or not set(given) <= set("0123456789abcdef"):
        raise ModelError(f"sha256: expected 64 hexadecimal digits, got '{given}'")
    if model.sha256 not in (None, given):
        raise ModelError(
            f"model '{model.id}': the SHA-256 asked for, {given}, differs from {model.sha256}, "
            f"which its manifest pins or {zoo.lock_file()} records"
        )
    return given


def _check(
    model: Manifest | DetectorManifest,
    path: Path,
    check_detector: Callable[[DetectorManifest, Path], object],
) -> None:
    """Refuse a file that is not what its manifest says."""
    read_nodes(path)
    if isinstance(model, DetectorManifest):
        check_detector(model, path)
    else:
        Model(model, path)


def _lock(model: Manifest | DetectorManifest, path: Path, sha256: str, source: str) -> Pulled:
    """Record the hash of a file that is in place, if nothing pins it yet."""
    size = path.stat().st_size
    first_use = model.sha256 is None
    if first_use and model.url is not None:
        zoo.make_folder()
        entry = lock.Entry(sha256, size, source)
        lock.record(zoo.lock_file(), model.id, entry)
    return Pulled(path, sha256, size, fetched=False, first_use=first_use)
