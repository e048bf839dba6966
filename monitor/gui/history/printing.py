"""Print, PDF and export of what the history shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QStandardPaths, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QPageSize, QPdfWriter
from PySide6.QtWidgets import QDialog, QFileDialog

from monitor.errors import StoreError
from monitor.gui.banner import Severity
from monitor.gui.export_dialog import ExportDialog, ExportPeriod, exported_text
from monitor.gui.history.periods import Period, file_name, paper_title, title
from monitor.gui.history.report import ROWS_MAX, Printed, write
from monitor.gui.threads.bridge import Bridge
from monitor.gui.threads.session import Session

if TYPE_CHECKING:
    from monitor.gui.history.page import HistoryPage
    from monitor.gui.reports import Reports
    from monitor.storage.store import Store

PDF_DPI = 150


class Printing(QObject):
    """Main thread; what is printed is read in the background."""

    def __init__(
        self, session: Session, bridge: Bridge, reports: Reports, page: HistoryPage
    ) -> None:
        super().__init__(page)
        self._session, self._bridge, self._reports, self._page = session, bridge, reports, page

    @property
    def _period(self) -> Period:
        return self._page.bar.period

    # Paper

    @Slot()
    def ask_to_print(self) -> None:
        """Ask for the printer, then print."""
        from PySide6.QtPrintSupport import QPrintDialog, QPrinter

        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        printer.setDocName(f"Mask Monitor {file_name(self._period)}")
        dialog = QPrintDialog(printer, self._page)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self._read(lambda printed: write(printed, printer))
        dialog.deleteLater()

    @Slot()
    def ask_for_pdf(self) -> None:
        """Ask where to, then write it; the file dialog asks before it replaces anything."""
        offered = folder() / f"mask-monitor_{file_name(self._period)}.pdf"
        path, _ = QFileDialog.getSaveFileName(
            self._page, "Save as PDF", str(offered), "PDF (*.pdf)"
        )
        if path:
            self.save_pdf(Path(path))

    def save_pdf(self, path: Path) -> None:
        """Write the summary in the background."""
        path = path if path.suffix else path.with_suffix(".pdf")
        period = self._period

        def work() -> None:
            printed = self._session.with_store(lambda store: read_printed(store, period))
            write_pdf(printed, path)

        self._bridge.run("the PDF", work, lambda _: self._say(f"Saved to {path}", path), self._fail)

    def _read(self, then: Callable[[Printed], None]) -> None:
        period = self._period
        self._bridge.run(
            "printing",
            lambda: self._session.with_store(lambda store: read_printed(store, period)),
            then,
            self._fail,
        )

    # Files

    @Slot()
    def ask_for_export(self) -> None:
        """Ask what and where to, for the time that is shown."""
        period = self._period
        only = ExportPeriod(
            title(period, date.today()), file_name(period), period.since, period.until
        )
        separator = self._session.options.config.export.separator
        dialog = ExportDialog(self._reports.shift_began, separator, self._page, only)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            path, wish = dialog.chosen()
            self._bridge.run(
                "the export",
                lambda: self._session.export(path, wish),
                lambda written: self._say(exported_text(written), path),
                self._fail,
            )
        dialog.deleteLater()

    def _say(self, text: str, path: Path) -> None:
        self._page.banners.show_message(
            "saved",
            Severity.INFO,
            text,
            "Show folder",
            lambda: _show_folder(path.absolute().parent),
        )

    def _fail(self, message: str) -> None:
        self._page.banners.show_message("saved", Severity.ERROR, message)


def _show_folder(of: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(of)))


def folder() -> Path:
    """Where files are offered to be saved."""
    documents = Path(
        QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    )
    return documents if documents.is_dir() else Path.home()


def read_printed(store: Store, period: Period) -> Printed:
    """What goes on paper, all of one moment.

    Raises:
        StoreError: If the store cannot be read.
    """
    from monitor.storage.history import History, Wanted
    from monitor.storage.overview import overview
    from monitor.storage.totals import unwatched_between

    history = History(store)
    with store.one_state():
        seen = overview(store, period.since, period.until)
        found = history.find(Wanted("sightings", period.since, period.until))
        rows = history.page(found, 0, ROWS_MAX)
        missed = unwatched_between(store, period.since, period.until)
    moment = datetime.now().astimezone()
    return Printed(paper_title(period), seen, rows, found.number, missed, moment)


def write_pdf(printed: Printed, path: Path) -> None:
    """Any thread. Written under another name and then moved: nothing is left half written.

    Raises:
        StoreError: If it cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        part.touch(mode=0o600)
        writer = QPdfWriter(str(part))
        writer.setTitle(f"Mask Monitor: {printed.title}")
        writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
        writer.setResolution(PDF_DPI)
        write(printed, writer)
        del writer  # closes the file
        if not part.stat().st_size:
            raise OSError(28, "the disk may be full")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StoreError(
            f"{path} cannot be written ({error.strerror}): choose another place"
        ) from None
