"""The tables of the store as they are now. A change here is a new version: raise `VERSION` and
write `migrations/vN.py`, which makes the same of a store of the version before.
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

VERSION = 6


class Utc(sa.types.TypeDecorator[datetime]):
    """Aware datetimes, kept as UTC: SQLite has no time zones."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return value.astimezone(UTC).replace(tzinfo=None) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None else None


metadata = sa.MetaData()
_name = sa.String(200)

version = sa.Table(  # one row
    "mask_monitor_version", metadata, sa.Column("version", sa.Integer, nullable=False)
)
shifts = sa.Table(
    "shifts",
    metadata,
    sa.Column("shift_id", _name, primary_key=True),
    sa.Column("started", Utc, nullable=False, index=True),
    # faces of pictures that stand alone
    sa.Column("still_masked", sa.Integer, nullable=False, default=0),
    sa.Column("still_unmasked", sa.Integer, nullable=False, default=0),
    sa.Column("still_incorrect", sa.Integer, nullable=False, default=0),
    sa.Column("still_unsure", sa.Integer, nullable=False, default=0),
    sa.Column("name", sa.Text, nullable=False, server_default=""),
    # whose books they are: a token of the data folder; "" of those before version 3
    sa.Column("desk", _name, nullable=False, server_default=""),
    # by the clock, where times of shifts are set; none of those before version 4
    sa.Column("until", Utc),
    sa.Column("desk_name", sa.Text, nullable=False, server_default=""),
)
visits = sa.Table(
    "visits",
    metadata,
    sa.Column("visit_id", _name, primary_key=True),
    sa.Column("shift_id", _name, nullable=False, index=True),
    sa.Column("camera", sa.Text, nullable=False),
    sa.Column("first_seen", Utc, nullable=False, index=True),
    sa.Column("last_seen", Utc, nullable=False),
    sa.Column("state", _name, nullable=False),
    sa.Column("corrected", _name),
    sa.Column("identity", sa.Text),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("desk", sa.Text, nullable=False, server_default=""),
)
sightings = sa.Table(
    "sightings",
    metadata,
    sa.Column("sighting_id", _name, primary_key=True),
    sa.Column("visit_id", _name, nullable=False, index=True),
    sa.Column("shift_id", _name, nullable=False),
    sa.Column("camera", sa.Text, nullable=False),
    sa.Column("first_seen", Utc, nullable=False, index=True),
    sa.Column("last_seen", Utc, nullable=False),
    sa.Column("seconds_unmasked", sa.Float, nullable=False),
    sa.Column("worst_state", _name, nullable=False),
    sa.Column("final_state", _name, nullable=False),
    sa.Column("confidence", sa.Float, nullable=False),
    sa.Column("identity", sa.Text),
    sa.Column("model", _name, nullable=False),
    sa.Column("corrected", _name),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("desk", sa.Text, nullable=False, server_default=""),
)
# Intervals of one camera, none of which overlap. `ended` of an open one is its last heartbeat.
watches = sa.Table(
    "watches",
    metadata,
    sa.Column("watch_id", _name, primary_key=True),
    sa.Column("shift_id", _name, nullable=False, index=True),
    sa.Column("camera", sa.Text, nullable=False),
    sa.Column("state", _name, nullable=False),  # a `WatchState`
    sa.Column("began", Utc, nullable=False, index=True),
    sa.Column("ended", Utc, nullable=False, index=True),
    sa.Column("open", sa.Boolean, nullable=False),
)
# The audit: who has changed what a person may change. Rows are added, never changed.
changes = sa.Table(
    "changes",
    metadata,
    sa.Column("change_id", _name, primary_key=True),
    sa.Column("at", Utc, nullable=False, index=True),
    sa.Column("what", _name, nullable=False),  # "visit" or "sighting"
    sa.Column("of_id", _name, nullable=False, index=True),
    sa.Column("field", _name, nullable=False),  # "corrected" or "note"
    sa.Column("before", sa.Text),
    sa.Column("after", sa.Text),
    sa.Column("by", sa.Text, nullable=False),
    # when it came into the store, by the database's own clock: in this order one word goes before
    # another, whatever the clocks of desks say
    sa.Column("written", Utc, index=True),
)
# How many rows of `visits` and `sightings` began in each half of an hour, by what they are filtered
# by: see `monitor.storage.tallies`.
tallies = sa.Table(
    "tallies",
    metadata,
    sa.Column("kind", sa.String(16), nullable=False),  # the table that is counted
    sa.Column("half", sa.Integer, nullable=False),  # of an hour since 1970, UTC
    sa.Column("shift_id", _name, nullable=False),
    sa.Column("camera", sa.Text, nullable=False),
    sa.Column("shown", _name, nullable=False),  # what was said instead of the state, or that
    sa.Column("number", sa.Integer, nullable=False),
    sa.Index("ix_tallies_half", "kind", "half"),
    # a year by the day is added up from it alone
    sa.Index("ix_tallies_shown", "kind", "camera", "shown", "half", "number"),
)
# What is searched for; few rows have any. Of notes only the time is in the index: a server refuses
# one with a long text.
for _table in (visits, sightings):
    for _name_, _columns, _there in (
        ("note", ["first_seen"], _table.c.note != ""),
        ("identity", ["identity", "first_seen"], _table.c.identity.is_not(None)),
        ("corrected", ["first_seen"], _table.c.corrected.is_not(None)),
    ):
        sa.Index(
            f"ix_{_table.name}_{_name_}",
            *(_table.c[_column] for _column in _columns),
            sqlite_where=_there,
            postgresql_where=_there,
        )
    # what is too old, and what a program that was killed left open, is found without a search
    sa.Index(f"ix_{_table.name}_last_seen", _table.c.last_seen)
    _open = _table.c.open.is_(sa.true())
    sa.Index(
        f"ix_{_table.name}_open", _table.c.last_seen, sqlite_where=_open, postgresql_where=_open
    )
