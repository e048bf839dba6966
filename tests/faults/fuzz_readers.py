"""Feeds mutated files to the readers of pictures, clips, galleries, lists (CSV), settings and cards
for a while. Run in a process of its own: a decoder may crash.

    python tests/faults/fuzz_readers.py pictures|clips|galleries|lists|settings|cards SEED SECONDS \
        FOLDER

Each input depends on the seed and its number alone. The number is written into FOLDER/number before
the input is read, so that a crash can be repeated; the input itself is FOLDER/input. Prints one
line of JSON: how many inputs, how many were read, the slowest, the most memory (MB), and the first
failure.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
for _name, _value in {  # as main.py does
    "OPENCV_LOG_LEVEL": "SILENT",
    "OPENCV_IO_MAX_IMAGE_PIXELS": str(2**26),
}.items():
    os.environ.setdefault(_name, _value)

import numpy as np  # noqa: E402
from fuzz_seeds import clip_seeds, picture_seeds  # noqa: E402
from peak import peak_mb  # noqa: E402

from monitor.camera.pictures import read_picture  # noqa: E402
from monitor.camera.source import camera_source, recording  # noqa: E402
from monitor.card import MODELS_DIR, embedding_of, load_card  # noqa: E402
from monitor.config import Config, load_config  # noqa: E402
from monitor.engine import model_stem  # noqa: E402
from monitor.errors import ConfigError, ModelError, MonitorError, StoreError  # noqa: E402
from monitor.faces.classify import MaskClassifier  # noqa: E402
from monitor.faces.gender import GenderGuesser  # noqa: E402
from monitor.gui.help import model_facts  # noqa: E402
from monitor.identity.embed import Embedder  # noqa: E402
from monitor.identity.gallery import Gallery, load_any_gallery, save_gallery  # noqa: E402
from monitor.identity.person import EnrolledPerson, Kind  # noqa: E402
from monitor.identity.straighten import Aligner  # noqa: E402
from monitor.storage.csv_files import BOM, SIGHTING_COLUMNS  # noqa: E402
from monitor.storage.csv_log import CsvLog  # noqa: E402

TOKENS = (
    *rb'[ ] [[ ]] { } = . , " """ '.split(),
    *rb"' \ \u0000 \ud800 # nan inf -inf -0 1e400 0x 0xffffffffffffffffffffffff".split(),
    *b"true 1979-05-27T07:32:00Z 07:32:00 99:99:99 \xff\xfe \xef\xbb\xbf \x00".split(b" "),
    *(b"\n", b"\r", "ü²".encode(), b"9" * 400, b"9" * 5000, b"0x" + b"f" * 9000),
    *(b"[" * 3000, b"{a=" * 3000, b"a." * 3000),
    *(b"[camera]\n", b"[detect]\nname = ", b"[store]\nurl = ", b"width", b"retention_days"),
)
CARD_TOKENS = (
    *rb'{ } [ ] , : " \ \u0000 \ud800 \n null true NaN Infinity -Infinity'.split(),
    *b"1e999 -1e999 -1 0 1e-320 0.5 999999999999999999".split(),
    *b'"name": "files": "classes": "input": "size": "margin":'.split(),
    *b'"output": "dimension": "aligner": "task": "sha256":3'.split(),
    *(b"9" * 400, b"9" * 5000, b"[" * 3000, b'{"a":' * 3000, b'"a":' * 500, b"x" * 5000),
    *(b"\xff\xfe", b"\xef\xbb\xbf", b"\x00", "ü²\u2028".encode(), b"[" * 19 + b"1" + b"]" * 19),
)


def mutated(chance: random.Random, seed: bytes, tokens: tuple[bytes, ...] = ()) -> bytes:
    """One to twelve changes: bytes flipped, replaced, cut out, doubled; numbers at their limits;
    tokens put in.
    """
    data = bytearray(seed)
    for _ in range(chance.choice((1, 1, 2, 3, 5, 12))):
        at = (
            chance.randrange(len(data) + 1)
            if chance.random() < 0.6
            else chance.randrange(min(len(data), 64) + 1)
        )
        kind = chance.randrange(7 if tokens else 6)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            data[at : at + 1] = chance.randbytes(1)
        elif kind == 2:
            del data[at : at + chance.choice((1, 4, 50, 1000))]
        elif kind == 3:
            data[at:at] = data[at : at + chance.choice((1, 8, 200))]
        elif kind == 4:
            limit = chance.choice((0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF))
            size = chance.choice((1, 2, 4))
            value = (limit & ((1 << 8 * size) - 1)).to_bytes(size, chance.choice(("big", "little")))
            data[at : at + size] = value
        elif kind == 5:
            del data[at:]
        elif tokens:
            data[at:at] = chance.choice(tokens)
    return bytes(data)


