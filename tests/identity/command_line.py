"""The commands on people, as the user types them, with the real models on the two portraits of
`assets/`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from monitor.identity.commands import run_enrol
from monitor.identity.embed import MODEL
from monitor.identity.gallery import load_gallery
from monitor.identity.person import EnrolledPerson
from monitor.records import MaskState, Visit
from monitor.storage.store import Store

ROOT = Path(__file__).resolve().parents[2]
PORTRAITS = ROOT / "assets" / "portraits"
CONSENT = ["--consent", "may greet me at the door", "--by", "desk"]


@dataclasses.dataclass
class CommandLine:
    """The commands on people in a folder of one's own, and what they said."""

    folder: Path
    said: list[str] = dataclasses.field(default_factory=list)

    @property
    def gallery(self) -> Path:
        return self.folder / "gallery.npz"

    @property
    def store(self) -> str:
        return f"sqlite:///{self.folder / 'monitor.db'}"

    def pictures(self, who: str) -> Path:
        """A folder with some pictures of `collins` or `hopper`."""
        folder = self.folder / who
        folder.mkdir(exist_ok=True)
        image = cv2.imread(str(PORTRAITS / f"{who}.jpg"))
        assert image is not None
        for number, light in enumerate((0.8, 1.0, 1.15)):
            cv2.imwrite(str(folder / f"{number}.png"), cv2.convertScaleAbs(image, alpha=light))
        return folder

    def run(self, command: Callable[..., int], *argv: object, status: int = 0) -> str:
        self.said.clear()
        arguments = [str(a) for a in argv]
        arguments += ["--gallery", str(self.gallery), "--store", self.store]
        assert command(arguments, self.said.append) == status
        return "\n".join(self.said)

    def enrol(self, name: str, who: str = "collins", *more: object) -> str:
        return self.run(run_enrol, name, "--images", self.pictures(who), *CONSENT, *more)

    def people(self) -> list[EnrolledPerson]:
        return list(load_gallery(self.gallery, MODEL, 256).people)


def enrolled(name: str, axis: int = 0, until: datetime | None = None) -> EnrolledPerson:
    vector = np.eye(256, dtype=np.float32)[axis : axis + 1]
    kinds = np.zeros(1, np.uint8)
    consent = f"{name} agreed"
    return EnrolledPerson(name, consent, datetime.now(UTC), until, "desk", vector, kinds)


def seen(url: str, *names: str) -> None:
    """Visits of some people in a store."""
    store, now = Store(url), datetime.now(UTC)
    if not store.read_shifts():
        store.begin_shift("s", now)
    for number, name in enumerate(names):
        visit = Visit(f"v{number}", "door", now, now, MaskState.MASKED, open=False, identity=name)
        store.save([dataclasses.replace(visit, shift_id="s")], [])
    store.close()
