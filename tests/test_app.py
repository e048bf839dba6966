"""Which source a run has, and what is built for it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeSource, visit

from monitor import app
from monitor.camera.address import parse_address
from monitor.camera.clip import ClipSource
from monitor.camera.folder import FolderSource
from monitor.config import Config, with_values
from monitor.errors import CameraError, ModelError
from monitor.identity.gallery import Gallery, load_any_gallery, save_gallery
from monitor.identity.person import EnrolledPerson
from monitor.storage.store import Store


def options(**changes: object) -> app.RunOptions:
    return app.RunOptions(**changes)  # type: ignore[arg-type]


def with_camera(source: str) -> app.RunOptions:
    return options(config=with_values(Config(), {"camera": {"source": source}}))


def test_what_is_named_is_taken(tmp_path: Path) -> None:
    assert isinstance(app.choose_source(options(video=tmp_path / "a.mp4")).source, ClipSource)
    assert isinstance(app.choose_source(options(images=tmp_path)).source, FolderSource)
    chosen = app.choose_source(with_camera("3"))
    assert chosen.source.address == parse_address("3")
    assert (chosen.source.name, chosen.notice) == ("camera 3", "")


def test_a_clip_on_the_command_line_wins_over_the_settings(tmp_path: Path) -> None:
    both = options(video=tmp_path / "a.mp4", config=with_camera("3").config)
    assert app.choose_source(both).source.name == "a.mp4"


def test_the_first_camera_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "camera_list", lambda: [(2, "Door cam"), (5, "Other")])
    assert app.choose_source(options()).source.name == "camera 2"


def test_without_a_camera_the_bundled_clip_and_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "camera_list", list)
    chosen = app.choose_source(options())
    assert chosen.source.name == "demo.mp4"
    assert "No camera found" in chosen.notice
    assert app.DEMO_CLIP.is_file()


def test_recordings_are_checked_at_once_cameras_are_not() -> None:
    bad = FakeSource()
    bad.open_errors = [CameraError("empty")]
    with pytest.raises(CameraError, match="empty"):
        app.check_source(bad)
    assert bad.closed == 1
    live = FakeSource(live=True)
    app.check_source(live)
    assert live.opened == 0


def test_a_wrong_model_leaves_no_files_behind(tmp_path: Path) -> None:
    config = with_values(
        Config(),
        {
            "classify": {"model": str(tmp_path / "none")},
            "store": {"url": f"sqlite:///{tmp_path / 'monitor.db'}"},
        },
    )
    with pytest.raises(ModelError, match="is missing"):
        app.build_parts(options(config=config, csv=tmp_path / "s.csv", events=tmp_path / "e.jsonl"))
    assert list(tmp_path.iterdir()) == []


def test_two_channels_of_one_recorder_are_two_cameras() -> None:
    recorder = "rtsp://127.0.0.1:9/cam/realmonitor?channel={}&subtype=0"
    chosen = app.choose_source(with_camera(f"{recorder.format(1)} {recorder.format(2)}"))
    assert [source.name for source in chosen.sources] == [recorder.format(1), recorder.format(2)]


def test_cameras_that_differ_in_what_is_hidden_are_told_apart() -> None:
    chosen = app.choose_source(with_camera("http://h/x?token=abc http://h/x?token=def"))
    assert [source.name for source in chosen.sources] == ["http://h/x", "http://h/x (2)"]
    with pytest.raises(CameraError, match="named twice"):
        app.choose_source(with_camera("http://h/x?token=abc HTTP://h/x?token=abc"))


def test_a_start_without_names_ends_consents_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr("platformdirs.user_data_dir", lambda *_, **__: str(tmp_path))
    now, vector = datetime.now(UTC), np.eye(1, 256, dtype=np.float32)
    ada = EnrolledPerson("Ada", "yes", now, now, "desk", vector, np.zeros(1, np.uint8))
    save_gallery(Gallery("sface_masked_v3", 256, (ada,)), tmp_path / "gallery.npz")
    for url in ("", f"sqlite:///{tmp_path / 'other.db'}"):
        store = Store(url)
        store.begin_shift("shift", now)
        store.save([visit(1, identity="ADA")], [])
        store.close()
    parts = app.build_parts(with_store(f"sqlite:///{tmp_path / 'other.db'}"))
    parts.ledger.close()
    assert "The consent of Ada had ended" in caplog.text
    assert "from 2 visits" in caplog.text
    gallery = load_any_gallery(tmp_path / "gallery.npz")
    assert gallery is not None
    assert gallery.people == ()


def with_store(url: str) -> app.RunOptions:
    return options(config=with_values(Config(), {"store": {"url": url}}))
