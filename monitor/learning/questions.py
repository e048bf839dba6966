"""Faces that somebody is to judge, the least sure ones first, and what was answered. No Qt: the
window asks, see `monitor.gui.learning.review`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from monitor.config import Config
from monitor.learning.collect import DESK, Question
from monitor.learning.folders import about_of, faces_in
from monitor.learning.kept import Cut, Kept, KeptFaces
from monitor.learning.places import Places
from monitor.learning.withdrawn import withdraw_faces

AT_ONCE = 20


def of_folder(folder: Path, config: Config, done: Collection[str] = ()) -> list[Question]:
    """The faces of a folder of pictures, without those whose SHA-256 is in `done`.

    Raises:
        CameraError, ModelError: See `folders.faces_in`.
    """
    found = [face for face in faces_in(folder, config) if face is not None]
    questions = [Question(face.cutting, about_of(face, "", "")) for face in found]
    return _least_sure([q for q in questions if sha256(q.cutting.jpeg).hexdigest() not in done])


def of_kept(places: Places) -> list[Question]:
    """Kept faces that nobody has looked at one by one: what was said of their visits may not be
    true of each.

    Raises:
        StoreError: If one cannot be read.
    """
    questions = []
    for kept in KeptFaces(places).all():
        if kept.about.by == DESK:
            jpeg = (places.faces / f"{kept.sha256}.jpg").read_bytes()
            cutting = Cut(jpeg, kept.about.box, kept.about.face_px)
            questions.append(Question(cutting, kept.about))
    return _least_sure(questions)


def _least_sure(questions: Sequence[Question]) -> list[Question]:
    return sorted(questions, key=lambda question: question.about.confidence)[:AT_ONCE]


@dataclass(frozen=True, slots=True)
class _Answer:
    before: Kept | None  # what was kept of the same picture until then
    sha256: str  # "" where the face was skipped


class Sheet:
    """Goes through some questions. One thread calls it.

    Args:
        places: Where what is judged is kept.
        by: Who judges.
    """

    def __init__(self, places: Places, questions: Sequence[Question], by: str) -> None:
        self._places, self._by = places, by
        self._faces = KeptFaces(places)
        self.questions = tuple(questions)
        self._answers: list[_Answer] = []

    @property
    def position(self) -> int:
        """How many have been judged or skipped."""
        return len(self._answers)

    @property
    def current(self) -> Question | None:
        """None when all are done."""
        done = self.position >= len(self.questions)
        return None if done else self.questions[self.position]

    @property
    def judged(self) -> int:
        return sum(bool(answer.sha256) for answer in self._answers)

    def answer(self, label: str) -> None:
        """Keep the face with what is said of it, one of `kept.LABELS`.

        Raises:
            StoreError: If it cannot be kept; the question stays.
        """
        question = self.current
        if question is None:
            return
        name = sha256(question.cutting.jpeg).hexdigest()
        before = next((kept for kept in self._faces.all() if kept.sha256 == name), None)
        about = replace(question.about, label=label, by=self._by, said=datetime.now(UTC))
        self._faces.keep(question.cutting, about)
        self._answers.append(_Answer(before, name))

    def skip(self) -> None:
        if self.current is not None:
            self._answers.append(_Answer(None, ""))

    def undo(self) -> bool:
        """Back to the question before, whose answer is taken back. False if there is none.

        Raises:
            StoreError: If it cannot be taken back.
        """
        if not self._answers:
            return False
        answer = self._answers[-1]
        if answer.sha256:
            if answer.before is not None:
                cutting = self.questions[self.position - 1].cutting
                self._faces.keep(cutting, answer.before.about)
            else:
                withdraw_faces(self._places, lambda kept: kept.sha256 == answer.sha256)
        self._answers.pop()
        return True
