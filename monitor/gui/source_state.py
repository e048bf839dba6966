"""Tells what the cameras do: in the status bar, in banners, and over the pictures."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from monitor.app import DEMO_CLIP
from monitor.camera.kept import KeptCamera
from monitor.camera.words import DOUBTS, SHORT
from monitor.gui.banner import Severity
from monitor.gui.cameras.words import trouble_text
from monitor.gui.layout import WindowParts
from monitor.gui.picture.caption import Caption
from monitor.gui.picture.view import DEMONSTRATION, RECORDING, PictureView
from monitor.gui.plates import clock, condition_text
from monitor.gui.review.words import plate_text
from monitor.gui.status import sources_text, state_text
from monitor.gui.threads.watched import Watched
from monitor.records import (
    Condition,
    Count,
    FrameResult,
    SourceState,
    SourceStatus,
    Update,
    WatchState,
    WorkerState,
)

NOT_JUDGED = "not judged"  # frames come, and no answer
# Of recordings; what is said of a camera stands in `plates`.
PLATES = {
    SourceState.ENDED: "Ended. Space plays it again",
    SourceState.FAILED: "This is the last picture",
}
TILE_PLATES = {SourceState.ENDED: "Ended", SourceState.FAILED: "Failed: the last picture"}
TURNED = (WatchState.SIDEWAYS, WatchState.UPSIDE_DOWN)
OLD = (WatchState.LOST, WatchState.FROZEN, WatchState.BLACK)  # no picture of this moment
TROUBLES = (SourceState.STALLED, SourceState.DAMAGED, SourceState.LOST, SourceState.FAILED)
BANNERS_MAX = 2  # more cameras in trouble share one banner, so that the pictures keep their room


@dataclass(frozen=True, slots=True)
class _Seen:
    watched: Watched
    status: SourceStatus
    countdown_s: float | None  # to the next try
    condition: Condition | None  # of a camera; of a recording whose picture is turned

    @property
    def doubt(self) -> WatchState | None:
        """What is wrong with a picture that comes."""
        return self.condition.state if self.condition and self.condition.state in SHORT else None


class SourceWatch:
    """Looks at the cameras when something has changed and twice a second. Main thread."""

    def __init__(self, parts: WindowParts) -> None:
        self._session, self._grid = parts.session, parts.grid
        self._banners, self._bar, self._sightings = parts.banners, parts.status, parts.sightings
        self._since: dict[str, tuple[SourceStatus, float]] = {}
        self._counts: dict[str, Count] = {}
        self._turns: dict[str, int] = {}  # of those that hang otherwise: what mends it, degrees
        self._turned_since: dict[str, datetime] = {}  # recordings among them
        # turns the pictures of a camera; set by the window
        self.turn: Callable[[Watched, int], None] = lambda watched, degrees: None
        # the camera of the list that is watched so; its password; its form: set by the window
        self.known: Callable[[Watched], KeptCamera | None] = lambda watched: None
        self.enter: Callable[[KeptCamera], object] = lambda camera: None
        self.change: Callable[[KeptCamera], object] = lambda camera: None
        self.missing = ""  # cameras that are not watched for want of a password, in a few words
        self.present: frozenset[str] = frozenset()  # whose picture is of this moment, and judged
        self.stuck = False  # the inference thread does not answer
        self._shown: set[str] = set()  # keys of the banners of this
        # cameras that are not well; they stay here while they are tried again
        self._troubles: dict[str, _Seen] = {}

    def count(self, update: Update) -> None:
        """Take over the cameras' own counts."""
        self._counts = dict(update.camera_counts)

    def judged(self, result: FrameResult) -> None:
        """Take in a result that the window shows."""
        name = result.frame.camera
        if not result.turn:
            self.forget((name,))
            return
        self._turns[name] = result.turn
        if not result.frame.live:
            self._turned_since.setdefault(name, datetime.now(UTC))

    def forget(self, names: Collection[str]) -> None:
        """Others are watched, or another shift has begun: these are judged anew."""
        for name in names:
            self._turns.pop(name, None)
            self._turned_since.pop(name, None)

    def look(self) -> None:
        """Bring the window up to date."""
        seen = [self._see(watched) for watched in self._session.watched]
        if not seen:
            self._troubles = {}
            self._show_banners([])
            self.present = frozenset()
            return
        self._since = {s.watched.name: self._since[s.watched.name] for s in seen}
        self.forget(self._turns.keys() - self._since.keys())
        one = next(
            (s for s in seen if s.watched.name == self._grid.alone),
            seen[0] if len(seen) == 1 else None,
        )
        if one is not None:
            word = state_text(one.status, one.countdown_s, self._word(one))
            told = f"{one.watched.name}: {word}"
        else:
            told = sources_text(Counter(self._word(s) for s in seen))
        self._bar.show_source(", ".join(text for text in (told, self.missing) if text))
        self.present = frozenset(
            s.watched.name for s in seen if self._word(s) in ("live", "playing")
        )
        self._sightings.show_present(self.present)
        self._troubles = {
            s.watched.name: trouble for s in seen if (trouble := self._trouble(s)) is not None
        }
        self._show_banners(list(self._troubles.values()))
        for s in seen:
            view = self._grid.view_of(s.watched.name)
            if view is not None:
                self._show_on_picture(s, view)
        self._grid.show_captions({s.watched.name: self._caption(s) for s in seen})

    def _see(self, watched: Watched) -> _Seen:
        status = self._session.status_of(watched)
        before = self._since.get(watched.name)
        if before is None or before[0] is not status:
            before = self._since[watched.name] = (status, time.monotonic())
        retry_s = status.retry_in_s
        return _Seen(
            watched,
            status,
            None if retry_s is None else retry_s - (time.monotonic() - before[1]),
            self._condition(watched, status),
        )

    def _condition(self, watched: Watched, status: SourceStatus) -> Condition | None:
        """What a camera shows; what a recording does, to its end."""
        if watched.live:
            return self._session.condition_of(watched)
        since = self._turned_since.get(watched.name)
        shown = status.state in (SourceState.LIVE, SourceState.ENDED) and not watched.lent
        if not shown or since is None:
            return None
        upside_down = self._turns.get(watched.name) == 180
        return Condition(WatchState.UPSIDE_DOWN if upside_down else WatchState.SIDEWAYS, since)

    def _trouble(self, seen: _Seen) -> _Seen | None:
        if seen.status.state is SourceState.OPENING:
            return self._troubles.get(seen.watched.name)
        return seen if seen.status.state in TROUBLES or seen.doubt is not None else None

    def _word(self, seen: _Seen) -> str:
        """What a source does. "Live" is a picture of this moment that is judged."""
        if seen.status.state is not SourceState.LIVE:
            return str(seen.status.state.value)
        if self._session.paused:
            return "paused"
        if self.stuck and not seen.watched.lent:
            return NOT_JUDGED
        if seen.doubt is not None:
            return SHORT[seen.doubt]
        return "live" if seen.watched.live else "playing"

    def _paused(self, seen: _Seen) -> bool:
        return self._session.paused and seen.status.state is SourceState.LIVE

    def _caption(self, seen: _Seen) -> Caption:
        name, word = seen.watched.name, self._word(seen)
        if name == self._grid.alone:
            word += "  ·  Esc shows all cameras"
        trouble = seen.status.state in TROUBLES or seen.doubt is not None or self.stuck
        return Caption(name, word, trouble, self._counts.get(name, Count()))

    def _show_banners(self, troubled: list[_Seen]) -> None:
        before, self._shown = self._shown, set()
        others = [s for s in troubled if s.doubt not in TURNED]
        for s in troubled:
            if s.doubt in TURNED:
                self._show_turned(s)
        if len(others) > BANNERS_MAX:
            names = [s.watched.name for s in others]
            what = (
                "show nothing of this moment"
                if any(s.doubt or s.status.state is SourceState.DAMAGED for s in others)
                else "give no pictures"
            )
            text = (
                f"{len(names)} cameras {what}: {', '.join(names)}. Check the network "
                f"and their power"
            )
            self._show("sources", Severity.WARNING, text, "Try now", names)
        else:
            for s in others:
                self._show_banner(s)
        for key in before - self._shown:
            self._banners.clear(key)

    def _show_turned(self, seen: _Seen) -> None:
        """Say that a picture is not upright, with a button that turns a camera's."""
        watched, turn = seen.watched, self._turns.get(seen.watched.name, 0)
        key, how = f"turned {watched.name}", "sideways"
        if seen.doubt is WatchState.UPSIDE_DOWN:
            how = "upside down"
        text = f"The picture of {watched.name} is {how}, so nobody is judged: turn the "
        self._shown.add(key)
        if watched.live and turn:
            self._banners.show_message(
                key,
                Severity.ERROR,
                f"{text}camera, or its picture",
                "Turn the picture",
                lambda: self.turn(watched, turn),
            )
        else:
            what = "camera" if watched.live else "recording"
            self._banners.show_message(key, Severity.ERROR, text + what)

    def _show_banner(self, seen: _Seen) -> None:
        name, status = seen.watched.name, seen.status
        key = f"source {name}"
        if seen.doubt is WatchState.MOVED:
            self._shown.add(key)
            self._banners.show_message(
                *(key, Severity.WARNING, f"{name} {DOUBTS[seen.doubt]}", "It is right so"),
                seen.watched.capture.accept_scene,
            )
        elif seen.doubt is not None:
            self._show(
                key, Severity.WARNING, f"{name} {DOUBTS[seen.doubt]}", "Connect again", [name]
            )
        elif status.state is SourceState.DAMAGED:
            self._show(key, Severity.WARNING, status.message, "Connect again", [name])
        elif status.state is SourceState.STALLED:
            text = (
                f"{name} sends no pictures at the moment: check its cable, its power and the "
                f"network"
            )
            self._show(key, Severity.WARNING, text, "", [])
        elif status.refused and (camera := self.known(seen.watched)) is not None:
            self._show_refused(key, seen, camera)
        elif status.state is SourceState.LOST:
            self._show(
                key,
                Severity.WARNING,
                f"{status.message}. It is tried again by itself",
                "Try now",
                [name],
            )
        else:
            self._show(key, Severity.ERROR, status.message, "Try again", [name])

    def _show_refused(self, key: str, seen: _Seen, camera: KeptCamera) -> None:
        """Say that user or password are wrong, with both ways to mend that."""
        self._shown.add(key)
        text = trouble_text(seen.watched.name, seen.status)
        self._banners.show_message(
            key, Severity.WARNING, text, "Enter it…", lambda: self.enter(camera)
        )
        self._banners.offer(key, "Change…", lambda: self.change(camera))

    def _show(self, key: str, severity: Severity, text: str, button: str, names: list[str]) -> None:
        self._shown.add(key)
        self._banners.show_message(
            key, severity, text, button, (lambda: self._again(names)) if names else None
        )

    def _again(self, names: list[str]) -> None:
        for name in names:
            self._session.again(name)

    def _show_on_picture(self, seen: _Seen, view: PictureView) -> None:
        state, name = seen.status.state, seen.watched.name
        if not view.has_picture:
            titles = {
                SourceState.OPENING: f"Opening {name}…",
                SourceState.LOST: f"{name} is lost",
                SourceState.FAILED: f"{name} cannot be shown",
            }
            hint = (
                ""
                if state in (SourceState.OPENING, SourceState.LIVE)
                else "The message above says what to do"
            )
            if state is SourceState.LOST and seen.condition is not None:
                titles[state] = f"{name} is lost since {self._clock(seen.condition)}"
            if state is SourceState.LOST and seen.countdown_s is not None and self._grid.several:
                hint = _countdown(seen.countdown_s)
            view.set_placeholder(titles.get(state, name), hint)
            view.set_plate("")
            return
        recorded = seen.watched.source.recorded
        demo = recorded is not None and recorded.path == DEMO_CLIP
        view.set_recording(not seen.watched.live, DEMONSTRATION if demo else RECORDING)
        old = (seen.condition is not None and seen.condition.state in OLD) or state in TROUBLES
        if old or seen.watched.lent or self.stuck:
            view.drop_faces()  # nobody may take the last picture for the present one
        view.set_old(old or self._is_stuck(seen) or (seen.watched.live and self._paused(seen)))
        view.set_plate(self._plate(seen))

    @staticmethod
    def _clock(condition: Condition) -> str:
        return clock(condition.since, datetime.now(UTC))

    def _is_stuck(self, seen: _Seen) -> bool:
        return self.stuck and seen.status.state is SourceState.LIVE and not seen.watched.lent

    def _plate(self, seen: _Seen) -> str:
        state, several, condition = seen.status.state, self._grid.several, seen.condition
        if condition is not None and state is not SourceState.OPENING and not seen.watched.lent:
            plate = condition_text(condition, state, datetime.now(UTC), several)
            if state is SourceState.LOST and several and seen.countdown_s is not None:
                plate += f". {_countdown(seen.countdown_s)}"
            if plate and (state is not SourceState.ENDED or condition.state in TURNED):
                return plate
        if seen.watched.review is not None and state is not SourceState.FAILED:
            place = seen.watched.review.place()
            told = plate_text(place, stills=seen.watched.stills)
            if told or not place.at_front:  # what is looked at closely is not covered
                return told
        plate = (TILE_PLATES if several else PLATES).get(state, "")
        if state is SourceState.OPENING and several:
            return "Opening…"
        if self._paused(seen):
            return "Paused" if several else "Paused. Space goes on"
        if self._is_stuck(seen):
            return "An old picture: nobody is judged now"
        if plate or seen.watched.lent:
            return plate or "Somebody is enrolled here: nobody is counted"
        worker, _ = self._session.worker_state()
        if worker is WorkerState.LOADING:
            return "Loading models…"
        return "Picture only: nobody is counted" if worker is WorkerState.FAILED else ""


def _countdown(seconds: float) -> str:
    return f"Next try in {max(0, round(seconds))} s"
