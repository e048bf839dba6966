"""The window's parts and where they stand."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QMainWindow, QScrollArea, QSplitter, QVBoxLayout, QWidget

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
    """Fill the window: banners above pictures and side panel, the status bar below."""
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
    body = QWidget()
    rows = QVBoxLayout(body)
    rows.setContentsMargins(0, 0, 0, 0)
    rows.setSpacing(0)
    rows.addWidget(parts.banners)
    rows.addWidget(splitter, 1)
    window.setCentralWidget(body)
    window.setStatusBar(parts.status)
    return parts


def _pictures(parts: WindowParts) -> QWidget:
    """The pictures; the bar of a recording comes below them."""
    pictures = QWidget()
    column = QVBoxLayout(pictures)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    column.addWidget(parts.grid, 1)
    return pictures


def _side(parts: WindowParts) -> QWidget:
    side = QWidget()
    column = QVBoxLayout(side)
    column.setContentsMargins(10, 10, 10, 10)
    column.setSpacing(10)
    column.addWidget(parts.count_panel)
    column.addWidget(parts.hour_panel)
    column.addWidget(parts.sightings, 1)
    parts.hour_panel.setMaximumHeight(190)
    scroll = QScrollArea()  # a small screen has no room for all three
    scroll.setWidget(side)
    scroll.setWidgetResizable(True)
    scroll.setFrameShape(QFrame.Shape.NoFrame)
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    scroll.setMinimumWidth(340)
    return scroll
