"""A running program takes a promoted model up between two frames, without a restart and without
losing a visit.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from monitor.config import ClassifyConfig
from monitor.engine import OnnxNetwork
from monitor.errors import ModelError, MonitorError
from monitor.faces.classify import MaskClassifier
from monitor.learning.places import Places
from monitor.learning.registry import champion_file

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
STOP_WAIT_S = 2.0


class ModelWatch:
    """Looks at the registry in a thread of its own. The inference thread makes, starts and closes
    it and takes its news.

    Args:
        places: Where the registry lies.
        config: Of the classifier; `model` names the shipped one.
    """

    def __init__(self, places: Places, config: ClassifyConfig) -> None:
        self._places, self._config = places, config
        self._state = ""
        self._live = ""  # the name of the model that was handed out last; "": the shipped one
        self._news: MaskClassifier | None = None
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def load(self) -> MaskClassifier:
        """The model that is live now; the shipped one where the promoted one cannot be used.

        Raises:
            ModelError: If the shipped one cannot be used either.
        """
        self._state = _state(self._places.live)
        try:
            promoted = self._promoted()
        except MonitorError as error:
            log.warning("%s; the shipped model is used", error)
            promoted = None
        return promoted if promoted is not None else MaskClassifier.load(self._config)

    def start(self) -> None:
        """Watch from now on."""
        self._thread = threading.Thread(target=self._run, name="models", daemon=True)
        self._thread.start()

    def take(self) -> MaskClassifier | None:
        """The model to go on with, if another one is live now."""
        if self._news is None:  # asked between any two frames
            return None
        with self._lock:
            news, self._news = self._news, None
        return news

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(STOP_WAIT_S)

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            state = _state(self._places.live)
            if state == self._state:
                continue
            self._state, before = state, self._live
            try:
                promoted = self._promoted()
                if self._live == before:
                    continue
                news = promoted if promoted is not None else MaskClassifier.load(self._config)
            except MonitorError as error:
                self._live = before
                log.error("%s; the model that runs goes on", error)
                continue
            with self._lock:
                self._news = news

    def _promoted(self) -> MaskClassifier | None:
        """The registry's model, loaded; None: the shipped one is live."""
        found = champion_file(self._places)
        if found is None:
            self._live = ""
            return None
        model, path = found
        network = OnnxNetwork(path.with_suffix(""), self._config.threads)
        if network.card["files"][path.name]["sha256"] != model.sha256:
            raise ModelError(f"{path} was replaced while it was read: promote its model again")
        self._live = f"{model.name} {model.sha256}"
        return MaskClassifier(network)


def _state(path: Path) -> str:
    """What changes whenever the file is replaced."""
    try:
        stat = path.stat()
    except OSError:
        return ""
    return f"{stat.st_ino}-{stat.st_mtime_ns}-{stat.st_size}"
