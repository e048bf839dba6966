"""Which names are shown. Apart from the gallery, which mask-only mode never imports."""

from __future__ import annotations

VISITOR = "visitor"  # as `monitor.identity.person.VISITOR`; a test holds them together
SHOWN_MAX = 28


def shown_name(identity: str | None) -> str:
    """The name of an enrolled person, cut where it is very long; nothing for everybody else."""
    if identity is None or identity == VISITOR:
        return ""
    return identity if len(identity) <= SHOWN_MAX else f"{identity[: SHOWN_MAX - 1]}…"
