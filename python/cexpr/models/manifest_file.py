"""Writing manifests: the one place that does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from cexpr._support.atomic import write_atomically
from cexpr.models.manifest import Manifest, parse, sha256_of


def write_manifest(
    file: Path, content: Mapping[str, Any], check: Callable[[Manifest], object] | None = None
) -> Manifest:
    """Write a model's manifest beside its ONNX file, whole or not at all.

    Args:
        file: The ONNX file; the manifest has its name with `.yaml`.
        content: Keys in the order of the file, without the version of the format and the file's
            name, hash and size, which are found here. Default for `id`: the file's name.
        check: Called before the manifest is written; what it raises leaves an earlier one alone.

    Returns:
        The manifest, as `cexpr.models.manifest.load` reads it back.

    Raises:
        ModelError: A value does not follow the format.
        FileError: The manifest cannot be written.
    """
    target = file.with_suffix(".yaml")
    found = {
        "cexpr_model": 1,
        "id": content.get("id", file.stem),
        "file": file.name,
        "sha256": sha256_of(file),
        "bytes": file.stat().st_size,
    }
    text = yaml.safe_dump(
        {**found, **content},
        sort_keys=False,
        allow_unicode=True,
        width=100,
        default_flow_style=None,
    )
    written = parse(yaml.safe_load(text), Manifest, target)
    if check is not None:
        check(written)
    write_atomically(target, text.encode())
    return written
