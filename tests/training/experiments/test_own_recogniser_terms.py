"""The "unknown" of closed-set networks: the bar that strangers set, who the strangers are, and what
is kept. The whole way is in tests/integration/test_own_recogniser.py.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.identity.learnt_from import NOTE
from monitor.identity.recogniser import Recogniser
from monitor.training.experiments import closed_set, few_people, own_recogniser, strangers
from monitor.training.experiments.few_report import Lesson, Place
from monitor.training.experiments.own_recogniser import LEAST, Bar, Trained, bar_of
from monitor.training.experiments.strangers import Crowd, Strangers
from monitor.training.pictures.faces import Faces
from monitor.training.pictures.splits import stranger_part
from monitor.training.report.metrics import rate
from tests.identity.command_line import enrolled
from tests.identity.made_recogniser import write_recogniser

GIVEN = "2026-11-21T08:30:00+00:00"


def faces(*values: int) -> Faces:
    """A face of one grey value each, which the networks here read off."""
    return np.stack([np.full((112, 112, 3), v, np.uint8) for v in values])


def chances(some: Faces) -> np.ndarray:
    """The value of a face in per cent is the probability of the first of two people."""
    first = some[:, 0, 0, 0].astype(np.float32) / 100
    return np.stack([first, 1 - first], axis=1)


def network(root: Path) -> Trained:
    def write(path: Path) -> None:
        write_recogniser(path.with_suffix(""), [enrolled("x"), enrolled("y", 1)])

    takes = {"embedding": "sface_masked_v3"}
    return Trained("dense", "made up", chances, 2, "", takes, write)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Two people who agreed; three test faces, the last really masked, and two learnt ones."""
    for folder, name in (("a", "Ada"), ("b", "Bob")):
        (tmp_path / "people" / folder).mkdir(parents=True)
        consent = {"name": name, "given": GIVEN, "until": None}
        (tmp_path / "people" / folder / "consent.json").write_text(json.dumps(consent))
    person, masked = np.array([0, 0, 1, 0, 1]), np.array([0, 0, 0, 1, 0], bool)
    test = np.array([1, 1, 0, 1, 0], bool)
    few = few_people.FewPeople(
        *(tmp_path / "people", ("a", "b"), faces(95, 60, 5, 90, 4), person, masked),
        *(np.arange(5), test, ()),
    )
    return Place(few, Lesson(few.faces, person, masked, few.group), faces(98, 3))


def crowd(*values: int) -> Crowd:
    return Crowd(len(values), faces(*values), faces(*values))


def test_the_bar_is_the_least_that_strangers_stay_below() -> None:
    best = np.linspace(0.0, 0.99, 100, dtype=np.float32)
    bar = bar_of(best, 0.95)
    assert (best >= bar.threshold).sum() == 5
    assert (best >= bar.doubt).sum() == 50
    assert (
        bar_of(best / 10, 0.95).threshold == LEAST
    )  # nobody below one half, however few come near
    assert bar_of(best / 10, 0.95).doubt < LEAST


def test_a_network_that_is_sure_of_strangers_names_nobody() -> None:
    bar = bar_of(np.ones(50, np.float32), 0.99)
    assert bar.threshold > 1


def test_figures_tell_own_people_from_strangers(place: Place) -> None:
    others = Strangers(crowd(50), crowd(*range(51, 71)), crowd(66, 55, 72, 80))
    bar, row = own_recogniser.measured(place, network(Path()), others, 0.9)
    assert bar.threshold == pytest.approx(0.68, abs=0.005)
    assert row["named_bare"] == rate(np.array([True, False]))  # 0.95, and 0.60 is too little
    assert row["named_masked"] == rate(np.array([True]))
    assert row["named_laid_on"] == rate(np.array([True, False]))
    assert row["called_another"] == rate(np.array([False, False, False, False, True]))
    assert row["strangers_bare"] == rate(np.array([True, True, False, False]))
    text = own_recogniser.table([row], 0.9, others.summary())
    assert "50.0 % (1/2) [9.5, 90.5]" in text
    assert "test: 4 bare faces of 4 people" in text


def test_what_is_kept_is_a_recogniser_that_forget_finds(place: Place, tmp_path: Path) -> None:
    keep = tmp_path / "keep"
    about = {"trained_on": "made-up faces"}
    path = own_recogniser.keep(keep, place, network(keep), Bar(0.7, 0.4), about)
    loaded = Recogniser.load(str(path), 1)
    assert loaded.name == "people-dense"
    assert loaded.unnamed(()) == ("Ada", "Bob")
    assert {file.stat().st_mode & 0o077 for file in keep.iterdir()} == {0}
    for folder in ("a", "b"):
        noted = json.loads((place.few.root / folder / NOTE).read_text(encoding="utf-8"))
        assert noted == [str(path.with_suffix(".json"))]


def test_without_a_consent_nothing_is_kept(place: Place, tmp_path: Path) -> None:
    (place.few.root / "b" / "consent.json").unlink()
    with pytest.raises(ConfigError, match="has no consent beside its pictures"):
        own_recogniser.keep(tmp_path, place, network(tmp_path), Bar(0.7, 0.4), {})
    assert not list(tmp_path.glob("*.onnx"))


def test_strangers_fall_into_parts_that_share_nobody(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for number in range(24):
        folder = tmp_path / f"nobody_{number}"
        folder.mkdir()
        for i in range(3):
            cv2.imwrite(str(folder / f"{i}.png"), rng.integers(0, 255, (64, 64, 3), np.uint8))
    found = strangers.load(tmp_path, tmp_path / "none", {"nobody_0"}, 3)
    names = [f"nobody_{number}" for number in range(1, 24)]
    for part in strangers.PARTS:
        one: Crowd = getattr(found, part)
        wanted = min(3, sum(stranger_part(name) == part for name in names))
        assert (one.people, len(one.bare), len(one.covered)) == (wanted, 2 * wanted, 2 * wanted)
        assert (one.bare != one.covered).any(axis=(1, 2, 3)).all()
    with pytest.raises(ConfigError, match="too few people"):
        strangers.load(tmp_path, tmp_path / "none", set(names), None)
    with pytest.raises(ConfigError, match="is not there"):
        strangers.load(tmp_path / "none", tmp_path, set(), None)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--keep", "x"], "need --strangers"),
        (["--networks", "dense"], "need --strangers"),
        (["--unknown", "1"], "from 0.5 to below 1"),
    ],
)
def test_options_that_do_not_go_together_are_named(
    tmp_path: Path, more: list[str], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        closed_set.main(["--data", str(tmp_path), "--out", str(tmp_path / "out"), *more])
