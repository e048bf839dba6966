"""A real headless Chromium, driven by Playwright, whose camera shows a bundled portrait."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2

CHROMIUM = next((p for n in ("chromium", "chromium-browser") if (p := shutil.which(n))), None)
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
)
WIDE, NARROW = (1280, 900), (360, 740)


def camera_film(picture: Path, folder: Path) -> Path:
    """What the browser's camera shows: a picture, a little brighter and darker by turns."""
    image = cv2.imread(str(picture))
    assert image is not None
    image = cv2.resize(image, (640, 480))
    film = folder / "camera.mjpeg"
    with film.open("wb") as file:
        for number in range(20):
            done, jpeg = cv2.imencode(".jpg", cv2.convertScaleAbs(image, alpha=0.9 + 0.01 * number))
            assert done
            file.write(jpeg.tobytes())
    return film


@contextmanager
def chromium(film: Path) -> Iterator[Any]:
    """The browser. What it asks of other machines is an error."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[*FLAGS, f"--use-file-for-fake-video-capture={film}"],
        )
        try:
            yield browser
        finally:
            browser.close()


def version() -> str:
    assert CHROMIUM is not None
    done = subprocess.run([CHROMIUM, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.strip()
