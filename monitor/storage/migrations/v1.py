"""Version 1: the tables of release 0.1, which wrote no version. Frozen: never change it."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()
_name = sa.String(200)

shifts = sa.Table(
    "shifts",
    metadata,
    sa.Column("shift_id", _name, primary_key=True),
    sa.Column("started", sa.DateTime, nullable=False, index=True),
    sa.Column("still_masked", sa.Integer, nullable=False),
    sa.Column("still_unmasked", sa.Integer, nullable=False),
    sa.Column("still_incorrect", sa.Integer, nullable=False),
    sa.Column("still_unsure", sa.Integer, nullable=False),
)
visits = sa.Table(
    "visits",
    metadata,
    sa.Column("visit_id", _name, primary_key=True),
    sa.Column("shift_id", _name, nullable=False, index=True),
    sa.Column("camera", sa.Text, nullable=False),
    sa.Column("first_seen", sa.DateTime, nullable=False, index=True),
    sa.Column("last_seen", sa.DateTime, nullable=False),
    sa.Column("state", _name, nullable=False),
    sa.Column("corrected", _name),
    sa.Column("identity", sa.Text),
    sa.Column("open", sa.Boolean, nullable=False),
)
sightings = sa.Table(
    "sightings",
    metadata,
    sa.Column("sighting_id", _name, primary_key=True),
    sa.Column("visit_id", _name, nullable=False, index=True),
    sa.Column("camera", sa.Text, nullable=False),
    sa.Column("first_seen", sa.DateTime, nullable=False, index=True),
    sa.Column("last_seen", sa.DateTime, nullable=False),
    sa.Column("seconds_unmasked", sa.Float, nullable=False),
    sa.Column("worst_state", _name, nullable=False),
    sa.Column("final_state", _name, nullable=False),
    sa.Column("confidence", sa.Float, nullable=False),
    sa.Column("identity", sa.Text),
    sa.Column("model", _name, nullable=False),
    sa.Column("corrected", _name),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
)
