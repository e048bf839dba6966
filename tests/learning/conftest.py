from __future__ import annotations

from pathlib import Path

import pytest

from monitor.learning.places import Places, default_places


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """A data folder of its own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return default_places()
