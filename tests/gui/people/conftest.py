"""Pictures to enrol from."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path, data: Path) -> Path:
    """One person's pictures, and one that cannot be used."""
    path = tmp_path / "anna"
    path.mkdir()
    for name in ("bare.jpg", "no_face.jpg"):
        shutil.copy(data / name, path / name)
    return path
