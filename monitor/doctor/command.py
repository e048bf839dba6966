"""`main.py check --camera N`: looks at one camera, and says what is to be mended."""

from __future__ import annotations

import math
import sys
from pathlib import Path

from monitor.app import RunOptions, build_pipeline, check_source
from monitor.camera.kept import KeptCameras
from monitor.camera.source import FrameSource, recording
from monitor.config import Config
from monitor.doctor.examine import examine
from monitor.doctor.judge import Finding, bad, judge
from monitor.doctor.measured import Examined
from monitor.doctor.words import sentence
from monitor.errors import CameraError, ConfigError
from monitor.signals import ended_by_signals

SECONDS, SECONDS_MIN, SECONDS_MAX = 10.0, 2.0, 600.0
MINUTES, MINUTES_MAX = 10.0, 480.0


def check_camera(
    config: Config, *, camera: str | None = None, video: Path | None = None, seconds: float
) -> int:
    """Look at a camera, or at a clip as if it were one, and print a line for each finding.

    Returns:
        0 if all is good, 1 if something is to be mended.

    Raises:
        ConfigError: If `seconds` is no time for a look.
        CameraError: If there can be no such camera or clip.
        ModelError: If a model is missing or changed.
    """
    if not math.isfinite(seconds) or not SECONDS_MIN <= seconds <= SECONDS_MAX:
        raise ConfigError(
            f"--seconds is {seconds:g}: give {SECONDS_MIN:.0f} to {SECONDS_MAX:.0f} seconds"
        )
    source = _source(config, camera, video)
    # before the camera is opened: loading would pass for latency
    pipeline = build_pipeline(RunOptions(config=config), "doctor")
    print(f"Looking at {source.name} for {seconds:g} s …", file=sys.stderr, flush=True)
    try:
        seen = examine(source, pipeline, config.camera, seconds)
    finally:
        pipeline.close()
    if video is not None and not seen.delivery.pictures:
        raise CameraError(seen.delivery.trouble or f"{source.name} holds no picture")
    return _say(seen, judge(seen, config.classify))


def accept_camera(
    config: Config,
    *,
    camera: str | None = None,
    video: Path | None = None,
    minutes: float,
    save_to: Path | None = None,
) -> int:
    """Have somebody judge by key what the monitor sees there, and print how it did.

    Returns:
        0 if the door is fit, 1 if it is not, or that cannot be told yet.

    Raises:
        ConfigError: If `minutes` is no time for a run, or there is no terminal to read keys from.
        CameraError: If there can be no such camera or clip, or no picture comes.
        ModelError: If a model is missing or changed.
        StoreError: If the result cannot be saved; it was printed then.
    """
    from monitor.doctor.accept import AcceptRun
    from monitor.doctor.accept_figures import figures
    from monitor.doctor.accept_files import check_place, save
    from monitor.doctor.accept_keys import terminal_keys
    from monitor.doctor.accept_records import Fit
    from monitor.doctor.accept_words import as_text

    if not math.isfinite(minutes) or not 0 < minutes <= MINUTES_MAX:
        raise ConfigError(f"--accept is {minutes:g}: give up to {MINUTES_MAX:.0f} minutes")
    if save_to is not None:
        check_place(save_to)
    with terminal_keys() as key:
        source = _source(config, camera, video)
        pipeline = build_pipeline(RunOptions(config=config), "accept")
        print(f"Judging {source.name} for {minutes:g} min …", flush=True)
        try:
            run = AcceptRun(source, pipeline, key, lambda line: print(line, flush=True))
            with ended_by_signals(run.end):
                accepted = run.run(config.camera, 60 * minutes)
        finally:
            pipeline.close()
    print(as_text(accepted))
    if save_to is not None:
        save(accepted, save_to)
        print(f"Saved: {save_to.absolute()}")
    return 0 if figures(accepted).fit is Fit.YES else 1


def _source(config: Config, camera: str | None, video: Path | None) -> FrameSource:
    if video is not None:
        source = recording("video", video, config.camera)
        check_source(source)
        return source
    try:
        return KeptCameras().named(camera or "", config.camera)
    except CameraError as error:
        raise CameraError(f"--camera: {error}") from None


def _say(seen: Examined, findings: list[Finding]) -> int:
    for finding in findings:
        mark = "MEND " if finding.fault else ("ok   " if finding.known else "?    ")
        print(f"{mark} {sentence(seen, finding)}")
    wrong = len(list(bad(findings)))
    if not wrong:
        print(f"{seen.name}: nothing to mend")
        return 0
    print(f"{seen.name}: {'1 thing' if wrong == 1 else f'{wrong} things'} to mend")
    return 1
