"""Files that are written whole or not at all, and are on the disk when they are there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from cexpr.errors import FileError

# Bytes of a name to which a temporary one may add.
_LONGEST: Final = 128


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file whole or not at all.

    Args:
        path: The file; one that is there is replaced.
        data: Its content.

    Raises:
        FileError: The file cannot be written; the message has the system's reason.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(data)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Let the body write a temporary file that then takes the place of `path`.

    Args:
        path: The file; one that is there stays as it is if the body fails.

    Yields:
        The temporary file's path, in the same folder.

    Raises:
        FileError: The file cannot be written; the message has the system's reason.
    """
    temporary = path.with_name(_temporary_name(path.name))
    try:
        try:
            yield temporary
            move(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
    except OSError as error:
        raise FileError(f"{path}: cannot be written: {error.strerror or error}") from error


def _temporary_name(name: str) -> str:
    """Name the temporary file of a file: the same each time, and as short as file systems need.

    What a killed process left behind is thus replaced by the next.
    """
    if len(os.fsencode(name)) <= _LONGEST:
        return f".{name}.tmp"
    return f".{hashlib.sha256(os.fsencode(name)).hexdigest()[:32]}.tmp"


def move(source: Path, target: Path) -> None:
    """Rename a file within a file system, after its content is on the disk.

    Raises:
        OSError: The system refuses.
    """
    with source.open("rb+") as stream:
        os.fsync(stream.fileno())
    source.replace(target)
    # Without it the new name may be lost with the power; Windows cannot open folders.
    with suppress(OSError):
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
