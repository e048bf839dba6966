"""Recognisers of one's own: whom they name, whom they may not name, and what is refused."""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from monitor.config import DetectConfig
from monitor.detect import make_detector
from monitor.errors import ConfigError, MonitorError
from monitor.identity.commands import run_enrol, run_forget
from monitor.identity.gallery import Gallery, save_gallery
from monitor.identity.identify import LOOKS_MIN, Identifier, load_recogniser
from monitor.identity.learnt_from import NOTE, note_recogniser
from monitor.identity.person import VISITOR
from monitor.identity.recogniser import Classes, Recogniser
from monitor.identity.running import Presence
from monitor.identity.watch import GalleryWatch
from monitor.records import FloatArray
from tests.identity.command_line import CONSENT, PORTRAITS, CommandLine, enrolled
from tests.identity.made_recogniser import write_recogniser


@pytest.fixture
def both(desk: CommandLine) -> CommandLine:
    desk.enrol("Eileen", "collins")
    desk.enrol("Grace", "hopper")
    return desk


def looks_at(identifier: Identifier, who: str) -> FloatArray:
    image = cv2.imread(str(PORTRAITS / f"{who}.jpg"))
    assert image is not None
    found = make_detector(DetectConfig()).detect(image)
    return identifier.embed(image, found.boxes, found.landmarks)


def identifier_of(desk: CommandLine, path: Path) -> Identifier:
    watch = GalleryWatch(desk.gallery, Presence(desk.gallery), desk.store)
    try:
        return load_recogniser(watch, str(path), 1)
    except MonitorError:
        watch.close()
        raise


@pytest.fixture
def known(both: CommandLine) -> Iterator[Identifier]:
    identifier = identifier_of(both, write_recogniser(both.folder / "door", both.people()))
    yield identifier
    identifier.close()


def test_both_people_are_named_on_a_picture_and_by_a_vote(known: Identifier) -> None:
    assert known.model == "door"
    for who, name in (("collins", "Eileen"), ("hopper", "Grace")):
        (look,) = looks_at(known, who)
        ((named, probability),) = known.name_once(look[None])
        assert (named, probability > 0.6) == (name, True)
        vote = known.new_vote()
        for _ in range(LOOKS_MIN):
            assert vote.name is None  # one frame never decides
            vote.add(look, 0.5)
        assert vote.name == name


def test_a_recogniser_of_one_calls_the_other_a_visitor(both: CommandLine) -> None:
    path = write_recogniser(both.folder / "door", both.people()[:1])
    identifier = identifier_of(both, path)
    found = {who: identifier.name_once(looks_at(identifier, who)) for who in ("collins", "hopper")}
    identifier.close()
    assert [found["collins"][0][0], found["hopper"][0][0]] == ["Eileen", VISITOR]


def test_between_doubt_and_threshold_nobody_is_named() -> None:
    ada, bob = enrolled("Ada"), enrolled("Bob", 1)
    classes = Classes([ada, None, bob], 0.8, 0.4, lambda: datetime.now(UTC))
    assert classes.names == ("Ada", "Bob")
    embedder = SimpleNamespace(name="unused")
    identifier = Identifier(embedder, classes)  # type: ignore[arg-type]
    looks = np.array([[0.9, 0, 0], [0.5, 0, 0.1], [0.1, 0, 0.2], [0, 0.9, 0.1]], np.float32)
    names = [name for name, _ in identifier.name_once(looks)]
    assert names == ["Ada", None, VISITOR, VISITOR]  # the last is somebody who may not be named
    ended = dataclasses.replace(ada, until=datetime.now(UTC) - timedelta(seconds=1))
    classes = Classes([ended], 0.8, 0.4, lambda: datetime.now(UTC))
    assert classes.match(np.array([0.9], np.float32)).name is None


def test_who_is_forgotten_is_named_no_more_while_it_runs(
    both: CommandLine, known: Identifier
) -> None:
    (look,) = looks_at(known, "hopper")
    both.run(run_forget, "Grace", status=1)  # this program has not confirmed: nobody takes its news
    limit = time.monotonic() + 20
    while (news := known.take_news()) is None:
        assert time.monotonic() < limit
        time.sleep(0.05)
    assert news.gone == {"Grace"}
    known.obeyed(news)
    assert known.matcher.names == ("Eileen",)
    assert known.name_once(look[None]) == [(VISITOR, 0.0)]


