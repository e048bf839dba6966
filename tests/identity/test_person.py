"""Names, and what is made of an enrolled person's embeddings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.identity.person import (
    NAME_MAX,
    EnrolledPerson,
    Kind,
    by_name,
    clean_name,
    merged,
    same_name,
)

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
D = 8


def person(
    name: str = "Ann",
    seed: int = 0,
    until: datetime | None = None,
    kinds: tuple[int, ...] = (0, 2, 1),
) -> EnrolledPerson:
    vectors = np.random.default_rng(seed).normal(size=(len(kinds), D))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return EnrolledPerson(
        name, "door", NOW, until, "desk", vectors.astype(np.float32), np.array(kinds, np.uint8)
    )


def test_more_shots_keep_the_old_and_take_the_newer_consent() -> None:
    both = merged(person("Ann", 0), person("ann", 1, NOW + timedelta(days=9)))
    assert both.name == "Ann"
    assert len(both.embeddings) == len(both.kinds) == 6
    assert both.until == NOW + timedelta(days=9)


def test_templates_are_the_mean_bare_and_the_mean_really_masked_face_and_one_between() -> None:
    someone = person(kinds=(0, 0, 1, 2))
    bare, masked = (
        unit(someone.embeddings[rows].mean(axis=0)) for rows in (slice(0, 2), slice(2, 3))
    )
    np.testing.assert_allclose(
        someone.templates(), np.stack([bare, masked, unit(bare + masked)]), rtol=1e-5
    )
    assert person(kinds=(1,)).templates().shape == (1, D)
    assert person(kinds=(0, 0)).templates().shape == (1, D)


def test_drawn_masks_stand_in_halfway_where_no_real_one_was_enrolled() -> None:
    someone = person(kinds=(0, 2, 2))
    bare, drawn = someone.embeddings[0], unit(someone.embeddings[1:].mean(axis=0))
    np.testing.assert_allclose(someone.templates(), np.stack([bare, unit(bare + drawn)]), rtol=1e-5)


def test_drawn_masks_are_no_shots() -> None:
    assert person(kinds=(0, 2, 2, 1)).shots == 2
    assert list(Kind) == [0, 1, 2]


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (" Ann ", "Ann"),
        ("Zoe\u0308", "Zoë"),
        ("😀", "😀"),
        ("👩‍👩‍👧", "👩‍👩‍👧"),
        ("=SUM(A1)", "=SUM(A1)"),
        ("x" * NAME_MAX, "x" * NAME_MAX),
        ("王小明", "王小明"),
        ("O'Neil; DROP TABLE visits", "O'Neil; DROP TABLE visits"),
    ],
)
def test_names_that_are_kept(given: str, kept: str) -> None:
    assert clean_name(given) == kept
    assert clean_name(kept) == kept


@pytest.mark.parametrize(
    "name",
    [
        "",
        "  ",
        "x" * (NAME_MAX + 1),
        "a\nb",
        "a\x00",
        "a\x1b[2J",
        "\u202eevil",
        "a\u2028b",
        "\ud800",
        "visitor",
        "Visitor",
    ],
)
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        clean_name(name)
    assert "\n" not in str(caught.value)


def test_same_name() -> None:
    assert same_name("Straße", "STRASSE")
    assert same_name("Zoë", "zoe\u0308")
    assert not same_name("Ann", "Anne")


def test_people_are_sorted_by_name_whatever_its_case() -> None:
    people = [person(name) for name in ("bob", "Émile", "Ann", "Carl")]
    assert [p.name for p in by_name(people)] == ["Ann", "bob", "Carl", "Émile"]
