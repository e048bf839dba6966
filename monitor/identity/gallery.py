"""The gallery: embeddings of those who agreed to be recognised, with their consent. No pictures.

One `.npz` file (a zip of plain arrays, read without pickle): `about` is JSON as bytes (format,
version, embedding model, one record for each person), `embeddings` (N, D) float32 of length 1,
`person` (N,) the record that each belongs to, `kind` (N,) how the face looked. It is replaced whole
or not at all, and on POSIX only its owner can read it.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import zipfile
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.errors import ConfigError
from monitor.identity.person import EnrolledPerson, Kind, clean_name, name_key, same_name

FORMAT, VERSION = "mask-monitor gallery", 1
FILE_MAX = 512 * 2**20  # bytes; a million embeddings. a larger file is not ours

# what reading bytes that are no gallery can end in
_DAMAGE = (
    ConfigError,
    KeyError,
    ValueError,
    TypeError,
    IndexError,
    AttributeError,
    EOFError,
    OSError,
    OverflowError,
    MemoryError,
    RuntimeError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
)


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


def default_gallery() -> Path:
    """Where the gallery lies unless the user says otherwise.

    Raises:
        StoreError: If the data folder cannot be made.
    """
    from monitor.data_folder import data_folder

    return data_folder() / "gallery.npz"


def load_gallery(path: Path, model: str, dimension: int) -> Gallery:
    """Read a gallery; a file that is not there is an empty one.

    Raises:
        ConfigError: If the file cannot be read, is damaged or foreign (a copy is kept beside it,
            and the file itself is not touched), was made by another embedding model or by a newer
            Mask Monitor.
    """
    try:
        if not path.exists():
            return Gallery(model, dimension)
        if path.is_dir():
            raise ConfigError(f"the gallery {path} is a folder: give a file with --gallery")
        if path.stat().st_size > FILE_MAX:
            raise ConfigError(
                f"{path.name} is no gallery of Mask Monitor (too large) and was not touched: give "
                f"another with --gallery"
            )
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"the gallery {path} cannot be read ({error.strerror}): check its path and rights"
        ) from None
    try:
        about, arrays = _unpack(content)
        people = _people(about, arrays, int(about["dimension"]))
        made_by, version = str(about["model"]), int(about["version"])
    except _DAMAGE as error:
        kept = _keep_aside(path, content)
        raise ConfigError(
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
    if made_by != model or int(about["dimension"]) != dimension:
        raise ConfigError(
            f"the gallery {path.name} was made with the embedding model {made_by}, not {model}: "
            f"enrol again into another file"
        )
    return Gallery(model, dimension, people)


def _unpack(content: bytes) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    names = {"about.npy", "embeddings.npy", "person.npy", "kind.npy"}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        # Sizes are looked at before anything is unpacked: a small zip can hold terabytes of zeros.
        if {i.filename for i in archive.infolist()} != names or sum(
            i.file_size for i in archive.infolist()
        ) > FILE_MAX:
            raise ValueError("foreign")
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        arrays = {name: file[name] for name in ("about", "embeddings", "person", "kind")}
    if arrays["about"].dtype != np.uint8 or arrays["about"].ndim != 1:
        raise ValueError("about")
    about = json.loads(arrays["about"].tobytes().decode("utf-8"))
    if about["format"] != FORMAT:
        raise ValueError("format")
    return about, arrays


def _people(
    about: dict[str, Any], arrays: dict[str, npt.NDArray[Any]], dimension: int
) -> tuple[EnrolledPerson, ...]:
    embeddings, owner, kinds = arrays["embeddings"], arrays["person"], arrays["kind"]
    count = len(about["people"])
    if embeddings.dtype != np.float32 or embeddings.ndim != 2 or embeddings.shape[1] != dimension:
        raise ValueError("embeddings")
    if (
        owner.dtype != np.int32
        or owner.shape != (len(embeddings),)
        or kinds.dtype != np.uint8
        or kinds.shape != owner.shape
    ):
        raise ValueError("shapes")
    if (
        not np.isfinite(embeddings).all()
        or np.abs(np.linalg.norm(embeddings, axis=1) - 1).max(initial=0) > 1e-3
    ):
        raise ValueError("lengths")
    if len(owner) and (owner.min() < 0 or owner.max() >= count or kinds.max() > max(Kind)):
        raise ValueError("indices")
    people = []
    for i, record in enumerate(about["people"]):
        own = owner == i
        until = record["until"]
        if not own.any() or clean_name(record["name"]) != record["name"]:
            raise ValueError("record")
        people.append(
            EnrolledPerson(
                name=record["name"],
                consent=str(record["consent"]),
                given=_time(record["given"]),
                until=_time(until) if until is not None else None,
                by=str(record["by"]),
                embeddings=embeddings[own],
                kinds=kinds[own],
                pictures=str(record.get("pictures", "")),
            )
        )
    if len({name_key(p.name) for p in people}) != len(people):
        raise ValueError("names")
    return tuple(people)


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("time without zone")
    return moment


def _keep_aside(path: Path, content: bytes) -> Path | None:
    """A copy of a file that was refused, once for each content; None where the folder cannot be
    written.
    """
    copy = path.with_name(f"{path.name}.refused-{hashlib.sha256(content).hexdigest()[:8]}")
    if not copy.exists():
        try:
            _write(copy, content)
            with contextlib.suppress(OSError):
                shutil.copystat(path, copy)
                copy.chmod(0o600)
        except OSError:
            return None
    return copy


def save_gallery(gallery: Gallery, path: Path) -> None:
    """Write the file: whole or not at all, readable by its owner alone.

    Raises:
        ConfigError: If it cannot be written; the old file is then as it was.
    """
    about = {
        "format": FORMAT,
        "version": VERSION,
        "model": gallery.model,
        "dimension": gallery.dimension,
        "people": [
            {
                "name": p.name,
                "consent": p.consent,
                "given": p.given.isoformat(),
                "until": p.until.isoformat() if p.until is not None else None,
                "by": p.by,
                "pictures": p.pictures,
            }
            for p in gallery.people
        ],
    }
    none = np.empty((0, gallery.dimension), np.float32)
    buffer = io.BytesIO()
    np.savez(
        buffer,
        about=np.frombuffer(json.dumps(about, ensure_ascii=False).encode("utf-8"), np.uint8),
        embeddings=np.concatenate([none, *(p.embeddings for p in gallery.people)]).astype(
            np.float32
        ),
        person=np.repeat(
            np.arange(len(gallery.people), dtype=np.int32),
            [len(p.embeddings) for p in gallery.people],
        ),
        kind=np.concatenate([np.empty(0, np.uint8), *(p.kinds for p in gallery.people)]).astype(
            np.uint8
        ),
    )
    target = Path(os.path.realpath(path))  # a link stays a link
    try:
        _write(target, buffer.getvalue())
    except OSError as error:
        raise ConfigError(
            f"the gallery {path} cannot be written ({error.strerror}): check its path, its rights "
            f"and the disk"
        ) from None


def _write(target: Path, content: bytes) -> None:
    """Replace a file in one step, with rights 0600."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with os.fdopen(
            os.open(
                temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600
            ),
            "wb",
        ) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def open_gallery(
    path: Path | None, model: str, dimension: int, now: datetime | None = None
) -> Gallery:
    """Load a gallery for recognising: those whose consent has ended are left out, and erased from
    the file.

    Raises:
        ConfigError: As `load_gallery`.
    """
    path = path or default_gallery()
    gallery = load_gallery(path, model, dimension)
    valid = gallery.valid(now or datetime.now(UTC))
    if len(valid.people) < len(gallery.people):
        # a file that cannot be written still must not name them
        with contextlib.suppress(ConfigError):
            save_gallery(valid, path)
    return valid
