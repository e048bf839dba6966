"""The gallery: embeddings of those who agreed to be recognised, with their consent. No pictures.

One file (`monitor.identity.packed`), which is replaced whole or not at all; on POSIX only its owner
can read it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from monitor.errors import ConfigError
from monitor.files import write_whole
from monitor.identity.files import keep_aside
from monitor.identity.packed import FILE_MAX, FORMAT, VERSION, pack, people_of, unpack
from monitor.identity.person import EnrolledPerson
from monitor.names import same_name


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """The people of one file. Changing gives a new gallery; `save_gallery` writes it."""

    model: str  # the embedding model's name
    dimension: int
    people: tuple[EnrolledPerson, ...] = ()

    def find(self, name: str) -> EnrolledPerson | None:
        return next((p for p in self.people if same_name(p.name, name)), None)

    def with_person(self, person: EnrolledPerson) -> Gallery:
        """With the person, who takes the place of one of the same name."""
        return replace(self, people=(*self.without(person.name).people, person))

    def without(self, name: str) -> Gallery:
        return replace(self, people=tuple(p for p in self.people if not same_name(p.name, name)))

    def valid(self, now: datetime) -> Gallery:
        """Without those whose consent has ended."""
        return replace(self, people=tuple(p for p in self.people if not p.ended(now)))


class DamagedGalleryError(ConfigError):
    """A file that cannot be read as a gallery."""


def load_gallery(path: Path, model: str, dimension: int) -> Gallery:
    """Read a gallery; a file that is not there is an empty one.

    Raises:
        ConfigError: As `load_any_gallery`, or if the file was made by another embedding model.
    """
    gallery = load_any_gallery(path) or Gallery(model, dimension)
    if (gallery.model, gallery.dimension) != (model, dimension):
        raise ConfigError(
            f"the gallery {path.name} was made with the embedding model {gallery.model}, not "
            f"{model}: enrol again into another file"
        )
    return gallery


def load_any_gallery(path: Path) -> Gallery | None:
    """Read a gallery of whatever embedding model; None where there is no file.

    Raises:
        DamagedGalleryError: If the file is damaged or foreign. A copy is kept beside it, and the
            file itself is not touched.
        ConfigError: If it cannot be read, or was made by a newer Mask Monitor.
    """
    try:
        if not path.exists():
            return None
        if not path.is_file():  # a pipe would never end
            what = "a folder" if path.is_dir() else "no file"
            raise ConfigError(f"the gallery {path} is {what}: give a file with --gallery")
        if path.stat().st_size > FILE_MAX:
            raise ConfigError(
                f"{path.name} is no gallery of Mask Monitor (too large) and was not touched: give "
                f"another with --gallery"
            )
        with path.open("rb"):
            pass
    except OSError as error:
        raise ConfigError(
            f"the gallery {path} cannot be read ({error.strerror}): check its path and rights"
        ) from None
    try:
        about, arrays = unpack(path)
        version, model, dimension = about["version"], about["model"], about["dimension"]
        if not (isinstance(version, int) and isinstance(dimension, int) and version > 0):
            raise ValueError("about")
        people = people_of(about, arrays, dimension) if version <= VERSION else ()
    except Exception as error:  # what bytes that are no gallery can end in has no end
        kept = keep_aside(path)
        raise DamagedGalleryError(
            f"{path.name} is damaged or no gallery of Mask Monitor ({type(error).__name__}); it "
            f"was not touched"
            + (f", and a copy is kept as {kept.name}" if kept else "")
            + ": put a sound copy in its place, or give another file with --gallery"
        ) from None
    if version > VERSION:
        raise ConfigError(
            f"the gallery {path.name} was made by a newer Mask Monitor: install that, or give "
            f"another with --gallery"
        )
    return Gallery(str(model), dimension, people)


def was_gallery(path: Path) -> bool:
    """Whether a damaged file has been a gallery.

    Raises:
        OSError: If it cannot be read.
    """
    return FORMAT.encode() in path.read_bytes()


def save_gallery(gallery: Gallery, path: Path) -> None:
    """Write the file: whole or not at all, readable by its owner alone. Whoever has read it before
    holds `gallery_lock`.

    Raises:
        ConfigError: If it cannot be written; the old file is then as it was.
    """
    content = pack(gallery.model, gallery.dimension, gallery.people)
    target = Path(os.path.realpath(path))  # a link stays a link
    try:
        write_whole(target, content)
    except OSError as error:
        raise ConfigError(
            f"the gallery {path} cannot be written ({error.strerror}): check its path, its rights "
            f"and the disk"
        ) from None
