"""A whole office on a PostgreSQL server: `python -m monitor.bench.office --store URL --sightings
10000000` fills an empty database with a year of ten desks as the version before has left it, brings
it up to date, measures what the history asks of a month, and deletes a month while a desk goes on
writing.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from monitor.errors import StoreError
from monitor.records import MaskState, Sighting, Visit
from monitor.storage import schema
from monitor.storage.database import Database
from monitor.storage.history import History, Wanted
from monitor.storage.overview import overview
from monitor.storage.store import Store
from monitor.storage.tallies import recount_all

BEFORE = 3  # the version of the release that most stores are of
UNTIL = datetime(2026, 11, 21, tzinfo=UTC)
YEAR, MONTH = timedelta(days=365), timedelta(days=30)
DESKS, RUNS = 10, 5
WRITE_EVERY_S = 0.05
# A row in twenty is corrected or has a note, a third have a name. `n` is the number of a row, of
# :number; the days are worked from 8 to 20 o'clock.
VISITS = """
INSERT INTO visits (visit_id, shift_id, camera, first_seen, last_seen, state, corrected, identity,
                    open, note)
SELECT shift_id || '-v' || n, shift_id, 'Door ' || (n % 10) || chr((65 + n / 10 % 4)::int), began,
       began + random() * interval '1 minute',
       CASE WHEN r < 0.8 THEN 'unmasked' WHEN r < 0.95 THEN 'incorrect'
            WHEN r < 0.98 THEN 'unsure' ELSE 'masked' END,
       CASE WHEN random() < 0.025 THEN 'masked' END,
       CASE WHEN random() < 0.33 THEN 'Person ' || floor(random() * 300) END,
       false, CASE WHEN random() < 0.02 THEN 'told at the desk, case ' || n ELSE '' END
FROM (SELECT n, began, random() AS r,
             to_char(began, 'YYYYMMDD') || '-080000-de0' || (n % 10) AS shift_id
      FROM (SELECT n, CAST(:since AS timestamp) + (n * 365 / :number) * interval '1 day'
                   + interval '8 hours'
                   + (n * 365 % :number) * 43200.0 / :number * interval '1 second' AS began
            FROM generate_series(CAST(:low AS bigint), CAST(:high AS bigint)) AS n) AS t) AS rows
"""
SIGHTINGS = """
INSERT INTO sightings (sighting_id, visit_id, shift_id, camera, first_seen, last_seen,
                       seconds_unmasked, worst_state, final_state, confidence, identity, model,
                       corrected, note, open)
SELECT visit_id || '-s1', visit_id, shift_id, camera, first_seen, last_seen,
       extract(epoch FROM last_seen - first_seen), state, state, 0.9, identity, 'mask_v3',
       corrected, note, false
FROM visits
"""
SHIFTS = """
INSERT INTO shifts (shift_id, started, still_masked, still_unmasked, still_incorrect, still_unsure,
                    name, desk)
SELECT to_char(began, 'YYYYMMDD') || '-080000-de0' || d, began + interval '8 hours', 0, 0, 0, 0,
       'Day', 'desk' || d
FROM generate_series(CAST(:since AS timestamp), CAST(:last AS timestamp), interval '1 day')
         AS began,
     generate_series(0, 9) AS d
"""


def main() -> int:
    """Fill, migrate, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m monitor.bench.office", description=__doc__)
    parser.add_argument("--store", required=True, help="URL of an empty PostgreSQL database")
    parser.add_argument("--sightings", type=int, default=10_000_000, help="of a year (10000000)")
    parser.add_argument("--filled", action="store_true", help="it was filled by a former run")
    arguments = parser.parse_args()
    if not arguments.filled:
        database = Database(arguments.store)
        _timed("filled", lambda: fill(database, arguments.sightings))
        database.close()
        _timed("brought up to date", lambda: Store(arguments.store).close())
    store = Store(arguments.store)
    try:
        _name_desks(store)
        _tell_size(store)
        print(f"a month of the history, {RUNS} times each, ms: median, most")
        for name, query in queries(store):
            took = sorted(_seconds(query) for _ in range(RUNS))
            print(f"  {name:44} {1000 * statistics.median(took):7.0f} {1000 * took[-1]:7.0f}")
        _purge_beside_a_writer(store, arguments.store)
    finally:
        store.close()
    return 0


def fill(database: Database, number: int) -> None:
    """A store as version 3 has left it, with a year of visits and a sighting in each."""
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    from monitor.storage.migrations import v1, v2, v3

    since = (UNTIL - YEAR).replace(tzinfo=None)
    with database.writing() as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql("SET idle_in_transaction_session_timeout = 0")
        v1.metadata.create_all(connection)
        operations = Operations(MigrationContext.configure(connection))
        v2.upgrade(operations)
        v3.upgrade(operations)
        schema.version.create(connection)
        connection.execute(sa.insert(schema.version).values(version=BEFORE))
        indexes = _without_indexes(connection)
        last = since + YEAR - timedelta(days=1)
        connection.execute(sa.text(SHIFTS), {"since": since, "last": last})
        for low in range(0, number, 1_000_000):
            high = min(low + 1_000_000, number) - 1
            rows = {"since": since, "number": number, "low": low, "high": high}
            connection.execute(sa.text(VISITS), rows)
        connection.execute(sa.text(SIGHTINGS))
        for index in indexes:
            connection.exec_driver_sql(index)
        recount_all(connection)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql("VACUUM ANALYZE")


