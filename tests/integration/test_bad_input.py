"""What the user can get wrong: one line that says what and how to mend it, exit 2, no traceback."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from program import ROOT, Done, run

from monitor.storage.store import Store

CLIP = ROOT / "assets" / "demo.mp4"
Make = Callable[[Path], list[str | Path]]


def clip(content: bytes | None, name: str = "clip.mp4") -> Make:
    """A run on a clip of such content; None: there is none."""

    def make(folder: Path) -> list[str | Path]:
        if content is not None:
            (folder / name).write_bytes(content)
        return ["--video", folder / name]

    return make


def folder_of(files: dict[str, bytes] | None) -> Make:
    """A run on a folder of pictures."""

    def make(folder: Path) -> list[str | Path]:
        if files is not None:
            (folder / "pictures").mkdir()
            for name, content in files.items():
                (folder / "pictures" / name).write_bytes(content)
        return ["--images", folder / "pictures"]

    return make


def settings(text: str | None) -> Make:
    """A run with such a settings file."""

    def make(folder: Path) -> list[str | Path]:
        if text is not None:
            (folder / "m.toml").write_text(text)
        return ["--video", CLIP, "--config", folder / "m.toml"]

    return make


def model(what: str) -> Make:
    """A run with a copy of the shipped model that was tampered with."""

    def make(folder: Path) -> list[str | Path]:
        path, card = folder / "mask_v5.onnx", folder / "mask_v5.json"
        if what != "missing":
            shutil.copy(ROOT / "models" / path.name, path)
            shutil.copy(ROOT / "models" / card.name, card)
        if what == "changed":
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 1
            path.write_bytes(content)
        elif what == "cut short":
            path.write_bytes(path.read_bytes()[:-100])
        elif what == "no card":
            card.unlink()
        elif what == "broken card":
            card.write_text("{")
        return ["--video", CLIP, "--model", folder / "mask_v5"]

    return make


def output(option: str, what: str) -> Make:
    """A run whose CSV or events file cannot be written."""

    def make(folder: Path) -> list[str | Path]:
        path = folder / "none" / "out" if what == "missing folder" else folder / "out"
        if what == "folder":
            path.mkdir()
        elif what == "clip":
            shutil.copy(CLIP, path)
            return ["--video", path, option, path]
        elif what == "store":
            Store(f"sqlite:///{path}").close()
            return ["--video", CLIP, "--store", f"sqlite:///{path}", option, path]
        elif what == "both":
            return ["--video", CLIP, "--events", path, "--csv", folder / "." / "out"]
        elif what == "foreign":
            path.write_text("name,age\nAda,36\n")
        elif what == "below a file":
            path.touch()
            path /= "out"
        return ["--video", CLIP, option, path]

    return make


def store(what: str) -> Make:
    """A run with a store that cannot be used."""

    def make(folder: Path) -> list[str | Path]:
        path = folder / "s.db"
        if what == "read-only":  # by the URL: root may write anywhere
            Store(f"sqlite:///{path}").close()
            return ["--video", CLIP, "--store", f"sqlite:///file:{path}?mode=ro&uri=true"]
        if what == "missing folder":
            path = folder / "none" / "s.db"
        elif what == "folder":
            path.mkdir()
        elif what == "text":
            path.write_text("this is no database at all\n" * 200)
        elif what == "nonsense":
            return ["--video", CLIP, "--store", "nonsense"]
        elif what == "unknown":
            return ["--video", CLIP, "--store", "oracel://user:secret@host/x"]
        return ["--video", CLIP, "--store", f"sqlite:///{path}"]

    return make


def plain(*arguments: str) -> Make:
    return lambda folder: list(arguments)


TEXT = b"This is no video, it is a letter.\n" * 200
CASES: dict[str, tuple[Make, list[str]]] = {
    "missing camera": (plain("--camera", "97"), ["camera 97 is not there", "main.py cameras"]),
    "camera of a strange name": (
        plain("--camera", "front door"),
        ["'front door'", "neither a camera's number nor"],
    ),
    "camera with a password": (
        plain("--camera", "ftp://user:secret@h/x"),
        ["neither a camera's number nor"],
    ),
    "missing clip": (clip(None), ["clip.mp4 is not there", "check the path"]),
    "empty clip": (clip(b""), ["clip.mp4 is empty"]),
    "text named as a clip": (clip(TEXT), ["clip.mp4 is not a video"]),
    "text": (clip(TEXT, "letter.txt"), ["letter.txt is not a video"]),
    "bytes named as a clip": (clip(bytes(range(256)) * 50), ["clip.mp4 is not a video"]),
    "clip cut short": (
        clip(CLIP.read_bytes()[:9000] if CLIP.is_file() else b""),
        ["clip.mp4 is not a video"],
    ),
    "missing folder": (folder_of(None), ["pictures is not there"]),
    "folder without pictures": (folder_of({"letter.txt": TEXT}), ["holds no pictures"]),
    "folder of damaged pictures": (
        folder_of({"a.jpg": TEXT, "b.png": b"", "c.bmp": b"BM"}),
        ["can be read"],
    ),
    "unknown option": (plain("--vido", "x"), ["--vido", "did you mean --video?"]),
    "unknown command": (plain("exprot"), ["exprot", "did you mean export?"]),
    "unknown detector": (plain("--detector", "yunte"), ["'yunte'", "did you mean yunet?"]),
    "unknown section": (settings("[detcet]\n"), ["[detcet]", "did you mean 'detect'?"]),
    "unknown setting": (
        settings("[detect]\nmin_face = 3\n"),
        ["detect.min_face", "did you mean 'min_face_px'?"],
    ),
    "unknown value": (
        settings('[detect]\nname = "yunett"\n'),
        ["'yunett'", "did you mean 'yunet'?"],
    ),
    "value out of range": (
        settings("[sighting]\nalert_after_s = -1\n"),
        ["alert_after_s = -1", "from 0 to 600"],
    ),
    "value that is no number": (
        settings("[sighting]\nalert_after_s = nan\n"),
        ["alert_after_s = nan"],
    ),
    "bad TOML": (settings("[detect\n"), ["m.toml is not valid TOML", "line 1"]),
    "missing settings": (settings(None), ["m.toml cannot be read"]),
    "missing model": (model("missing"), ["mask_v5.onnx is missing"]),
    "changed model": (model("changed"), ["mask_v5.onnx is not the file", "SHA-256"]),
    "model cut short": (model("cut short"), ["mask_v5.onnx is not the file"]),
    "model without card": (model("no card"), ["mask_v5.onnx has no card"]),
    "broken card": (model("broken card"), ["mask_v5.json cannot be read"]),
    "CSV in a missing folder": (output("--csv", "missing folder"), ["cannot be written"]),
    "CSV is a folder": (output("--csv", "folder"), ["cannot be written"]),
    "CSV below a file": (output("--csv", "below a file"), ["cannot be written"]),
    "foreign CSV": (output("--csv", "foreign"), ["no list of sightings", "another name"]),
    "CSV is the clip": (output("--csv", "clip"), ["--csv would write over the recording"]),
    "CSV is the store": (output("--csv", "store"), ["--csv would write over the store"]),
    "events is the clip": (output("--events", "clip"), ["--events would write over the recording"]),
    "events is the store": (output("--events", "store"), ["--events would write over the store"]),
    "events is the CSV": (output("--events", "both"), ["--events would write over --csv"]),
    "foreign events": (output("--events", "foreign"), ["holds no events", "another file"]),
    "events in a missing folder": (output("--events", "missing folder"), ["cannot be written"]),
    "events is a folder": (output("--events", "folder"), ["cannot be written"]),
    "recorded in the future": (
        plain("--video", str(CLIP), "--recorded-at", "2999-01-01"),
        ["2999-01-01", "still to come"],
    ),
    "recorded at no time": (plain("--video", str(CLIP), "--recorded-at", "noon"), ["is no date"]),
    "recorded without a recording": (
        plain("--recorded-at", "2026-01-01"),
        ["goes with a recording"],
    ),
    "nonsense for a store": (store("nonsense"), ["store's URL is not valid"]),
    "store of an unknown kind": (store("unknown"), ["store's URL"]),
    "store in a missing folder": (store("missing folder"), ["cannot be opened", "--store"]),
    "store is a folder": (store("folder"), ["cannot be opened"]),
    "store is a text": (store("text"), ["cannot be opened"]),
    "read-only store": (store("read-only"), ["cannot be opened"]),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Done]]]:
    """All of them, a few at a time: most of a run is starting Python."""
    root = tmp_path_factory.mktemp("bad")

    def one(number: int, make: Make) -> Done:
        folder = root / str(number)
        folder.mkdir()
        arguments = make(folder)
        if "--store" not in arguments and arguments[0] != "exprot":
            arguments = [*arguments, "--store", f"sqlite:///{folder / 'monitor.db'}"]
        if "--store" in arguments:
            arguments = [*arguments, "--into-store"]
        return run(folder, *([] if arguments[0] == "exprot" else ["--headless"]), *arguments)

    with ThreadPoolExecutor(3) as pool:
        yield {name: pool.submit(one, i, make) for i, (name, (make, _)) in enumerate(CASES.items())}


@pytest.mark.parametrize("name", CASES)
def test_one_line_that_helps(runs: dict[str, Future[Done]], name: str) -> None:
    done = runs[name].result()
    assert done.code == 2, done.err
    assert done.err.count("\n") == 1, done.err
    assert done.err.startswith("mask-monitor: ")
    for words in CASES[name][1]:
        assert words in done.err
    assert "secret" not in done.out + done.err
    assert done.out == ""


def test_a_foreign_csv_and_a_text_for_a_store_stay_as_they_were(
    runs: dict[str, Future[Done]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert runs["foreign CSV"].result().code == 2
    root = next(tmp_path_factory.getbasetemp().glob("bad*"))
    numbers = {name: i for i, name in enumerate(CASES)}
    assert (root / str(numbers["foreign CSV"]) / "out").read_text() == "name,age\nAda,36\n"
    assert (
        (root / str(numbers["store is a text"]) / "s.db")
        .read_text()
        .startswith("this is no database at all")
    )
