"""`enrol` as the user types it, with the real models on the two portraits of `assets/`."""

from __future__ import annotations

import os
import stat
import sys
from datetime import datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.errors import CameraError, ConfigError
from monitor.identity.commands import run_enrol, run_people
from monitor.identity.person import Kind
from tests.identity.command_line import CONSENT, PORTRAITS, CommandLine


def test_enrol_from_a_folder(desk: CommandLine) -> None:
    said = desk.enrol(
        "Eileen", "collins", "--until", f"{datetime.now() + timedelta(days=5):%Y-%m-%d}"
    )
    assert "Eileen is enrolled: 3 shots" in said
    (person,) = desk.people()
    assert (person.name, person.consent, person.by, person.shots) == (
        "Eileen",
        "may greet me at the door",
        "desk",
        3,
    )
    assert (person.kinds == Kind.DRAWN).sum() == 3
    assert person.until is not None
    assert person.until.astimezone().time() == datetime.min.time()  # to the end of the day
    assert timedelta(days=5) < person.until - person.given < timedelta(days=6)
    assert person.pictures == ()
    if sys.platform != "win32":
        assert stat.S_IMODE(desk.gallery.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "😀👩‍👩‍👧", "x" * 200, "@at"])
def test_unusual_names(desk: CommandLine, name: str) -> None:
    source = ["--images", desk.pictures("collins"), *CONSENT]
    desk.run(run_enrol, name, *source)
    assert [p.name for p in desk.people()] == [name]
    assert desk.run(run_people).startswith(name + ": 3 shots")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("x" * 201, "201 characters"),
        ("", "empty"),
        ("a\tb", "control character U\\+0009"),
        ("Visitor", "strangers"),
    ],
)
def test_names_that_are_refused(desk: CommandLine, name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        desk.enrol(name)
    assert not desk.gallery.exists()


def test_duplicate_name_is_refused_unless_replaced_or_added_to(desk: CommandLine) -> None:
    desk.enrol("Zoë")
    before = desk.people()[0]
    with pytest.raises(ConfigError, match="Zoë is enrolled already"):
        desk.enrol("zoe\u0308")
    desk.enrol("Zoë", "collins", "--add")
    assert desk.people()[0].shots == 6
    desk.enrol("Zoë", "hopper", "--replace")
    (after,) = desk.people()
    assert after.shots == 3
    assert float(before.templates()[0] @ after.templates()[0]) < 0.5
    with pytest.raises(ConfigError, match="not like the face enrolled as Zoë"):
        desk.enrol("Zoë", "collins", "--add")


def test_adding_to_nobody(desk: CommandLine) -> None:
    with pytest.raises(ConfigError, match="is not enrolled"):
        desk.enrol("Ann", "collins", "--add")
    desk.enrol("Grace", "hopper")
    with pytest.raises(ConfigError, match="did you mean 'Grace'"):
        desk.enrol("Grave", "collins", "--add")


def test_the_same_face_under_two_names_is_refused_naming_the_other(desk: CommandLine) -> None:
    desk.enrol("Eileen")
    with pytest.raises(ConfigError, match="already as Eileen"):
        desk.enrol("Somebody")
    desk.enrol("Grace", "hopper")
    assert [p.name for p in desk.people()] == ["Eileen", "Grace"]


def test_pictures_that_cannot_be_used(desk: CommandLine, data: Path) -> None:
    folder = desk.folder / "bad"
    folder.mkdir()
    bare, nobody = (cv2.imread(str(data / name)) for name in ("bare.jpg", "no_face.jpg"))
    assert bare is not None
    assert nobody is not None
    cv2.imwrite(str(folder / "nobody.png"), nobody)
    with pytest.raises(ConfigError, match=r"no face is seen in nobody\.png"):
        desk.run(run_enrol, "Ann", "--images", folder, *CONSENT)
    cv2.imwrite(str(folder / "two.png"), np.hstack([bare, bare]))
    with pytest.raises(
        ConfigError, match=r"no face is seen in nobody.png; more than one face is seen in two.png"
    ):
        desk.run(run_enrol, "Ann", "--images", folder, *CONSENT)
    assert not desk.gallery.exists()
    cv2.imwrite(str(folder / "good.png"), bare)
    said = desk.run(run_enrol, "Ann", "--images", folder, *CONSENT)
    assert "Left out: more than one face is seen in two.png" in said
    assert desk.people()[0].shots == 1


def test_folders_that_are_none(desk: CommandLine) -> None:
    with pytest.raises(CameraError, match="is not there"):
        desk.run(run_enrol, "Ann", "--images", desk.folder / "nowhere", *CONSENT)
    with pytest.raises(CameraError, match="holds no pictures"):
        desk.run(run_enrol, "Ann", "--images", desk.folder, *CONSENT)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--until", "soon"], "is no date"),
        (["--until", "2026-02-30"], "is no date"),
        (["--until", "2001-01-01"], "is over"),
        (["--count", "0"], "from 1 to"),
        (["--count", "many"], "invalid int"),
        (["--consent", "  "], "--consent is empty"),
        (["--video", "x.mp4"], "not allowed with"),
        (["--replace", "--add"], "not allowed with"),
        (["--nonsense"], "unrecognized"),
    ],
)
def test_wrong_arguments(desk: CommandLine, more: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        desk.enrol("Ann", "collins", *more)


def test_consent_and_source_are_needed(desk: CommandLine) -> None:
    with pytest.raises(ConfigError, match="--consent"):
        run_enrol(["Ann", "--images", str(desk.pictures("collins"))])
    with pytest.raises(ConfigError, match="--camera --images --video"):
        run_enrol(["Ann", *CONSENT])


def test_enrol_from_a_clip(desk: CommandLine) -> None:
    clip = desk.folder / "one.mp4"
    image = cv2.imread(str(PORTRAITS / "collins.jpg"))
    assert image is not None
    height, width = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
    writer = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"mp4v"), 10, (width, height))
    for number in range(20):
        shift = np.array([[1, 0, 8 * np.sin(number)], [0, 1, 4 * np.cos(number)]], np.float64)
        writer.write(cv2.warpAffine(image, shift, (width, height), borderMode=cv2.BORDER_REPLICATE))
    writer.release()
    said = desk.run(run_enrol, "Eileen", "--video", clip, *CONSENT, "--count", 5)
    assert "Eileen is enrolled: 5 shots" in said
    (desk.folder / "empty.mp4").touch()
    with pytest.raises(CameraError, match="is empty"):
        desk.run(run_enrol, "Ann", "--video", desk.folder / "empty.mp4", *CONSENT)


