"""Promotion: atomic, whatever happens in the middle of it; nothing that is wrong becomes live."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from made_models import make_model

from monitor.errors import ConfigError, ModelError, StoreError
from monitor.learning.places import Places
from monitor.learning.registry import (
    SHIPPED,
    Registered,
    back_to_shipped,
    champion_file,
    promote,
    propose,
    read_live,
    roll_back,
    tidy_models,
)

ROOT = Path(__file__).resolve().parents[2]
# Kills itself before the Nth call to the system that changes a file.
KILLED = """
import os, signal, sys
left = int(sys.argv[1])
def deadly(call):
    def called(*a, **k):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*a, **k)
    return called
from monitor.learning.places import default_places
from monitor.learning.registry import promote, read_live, Registered
for name in ("open", "fsync", "replace", "mkdir", "unlink", "close"):
    setattr(os, name, deadly(getattr(os, name)))
promote(default_places(), Registered(sys.argv[2], sys.argv[3]), "test", "")
"""


def test_champion_and_previous_change_places_at_a_roll_back(places: Places) -> None:
    one, two = make_model(places, "one"), make_model(places, "two")
    propose(places, one)
    promote(places, one, "anna", "better")
    promote(places, two, "bert", "better still")
    live = read_live(places)
    assert (live.champion, live.previous, live.candidate) == (two, one, None)
    assert roll_back(places, "anna") == "one"
    assert read_live(places).champion == one
    told = [(event.what, event.model, event.by) for event in read_live(places).history]
    assert told == [
        ("promoted", "one", "anna"),
        ("promoted", "two", "bert"),
        ("rolled back", "one", "anna"),
    ]


def test_the_first_roll_back_is_to_the_shipped_model_and_none_comes_before(places: Places) -> None:
    with pytest.raises(ConfigError, match="nothing to roll back"):
        roll_back(places, "anna")
    promote(places, make_model(places, "one"), "anna", "")
    assert roll_back(places, "anna") == SHIPPED
    assert champion_file(places) is None


def test_models_that_nobody_can_come_back_to_are_deleted(places: Places) -> None:
    one, two, three, four = (make_model(places, name) for name in ("one", "two", "three", "four"))
    for model in (one, two, three):
        promote(places, model, "anna", "")
    tidy_models(places, four.name)
    assert {path.stem for path in places.models.iterdir()} == {"two", "three", "four"}
    assert roll_back(places, "anna") == "two"


@pytest.mark.parametrize("what", ["model", "card", "hash", "name"])
def test_a_model_that_is_not_what_was_registered_never_becomes_live(
    places: Places, what: str
) -> None:
    good, model = make_model(places, "good"), make_model(places, "bad")
    promote(places, good, "anna", "")
    path = places.models / "bad.onnx"
    if what == "model":
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    elif what == "card":
        path.with_suffix(".json").unlink()
    elif what == "hash":
        model = Registered("bad", good.sha256[::-1])
    else:
        model = Registered("../models/bad", model.sha256)
    with pytest.raises(ModelError):
        promote(places, model, "anna", "")
    assert read_live(places).champion == good


def test_a_damaged_registry_is_told_and_begun_anew_by_hand(places: Places) -> None:
    model = make_model(places, "one")
    promote(places, model, "anna", "")
    places.live.write_bytes(places.live.read_bytes()[:40])
    with pytest.raises(StoreError, match="--to-shipped"):
        champion_file(places)
    with pytest.raises(StoreError, match="damaged"):
        promote(places, model, "anna", "")
    back_to_shipped(places, "anna")
    assert champion_file(places) is None
    promote(places, model, "anna", "")
    assert read_live(places).champion == model


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_on_a_full_disk_what_is_live_stays_live(places: Places) -> None:
    one, two = make_model(places, "one"), make_model(places, "two")
    promote(places, one, "anna", "")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, limits[1]))
    try:
        with pytest.raises(StoreError, match="free the disk"):
            promote(places, two, "anna", "")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert read_live(places).champion == one
    promote(places, two, "anna", "")
    assert read_live(places).champion == two


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_killed_at_any_step_it_is_promoted_or_not(places: Places, tmp_path: Path) -> None:
    one, two = make_model(places, "one"), make_model(places, "two")
    promote(places, one, "anna", "")
    before, outcomes = places.live.read_bytes(), set()
    for step in range(1, 40):
        places.live.write_bytes(before)
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(step), two.name, two.sha256],
            cwd=ROOT,
            env=os.environ | {"XDG_DATA_HOME": str(tmp_path)},
            capture_output=True,
            check=False,
        )
        champion = read_live(places).champion
        assert champion in (one, two)
        outcomes.add((done.returncode, champion == two))
        if done.returncode == 0:
            break
    assert (-signal.SIGKILL, False) in outcomes
    assert (0, True) in outcomes
    promote(places, make_model(places, "three"), "anna", "")  # no lock was left behind
