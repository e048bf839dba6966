"""A scan speaks to nobody but its own workers, on 127.0.0.1."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
from footage import FIRST, write_footage
from program import ROOT, environment
from traced import why_not

ADDRESS = re.compile(r'sa_family=AF_INET6?, .*?(?:inet_addr\(|inet_pton\(AF_INET6, )"([^"]+)"')
OWN = {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


@pytest.mark.long
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")
@pytest.mark.skipif(bool(why_not()), reason=why_not() or "it can be traced")
def test_a_scan_reaches_for_no_other_address(tmp_path: Path) -> None:
    """A name that is asked for by DNS would be a datagram to a server."""
    write_footage(tmp_path / "door" / "1.mp4", [FIRST])
    trace = tmp_path / "trace"
    calls = "trace=connect,sendto,sendmsg,sendmmsg,bind"
    done = subprocess.run(
        [
            *(
                "strace",
                "-f",
                "-s",
                "200",
                "-e",
                calls,
                "-o",
                trace,
                sys.executable,
                ROOT / "main.py",
            ),
            *("scan", tmp_path / "door", "--workers", "1"),
            *("--store", f"sqlite:///{tmp_path / 'm.db'}"),
        ],
        capture_output=True,
        text=True,
        env=environment(tmp_path),
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    found = set(ADDRESS.findall(trace.read_text("utf-8", "replace")))
    assert found
    assert found <= OWN, found - OWN
