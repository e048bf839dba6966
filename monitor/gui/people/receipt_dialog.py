"""The receipt of a forgotten person: which holder had what, and what was done there; to be read in
peace, saved and printed.
"""

from __future__ import annotations

import html
from pathlib import Path

from PySide6.QtCore import QSize, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QTextBrowser,
    QWidget,
)

from monitor.errors import StoreError
from monitor.files import write_whole
from monitor.gui.banner import Severity
from monitor.gui.history.printing import folder
from monitor.gui.screen import dialog_size
from monitor.gui.threads.bridge import Bridge
from monitor.gui.working_dialog import WorkingDialog
from monitor.identity import words
from monitor.identity.results import Receipt

DONE = "All of it is done."
LEFT = "⚠ Something is left for you to do: it is in bold letters."
KEEP = (
    "This is the only copy, and it holds the name: save or print it where it is needed, and keep "
    "it where nobody else reads it."
)


class ReceiptDialog(WorkingDialog):
    """Beside the window, which goes on. Main thread; it is saved in the background."""

    def __init__(self, receipt: Receipt, bridge: Bridge, parent: QWidget) -> None:
        super().__init__(bridge, parent)
        self.setWindowTitle("Receipt")
        self._receipt = receipt
        layout = self.inner
        self.state = QLabel(DONE if receipt.done else LEFT)
        layout.addWidget(self.state)
        self.text = QTextBrowser()
        self.text.setHtml(receipt_html(receipt))
        self.text.setAccessibleName("What was done, holder by holder")
        layout.addWidget(self.text, 1)
        keep = QLabel(KEEP)
        keep.setWordWrap(True)
        layout.addWidget(keep)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        role = QDialogButtonBox.ButtonRole.ActionRole
        self.save_button = buttons.addButton("&Save…", role)
        self.print_button = buttons.addButton("&Print…", role)
        self.save_button.clicked.connect(self.ask_to_save)
        self.print_button.clicked.connect(self.ask_to_print)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        self.resize(dialog_size(self, self.sizeHint()))

    def sizeHint(self) -> QSize:
        return QSize(720, 480)

    @Slot()
    def ask_to_save(self) -> None:
        """Ask where to; the file dialog asks before it replaces anything."""
        offered = folder() / f"forgotten_{self._receipt.at.astimezone():%Y-%m-%d_%H%M}.txt"
        path, _ = QFileDialog.getSaveFileName(
            self, "Save the receipt", str(offered), "Text (*.txt)"
        )
        if path:
            self.save(Path(path))

    def save(self, path: Path) -> None:
        """Write what `main.py forget` prints; readable by the user alone."""
        path = path if path.suffix else path.with_suffix(".txt")
        content = "\n".join([*words.of_receipt(self._receipt), ""]).encode()

        def write() -> None:
            try:
                write_whole(path, content)
            except OSError as error:
                raise StoreError(
                    f"{path} cannot be written ({error.strerror}): choose another place"
                ) from None

        def say(_: None) -> None:
            self.banners.clear("fault")
            self.banners.show_message("saved", Severity.INFO, f"Saved to {path}")

        self.run("the receipt", write, say)

    @Slot()
    def ask_to_print(self) -> None:
        """Ask for the printer, then print."""
        from PySide6.QtPrintSupport import QPrintDialog, QPrinter

        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        printer.setDocName("Mask Monitor receipt")
        dialog = QPrintDialog(printer, self)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self.text.document().print_(printer)
        dialog.deleteLater()


def receipt_html(receipt: Receipt) -> str:
    """The receipt as a table, for the dialog and for paper."""
    rows = []
    for holder, what, done in words.of_holders(receipt):
        cells = [html.escape(text) for text in (holder, what)]
        if not done:
            cells = [f"<b>{cell}</b>" for cell in ("⚠ " + cells[0], cells[1])]
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    head = html.escape(words.of_forgotten(receipt))
    return f'<h3>{head}</h3><table cellpadding="5">{"".join(rows)}</table>'
