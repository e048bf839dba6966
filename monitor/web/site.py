"""What all routes share."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request

from monitor.web.access import Access, Who
from monitor.web.calls import Calls
from monitor.web.cameras import Cameras
from monitor.web.options import ServeOptions
from monitor.web.problems import Problem
from monitor.web.rates import Rates
from monitor.web.scoring import ScoringThread

if TYPE_CHECKING:
    from monitor.web.enrolments import Enrolments

HERE = Path(__file__).resolve().parent
STATIC, TEMPLATES = HERE / "static", HERE / "templates"
# how soon a picture may be judged where the line was full
AGAIN_S = 1.0


@dataclass(slots=True, eq=False)
class Site:
    """The parts of a running server. The event loop alone changes it."""

    options: ServeOptions
    scoring: ScoringThread
    access: Access
    rates: Rates
    sign_ins: Rates  # tries to sign in
    calls: Calls
    cameras: Cameras
    enrolments: Enrolments
    # A few threads that stay the same: each that has held a picture keeps memory of that size.
    decoding: ThreadPoolExecutor
    pending: int = 0  # pictures that are worked on or wait

    @contextlib.contextmanager
    def slot(self) -> Iterator[None]:
        """A place in the line.

        Raises:
            Problem: 503 if there is none.
        """
        if self.pending >= self.options.limits.pictures_at_once:
            raise Problem(
                503, "busy", "the server is at work on as many pictures as it can", AGAIN_S
            )
        self.pending += 1
        self.calls.pending(self.pending)
        try:
            yield
        finally:
            self.pending -= 1
            self.calls.pending(self.pending)

    def check_rate(self, who: Who) -> None:
        """
        Raises:
            Problem: 429 if somebody asks too often.
        """
        wait_s = self.rates.take(who.label)
        if wait_s:
            rate = self.options.limits.rate_per_s
            raise Problem(
                429, "too_often", f"more than {rate:g} pictures a second: send fewer", wait_s
            )


def site_of(request: Request) -> Site:
    """The server that a request came to."""
    site: Site = request.app.state.site
    return site
