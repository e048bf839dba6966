"""`main.py check` says what is wrong and leaves with its status."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

from monitor import check
from monitor.camera.kept import KeptCameras
from monitor.errors import ModelError


@pytest.fixture(autouse=True)
def _no_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(check, "MODELS_DIR", tmp_path / "models")
    monkeypatch.setattr(
        check.MaskClassifier, "load", lambda config: SimpleNamespace(name="mask", backend="onnx")
    )
    monkeypatch.setattr(check, "make_detector", lambda config: SimpleNamespace(name="yunet"))
    monkeypatch.setattr(check, "camera_list", lambda: [(0, "Front")])


def run(capsys: pytest.CaptureFixture[str], url: str) -> tuple[int, list[str]]:
    return check.run_checks(url), capsys.readouterr().out.splitlines()


def test_all_is_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, lines = run(capsys, f"sqlite:///{tmp_path / 'm.db'}")
    assert status == 0, lines
    assert all(line.startswith("ok    ") for line in lines)
    assert any("plugged in: 0 Front" in line for line in lines)
    assert any("mask runs on onnx, faces are found by yunet" in line for line in lines)


def test_a_store_that_cannot_be_opened(capsys: pytest.CaptureFixture[str]) -> None:
    status, lines = run(capsys, "sqlite:////no/such/folder/m.db")
    assert status == 2
    assert [line for line in lines if line.startswith("WRONG")] == [lines[-1]]


def test_a_wrong_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    (models / "net.onnx").write_bytes(b"changed")
    (models / "net.json").write_text('{"files": {"net.onnx": {"sha256": "00"}}}')

    def fail(config: object) -> object:
        raise ModelError("mask_v5.onnx is missing")

    monkeypatch.setattr(check.MaskClassifier, "load", fail)
    status, lines = run(capsys, f"sqlite:///{tmp_path / 'm.db'}")
    assert status == 2
    wrong = [line for line in lines if line.startswith("WRONG")]
    assert len(wrong) == 2
    assert "net.onnx is not the file that its card" in wrong[0]
    assert "mask_v5.onnx is missing" in wrong[1]


@pytest.mark.parametrize(("package", "status"), [("tensorflow", 0), ("onnxruntime", 2)])
def test_a_missing_package(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    status: int,
) -> None:
    real = importlib.metadata.version

    def version(name: str) -> str:
        if name == package:
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    got, lines = run(capsys, f"sqlite:///{tmp_path / 'm.db'}")
    assert got == status
    assert any(f"{package} is not installed" in line for line in lines)


def test_no_camera_is_no_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "camera_list", list)
    status, lines = run(capsys, f"sqlite:///{tmp_path / 'm.db'}")
    assert status == 0
    assert any("no camera is plugged in" in line for line in lines)


def test_cameras_that_were_set_up_are_listed_without_their_passwords(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "camera_list", list)
    kept = KeptCameras()
    kept.put("rtsp://anna:s3cret@door.test/live", name="Front door")
    kept.switch((), (kept.put("3").camera_id,))
    status, lines = run(capsys, f"sqlite:///{tmp_path / 'm.db'}")
    assert status == 0
    assert any("camera Front door is set up;" in line for line in lines)
    assert any("camera camera 3 is set up, switched off;" in line for line in lines)
    assert "s3cret" not in " ".join(lines)
