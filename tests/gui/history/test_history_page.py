"""The history as its user has it: any time, chart and table, corrections of old rows that the main
window's count follows, paper and files that say the same.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from fakes import watch
from past import fill, fill_today, noon
from pypdf import PdfReader
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QInputDialog
from pytestqt.qtbot import QtBot

from monitor.gui.history.page import HistoryPage
from monitor.gui.history.periods import Period, of_kind, paper_title, title
from monitor.gui.history.watched_dialog import WatchedDialog
from monitor.gui.window import MainWindow
from monitor.records import Correction, MaskState, WatchState, WorkerState
from monitor.storage.export import export
from monitor.storage.export_wish import Wish
from monitor.storage.overview import overview
from monitor.storage.shifts import desk_token
from monitor.storage.store import Store

MakeWindow = Callable[..., MainWindow]
LONG_MS = 30_000


@dataclass(frozen=True)
class Desk:
    qtbot: QtBot
    window: MainWindow
    page: HistoryPage
    url: str

    def show(self, days_ago: int) -> None:
        """Go to a day and wait for it."""
        self.page.bar.choose(of_kind("day", date.today() - timedelta(days=days_ago)))
        self.settled()

    def settled(self) -> None:
        self.qtbot.waitUntil(
            lambda: not self.page._reading and self.page.answer is not None, timeout=LONG_MS
        )

    def texts(self, column: int) -> list[str]:
        model = self.page.model
        return [str(model.index(row, column).data()) for row in range(model.rowCount())]

    def until(self, what: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(what, timeout=LONG_MS)


@pytest.fixture
def desk(qtbot: QtBot, make_window: MakeWindow, store_url: str) -> Desk:
    """A window that runs on a store with ten days in it, and its history."""
    store = Store(store_url)
    fill(store)
    store.close()
    window = make_window()
    qtbot.waitUntil(lambda: window.session.worker_state()[0] is WorkerState.READY, timeout=LONG_MS)
    window.menus.history.trigger()
    page = window.commands.history
    assert page is not None
    found = Desk(qtbot, window, page, store_url)
    found.settled()
    return found


def test_a_day_is_charted_and_listed(desk: Desk) -> None:
    desk.show(1)
    page = desk.page
    assert page.title.text().startswith("Yesterday, ")
    assert page.sums.text() == (
        "50 % masked when last seen: 4 of 8 visits, 4 sightings, watched 15 h 20 min of 16 h 00 min"
    )
    assert [bar.label for bar in page.chart.bars] == [f"{hour}:00" for hour in range(8, 18)]
    assert page.number.text() == "4 sightings"
    assert desk.texts(3) == ["Back door", "Front door"] * 2
    page.bar.before.click()
    desk.settled()
    day = date.today() - timedelta(days=2)
    assert page.title.text().startswith(f"{day:%A}")
    page.bar.after.click()
    desk.settled()
    assert page.title.text().startswith("Yesterday, ")


def test_last_weekdays_are_one_step_away(desk: Desk) -> None:
    names = [action.text() for action in desk.page.bar.near.menu().actions()]
    day = date.today() - timedelta(days=4)
    action = next(a for a in desk.page.bar.near.menu().actions() if f"{day:%A}" in a.text())
    assert names[:3] == ["This shift", "Today", "Yesterday"]
    action.trigger()
    desk.settled()
    assert desk.page.bar.period == of_kind("day", day)
    assert desk.page.model.rowCount() == 4


def test_filter_and_search(desk: Desk) -> None:
    page, rows = desk.page, desk.page.filter
    page.bar.choose(of_kind("range", date.today() - timedelta(days=10), date.today()))
    desk.settled()
    assert len(page.chart.bars) == 10
    assert page.table.isColumnHidden(5)  # nobody has a name
    for box, text, number in (
        (rows.camera, "Back door", 20),
        (rows.shift, "Late", 0),  # a long time has no shifts until they are asked for
        (rows.state, "No mask", 0),
    ):
        place = box.findText(text)
        if place < 0:
            continue
        box.setCurrentIndex(place)
        box.activated.emit(place)
        desk.settled()
        assert page.model.rowCount() == number
    for box in (rows.camera, rows.state):
        box.setCurrentIndex(0)
    rows.kind.setCurrentIndex(1)
    rows.kind.activated.emit(1)
    desk.settled()
    assert page.model.rowCount() == 80
    desk.qtbot.keyClicks(rows.text, "ada")
    desk.until(lambda: page.model.rowCount() == 20)
    assert set(desk.texts(5)) == {"Ada"}
    assert not page.table.isColumnHidden(5)


def test_who_was_wrongly_taken_for_masked_is_corrected_after_leaving(desk: Desk) -> None:
    desk.show(3)
    page, rows = desk.page, desk.page.filter
    rows.kind.setCurrentIndex(1)
    rows.kind.activated.emit(1)
    desk.settled()
    place = desk.texts(1).index("Masked")
    page.table.selectRow(place)
    desk.qtbot.keyClick(page, Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
    desk.until(lambda: desk.texts(1)[place] == "No mask (corrected)")
    assert page.sums.text().startswith("38 % masked when last seen: 3 of 8 visits")
    desk.until(lambda: "said “wore no mask”, before: “as the monitor saw it”" in page.audit.text())
    desk.until(page.undo.isEnabled)
    page.undo.trigger()
    desk.until(lambda: desk.texts(1)[place] == "Masked")
    assert page.sums.text().startswith("50 % masked when last seen: 4 of 8 visits")


def test_a_note_to_an_old_sighting(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.show(5)
    monkeypatch.setattr(QInputDialog, "getText", lambda *a, **k: (" a visor ", True))
    desk.page.table.selectRow(1)
    desk.page.note.trigger()
    desk.until(lambda: desk.texts(6)[1] == "a visor")
    desk.until(lambda: "noted “a visor”" in desk.page.audit.text())
    store = Store(desk.url)
    assert [s.note for s in store.read_sightings() if s.note] == ["a visor"]
    store.close()


def test_a_correction_of_this_shift_moves_the_windows_count(
    qtbot: QtBot, make_window: MakeWindow, bare_clip: Path, store_url: str
) -> None:
    window = make_window(bare_clip)
    qtbot.waitUntil(lambda: window.status.source.text() == "bare.avi: ended", timeout=LONG_MS)
    qtbot.waitUntil(lambda: bool(window.sightings.model.sightings), timeout=LONG_MS)
    page = window.commands.show_history()
    sighting = window.sightings.model.sightings[0]
    day = sighting.first_seen.astimezone().date()
    page.bar.choose(of_kind("day", day))
    qtbot.waitUntil(lambda: page.model.rowCount() == 1, timeout=LONG_MS)
    page.table.selectRow(0)
    page.correct(Correction.MASKED)
    qtbot.waitUntil(lambda: window.count_panel.texts[2][MaskState.MASKED] == "1", timeout=LONG_MS)
    qtbot.waitUntil(lambda: page.number.text() == "0 sightings and 1 not counted", timeout=LONG_MS)
    window.commands.undo()
    qtbot.waitUntil(lambda: window.count_panel.texts[2][MaskState.UNMASKED] == "1", timeout=LONG_MS)


def test_this_shift_in_the_window_is_today_in_the_history(
    qtbot: QtBot, make_window: MakeWindow, store_url: str, tmp_path: Path
) -> None:
    """The morning before a restart: window, page and CSV have one count, corrections included."""
    store = Store(store_url)
    ids = fill_today(store, desk_token())
    store.correct(ids[1], Correction.UNMASKED)
    store.correct(ids[2], Correction.NO_PERSON)
    window = make_window()
    qtbot.waitUntil(lambda: window.count_panel.texts[0] != "–", timeout=LONG_MS)
    page = window.commands.show_history()
    page.bar.choose(of_kind("day", date.today()))
    qtbot.waitUntil(lambda: page.answer is not None and not page._reading, timeout=LONG_MS)
    assert page.answer is not None
    whole = page.answer.overview.whole
    shown = {state: f"{getattr(whole.count, state.value)}" for state in MaskState}
    assert window.count_panel.texts[2] == shown
    assert window.count_panel.texts[1].partition(",")[0] in page.sums.text()
    assert f"{whole.sightings} sighting" in window.count_panel.texts[1]
    assert window.sightings._total.text().startswith(f"{whole.sightings} this shift")
    written = export(store, tmp_path / "out.csv", Wish(page.bar.period.since))
    store.close()
    assert written.sightings == whole.sightings
    with written.files["shifts"].open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {s: f"{sum(int(row[s.value]) for row in rows)}" for s in MaskState} == shown


def test_history_csv_and_pdf_say_the_same(desk: Desk, tmp_path: Path) -> None:
    """One store with corrections, notes, two cameras, two shifts: one computation."""
    store = Store(desk.url)
    alarms = store.read_sightings(noon(2), noon(1))
    store.correct(alarms[0].visit_id, Correction.NO_PERSON)
    store.correct(alarms[1].visit_id, Correction.MASKED)
    store.annotate(alarms[1].sighting_id, "told at the desk")
    page = desk.page
    page.bar.choose(of_kind("range", date.today() - timedelta(days=4), date.today()))
    desk.settled()
    period = page.bar.period
    whole = overview(store, period.since, period.until).whole
    count = whole.count
    judged = count.masked + count.unmasked + count.incorrect
    assert f"{count.masked} of {judged} visits, {whole.sightings} sightings" in page.sums.text()
    assert sum(bar.group.count.masked for bar in page.chart.bars) == count.masked

    page.printing.save_pdf(tmp_path / "days.pdf")
    desk.until(lambda: "Saved to" in page.banners.text("saved"))
    pdf = PdfReader(tmp_path / "days.pdf")
    text = " ".join(" ".join(p.extract_text() for p in pdf.pages).split())
    assert page.sums.text() in text
    assert "told at the desk" in text
    assert text.count("Front door") + text.count("Back door") >= whole.sightings

    wish = Wish(period.since, period.until)
    written = export(store, tmp_path / "out.csv", wish)
    store.close()
    assert written.sightings == whole.sightings
    for kind in ("shifts", "days", "hours"):
        with written.files[kind].open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        for name in ("masked", "unmasked", "incorrect", "unsure"):
            assert sum(int(row[name]) for row in rows) == getattr(count, name)
        assert sum(int(row["sightings"]) for row in rows) == whole.sightings
        assert sum(float(row["watched_seconds"]) for row in rows) == whole.watched_s
        assert sum(float(row["on_seconds"]) for row in rows) == whole.on_s
        assert sum(float(row["not_running_seconds"]) for row in rows) == whole.off_s


def test_paper_names_the_day_and_says_when_nobody_watched(desk: Desk, tmp_path: Path) -> None:
    """A shift of eight hours that is set: started an hour late, with a lost camera, and a PC that
    slept for half an hour; window, PDF and CSV say the same of it.
    """
    store, began = Store(desk.url), noon(20) - timedelta(hours=5)
    store.begin_shift("set", began, "Early", "desk", began + timedelta(hours=8))
    states = ((WatchState.LIVE, 1, 3), (WatchState.LOST, 3, 3.25), (WatchState.LIVE, 3.25, 5))
    watches = [
        watch(
            number,
            state,
            shift_id="set",
            began=began + timedelta(hours=since),
            ended=began + timedelta(hours=until),
            open=False,
        )
        for number, (state, since, until) in enumerate((*states, (WatchState.LIVE, 5.5, 8)))
    ]
    store.save([], [], watches=watches)
    desk.show(20)
    page, said = desk.page, "watched 6 h 15 min of 8 h 00 min, not running 1 h 30 min"
    assert page.sums.text().endswith(said)
    page.printing.save_pdf(tmp_path / "day.pdf")
    desk.until(lambda: "Saved to" in page.banners.text("saved"))
    pdf = PdfReader(tmp_path / "day.pdf")
    text = " ".join(" ".join(p.extract_text() for p in pdf.pages).split())
    day = date.today() - timedelta(days=20)
    page.watched.click()
    desk.until(lambda: bool(page.findChildren(WatchedDialog)))
    (dialog,) = page.findChildren(WatchedDialog)
    assert dialog.sum.text() == f"All cameras together: {said}"
    table = dialog.table
    rows = [[table.item(row, k).text() for k in (1, 4)] for row in range(table.rowCount())]
    off = "not running: the program was off, or the PC slept"
    assert rows[0] == [off, "1 h 00 min"]  # a late start
    assert [row for row in rows if row[0] == off] == [rows[0], [off, "30 min 00 s"]]
    dialog.reject()
    assert text.startswith(f"Mask Monitor: {day:%A}, {day.day} {day:%B %Y} ")
    assert pdf.metadata is not None
    assert f"{day.day} {day:%B %Y}" in str(pdf.metadata.title)
    assert page.sums.text() in text
    times = ("07:00:00 08:00:00", "10:00:00 10:15:00", "12:00:00 12:30:00")
    for word, between in zip(("not running", "lost", "not running"), times, strict=True):
        assert f"door {word} {between}" in text
    assert "Early, " in text
    assert "6 h 15 of 8 h 00" in text.replace("\u00a0", " ")
    assert f"Page 1 of {len(pdf.pages)}" in text
    period = page.bar.period
    written = export(store, tmp_path / "out.csv", Wish(period.since, period.until))
    store.close()
    for kind in ("shifts", "days", "hours"):
        with written.files[kind].open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        for name, hours in (("watched", 6.25), ("on", 8), ("not_running", 1.5)):
            assert sum(float(row[f"{name}_seconds"]) for row in rows) == 3600 * hours, kind


def test_today_on_paper_is_a_date() -> None:
    today = date(2026, 12, 1)
    assert title(of_kind("day", today), today) == "Today, Tuesday 1 December 2026"
    assert paper_title(of_kind("day", today)) == "Tuesday, 1 December 2026"
    assert paper_title(of_kind("week", today)) == "Week 49, 30 November to 6 December 2026"
    shift = Period("shift", today, today, datetime(2026, 12, 1, 6).astimezone())
    assert paper_title(shift) == "Shift since 06:00, Tuesday, 1 December 2026"


def test_the_page_fits_a_small_screen(desk: Desk) -> None:
    assert desk.page.minimumSizeHint().width() <= 800
    assert desk.page.minimumSizeHint().height() <= 560


def test_nothing_is_corrected_while_the_analysis_has_stopped(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.show(1)
    stopped = (WorkerState.FAILED, "the store is gone")
    monkeypatch.setattr(desk.window.session, "worker_state", lambda: stopped)
    desk.page.table.selectRow(0)
    desk.page.correct(Correction.MASKED)
    desk.until(lambda: "while the analysis has stopped" in desk.page.banners.text("fault"))


def test_whether_a_camera_was_watching_at_some_time_is_in_a_table(desk: Desk) -> None:
    desk.show(1)
    desk.page.watched.click()
    desk.until(lambda: bool(desk.page.findChildren(WatchedDialog)))
    (dialog,) = desk.page.findChildren(WatchedDialog)
    table = dialog.table
    rows = [[table.item(row, k).text() for k in (0, 1, 4)] for row in range(table.rowCount())]
    assert rows[:5] == [
        ["Back door", "watched", "3 h 50 min"],
        ["Back door", "paused, or a recording was shown", "10 min 00 s"],
        ["Back door", "off, or not to be watched", "2 h 00 min"],
        ["Back door", "watched", "3 h 50 min"],
        ["Back door", "paused, or a recording was shown", "10 min 00 s"],
    ]
    assert table.item(0, 2).text().endswith("08:00")
    dialog.reject()


def test_undo_on_this_page_takes_back_what_was_said_on_it_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QInputDialog, "getText", lambda *args, **named: ("the postman", True))
    desk.show(2)
    desk.page.table.selectRow(0)
    desk.page.note.trigger()
    desk.until(desk.page.undo.isEnabled)
    again = HistoryPage(
        desk.window.session,
        desk.window.bridge,
        desk.window.reports,
        desk.window,
    )
    again._selected()
    assert not again.undo.isEnabled()
    again.close()