def _without_indexes(connection: sa.Connection) -> list[str]:
    """Drop the indexes of the large tables, which slow the filling; gives what makes them again."""
    found = connection.execute(
        sa.text(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() "
            "AND tablename IN ('visits', 'sightings') AND indexname NOT LIKE '%pkey'"
        )
    ).all()
    for name, _ in found:
        connection.exec_driver_sql(f'DROP INDEX "{name}"')
    return [definition for _, definition in found]


def _name_desks(store: Store) -> None:
    """Of the time before it is not known what desks were called."""
    shifts = schema.shifts
    with store._database.writing() as connection:
        connection.execute(sa.update(shifts).values(desk_name=shifts.c.desk))


def _tell_size(store: Store) -> None:
    with store._database.connected() as connection:
        size = connection.exec_driver_sql(
            "SELECT pg_database_size(current_database())"
        ).scalar_one()
        number = connection.execute(sa.select(sa.func.count()).select_from(schema.sightings))
        print(f"{number.scalar_one():,} sightings, as many visits: {size / 2**30:.1f} GiB")


def queries(store: Store) -> Iterator[tuple[str, Callable[[], object]]]:
    """What the page asks, by name."""
    history, until = History(store), UNTIL - MONTH
    since = until - MONTH

    def page(place: float, **changes: object) -> Callable[[], object]:
        wanted = replace(Wanted("sightings", since, until), **changes)  # type: ignore[arg-type]

        def read() -> object:
            found = history.find(wanted)
            return history.page(found, int(found.number * place), 200)

        return read

    yield "chart by day and camera", lambda: overview(store, since, until)
    yield "chart by desk and by hour", lambda: overview(store, since, until, hourly=True)
    yield "first page", page(0.0)
    yield "page in the middle", page(0.5)
    yield "visits: first page", page(0.0, kind="visits")
    yield "filter: one camera, in the middle", page(0.5, camera="Door 3B")
    yield "filter: one desk, in the middle", page(0.5, desk="desk7")
    yield "filter: one state, last page", page(0.999, state=MaskState.INCORRECT)
    yield "filter: corrected", page(0.0, corrected=True)
    yield "search: a note", page(0.0, text="case 77")
    yield "search: a name", page(0.0, text="person 42")
    yield "search: an id", page(0.0, text=f"{since:%Y%m%d}-080000-de03-v")
    yield "search: nothing", page(0.0, text="zebra")


def _purge_beside_a_writer(store: Store, url: str) -> None:
    """Delete the oldest month, in the parts that a desk deletes, while another desk writes."""
    ended, waits = threading.Event(), list[float]()

    def write() -> None:
        other, number = Store(url), 0
        shift_id = f"bench-{time.time():.0f}"
        other.begin_shift(shift_id, UNTIL)
        while not ended.is_set():
            number += 1
            visit_id = f"{shift_id}-v{number}"
            seen = (UNTIL, UNTIL)
            visit = Visit(visit_id, "Door", *seen, MaskState.UNMASKED, shift_id=shift_id)
            states = (MaskState.UNMASKED, MaskState.UNMASKED)
            found = Sighting(
                f"{visit_id}-s1", "Door", visit_id, *seen, 1.0, *states, 0.9, None, "bench"
            )
            began, written = time.perf_counter(), False
            while not written:  # as a desk does that was refused
                with contextlib.suppress(StoreError):
                    other.save([visit], [replace(found, shift_id=shift_id)])
                    written = True
            waits.append(time.perf_counter() - began)
            time.sleep(WRITE_EVERY_S)
        other.close()

    thread = threading.Thread(target=write, name="writer")
    thread.start()
    with store._database.connected() as connection:
        oldest = connection.execute(sa.select(sa.func.min(schema.visits.c.first_seen))).scalar_one()
    gone, parts = 0, list[float]()
    before, began = oldest + MONTH, time.perf_counter()
    while True:
        part = time.perf_counter()
        some = store.purge_some(before)
        parts.append(time.perf_counter() - part)
        gone += some
        if not some:
            break
    took_s = time.perf_counter() - began
    ended.set()
    thread.join()
    print(f"a month deleted: {gone:,} rows in {took_s:.0f} s, {1000 * max(parts):.0f} ms at most")
    median, most = 1000 * statistics.median(waits), 1000 * max(waits)
    print(f"a desk that wrote {len(waits)} times meanwhile: {median:.0f} ms, at most {most:.0f} ms")


def _timed(what: str, action: Callable[[], object]) -> None:
    print(f"{what} in {_seconds(action):.0f} s", flush=True)


def _seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


if __name__ == "__main__":
    raise SystemExit(main())
