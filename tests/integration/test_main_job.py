"""The main job on real input: clip and pictures in, count, events, CSV, store and export out, and
all of them agree.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from program import LIMIT_S, ROOT, Books, environment, run

STATES = ("masked", "unmasked", "incorrect", "unsure")


def count_of(run_: Run) -> dict[str, int]:
    """The count by the store's visits."""
    counted = Counter(visit.state.value for visit in run_.books.visits())
    return {state: counted[state] for state in STATES}


def test_it_ends_well(demo: Run) -> None:
    assert demo.done.code == 0, demo.done.err
    assert "Traceback" not in demo.done.err


def test_the_clip_holds_its_visits(demo: Run) -> None:
    visits = demo.books.visits()
    assert len(visits) >= 2
    assert all(not visit.open for visit in visits)
    with_sighting = {s.visit_id for s in demo.books.sightings().values()}
    # One comes masked; one comes bare and then puts a mask on.
    assert any(v.state.value == "masked" and v.visit_id not in with_sighting for v in visits)
    assert any(v.state.value == "masked" and v.visit_id in with_sighting for v in visits)


def test_the_sighting_ends_when_the_mask_is_on(demo: Run) -> None:
    endings = [s for s in demo.books.sightings().values() if s.final_state.value == "masked"]
    assert endings
    for sighting in endings:
        assert not sighting.open
        assert sighting.worst_state.value == "unmasked"
        assert sighting.seconds_unmasked > 1.0
        (visit,) = [v for v in demo.books.visits() if v.visit_id == sighting.visit_id]
        assert visit.first_seen <= sighting.first_seen < sighting.last_seen < visit.last_seen


def test_every_line_has_the_form_of_the_design(demo: Run) -> None:
    lines = demo.books.lines()
    assert [line["frame"] for line in lines] == list(range(len(lines)))
    times = [line["t"] for line in lines]
    assert times == sorted(set(times))
    for line in lines:
        assert {"frame", "file", "t", "faces", "count", "ms"} <= set(line)
        assert line["file"] is None
        assert list(line["count"]) == list(STATES)
        assert {"detect", "classify"} <= set(line["ms"])
        for face in line["faces"]:
            check_face(face)
            assert isinstance(face["track"], int)
    assert len({face["track"] for line in lines for face in line["faces"]}) == len(
        demo.books.visits()
    )


def check_face(face: dict[str, Any]) -> None:
    assert set(face) == {
        *(
            "track",
            "box",
            "confidence",
            "state",
            "state_confidence",
            "raw_state",
            "identity",
            "identity_confidence",
        ),
    }
    x0, y0, x1, y1 = face["box"]
    assert 0 <= x0 < x1
    assert 0 <= y0 < y1
    assert 0 <= face["confidence"] <= 1
    assert 0 <= face["state_confidence"] <= 1
    assert face["state"] in STATES
    assert face["raw_state"] in STATES[:3]
    assert face["identity"] is None
    assert face["identity_confidence"] is None


def test_a_track_has_one_box_in_a_frame(demo: Run) -> None:
    for line in demo.books.lines():
        tracks = [face["track"] for face in line["faces"]]
        assert len(tracks) == len(set(tracks))


def test_events_store_csv_and_terminal_agree(demo: Run) -> None:
    count = count_of(demo)
    assert demo.books.lines()[-1]["count"] == count
    judged = sum(count.values()) - count["unsure"]
    sightings = demo.books.sightings()
    summary = demo.done.out.splitlines()[0]
    assert summary.startswith(f"demo.mp4: {sum(count.values())} visit")
    for state in STATES:
        assert f"{count[state]} {state}" in summary
    assert f"compliance {100 * count['masked'] / judged:.0f} %" in summary
    assert f"; {len(sightings)} sighting" in summary
    assert str(demo.books.csv) in demo.done.out
    rows = {row["sighting_id"]: row for row in demo.books.rows()}
    assert rows.keys() == sightings.keys()
    for sighting_id, row in rows.items():
        sighting = sightings[sighting_id]
        assert not sighting.open
        assert row["visit_id"] == sighting.visit_id
        assert row["worst_state"] == sighting.worst_state.value
        assert row["final_state"] == sighting.final_state.value
        assert float(row["seconds_unmasked"]) == pytest.approx(sighting.seconds_unmasked, abs=0.006)
        begun = datetime.fromisoformat(row["first_seen"])
        assert begun.utcoffset() is not None
        assert abs((begun - sighting.first_seen).total_seconds()) < 0.002
        assert f"sighting {sighting_id} began" in demo.done.err
        assert f"sighting {sighting_id} ended" in demo.done.err


