"""A desk of the office as a process of its own: sightings come and go, and what a window would show
is written down, until it is told to end.

    python office_desk.py NAME URL FOLDER RATE

In FOLDER/log: `put ID` before the ledger is given a sighting, `shown ID` when it is shown. At the
end (SIGTERM) it waits until nothing waits, and closes.
"""

from __future__ import annotations

import dataclasses
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from monitor.errors import StoreError
from monitor.records import MaskState, Sighting, Visit
from monitor.storage.ledger import Ledger
from monitor.storage.outputs import Outputs
from monitor.storage.spool import Spool
from monitor.storage.store import Store

STEP_S = 0.05
SAVED_S = 120.0  # what waits is given so long in the end


def main(name: str, url: str, folder: Path, rate: float) -> int:
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    folder.mkdir(parents=True, exist_ok=True)
    run = f"{name}-{secrets.token_hex(2)}"
    store = Store(url)
    spool = Spool(store.label, run, folder / "waiting")
    ledger = Ledger(store, run, Outputs(spool=spool, desk=name))
    with (folder / "log").open("a", buffering=1) as log:
        desk = _Desk(run, ledger, log.write)
        log.write(f"began {run}\n")
        next_at = time.monotonic()
        while not ended.wait(STEP_S):
            if time.monotonic() >= next_at:
                next_at += 1 / rate
                desk.come_and_go()
            desk.show()
        ends = time.monotonic() + SAVED_S
        desk.leave()
        while ledger._writer._lane.unstored() and time.monotonic() < ends:
            desk.show()
            time.sleep(STEP_S)
        try:
            ledger.close()
        except StoreError as error:
            print(error, file=sys.stderr)
            return 3
        desk.show()
        log.write(f"ended {run}\n")
    return 0


class _Desk:
    def __init__(self, run: str, ledger: Ledger, write: Callable[[str], object]) -> None:
        self._run, self._ledger, self._write = run, ledger, write
        self._number = 0
        self._open: tuple[Visit, Sighting] | None = None
        self._shown: set[str] = set()

    def come_and_go(self) -> None:
        """Somebody leaves, and somebody else comes."""
        self.leave()
        self._number += 1
        visit_id = f"{self._run}-v{self._number:06}"
        now, bare = datetime.now(UTC), MaskState.UNMASKED
        visit = Visit(visit_id, f"door of {self._run}", now, now, bare)
        alarm = Sighting(
            f"{visit_id}-s1", visit.camera, visit_id, now, now, 1.0, bare, bare, 0.9, None, "bench"
        )
        self._write(f"put {alarm.sighting_id}\n")
        self._ledger.absorb([visit], [alarm])
        self._open = visit, alarm

    def leave(self) -> None:
        if self._open is not None:
            visit, alarm = self._open
            now = datetime.now(UTC)
            self._ledger.absorb(
                [dataclasses.replace(visit, last_seen=now, open=False)],
                [dataclasses.replace(alarm, last_seen=now, open=False)],
            )
            self._open = None

    def show(self) -> None:
        self._ledger.tidy()
        for alarm in reversed(self._ledger.update().sightings):
            if alarm.sighting_id not in self._shown:
                self._shown.add(alarm.sighting_id)
                self._write(f"shown {alarm.sighting_id}\n")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), float(sys.argv[4])))
