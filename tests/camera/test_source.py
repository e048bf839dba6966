"""A kind of source is a file that says what it is; all lists know of it."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import monitor.camera
from monitor import cli, headless
from monitor.app import RunOptions, choose_source
from monitor.camera.address import parse_address
from monitor.camera.source import camera_source
from monitor.config import CameraConfig
from monitor.declared import sources

ADDED = """
from monitor.declared import SourceInfo

SOURCE = SourceInfo(
    title="Slides", line="a stack of slides", option="slides", metavar="TRAY", schemes=("slide",)
)


def make(what, config):
    return Slides(what)


class Slides:
    live, stills, address = False, True, None

    def __init__(self, what):
        self.name = getattr(what, "name", "")
        self.address = what if hasattr(what, "kind") else None
"""


@pytest.fixture
def slides(tmp_path: Path) -> Iterator[None]:
    """A kind of source that one more file adds."""
    (tmp_path / "slides.py").write_text(ADDED)
    monitor.camera.__path__.append(str(tmp_path))
    importlib.invalidate_caches()
    yield
    monitor.camera.__path__.remove(str(tmp_path))
    sys.modules.pop("monitor.camera.slides", None)


def test_the_kinds() -> None:
    assert list(sources()) == ["clip", "folder", "stream", "usb"]


@pytest.mark.usefixtures("slides")
def test_a_file_adds_a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[RunOptions] = []
    monkeypatch.setattr(headless, "run_headless", lambda options: opened.append(options) or 0)
    assert "--slides TRAY" in cli._run_parser().format_help()
    assert cli.main(["--headless", "--slides", "old/tray"]) == 0
    assert choose_source(opened[0]).source.name == "tray"
    assert cli.main(["--headless", "--camera", "SLIDE://shelf/tray"]) == 0
    assert choose_source(opened[1]).source.name == "slide://shelf/tray"


def test_a_camera_knows_its_address() -> None:
    for text in ("3", "rtsp://anna:secret@h/live"):
        source = camera_source(text, CameraConfig())
        assert source.address == parse_address(text)
        assert source.live
        assert not source.stills
        assert "secret" not in source.name


def test_listing_the_kinds_loads_none_of_them() -> None:
    script = (
        "import sys; from monitor.app import RunOptions, choose_source\n"
        "from monitor.cli import _run_parser; _run_parser().format_help()\n"
        "from monitor.camera.address import parse_address; parse_address('rtsp://h/live')\n"
        "print(sorted({'cv2', 'av', 'monitor.camera.clip', 'monitor.camera.usb'} & {*sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
