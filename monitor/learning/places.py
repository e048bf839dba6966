"""Where what is learnt lies: `learning` in the user's data folder, for its owner alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from monitor.data_folder import data_folder
from monitor.errors import StoreError


@dataclass(frozen=True)
class Places:
    """The parts of the folder; each is made when it is first written to."""

    root: Path

    @property
    def faces(self) -> Path:
        """Kept faces: a picture and what was said of it, each."""
        return self.root / "faces"

    @property
    def sets(self) -> Path:
        """Data sets: manifests."""
        return self.root / "sets"

    @property
    def models(self) -> Path:
        """What was learnt: ONNX files with their cards."""
        return self.root / "models"

    @property
    def runs(self) -> Path:
        """A record of each training, and MLflow's files."""
        return self.root / "runs"

    @property
    def days(self) -> Path:
        """Daily sums of what cameras show; no picture, nobody in particular."""
        return self.root / "days"

    @property
    def live(self) -> Path:
        """Which model is live: one small file, replaced by renaming."""
        return self.root / "live.json"

    def made(self, folder: Path) -> Path:
        """The folder, there and for its owner alone.

        Raises:
            StoreError: If it cannot be made.
        """
        try:
            for one in (self.root, folder):  # the mode is that of the last folder alone
                one.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"the folder {folder} cannot be made ({error.strerror}): free the disk, or check "
                f"its rights"
            ) from None
        return folder


def default_places() -> Places:
    """
    Raises:
        StoreError: If the data folder cannot be made.
    """
    return Places(data_folder() / "learning")
