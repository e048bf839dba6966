"""Judged pictures of a folder become kept faces."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from monitor.errors import ConfigError
from monitor.learning.commands import run_learn
from monitor.learning.kept import KeptFaces
from monitor.learning.manifest import versions
from monitor.learning.places import Places


def test_faces_of_sorted_pictures_are_kept_and_become_a_data_set(
    places: Places, tmp_path: Path, data: Path
) -> None:
    for folder, name in (("masked", "masked"), ("without_mask", "bare"), ("masked", "no_face")):
        (tmp_path / "p" / folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(data / f"{name}.jpg", tmp_path / "p" / folder)
    said: list[str] = []
    run_learn(["collect", "--images", str(tmp_path / "p")], said.append)
    assert said[0] == "2 faces of 3 pictures kept; 1 show no face"
    assert {k.about.label for k in KeptFaces(places).all()} == {"masked", "unmasked"}
    assert said[1] == f"data set {versions(places)[0]}: 2 faces (1 masked, 1 unmasked)"
    run_learn(["collect"], said.append)
    assert len(versions(places)) == 1  # the same content has the same version


def test_a_folder_that_says_nothing_is_refused(places: Places, data: Path) -> None:
    with pytest.raises(ConfigError, match="no folder named masked"):
        run_learn(["collect", "--images", str(data)])
