"""Draws the review room, the first steps, the doctor's page and the acceptance run, to be looked
at: `python -m tests.gui.shots_rooms DIR`.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import cv2

from monitor.camera.address import parse_address
from monitor.camera.folder import FolderSource
from tests.gui.shots import LobbyCamera, demo_frame, make_window, wait


def draw_review(folder: Path, work: Path) -> None:
    """The bundled clip in the review room: gone back in, looked ahead in, judged to its end; and a
    folder of pictures.
    """
    pictures = work / "pictures"
    pictures.mkdir()
    for number in range(12):
        cv2.imwrite(str(pictures / f"{number}.png"), demo_frame(30 * number))
    for width, height in ((800, 600), (1280, 720), (1920, 1080)):
        for theme in ("light", "dark"):
            window = make_window(width, height, theme, work)
            window.start()
            while window.review.bar is None:
                wait(0.1)
            name, review = f"review_{width}_{theme}", window.session.watched[0].review
            assert review is not None
            window.session.pause(True)
            review.seek(15.0)
            while review.place().judged_s < 14.9 or review.place().target_s is not None:
                wait(0.1)
            review.seek(window.review.marks()[-1].began_t + 1.0)
            wait(1.0)
            window.grab().save(str(folder / f"{name}_again.png"))
            review.glance(20.0)
            wait(1.0)
            window.grab().save(str(folder / f"{name}_ahead.png"))
            review.speed = 8.0
            review.seek(1e6)
            while not review.place().ended:
                wait(0.1)
            window.review.bar.seek.setFocus()
            wait(1.5)
            window.grab().save(str(folder / f"{name}_ended.png"))
            window.close()
    window = make_window(800, 600, "light", work, [FolderSource(pictures)])
    window.start()
    while not (window.session.watched and window.session.analysed > 3):
        wait(0.1)
    window.grab().save(str(folder / "review_folder.png"))
    window.close()


def draw_first_steps(folder: Path, work: Path) -> None:
    """First steps, the doctor's page and an acceptance run, before the bundled clip as a camera,
    in a window of each size.
    """
    for width, height in ((800, 600), (1280, 720)):
        for theme in ("light", "dark"):
            camera = LobbyCamera("camera 0", 60)
            camera.address = parse_address("0")
            name = f"{width}_{theme}"
            window = make_window(width, height, theme, work, [camera])
            window.start()
            while window.session.analysed < 10:
                wait(0.1)
            guide = window.doctor.show_guide()
            guide.resize(min(680, width - 8), min(560, height - 32))
            wait(1.0)
            guide.grab().save(str(folder / f"first_1_{name}.png"))
            guide.form.kind.setCurrentIndex(guide.form.kind.findData(""))
            guide.form.preview.look_on(window.session.watched[0])
            wait(0.4)
            guide.grab().save(str(folder / f"first_1_network_{name}.png"))
            guide.form.stop()
            guide.chosen_is("camera 0")
            wait(0.8)
            guide.grab().save(str(folder / f"first_2_{name}.png"))
            guide.go_on()
            wait(0.4)
            guide.grab().save(str(folder / f"first_3_{name}.png"))
            guide.reject()
            kept = window.chooser.keeper.kept
            page = window.doctor.show_doctor(kept.put("0", name="camera 0"))
            page.resize(min(680, width - 8), min(460, height - 32))
            page.look()
            while page.busy:
                wait(0.1)
            wait(0.2)
            page.grab().save(str(folder / f"doctor_{name}.png"))
            run = window.doctor.show_accept("camera 0")
            run.resize(min(720, width - 8), min(520, height - 32))
            while not run.book.waiting:
                wait(0.1)
            wait(0.5)
            run.grab().save(str(folder / f"accept_{name}.png"))
            run.press("u")
            run.press("x")
            run.end()
            wait(0.1)
            run.grab().save(str(folder / f"accept_result_{name}.png"))
            window.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        draw_review(folder, Path(work))
        draw_first_steps(folder, Path(work))


if __name__ == "__main__":
    main()
