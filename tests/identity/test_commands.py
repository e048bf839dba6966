"""`enrol`, `people` and `forget` as the user types them, with the real models on the two portraits
of `assets/`.
"""

from __future__ import annotations

import dataclasses
import json
import os
import stat
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import pytest

from monitor.errors import CameraError, ConfigError
from monitor.faces.align import TEMPLATE
from monitor.identity.commands import run_enrol, run_forget, run_people
from monitor.identity.embed import MODEL, Embedder
from monitor.identity.enrol import KEPT_MAX, build_person
from monitor.identity.gallery import Gallery, Kind, Person, load_gallery, save_gallery
from monitor.identity.guide import Shot, Step
from monitor.identity.kept_pictures import keep_pictures, remove_pictures
from monitor.records import MaskState, Sighting, Visit
from monitor.storage.snapshots import Snapshots
from monitor.storage.store import Store

ROOT = Path(__file__).resolve().parents[2]
PORTRAITS = ROOT / "assets" / "portraits"
CONSENT = ["--consent", "may greet me at the door", "--by", "desk"]


@dataclasses.dataclass
class Desk:
    """A folder of one's own, and what the commands said."""

    folder: Path
    said: list[str] = dataclasses.field(default_factory=list)

    @property
    def gallery(self) -> Path:
        return self.folder / "gallery.npz"

    @property
    def store(self) -> str:
        return f"sqlite:///{self.folder / 'monitor.db'}"

    def pictures(self, who: str) -> Path:
        """A folder with some pictures of `collins` or `hopper`."""
        folder = self.folder / who
        folder.mkdir(exist_ok=True)
        image = cv2.imread(str(PORTRAITS / f"{who}.jpg"))
        assert image is not None
        for number, light in enumerate((0.8, 1.0, 1.15)):
            cv2.imwrite(str(folder / f"{number}.png"), cv2.convertScaleAbs(image, alpha=light))
        return folder

    def run(self, command: Callable[..., int], *argv: object) -> str:
        self.said.clear()
        arguments = [str(a) for a in argv] + ["--gallery", str(self.gallery)]
        if command is run_forget:
            arguments += ["--store", self.store]
        assert command(arguments, self.said.append) == 0
        return "\n".join(self.said)

    def enrol(self, name: str, who: str = "collins", *more: object) -> str:
        return self.run(run_enrol, name, "--images", self.pictures(who), *CONSENT, *more)

    def people(self) -> list[Person]:
        return list(load_gallery(self.gallery, MODEL, 256).people)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_enrol_from_a_folder(desk: Desk) -> None:
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
    assert person.pictures == ""
    if sys.platform != "win32":
        assert stat.S_IMODE(desk.gallery.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "😀👩‍👩‍👧", "x" * 200, "@at"])
