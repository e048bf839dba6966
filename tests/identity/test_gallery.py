"""The gallery file: what goes in comes out, nobody else's file is harmed, consents end."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import stat
import sys
import tracemalloc
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.identity.gallery import (
    Gallery,
    load_gallery,
    save_gallery,
)
from monitor.identity.person import EnrolledPerson, Kind

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


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gallery.npz"


def saved(path: Path, *people: EnrolledPerson) -> Gallery:
    gallery = Gallery("sface", D, people)
    save_gallery(gallery, path)
    return gallery


def load(path: Path) -> Gallery:
    return load_gallery(path, "sface", D)


def test_what_goes_in_comes_out(path: Path) -> None:
    people = (
        person("Zoë 😀", 1, NOW + timedelta(days=3)),
        dataclasses.replace(person("=1+1", 2), pictures=("a folder", "another")),
    )
    saved(path, *people)
    found = load(path).people
    for before, after in zip(people, found, strict=True):
        for field in dataclasses.fields(EnrolledPerson):
            one, other = getattr(before, field.name), getattr(after, field.name)
            np.testing.assert_array_equal(np.array(one), np.array(other))


def test_missing_file_is_an_empty_gallery(path: Path) -> None:
    assert load(path).people == ()
    assert not path.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX rights")
def test_only_the_owner_reads_it(path: Path) -> None:
    old = os.umask(0)
    try:
        saved(path, person())
        saved(path, person(), person("Bob", 1))
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == [path.name]  # no temporary files are left


def test_holds_no_pickle_and_no_picture(path: Path) -> None:
    saved(path, person())
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == [
            "about.npy",
            "embeddings.npy",
            "kind.npy",
            "person.npy",
        ]
    np.load(path, allow_pickle=False)["embeddings"]


def test_failed_write_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(path, person())
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match=r"cannot be written .No space left"):
        saved(path, person("Bob", 1))
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    path.symlink_to(tmp_path / "real" / "g.npz")
    saved(path, person())
    assert path.is_symlink()
    assert len(load(tmp_path / "real" / "g.npz").people) == 1


def rewritten(path: Path, **changes: Any) -> None:
    """The file with some arrays, or entries of `about`, replaced."""
    with np.load(path) as file:
        arrays = dict(file)
    about = json.loads(arrays["about"].tobytes())
    for key, value in changes.items():
        if key in arrays:
            arrays[key] = value
        else:
            about[key] = value
    if "about" not in changes:
        arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    np.savez(path, **arrays)


def test_another_model_is_refused_in_one_line_and_without_a_copy(path: Path) -> None:
    saved(path, person())
    with pytest.raises(ConfigError, match="embedding model sface, not other") as caught:
        load_gallery(path, "other", D)
    assert "\n" not in str(caught.value)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_newer_version_is_refused(path: Path) -> None:
    saved(path, person())
    rewritten(path, version=2)
    with pytest.raises(ConfigError, match="newer Mask Monitor"):
        load(path)


DAMAGE: dict[str, dict[str, Any]] = {
    "format": {"format": "something else"},
    "no people": {"people": None},
    "record": {"people": [{"name": "Ann"}]},
    "control character": {
        "people": [
            {"name": "A\x07", "consent": "", "given": NOW.isoformat(), "until": None, "by": ""}
        ]
    },
    "time without zone": {
        "people": [
            {"name": "Ann", "consent": "", "given": "2026-11-21T08:00:00", "until": None, "by": ""}
        ]
    },
    "not a number": {"embeddings": np.full((3, D), np.nan, np.float32)},
    "not of length 1": {"embeddings": np.ones((3, D), np.float32)},
    "double": {"embeddings": np.eye(3, D)},
    "shape": {"embeddings": np.eye(3, D + 1, dtype=np.float32)},
    "owner": {"person": np.array([0, 0, 9], np.int32)},
    "owner short": {"person": np.array([0], np.int32)},
    "kind": {"kind": np.array([0, 1, 77], np.uint8)},
    "about": {"about": np.frombuffer(b"\xff\xfe{", np.uint8)},
    "about nested": {"about": np.frombuffer(b"[" * 100_000, np.uint8)},
    "about no mapping": {"about": np.frombuffer(b"[]", np.uint8)},
}


@pytest.mark.parametrize("changes", DAMAGE.values(), ids=DAMAGE)
def test_wrong_content_is_refused_and_kept(path: Path, changes: dict[str, Any]) -> None:
    saved(path, person())
    rewritten(path, **changes)
    refused(path)


def refused(path: Path) -> None:
    """A file that is not ours: one line, not touched, one copy however often it is tried."""
    before = path.read_bytes()
    for _ in range(2):
        with pytest.raises(ConfigError, match="damaged or no gallery") as caught:
            load(path)
        assert "\n" not in str(caught.value)
    assert path.read_bytes() == before
    copies = [p for p in path.parent.iterdir() if p != path]
    assert len(copies) == 1
    assert copies[0].read_bytes() == before
    assert copies[0].name in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"junk", b"PK\x03\x04", b"\x93NUMPY", b"SQLite format 3\0" + bytes(100)]
)
def test_foreign_file_is_refused_and_kept(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    refused(path)


def test_every_cut_is_refused(path: Path) -> None:
    saved(path, person())
    whole = path.read_bytes()
    for end in range(0, len(whole), max(1, len(whole) // 60)):
        path.write_bytes(whole[:end])
        with pytest.raises(ConfigError):
            load(path)


def test_flipped_bytes_never_get_through_or_crash(path: Path) -> None:
    """The zip's checksums catch what changes the arrays; a flip elsewhere may be harmless."""
    people = (person(), person("Bob", 1))
    saved(path, *people)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    caught = 0
    for _ in range(300):
        changed = bytearray(whole)
        changed[int(rng.integers(len(whole)))] ^= int(rng.integers(1, 256))
        path.write_bytes(changed)
        try:
            found = load(path)
        except ConfigError:
            caught += 1
        else:
            for before, after in zip(people, found.people, strict=True):
                assert before.name == after.name
                np.testing.assert_array_equal(before.embeddings, after.embeddings)
    assert caught > 200


