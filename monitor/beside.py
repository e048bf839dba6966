"""What is kept and told beside the store, where the settings want it. Nothing of it is loaded where
they do not.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from monitor.config import Config
from monitor.errors import StoreError

if TYPE_CHECKING:
    from monitor.learning.collect import Collector
    from monitor.storage.outputs import Announcer, DayBook

log = logging.getLogger(__name__)


def face_keeper(config: Config, stores: bool) -> Collector | None:
    """Who keeps faces to learn from. Without it, too, old ones are deleted.

    Args:
        stores: Whether anything of the run is stored.
    """
    from monitor.learning.places import default_places

    learning, places = config.learning, default_places()
    if learning.collect and stores:
        from monitor.learning.collect import Collector

        return Collector(places, learning.faces_per_visit, learning.retention_days)
    if places.faces.is_dir():
        from monitor.learning.withdrawn import purge

        try:
            purge(places, learning.retention_days)
        except StoreError as error:
            log.warning("%s", error)
    return None


def day_book(config: Config, stores: bool) -> DayBook | None:
    """Who sums up what the faces of a day look like."""
    if not config.learning.drift or not stores:
        return None
    from monitor.learning.drift import Days
    from monitor.learning.places import default_places

    return Days(default_places())


def announcer(config: Config, stores: bool) -> Announcer:
    """Who tells other systems, from now on; what is not stored is told to nobody.

    Raises:
        ConfigError: If its library is not installed.
    """
    if not config.mqtt.host or not stores:
        from monitor.storage.outputs import NoAnnouncer

        return NoAnnouncer()
    from monitor.mqtt.broker import make_publisher

    publisher = make_publisher(config.mqtt)
    publisher.start()
    return publisher
