"""Two programs that count one camera into one store are told; a crash leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from books import result
from fakes import visit
from program import ROOT

from monitor.errors import StoreError
from monitor.storage.claims import Claims, refuse_if_counted
from monitor.storage.ledger import Ledger
from monitor.storage.store import Store

OTHER = """
import sys
from monitor.storage.ledger import Ledger
from monitor.storage.store import Store
ledger = Ledger(Store(sys.argv[1]), "other")
ledger.watch("door")
print("counts", flush=True)
sys.stdin.readline()
ledger.close()
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'm.db'}"


@contextmanager
def another(url: str) -> Iterator[subprocess.Popen[str]]:
    """Another program that counts the camera "door"."""
    program = subprocess.Popen(
        [sys.executable, "-c", OTHER, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "counts\n"
    try:
        yield program
    finally:
        program.kill()
        program.communicate(timeout=30)


def test_a_second_program_is_told_and_others_are_not(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with another(url) as program:
        ledger = Ledger(Store(url), "shift")
        ledger.watch("back")
        assert ledger.update().problem == ""
        ledger.watch("door")
        problem = ledger.record(result(visits=(visit(1),))).problem
        assert "another Mask Monitor counts door into the same store" in problem
        assert "\n" not in problem
        assert caplog.text.count("another Mask Monitor") == 1
        with pytest.raises(StoreError, match="another Mask Monitor counts door"):
            refuse_if_counted(url, {"door": "door"})
        refuse_if_counted(url, {"side": "side"})
        program.send_signal(signal.SIGKILL)
        program.wait(30)
    ledger.leave("door")
    ledger.watch("door")  # a crash leaves nothing behind
    assert ledger.update().problem == ""
    ledger.close()
    caplog.clear()


def test_another_store_is_no_matter(url: str, tmp_path: Path) -> None:
    with another(f"sqlite:///{tmp_path / 'other.db'}"):
        refuse_if_counted(url, {"door": "door"})


def test_no_lock_is_left(url: str, tmp_path: Path) -> None:
    store = Store(url)
    claims = Claims(store)
    assert claims.take("door")
    assert claims.take("door")
    assert list(tmp_path.glob("*.lock"))
    claims.close()
    assert not list(tmp_path.glob("*.lock"))
    store.close()


def test_a_folder_where_no_lock_can_be_made(url: str, tmp_path: Path) -> None:
    """Counting goes on."""
    store = Store(url)
    claims = Claims(store)
    claims._file = tmp_path / "gone" / "m.db"
    assert claims.take("door")
    store.close()


def test_a_camera_is_claimed_whatever_it_is_called(url: str, tmp_path: Path) -> None:
    ours, others = Claims(Store(url)), Claims(Store(url))
    assert ours.take("Front door", "key of the camera")
    assert not others.take("Entrance", "key of the camera")
    assert others.take("Front door", "key of another camera")
    assert "door" not in " ".join(path.name for path in tmp_path.glob("*.lock"))
    assert ours.take("Main door", "key of the camera")  # renamed while it is watched
    ours.release("Front door")
    assert not others.take("Entrance", "key of the camera")
    ours.release("Main door")
    assert others.take("Entrance", "key of the camera")
    for claims in (ours, others):
        claims.close()
    assert not list(tmp_path.glob("*.lock"))
