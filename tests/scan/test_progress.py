"""How far a scan is, and how long it takes still."""

from __future__ import annotations

import io

from fakes import FakeClock

from monitor.scan.progress import Progress, duration, hours


def test_the_time_left_goes_by_the_footage_of_this_run() -> None:
    told, clock = io.StringIO(), FakeClock()
    progress = Progress(told, clock)
    progress.begin([600.0, 400.0, 1000.0])
    progress.done(400.0)  # of an earlier run
    progress.at(0.0)
    clock.t += 60.0
    progress.at(300.0)
    clock.t += 60.0
    progress.done(600.0)
    progress.at(0.0)
    lines = told.getvalue().splitlines()
    assert lines[0].endswith("20 %  1 of 3 clips, 0:06:40 h of 0:33:20 h of footage")
    assert lines[1].endswith("0:11:40 h of 0:33:20 h of footage, 4 min left")
    assert "50 %  2 of 3 clips" in lines[2]
    assert lines[2].endswith("3 min left")
    assert lines[2].startswith("[############............]")


def test_a_line_is_said_once() -> None:
    told = io.StringIO()
    progress = Progress(told)
    progress.say("the store is busy")
    progress.say("the store is busy")
    assert told.getvalue() == "the store is busy\n"


def test_lengths() -> None:
    assert hours(11_232) == "3:07:12 h"
    assert [duration(s) for s in (0.2, 61, 600, 36_000)] == ["1 s", "61 s", "10 min", "10.0 h"]
