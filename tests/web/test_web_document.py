"""Requests that are made of the served document: whatever it allows, and much that it does not.
`make web-test` runs it; docs/web.md has the run of ten thousand.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.web.served import Served

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance,ignored_auth,unsupported_method"
)
GROWTH_MAX_MB = 60


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.skipif(
    not SCHEMATHESIS.exists(), reason="Schemathesis is not installed: run `make web-test`"
)
def test_generated_requests_meet_no_fault_and_the_answers_are_as_documented(
    server: Served, tmp_path: Path
) -> None:
    key = server.key("generated", "mask")
    process = psutil.Process(server.pid)

    def run(examples: int, seed: int) -> int:
        done = subprocess.run(
            [
                *(SCHEMATHESIS, "run", f"{server.url}/openapi.json", "--no-color"),
                *("-H", f"Authorization: Bearer {key}", "--max-examples", str(examples)),
                *("--seed", str(seed), "--suppress-health-check", "all", "-c", CHECKS),
                *("--generation-database", "none", "--phases", "coverage,fuzzing"),
            ],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-4000:]
        found = re.search(r"([\d,]+) generated, ([\d,]+) passed", done.stdout)
        assert found is not None, done.stdout
        assert found[1] == found[2]
        return int(found[1].replace(",", ""))

    assert run(100, 1) > 100
    before = process.memory_info().rss
    assert run(500, 2) > 500
    assert process.memory_info().rss - before < GROWTH_MAX_MB * 2**20
