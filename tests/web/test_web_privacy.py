"""What the server reaches for while it judges: nobody on the network, and no file but its own."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
import pytest

from tests.program import ROOT, environment
from tests.traced import run_traced, why_not
from tests.web.served import LINK

FORM = {"name": "Somebody", "consent": "agreed"}


@pytest.mark.skipif(sys.platform != "linux", reason="strace is Linux' own")
def test_the_server_asks_nobody_and_writes_no_picture(tmp_path: Path, face: bytes) -> None:
    if why_not():
        pytest.skip(f"what the server reaches for cannot be seen: {why_not()}")
    home = tmp_path / "home"
    home.mkdir()
    said, answers = tmp_path / "out.txt", []

    def judged() -> bool:
        """Once it has told its link: sign in, have a picture judged, enrol somebody."""
        link = LINK.search(said.read_text())
        if link is None:
            return False
        with httpx.Client(base_url=link[1], timeout=100) as client:
            client.post("/sign-in", data={"code": link[2]})
            page = client.get("/").text
            client.headers["X-CSRF-Token"] = page.split('name="csrf" content="')[1].split('"')[0]
            large = face + bytes(3 * 2**20)  # more than a form's parts may have in memory
            answers.append(client.post("/v1/score", files={"picture": large}))
            files = [("pictures", ("x.jpg", face))]
            answers.append(client.post("/people/enrol", data=FORM, files=files))
        return True

    hidden = ("XDG_DATA_HOME", "CI", "ORT_DISABLE_TELEMETRY")
    outside = {name: value for name, value in environment(home).items() if name not in hidden}
    serve = (ROOT / "main.py", "serve", "--port", "0", "--no-browser", "--identify")
    trace = run_traced(tmp_path, outside | {"PYTHONPATH": str(ROOT)}, *serve, until=judged)
    assert [answer.status_code for answer in answers] == [200, 200], trace.out
    assert trace.addresses == frozenset()
    assert trace.other_families == frozenset()
    assert len(trace.programs) == 1
    own = home / ".local" / "share" / "mask-monitor"
    strange = [
        path
        for path in trace.written
        if not path.is_relative_to(own)
        and "__pycache__" not in path.parts
        and path not in (home / ".local", home / ".local" / "share", Path("/dev/null"))
    ]
    assert strange == []
    assert not [path for path in trace.written if path.suffix in (".jpg", ".png")]