def test_the_export_equals_the_run(demo: Run, tmp_path: Path) -> None:
    done = run(tmp_path, "export", tmp_path / "out.csv", "--store", demo.books.url)
    assert done.code == 0, done.err
    sightings = demo.books.sightings()
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        exported = {row["sighting_id"]: row for row in csv.DictReader(file)}
    assert exported == {row["sighting_id"]: row for row in demo.books.rows()}
    count = count_of(demo)
    for kind in ("shifts", "days", "hours"):
        with (tmp_path / f"out_{kind}.csv").open(encoding="utf-8-sig", newline="") as file:
            chosen = list(csv.DictReader(file))
        assert {s: sum(int(row[s]) for row in chosen) for s in STATES} == count
        assert sum(int(row["sightings"]) for row in chosen) == len(sightings)


def relative(run_: Run) -> list[tuple[Any, ...]]:
    """Sightings with times from the visit's first frame, in order."""
    begun = {visit.visit_id: visit.first_seen for visit in run_.books.visits()}
    return [
        (
            *(s.worst_state, s.final_state, s.confidence, s.seconds_unmasked),
            round((s.first_seen - begun[s.visit_id]).total_seconds(), 3),
            round((s.last_seen - begun[s.visit_id]).total_seconds(), 3),
        )
        for s in run_.books.sightings().values()
    ]


def test_without_camera_and_display_the_clip_runs_and_it_says_so(plain: Run) -> None:
    assert plain.done.code == 0, plain.done.err
    first, second = plain.done.err.splitlines()[:2]
    assert "No display" in first
    assert "No camera found" in second
    assert plain.done.out.startswith("demo.mp4: ")
    assert f"CSV: {plain.books.csv}" in plain.done.out
    assert {row["sighting_id"] for row in plain.books.rows()} == set(plain.books.sightings())


def test_the_same_file_gives_the_same_sightings(demo: Run, plain: Run) -> None:
    assert relative(demo) == relative(plain)
    assert [(v.state, v.last_seen - v.first_seen) for v in demo.books.visits()] == [
        (v.state, v.last_seen - v.first_seen) for v in plain.books.visits()
    ]
    without_times = [[{**line, "ms": None} for line in r.books.lines()] for r in (demo, plain)]
    assert without_times[0] == without_times[1]


def test_a_recording_is_no_visitor(unstored: Run, demo: Run) -> None:
    assert unstored.done.code == 0, unstored.done.err
    assert not unstored.books.store.exists()
    assert "This was a recording: it is not stored" in unstored.done.out
    assert "recording" not in demo.done.out
    assert unstored.books.lines()[-1]["count"] == count_of(demo)


def test_a_recording_is_dated_by_its_name(unstored: Run, demo: Run) -> None:
    rows = unstored.books.rows()
    assert len(rows) == len(demo.books.rows()) > 0
    assert all(row["first_seen"].startswith("2020-02-03T08:30:") for row in rows)


def test_a_recording_that_is_stored_is_dated_as_the_user_says(
    tmp_path: Path, demo_clip: Path
) -> None:
    books, moment = Books(tmp_path), datetime.now().astimezone() - timedelta(days=3)
    given = moment.isoformat(timespec="seconds")
    done = run(
        *(tmp_path, "--headless", "--video", demo_clip, "--recorded-at", given, *books.arguments)
    )
    assert done.code == 0, done.err
    visits = books.visits()
    assert len(visits) >= 2
    assert all(0 <= (v.first_seen - moment).total_seconds() < 60 for v in visits)


def test_nothing_is_dated_in_the_future(demo: Run, plain: Run) -> None:
    for run_ in (demo, plain):
        written = datetime.fromtimestamp(run_.books.store.stat().st_mtime).astimezone()
        assert all(visit.last_seen <= written for visit in run_.books.visits())