def test_enrol_before_a_camera(desk: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that gives no second face, by a fake session: what is said, and that a failure
    stores nothing.
    """

    class FakeCamera:
        name, closed = "camera 0", False

        def open(self) -> None: ...

        def close(self) -> None:
            FakeCamera.closed = True

        def read(self) -> object:
            image = cv2.imread(str(PORTRAITS / "collins.jpg"))
            self.t = getattr(self, "t", 0.0) + 40.0  # so slow that each step times out at once
            return type("Picture", (), {"image": image, "t": self.t})

    monkeypatch.setattr("monitor.identity.shots.camera_source", lambda source, config: FakeCamera())
    with pytest.raises(ConfigError, match="nothing was stored"):
        desk.run(run_enrol, "Ann", "--camera", "0", *CONSENT)
    assert FakeCamera.closed
    assert not desk.gallery.exists()
    assert any(line.startswith("[1/30] ") for line in desk.said)


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere"
)
def test_unwritable_gallery(desk: CommandLine) -> None:
    desk.folder.joinpath("collins").mkdir()
    pictures = desk.pictures("collins")
    desk.folder.chmod(0o500)
    try:
        with pytest.raises(ConfigError, match="cannot be written"):
            desk.run(run_enrol, "Ann", "--images", pictures, *CONSENT)
    finally:
        desk.folder.chmod(0o700)
