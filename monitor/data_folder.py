"""The user's data folder: where the store, the gallery and snapshots lie unless the user says
otherwise.
"""

from __future__ import annotations

from pathlib import Path

import platformdirs

from monitor.errors import StoreError
from monitor.files import within

ANSWER_S = 10.0  # a disk or a share that takes longer to make a folder is taken for dead

_made: set[Path] = set()  # that this process has found: later calls ask no disk, which may hang


def data_folder() -> Path:
    """The folder, readable by its owner alone; made if it is not there. Any thread; the disk is
    asked once.

    Raises:
        StoreError: If it cannot be made.
    """
    folder = Path(platformdirs.user_data_dir("mask-monitor", appauthor=False))
    if folder in _made:
        return folder
    try:
        within(lambda: folder.mkdir(mode=0o700, parents=True, exist_ok=True), folder, ANSWER_S)
    except OSError as error:
        raise StoreError(
            f"the data folder {folder} cannot be made ({error.strerror}): give a place with --store"
        ) from None
    _made.add(folder)
    return folder


def default_gallery() -> Path:
    """Where the gallery lies unless the user says otherwise. Here, so that mask-only mode knows it
    without loading anything of identity.

    Raises:
        StoreError: If the data folder cannot be made.
    """
    return data_folder() / "gallery.npz"
