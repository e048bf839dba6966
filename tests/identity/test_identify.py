"""Embeddings, matching, the vote over a track. Fakes stand for the network but where it is what is
tested.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from monitor.errors import ConfigError, ModelError
from monitor.faces.align import align
from monitor.identity.embed import MODEL, Embedder, normalised
from monitor.identity.gallery import Gallery, save_gallery
from monitor.identity.identify import (
    EVIDENCE_MIN,
    LOOKS_MIN,
    VISITOR_EVIDENCE,
    Identifier,
    IdentityVote,
    load_identifier,
)
from monitor.identity.match import Matcher, threshold_for
from monitor.identity.person import VISITOR, EnrolledPerson
from monitor.identity.running import Presence
from monitor.identity.watch import GalleryWatch
from monitor.records import FloatArray

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
D = 16
CARD: dict[str, Any] = {
    "name": "fake",
    "task": "embedding",
    "input": {"size": 112, "colour": "RGB"},
    "output": {"dimension": D},
    "threshold": {"far": [1e-1, 1e-2, 1e-3, 1e-4], "threshold": [0.2, 0.3, 0.4, 0.5]},
}
AXES = np.eye(D, dtype=np.float32)
LANDMARKS = np.array([[201, 105], [245, 105], [221, 127], [203, 145], [242, 145]], np.float32)
BOX = np.array([[178, 63, 269, 173]], np.float32)


def person(
    name: str,
    *vectors: FloatArray,
    until: datetime | None = None,
    kinds: Sequence[int] | None = None,
) -> EnrolledPerson:
    kinds = [0] * len(vectors) if kinds is None else kinds
    return EnrolledPerson(
        name, "door", NOW, until, "desk", np.stack(vectors), np.array(kinds, np.uint8)
    )


def matcher(*people: EnrolledPerson, far: float = 1e-3, now: datetime = NOW) -> Matcher:
    return Matcher(people, CARD, far, now=lambda: now)


def like(axis: int, cosine: float, other: int = D - 1) -> FloatArray:
    """A unit vector with a given cosine to one axis."""
    vector: FloatArray = cosine * AXES[axis] + np.sqrt(1 - cosine**2) * AXES[other]
    return vector.astype(np.float32)


class FakeNetwork:
    backend = "onnx"
    card = CARD

    def __init__(self) -> None:
        self.batches: list[FloatArray] = []

    def __call__(self, batch: FloatArray) -> FloatArray:
        self.batches.append(batch)
        return np.repeat(batch[:, 0, 0, :1] + 1, D, axis=1)


# Embedder


def test_embedder_feeds_rgb_floats_in_batches_and_normalises() -> None:
    network = FakeNetwork()
    faces = np.zeros((70, 112, 112, 3), np.uint8)
    faces[..., 2] = np.arange(70)[:, None, None]  # red, in BGR
    out = Embedder(network).embed(faces)
    assert out.shape == (70, D)
    np.testing.assert_allclose(np.linalg.norm(out, axis=1), 1, rtol=1e-5)
    assert [len(b) for b in network.batches] == [32, 32, 6]
    assert network.batches[0].dtype == np.float32
    assert network.batches[2][-1, 5, 5].tolist() == [69, 0, 0]


def test_embedder_of_no_faces_asks_nothing() -> None:
    network = FakeNetwork()
    assert Embedder(network).embed(np.empty((0, 112, 112, 3), np.uint8)).shape == (0, D)
    assert network.batches == []


@pytest.mark.parametrize(
    "change",
    [
        {"task": "mask"},
        {"output": {}},
        {"input": {"size": 96, "colour": "RGB"}},
        {"name": None, "output": None},
    ],
)
def test_embedder_refuses_another_kind_of_model(change: dict[str, Any]) -> None:
    network = FakeNetwork()
    network.card = CARD | change
    with pytest.raises(ModelError):
        Embedder(network)


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder.load(threads=1)


def test_real_model_knows_a_face_again_and_tells_two_apart(embedder: Embedder, data: Path) -> None:
    from monitor.detect.yunet import YuNet

    detector = YuNet(threads=1)
    portraits = data.parent.parent / "assets" / "portraits"
    faces = []
    for path in (data / "bare.jpg", data / "masked.jpg", portraits / "hopper.jpg"):
        image = cv2.imread(str(path))
        assert image is not None
        found = detector.detect(image)  # type: ignore[arg-type]
        assert found.landmarks is not None
        faces.append(align(image, found.boxes[:1], found.landmarks[:1])[0])  # type: ignore[arg-type]
    mirrored = faces[0][:, ::-1]
    bare, masked, hopper, again = embedder.embed(np.stack([*faces, mirrored]))
    limit = threshold_for(embedder.card, 1e-3)
    assert bare @ again > limit
    assert bare @ masked > bare @ hopper + 0.1
    assert bare @ hopper < limit
    assert masked @ hopper < limit


def test_real_model_gives_the_same_in_any_batch(embedder: Embedder) -> None:
    faces = np.random.default_rng(0).integers(0, 256, (5, 112, 112, 3), dtype=np.uint8)
    together = embedder.embed(faces)
    for i in range(5):
        np.testing.assert_allclose(embedder.embed(faces[i : i + 1])[0], together[i], atol=1e-4)


# Threshold


@pytest.mark.parametrize(
    ("far", "expected"),
    [
        (1e-3, 0.4),
        (1e-1, 0.2),
        (10**-2.5, 0.35),
        (0.9, 0.2),
        (1e-5, 0.6),
        (1e-30, 0.95),
        (0.0, 0.95),
    ],
)
def test_threshold_is_read_off_the_table(far: float, expected: float) -> None:
    assert threshold_for(CARD, far) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    "table",
    [
        None,
        {},
        {"far": [1e-3], "threshold": [0.4]},
        {"far": [1e-3, 1e-2], "threshold": [0.3, 0.4]},
        {"far": [0, 1], "threshold": [1, 0]},
    ],
)
def test_card_without_a_sound_table_is_refused(table: Any) -> None:
    with pytest.raises(ModelError, match="table of thresholds"):
        threshold_for(CARD | {"threshold": table}, 1e-3)


# Matcher


def test_the_nearest_person_above_the_threshold() -> None:
    known = matcher(person("Ann", AXES[0]), person("Bob", AXES[1]))
    found = known.match(like(1, 0.9))
    assert (found.name, found.nearest) == ("Bob", "Bob")
    assert found.cosine == pytest.approx(0.9)
    stranger = known.match(like(1, 0.1))
    assert (stranger.name, stranger.nearest) == (None, "Bob")


def test_more_people_ask_for_a_higher_cosine() -> None:
    """A stranger is compared with everybody: the share of strangers that get a name stays what was
    asked for.
    """
    one = matcher(person("Ann", AXES[0]))
    ten = matcher(*(person(f"P{i}", AXES[i]) for i in range(10)))
    assert one.threshold == pytest.approx(0.4)
    assert ten.threshold == pytest.approx(0.5)


def test_a_masked_template_counts_beside_the_bare_one() -> None:
    known = matcher(person("Ann", AXES[0], AXES[1], kinds=[0, 2]), person("Bob", AXES[2]))
    for axis in (0, 1):
        assert known.match(like(axis, 0.95)).name == "Ann"
    assert known.cosines(AXES[:3]).argmax(axis=1).tolist() == [0, 0, 1]


def test_empty_gallery_knows_nobody() -> None:
    known = matcher()
    assert known.match(AXES[0]).name is None
    assert known.cosines(AXES).shape == (D, 0)


def test_consent_that_ends_while_the_monitor_runs() -> None:
    clock = [NOW]
    known = Matcher(
        [person("Ann", AXES[0], until=NOW + timedelta(hours=1)), person("Bob", AXES[1])],
        CARD,
        1e-3,
        now=lambda: clock[0],
    )
    assert known.match(AXES[0]).name == "Ann"
    clock[0] += timedelta(hours=1)
    assert known.match(AXES[0]).name is None
    assert known.match(AXES[0]).nearest != "Ann"
    assert known.match(AXES[1]).name == "Bob"
    alone = Matcher([person("Ann", AXES[0], until=NOW)], CARD, 1e-3, now=lambda: NOW)
    assert alone.match(AXES[0]).nearest is None


# Vote


def test_one_look_never_decides() -> None:
    vote = IdentityVote(matcher(person("Ann", AXES[0])))
    vote.add(AXES[0], 1.0)
    assert (vote.name, vote.settled, vote.confidence) == (None, False, 0.0)


def test_several_looks_name_a_person() -> None:
    vote = IdentityVote(matcher(person("Ann", AXES[0])))
    for _ in range(LOOKS_MIN - 1):
        vote.add(like(0, 0.8), 1.0)
        assert not vote.settled
    vote.add(like(0, 0.8), 1.0)
    assert (vote.name, vote.settled) == ("Ann", True)
    assert vote.confidence == pytest.approx(0.8, abs=1e-5)


def test_small_unsure_faces_need_more_looks() -> None:
    vote = IdentityVote(matcher(person("Ann", AXES[0])))
    weight, looks = 0.1, 0
    while not vote.settled:
        vote.add(like(0, 0.8), weight)
        looks += 1
    assert looks >= EVIDENCE_MIN / weight - 1


def test_one_lucky_frame_among_many_names_nobody() -> None:
    vote = IdentityVote(matcher(person("Ann", AXES[0])))
    vote.add(AXES[0], 1.0)
    for _ in range(10):
        vote.add(like(0, 0.05), 1.0)
    assert (vote.name, vote.settled) == (VISITOR, True)


def test_looks_that_agree_weakly_add_up_but_less_than_fully() -> None:
    """Halfway between the mean cosine (0.3) and the cosine of the mean's direction (0.53)."""
    vote = IdentityVote(matcher(person("Ann", AXES[0])))
    for axis in (1, 2, 3, 4):
        vote.add(like(0, 0.3, axis), 1.0)
    direction = 0.3 / np.sqrt(0.3**2 + (1 - 0.3**2) / 4)
    assert vote.confidence == pytest.approx(np.sqrt(0.3 * direction), abs=1e-4)


