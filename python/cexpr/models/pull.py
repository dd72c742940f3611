"""Get a model's or detector's file: fetched, checked against its manifest, locked on first use."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from cexpr._support.atomic import move
from cexpr.errors import ModelError
from cexpr.faces.yunet import YuNet
from cexpr.models import download, zoo
from cexpr.models import lock as model_lock
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
    sha256: str | None = None,
    max_bytes: int = MAX_BYTES,
    hosts: Collection[str] = (),
    progress: Progress | None = None,
) -> Pulled:
    """Make sure that a model's file is in the user's folder, and is what it should be.

    A file that lies there already, for example placed by hand, is checked and locked, not fetched.

    Args:
        name: Name of the model, or path of its manifest.
        sha256: The hash that the file must have.
        max_bytes: Size from which a file is refused.
        hosts: Hosts that redirects may lead to, besides the URL's own.
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
        return _accept(model, present, found, source=BY_HAND)
    if model.url is None:
        raise ModelError(f"model '{model.id}': its manifest names no url; place it at {target}")
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
            f"'cexpr models pull {model.id}' to check it)"
        ) from error
    try:
        accepted = _accept(model, part, fetched.sha256, source=model.url, target=target)
    except ModelError:
        download.discard(part)
        raise
    return Pulled(
        target,
        accepted.sha256,
        accepted.bytes,
        fetched=True,
        first_use=accepted.first_use,
        resumed_at=fetched.resumed_at,
    )


def _one_hash(model: ModelFile, given: str | None) -> str | None:
    if given is None:
        return model.sha256
    given = given.lower()
    if len(given) != 64 or not set(given) <= set("0123456789abcdef"):
        raise ModelError(f"--sha256: expected 64 hexadecimal digits, got '{given}'")
    if model.sha256 not in (None, given):
        raise ModelError(
            f"model '{model.id}': --sha256 {given} differs from {model.sha256}, which is pinned by "
            f"its manifest or recorded in {zoo.lock_file()}"
        )
    return given


def _accept(
    model: Manifest | DetectorManifest,
    path: Path,
    sha256: str,
    *,
    source: str,
    target: Path | None = None,
) -> Pulled:
    """Check that a file does what its manifest says; then move it to its place and lock it."""
    read_nodes(path)
    if isinstance(model, DetectorManifest):
        YuNet(path)
    else:
        Model(model, path)
    size = path.stat().st_size
    first_use = model.sha256 is None
    if target is not None:
        move(path, target)
    if first_use and model.url is not None:
        entry = model_lock.Entry(sha256, size, source)
        model_lock.record(zoo.lock_file(), model.id, entry)
    return Pulled(target or path, sha256, size, fetched=False, first_use=first_use)