def test_pictures_stand_alone(pictures: Run) -> None:
    assert pictures.done.code == 0, pictures.done.err
    lines = {line["file"]: line for line in pictures.books.lines()}
    assert list(lines) == ["bare.jpg", "masked.jpg", "no_face.jpg"]
    for line in lines.values():
        for face in line["faces"]:
            check_face(face)
            assert face["track"] is None
    assert [face["state"] for face in lines["bare.jpg"]["faces"]] == ["unmasked"]
    assert [face["state"] for face in lines["masked.jpg"]["faces"]] == ["masked"]


def test_the_counts_of_pictures_agree(pictures: Run) -> None:
    faces = Counter(face["state"] for line in pictures.books.lines() for face in line["faces"])
    count = pictures.books.lines()[-1]["count"]
    assert count == {state: faces[state] for state in STATES}
    assert f"{sum(count.values())} faces" in pictures.done.out
    assert pictures.books.visits() == []
    assert pictures.books.sightings() == {}
    assert pictures.books.rows() == []


@pytest.mark.parametrize("detector", ["ssd", "haar"])
def test_the_other_detectors_do_the_job_too(detector: str, tmp_path: Path) -> None:
    books = Books(tmp_path)
    done = run(
        tmp_path,
        "--headless",
        "--images",
        ROOT / "tests" / "data",
        "--detector",
        detector,
        *books.arguments,
    )
    assert done.code == 0, done.err
    lines = {line["file"]: line["faces"] for line in books.lines()}
    assert "unmasked" in [face["state"] for face in lines["bare.jpg"]]


def script(home: Path, text: str) -> Any:
    """The JSON that a script prints last, run in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", text],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(home),
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_mask_only_computes_no_embedding(tmp_path: Path) -> None:
    books = Books(tmp_path)
    arguments = ["--headless", "--images", "tests/data", *map(str, books.arguments)]
    found = script(
        tmp_path,
        f"""
import hashlib, json, pathlib, sys, onnxruntime
models = pathlib.Path("models").glob("*.onnx")
names = {{hashlib.sha256(path.read_bytes()).hexdigest(): path.name for path in models}}
loaded, real = [], onnxruntime.InferenceSession
def session(content, *rest, **options):
    loaded.append(names[hashlib.sha256(content).hexdigest()])
    return real(content, *rest, **options)
onnxruntime.InferenceSession = session
from monitor.cli import main
assert main({arguments!r}) == 0
print(json.dumps([loaded, list(sys.modules)]))
""",
    )
    networks, modules = found
    assert sorted(networks) == ["mask_v5.onnx", "yunet.onnx"]
    assert not {
        "monitor.identity.identify",
        "monitor.identity.gallery",
        "monitor.faces.align",
    } & set(modules)
    assert not {"tensorflow", "keras", "PySide6"} & set(modules)


def test_both_backends_give_the_same_answers(tmp_path: Path) -> None:
    found = script(
        tmp_path,
        """
import json
import cv2, numpy as np
from monitor.faces.classify import MaskClassifier
from monitor.engine import load_network
onnx, keras = (
    MaskClassifier(load_network("mask_v5", backend, 2)) for backend in ("onnx", "tensorflow")
)
rng = np.random.default_rng(7)
rois = [rng.uniform(-1, 1, (8, onnx.size, onnx.size, 3)).astype(np.float32)]
boxes = [[178, 63, 268, 176], [170, 60, 275, 180], [0, 0, 90, 90], [200, 100, 230, 130]]
for name in ("bare", "masked"):
    image = cv2.imread(f"tests/data/{name}.jpg")
    rois.append(onnx.rois(image, np.array(boxes, np.float32)))
batch = np.concatenate(rois)
a, b = onnx.probabilities(batch), keras.probabilities(batch)
difference, off_one = float(abs(a - b).max()), float(abs(a.sum(1) - 1).max())
print(json.dumps([onnx.backend, keras.backend, difference, off_one, float(a.std())]))
""",
    )
    names, (difference, off_one, spread) = found[:2], found[2:]
    assert names == ["onnx", "tensorflow"]
    assert difference <= 1e-4
    assert off_one <= 1e-5
    assert spread > 0.1  # the inputs are not all the same to it
