"""The sounds, played into a virtual device: ALSA's own that writes to a file."""

from __future__ import annotations

import ctypes.util
import os
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from monitor.gui.alerts.sound import SoundError, play, sound_file
from monitor.records import MaskState

ROOT = Path(__file__).resolve().parents[3]
STATES = (MaskState.UNMASKED, MaskState.INCORRECT, MaskState.MASKED)
SINK = """pcm.null {{ type null }}
pcm.!default {{ type file slave.pcm "null" file "{file}" format "raw" }}
"""
needs_sink = pytest.mark.skipif(
    not sys.platform.startswith("linux") or ctypes.util.find_library("asound") is None,
    reason="no virtual sound device here: that is ALSA's (libasound2)",
)


def samples_of(state: MaskState, folder: Path | None = None) -> np.ndarray:
    path = sound_file(state) if folder is None else folder / sound_file(state).name
    with wave.open(str(path), "rb") as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def sink(folder: Path) -> tuple[dict[str, str], Path]:
    """The environment that has the virtual device alone, and the file that it writes."""
    heard, config = folder / "heard.raw", folder / "asound.conf"
    config.write_text(SINK.format(file=heard), "utf-8")
    nowhere = f"unix:{folder / 'nowhere'}"
    return {**os.environ, "ALSA_CONFIG_PATH": str(config), "PULSE_SERVER": nowhere}, heard


def run(script: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script]
    return subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60
    )


@needs_sink
@pytest.mark.parametrize("state", STATES)
def test_the_whole_sound_comes_out_at_the_volume_that_is_set(
    tmp_path: Path, state: MaskState
) -> None:
    environment, heard = sink(tmp_path)
    script = (
        "from monitor.gui.alerts.sound import play, sound_file\n"
        "from monitor.records import MaskState\n"
        f"play(sound_file(MaskState({state.value!r})), 50)"
    )
    done = run(script, environment)
    assert done.returncode == 0, done.stderr
    played, ours = np.frombuffer(heard.read_bytes(), "<i2"), samples_of(state)
    first = int(np.flatnonzero(played)[0]) - int(np.flatnonzero((ours * 0.5).astype("<i2"))[0])
    np.testing.assert_allclose(played[first : first + len(ours)], ours / 2, atol=1)
    assert not played[first + len(ours) :].any()


@needs_sink
def test_a_pc_without_a_sound_device_says_so(tmp_path: Path) -> None:
    environment, _ = sink(tmp_path)
    Path(environment["ALSA_CONFIG_PATH"]).write_text("", "utf-8")
    script = (
        "from monitor.gui.alerts.sound import SoundError, play, sound_file\n"
        "from monitor.records import MaskState\n"
        "try: play(sound_file(MaskState.UNMASKED), 50)\n"
        "except SoundError as error: print(error)"
    )
    done = run(script, environment)
    assert done.stdout.startswith("no sound came out: this PC has no sound device"), done.stderr


@pytest.mark.parametrize("content", [b"", b"RIFF", b"\x00" * 100])
def test_a_broken_file_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.wav"
    path.write_bytes(content)
    with pytest.raises(SoundError, match=r"broken\.wav cannot be read"):
        play(path, 50)


def test_the_sounds_differ_are_short_and_neither_click_nor_shout() -> None:
    sounds = [samples_of(state).astype(float) / 32768 for state in STATES]
    assert len({len(samples) for samples in sounds}) == len(STATES)
    for samples in sounds:
        assert 0.5 < len(samples) / 44100 < 1.2
        assert 0.45 < np.abs(samples).max() <= 0.5
        assert np.abs(np.diff(samples)).max() < 0.12  # no step
        assert abs(samples[0]) < 0.01
        assert abs(samples[-1]) < 0.01


def test_the_script_in_the_tree_makes_these_very_sounds(tmp_path: Path) -> None:
    command = [sys.executable, "assets/make_sounds.py", "--out", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=60)
    for state in STATES:
        made = samples_of(state, tmp_path)
        np.testing.assert_allclose(made, samples_of(state), atol=1)  # libraries round the last bit
