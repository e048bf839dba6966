"""Which clips there are below some folders, and whose footage each is."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import ConfigError
from monitor.given import CLIP_ENDINGS
from monitor.scan.records import Clip, Refused

ENDINGS = (*CLIP_ENDINGS, ".ts", ".m2ts", ".wmv", ".flv", ".3gp", ".asf")
CAMERA_MAX = 100  # letters of a camera's name
UNNAMED = "scan"


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, in the order of the paths."""

    clips: tuple[Clip, ...]
    refused: tuple[Refused, ...]  # files and folders that cannot be looked at


def find_clips(named: Iterable[Path], camera: str = "") -> Found:
    """The clips below some folders, and those that are named themselves; each once.

    Args:
        named: Folders and files.
        camera: Whose footage all of it is; empty: the folders tell.

    Raises:
        ConfigError: If one of them is not there or cannot be read, or there is no clip.
    """
    named, refused = list(named), list[Refused]()
    paths: dict[str, str] = {}
    for top in named:
        for found in _below(top.absolute(), refused):
            paths.setdefault(os.path.realpath(found), camera or camera_of(found, top.absolute()))
    clips = []
    for path, whose in sorted(paths.items()):
        try:
            path.encode()
            known = os.stat(path)
        except UnicodeEncodeError:
            refused.append(Refused(ascii(path), "its name is not valid text: rename the file"))
        except OSError as error:
            refused.append(Refused(path, f"cannot be read ({error.strerror}): check its rights"))
        else:
            if stat.S_ISREG(known.st_mode):
                clips.append(Clip(path, known.st_size, known.st_mtime_ns, whose))
            else:
                refused.append(Refused(path, "is no file but a pipe or a device"))
    if not clips and not refused:
        raise ConfigError(
            f"there is no clip in {', '.join(map(str, named))}: a clip's name ends in "
            f"{', '.join(ENDINGS)}"
        )
    return Found(tuple(clips), tuple(refused))


def _below(top: Path, refused: list[Refused]) -> list[Path]:
    if not top.is_dir():
        if top.exists():
            return [top]
        raise ConfigError(f"{top} is not there: check the path")
    try:
        os.listdir(top)
    except OSError as error:
        raise ConfigError(
            f"the folder {top} cannot be read ({error.strerror}): check its rights"
        ) from None

    def unreadable(error: OSError) -> None:
        refused.append(
            Refused(str(error.filename), f"cannot be read ({error.strerror}): check its rights")
        )

    found = []
    for folder, folders, names in os.walk(top, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [
            Path(folder, name)
            for name in names
            if name.lower().endswith(ENDINGS) and not name.startswith(".")
        ]
    return found


def camera_of(path: Path, top: Path) -> str:
    """The nearest folder above a clip, up to the one that was named, whose name holds letters: one
    of digits alone is a day or an hour.
    """
    folders = [folder for folder in path.parents if folder == top or top in folder.parents]
    named = next((f.name for f in folders if any(letter.isalpha() for letter in f.name)), "")
    if not folders:  # a clip that was named itself
        named = path.parent.name
    shown = "".join(letter for letter in named if letter.isprintable())
    return shown.encode(errors="ignore").decode()[:CAMERA_MAX].strip() or UNNAMED