def settings_seeds() -> list[bytes]:
    """The example file of the project, and some that are terse."""
    return [
        (ROOT / "assets" / "settings.example.toml").read_bytes(),
        b'[camera]\nsource = "rtsp://door/live"\nwidth = 1280\n'
        b'[detect]\nname = "yunet"\nconfidence_min = 0.5\n',
        b"[track]\nlost_after_s = 1.5\nconfirm_hits = 3\n"
        b"[store]\nsnapshots = false\nretention_days = 30\n",
        b'vote = {half_life_s = 0.5, hold_above = 4e-1}\nclassify.model = """mask_v5"""\n',
        b"[sighting]\nalert_after_s = 1_0.5e+0\n[detect]\nmin_face_px = 0x14\nthreads = 0b10\n",
    ]


def read_one_picture(path: Path) -> bool:
    """True where it was read. Raises what is wrong with the reader."""
    image = read_picture(path)
    if image is None:
        return False
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise AssertionError(f"no BGR picture: {image.shape} {image.dtype}")
    return True


def read_one_settings(path: Path) -> bool:
    """True where it was valid. Raises what is wrong with the reader."""
    try:
        config = load_config(path)
    except ConfigError as error:
        _check_line(error)
        return False
    if not isinstance(config, Config):
        raise AssertionError("no settings")
    try:  # the free texts, as the program uses them
        for model in (config.classify.model, config.gender.model):
            load_card(model_stem(model).with_suffix(".onnx"))
    except ModelError as error:
        _check_line(error)
    for source in config.camera.source.split():
        try:
            camera_source(source, config.camera)
        except MonitorError as error:
            _check_line(error)
    return True


def _check_line(error: MonitorError) -> None:
    text = str(error)
    if len(text.splitlines()) != 1 or len(text) > 12_000 or not text.isprintable():
        raise AssertionError(f"not one line: {text[:200]!r}") from None


def card_seeds() -> list[bytes]:
    """The shipped cards, each for the one small file that the fuzzer has."""
    seeds = []
    for path in sorted(MODELS_DIR.glob("*.json")):
        card = json.loads(path.read_text(encoding="utf-8"))
        card["files"] = {"net.onnx": {"sha256": hashlib.sha256(WEIGHTS).hexdigest()}}
        short = {key: card[key] for key in card if len(json.dumps(card[key])) < 300}
        seeds += [json.dumps(one, indent=1).encode() for one in (card, short)]
    return seeds


WEIGHTS = b"weights"


class _Network:
    """A network of which nothing but the card is asked."""

    backend = "onnx"

    def __init__(self, card: dict[str, object]) -> None:
        self.card = card


def read_one_card(path: Path) -> bool:
    """True where it was valid. Raises what is wrong with the readers."""
    net = path.with_name("net.onnx")
    net.write_bytes(WEIGHTS)
    path.replace(net.with_suffix(".json"))
    model_facts(str(net))
    try:
        network = _Network(load_card(net))
    except ModelError as error:
        _check_line(error)
        return False
    for reader in (MaskClassifier, GenderGuesser, Embedder, Aligner):
        try:
            reader(network)  # type: ignore[arg-type]
        except ModelError as error:
            _check_line(error)
    try:
        name, dimension = embedding_of(net)
    except ModelError as error:
        _check_line(error)
    else:
        if not (name.isprintable() and 0 < dimension < 10**5):
            raise AssertionError(f"no embedding model: {name!r} {dimension}")
    return True


