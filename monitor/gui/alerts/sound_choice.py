"""Whether alerts have a sound: off until somebody has chosen, which is asked where it matters."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from monitor.gui.banner import Severity
from monitor.gui.layout import WindowParts
from monitor.records import MaskState

CHOSEN = "sound_chosen"
OFFER = "Somebody wears no mask, and no sound was played: it is off until you turn it on"


class SoundChoice(QObject):
    """Asked in the first steps; of those who left them, once a run at the first alert. Main thread.

    Args:
        play: Plays a state's sound at a volume, then calls back with what went wrong.
    """

    def __init__(
        self, parts: WindowParts, play: Callable[[MaskState, int, Callable[[str], None]], None]
    ) -> None:
        super().__init__(parts.window)
        self._parts, self._play, self._offered = parts, play, False
        parts.menus.mute.triggered.connect(self._chosen)  # by the user; never by the program

    @property
    def on(self) -> bool:
        return not self._parts.menus.mute.isChecked()

    @property
    def made(self) -> bool:
        """Whether anybody has chosen."""
        return self.on or self._parts.preferences.flag(CHOSEN, False)

    def choose(self, on: bool) -> None:
        """What the user wants from now on."""
        self._parts.menus.mute.setChecked(not on)
        self._chosen()

    def test(self, done: Callable[[str], None]) -> None:
        """Let the sound be heard. `done` is given what went wrong; empty for nothing."""
        volume = self._parts.session.options.config.alerts.volume
        self._play(MaskState.UNMASKED, volume, done)

    def offer(self) -> None:
        """An alert was silent, and nobody has chosen that."""
        if self._offered or self.made:
            return
        self._offered = True
        self._parts.banners.show_message(
            "silent", Severity.INFO, OFFER, "Turn sound on", lambda: self.choose(True)
        )

    def _chosen(self) -> None:
        self._parts.preferences.keep_flag(CHOSEN, True)
        self._parts.banners.clear("silent")
