"""The window's parts and where they stand."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import (
    QFrame,
    QMainWindow,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from monitor.gui.banner import BannerStack
from monitor.gui.menus import Menus
from monitor.gui.picture.grid import CameraGrid
from monitor.gui.preferences import Preferences
from monitor.gui.side.chart import HourPanel
from monitor.gui.side.count_panel import CountPanel
from monitor.gui.side.sightings_panel import SightingsPanel
from monitor.gui.status import StatusBar
from monitor.gui.threads.bridge import Bridge
from monitor.gui.threads.session import Session


@dataclass(frozen=True, slots=True, eq=False)
class WindowParts:
    """What those who work for the window share. Main thread."""

    window: QMainWindow  # parent of dialogs
    session: Session
    bridge: Bridge
    preferences: Preferences
    menus: Menus
    banners: BannerStack
    grid: CameraGrid
    count_panel: CountPanel
    hour_panel: HourPanel
    sightings: SightingsPanel
    splitter: QSplitter
    status: StatusBar


def lay_out(
    window: QMainWindow, session: Session, bridge: Bridge, preferences: Preferences
) -> WindowParts:
    """Fill the window: pictures and side panel, the status bar below."""
    sightings = SightingsPanel()
    parts = WindowParts(
        window=window,
        session=session,
        bridge=bridge,
        preferences=preferences,
        menus=Menus(window, sightings.actions_),
        banners=BannerStack(),
        grid=CameraGrid(),
        count_panel=CountPanel(),
        hour_panel=HourPanel(),
        sightings=sightings,
        splitter=QSplitter(Qt.Orientation.Horizontal),
        status=StatusBar(),
    )
    splitter = parts.splitter
    splitter.addWidget(_pictures(parts))
    splitter.addWidget(_side(parts))
    splitter.setStretchFactor(0, 1)
    splitter.setStretchFactor(1, 0)
    splitter.setCollapsible(0, False)
    splitter.setSizes([900, 380])
    window.setCentralWidget(splitter)
    window.setStatusBar(parts.status)
    return parts


def _pictures(parts: WindowParts) -> QWidget:
    """The pictures, banners above them; the bar of a recording comes below. A banner that comes or
    goes moves nothing at the side, where somebody may be about to click.
    """
    pictures = QWidget()
    column = QVBoxLayout(pictures)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    parts.banners.setMinimumWidth(1)  # texts wrap: they do not hold the window open
    column.addWidget(parts.banners)
    column.addWidget(parts.grid, 1)
    return pictures


def _side(parts: WindowParts) -> QWidget:
    """The figures above, the sightings with their buttons below: on a small screen the figures
    scroll, and what the receptionist works with stays.
    """
    figures = QWidget()
    rows = QVBoxLayout(figures)
    rows.setContentsMargins(0, 0, 0, 0)
    rows.setSpacing(10)
    rows.addWidget(parts.count_panel)
    rows.addWidget(parts.hour_panel)
    parts.hour_panel.setMaximumHeight(190)
    side = QWidget()
    column = QVBoxLayout(side)
    column.setContentsMargins(10, 10, 10, 10)
    column.setSpacing(10)
    column.addWidget(_Shrinking(figures))
    column.addWidget(parts.sightings, 1)
    side.setMinimumWidth(340)
    return side


class _Shrinking(QScrollArea):
    """As high as what is in it, and lower where there is no room: then it scrolls."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._content = content
        self.setWidget(content)

    def sizeHint(self) -> QSize:
        return self._content.sizeHint()

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 60)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)
