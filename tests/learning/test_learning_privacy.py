"""Nothing leaves the PC while it learns, MLflow or not."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from door import desk

from monitor.learning.places import default_places
from monitor.learning.runs import records
from monitor.storage.store import Store
from tests.traced import run_traced, why_not

pytest.importorskip("mlflow", reason="requirements-learn.txt is not installed")

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.long
@pytest.mark.skipif(bool(why_not()), reason=f"it cannot be seen: {why_not()}")
def test_learning_asks_no_address_and_keeps_to_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    data = home / ".local" / "share"
    monkeypatch.setenv("XDG_DATA_HOME", str(data))
    store = Store()
    desk(store, default_places(), 24)
    store.close()
    hidden = ("CI", "GITHUB_ACTIONS", "TF_BUILD", "ORT_DISABLE_TELEMETRY")
    shown = {name: value for name, value in os.environ.items() if name not in hidden}
    environment = shown | {"HOME": str(home), "PYTHONPATH": str(ROOT)}
    trace = run_traced(tmp_path, environment, ROOT / "main.py", "learn", "train")
    assert records(default_places())[0].state in ("better", "refused"), trace.out
    assert (default_places().runs / "mlflow.db").stat().st_size > 0
    assert not trace.addresses
    assert not trace.other_families
    allowed = (data, Path(tempfile.gettempdir()), Path("/dev"))
    strange = [
        path
        for path in trace.written
        if "__pycache__" not in path.parts and not any(path.is_relative_to(a) for a in allowed)
    ]
    assert not strange
