"""The whole way of docs/how-to/recogniser.md on the bundled portraits and clip: two people are
collected, a recogniser is trained on them, and the program names both.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from program import ROOT, Done, environment, run

from monitor.records import Image
from monitor.training.pictures.splits import stranger_part

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]

PEOPLE = {"Eileen": "collins", "Grace": "hopper"}
STRANGERS = 8  # of each part
TRAIN_LIMIT_S = 900


def portrait(who: str) -> Image:
    image = cv2.imread(str(ROOT / "assets" / "portraits" / f"{who}.jpg"))
    assert image is not None
    return cv2.resize(image, (360, 360 * image.shape[0] // image.shape[1]))  # type: ignore[return-value]


def turned(image: Image, degrees: float, light: float) -> Image:
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    moved = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return cv2.convertScaleAbs(moved, alpha=light)  # type: ignore[return-value]


def session(folder: Path, image: Image, angles: Sequence[float]) -> Path:
    folder.mkdir(parents=True)
    for number, angle in enumerate(angles):
        cv2.imwrite(str(folder / f"{number}.png"), turned(image, angle, 0.85 + 0.05 * number))
    return folder


def write_strangers(folder: Path) -> Path:
    """Faces of nobody: both portraits mixed and stretched, in the parts that the names fall to."""
    rng = np.random.default_rng(0)
    a, b = (cv2.resize(portrait(who), (300, 300)) for who in PEOPLE.values())
    counts = dict.fromkeys(("learnt", "threshold", "test"), 0)
    number = 0
    while min(counts.values()) < STRANGERS:
        name = f"nobody_{number}"
        number += 1
        if counts[stranger_part(name)] == STRANGERS:
            continue
        counts[stranger_part(name)] += 1
        share = rng.uniform(0.3, 0.7)
        mixed = cv2.addWeighted(a, share, b[:, ::-1], 1 - share, 0)
        wide, high = (int(300 * v) for v in rng.uniform(0.7, 1.3, 2))
        session(folder / name, cv2.resize(mixed, (wide, high)), rng.uniform(-20, 20, 2))  # type: ignore[arg-type]
    return folder


def trained(folder: Path, *more: object) -> Done:
    command = [sys.executable, "-m", "monitor.training.experiments.closed_set", *map(str, more)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=TRAIN_LIMIT_S,
    )
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """People collected and enrolled, and a recogniser trained on them: `keep/people-dense.onnx`."""
    folder = tmp_path_factory.mktemp("walk")
    own = ("--gallery", folder / "gallery", "--store", f"sqlite:///{folder}/m.db")
    for name, who in PEOPLE.items():
        image = portrait(who)
        first = session(folder / who / "first", image, (-9, -6, -3, 0, 3, 6, 9))
        second = session(folder / who / "second", cv2.flip(image, 1), (-14, 14))  # type: ignore[arg-type]
        for more, pictures in (((), first), (("--add",), second)):
            words = ("enrol", name, *more, "--images", pictures, "--consent", "asked on Monday")
            done = run(folder, *words, "--keep-pictures", folder / "people", *own)
            assert done.code == 0, done.err
    strangers = write_strangers(folder / "strangers")
    done = trained(
        folder,
        *("--data", folder, "--sets", "people", "--strangers", strangers, "--networks", "dense"),
        *("--embedding", "", "--keep", folder / "keep", "--out", folder / "report"),
    )
    assert done.code == 0, done.err
    return folder


def live(walked: Path, out: Path, *source: object) -> list[dict[str, object]]:
    events = out / "events.jsonl"
    done = run(
        out,
        *("--headless", *map(str, source), "--events", events, "--store", f"sqlite:///{out}/m.db"),
        *("--identify", "--gallery", walked / "gallery"),
        *("--recogniser", walked / "keep" / "people-dense.onnx"),
    )
    assert done.code == 0, done.err
    lines = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
    return [line | {"names": [face["identity"] for face in line["faces"]]} for line in lines]


def test_both_people_are_named_live_and_on_pictures(walked: Path, tmp_path: Path) -> None:
    seen: dict[int, set[object]] = {}
    for line in live(walked, tmp_path, "--video", ROOT / "assets" / "demo.mp4"):
        for face in line["faces"]:  # type: ignore[attr-defined]
            seen.setdefault(face["track"], set()).add(face["identity"])
    grace, eileen = (seen[track] for track in sorted(seen))  # Grace comes in first, masked
    assert (grace - {None}, eileen - {None}) == ({"Grace"}, {"Eileen"})
    assert None in grace & eileen  # one frame never decides
    pictures, out = tmp_path / "pictures", tmp_path / "out"
    pictures.mkdir()
    out.mkdir()
    for who in PEOPLE.values():
        cv2.imwrite(str(pictures / f"{who}.png"), turned(portrait(who), 5, 1.1))
    found = {line["file"]: line["names"] for line in live(walked, out, "--images", pictures)}
    assert found == {"collins.png": ["Eileen"], "hopper.png": ["Grace"]}


def test_the_report_and_the_card_have_the_figures(walked: Path) -> None:
    report = json.loads((walked / "report" / "closed_set.json").read_text(encoding="utf-8"))
    (row,) = report["unknown"]
    assert row["named_bare"]["hits"] == row["named_bare"]["count"] == 4
    assert row["called_another"]["hits"] == 0
    assert row["strangers_bare"]["count"] == row["strangers_laid_on"]["count"] == 2 * STRANGERS
    assert row["strangers_bare"]["value"] >= 0.9
    card = json.loads((walked / "keep" / "people-dense.json").read_text(encoding="utf-8"))
    assert [entry["name"] for entry in card["people"]] == list(PEOPLE)
    assert card["figures"] == row


def test_who_is_forgotten_is_a_visitor_and_the_other_is_named(walked: Path, tmp_path: Path) -> None:
    own = ("--gallery", walked / "gallery", "--store", f"sqlite:///{walked}/m.db")
    done = run(walked, "forget", "Grace", *own)
    assert done.code == 0, done.err
    assert "the name taken out of" in done.out
    assert "Grace" not in (walked / "keep" / "people-dense.json").read_text(encoding="utf-8")
    named: set[object] = set()
    for line in live(walked, tmp_path, "--video", ROOT / "assets" / "demo.mp4"):
        named |= set(line["names"])  # type: ignore[call-overload]
    assert named == {None, "visitor", "Eileen"}
