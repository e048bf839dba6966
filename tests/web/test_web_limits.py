"""Sessions, codes and rates by a clock of the test's own."""

from __future__ import annotations

import pytest

from monitor.web.cameras import CAMERAS_MAX, SILENT_S, Cameras
from monitor.web.options import is_loopback
from monitor.web.problems import Problem
from monitor.web.rates import Rates
from monitor.web.sessions import CODE_S, CODES_MAX, IDLE_S, SESSIONS_MAX, Sessions


class Clock:
    def __init__(self) -> None:
        self.t = 1000.0

    def __call__(self) -> float:
        return self.t


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_bucket_fills_at_its_rate_and_holds_its_burst(clock: Clock) -> None:
    rates = Rates(2.0, 3, clock)
    assert [rates.take("a") for _ in range(3)] == [0, 0, 0]
    assert rates.take("a") == pytest.approx(0.5)
    assert rates.take("b") == 0
    clock.t += 0.5
    assert rates.take("a") == 0
    assert rates.take("a") > 0
    clock.t += 1000
    assert [rates.take("a") > 0 for _ in range(4)] == [False, False, False, True]


def test_a_code_ends_after_ten_minutes_and_the_oldest_make_room(clock: Clock) -> None:
    sessions = Sessions(clock)
    code = sessions.new_code()
    clock.t += CODE_S + 1
    assert not sessions.use_code(code)
    codes = [sessions.new_code() for _ in range(CODES_MAX + 1)]
    assert [sessions.use_code(code) for code in (codes[0], codes[1], codes[-1])] == [
        False,
        True,
        True,
    ]


def test_a_session_lives_as_long_as_it_is_used(clock: Clock) -> None:
    sessions = Sessions(clock)
    cookie, session = sessions.begin()
    for _ in range(3):
        clock.t += IDLE_S - 1
        assert sessions.find(cookie) is session
    clock.t += IDLE_S + 1
    assert sessions.find(cookie) is None


def test_the_session_that_was_silent_for_longest_makes_room(clock: Clock) -> None:
    sessions = Sessions(clock)
    first, _ = sessions.begin()
    second, _ = sessions.begin()
    clock.t += 1
    assert sessions.find(first) is not None
    for _ in range(SESSIONS_MAX - 1):
        sessions.begin()
    assert sessions.find(second) is None
    assert sessions.find(first) is not None


def test_a_camera_that_sends_nothing_is_over(clock: Clock) -> None:
    cameras = Cameras(clock)
    quiet, lively = cameras.begin("a"), cameras.begin("a")
    clock.t += SILENT_S - 1
    cameras.find(lively.camera_id, "a")
    clock.t += 2
    assert cameras.take_silent() == [quiet]
    with pytest.raises(Problem, match="not live"):
        cameras.find(quiet.camera_id, "a")
    with pytest.raises(Problem, match="not live"):
        cameras.find(lively.camera_id, "somebody else")
    for _ in range(CAMERAS_MAX - 1):
        cameras.begin("a")
    with pytest.raises(Problem) as refused:
        cameras.begin("a")
    assert refused.value.status == 503


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("LOCALHOST", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.0.7", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_only_this_machine_is_loopback(host: str, here: bool) -> None:
    assert is_loopback(host) is here
