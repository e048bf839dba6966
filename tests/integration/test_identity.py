"""Names in the monitor: the whole way from a folder of pictures to the CSV, on the bundled
portraits.
"""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

ROOT = Path(__file__).resolve().parents[2]


def program(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "main.py", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    (folder / "pictures").mkdir()
    for name in ("bare.jpg", "masked.jpg"):
        shutil.copy(ROOT / "tests" / "data" / name, folder / "pictures")
    path = folder / "gallery"
    done = program(
        "enrol",
        "Eileen",
        "--images",
        str(folder / "pictures"),
        "--consent",
        "asked on Monday",
        "--gallery",
        str(path),
    )
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture(scope="module")
def run(gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    done = program(
        *("--video", "assets/demo.mp4", "--headless", "--identify", "--gallery", str(gallery)),
        *(
            "--events",
            str(folder / "events.jsonl"),
            "--csv",
            str(folder / "s.csv"),
            "--store",
            f"sqlite:///{folder}/m.db",
            "--into-store",
        ),
    )
    assert done.returncode == 0, done.stderr
    return folder


def names(folder: Path) -> dict[int, set[str | None]]:
    """The identities that each track had."""
    seen: dict[int, set[str | None]] = {}
    for line in (folder / "events.jsonl").read_text().splitlines():
        for face in json.loads(line)["faces"]:
            seen.setdefault(face["track"], set()).add(face["identity"])
    return seen


def test_the_enrolled_person_is_named_and_nobody_else(run: Path) -> None:
    masked_stranger, enrolled = (names(run)[track] for track in sorted(names(run)))
    assert "Eileen" in enrolled
    assert masked_stranger <= {None, "visitor"}
    assert "visitor" in masked_stranger


def test_one_frame_never_decides(run: Path) -> None:
    for seen in names(run).values():
        assert None in seen  # the first frames of each visit have no name


def test_pictures_name_the_enrolled_person_and_nobody_else(gallery: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    frames = cv2.VideoCapture(str(ROOT / "assets" / "demo.mp4"))
    for name, number in (("eileen", 300), ("grace", 80)):
        frames.set(cv2.CAP_PROP_POS_FRAMES, number)
        cv2.imwrite(str(folder / f"{name}.png"), frames.read()[1])
    frames.release()
    events = tmp_path / "e.jsonl"
    command = ["--images", str(folder), "--headless", "--events", str(events)]
    done = program(*command, "--identify", "--gallery", str(gallery), "--csv", str(tmp_path / "s"))
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in events.read_text().splitlines()]
    seen = {line["file"]: [face["identity"] for face in line["faces"]] for line in found}
    assert seen == {"eileen.png": ["Eileen"], "grace.png": ["visitor"]}
    events.unlink()
    done = program(*command)  # mask-only: nobody is looked at for a name
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in events.read_text().splitlines()]
    assert {face["identity"] for line in found for face in line["faces"]} == {None}


def test_the_name_is_in_the_sighting_and_can_be_forgotten(run: Path, gallery: Path) -> None:
    with (run / "s.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["identity"] for row in csv.DictReader(file)] == ["Eileen"]
    store = f"sqlite:///{run}/m.db"
    done = program("forget", "Eileen", "--gallery", str(gallery), "--store", store)
    assert done.returncode == 0, done.stderr
    assert "Receipt" in done.stdout
    program("export", str(run / "after.csv"), "--store", store)
    assert "Eileen" not in (run / "after.csv").read_text(encoding="utf-8-sig")
