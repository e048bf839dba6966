"""Forget somebody: out of the gallery, the store, the pictures, the cards of recognisers that
learnt from these, and the programs that run.

The order is what makes it hold: the store first, so that one which refuses leaves all as it was;
then the pictures, as the gallery alone knows where they are; then the gallery, so that nobody names
the person anew; then the running programs confirm; and the store once more, when nobody writes the
name any more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from monitor.config import nearest
from monitor.errors import ConfigError, NotScrubbedError, StoreError
from monitor.identity.files import gallery_lock, remove_leftovers, set_aside
from monitor.identity.gallery import (
    DamagedGalleryError,
    Gallery,
    load_any_gallery,
    save_gallery,
    was_gallery,
)
from monitor.identity.kept_pictures import remove_pictures
from monitor.identity.learnt_from import withdraw
from monitor.identity.person import EnrolledPerson, clean_name
from monitor.identity.results import GalleryRemoval, Receipt
from monitor.identity.running import wait_for_monitors

if TYPE_CHECKING:  # SQLAlchemy comes with it: loaded to forget somebody, not to enrol
    from monitor.storage.store import Store

T = TypeVar("T")
Condition = Callable[[EnrolledPerson | None], bool]


def forget(
    name: str,
    path: Path,
    store_url: str,
    empty: Gallery | None = None,
    condition: Condition = lambda person: True,
) -> Receipt | None:
    """Remove somebody from the gallery, their name from the store, and the pictures that were kept
    of them. Waits for running programs. Any thread.

    Args:
        name: In any spelling.
        path: The gallery file.
        store_url: SQLAlchemy URL of the store; empty for the default one.
        empty: What is put in the place of a gallery that cannot be read; None: it is an error.
        condition: Asked with the gallery locked; where it says no, nothing is done.

    Returns:
        What was removed; None where the condition does not hold.

    Raises:
        ConfigError: If the name is found nowhere.
        ConfigError, StoreError: One line each.
    """
    from monitor.storage.store import Store

    name = clean_name(name)
    store = Store(store_url)  # first: one that cannot be written leaves all as it was
    try:
        with gallery_lock(path):
            receipt = _from_files(name, path, store, empty, condition)
        if receipt is None:
            return None
        running = wait_for_monitors(path)
        receipt = replace(receipt, running=running)
        receipt = _once_more(store, receipt)
    finally:
        store.close()
    return replace(receipt, at=datetime.now(UTC))


def _from_files(
    name: str, path: Path, store: Store, empty: Gallery | None, condition: Condition
) -> Receipt | None:
    """All but what the running programs still write."""
    aside = None
    try:
        gallery = load_any_gallery(path)
    except DamagedGalleryError:
        # a file that never was a gallery, named by mistake, is left alone
        if empty is None or not _cleared(path, lambda: was_gallery(path)):
            raise
        gallery = empty
        aside = _cleared(path, lambda: set_aside(path, name))
        save_gallery(gallery, path)  # running programs obey it, and enrolling goes on
    person = gallery.find(name) if gallery is not None else None
    if not condition(person):
        return None
    known_as = person.name if person is not None else name
    leftovers = _cleared(path, lambda: remove_leftovers(path, known_as))
    removed = _from_store(store, known_as)  # while it refuses, nothing is half done
    recognisers = withdraw(person) if person is not None else ()
    pictures = remove_pictures(person) if person is not None else ()
    removal = None
    if person is not None and gallery is not None:
        save_gallery(gallery.without(name), path)
        removal = GalleryRemoval(len(person.embeddings), person.given, person.by)
    elif not (removed.rows or leftovers or aside):
        known = [p.name for p in gallery.people] if gallery is not None else []
        raise ConfigError(
            f"nobody called {name} is in the gallery or the store: "
            + (nearest(name, known) if known else f"nobody is enrolled in {path}")
        )
    now = datetime.now(UTC)
    return Receipt(
        *(known_as, now, path, removal, store.label),
        *(removed.rows, removed.snapshots, removed.faces),
        pictures=pictures,
        recognisers=recognisers,
        leftovers=leftovers,
        set_aside=aside,
    )


def _cleared(path: Path, action: Callable[[], T]) -> T:
    try:
        return action()
    except OSError as error:
        raise ConfigError(
            f"the copies beside the gallery {path} cannot be deleted ({error.strerror}): check the "
            f"rights of its folder"
        ) from None


@dataclass(frozen=True, slots=True)
class _Removed:
    rows: int
    snapshots: int  # pictures of sightings
    faces: int  # kept for learning
    waits: str = ""  # why the name may still be in the store's files


def _once_more(store: Store, receipt: Receipt) -> Receipt:
    """What was written to a store meanwhile, or could not be cleaned before."""
    try:
        removed = _from_store(store, receipt.name)
    except StoreError as error:
        return replace(receipt, store_waits=str(error))
    server = store.rewrite_server_files()
    return replace(
        receipt,
        rows=receipt.rows + removed.rows,
        snapshots=receipt.snapshots + removed.snapshots,
        faces=receipt.faces + removed.faces,
        store_waits=receipt.store_waits or removed.waits,
        server_files=server if server is not None else receipt.server_files,
    )


def _from_store(store: Store, name: str) -> _Removed:
    """The name out of the store, with the pictures of its sightings, and the faces that were kept
    of its visits.
    """
    from monitor.data_folder import data_folder
    from monitor.learning.withdrawn import withdraw_person
    from monitor.storage.snapshots import Snapshots

    folder, deleted = data_folder() / "snapshots", 0
    if folder.is_dir():
        snapshots = Snapshots(folder)
        deleted = sum(snapshots.forget(sighting) for sighting in store.sightings_of(name))
    faces = withdraw_person(store, name)
    try:
        return _Removed(store.forget_identity(name), deleted, faces)
    except NotScrubbedError as error:
        return _Removed(error.rows, deleted, faces, str(error))


def end_consents(path: Path, store_url: str) -> list[Receipt]:
    """Forget those whose consent has ended. Any thread.

    Raises:
        ConfigError, StoreError: One line each.
    """
    gallery = load_any_gallery(path)
    now = datetime.now(UTC)
    ended = [p.name for p in gallery.people if p.ended(now)] if gallery is not None else []

    def has_ended(person: EnrolledPerson | None) -> bool:  # nobody has renewed it meanwhile
        return person is not None and person.ended(now)

    receipts = [forget(name, path, store_url, condition=has_ended) for name in ended]
    return [_from_own_store(receipt, store_url) for receipt in receipts if receipt is not None]


def _from_own_store(receipt: Receipt, store_url: str) -> Receipt:
    """The name out of the store in the data folder, too: whoever starts with another one is not
    asked where the gallery's people were seen.
    """
    from monitor.data_folder import data_folder
    from monitor.storage.store import Store

    if not store_url or not (data_folder() / "monitor.db").is_file():
        return receipt
    store = Store()
    try:
        return _once_more(store, receipt)
    finally:
        store.close()
