"""After a receipt nothing of a person is left, whatever lay about and whatever it was spelled."""

from __future__ import annotations

import dataclasses
import re
import sqlite3
import threading
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import ConfigError, StoreError
from monitor.identity.commands import run_forget, run_people
from monitor.identity.embed import MODEL
from monitor.identity.files import blanked
from monitor.identity.forget import end_consents, forget
from monitor.identity.gallery import Gallery, load_any_gallery, load_gallery, save_gallery
from monitor.identity.running import Presence, file_state, running_monitors, wait_for_monitors
from monitor.storage.store import Store
from tests.identity.command_line import CommandLine, enrolled, seen

EMPTY = Gallery(MODEL, 256)


def names_in(url: str) -> list[str | None]:
    store = Store(url)
    try:
        return [visit.identity for visit in store.read_visits()]
    finally:
        store.close()


def holding(folder: Path, *words: str) -> list[str]:
    """The files with one of some words in any byte of their path or content."""
    found = []
    for path in folder.rglob("*"):
        held = str(path.relative_to(folder)).encode() + (
            path.read_bytes() if path.is_file() else b""
        )
        if any(re.search(re.escape(word.encode()), held, re.IGNORECASE) for word in words):
            found.append(path.name)
    return found


def test_pictures_in_earlier_folders_are_deleted_too(desk: CommandLine) -> None:
    roots = [desk.folder / f"kept{number}" for number in range(3)]
    desk.enrol("Ada", "collins", "--keep-pictures", roots[0])
    desk.enrol("Ada", "collins", "--replace", "--keep-pictures", roots[1])
    desk.enrol("ada", "collins", "--add", "--keep-pictures", roots[2])
    assert [len(list(root.rglob("*.jpg"))) for root in roots] == [3, 3, 3]
    said = desk.run(run_forget, "ada")
    assert said.count("pictures: 3 deleted from") == 3
    assert [list(root.iterdir()) for root in roots] == [[], [], []]


def test_pictures_that_were_moved_away_are_said(desk: CommandLine) -> None:
    desk.enrol("Ada", "collins", "--keep-pictures", desk.folder / "kept")
    (desk.folder / "kept").rename(desk.folder / "elsewhere")
    assert "not all are found: look for them" in desk.run(run_forget, "Ada", status=1)


@pytest.mark.parametrize("stored", ["ada", "ADA", "Zoë", unicodedata.normalize("NFD", "zoë")])
def test_another_spelling_hides_no_row(desk: CommandLine, stored: str) -> None:
    name = "Ada" if stored.casefold() == "ada" else "ZOË"
    seen(desk.store, stored, "Other")
    assert "removed from 1 visits" in desk.run(run_forget, name)
    assert names_in(desk.store) == [None, "Other"]


def test_when_a_consent_ends_pictures_and_names_go_with_it(desk: CommandLine) -> None:
    desk.enrol("Ada", "collins", "--keep-pictures", desk.folder / "kept")
    (ada,) = desk.people()
    ended = dataclasses.replace(ada, until=datetime.now(UTC) - timedelta(seconds=1))
    save_gallery(Gallery(MODEL, 256, (ended, enrolled("Bob", 1))), desk.gallery)
    seen(desk.store, "ada", "Bob")
    said = desk.run(run_people)
    assert "The consent of Ada had ended: removed from the gallery, the name from 1 vi" in said
    assert "3 pictures deleted" in said
    assert [p.name for p in desk.people()] == ["Bob"]
    assert names_in(desk.store) == [None, "Bob"]
    assert list((desk.folder / "kept").iterdir()) == []
    assert "had ended" not in desk.run(run_people)


def test_a_consent_that_was_renewed_meanwhile_stays(desk: CommandLine) -> None:
    save_gallery(Gallery(MODEL, 256, (enrolled("Bob"),)), desk.gallery)
    assert forget("Bob", desk.gallery, desk.store, condition=lambda person: False) is None
    assert end_consents(desk.gallery, desk.store) == []
    assert [p.name for p in desk.people()] == ["Bob"]


def test_what_was_left_beside_the_gallery_goes(desk: CommandLine) -> None:
    save_gallery(Gallery(MODEL, 256, (enrolled("Ada"), enrolled("Bob", 1))), desk.gallery)
    whole = desk.gallery.read_bytes()
    for name in (".gallery.npz.77.tmp", "gallery.npz.refused-0a1b2c3d"):
        (desk.folder / name).write_bytes(whole)
    (desk.folder / "holiday.refused-0a1b2c3d").write_bytes(b"mine")
    assert "copies beside the gallery: 2 deleted" in desk.run(run_forget, "Ada")
    assert holding(desk.folder, "ada") == []
    assert (desk.folder / "holiday.refused-0a1b2c3d").read_bytes() == b"mine"


