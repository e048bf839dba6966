"""The real program with its data folder on a disk that is frozen: whoever writes there waits in the
kernel until it thaws.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mjpeg import MjpegCamera
from program import LIMIT_S, ROOT, Books, Monitor
from test_fault_share import EMPTY, somebody, wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]


class FrozenDisk:
    """An ext4 of 64 MB in a file."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._image = folder / "disk", folder / "disk.img"
        self.frozen = False
        if sys.platform != "linux" or os.geteuid() != 0:
            pytest.skip("only root on Linux can mount and freeze a disk")
        if missing := [t for t in ("mkfs.ext4", "mount", "fsfreeze") if not shutil.which(t)]:
            pytest.skip(f"{', '.join(missing)} not installed")
        self.folder.mkdir()
        with self._image.open("wb") as file:
            file.truncate(64 * 2**20)
        subprocess.run(["mkfs.ext4", "-q", "-F", self._image], check=True, capture_output=True)
        command = ["mount", "-o", "loop", self._image, self.folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")

    def freeze(self, on: bool) -> None:
        subprocess.run(["fsfreeze", "-f" if on else "-u", self.folder], check=True)
        self.frozen = on

    @contextmanager
    def still(self) -> Iterator[None]:
        self.freeze(True)
        try:
            yield
        finally:
            if self.frozen:
                self.freeze(False)

    def close(self) -> None:
        if self.frozen:
            self.freeze(False)
        subprocess.run(["umount", "--lazy", self.folder], check=False, capture_output=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[FrozenDisk]:
    one = FrozenDisk(tmp_path)
    yield one
    one.close()


@pytest.fixture
def camera() -> Iterator[MjpegCamera]:
    one = MjpegCamera()
    one.show(EMPTY)
    one.live()
    yield one
    one.die()


class Door:
    """A monitor without a window whose data folder is on the disk; its events are elsewhere."""

    def __init__(self, disk: FrozenDisk, camera: MjpegCamera, folder: Path) -> None:
        self._camera, self.books = camera, Books(folder)
        self.books.url = f"sqlite:///{disk.folder / 'mask-monitor' / 'monitor.db'}"
        settings = disk.folder / "settings.toml"
        settings.write_text(
            "[store]\nsnapshots = true\n[learning]\ncollect = true\n"
            "[sighting]\nalert_after_s = 1.0\n[track]\nreturn_s = 0\nstill_after_s = 0\n"
        )
        arguments = ["--headless", "--camera", camera.url, "--events", self.books.events]
        self.monitor = Monitor(disk.folder, *arguments, "--config", settings)

    def visited(self) -> None:
        """Somebody comes, stays until they were judged, and leaves."""
        before = self._of_frames()
        self._camera.show(somebody())
        self._wait(lambda: self._of_frames() > before + 30)
        self._camera.show(EMPTY)
        self._wait(lambda: not self.books.lines()[-1]["faces"])
        self.frames(60)  # it is another visit then if somebody comes again

    def frames(self, more: int) -> None:
        """Wait until so many more were analysed."""
        before = len(self.books.lines())
        self._wait(lambda: len(self.books.lines()) > before + more)

    def _of_frames(self) -> int:
        return sum(bool(line["faces"]) for line in self.books.lines())

    def _wait(self, holds: Callable[[], bool]) -> None:
        wait_until(lambda: self.books.events.exists() and holds())


def test_a_frozen_disk_stops_nothing_and_loses_nothing(
    disk: FrozenDisk, camera: MjpegCamera, tmp_path: Path
) -> None:
    door = Door(disk, camera, tmp_path)
    try:
        door.monitor.wait_for("is live")
        door.visited()
        with disk.still():
            door.visited()
            door.monitor.wait_for(f"nothing can be written to {disk.folder}/mask-monitor/waiting")
            door.visited()
            door.frames(60)
        door.monitor.wait_for("everything that waited has been saved")
        done = door.monitor.end(signal.SIGINT)
        assert done.code == 0, done.err
        assert "3 visits" in done.out
    finally:
        door.monitor.close()
    assert len(door.books.visits()) == 3
    assert len(door.books.sightings()) == 3
    assert not any(visit.open for visit in door.books.visits())
    assert list((disk.folder / "mask-monitor" / "waiting").iterdir()) == []


def test_a_frozen_disk_does_not_keep_the_program_from_ending(
    disk: FrozenDisk, camera: MjpegCamera, tmp_path: Path
) -> None:
    """It has said what could not be saved; the kernel alone keeps a process whose thread waits."""
    door = Door(disk, camera, tmp_path)
    try:
        door.monitor.wait_for("is live")
        door.visited()
        door.frames(15)
        with disk.still():
            door.visited()
            door.monitor.wait_for("does not answer")
            began = time.monotonic()
            door.monitor._process.send_signal(signal.SIGINT)
            door.monitor.wait_for("records could not be saved: the store")
            assert time.monotonic() - began < LIMIT_S / 2
        assert door.monitor.wait().code == 2
    finally:
        door.monitor.close()
    assert len(door.books.visits()) == 1


WINDOW = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from monitor.app import RunOptions
from monitor.config import load_config
from monitor.gui.application import make_application, open_window
folder, camera, frozen = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
window = open_window(RunOptions(load_config(None, {"camera": {"source": camera}})))
said = []

def look():
    text = window.banners.text("store")
    if window.session.analysed > 10:
        print("watching", window.session.analysed, flush=True)
    if frozen.exists():
        window.menus.mute.setChecked(not window.menus.mute.isChecked())
    if text and text not in said:
        said.append(text)
        print("banner", text, flush=True)
    if Path(sys.argv[4]).exists():
        window.close()
        print("closed", window.error, flush=True)
        make_application().quit()

timer = QTimer(interval=500)
timer.timeout.connect(look)
timer.start()
make_application().exec()
"""


def test_the_window_goes_on_with_its_data_and_settings_on_a_frozen_disk(
    disk: FrozenDisk, camera: MjpegCamera, tmp_path: Path
) -> None:
    frozen, close, said = tmp_path / "frozen", tmp_path / "close", tmp_path / "said"
    home = {"HOME": str(disk.folder), "XDG_DATA_HOME": str(disk.folder)}
    home |= {"XDG_CONFIG_HOME": str(disk.folder / "config"), "QT_QPA_PLATFORM": "offscreen"}
    with said.open("w") as out:
        window = subprocess.Popen(
            [sys.executable, "-c", WINDOW, disk.folder, camera.url, frozen, close],
            stdout=out,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env=os.environ | home,
        )

    def analysed() -> int:
        return max(
            (int(w.split()[1]) for w in said.read_text().splitlines() if "watch" in w), default=0
        )

    try:
        wait_until(lambda: analysed() > 10)
        with disk.still():
            frozen.touch()
            wait_until(lambda: "nothing can be written to" in said.read_text())
            wait_until(lambda: "records wait" in said.read_text())
            before = analysed()
            wait_until(lambda: analysed() > before + 30)
            close.touch()
            wait_until(lambda: "closed" in said.read_text())
        assert window.wait(LIMIT_S) == 0
    finally:
        window.kill()
        window.wait()
    assert "records could not be saved" in said.read_text().splitlines()[-1]
