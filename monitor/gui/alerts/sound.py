"""Plays the sound of a state by the system's own sound service. No Qt: Qt Multimedia is not in
PySide6_Essentials, and the rest of PySide6 has 400 MB.

miniaudio speaks to WASAPI, Core Audio, PulseAudio (and PipeWire, which answers for it), ALSA and
others, whichever answers first.
"""

from __future__ import annotations

import threading
import wave
from collections.abc import Generator
from pathlib import Path

import numpy as np

from monitor.errors import MonitorError
from monitor.records import MaskState

SOUNDS = Path(__file__).resolve().parents[3] / "assets" / "sounds"  # by assets/make_sounds.py
BUFFER_MS = 100
OVER_S = 5.0  # a device that has not taken a sound of a second by then has stopped


class SoundError(MonitorError):
    """No sound came out."""


def sound_file(state: MaskState) -> Path:
    """Of every state but UNSURE, of which nobody is told."""
    return SOUNDS / f"{state.value}.wav"


def play(path: Path, volume: int) -> None:
    """Play a file to its end; any thread but the main one, as it waits for that.

    Args:
        path: WAV, 16 bit.
        volume: Percent, 0 to 100, of what the system plays at.

    Raises:
        SoundError: If the file cannot be read, or no sound device takes it.
    """
    import miniaudio

    samples, channels, rate = _read(path)
    loud = (samples * (volume / 100)).astype(np.int16)
    # without the one that plays to nobody: where there is no device, that is said
    backends = [b for b in miniaudio.get_enabled_backends() if b is not miniaudio.Backend.NULL]
    ended = threading.Event()
    feed = _feed(loud.reshape(-1, channels), ended)
    next(feed)
    try:
        with miniaudio.PlaybackDevice(
            nchannels=channels,
            sample_rate=rate,
            buffersize_msec=BUFFER_MS,
            backends=backends,
            app_name="Mask Monitor",
        ) as device:
            device.start(feed)
            if not ended.wait(OVER_S):
                raise SoundError("no sound came out: the sound device of this PC does not answer")
    except miniaudio.MiniaudioError:
        raise SoundError(
            "no sound came out: this PC has no sound device, or another program holds it"
        ) from None


def _feed(samples: np.ndarray, ended: threading.Event) -> Generator[bytes | np.ndarray, int, None]:
    """What the device takes, part by part, and silence until its buffers have played it."""
    wanted = yield b""
    place, silence = 0, 0
    while place < len(samples):
        part = samples[place : place + wanted]
        place += wanted
        wanted = yield part
    while silence < 3:  # two periods are in the device still
        silence += 1
        wanted = yield b""
    ended.set()


def _read(path: Path) -> tuple[np.ndarray, int, int]:
    """(N,) int16 samples, channels, rate in Hz."""
    try:
        with wave.open(str(path), "rb") as file:
            if file.getsampwidth() != 2:
                raise SoundError(f"the sound {path.name} has not 16 bits: write it anew")
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
            return samples, file.getnchannels(), file.getframerate()
    except (OSError, EOFError, wave.Error) as error:
        raise SoundError(f"the sound {path.name} cannot be read ({error}): install anew") from None
