"""A training that is killed, or meets a full disk: nothing is promoted by half, and the next one
learns.
"""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from door import desk

from monitor.learning.places import Places
from monitor.learning.registry import back_to_shipped, champion_file, read_live
from monitor.learning.runs import records
from monitor.storage.store import Store

pytest.importorskip("mlflow", reason="requirements-learn.txt is not installed")

MAIN = Path(__file__).resolve().parents[2] / "main.py"
LEARN = [sys.executable, str(MAIN), "learn", "train", "--promote"]
STATES = {"better", "refused", "failed", "broken off"}
SMALL = 300_000  # bytes: less than the learnt model


@pytest.fixture
def corrected(places: Places) -> Places:
    """Sixty corrected sightings."""
    store = Store()
    desk(store, places, 60)
    store.close()
    return places


def start() -> subprocess.Popen[str]:
    return subprocess.Popen(
        LEARN, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def took_s() -> float:
    """A training to its end."""
    began = time.monotonic()
    with start() as child:
        said, wrong = child.communicate(timeout=250)
    assert child.returncode == 0, wrong
    assert said.splitlines()[-1].endswith("is live now")
    return time.monotonic() - began


def whole_or_nothing(places: Places) -> None:
    """What is live can be loaded, or is the shipped model; no record says that it still runs."""
    champion_file(places)
    assert {record.state for record in records(places)} <= STATES


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("moments", [2, 20], ids=["twice", "twenty times"])
def test_killed_while_it_learns_nothing_is_promoted_by_half(
    corrected: Places, moments: int
) -> None:
    whole_s = took_s()
    for number in range(1, moments + 1):
        back_to_shipped(corrected, "test")
        before = read_live(corrected).history
        with start() as child:
            time.sleep(whole_s * number / (moments + 1))
            child.send_signal(signal.SIGKILL)
            child.communicate(timeout=30)
        whole_or_nothing(corrected)
        live = read_live(corrected)
        assert (live.champion is None) == (live.history == before)
    back_to_shipped(corrected, "test")
    took_s()


def test_on_a_disk_that_is_full_it_says_so_and_what_is_live_stays_live(corrected: Places) -> None:
    def full() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write fails instead, as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, SMALL))

    done = subprocess.run(
        LEARN, capture_output=True, text=True, timeout=250, preexec_fn=full, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("mask-monitor: ")
    whole_or_nothing(corrected)
    assert read_live(corrected).champion is None
    assert records(corrected)[0].state == "failed"
