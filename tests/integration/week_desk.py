"""One run of the whole program, window and all, by a clock that is moved: `python week_desk.py
RUN.json OUT.json`. Everything is the program's own but the pictures, the two networks and the time.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent), str(HERE)]

from fast_time import Clock, install  # noqa: E402

_steady = time.monotonic  # before it is told another time
QUIET_S, BUSY_S = 1.9, 0.5  # between two pictures: while nobody is there, and somebody
AROUND_S = 6.0  # so long after somebody has left it is still looked at closely
REAL_LIMIT_S = 60.0
SETTINGS: dict[str, dict[str, Any]] = {
    "camera": {"retry_max_s": 1, "resume_after_min": 0},
    "detect": {"every_s": 0, "idle_every_s": 0},
    "track": {"confirm_s": 0, "confirm_hits": 1, "return_s": 0},
    "vote": {"evidence_min": 0},
    "classify": {"unsure_face_px": 0, "model": "mask_v5"},
    "shift": {"times": "Morning 06:00, Late 14:00, Night 22:00"},
    "export": {"separator": "comma"},
}


class Run:
    """The window with its cameras, driven from here; the main thread."""

    def __init__(self, script: dict[str, Any], clock: Clock) -> None:
        from PySide6.QtCore import QSettings
        from scripted_door import BlockClassifier, BlockDetector, ScriptedCamera, Stage, Stay

        import monitor.analysis.worker as worker
        import monitor.detect
        from monitor.app import Chosen, RunOptions
        from monitor.config import load_config
        from monitor.faces.classify import MaskClassifier
        from monitor.gui.application import make_application
        from monitor.gui.preferences import Preferences
        from monitor.gui.theme import Theme
        from monitor.gui.window import MainWindow

        worker.IDLE_S = 0.01  # the inference thread looks at the clock as often
        monitor.detect.make_detector = lambda config: BlockDetector()  # type: ignore
        MaskClassifier.load = classmethod(lambda cls, config: BlockClassifier())  # type: ignore

        self.script, self.clock = script, clock
        self.stage = Stage([Stay(*one) for one in script["stays"]], dict(script["states"]))
        self.stage.moment = clock.moment
        self.cameras = tuple(script["cameras"])
        sources = [ScriptedCamera(name, self.stage, i) for i, name in enumerate(self.cameras)]
        home = Path(script["home"])
        config = load_config(None, SETTINGS | {"store": {"url": f"sqlite:///{script['store']}"}})
        options = RunOptions(
            config=config,
            csv=home / "list.csv",
            into_store=True,
            named=frozenset({"classify.model"}),
        )
        self.app = make_application()
        settings = QSettings(str(home / "window.ini"), QSettings.Format.IniFormat)
        self.window = MainWindow(
            options,
            Preferences(settings),
            Theme(self.app),
            Chosen(sources[0], "", tuple(sources[1:])),
        )
        self.window.show()
        self.window.start()
        self.out: dict[str, Any] = {"problems": [], "said": []}
        self._limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def start(self) -> None:
        from monitor.records import WorkerState

        session = self.window.session
        self.until(lambda: session.worker_state()[0] is WorkerState.READY)
        self.until(lambda: len(session.watched) == len(self.cameras))
        self.begun = session.analysed

    # Waiting: the clock stands meanwhile

    def until(self, what: Any) -> None:
        limit = _steady() + REAL_LIMIT_S
        while not what():
            self.app.processEvents()
            assert _steady() < limit, (self.out, self.window.session.worker_state())
            threading.Event().wait(0.002)

    def barrier(self) -> None:
        """Until the inference thread has done all that it was given."""
        done = threading.Event()
        self.window.session.submit(lambda parts: done.set())
        assert done.wait(REAL_LIMIT_S), self.window.session.worker_state()

    def giving(self) -> list[str]:
        """The cameras that send pictures."""
        states = self.stage.states
        return [c for c in self.cameras if states.get(c, "live") in ("live", "covered")]

    # The clock

    def play(self) -> None:
        events = sorted(self.script["events"], key=lambda event: event[0])
        busy = [(s.since - QUIET_S, s.until + AROUND_S) for s in self.stage.stays]
        turn = 0
        while self.clock.moment < self.script["end"]:
            moment = self.clock.moment
            near = any(since <= moment < until for since, until in busy)
            after = moment + (BUSY_S if near else QUIET_S)
            ahead = events[0][0] if events else self.script["end"]
            self.clock.moment = min(after, max(ahead, moment + 0.01), self.script["end"])
            while events and events[0][0] <= self.clock.moment:
                _, what, *of = events.pop(0)
                getattr(self, f"do_{what}")(*of)
            self.step()
            turn += 1
            if turn % 50 == 0:
                self.app.processEvents()
                problem = self.window.reports.shown.problem
                if problem and problem not in self.out["problems"]:
                    self.out["problems"].append(problem)

    def step(self) -> None:
        """A picture of each camera, looked at by all threads."""
        session, giving = self.window.session, self.giving()
        before = session.analysed
        self.stage.go(self.clock.moment)
        self.stage.settle(giving)
        if not session.paused:
            limit = _steady() + REAL_LIMIT_S
            while session.analysed < before + len(giving):
                assert _steady() < limit, (session.analysed, before, giving)
                time.sleep(0.0002)
        self.barrier()

    # What happens at the desk

    def do_state(self, camera: str, state: str) -> None:
        from monitor.records import SourceState

        was = self.stage.states.get(camera, "live")
        self.stage.states[camera] = state
        watched = self.window.session.find(camera)
        assert watched is not None
        if state == "lost":
            self.stage.go(self.clock.moment)
            self.until(lambda: watched.status().state is SourceState.LOST)
        elif was == "lost":
            self.until(lambda: watched.status().state is not SourceState.LOST)

    def do_pause(self) -> None:
        self.window.menus.pause.trigger()
        assert self.window.session.paused

    def do_resume(self) -> None:
        self.window.menus.pause.trigger()
        assert not self.window.session.paused

    def do_begin_shift(self) -> None:
        self.window.session.submit(lambda parts: parts.ledger.begin_shift())
        self.barrier()

    def do_full(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, self._limits[1]))

    def do_free(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._limits)

    def do_kill(self) -> None:
        """The PC loses its power."""
        self._write()
        os._exit(9)

    def do_correct(self, kind: str, first: str, last: str, place: int, said: str | None) -> None:
        """In the history: the row at a place of the list, newest first."""
        from monitor.records import Correction

        page = self.look_up(kind, first, last)
        page.table.selectRow(place)
        row = page.selected()
        assert row is not None, (kind, first, last, place, page.model.rowCount())
        wanted = Correction(said) if said else None
        page.correct(wanted)
        self.until(lambda: (now := page.model.row(place)) is not None and now.corrected is wanted)
        self.out["said"].append([row.visit_id, said])

    def do_undo(self) -> None:
        page = self.window.commands.history
        assert page is not None
        self.until(page.undo.isEnabled)
        before = page.answer
        page.undo.trigger()
        self.until(lambda: page.answer is not before and not page._reading)
        self.out["said"].append(["undo", None])

    def do_read(self, name: str, first: str, last: str) -> None:
        """Take down what the history shows, and have it written as PDF and as CSV."""
        told: dict[str, Any] = {}
        for kind in ("visits", "sightings"):
            page = self.look_up(kind, first, last)
            model = page.model
            for place in range(model.rowCount()):
                model.index(place, 0).data()  # asks for its page
                self.until(partial(model.row, place))
            told[kind] = [
                [str(model.index(place, column).data()) for column in range(model.columnCount())]
                for place in range(model.rowCount())
            ]
        assert page.answer is not None
        seen = page.answer.overview
        told |= {"title": page.title.text(), "sums": page.sums.text(), "number": page.number.text()}
        told["whole"] = _group(seen.whole)
        for groups in ("days", "hours", "cameras", "shifts"):
            told[groups] = [_group(group) for group in getattr(seen, groups)]
        from monitor.gui.history.words import key_text

        told["bars"] = [bar.label for bar in page.chart.bars]
        told["labels"] = [key_text(group, seen.known) for group in seen.days]
        home = Path(self.script["home"])
        page.printing.save_pdf(home / f"{name}.pdf")
        self.until(lambda: f"{name}.pdf" in page.banners.text("saved"))
        from monitor.storage.export_wish import Wish

        since, until = page.bar.period.since, page.bar.period.until
        written = self.window.session.export(home / f"{name}.csv", Wish(since, until))
        told["csv"] = {kind: str(path) for kind, path in written.files.items()}
        told["between"] = [since.timestamp(), until.timestamp()]
        self.out.setdefault("read", {})[name] = told

    def look_up(self, kind: str, first: str, last: str) -> Any:
        """The history page with these days."""
        from datetime import date

        from monitor.gui.history.periods import of_kind

        page = self.window.commands.show_history()
        rows = page.filter.kind
        rows.setCurrentIndex(rows.findData(kind))
        days = date.fromisoformat(first), date.fromisoformat(last)
        page.bar.choose(of_kind("range" if days[0] != days[1] else "day", *days))
        self.until(lambda: not page._reading)
        page.hide()
        return page

    # The end

    def close(self) -> None:
        self.barrier()
        self.app.processEvents()
        self.window._refresh()
        self.out["panel"] = list(self.window.count_panel.texts[:2])
        shown = self.window.reports.shown
        self.out["shift"] = shown.shift.shift_id if shown.shift is not None else ""
        self.out["count"] = [getattr(shown.count, s) for s in ("masked", "unmasked", "unsure")]
        self.out["standing"] = shown.sighting_total
        self.stage.close()
        self.window.close()
        self.out["error"] = str(self.window.error or "")
        self._write()

    def _write(self) -> None:
        Path(self.script["out"]).write_text(json.dumps(self.out))


def _group(group: Any) -> dict[str, Any]:
    count = group.count
    counted = {s: getattr(count, s) for s in ("masked", "unmasked", "incorrect", "unsure")}
    return counted | {
        "sightings": group.sightings,
        "watched_s": group.watched_s,
        "on_s": group.on_s,
        "off_s": group.off_s,
    }


def main() -> int:
    script = json.loads(Path(sys.argv[1]).read_text())
    clock = install(script["begin"])
    run = Run(script, clock)
    run.start()
    run.play()
    run.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
