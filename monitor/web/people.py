"""Who is enrolled, by the one desk of window, command line and page."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from monitor.web.site import Site

if TYPE_CHECKING:  # in mask-only mode nothing of it is loaded until somebody looks
    from monitor.identity.desk import PeopleDesk


def desk_of(site: Site) -> PeopleDesk:
    """The way into the gallery that the server names people by."""
    from monitor.identity.desk import PeopleDesk

    run = site.options.run
    return PeopleDesk(run.gallery, run.config.store.url)


def people_listed(site: Site) -> list[dict[str, Any]]:
    """Who is enrolled, as the page shows it. Takes a while.

    Raises:
        MonitorError: One line.
    """
    desk = desk_of(site)
    desk.end_consents()
    return [
        {
            "name": person.name,
            "shots": person.shots,
            "given": _day(person.given),
            "until": None if person.until is None else _day(person.until - timedelta(seconds=1)),
            "by": person.by,
            "consent": person.consent,
        }
        for person in (one.person for one in desk.people() if not one.ended)
    ]


def _day(moment: datetime) -> str:
    return f"{moment.astimezone():%d %b %Y}"
