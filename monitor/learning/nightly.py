"""What a scheduler starts at night: tidy up, look whether the door has changed, learn if enough was
judged since the last time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from monitor.config import Config
from monitor.learning.drift import WEEKS, changed, purge_days, weeks
from monitor.learning.kept import KeptFaces
from monitor.learning.places import Places
from monitor.learning.registry import promote
from monitor.learning.runs import records
from monitor.learning.train import train_site
from monitor.learning.withdrawn import purge


def run_nightly(places: Places, config: Config, store_url: str, by: str) -> Iterator[str]:
    """A line for each thing that was done.

    Raises:
        MonitorError: One line; what is live stays live.
    """
    now = datetime.now(UTC)
    gone = purge(places, config.learning.retention_days, now)
    purge_days(places, now.date())
    yield f"kept faces deleted because of their age: {gone}"
    lines = changed(weeks(store_url, places, now - timedelta(weeks=WEEKS)))
    yield from lines or ["the doors are as they were"]
    waiting = _judged_since_learnt(places)
    if waiting < config.learning.learn_after:
        after = config.learning.learn_after
        yield f"{waiting} faces were judged since it learnt, fewer than {after}"
        return
    trained = train_site(places, config.learning, by)
    if not trained.verdict.promote:
        yield f"learnt, and refused: {trained.verdict.reason}"
    elif config.learning.promote_nightly:
        promote(places, trained.model, by, trained.verdict.reason)
        yield f"{trained.model.name} is live now: {trained.verdict.reason}"
    else:
        yield f"{trained.model.name} waits as the candidate: {trained.verdict.reason}"


def _judged_since_learnt(places: Places) -> int:
    """Faces that were judged after the last training that came to its end."""
    done = [r.started for r in records(places) if r.state in ("better", "refused")]
    since = datetime.fromisoformat(done[0]) if done else datetime.min.replace(tzinfo=UTC)
    return sum(kept.about.said > since for kept in KeptFaces(places).all())