def test_large_sure_looks_outweigh_small_ones() -> None:
    vote = IdentityVote(matcher(person("Ann", AXES[0]), person("Bob", AXES[1])))
    for _ in range(6):
        vote.add(like(1, 0.9), 0.05)
    for _ in range(2):
        vote.add(like(0, 0.9), 1.0)
    assert vote.name == "Ann"


def test_a_stranger_becomes_a_visitor_only_after_more_looks() -> None:
    vote = IdentityVote(matcher(person("Ann", AXES[0])))
    for _ in range(int(VISITOR_EVIDENCE) - 1):
        vote.add(like(0, 0.1), 1.0)
    assert (vote.name, vote.settled) == (None, False)
    vote.add(like(0, 0.1), 1.0)
    assert (vote.name, vote.settled) == (VISITOR, True)


def test_looks_that_cannot_be_judged_do_not_count() -> None:
    vote = IdentityVote(matcher(person("Ann", AXES[0])))
    for _ in range(50):
        vote.add(AXES[0], 0.0)
    assert (vote.name, vote.looks) == (None, 0)


def test_begin_again_keeps_the_name_until_new_looks_decide() -> None:
    vote = IdentityVote(matcher(person("Ann", AXES[0])))
    for _ in range(10):
        vote.add(like(0, 0.1), 1.0)
    vote.begin_again()
    assert vote.name == VISITOR
    for _ in range(LOOKS_MIN):
        vote.add(AXES[0], 1.0)
    assert vote.name == "Ann"