def test_a_consent_that_was_given_anew_needs_a_new_training(
    both: CommandLine, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_recogniser(both.folder / "door", both.people())
    both.enrol("Grace", "hopper", "--replace")
    with caplog.at_level(logging.WARNING):
        identifier = identifier_of(both, path)
    identifier.close()
    assert identifier.matcher.names == ("Eileen",)
    assert "Grace is not named by the recogniser door" in caplog.text
    caplog.clear()


def test_forgetting_takes_the_name_out_of_the_card(both: CommandLine) -> None:
    kept = both.folder / "kept"
    for name, who in (("Eileen", "collins"), ("Grace", "hopper")):
        both.enrol(name, who, "--replace", "--keep-pictures", kept)
    path = write_recogniser(both.folder / "door", both.people())
    away = write_recogniser(both.folder / "away", both.people())
    card = path.with_suffix(".json")
    for folder in kept.iterdir():
        note_recogniser(folder, card)
        note_recogniser(folder, card)
        note_recogniser(folder, away.with_suffix(".json"))
    away.with_suffix(".json").unlink()  # whoever trained it has deleted it
    said = both.run(run_forget, "grace")
    assert said.count("recogniser:") == 1
    assert f"the name taken out of {card}" in said
    assert "Grace" not in card.read_text(encoding="utf-8")
    people = json.loads(card.read_text(encoding="utf-8"))["people"]
    assert [entry and entry["name"] for entry in people] == ["Eileen", None]
    assert len(list(kept.rglob(NOTE))) == 1  # Eileen's alone
    identifier = identifier_of(both, path)
    found = [identifier.name_once(looks_at(identifier, who))[0][0] for who in ("collins", "hopper")]
    identifier.close()
    assert found == ["Eileen", VISITOR]
    both.run(run_forget, "Eileen")
    both.enrol("Grace", "hopper")
    with pytest.raises(MonitorError, match="door knows nobody: whom it learnt was forgotten"):
        identifier_of(both, path)


def test_a_card_that_cannot_be_read_is_not_done(desk: CommandLine) -> None:
    desk.enrol("Ada", "collins", "--keep-pictures", desk.folder / "kept")
    (folder,) = (desk.folder / "kept").iterdir()
    note_recogniser(folder, desk.folder / "door.json")
    (desk.folder / "door.json").write_text("{", encoding="utf-8")
    said = desk.run(run_forget, "Ada", status=1)
    assert "recogniser: NOT DONE" in said
    assert not folder.exists()


def test_another_model_where_a_recogniser_was_is_left_alone(desk: CommandLine) -> None:
    desk.enrol("Ada", "collins", "--keep-pictures", desk.folder / "kept")
    (folder,) = (desk.folder / "kept").iterdir()
    other = desk.folder / "other.json"
    other.write_text('{"task": "mask", "people": [{"name": "Ada"}]}', encoding="utf-8")
    before = other.read_bytes()
    note_recogniser(folder, other)
    desk.run(run_forget, "Ada")
    assert other.read_bytes() == before


@pytest.mark.parametrize(
    ("card", "says"),
    [
        ({"task": "mask"}, "is no recogniser"),
        ({"input": {"embedding": "sface"}}, "for the embedding model sface, not"),
        ({"input": None}, "is no recogniser"),
        ({"input": {}}, "cannot be run"),  # it would take faces
        ({"people": None}, "is incomplete"),
        ({"people": [None, None]}, "knows nobody"),
        ({"people": [{"name": "Ada", "given": "2026-11-21T08:00:00"}]}, "is incomplete"),
        ({"people": [{"name": 3, "given": "2026-11-21T08:00:00+00:00"}]}, "is incomplete"),
        ({"threshold": 0.2}, "thresholds that cannot be"),
        ({"threshold": float("nan")}, "cannot be read"),
        ({"doubt": "much"}, "is incomplete"),
        ({"files": {"door.onnx": {"sha256": "0" * 64}}}, "SHA-256 differs"),
    ],
)
def test_what_is_no_sound_recogniser_is_refused_in_one_line(
    tmp_path: Path, card: dict[str, Any], says: str
) -> None:
    path = write_recogniser(tmp_path / "door", [enrolled("Ada")], **card)
    with pytest.raises(MonitorError, match=says) as caught:
        Recogniser.load(str(path), 1)
    assert "\n" not in str(caught.value)


def test_more_people_in_the_card_than_outputs_are_refused(tmp_path: Path) -> None:
    people = [{"name": n, "given": "2026-11-21T08:00:00+00:00"} for n in ("Ada", "Bob", "Cy")]
    path = write_recogniser(tmp_path / "door", [enrolled("Ada")], people=people)
    with pytest.raises(MonitorError, match="does not answer for the people of its card"):
        Recogniser.load(str(path), 1)


def test_a_missing_file_says_what_to_do_about_ones_own_model(tmp_path: Path) -> None:
    path = write_recogniser(tmp_path / "door", [enrolled("Ada")])
    path.unlink()
    with pytest.raises(MonitorError, match="make model and card anew"):
        Recogniser.load(str(path), 1)


def test_nobody_in_the_gallery_is_said_at_the_start(desk: CommandLine) -> None:
    path = write_recogniser(desk.folder / "door", [enrolled("Ada")])
    save_gallery(Gallery("sface_masked_v3", 256, (enrolled("Bob"),)), desk.gallery)
    with pytest.raises(
        ConfigError, match="nobody whom the recogniser door knows is in the gallery"
    ):
        identifier_of(desk, path)


def test_shots_that_are_added_keep_pictures_and_consent_in_step(desk: CommandLine) -> None:
    """What a training reads beside the pictures is the consent that the gallery has."""
    kept = desk.folder / "kept"
    desk.enrol("Ada", "collins", "--keep-pictures", kept)
    desk.run(
        *(run_enrol, "Ada", "--add", "--images", desk.pictures("collins"), *CONSENT),
        *("--keep-pictures", kept),
    )
    (consent,) = kept.rglob("consent.json")
    (ada,) = desk.people()
    assert json.loads(consent.read_text(encoding="utf-8"))["given"] == ada.given.isoformat()
    shutil.rmtree(kept)
