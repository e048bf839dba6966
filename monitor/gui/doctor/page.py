"""The camera doctor's page: looks at one camera for ten seconds and says what is to be mended."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QWidget,
)

from monitor.app import RunOptions, build_pipeline
from monitor.camera.kept import KeptCamera
from monitor.camera.source import FrameSource
from monitor.errors import CameraError
from monitor.gui.banner import Severity
from monitor.gui.cameras.keeper import CameraKeeper
from monitor.gui.doctor.lent import LentSource
from monitor.gui.screen import dialog_size
from monitor.gui.side.panel import FaintLabel, scaled_font
from monitor.gui.threads.bridge import Bridge
from monitor.gui.threads.session import Session
from monitor.gui.working_dialog import WorkingDialog

if TYPE_CHECKING:
    from monitor.doctor.judge import Finding
    from monitor.doctor.measured import Examined

SECONDS = 10.0
BEFORE = (
    "Let somebody stand where visitors stand, then look for ten seconds. Nobody is counted before "
    "this camera meanwhile, and nothing is stored."
)


class DoctorDialog(WorkingDialog):
    """Of one camera. Main thread; it is looked at in the background.

    Args:
        accept: Opens the acceptance run of the camera of this name.
    """

    def __init__(
        self,
        keeper: CameraKeeper,
        session: Session,
        bridge: Bridge,
        accept: Callable[[str], object],
        parent: QWidget,
    ) -> None:
        super().__init__(bridge, parent)
        self._keeper, self._session, self._accept = keeper, session, accept
        self._camera: KeptCamera | None = None
        self.sentences: list[tuple[str, str]] = []  # what is shown: mark and sentence
        self.summary = QLabel()
        self.summary.setFont(scaled_font(self, 1.3, self.font().Weight.DemiBold))
        self.hint = FaintLabel(BEFORE)
        for label in (self.summary, self.hint):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            self.inner.addWidget(label)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setAccessibleName("What the doctor has found")
        self.inner.addWidget(self._scroll, 1)
        row = QHBoxLayout()
        self.look_button = QPushButton("&Look for 10 s")
        self.accept_button = QPushButton("&Judge it by key…")
        close = QPushButton("&Close")
        self.look_button.clicked.connect(self.look)
        self.accept_button.clicked.connect(self._judge)
        close.clicked.connect(self.close)
        for button in (self.look_button, self.accept_button, close):
            button.setAutoDefault(False)
        row.addWidget(self.look_button)
        row.addWidget(self.accept_button)
        row.addStretch(1)
        row.addWidget(close)
        self.inner.addLayout(row)
        self.resize(dialog_size(self, QSize(680, 460)))

    def show_camera(self, camera: KeptCamera) -> None:
        """Begin with another camera, unless one is looked at."""
        if self.busy:
            return
        self._camera = camera
        self.setWindowTitle(f"Check {camera.title}")
        self.summary.setText(f"Is {camera.title} good where it is?")
        self.banners.clear("fault")
        self._show_sentences([])
        self.enable()

    def enable(self) -> None:
        self.look_button.setEnabled(not self.busy)
        watched = self._camera is not None and self._keeper.watched(self._camera) is not None
        self.accept_button.setEnabled(not self.busy and watched)
        self.accept_button.setToolTip("" if watched else "Switch this camera on first")

    def _judge(self) -> None:
        watched = self._keeper.watched(self._camera) if self._camera is not None else None
        if watched is not None:
            self._accept(watched.name)

    # The look

    def look(self) -> None:
        """Look at the camera, with its frames lent where it is watched."""
        camera = self._camera
        if camera is None or self.busy:
            return
        watched, config = self._keeper.watched(camera), self._session.options.config
        self.banners.clear("fault")
        if watched is not None and self._session.paused:
            self._fail("The cameras are paused: let them go on first (Space)")
            return
        try:
            if watched is None:
                source: FrameSource = self._keeper.kept.source(camera, config.camera)
            else:
                frames = self._session.lend(watched.name)
                if frames is None:
                    raise CameraError(f"{camera.title} is in use by an enrolment: wait for its end")
                source = LentSource(watched, frames, config.camera.read_timeout_s)
        except CameraError as error:
            self._fail(str(error))
            return
        self.summary.setText(f"Looking at {camera.title} for {SECONDS:.0f} s…")
        self._show_sentences([])
        options = RunOptions(config=config)

        def work() -> tuple[Examined, list[Finding]]:
            from monitor.doctor.examine import examine
            from monitor.doctor.judge import judge

            pipeline = build_pipeline(options, "doctor")  # before: loading would pass for latency
            try:
                seen = examine(source, pipeline, config.camera, SECONDS)
            finally:
                pipeline.close()
            return seen, judge(seen, config.classify)

        def end(show: Callable[[], None]) -> None:
            if watched is not None:
                self._session.give_back(watched.name)
            self.busy = False
            show()
            self.enable()

        self.busy = True
        self.enable()
        self._bridge.run(
            "the camera doctor",
            work,
            lambda found: end(lambda: self._tell(*found)),
            lambda message: end(lambda: self._fail(message)),
        )

    def _fail(self, message: str) -> None:
        title = self._camera.title if self._camera is not None else "The camera"
        self.summary.setText(f"{title} could not be checked")
        self.banners.show_message("fault", Severity.ERROR, f"{message[:1].upper()}{message[1:]}")

    def _tell(self, seen: Examined, findings: list[Finding]) -> None:
        from monitor.doctor.judge import bad
        from monitor.doctor.words import sentence

        wrong = len(list(bad(findings)))
        things = "nothing" if not wrong else ("1 thing" if wrong == 1 else f"{wrong} things")
        self.summary.setText(f"{seen.name}: {things} to mend")
        self._show_sentences(
            [
                ("Mend" if f.fault else ("Good" if f.known else "Not known"), sentence(seen, f))
                for f in findings
            ]
        )

    def _show_sentences(self, sentences: list[tuple[str, str]]) -> None:
        self.sentences = sentences
        body = QWidget()
        grid = QGridLayout(body)
        grid.setContentsMargins(0, 0, 8, 0)
        grid.setColumnStretch(1, 1)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(10)
        for row, (mark, text) in enumerate(sentences):
            name, line = QLabel(mark), QLabel(text)
            if mark == "Mend":
                name.setFont(scaled_font(self, 1.0, self.font().Weight.Bold))
            line.setWordWrap(True)
            line.setTextFormat(Qt.TextFormat.PlainText)
            grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(line, row, 1)
        grid.setRowStretch(len(sentences), 1)
        self._scroll.setWidget(body)
