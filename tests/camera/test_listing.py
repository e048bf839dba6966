"""Which cameras there are."""

from __future__ import annotations

import pytest

from monitor.camera import listing


def test_camera_list_survives_a_system_that_fails(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import cv2_enumerate_cameras

    def fail(backend: int) -> list[object]:
        raise RuntimeError("no such thing")

    monkeypatch.setattr(cv2_enumerate_cameras, "enumerate_cameras", fail)
    assert listing.camera_list() == []
    assert "no such thing" in caplog.text
    caplog.clear()
