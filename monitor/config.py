"""Settings: defaults, then a TOML file, then the command line. Parsed once, handed on section by
section.

Each field's comment says what it does; its range stands beside its default. `README.md` has a
commented example file.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import reprlib
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monitor.declared import detectors
from monitor.errors import ConfigError
from monitor.files import read_file
from monitor.shift_times import parse_shifts

FILE_BYTES_MAX = 2**20  # of settings
TEXT_MAX = 10_000  # letters of a setting
SEPARATORS = ("auto", "comma", "semicolon", "tab")
BACKENDS = ("auto", "onnx", "tensorflow")
ROTATIONS = (0, 90, 180, 270)
CLOCK = r"(([01]\d|2[0-3]):[0-5]\d)? 22:00"
# what the visitor window can speak: their codes (ISO 639); its sentences are in the window's room
LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "tr", "uk", "ar", "he")


def _setting(
    default: Any,
    low: float | None = None,
    high: float | None = None,
    choices: Callable[[], Iterable[str | int]] = tuple,
    form: str = "",
    check: Callable[[str], object] = str,
) -> Any:
    """
    Args:
        form: What a text must be, as a regular expression with an example after a blank.
        check: Of a text: raises ValueError with what is wrong.
    """
    given = {"low": low, "high": high, "choices": choices, "form": form, "check": check}
    return field(default=default, metadata=given)


@dataclass(frozen=True, slots=True)
class CameraConfig:
    # camera index or stream URL, several with spaces between; empty: the first camera found
    source: str = _setting("")
    width: int = _setting(0, 0, 7680)  # asked of the camera, px; 0: what the camera likes best
    height: int = _setting(0, 0, 4320)
    # a stream that does not answer for this long is lost
    open_timeout_s: float = _setting(5.0, 0.5, 60)
    # an open stream that gives no picture for this long is lost
    read_timeout_s: float = _setting(10.0, 0.5, 60)
    # cameras that are trusted by the SHA-256 of their certificate, "host:port=fingerprint" with
    # spaces between several
    tls_pins: str = _setting("")
    # without a picture for this long the window says "stalled"
    stall_after_s: float = _setting(2.0, 0.2, 60)
    retry_max_s: float = _setting(30.0, 1, 600)  # pauses between tries grow 1, 2, 4 ... up to this
    # a camera that hangs sideways or upside down: its pictures are turned clockwise, degrees
    rotate: int = _setting(0, choices=lambda: ROTATIONS)
    mirror: bool = _setting(False)  # and then left and right are exchanged
    # live cameras that were paused in the window go on by themselves after so long, minutes; 0:
    # they stay paused
    resume_after_min: float = _setting(15.0, 0, 1440)


@dataclass(frozen=True, slots=True)
class DetectConfig:
    name: str = _setting("yunet", choices=detectors)
    # faces below are dropped; unset: the detector's own default
    confidence_min: float | None = _setting(None, 0.05, 0.99)
    # longer side of the picture that is searched, px; 0: follows the frame
    working_side: int = _setting(0, 0, 3840)
    # smaller faces, in pixels of the frame, are not reported
    min_face_px: int = _setting(20, 8, 1000)
    # how often a picture is searched while somebody is there; 0: every frame
    every_s: float = _setting(0.1, 0, 10)
    idle_every_s: float = _setting(0.2, 0, 10)  # the same while nobody is there
    # how often it is searched for the smallest faces as well; 0: always
    sweep_every_s: float = _setting(0.5, 0, 10)
    threads: int = _setting(2, 1, 64)
    zones: str = _setting("")  # the file of what counts and what is ignored; empty: the window's


@dataclass(frozen=True, slots=True)
class ClassifyConfig:
    model: str = _setting("mask_v5")  # a name in models/, or a path without its ending
    # auto: TensorFlow where it has a GPU, else ONNX Runtime
    backend: str = _setting("auto", choices=lambda: BACKENDS)
    threads: int = _setting(2, 1, 64)
    # how often a track whose state is settled is classified again; 0: always
    settled_every_s: float = _setting(0.2, 0, 10)
    # faces with a longer side below this are not judged
    unsure_face_px: int = _setting(24, 0, 1000)
    # ROIs less sharp (variance of the Laplacian) are not judged
    unsure_sharpness: float = _setting(0.0, 0, 1e6)
    # nose this many eye distances off the middle: not judged; 0: all are
    unsure_side_on: float = _setting(0.0, 0, 10)
    # pictures that stand alone: a face is unsure if neither "masked" nor "not masked right" is at
    # least this probable
    unsure_below: float = _setting(0.6, 0, 1)


@dataclass(frozen=True, slots=True)
class TrackConfig:
    # a new track needs a detection at least this confident
    birth_confidence: float = _setting(0.7, 0.05, 0.99)
    # overlap of a face with a track's forecast that makes them one
    iou_min: float = _setting(0.2, 0.01, 0.9)
    lost_after_s: float = _setting(1.5, 0.1, 30)  # a track that is not seen for this long has ended
    confirm_s: float = _setting(0.25, 0, 10)  # a track becomes a visit when it is this old
    confirm_hits: int = _setting(3, 1, 100)  # and was seen this often
    # who has left and comes back to the same place in the same clothes within this time is the same
    # visit; 0: everybody who comes is another one
    return_s: float = _setting(8.0, 0, 120)
    # what has not moved at all for this long (a poster) is no person; 0: everything may be one
    still_after_s: float = _setting(10.0, 0, 3600)


@dataclass(frozen=True, slots=True)
class VoteConfig:
    half_life_s: float = _setting(0.5, 0.02, 30)  # an answer this old weighs half
    # the vote of another state must be above this to take over
    switch_above: float = _setting(0.6, 0.34, 1)
    # below this, and with no other above switch_above, a state becomes unsure
    hold_above: float = _setting(0.4, 0, 1)
    # answers (weighted) before a track has any state but unsure
    evidence_min: float = _setting(1.5, 0, 100)
    settled_above: float = _setting(0.85, 0.34, 1)  # a state with such a vote is settled
    # a state is held for this long after the last look that was surely at a face. In the clips of
    # ../shared/data/videos people who face the camera are surely seen every 0.72 s or more often
    hold_s: float = _setting(2.0, 0.1, 60)


@dataclass(frozen=True, slots=True)
class SightingConfig:
    # unmasked or incorrect for longer than this is a sighting
    alert_after_s: float = _setting(0.5, 0, 600)
    clear_after_s: float = _setting(0.5, 0, 600)  # masked for this long, a sighting has ended


@dataclass(frozen=True, slots=True)
class AlertsConfig:
    # the same visit is not told of again within this
    cooldown_s: float = _setting(60.0, 0, 3600)
    # from when to when nobody is told of, by the local clock; empty: there are no quiet hours
    quiet_from: str = _setting("", form=CLOCK)
    quiet_to: str = _setting("", form=CLOCK)
    volume: int = _setting(60, 0, 100)  # of the sounds, percent
    thanks: bool = _setting(False)  # a sound, too, when somebody who was told of puts the mask on
    notices: bool = _setting(True)  # a notice of the system, and the taskbar asks for a look


@dataclass(frozen=True, slots=True)
class VisitorConfig:
    language: str = _setting("en", choices=lambda: LANGUAGES)  # of the window that faces visitors
    camera: str = _setting("")  # which one it speaks for, by its name; empty: the first
    show_face: bool = _setting(False)  # show the picture in it


@dataclass(frozen=True, slots=True)
class IdentifyConfig:
    # wanted share of strangers who are named as somebody enrolled
    far: float = _setting(0.001, 1e-6, 0.5)
    # a picture that stands alone: wanted share of wrong names in single comparisons as well
    picture_far: float = _setting(0.0001, 1e-7, 0.5)
    # file of a recogniser of one's own, with thresholds of its own; empty: the gallery alone names
    recogniser: str = _setting("")


@dataclass(frozen=True, slots=True)
class GenderConfig:
    # write a guess at the person's gender beside the box; never stored
    show: bool = _setting(False)
    model: str = _setting("gender_v4")  # a name in models/, or a path without its ending


@dataclass(frozen=True, slots=True)
class StoreConfig:
    url: str = _setting("")  # SQLAlchemy URL; empty: SQLite in the user's data folder
    # what this desk is called in the rows that it writes; empty: the name of this computer
    desk: str = _setting("")
    # visits and sightings older than this are deleted; 0: kept for ever
    retention_days: int = _setting(30, 0, 3650)
    snapshots: bool = _setting(False)  # keep a picture of each sighting's face beside the store
    # a file of --events that is this large is put aside, MB
    events_mb: int = _setting(100, 1, 100_000)
    events_files: int = _setting(5, 1, 1000)  # how many of them are kept; the oldest is deleted


@dataclass(frozen=True, slots=True)
class ShiftConfig:
    # when shifts begin, by name and time of day with commas between several: "Morning 06:00, Late
    # 14:00"
    times: str = _setting("00:00", check=parse_shifts)


@dataclass(frozen=True, slots=True)
class ExportConfig:
    # between the cells of an export: "comma", "semicolon" (numbers then have a decimal comma) or
    # "tab"; "auto": as spreadsheets of this computer's region expect it
    separator: str = _setting("auto", choices=lambda: SEPARATORS)


@dataclass(frozen=True, slots=True)
class LearningConfig:
    # keep a few faces of visits that the receptionist corrects or confirms, to learn from
    collect: bool = _setting(False)
    # kept faces older than this are deleted
    retention_days: int = _setting(90, 1, 3650)
    # faces of one visit that are kept at most
    faces_per_visit: int = _setting(3, 1, 10)
    # note daily how sure the answers are, how light and how large the faces; nobody in particular
    drift: bool = _setting(True)
    # `learn nightly` learns when so many faces were judged since it did last
    learn_after: int = _setting(20, 5, 10_000)
    # `learn nightly` promotes what is better; else it waits as the candidate
    promote_nightly: bool = _setting(False)
    # where runs are told beside the data folder: the address of an MLflow server; empty: nowhere
    mlflow: str = _setting("")


@dataclass(frozen=True, slots=True)
class MqttConfig:
    # broker that is told counts, sightings and what the cameras show; empty: nobody is told
    host: str = _setting("")
    port: int = _setting(0, 0, 65535)  # 0: 1883, with TLS 8883
    tls: bool = _setting(False)
    ca: str = _setting("")  # file of certificates that are trusted, PEM; empty: the system's
    # its password is kept in the system's keyring: `python main.py mqtt password`
    user: str = _setting("")
    prefix: str = _setting("mask-monitor", form=r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)* house/door")
    # the beginning of Home Assistant's discovery topics; empty: none are sent
    discovery: str = _setting("homeassistant", form=r"([A-Za-z0-9_-]+)? homeassistant")
    desk: str = _setting("")  # who tells it; empty: the name of this computer


@dataclass(frozen=True, slots=True)
class Config:
    camera: CameraConfig = field(default_factory=CameraConfig)
    detect: DetectConfig = field(default_factory=DetectConfig)
    classify: ClassifyConfig = field(default_factory=ClassifyConfig)
    track: TrackConfig = field(default_factory=TrackConfig)
    vote: VoteConfig = field(default_factory=VoteConfig)
    sighting: SightingConfig = field(default_factory=SightingConfig)
    alerts: AlertsConfig = field(default_factory=AlertsConfig)
    visitor: VisitorConfig = field(default_factory=VisitorConfig)
    identify: IdentifyConfig = field(default_factory=IdentifyConfig)
    gender: GenderConfig = field(default_factory=GenderConfig)
    store: StoreConfig = field(default_factory=StoreConfig)
    shift: ShiftConfig = field(default_factory=ShiftConfig)
    export: ExportConfig = field(default_factory=ExportConfig)
    learning: LearningConfig = field(default_factory=LearningConfig)
    mqtt: MqttConfig = field(default_factory=MqttConfig)


def nearest(name: str, valid: tuple[str, ...] | list[str]) -> str:
    """`; did you mean X?` for the valid name most like `name`, or the list of all where none is
    like it.
    """
    close = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else "valid are " + ", ".join(valid)


def load_config(
    path: Path | None = None, changes: Mapping[str, Mapping[str, Any]] | None = None
) -> Config:
    """The settings of a run.

    Args:
        path: A TOML file, or None.
        changes: Section to name to value, from the command line; wins over the file.

    Raises:
        ConfigError: If the file cannot be read or is no TOML; if a section, a name or a value is
            not valid.
    """
    config = Config()
    if path is not None:
        config = with_values(config, _read_toml(path), where=f"in {_shown(path.name)}: ")
    return with_values(config, changes or {})


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_file(path, FILE_BYTES_MAX).decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(
            f"settings file {_shown(str(path))} cannot be read ({error.strerror}): check the path "
            f"after --config"
        ) from None
    except UnicodeDecodeError:  # Notepad's "Unicode" is UTF-16
        shown = _shown(path.name)
        raise ConfigError(f"settings file {shown} is no text in UTF-8: save it as UTF-8") from None
    # not TOML, a number of thousands of digits, brackets without end
    except (ValueError, RecursionError) as error:
        reason = _shown(str(error).splitlines()[0][:200])
        raise ConfigError(
            f"settings file {_shown(path.name)} is not valid TOML ({reason}): correct that line"
        ) from None


def with_values(config: Config, values: Mapping[str, Any], where: str = "") -> Config:
    """`config` with some values replaced and checked. Errors begin with `where`."""
    sections = {f.name: getattr(config, f.name) for f in dataclasses.fields(config)}
    for key, entries in values.items():
        section = _shown(key)
        if section not in sections:
            raise ConfigError(
                f"{where}unknown section [{section}]: {nearest(section, list(sections))}"
            )
        if not isinstance(entries, Mapping):
            raise ConfigError(
                f"{where}{section} is a section: write [{section}] and its settings below"
            )
        fields = {f.name: f for f in dataclasses.fields(sections[section])}
        checked = {}
        for key_of_value, value in entries.items():
            name = _shown(key_of_value)
            if name not in fields:
                raise ConfigError(
                    f"{where}unknown setting {section}.{name}: {nearest(name, list(fields))}"
                )
            checked[name] = _checked(f"{where}{section}.{name}", fields[name], value)
        sections[section] = dataclasses.replace(sections[section], **checked)
    return Config(**sections)


def _shown(key: str) -> str:
    """A key or a name as it can stand in one line; valid keys come back as they are."""
    return key if key.isprintable() and len(key) <= 200 else reprlib.repr(key)


def _checked(label: str, spec: dataclasses.Field[Any], value: Any) -> Any:
    """`value` as the field's type, or ConfigError."""
    kind = str(spec.type).split(" | ")[0]
    low, high = spec.metadata["low"], spec.metadata["high"]
    choices = tuple(spec.metadata["choices"]())
    if kind == "str" and not choices:
        text = _text(label, value, spec.metadata["form"])
        try:
            spec.metadata["check"](text)
        except ValueError as error:
            raise ConfigError(f"{label}: {error}") from None
        return text
    if isinstance(value, int) and abs(value) >= 2**63:
        raise ConfigError(f"{label}: the number is too large: give a smaller one")
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        "bool": isinstance(value, bool),
        "str": isinstance(value, str),
        "int": numeric and float(value).is_integer(),
        "float": numeric and math.isfinite(value),
    }
    if not fits[kind]:
        wanted = {
            "bool": "true or false",
            "str": "a text in quotes",
            "int": "a whole number",
            "float": "a number",
        }[kind]
        raise ConfigError(f"{label} = {reprlib.repr(value)}: give {wanted}")
    if choices and value not in choices:
        valid = [str(choice) for choice in choices]
        raise ConfigError(f"{label} = {reprlib.repr(value)}: {nearest(str(value), valid)}")
    if low is not None and not low <= value <= high:
        raise ConfigError(f"{label} = {value}: give a value from {low} to {high}")
    return {"bool": bool, "str": str, "int": int, "float": float}[kind](value)


def _text(label: str, value: Any, form: str = "") -> str:
    """A free text: an address or a name. It may hold a password, so that no error shows it."""
    if not isinstance(value, str):
        raise ConfigError(f"{label}: give a text in quotes")
    if len(value) > TEXT_MAX:
        raise ConfigError(f"{label}: the text is too long: give at most {TEXT_MAX} letters")
    # Control letters, halves of letters (bytes that are no UTF-8), ends of lines. Blanks between
    # several cameras may be ends of lines.
    text = " ".join(value.split()) if label.endswith("camera.source") else value
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in text):
        raise ConfigError(
            f"{label}: the text holds an end of line or a byte that is no letter: write it anew"
        )
    pattern, _, example = form.partition(" ")
    if form and not re.fullmatch(pattern, text):
        raise ConfigError(f"{label} = {reprlib.repr(text)}: give a text like {example!r}")
    return text
