"""Settings: order, ranges, and errors that name the nearest valid word."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from monitor.config import Config, load_config, nearest, with_values
from monitor.errors import ConfigError

SETTINGS = [
    (section.name, spec)
    for section in dataclasses.fields(Config)
    for spec in dataclasses.fields(getattr(Config(), section.name))
]


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_need_no_file() -> None:
    assert load_config() == Config()


@pytest.mark.parametrize(("section", "spec"), SETTINGS, ids=lambda p: getattr(p, "name", p))
def test_every_default_is_valid(section: str, spec: Any) -> None:
    if spec.default is not None:
        assert with_values(Config(), {section: {spec.name: spec.default}}) == Config()


NUMBERS = [(section, spec) for section, spec in SETTINGS if spec.metadata["low"] is not None]


@pytest.mark.parametrize(("section", "spec"), NUMBERS, ids=lambda p: getattr(p, "name", p))
def test_ranges_hold_at_both_ends(section: str, spec: Any) -> None:
    low, high = spec.metadata["low"], spec.metadata["high"]
    for value in (low, high):
        changed = with_values(Config(), {section: {spec.name: value}})
        assert getattr(getattr(changed, section), spec.name) == value
    for value in (low - 1, high + 1):
        with pytest.raises(ConfigError, match=rf"{section}\.{spec.name} = .* from {low} to {high}"):
            with_values(Config(), {section: {spec.name: value}})


@pytest.mark.parametrize(("section", "spec"), NUMBERS, ids=lambda p: getattr(p, "name", p))
def test_what_is_no_number_is_refused(section: str, spec: Any) -> None:
    for value in (float("nan"), float("inf"), float("-inf"), "1", True, None, [1]):
        with pytest.raises(ConfigError, match=rf"{section}\.{spec.name}"):
            with_values(Config(), {section: {spec.name: value}})


def test_file_then_command_line(tmp_path: Path) -> None:
    path = write(
        tmp_path / "m.toml",
        '[detect]\nname = "ssd"\nmin_face_px = 30\n[sighting]\nalert_after_s = 2\n',
    )
    config = load_config(path, {"detect": {"name": "haar"}})
    assert (config.detect.name, config.detect.min_face_px) == ("haar", 30)
    assert config.sighting.alert_after_s == 2.0
    assert isinstance(config.sighting.alert_after_s, float)
    assert config.track == Config().track


def test_a_whole_float_is_an_int() -> None:
    config = with_values(Config(), {"detect": {"min_face_px": 30.0}})
    assert config.detect.min_face_px == 30
    assert isinstance(config.detect.min_face_px, int)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[detcet]\n", r"in m\.toml: unknown section \[detcet\]: did you mean 'detect'\?"),
        ("[qqqqqq]\n", r"unknown section \[qqqqqq\]: valid are camera, detect"),
        (
            "[detect]\nmin_face_pixels = 3\n",
            r"unknown setting detect\.min_face_pixels: did you mean 'min_face_px'\?",
        ),
        ("[sighting]\nzzz = 3\n", r"unknown setting sighting\.zzz: valid are alert_after_s"),
        ('[detect]\nname = "yunte"\n', r"detect\.name = 'yunte': did you mean 'yunet'\?"),
        ('[detect]\nname = "qqq"\n', r"detect\.name = 'qqq': valid are yunet, ssd, haar"),
        ("[detect]\nname = 3\n", r"detect\.name = 3: give a text in quotes"),
        ("[detect]\nmin_face_px = 20.5\n", r"detect\.min_face_px = 20\.5: give a whole number"),
        ('[sighting]\nalert_after_s = "1"\n', r"sighting\.alert_after_s = '1': give a number"),
        ("[sighting]\nalert_after_s = true\n", r"alert_after_s = True: give a number"),
        ("[sighting]\nalert_after_s = nan\n", r"alert_after_s = nan: give a"),
        ("[sighting]\nalert_after_s = inf\n", r"alert_after_s = inf: give a"),
        ("[sighting]\nalert_after_s = -1\n", r"alert_after_s = -1: give a value from 0 to 600"),
        ("[detect]\nthreads = inf\n", r"detect\.threads = inf: give a whole number"),
        ("[store]\nsnapshots = 1\n", r"store\.snapshots = 1: give true or false"),
        ("detect = 3\n", r"detect is a section: write \[detect\]"),
        ("[detect\n", r"settings file m\.toml is not valid TOML \(.*line 1"),
        ("[detect]\nname = 1979-05-27\n", r"detect\.name = .*give a text"),
    ],
)
def test_bad_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load_config(write(tmp_path / "m.toml", text))
    assert "\n" not in str(caught.value)


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(
            ConfigError, match=r"cannot be read \(.+\): check the path after --config"
        ):
            load_config(path)
    (tmp_path / "latin.toml").write_bytes(b'[store]\nurl = "caf\xe9"\n')
    (tmp_path / "notepad.toml").write_bytes("[store]\n".encode("utf-16"))
    for name in ("latin.toml", "notepad.toml"):
        with pytest.raises(ConfigError, match="is no text in UTF-8: save it as UTF-8"):
            load_config(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("#" + "x" * 2**20, "more than 1,048,576 bytes"),
        ('[classify]\nmodel = "a\\nb"', r"classify\.model: the text holds an end of line"),
        ('[classify]\nmodel = "a\\u0000b"', r"classify\.model: the text holds"),
        ('[classify]\nmodel = "a\\u2028b"', r"classify\.model: the text holds"),
        ('[camera]\nsource = "a\\u0000b"', r"camera\.source: the text holds"),
        ('[camera]\nsource = ["rtsp://me:geheim@door/1"]', r"camera\.source: give a text in"),
        (f'[store]\nurl = "geheim{"x" * 20_000}"', r"store\.url: the text is too long"),
        (f'[detect]\nname = "{"x" * 20_000}"', r"detect\.name = 'x+\.\.\.x+': valid are"),
        (f'"{"x" * 20_000}" = 3', r"unknown section \['x+\.\.\."),
        ("[store]\nretention_days = 1e18", "give a value from 0 to 3650"),
    ],
)
def test_what_is_too_much_or_unprintable(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load_config(write(tmp_path / "m.toml", text))
    assert len(str(caught.value)) < 500
    assert "\n" not in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_a_byte_that_is_no_letter_reaches_no_library() -> None:
    for section, name in (("camera", "source"), ("store", "url"), ("classify", "model")):
        with pytest.raises(ConfigError, match=rf"{section}\.{name}: the text holds .* no letter"):
            with_values(Config(), {section: {name: "rtsp://door/\udcff"}})


def test_several_cameras_may_stand_on_lines_of_their_own(tmp_path: Path) -> None:
    text = '[camera]\nsource = """\nrtsp://door/1\n  rtsp://door/2\n"""'
    config = load_config(write(tmp_path / "m.toml", text))
    assert config.camera.source == "rtsp://door/1 rtsp://door/2"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX has pipes among its files")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "m.toml")
    for path in (tmp_path / "m.toml", Path("/dev/zero")):
        with pytest.raises(ConfigError, match="it is a device or a pipe"):
            load_config(path)


def test_empty_file_is_all_defaults(tmp_path: Path) -> None:
    assert load_config(write(tmp_path / "m.toml", "")) == Config()
    assert load_config(write(tmp_path / "m.toml", "[detect]\n")) == Config()


def test_settings_cannot_be_changed_in_place() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().detect.name = "ssd"  # type: ignore[misc]


def test_nearest() -> None:
    assert nearest("tensorflw", ("auto", "onnx", "tensorflow")) == "did you mean 'tensorflow'?"
    assert nearest("", ("a", "b")) == "valid are a, b"
