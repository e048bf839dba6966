"""The bytes of a gallery file: a zip of plain arrays, written and read without pickle.

`about` is JSON as bytes (format, version, embedding model, one record for each person),
`embeddings` (N, D) float32 of length 1, `person` (N,) the record that each belongs to, `kind` (N,)
how the face looked.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.errors import ConfigError
from monitor.identity.person import EnrolledPerson, Kind, clean_name
from monitor.names import name_key

FORMAT, VERSION = "mask-monitor gallery", 1
FILE_MAX = 512 * 2**20  # bytes; half a million embeddings. a larger file is not ours
_TYPES = {"about": np.uint8, "embeddings": np.float32, "person": np.int32, "kind": np.uint8}
Arrays = dict[str, npt.NDArray[Any]]


def pack(model: str, dimension: int, people: Sequence[EnrolledPerson]) -> bytes:
    """
    Raises:
        ConfigError: If it would be larger than what is read again.
    """
    about = {
        "format": FORMAT,
        "version": VERSION,
        "model": model,
        "dimension": dimension,
        "people": [
            {
                "name": p.name,
                "consent": p.consent,
                "given": p.given.isoformat(),
                "until": p.until.isoformat() if p.until is not None else None,
                "by": p.by,
                "pictures": p.pictures[-1] if p.pictures else "",
                "earlier_pictures": list(p.pictures[:-1]),
            }
            for p in people
        ],
    }
    none = np.empty((0, dimension), np.float32)
    owners = np.repeat(np.arange(len(people), dtype=np.int32), [len(p.embeddings) for p in people])
    buffer = io.BytesIO()
    np.savez(
        buffer,
        about=np.frombuffer(json.dumps(about, ensure_ascii=False).encode("utf-8"), np.uint8),
        embeddings=np.concatenate([none, *(p.embeddings for p in people)]).astype(np.float32),
        person=owners,
        kind=np.concatenate([np.empty(0, np.uint8), *(p.kinds for p in people)]).astype(np.uint8),
    )
    if buffer.tell() > FILE_MAX:
        raise ConfigError("the gallery is full: forget people, or enrol with fewer shots")
    return buffer.getvalue()


def unpack(path: Path) -> tuple[dict[str, Any], Arrays]:
    """What a file says of itself, and its arrays. Takes no more memory than the file has bytes.

    Raises:
        Exception: Of any kind, if it is no gallery.
    """
    with zipfile.ZipFile(path) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        if set(entries) != {f"{name}.npy" for name in _TYPES} or len(archive.infolist()) != len(
            _TYPES
        ):
            raise ValueError("foreign")
        # Looked at before anything is unpacked: a small zip can hold terabytes of zeros, but ours
        # is not compressed.
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries.values()) or (
            sum(entry.file_size for entry in entries.values()) > FILE_MAX
        ):
            raise ValueError("compressed")
        arrays = {name: _array(archive, name) for name in _TYPES}
    about = json.loads(arrays["about"].tobytes().decode("utf-8"))
    if about["format"] != FORMAT:
        raise ValueError("format")
    return about, arrays


def _array(archive: zipfile.ZipFile, name: str) -> npt.NDArray[Any]:
    with archive.open(f"{name}.npy") as file:
        version = np.lib.format.read_magic(file)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, fortran_order, dtype = read(file)
        data = file.read()
    # the bytes that are there decide how long it is, not the header's word
    if (
        dtype != _TYPES[name]
        or fortran_order
        or len(shape) != (2 if name == "embeddings" else 1)
        or math.prod(shape) * dtype.itemsize != len(data)
    ):
        raise ValueError(name)
    return np.frombuffer(data, dtype).reshape(shape)


def people_of(about: dict[str, Any], arrays: Arrays, dimension: int) -> tuple[EnrolledPerson, ...]:
    """
    Raises:
        Exception: Of any kind, if a record or an array is not what `pack` writes.
    """
    embeddings, owner, kinds = arrays["embeddings"], arrays["person"], arrays["kind"]
    records = about["people"]
    if embeddings.shape[1] != dimension or len({len(embeddings), len(owner), len(kinds)}) != 1:
        raise ValueError("shapes")
    lengths = np.sqrt(np.einsum("nd,nd->n", embeddings, embeddings))
    if not np.isfinite(lengths).all() or np.abs(lengths - 1).max(initial=0) > 1e-3:
        raise ValueError("lengths")
    if len(owner) and (owner.min() < 0 or owner.max() >= len(records) or kinds.max() > max(Kind)):
        raise ValueError("indices")
    order = np.argsort(owner, kind="stable")
    ends = np.searchsorted(owner[order], np.arange(len(records)), side="right")
    people = []
    for record, own in zip(records, np.split(order, ends)[:-1], strict=True):
        until = record["until"]
        if not len(own) or clean_name(record["name"]) != record["name"]:
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
                pictures=_folders(record),
            )
        )
    if len({name_key(p.name) for p in people}) != len(people):
        raise ValueError("names")
    return tuple(people)


def _folders(record: dict[str, Any]) -> tuple[str, ...]:
    """Release 0.1 knows of one folder alone, under `pictures`."""
    earlier, newest = record.get("earlier_pictures", []), record.get("pictures", "")
    return tuple(dict.fromkeys(str(folder) for folder in [*earlier, newest] if folder))


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("time without zone")
    return moment
