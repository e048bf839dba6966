"""What ends a run in order."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from monitor.signals import ended_by_signals, ending_signals


def test_the_first_signal_asks_and_the_second_does_not_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr(os, "_exit", sys.exit)
    before = signal.getsignal(signal.SIGTERM)
    with ended_by_signals(lambda: said.append("asked")):
        signal.raise_signal(signal.SIGTERM)
        assert said == ["asked"]
        with pytest.raises(SystemExit) as ended:
            signal.raise_signal(signal.SIGINT)
        assert (said, ended.value.code) == (["asked"], 128 + signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has none")
def test_a_closed_terminal_ends_it_unless_nohup_says_otherwise() -> None:
    assert signal.SIGHUP in ending_signals()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert signal.SIGHUP not in ending_signals()
    finally:
        signal.signal(signal.SIGHUP, before)
