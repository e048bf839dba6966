"""A recogniser of one's own in the window: who it knows is named before the camera."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import pytest
from pytestqt.qtbot import QtBot

from monitor.app import RunOptions, build_parts
from monitor.identity.commands import run_forget
from monitor.identity.person import VISITOR
from tests.gui.camera import Camera
from tests.gui.conftest import LONG_MS
from tests.gui.looks import MakeWindow
from tests.identity.command_line import PORTRAITS, CommandLine
from tests.identity.made_recogniser import write_recogniser


@pytest.mark.parametrize(("known", "named"), [("Eileen", "Eileen"), ("Grace", VISITOR)])
def test_the_window_names_whom_the_recogniser_knows(
    qtbot: QtBot, make_window: MakeWindow, tmp_path: Path, known: str, named: str
) -> None:
    desk = CommandLine(tmp_path)
    desk.enrol("Eileen", "collins")
    desk.enrol("Grace", "hopper")
    (person,) = [one for one in desk.people() if one.name == known]
    path = write_recogniser(tmp_path / "door", [person])

    def build(options: RunOptions) -> Any:
        own = replace(options.config.identify, recogniser=str(path))
        return build_parts(replace(options, config=replace(options.config, identify=own)))

    portrait = cv2.imread(str(PORTRAITS / "collins.jpg"))
    assert portrait is not None
    shown = cv2.resize(portrait, None, fx=0.5, fy=0.5)
    window = make_window(Camera("door", image=shown), identify=True, build=build)  # type: ignore[arg-type]

    def names() -> set[str | None]:
        return {face.identity for face in window.view.faces}

    qtbot.waitUntil(lambda: names() == {named}, timeout=LONG_MS)
    if named != VISITOR:
        desk.run(run_forget, named)
        qtbot.waitUntil(lambda: names() in ({VISITOR}, {None}), timeout=LONG_MS)
