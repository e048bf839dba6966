"""Makes the sounds of the alerts, `assets/sounds/*.wav`: two soft notes each, ours (MIT).

    python assets/make_sounds.py [--out assets/sounds]

No mask falls by a fourth, worn incorrectly rises by a second, and a mask that is put on rises by
a fourth: who hears them knows which it is without looking. Bells of a sine and two faint overtones,
16 bit, 44100 Hz, mono; the same samples each time.
"""

from __future__ import annotations

import argparse
import wave
from pathlib import Path

import numpy as np

RATE = 44100
PEAK = 0.5  # of full scale: the volume is the user's
# by the state's value: (note in Hz, begins at, seconds) of each note
SOUNDS = {
    "unmasked": ((784.0, 0.0, 0.45), (587.3, 0.18, 0.7)),
    "masked": ((784.0, 0.0, 0.3), (1046.5, 0.1, 0.45)),
    "incorrect": ((587.3, 0.0, 0.4), (659.3, 0.18, 0.55)),
}
OVERTONES = ((1.0, 1.0), (2.0, 0.22), (3.0, 0.07))  # times the note, loudness
ATTACK_S = 0.012  # a sudden beginning clicks


def bell(hz: float, seconds: float) -> np.ndarray:
    """One note as (N,) float64, which dies away."""
    t = np.arange(round(seconds * RATE)) / RATE
    tone = sum(loud * np.sin(2 * np.pi * hz * times * t) for times, loud in OVERTONES)
    rise = np.minimum(1.0, t / ATTACK_S)
    fall = np.exp(-5.0 * t / seconds) * np.minimum(1.0, (seconds - t) / 0.05)
    return np.asarray(tone * rise * fall)


def sound(notes: tuple[tuple[float, float, float], ...]) -> np.ndarray:
    """(N,) int16."""
    length = max(round((begin + seconds) * RATE) for _, begin, seconds in notes)
    mixed = np.zeros(length)
    for hz, begin, seconds in notes:
        note, first = bell(hz, seconds), round(begin * RATE)
        mixed[first : first + len(note)] += note[: length - first]
    return np.round(mixed / np.abs(mixed).max() * PEAK * 32767).astype("<i2")


def write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, notes in SOUNDS.items():
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(sound(notes).tobytes())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(__file__).resolve().parent / "sounds"
    parser.add_argument("--out", type=Path, default=default)
    write(parser.parse_args().out)
