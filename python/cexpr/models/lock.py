"""The lock file: hashes of model files that were trusted when they first came."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from cexpr._support.atomic import write_atomically
from cexpr.errors import ModelError


@dataclass(frozen=True)
class Entry:
    """One trusted file.

    Attributes:
        sha256: Its hash.
        bytes: Its size.
        source: The URL that it was fetched from, or "placed by hand".
    """

    sha256: str
    bytes: int
    source: str


_ENTRIES = TypeAdapter(dict[str, Entry])


def read(path: Path) -> dict[str, Entry]:
    """Read the entries, by the model's id; an empty dictionary if there is no file.

    Raises:
        ModelError: The file is damaged.
    """
    try:
        return _ENTRIES.validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValidationError) as error:
        raise ModelError(
            f"{path}: the lock file cannot be read; repair it, or remove it and pull again"
        ) from error


def record(path: Path, model: str, entry: Entry) -> None:
    """Add or replace the entry of one model; the file is written whole or not at all."""
    entries = {**read(path), model: entry}
    text = json.dumps({name: asdict(one) for name, one in sorted(entries.items())}, indent=2)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text.encode() + b"\n")
