"""Tracker: boxes in, track ids out. Knows nothing of pictures, masks or files.

Greedy association by overlap with a constant-velocity forecast, as SORT does (arXiv:1602.00763),
with two things that an entrance camera asks for: time is in seconds, not in frames, so that it
holds at 5 and at 60 frames a second; and weak detections carry a track on but never begin one, as
in ByteTrack (arXiv:2110.06864). The libraries for it (norfair, supervision, motpy) count
in frames and bring SciPy, filterpy or matplotlib to the desk.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from monitor.analysis.evidence import Mask, parts, sure
from monitor.config import TrackConfig
from monitor.faces.boxes import iou_matrix, longer_side
from monitor.records import Detections, FloatArray

# A face may move by this many of its own sizes between two searches and still be taken for the same
# one where boxes do not overlap.
REACH = 0.8
REACH_PER_S = 1.5  # and by this many more for each second since it was last seen
# A busy machine searches twice a second. Whoever is alone may then move by this many sizes for each
# second between two searches (a camera in the hand moves faces by 5.5), which count up to a limit.
REACH_ALONE_PER_S, STEP_MAX_S = 5.0, 0.6
SPARSE_S = 0.22  # searches further apart are sparse: the program searches at least every 0.2 s
SIZE_RATIO_MAX = 1.8
VELOCITY_BLEND = 0.5  # weight of the newest movement in the smoothed velocity
SILENT_MAX_S = 15.0  # after this long without a search, people are taken to have left
SURE_SEARCHES = 10  # a person is one who is surely a face in some of so many searches
FORECAST_MAX_S = 0.5  # a face that is not seen is not expected to go on for longer


@dataclass(slots=True, eq=False)
class Track:
    """One face followed over time."""

    track_id: int
    box: FloatArray  # (4,) xyxy where it was last seen
    first_t: float
    last_t: float
    hits: int = 1
    misses: int = 0  # searches since it was last seen
    # whether it was surely a face, in the last searches
    sure: deque[bool] = field(default_factory=lambda: deque(maxlen=SURE_SEARCHES))
    # px/s of the box's middle
    velocity: FloatArray = field(default_factory=lambda: np.zeros(2, np.float32))

    def forecast(self, t: float) -> FloatArray:
        """The box expected at time `t`."""
        shift = self.velocity * np.float32(min(t - self.last_t, FORECAST_MAX_S))
        return self.box + np.tile(shift, 2)

    def see(self, box: FloatArray, t: float) -> None:
        gap_s = t - self.last_t
        if gap_s > 0:
            moved = ((box[:2] + box[2:]) - (self.box[:2] + self.box[2:])) / np.float32(2 * gap_s)
            self.velocity = (VELOCITY_BLEND * moved + (1 - VELOCITY_BLEND) * self.velocity).astype(
                np.float32
            )
        self.box, self.last_t = box, t
        self.hits += 1
        self.misses = 0


class Tracker:
    """Follows the faces of one camera. The inference thread alone calls it.

    Args:
        config: Limits.
        ids: Where new track ids come from; shared between cameras so that ids are unique in a run.
    """

    def __init__(self, config: TrackConfig, ids: Iterator[int] | None = None) -> None:
        self._config = config
        self._ids = ids if ids is not None else itertools.count(1)
        self._tracks: list[Track] = []
        self._searched_t = -math.inf

    def update(self, t: float, found: Detections) -> tuple[list[Track | None], list[Track]]:
        """Take in the detections of one frame.

        Args:
            t: Seconds, never less than in the last call.
            found: The detector's faces.

        Returns:
            The track of each detection (None: too weak to begin one), and the tracks that have
            ended.
        """
        ended = self.expire(t)
        owner: list[Track | None] = [None] * len(found)
        for track in self._tracks:
            track.misses += 1
        part, certain = parts(found), sure(found)
        step_s, self._searched_t = t - self._searched_t, t
        for i, j in self._pairs(t, step_s, found.boxes, part, certain):
            self._tracks[j].see(found.boxes[i], t)
            owner[i] = self._tracks[j]
        may_begin = ~part & (found.confidence >= self._config.birth_confidence)
        for i in range(len(found)):
            if owner[i] is None and may_begin[i]:
                track = Track(next(self._ids), found.boxes[i], t, t)
                self._tracks.append(track)
                owner[i] = track
        for track in self._tracks:
            track.sure.append(False)
        for one, is_sure in zip(owner, certain, strict=True):
            if one is not None:
                one.sure[-1] = bool(is_sure)
        return owner, ended + self.expire(t)

    def __len__(self) -> int:
        return len(self._tracks)

    def smallest_px(self) -> float:
        """The longer side of the smallest face that is followed; infinite where there is none."""
        return min(
            (float(longer_side(track.box[None])[0]) for track in self._tracks), default=math.inf
        )

    def forecast(self, t: float) -> list[tuple[Track, FloatArray]]:
        """Where each track that was seen in the last search is expected at time `t`."""
        return [(track, track.forecast(t)) for track in self._tracks if track.misses == 0]

    def expire(self, t: float) -> list[Track]:
        """End the tracks that were not seen for too long, in at least two searches: a camera may
        be slow.
        """
        ended = [
            k
            for k in self._tracks
            if t - k.last_t > self._config.lost_after_s
            and (k.misses > 1 or t - k.last_t > SILENT_MAX_S)
        ]
        self._tracks = [k for k in self._tracks if k not in ended]
        return ended

    def end_all(self) -> list[Track]:
        """End every track: the source was closed."""
        ended, self._tracks = self._tracks, []
        return ended

    def renew(self, track: Track, t: float) -> None:
        """Whoever was followed is another from time `t` (s) on, and has to be confirmed anew."""
        track.track_id, track.first_t, track.hits = next(self._ids), t, 1

    def is_person(self, track: Track) -> bool:
        """Whether the track was seen for long enough, and surely enough, to be a visit rather than
        a flicker of the detector, or something that is like a face now and then.
        """
        return (
            sum(track.sure) >= min(self._config.confirm_hits, SURE_SEARCHES)
            and track.hits >= self._config.confirm_hits
            and track.last_t - track.first_t >= self._config.confirm_s
        )

    def _pairs(
        self, t: float, step_s: float, boxes: FloatArray, part: Mask, certain: Mask
    ) -> list[tuple[int, int]]:
        """Pairs (detection, track), best first, each used once; a part of a face gets what the
        faces leave. What is not certain to be a face is no further away for having been waited
        for: hair near by would be whoever has left.
        """
        if not self._tracks or not len(boxes):
            return []
        forecast = np.stack([track.forecast(t) for track in self._tracks])
        overlap = iou_matrix(boxes, forecast)
        size, known_size = longer_side(boxes)[:, None], longer_side(forecast)[None, :]
        ratio = np.maximum(size, known_size) / np.maximum(np.minimum(size, known_size), 1e-3)
        apart = _apart(boxes, forecast)
        gap = np.array([t - track.last_t for track in self._tracks], np.float32)
        reach = REACH + REACH_PER_S * gap[None, :] * certain[:, None]
        people = np.array([self.is_person(track) for track in self._tracks], np.float32)
        # Two people are told apart by where they were; one who is alone may be further off.
        sparse = step_s > SPARSE_S and people.sum() <= 1
        if sparse:  # whoever has turned round meanwhile is where they were before
            apart = np.minimum(apart, _apart(boxes, np.stack([k.box for k in self._tracks])))
            there = np.array([track.misses <= 1 for track in self._tracks])  # in the last search
            step = max(0.0, REACH_ALONE_PER_S * min(step_s, STEP_MAX_S) - REACH)
            reach = reach + step * (certain[:, None] | there[None, :])
        reach = reach * np.minimum(size, known_size)
        nearness = 1 - apart / np.maximum(reach, 1e-3)
        # Overlapping boxes come before boxes that are merely near, and people before what has not
        # yet shown to be one: hair that was found for a moment does not take the face below it.
        if sparse:
            nearness = np.where(nearness > 0, (people[None, :] + nearness) / 2, nearness)
        score = np.where(overlap >= self._config.iou_min, 1 + people[None, :] + overlap, nearness)
        score[ratio > SIZE_RATIO_MAX] = -1
        pairs, used_i, used_j = [], set(), set()
        order = np.lexsort((-score.ravel(), np.repeat(part, score.shape[1])))
        for flat in order:
            i, j = divmod(int(flat), score.shape[1])
            if score[i, j] > 0 and i not in used_i and j not in used_j:
                pairs.append((i, j))
                used_i.add(i)
                used_j.add(j)
        return pairs


def _apart(boxes: FloatArray, others: FloatArray) -> FloatArray:
    """(N, M) distances of the boxes' middles, px."""
    middles = (
        boxes[:, None, :2] + boxes[:, None, 2:] - others[None, :, :2] - others[None, :, 2:]
    ) / 2
    distances: FloatArray = np.linalg.norm(middles, axis=2).astype(np.float32)
    return distances