def test_zip_bomb_is_refused_before_it_is_unpacked(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("about", "person", "kind"):
            archive.writestr(f"{name}.npy", b"")
        with archive.open("embeddings.npy", "w", force_zip64=True) as file:
            for _ in range(600):
                file.write(bytes(2**20))
    refused(path)


@pytest.mark.parametrize("stored", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_a_small_file_takes_little_memory(path: Path, stored: int) -> None:
    """A zip of some KB that holds 400 MB of zeros, and a header that claims 40 GB."""
    with zipfile.ZipFile(path, "w", stored) as archive:
        for name in ("about", "person", "kind"):
            archive.writestr(f"{name}.npy", b"")
        with archive.open("embeddings.npy", "w") as file:
            rows = 4 * 10**7 if stored == zipfile.ZIP_STORED else 400_000
            header = {"descr": "<f4", "fortran_order": False, "shape": (rows, 256)}
            np.lib.format.write_array_header_1_0(file, header)
            for _ in range(0 if stored == zipfile.ZIP_STORED else 400):
                file.write(bytes(2**20))
    assert path.stat().st_size < 2**20
    tracemalloc.start()
    try:
        refused(path)
        assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("text", ["{'descr': (", "{" * 5000, "1e999", "{'descr': '|O'}", '"' * 3])
def test_a_header_of_any_kind_ends_in_one_line(path: Path, text: str) -> None:
    header = text.encode().ljust(118) + b"\n"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("about", "embeddings", "person", "kind"):
            start = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little")
            archive.writestr(f"{name}.npy", start + header)
    refused(path)


def test_pickles_are_refused(path: Path) -> None:
    saved(path, person())
    buffer = io.BytesIO()
    np.save(buffer, np.array([{"a": 1}], object), allow_pickle=True)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, buffer.getvalue() if name == "embeddings.npy" else content)
    refused(path)


def test_a_folder_in_its_place(path: Path) -> None:
    path.mkdir()
    with pytest.raises(ConfigError, match="is a folder"):
        load(path)


def test_consents_end(path: Path) -> None:
    gallery = saved(path, person("Ann", 0, NOW + timedelta(days=1)), person("Bob", 1))
    assert [p.name for p in gallery.valid(NOW).people] == ["Ann", "Bob"]
    assert [p.name for p in gallery.valid(NOW + timedelta(days=1)).people] == ["Bob"]


def test_find_replace_and_remove() -> None:
    gallery = Gallery("sface", D, (person("Zoë"),))
    assert gallery.find("ZOE\u0308") is not None  # decomposed, other case
    assert gallery.find("Zoe") is None
    again = gallery.with_person(person("zoë", 5))
    assert [p.name for p in again.people] == ["zoë"]
    assert again.without("Zoë").people == ()
    assert len(gallery.people) == 1


def test_a_gallery_of_release_0_1_opens_with_all_people() -> None:
    """Written by that release, of the two portraits in `assets/`."""
    path = Path(__file__).parent / "data" / "gallery_0_1.npz"
    zoe, grace = load_gallery(path, "sface_masked_v3", 256).people
    assert (zoe.name, zoe.consent, zoe.by) == ("Zoë Collins", "may be greeted by name", "reception")
    assert zoe.until is not None
    assert zoe.until.year == 2100
    assert (grace.name, grace.consent, grace.by) == ("Grace", "agreed by e-mail", "desk")
    assert grace.until is None
    for person in (zoe, grace):
        assert person.kinds.tolist() == [Kind.BARE, Kind.DRAWN]
        assert person.embeddings.shape == (2, 256)
        assert person.pictures == ()
    assert float(zoe.embeddings[0] @ grace.embeddings[0]) < 0.3
