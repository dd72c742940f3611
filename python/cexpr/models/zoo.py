"""Find models: in the wheel, in the user's folder, or at a path."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from pathlib import Path

from cexpr._support.resources import data_files
from cexpr._support.text import command_line, reason_of
from cexpr.errors import ModelError
from cexpr.models import lock, manifest
from cexpr.models.manifest import AnyFile, DetectorManifest, Manifest, ModelFile

DEFAULT_MODEL = "cexpr-s"


def home() -> Path:
    """Return the user's folder for models: `CEXPR_HOME`, or `~/.cache/cexpr`."""
    configured = os.environ.get("CEXPR_HOME")
    return Path(configured) if configured else Path.home() / ".cache" / "cexpr"


def lock_file() -> Path:
    """Return where the hashes of files whose manifest pins none are recorded."""
    return home() / "models" / "lock.json"


def make_folder() -> Path:
    """Make the folder that models are fetched into, and return it.

    Raises:
        ModelError: It cannot be made, or nothing can be written there.
    """
    folder = home() / "models"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        reason = "" if os.access(folder, os.W_OK) else "Permission denied"
    except OSError as error:
        reason = reason_of(error)
    if reason:
        raise ModelError(
            f"{folder}: nothing can be written there: {reason}; name another folder for models in "
            "the environment variable CEXPR_HOME"
        )
    return folder


def pulled_file(model: ModelFile) -> Path:
    """Return where `cexpr models pull` puts a manifest's ONNX file."""
    return home() / "models" / model.file_name


def known() -> dict[str, Path]:
    """Return manifests by name: the user's models and detectors override those of the wheel."""
    folder = home() / "models"
    own = sorted(folder.glob("*.yaml")) if folder.is_dir() else []
    found: dict[str, Path] = {}
    shipped = (*data_files("models", "*.yaml"), *data_files("models/detectors", "*.yaml"))
    for path in (*own, *shipped):
        found.setdefault(path.stem, path)
    return found


def find(name: str) -> Manifest:
    """Find and check a model's manifest.

    Where the manifest names a URL but no hash, the hash that was recorded when the file came stands
    in for it.

    Args:
        name: A name of `known()`, or the path of a manifest or of an ONNX file with its manifest
            (the same name, `.yaml`) beside it.

    Raises:
        ModelError: There is no such model, it is a face detector, or its manifest or the lock file
            is wrong.
    """
    return _with_locked_hash(manifest.load(_manifest_path(name, _without_detectors(known()))))


def find_any(name: str) -> Manifest | DetectorManifest:
    """Find and check a manifest, of a model or of a face detector; see `find`."""
    return _with_locked_hash(manifest.load_any(_manifest_path(name, known())))


def name_from(name: str, folder: Path) -> str:
    """Return how a file in `folder` names a model: its path from there, or its name as it is."""
    path = Path(name)
    if not path.is_file():
        return name
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()


def _with_locked_hash(found: AnyFile) -> AnyFile:
    if found.sha256 is None and found.url is not None:
        locked = lock.read(lock_file()).get(found.id)
        if locked is not None:
            return found.model_copy(update={"sha256": locked.sha256, "bytes": locked.bytes})
    return found


def _without_detectors(names: dict[str, Path]) -> list[str]:
    detectors = data_files("models/detectors", "*.yaml")
    return [name for name, path in names.items() if path not in detectors]


def _manifest_path(name: str, offered: Iterable[str]) -> Path:
    """Find a manifest; `offered` are the names that a message tells."""
    path = Path(name)
    if path.suffix in {".yaml", ".yml"} and path.is_file():
        return path
    if path.suffix == ".onnx":
        beside = path.with_suffix(".yaml")
        if not path.is_file():
            raise ModelError(f"{name}: no such file")
        if not beside.is_file():
            raise ModelError(
                f"{name}: expected its manifest {beside} beside it; "
                f"'{command_line('cexpr', 'models', 'add', name)}' writes one"
            )
        return beside
    names = known()
    if name in names:
        return names[name]
    close = difflib.get_close_matches(name, list(offered), n=1)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    raise ModelError(
        f"model '{name}' is unknown{hint} (known: {', '.join(sorted(offered)) or 'none'}; "
        "or give the path of a manifest)"
    )


def model_file(model: ModelFile) -> Path:
    """Return the path of a manifest's ONNX file: beside the manifest, or in the user's folder.

    Raises:
        ModelError: The file is in neither place; the message says where to put it.
    """
    beside = model.path.parent / (model.file or model.file_name)
    pulled = pulled_file(model)
    for path in (beside, pulled):
        if path.is_file():
            return path
    remedy = f"run 'cexpr models pull {model.id}', or get {model.url} and " if model.url else ""
    raise ModelError(f"model '{model.id}': its file is not here; {remedy}place it at {pulled}")
