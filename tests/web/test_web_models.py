"""The models that judge: a promoted one is taken up by a running server, and told on its page."""

from __future__ import annotations

import time
from pathlib import Path

from monitor.learning.places import Places
from monitor.learning.registry import back_to_shipped, promote
from tests.learning.made_models import make_model
from tests.program import LIMIT_S, ROOT
from tests.web.served import served

PICTURE = (ROOT / "tests" / "data" / "bare.jpg").read_bytes()


def test_a_promoted_model_judges_without_a_restart(tmp_path: Path) -> None:
    with served(tmp_path, "--rate", "0") as server:
        key = server.key("desk")
        places = Places(tmp_path / "mask-monitor" / "learning")

        def judged_by(name: str) -> bool:
            limit = time.monotonic() + LIMIT_S
            while time.monotonic() < limit:
                answer = server.score(key, PICTURE)
                assert answer.status_code == 200, answer.text
                if answer.json()["model"] == name:
                    return True
                time.sleep(0.2)
            return False

        assert judged_by("mask_v5")
        promote(places, make_model(places, "of_this_door"), "anna", "it is better here")
        assert judged_by("of_this_door")
        with server.signed_in() as browser:
            page = browser.get("/models").text
        assert "of_this_door promoted by anna" in page
        back_to_shipped(places, "anna")
        assert judged_by("mask_v5")
