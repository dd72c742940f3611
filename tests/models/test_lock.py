"""Hashes that were trusted once are recorded, and read back."""

from __future__ import annotations

from pathlib import Path

import pytest

from cexpr.errors import ModelError
from cexpr.models.lock import Entry, read, record


def test_entries_are_added_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "models" / "lock.json"
    assert read(path) == {}
    record(path, "b", Entry("1" * 64, 10, "https://example.com/b"))
    record(path, "a", Entry("2" * 64, 20, "placed by hand"))
    record(path, "b", Entry("3" * 64, 30, "https://example.com/b"))
    assert read(path) == {
        "a": Entry("2" * 64, 20, "placed by hand"),
        "b": Entry("3" * 64, 30, "https://example.com/b"),
    }


@pytest.mark.parametrize("text", ["{", "[]", '{"a": {"sha256": 1}}'])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "lock.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=r"lock\.json: the lock file cannot be read"):
        read(path)
