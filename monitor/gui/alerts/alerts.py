"""Tells the receptionist of those without a mask: sound, notice, banner; snooze and
acknowledge.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from PySide6.QtCore import QObject, Slot

from monitor.gui.alerts.notices import Notices
from monitor.gui.alerts.rule import (
    SNOOZE_S,
    Alarm,
    AlertRule,
    Snooze,
    snooze_for,
    snooze_until_tomorrow,
)
from monitor.gui.alerts.sound import play, sound_file
from monitor.gui.alerts.sound_choice import SoundChoice
from monitor.gui.alerts.visitor import STALE_S
from monitor.gui.alerts.words import alarm_text, silent_text, standing_text, until_text
from monitor.gui.banner import Severity
from monitor.gui.layout import WindowParts
from monitor.records import Face, Frame, MaskState

STATES = (MaskState.UNMASKED, MaskState.INCORRECT)  # the first one's sound goes first


def local_now() -> datetime:
    return datetime.now().astimezone()


class Alerts(QObject):
    """Main thread. Nothing of it takes the keyboard from anybody.

    Args:
        parts: Of the window.
        now: The local clock, aware.
    """

    def __init__(self, parts: WindowParts, now: Callable[[], datetime] = local_now) -> None:
        super().__init__(parts.window)
        self._parts, self._now = parts, now
        config = parts.session.options.config.alerts
        self._rule = AlertRule(config, parts.preferences.snooze)
        self._playing = False
        self.sound = SoundChoice(parts, self.play)
        menus = parts.menus
        snoozes = (menus.snooze, menus.snooze_hour, menus.snooze_day)
        tray = (menus.acknowledge, *snoozes, menus.alert_again)
        self.notices = Notices(parts.window, tray)
        self.notices.use(config.notices)
        menus.acknowledge.triggered.connect(self.acknowledge)
        menus.snooze.triggered.connect(lambda: self._snooze(snooze_for(self._now())))
        menus.snooze_hour.triggered.connect(
            lambda: self._snooze(snooze_for(self._now(), 6 * SNOOZE_S))
        )
        menus.snooze_day.triggered.connect(lambda: self._snooze(snooze_until_tomorrow(self._now())))
        menus.alert_again.triggered.connect(lambda: self._snooze(None))
        menus.mute.toggled.connect(self.tick)
        self.tick()

    def look(self, frame: Frame, faces: Sequence[Face]) -> None:
        """Take in the newest picture of a camera, with its faces as the receptionist has said. A
        recording and an old picture raise no alert.
        """
        if not frame.live or frame.still or time.monotonic() - frame.captured_at > STALE_S:
            return
        alarms = []
        for face in faces:
            if face.visit_id is None:
                continue
            if not face.alerting:
                if self._rule.settle(self._now(), face.visit_id):
                    self._thank(face)
            elif face.state in STATES:
                alarms.append(Alarm(face.visit_id, frame.camera, face.state))
            else:
                self._rule.looks_away(self._now(), face.visit_id)
        told = self._rule.saw(self._now(), alarms)
        if told:
            self._tell(told)
        if told or alarms or self._parts.banners.text("alert"):
            self._show_banner()

    @Slot()
    def tick(self) -> None:
        """Twice a second: who has left, a snooze that is over, quiet hours that begin."""
        now, parts, rule = self._now(), self._parts, self._rule
        self._show_banner()
        snoozed = rule.snoozed(now)
        if rule.snooze is not None and not snoozed:
            self._snooze(None)
            return
        parts.menus.alert_again.setEnabled(snoozed)
        parts.banners.show_message(
            "snooze",
            Severity.INFO,
            f"Alerts are off {until_text(rule, now)}" if snoozed else "",
            "Alert again",
            parts.menus.alert_again.trigger,
        )
        parts.status.show_sound(not self.sound.on, silent_text(rule, now))

    def use_options(self) -> None:
        """The settings have changed."""
        self._rule.config = self._parts.session.options.config.alerts
        self.notices.use(self._rule.config.notices)
        self.tick()

    @Slot()
    def acknowledge(self) -> None:
        """All who stand there are known."""
        self._rule.acknowledge(self._now())
        self._show_banner()

    def play(self, state: MaskState, volume: int, done: Callable[[str], None]) -> None:
        """Play a state's sound, unless one is being played.

        Args:
            state: Any but UNSURE.
            volume: Percent, 0 to 100.
            done: Called with what went wrong; empty for nothing.
        """
        if self._playing:
            return
        self._playing = True

        def ended(problem: str) -> None:
            self._playing = False
            done(problem)

        self._parts.bridge.run(
            "the sound", lambda: play(sound_file(state), volume), lambda _: ended(""), ended
        )

    def close(self) -> None:
        self.notices.close()

    def _tell(self, told: Sequence[Alarm]) -> None:
        worst = min((alarm.state for alarm in told), key=STATES.index)
        if self.sound.on:
            self.play(worst, self._rule.config.volume, self._say_of_sound)
        else:
            self.sound.offer()
        if self._rule.config.notices:
            self.notices.tell("; ".join(dict.fromkeys(map(alarm_text, told))))

    def _thank(self, face: Face) -> None:
        """One who was told of has put the mask on."""
        wanted = self._rule.config.thanks and self.sound.on
        if wanted and face.state is MaskState.MASKED:
            self.play(MaskState.MASKED, self._rule.config.volume, self._say_of_sound)

    def _say_of_sound(self, problem: str) -> None:
        """A sound that nobody hears must not pass for one that was played."""
        text = f"{problem[:1].upper()}{problem[1:]}" if problem else ""
        self._parts.banners.show_message(
            "sound", Severity.WARNING, text, "Turn sound off", lambda: self.sound.choose(False)
        )

    def _snooze(self, snooze: Snooze | None) -> None:
        self._rule.snooze = snooze
        self._parts.preferences.snooze = snooze
        self.tick()

    def _show_banner(self) -> None:
        now = self._now()
        after_s = self._parts.session.options.config.sighting.alert_after_s
        text = standing_text(self._rule.standing(now), now, after_s)
        self._parts.menus.acknowledge.setEnabled(bool(text))
        self._parts.banners.show_message(
            "alert", Severity.WARNING, text, "Acknowledge", self.acknowledge
        )
