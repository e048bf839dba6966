"""Pictures that are kept on the user's wish, and how they are removed."""

from __future__ import annotations

import dataclasses
import json
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.faces.align import TEMPLATE
from monitor.identity.guide import Shot, Step
from monitor.identity.kept_pictures import keep_pictures, remove_pictures
from monitor.identity.person import EnrolledPerson, Kind
from monitor.identity.results import PicturesRemoval
from tests.identity.command_line import CommandLine


def test_kept_pictures_are_a_training_set_of_their_owner(desk: CommandLine) -> None:
    said = desk.enrol(
        "Eileen / ../x", "collins", "--keep-pictures", desk.folder / "kept", "--count", 500
    )
    assert "3 pictures are kept" in said
    (folder,) = (desk.folder / "kept").iterdir()
    (session,) = (p for p in folder.iterdir() if p.is_dir())
    assert (
        json.loads((folder / "consent.json").read_text(encoding="utf-8"))["name"] == "Eileen / ../x"
    )
    files = sorted(session.iterdir())
    assert [f.name for f in files] == [f"000{i}_free_bare.jpg" for i in (1, 2, 3)]
    image = cv2.imread(str(files[0]))
    assert image is not None
    assert image.shape == (256, 256, 3)
    if sys.platform != "win32":
        assert all(stat.S_IMODE(f.stat().st_mode) == 0o600 for f in files)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert desk.people()[0].pictures == (str(folder.absolute()),)


def test_removing_pictures_leaves_other_files(desk: CommandLine) -> None:
    desk.enrol("Eileen", "collins", "--keep-pictures", desk.folder / "kept")
    (person,) = desk.people()
    folder = Path(person.pictures[0])
    (folder / "diary.txt").write_text("mine")
    assert remove_pictures(person) == (PicturesRemoval(3, True, str(folder)),)
    assert [p.name for p in folder.iterdir()] == ["diary.txt"]
    assert remove_pictures(person) == (PicturesRemoval(0, False, str(folder)),)
    (folder / "consent.json").write_text(json.dumps({"name": "Somebody else"}))
    assert remove_pictures(person) == (PicturesRemoval(0, False, str(folder)),)
    assert remove_pictures(dataclasses.replace(person, pictures=())) == ()


def test_pictures_that_cannot_be_written(desk: CommandLine) -> None:
    (desk.folder / "kept").write_text("a file")
    with pytest.raises(ConfigError, match="pictures cannot be written"):
        desk.enrol("Ann", "collins", "--keep-pictures", desk.folder / "kept")
    assert not desk.gallery.exists()


def test_keep_pictures_names_steps_and_masks(tmp_path: Path) -> None:
    face = np.full((112, 112, 3), 7, np.uint8)
    box = np.zeros(4, np.float32)
    shot = Shot(face, TEMPLATE, Kind.MASKED, Step.MASK_ON, 0.0, 100.0, box)
    nothing = np.empty((0, 4), np.float32), np.empty(0, np.uint8)
    person = EnrolledPerson("Ann", "door", datetime.now(UTC), None, "desk", *nothing)
    folder = keep_pictures([shot], tmp_path, person)
    assert [p.name for p in folder.glob("*/*.jpg")] == ["0001_mask_on_masked.jpg"]
