"""`main.py cameras`: those that were set up, and those that the system knows."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.camera import listing
from monitor.camera.kept import KeptCamera, KeptCameras
from monitor.errors import StoreError
from monitor.given import CommandParser


def run_cameras(argv: Sequence[str]) -> int:
    """Returns the exit status. No camera is opened and no keyring asked.

    Raises:
        StoreError: If the list of those that were set up cannot be read.
    """
    CommandParser(
        prog="main.py cameras",
        description="List the cameras that were set up in the window, and those that are plugged "
        "in.",
    ).parse_args(argv)
    kept, plugged = KeptCameras(), listing.camera_list()
    if kept.cameras:
        print("Set up (in the window, File > Cameras…):")
        for line in _columns([_texts(camera) for camera in kept.cameras]):
            print(f"  {line}")
        print("Plugged in:")
    for index, name in plugged:
        print(f"{index}  {name}")
    if not plugged:
        print("No camera found. Plug one in, or give a stream with --camera rtsp://… or http://…")
    if kept.fault:
        raise StoreError(kept.fault)
    return 0


def _texts(camera: KeptCamera) -> tuple[str, ...]:
    """Name, kind, whether it is watched at the start, and what of its address may be shown."""
    number = camera.shown.isdigit()
    hidden = ", password not shown" if camera.secret else ""
    return (
        camera.title,
        "USB" if number else camera.shown.partition("://")[0].upper(),
        "switched on" if camera.on else "switched off",
        f"number {camera.shown}" if number else f"{camera.shown}{hidden}",
    )


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