def named(name: str | None, confidence: float) -> IdentityVote:
    vote = IdentityVote(matcher())
    vote.name, vote.confidence = name, confidence
    return vote


def test_two_visits_at_once_are_never_the_same_person() -> None:
    votes = {
        1: named("Ann", 0.6),
        2: named("Ann", 0.8),
        3: named("Bob", 0.5),
        4: named(VISITOR, 0.9),
        5: named(VISITOR, 0.2),
        6: named(None, 0),
    }
    assert Identifier.assign_unique(votes) == {
        1: VISITOR,
        2: "Ann",
        3: "Bob",
        4: VISITOR,
        5: VISITOR,
        6: None,
    }
    assert Identifier.assign_unique({}) == {}


# Putting together


def test_load_identifier_leaves_ended_consents_out(tmp_path: Path) -> None:
    path = tmp_path / "g.npz"
    real = np.eye(2, 256, dtype=np.float32)
    people = (
        person("Ann", real[0]),
        dataclasses.replace(person("Bob", real[1]), until=NOW - timedelta(days=999)),
    )
    save_gallery(Gallery(MODEL, 256, people), path)
    watch = GalleryWatch(path, Presence(path), f"sqlite:///{tmp_path / 'monitor.db'}")
    identifier = load_identifier(watch, threads=1)
    identifier.close()
    assert identifier.matcher.names == ("Ann",)
    image = np.zeros((50, 60, 3), np.uint8)
    assert identifier.embed(image, np.empty((0, 4), np.float32), None).shape == (0, 256)
    embeddings = identifier.embed(image, np.array([[5, 5, 40, 45]], np.float32), None)
    assert embeddings.shape == (1, 256)
    np.testing.assert_allclose(np.linalg.norm(embeddings), 1, rtol=1e-5)
    assert identifier.new_vote().name is None


