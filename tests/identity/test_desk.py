"""The desk that the window and the command line share, with the real models."""

from __future__ import annotations

import dataclasses
import shutil
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.identity.desk import (
    AlreadyEnrolledError,
    EnrolRequest,
    IfKnown,
    NotEnrolledError,
    PeopleDesk,
)
from monitor.identity.embed import MODEL
from monitor.identity.gallery import Gallery, load_gallery, save_gallery
from monitor.identity.guide import Reason, Shot
from monitor.identity.person import EnrolledPerson, Kind
from monitor.identity.results import FilesLeftOut, Note, PicturesKept
from monitor.identity.shots import ShotTools, shots_from_folder

REQUEST = EnrolRequest("Anna", " may be\ngreeted ", None, " ")


@pytest.fixture
def folder(tmp_path: Path, data: Path) -> Path:
    """A bare face, the same face with a mask, and a picture without one."""
    path = tmp_path / "anna"
    path.mkdir()
    for name in ("bare.jpg", "masked.jpg", "no_face.jpg"):
        shutil.copy(data / name, path / name)
    return path


@pytest.fixture
def desk(tmp_path: Path) -> PeopleDesk:
    return PeopleDesk(tmp_path / "gallery.npz", f"sqlite:///{tmp_path / 'monitor.db'}")


def enrolled(name: str, axis: int, until: datetime | None = None) -> EnrolledPerson:
    vector = np.eye(256, dtype=np.float32)[axis : axis + 1]
    kinds = np.zeros(1, np.uint8)
    return EnrolledPerson(name, "agreed", datetime.now(UTC), until, "desk", vector, kinds)


def in_gallery(desk: PeopleDesk) -> list[str]:
    return [p.name for p in load_gallery(desk.gallery_path, MODEL, 256).people]


def test_what_is_told_and_what_comes_back(desk: PeopleDesk, folder: Path, tmp_path: Path) -> None:
    notes: list[Note] = []
    request = dataclasses.replace(REQUEST, pictures_root=tmp_path / "kept")
    result = desk.enrol(request, partial(shots_from_folder, folder), notes.append)
    assert (result.person.shots, result.masked, result.drawn) == (2, 1, 1)
    assert (result.person.consent, result.person.by) == ("may be greeted", "unknown")
    assert notes == [
        FilesLeftOut(Reason.NO_FACE, ("no_face.jpg",)),
        PicturesKept(2, Path(result.person.pictures[0])),
    ]

    receipt = desk.forget("ANNA")
    assert (receipt.name, receipt.rows, receipt.snapshots) == ("Anna", 0, 0)
    assert receipt.from_gallery is not None
    assert receipt.from_gallery.embeddings == 3
    assert receipt.from_gallery.given == result.person.given
    assert [(kept.count, kept.whole) for kept in receipt.pictures] == [(2, True)]
    assert in_gallery(desk) == []
    assert list((tmp_path / "kept").iterdir()) == []


def test_ended_consents_are_listed_until_they_are_ended(desk: PeopleDesk) -> None:
    ended = enrolled("Bob", 1, datetime.now(UTC) - timedelta(days=1))
    people = (ended, enrolled("ann", 0))
    save_gallery(Gallery(MODEL, 256, people), desk.gallery_path)
    assert [(x.person.name, x.ended) for x in desk.people()] == [("ann", False), ("Bob", True)]
    assert in_gallery(desk) == ["Bob", "ann"]
    (receipt,) = desk.end_consents()
    assert receipt.name == "Bob"
    assert in_gallery(desk) == ["ann"]


def never(tools: ShotTools) -> list[Shot]:
    raise AssertionError("no shot is to be taken")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": " "}, "the name is empty"),
        ({"consent": "\n"}, "the consent is empty"),
        ({"until": date(2020, 1, 1)}, "is over"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused_before_a_shot_is_taken(
    desk: PeopleDesk, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        desk.enrol(dataclasses.replace(REQUEST, **changes), never, print)  # type: ignore[arg-type]


def test_known_and_unknown_names_are_refused_before_a_shot_is_taken(desk: PeopleDesk) -> None:
    save_gallery(Gallery(MODEL, 256, (enrolled("ANNA", 0),)), desk.gallery_path)
    with pytest.raises(AlreadyEnrolledError) as known:
        desk.enrol(REQUEST, never, print)
    assert known.value.name == "ANNA"
    request = dataclasses.replace(REQUEST, name="Berta", if_known=IfKnown.ADD)
    with pytest.raises(NotEnrolledError) as unknown:
        desk.enrol(request, never, print)
    assert unknown.value.people == ("ANNA",)


def test_whoever_another_desk_enrolled_meanwhile_is_not_replaced(
    desk: PeopleDesk, folder: Path
) -> None:
    def slow(tools: ShotTools) -> list[Shot]:
        save_gallery(Gallery(MODEL, 256, (enrolled("Anna", 0),)), desk.gallery_path)
        return shots_from_folder(folder, tools)

    with pytest.raises(AlreadyEnrolledError):
        desk.enrol(REQUEST, slow, lambda note: None)
    (person,) = load_gallery(desk.gallery_path, MODEL, 256).people
    assert person.kinds.tolist() == [Kind.BARE]
