"""What was asked of the endpoint: counters for Prometheus, and the last calls for the page. Without
any picture, and without any name.
"""

from __future__ import annotations

import collections
import threading
from dataclasses import dataclass
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from monitor.records import FrameResult, MaskState

CALLS_MAX = 50
SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


@dataclass(frozen=True, slots=True)
class Call:
    """One request for a judgement."""

    at: datetime  # aware, UTC
    who: str  # "key" or "page", with the id of key or session
    status: int
    ms: float
    size_wh: tuple[int, int] | None = None
    faces: int | None = None


class Calls:
    """Any thread."""

    def __init__(self) -> None:
        self._last: collections.deque[Call] = collections.deque(maxlen=CALLS_MAX)
        self._lock = threading.Lock()
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "mask_monitor_requests",
            "Requests, by what they ask for and how they were answered",
            ["route", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "mask_monitor_score_seconds",
            "From a request for a judgement to its answer",
            buckets=SECONDS,
            registry=self._registry,
        )
        self._faces = Counter(
            "mask_monitor_faces", "Faces that were judged", ["state"], registry=self._registry
        )
        for state in MaskState:
            self._faces.labels(state.value)
        self._pending = Gauge(
            "mask_monitor_pictures_pending",
            "Pictures that are worked on or wait",
            registry=self._registry,
        )

    def asked(self, route: str, status: int) -> None:
        """A request was answered.

        Args:
            route: As the routes declare it, never as it was typed.
        """
        self._requests.labels(route, str(status)).inc()

    def judged(self, result: FrameResult) -> None:
        for face in result.faces:
            self._faces.labels(face.state.value).inc()

    def pending(self, number: int) -> None:
        self._pending.set(number)

    def scored(self, call: Call) -> None:
        self._seconds.observe(call.ms / 1e3)
        with self._lock:
            self._last.append(call)

    def last(self) -> list[Call]:
        """Newest first."""
        with self._lock:
            return list(reversed(self._last))

    def exposition(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self._registry)


def now() -> datetime:
    return datetime.now(UTC)