def test_load_identifier_refuses_a_foreign_gallery(tmp_path: Path) -> None:
    (tmp_path / "g.npz").write_bytes(b"junk")
    watch = GalleryWatch(tmp_path / "g.npz", Presence(tmp_path / "g.npz"), "")
    with pytest.raises(ConfigError, match="no gallery"):
        load_identifier(watch, threads=1)
    watch.close()


def test_normalised_leaves_zeros() -> None:
    made = normalised(np.array([[3, 4], [0, 0]], np.float32))
    np.testing.assert_array_equal(made, np.array([[0.6, 0.8], [0, 0]], np.float32))


def test_on_one_picture_nobody_is_named_twice_and_strangers_are_visitors() -> None:
    people = person("Ada", AXES[0]), person("Bo", AXES[1])
    identifier = Identifier(Embedder(FakeNetwork()), matcher(*people))
    looks = np.stack([like(0, 0.7), like(0, 0.9), like(1, 0.8), like(2, 0.9)])
    found = identifier.name_once(looks)
    assert [name for name, _ in found] == [VISITOR, "Ada", "Bo", VISITOR]
    assert [confidence for _, confidence in found] == pytest.approx([0.7, 0.9, 0.8, 0.0], abs=1e-3)
    assert identifier.name_once(looks[:0]) == []


def test_one_look_that_would_do_for_a_visit_is_not_sure_on_a_picture() -> None:
    identifier = Identifier(Embedder(FakeNetwork()), matcher(person("Ada", AXES[0])))
    looks = like(0, 0.45)[None]  # 0.4 is a FAR of 0.1 %, 0.5 one of 0.01 %
    assert identifier.name_once(looks) == [(None, pytest.approx(0.45, abs=1e-3))]
    found = [identifier.name_once(like(0, cosine)[None])[0][0] for cosine in (0.29, 0.31, 0.51)]
    assert found == [VISITOR, None, "Ada"]
    loose = Matcher([person("Ada", AXES[0])], CARD, 1e-3, 1e-3, now=lambda: NOW)
    assert Identifier(Embedder(FakeNetwork()), loose).name_once(looks)[0][0] == "Ada"