def test_unusual_names(desk: Desk, name: str) -> None:
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
def test_names_that_are_refused(desk: Desk, name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        desk.enrol(name)
    assert not desk.gallery.exists()


def test_duplicate_name_is_refused_unless_replaced_or_added_to(desk: Desk) -> None:
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


def test_adding_to_nobody(desk: Desk) -> None:
    with pytest.raises(ConfigError, match="is not enrolled"):
        desk.enrol("Ann", "collins", "--add")
    desk.enrol("Grace", "hopper")
    with pytest.raises(ConfigError, match="did you mean 'Grace'"):
        desk.enrol("Grave", "collins", "--add")


def test_the_same_face_under_two_names_is_refused_naming_the_other(desk: Desk) -> None:
    desk.enrol("Eileen")
    with pytest.raises(ConfigError, match="already as Eileen"):
        desk.enrol("Somebody")
    desk.enrol("Grace", "hopper")
    assert [p.name for p in desk.people()] == ["Eileen", "Grace"]


def test_pictures_that_cannot_be_used(desk: Desk, data: Path) -> None:
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


def test_folders_that_are_none(desk: Desk) -> None:
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
def test_wrong_arguments(desk: Desk, more: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        desk.enrol("Ann", "collins", *more)


def test_consent_and_source_are_needed(desk: Desk) -> None:
    with pytest.raises(ConfigError, match="--consent"):
        run_enrol(["Ann", "--images", str(desk.pictures("collins"))])
    with pytest.raises(ConfigError, match="--camera --images --video"):
        run_enrol(["Ann", *CONSENT])


def test_foreign_gallery_is_not_overwritten(desk: Desk) -> None:
    desk.gallery.write_bytes(b"holiday")
    for command in (
        lambda: desk.enrol("Ann"),
        lambda: desk.run(run_people),
        lambda: desk.run(run_forget, "Ann"),
    ):
        with pytest.raises(ConfigError, match="no gallery of Mask Monitor"):
            command()
    assert desk.gallery.read_bytes() == b"holiday"


def test_enrol_from_a_clip(desk: Desk) -> None:
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


def test_enrol_before_a_camera(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
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

    monkeypatch.setattr("monitor.identity.enrol.camera_source", lambda source, config: FakeCamera())
    with pytest.raises(ConfigError, match="nothing was stored"):
        desk.run(run_enrol, "Ann", "--camera", "0", *CONSENT)
    assert FakeCamera.closed
    assert not desk.gallery.exists()
    assert any(line.startswith("[1/30] ") for line in desk.said)


def test_people_lists_consents_and_removes_ended_ones(desk: Desk) -> None:
    assert "Nobody is enrolled" in desk.run(run_people)
    desk.enrol("Eileen")
    (eileen,) = desk.people()
    ended = dataclasses.replace(eileen, name="Bob", until=datetime.now(UTC) - timedelta(days=1))
    save_gallery(Gallery(MODEL, 256, (eileen, ended)), desk.gallery)
    said = desk.run(run_people).splitlines()
    assert "ENDED" in said[0]
    assert "Bob" in said[0]
    assert "until it is withdrawn: may greet me at the door" in said[1]
    assert "Bob" not in desk.run(run_people)


def filled(store: Store, name: str | None) -> None:
    now = datetime.now(UTC)
    store.begin_shift("s", now)
    for number, identity in enumerate((name, name, "Other", None)):
        visit = Visit(
            *(f"v{number}", "camera 0", now, now, MaskState.UNMASKED),
            open=False,
            identity=identity,
            shift_id="s",
        )
        sighting = Sighting(
            f"s{number}",
            "camera 0",
            f"v{number}",
            now,
            now,
            2.0,
            MaskState.UNMASKED,
            MaskState.UNMASKED,
            0.9,
            identity,
            "m",
            open=False,
            shift_id="s",
        )
        store.save([visit], [sighting])


def test_forget_removes_everything_and_gives_a_receipt(desk: Desk) -> None:
    desk.enrol("Eileen", "collins", "--keep-pictures", desk.folder / "kept")
    desk.enrol("Grace", "hopper")
    store = Store(desk.store)
    filled(store, "Eileen")
    said = desk.run(run_forget, "eileen")
    assert "Eileen was forgotten on" in said
    assert "6 embeddings and the consent given" in said
    assert "the name removed from 4 visits and sightings" in said
    assert "pictures: 3 deleted" in said
    assert "CSV files" in said
    assert [p.name for p in desk.people()] == ["Grace"]
    assert [v.identity for v in store.read_visits()] == [None, None, "Other", None]
    assert [s.identity for s in store.read_sightings()] == [None, None, "Other", None]
    assert not list((desk.folder / "kept").iterdir())
    store.close()
    with pytest.raises(ConfigError, match="nobody called Eileen"):
        desk.run(run_forget, "Eileen")


def test_forget_deletes_the_snapshots_of_the_person_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.data_folder.data_folder", lambda: desk.folder)
    desk.enrol("Eileen")
    store = Store(desk.store)
    filled(store, "Eileen")
    mine, other = (
        next(s for s in store.read_sightings() if s.identity == name)
        for name in ("Eileen", "Other")
    )
    snapshots = Snapshots(desk.folder / "snapshots")
    for sighting in (mine, other):
        snapshots.keep(
            sighting.sighting_id,
            np.zeros((50, 50, 3), np.uint8),
            np.array([5, 5, 30, 30], np.float32),
        )
    store.close()
    assert "snapshots: 1 pictures of sightings deleted" in desk.run(run_forget, "Eileen")
    assert [p.stem for p in (desk.folder / "snapshots").iterdir()] == [other.sighting_id]


def test_forget_a_name_that_only_the_store_knows(desk: Desk) -> None:
    store = Store(desk.store)
    filled(store, "Ann")
    store.close()
    assert "the name was not in it" in desk.run(run_forget, "Ann")
    with pytest.raises(ConfigError, match="nobody is enrolled"):
        desk.run(run_forget, "Ann")


def test_forget_names_the_nearest(desk: Desk) -> None:
    desk.enrol("Eileen")
    with pytest.raises(ConfigError, match="did you mean 'Eileen'"):
        desk.run(run_forget, "Eilen")
    assert len(desk.people()) == 1


def test_kept_pictures_are_a_training_set_of_their_owner(desk: Desk) -> None:
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
    assert desk.people()[0].pictures == str(folder.absolute())


def test_removing_pictures_leaves_other_files(desk: Desk) -> None:
    desk.enrol("Eileen", "collins", "--keep-pictures", desk.folder / "kept")
    (person,) = desk.people()
    folder = Path(person.pictures)
    (folder / "diary.txt").write_text("mine")
    assert remove_pictures(person) == 3
    assert [p.name for p in folder.iterdir()] == ["diary.txt"]
    assert remove_pictures(person) == 0
    (folder / "consent.json").write_text(json.dumps({"name": "Somebody else"}))
    assert remove_pictures(person) == 0
    assert remove_pictures(dataclasses.replace(person, pictures="")) == 0


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere"
)
def test_unwritable_gallery(desk: Desk) -> None:
    desk.folder.joinpath("collins").mkdir()
    pictures = desk.pictures("collins")
    desk.folder.chmod(0o500)
    try:
        with pytest.raises(ConfigError, match="cannot be written"):
            desk.run(run_enrol, "Ann", "--images", pictures, *CONSENT)
    finally:
        desk.folder.chmod(0o700)


def test_pictures_that_cannot_be_written(desk: Desk) -> None:
    (desk.folder / "kept").write_text("a file")
    with pytest.raises(ConfigError, match="pictures cannot be written"):
        desk.enrol("Ann", "collins", "--keep-pictures", desk.folder / "kept")
    assert not desk.gallery.exists()


# Shots to a person, with a fake network


class FakeEmbedder:
    name, dimension = "fake", 4
    card: ClassVar = {
        "output": {"dimension": 4},
        "threshold": {"far": [0.1, 0.01], "threshold": [0.2, 0.4]},
    }

    def embed(self, faces: np.ndarray) -> np.ndarray:
        """Told by the colour of the upper left pixel, which no drawn mask reaches."""
        return np.eye(4, dtype=np.float32)[faces[:, 0, 0, 0]]


def shot(who: int, kind: Kind = Kind.BARE) -> Shot:
    face = np.full((112, 112, 3), who, np.uint8)
    return Shot(face, TEMPLATE, kind, Step.FREE, 0.0, 100.0, np.zeros(4, np.float32))


def build(shots: list[Shot], say: Callable[[str], None] = lambda line: None) -> Person:
    nothing = np.empty((0, 4), np.float32), np.empty(0, np.uint8)
    person = Person("Ann", "door", datetime.now(UTC), None, "desk", *nothing)
    fake: Embedder = FakeEmbedder()  # type: ignore[assignment]
    return build_person(person, shots, fake, say)


def test_a_shot_of_somebody_else_is_left_out() -> None:
    said: list[str] = []
    person = build([shot(0), shot(0), shot(1), shot(0), shot(0), shot(0, Kind.MASKED)], said.append)
    assert said == ["Left out: 1 of 5 shots, which are not like the others"]
    assert person.kinds.tolist() == [0, 2, 0, 2, 0, 2, 0, 2, 1]
    assert set(person.embeddings.argmax(axis=1)) == {0}


@pytest.mark.parametrize("kind", [Kind.BARE, Kind.MASKED])
def test_a_folder_of_different_people_is_refused(kind: Kind) -> None:
    with pytest.raises(ConfigError, match="do not show one and the same face"):
        build([shot(who, kind) for who in range(4)])


def test_of_many_shots_some_go_into_the_gallery() -> None:
    assert build([shot(0)] * 500).shots == KEPT_MAX


def test_keep_pictures_names_steps_and_masks(tmp_path: Path) -> None:
    person = build([shot(0)])
    folder = keep_pictures(
        [dataclasses.replace(shot(0, Kind.MASKED), step=Step.MASK_ON)], tmp_path, person
    )
    assert [p.name for p in folder.glob("*/*.jpg")] == ["0001_mask_on_masked.jpg"]
