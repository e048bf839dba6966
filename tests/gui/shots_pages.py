"""Draws every page as it comes up on screens of several sizes, to be looked at: `python -m
tests.gui.shots_pages DIR`. Says what does not fit its screen.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from monitor.gui.window import MainWindow

    Keep = Callable[[str, QWidget], None]

SCREENS = {  # pixels, and how much larger everything is shown
    "800x600": (800, 600, 1),
    "1280x720": (1280, 720, 1),
    "1920x1080": (1920, 1080, 1),
    "1920x1080_200": (1920, 1080, 2),
}


def draw(folder: Path, screen: str, theme: str, work: Path) -> None:
    """All pages of a window that runs, on the one screen of this process."""
    from monitor.storage.store import Store
    from tests.gui.history.past import fill
    from tests.gui.shots import LobbyCamera, enrol_three, make_window, wait

    width, height, scale = SCREENS[screen]
    store = Store(f"sqlite:///{work / 'shots.db'}")
    fill(store)
    store.close()
    enrol_three(work / "gallery.npz")
    cameras = [LobbyCamera("Front door", 60), LobbyCamera("Back door", 25, flip=True)]
    window = make_window(width // scale, height // scale, theme, work, cameras)
    window.move(0, 0)
    window.start()
    while window.session.analysed < 6:
        wait(0.1)

    def keep(name: str, widget: QWidget) -> None:
        wait(0.4)
        there, free = widget.geometry(), widget.screen().availableGeometry()
        if there.width() > free.width() or there.height() > free.height():
            print(f"{screen} {theme} {name}: {there.size().toTuple()} on {free.size().toTuple()}")
        widget.grab().save(str(folder / f"{name}_{screen}_{theme}.png"))

    keep("window", window)
    draw_tables(window, keep)
    draw_dialogs(window, keep)
    window.menus.zones.trigger()
    keep("zones", window)
    assert window.zones.bar is not None
    window.zones.bar.ended.emit(False)
    window.menus.visitor.setChecked(True)
    visitor = window.alerts.visitor.window
    assert visitor is not None
    keep("visitor", visitor)
    window.menus.visitor.setChecked(False)
    window.close()


def draw_tables(window: MainWindow, keep: Keep) -> None:
    """History, people, models."""
    from datetime import date, timedelta

    from monitor.gui.history.periods import of_kind

    history = window.commands.show_history()
    history.bar.choose(of_kind("range", date.today() - timedelta(days=9), date.today()))
    until(lambda: not history._reading)
    history.table.selectRow(1)
    keep("history", history)
    history.close()
    people = window.commands.show_people()
    until(lambda: not people.busy)
    people.table.selectRow(0)
    keep("people", people)
    people.close()
    models = window.commands.show_models()
    until(lambda: not models.busy)
    keep("models", models)
    models.close()


def draw_dialogs(window: MainWindow, keep: Keep) -> None:
    """Cameras, settings, export, help, alerts, a password that is asked for."""
    from datetime import datetime

    from monitor.gui.alerts.dialog import AlertsDialog
    from monitor.gui.cameras.locks import PasswordDialog
    from monitor.gui.dialogs import SettingsDialog
    from monitor.gui.export_dialog import ExportDialog
    from monitor.gui.help import HelpDialog

    keeper = window.chooser.keeper
    keeper.kept.put("rtsp://dock.example.org:8554/main", name="Loading dock", on=False)
    keeper.kept.put("7", name="Gate, in the yard", on=False)
    yard = keeper.kept.put("rtsp://anna:secret@yard.example.org/main", name="Yard", on=False)
    pages = {
        "cameras": lambda: window.commands.show_cameras(keeper),
        "settings": lambda: SettingsDialog(window.session.options.config, window),
        "export": lambda: ExportDialog(datetime.now().astimezone(), parent=window),
        "help": lambda: HelpDialog(window),
        "password": lambda: PasswordDialog(yard, keyring=False, parent=window),
        "alerts": lambda: AlertsDialog(
            window.session.options.config, window.session.names, lambda *test: None, window
        ),
    }
    for name, make in pages.items():
        page = make()
        page.show()
        keep(name, page)
        page.close()


def until(what: Callable[[], bool]) -> None:
    from tests.gui.shots import wait

    for _ in range(300):
        wait(0.1)
        if what():
            return


def on_a_screen(folder: Path, screen: str, theme: str) -> int:
    """The same in a process of its own, whose one screen has that size."""
    width, height, scale = SCREENS[screen]
    with tempfile.TemporaryDirectory() as work:
        config = Path(work) / "screen.json"
        one = {"name": "one", "x": 0, "y": 0, "width": width, "height": height, "logicalDpi": 96}
        config.write_text(json.dumps({"screens": [one | {"logicalBaseDpi": 96, "dpr": 1}]}))
        env = os.environ | {
            "QT_QPA_PLATFORM": f"offscreen:configfile={config}",
            "QT_SCALE_FACTOR": str(scale),
            "XDG_DATA_HOME": work,
            "HOME": work,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "PYTHONPATH": os.pathsep.join(("tests", os.environ.get("PYTHONPATH", ""))),
        }
        one_screen = ("--screen", screen, "--theme", theme, "--work", work)
        command = [sys.executable, "-m", "tests.gui.shots_pages", str(folder), *one_screen]
        return subprocess.run(command, env=env, check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--screen", choices=SCREENS)
    parser.add_argument("--theme", choices=("light", "dark"))
    parser.add_argument("--work", type=Path)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    if arguments.work is not None:
        draw(arguments.folder, arguments.screen, arguments.theme, arguments.work)
        return 0
    return max(
        on_a_screen(arguments.folder, screen, theme)
        for screen in ([arguments.screen] if arguments.screen else SCREENS)
        for theme in ([arguments.theme] if arguments.theme else ("light", "dark"))
    )


if __name__ == "__main__":
    raise SystemExit(main())
