"""What a run begins with: the cameras that were set up."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.app import RunOptions, choose_source
from monitor.camera.kept import KeptCameras
from monitor.camera.source import FrameSource
from monitor.errors import CameraError
from monitor.gui.threads.session import CAMERAS_MAX

NOTHING = "No camera found: plug one in, or open a stream or a clip"


@dataclass(frozen=True, slots=True)
class First:
    """What a run begins with."""

    sources: tuple[FrameSource, ...]
    notice: str = ""
    named: bool = False  # on the command line, or in the settings


def first_sources(options: RunOptions, kept: KeptCameras) -> First:
    """What the options name, else the cameras that were set up and need no password, whether they
    are there or not, else `choose_source`'s choice.

    Raises:
        CameraError: If what is named is not valid.
    """
    if options.recording is not None or options.config.camera.source:
        chosen = choose_source(options, kept)
        return First(chosen.sources, chosen.notice, named=True)
    if kept.cameras:
        sources, wrong = kept.sources(options.config.camera)
        if not any(camera.on for camera in kept.cameras):
            wrong = "All cameras are switched off: switch one on in File > Cameras…"
        elif len(sources) > CAMERAS_MAX:
            wrong = f"Only {CAMERAS_MAX} cameras are watched: switch others off in File > Cameras…"
        return First(sources[:CAMERAS_MAX], wrong)
    try:
        chosen = choose_source(options, kept)
    except CameraError:  # there was one once
        return First((), kept.fault or NOTHING)
    return First(chosen.sources, chosen.notice)
