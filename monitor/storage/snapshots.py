"""Pictures of sightings: kept only where the user turned `store.snapshots` on, deleted with their
sightings.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import cv2

from monitor.data_folder import data_folder
from monitor.errors import StoreError
from monitor.faces.boxes import crop_square
from monitor.records import FloatArray, Image

SIDE_PX = 256
MARGIN = 0.6


class Snapshots:
    """A folder of JPEGs named after sightings, readable by its owner alone. One thread at a
    time.

    Args:
        folder: In the data folder by default.
        on: Whether pictures are kept. Those that were kept before are deleted in time all the same.

    Raises:
        StoreError: If the folder cannot be made.
    """

    def __init__(self, folder: Path | None = None, *, on: bool = True) -> None:
        self._folder = folder or data_folder() / "snapshots"
        self.on = on
        if not on:
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"the folder for snapshots cannot be made ({error.strerror}): set store.snapshots "
                f"= false"
            ) from None

    def keep(self, sighting_id: str, image_bgr: Image, xyxy: FloatArray) -> None:
        """Write the face of a sighting.

        Raises:
            StoreError: If it cannot be written.
        """
        good, jpeg = cv2.imencode(".jpg", crop_square(image_bgr, xyxy, MARGIN, SIDE_PX))
        assert good
        try:
            path = self._path(sighting_id)
            self._folder.mkdir(mode=0o700, exist_ok=True)  # somebody may have deleted it
            path.touch(mode=0o600)
            path.write_bytes(jpeg.tobytes())
        except OSError as error:
            raise StoreError(
                f"a snapshot cannot be written ({error.strerror}): free the disk or the folder"
            ) from None

    def forget(self, sighting_id: str) -> bool:
        """Delete the picture of a sighting. False if there is none.

        Raises:
            StoreError: If it cannot be deleted.
        """
        path = self._path(sighting_id)
        was_there = path.exists()
        self._delete(path)
        return was_there

    def purge(self, before: datetime) -> int:
        """Delete the pictures made before a time. Returns how many.

        Raises:
            StoreError: If one cannot be deleted.
        """
        old = [
            path for path in self._folder.glob("*.jpg") if path.stat().st_mtime < before.timestamp()
        ]
        for path in old:
            self._delete(path)
        return len(old)

    def _delete(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(
                f"snapshot {path.name} cannot be deleted ({error.strerror}): delete it by hand"
            ) from None

    def _path(self, sighting_id: str) -> Path:
        return self._folder / f"{sighting_id}.jpg"