def read_one_clip(path: Path) -> bool:
    """True where a picture of it was read. Raises what is wrong with the reader."""
    source, pictures = recording("video", path, Config().camera), 0
    try:
        source.open()
        while pictures < 40 and (picture := source.read()) is not None:
            image = getattr(picture.image, "image", picture.image)
            if image.ndim != 3 or image.dtype != np.uint8 or image.size == 0:
                raise AssertionError(f"no BGR picture: {image.shape} {image.dtype}")
            pictures += 1
    except MonitorError as error:
        _check_line(error)
    finally:
        source.close()
    return pictures > 0


def gallery_seeds() -> list[bytes]:
    """Galleries with nobody, one and several people."""
    chance = np.random.default_rng(5)
    seeds = []
    with tempfile.TemporaryDirectory() as folder:
        for number in (0, 1, 3):
            vectors = chance.normal(size=(number, 128)).astype(np.float32)
            people = tuple(
                EnrolledPerson(
                    name=f"Per s\u00f6n {i}",
                    consent="yes",
                    given=datetime.now(UTC),
                    until=None,
                    by="Ada",
                    embeddings=np.asarray([vector / np.linalg.norm(vector)]),
                    kinds=np.array([Kind.BARE], np.uint8),
                )
                for i, vector in enumerate(vectors)
            )
            path = Path(folder) / "g.npz"
            save_gallery(Gallery("sface_masked_v3", 128, people), path)
            seeds.append(path.read_bytes())
    return seeds


def read_one_gallery(path: Path) -> bool:
    """True where it was read. Raises what is wrong with the reader."""
    for copy in path.parent.glob("*.refused-*"):
        copy.unlink()
    try:
        return load_any_gallery(path) is not None
    except MonitorError as error:
        _check_line(error)
        return False


def list_seeds() -> list[bytes]:
    """Lists of sightings as the program and as spreadsheets write them."""
    header = ",".join(SIGHTING_COLUMNS)
    row = ",".join(f"cell {i}" for i in range(len(SIGHTING_COLUMNS)))
    text = f"{header}\r\n{row}\r\n" * 2
    return [
        (BOM + text).encode(),
        text.encode(),
        (BOM + text.replace(",", ";")).encode(),
        (BOM + f'{header}\r\n"a ""quoted""\r\ncell",{row}').encode(),
    ]


def read_one_list(path: Path) -> bool:
    """True where it was carried on. Raises what is wrong with the reader."""
    for other in path.parent.glob("input-*"):
        other.unlink()
    try:
        log = CsvLog(path)
        log.forget({"cell 9", "somebody"})
        log.append([])
    except StoreError as error:
        _check_line(error)
        return False
    return True


KINDS: dict[str, tuple[Callable[[], list[bytes]], Callable[[Path], bool], tuple[bytes, ...]]] = {
    "pictures": (picture_seeds, read_one_picture, ()),
    "clips": (clip_seeds, read_one_clip, ()),
    "galleries": (gallery_seeds, read_one_gallery, ()),
    "lists": (list_seeds, read_one_list, TOKENS),
    "settings": (settings_seeds, read_one_settings, TOKENS),
    "cards": (card_seeds, read_one_card, CARD_TOKENS),
}


def fuzz(kind: str, seed: int, seconds: float, folder: Path) -> dict[str, object]:
    """Read mutated inputs until the time is up or the reader has failed."""
    logging.disable(logging.CRITICAL)
    make_seeds, read, tokens = KINDS[kind]
    seeds, path = make_seeds(), folder / "input"
    failure, good, slowest_s, number = "", 0, 0.0, 0
    for content in seeds:  # unchanged, each is read
        path.write_bytes(content)
        if not read(path):
            failure = f"a seed was refused: {content[:40]!r}"
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and not failure:
        number += 1
        (folder / "number").write_text(str(number))
        chance = random.Random(f"{kind} {seed} {number}")
        path.write_bytes(mutated(chance, chance.choice(seeds), tokens))
        started = time.monotonic()
        try:
            good += read(path)
        except Exception as error:  # whatever gets out of a reader is the finding
            failure = f"{type(error).__name__}: {str(error)[:300]}"
        slowest_s = max(slowest_s, time.monotonic() - started)
    return {
        "inputs": number,
        "read": good,
        "slowest_s": slowest_s,
        "peak_mb": peak_mb(),
        "failure": failure,
    }


if __name__ == "__main__":
    sys.stdout.write(
        json.dumps(fuzz(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4])))
        + "\n"
    )
