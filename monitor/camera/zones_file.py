"""The zones of all cameras, by the name that a camera is shown by: a JSON file in the user's data
folder, which the window writes and every run reads.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitor.camera.turn import Turn
from monitor.camera.zones import CORNERS_MAX, ZONES_MAX, Polygon, Zones
from monitor.config import ROTATIONS
from monitor.data_folder import data_folder
from monitor.errors import ConfigError, StoreError
from monitor.files import read_file, write_whole

FILE_BYTES_MAX = 2**20
VERSION = 1


def zones_path(named: str = "") -> Path:
    """Where the file lies: as the settings say, else in the data folder.

    Raises:
        StoreError: If the data folder cannot be made.
    """
    return Path(named) if named else data_folder() / "zones.json"


def load_zones(path: Path) -> dict[str, Zones]:
    """The zones by camera; none where there is no file. Any thread.

    Raises:
        ConfigError: If it cannot be read or is no such file: to count everybody in silence would
            be worse.
    """
    try:
        content = read_file(path, FILE_BYTES_MAX)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(f"the zones {path} cannot be read ({error.strerror})") from None
    try:
        document = json.loads(content)
        if document["version"] != VERSION:
            raise ConfigError(f"the zones {path} are of another version: update Mask Monitor")
        return {str(name): _zones(entry) for name, entry in document["cameras"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ConfigError(
            f"the zones {path} are damaged: mend that file, or remove it and draw them anew"
        ) from None


def save_zones(path: Path, camera: str, zones: Zones) -> None:
    """Replace the zones of one camera; those of the others stay. Any thread.

    Raises:
        ConfigError: If the file that is there is damaged.
        StoreError: If it cannot be written.
    """
    all_zones = load_zones(path)
    all_zones.pop(camera, None)
    if zones:
        all_zones[camera] = zones
    document = {"version": VERSION, "cameras": {n: _entry(z) for n, z in all_zones.items()}}
    try:
        write_whole(path, json.dumps(document, indent=1, ensure_ascii=False).encode())
    except OSError as error:
        raise StoreError(f"the zones {path} cannot be written ({error.strerror})") from None


def _entry(zones: Zones) -> dict[str, Any]:
    entry: dict[str, Any] = {
        kind: [[[round(x, 4), round(y, 4)] for x, y in polygon] for polygon in polygons]
        for kind, polygons in (("counting", zones.counting), ("ignored", zones.ignored))
        if polygons
    }
    if zones.turn is not None:
        entry["turn"] = {"rotate": zones.turn.rotate, "mirror": zones.turn.mirror}
    return entry


def _zones(entry: Mapping[str, Any]) -> Zones:
    kinds = {kind: tuple(map(_polygon, entry.get(kind, ()))) for kind in ("counting", "ignored")}
    if set(entry) - {*kinds, "turn"} or sum(map(len, kinds.values())) > ZONES_MAX:
        raise ValueError(entry)
    return Zones(**kinds, turn=_turn(entry["turn"]) if "turn" in entry else None)


def _turn(said: Any) -> Turn:
    turn = Turn(said["rotate"], said["mirror"])
    if turn.rotate not in ROTATIONS or not isinstance(turn.mirror, bool):
        raise ValueError(said)
    return turn


def _polygon(corners: Any) -> Polygon:
    polygon = tuple((float(x), float(y)) for x, y in corners)
    if not 3 <= len(polygon) <= CORNERS_MAX:
        raise ValueError(corners)
    if not all(math.isfinite(v) and 0 <= v <= 1 for corner in polygon for v in corner):
        raise ValueError(corners)
    return polygon