@pytest.mark.parametrize("cut", [False, True])
def test_a_damaged_gallery_can_be_forgotten_from(desk: CommandLine, cut: bool) -> None:
    people = enrolled("Bob", 1), enrolled("Ada \\ Ü"), enrolled("Cem", 2)
    save_gallery(Gallery(MODEL, 256, people), desk.gallery)
    content = bytearray(desk.gallery.read_bytes())
    if cut:
        content = content[: len(content) // 2]
    else:
        content[-400] ^= 1
        content[len(content) // 2] ^= 1
    desk.gallery.write_bytes(content)
    with pytest.raises(ConfigError, match="is damaged"):
        desk.people()
    said = desk.run(run_forget, "ada \\ ü", status=1)
    assert "it cannot be read; set aside as gallery.npz.damaged-" in said
    assert holding(desk.folder, "ada") == []
    assert len(holding(desk.folder, "Bob")) == 1  # the others are lost to nobody
    assert desk.people() == []
    desk.run(run_forget, "bob")  # out of what was set aside
    assert holding(desk.folder, "bob", "ada") == []


def test_a_gallery_of_another_model_can_be_forgotten_from(desk: CommandLine) -> None:
    vectors = np.eye(8, dtype=np.float32)
    people = tuple(
        dataclasses.replace(enrolled(name), embeddings=vectors[i : i + 1])
        for i, name in enumerate(("Ada", "Bob"))
    )
    save_gallery(Gallery("older", 8, people), desk.gallery)
    assert "1 embeddings" in desk.run(run_forget, "Ada")
    assert [p.name for p in load_gallery(desk.gallery, "older", 8).people] == ["Bob"]
    assert holding(desk.folder, "ada") == []


def test_blanking_takes_the_whole_record() -> None:
    content = b'x{"name": "Bob", "consent": "b"}, {"name": "ADA", "consent": "of her"}y'
    assert blanked(content, "ada") == content[:34] + bytes(len(content) - 35) + b"y"


def test_a_running_program_is_waited_for_and_named(desk: CommandLine) -> None:
    save_gallery(Gallery(MODEL, 256, (enrolled("Ada"),)), desk.gallery)
    presence = Presence(desk.gallery, Path("list.csv"))
    try:
        assert [one.obeyed for one in running_monitors(desk.gallery)] == [False]
        presence.knows(file_state(desk.gallery))
        (one,) = running_monitors(desk.gallery)
        assert (one.obeyed, Path(one.csv).name, one.events) == (True, "list.csv", "")
        save_gallery(EMPTY, desk.gallery)
        assert [one.obeyed for one in wait_for_monitors(desk.gallery, 0.3)] == [False]
    finally:
        presence.close()
    assert running_monitors(desk.gallery) == ()
    assert holding(desk.folder, "ada") == []


def test_nothing_is_done_where_the_store_cannot_be_opened(desk: CommandLine) -> None:
    save_gallery(Gallery(MODEL, 256, (enrolled("Ada"),)), desk.gallery)
    (desk.folder / "monitor.db").mkdir()
    with pytest.raises(Exception, match="cannot be opened"):
        desk.run(run_forget, "Ada")
    gallery = load_any_gallery(desk.gallery)
    assert gallery is not None
    assert [p.name for p in gallery.people] == ["Ada"]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Another program holds the store."""
    other = sqlite3.connect(folder / "monitor.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


def test_nothing_is_done_where_the_store_is_locked(desk: CommandLine) -> None:
    desk.enrol("Ada", "collins", "--keep-pictures", desk.folder / "kept")
    seen(desk.store, "Ada")
    with locked(desk.folder), pytest.raises(StoreError, match="locked"):
        desk.run(run_forget, "Ada")
    assert len(list((desk.folder / "kept").rglob("*.jpg"))) == 3
    gallery = load_any_gallery(desk.gallery)
    assert gallery is not None
    assert [p.name for p in gallery.people] == ["Ada"]
    assert names_in(desk.store) == ["Ada"]


def test_a_store_that_stops_answering_meanwhile_is_in_the_receipt(
    desk: CommandLine, caplog: pytest.LogCaptureFixture
) -> None:
    """It is locked between the gallery's change and the running program's confirmation."""
    save_gallery(Gallery(MODEL, 256, (enrolled("Ada"),)), desk.gallery)
    seen(desk.store, "Ada")
    presence, before = Presence(desk.gallery), file_state(desk.gallery)
    free = threading.Event()

    def run() -> None:
        while file_state(desk.gallery) == before:
            time.sleep(0.01)
        seen(desk.store, "Ada")  # the program's last word before it knows
        with locked(desk.folder):
            presence.knows(file_state(desk.gallery))
            free.wait(60)

    program = threading.Thread(target=run)
    program.start()
    try:
        said = desk.run(run_forget, "Ada", status=1)
    finally:
        free.set()
        program.join()
        presence.close()
    assert "embeddings and the consent" in said
    assert "the name removed from 1 visits" in said
    assert re.search(r"NOT DONE: .*locked.* else forget Ada once more", said)
    assert "NOT DONE" not in desk.run(run_forget, "Ada")  # once more
    assert holding(desk.folder, "ada") == []
    caplog.clear()
