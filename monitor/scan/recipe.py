"""What decides on a scan's results beside the clips: settings, zones, and the mask model that is
live on this computer.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from monitor import __version__
from monitor.camera.zones_file import load_zones, zones_path
from monitor.card import read_model
from monitor.config import ClassifyConfig, Config
from monitor.engine import model_stem
from monitor.errors import ConfigError, MonitorError
from monitor.scan.records import Recipe

log = logging.getLogger(__name__)


def recipe_of(config: Config, cameras: Collection[str]) -> Recipe:
    """The recipe of the settings, for some cameras.

    Raises:
        ConfigError: If the networks are to run in TensorFlow, or the zones are damaged.
        ModelError: If the mask model is missing, changed or without a card.
    """
    if config.classify.backend == "tensorflow":
        raise ConfigError(
            "a scan runs the networks in ONNX Runtime: take classify.backend out of the settings"
        )
    classify = replace(_live(config.classify), backend="onnx", threads=1)
    detect = replace(config.detect, threads=1)
    stem = Path(model_stem(classify.model))
    path = stem.with_name(f"{stem.name}.onnx")
    card, _ = read_model(path)
    zones = load_zones(zones_path(config.detect.zones))
    return Recipe(
        __version__,
        replace(config, detect=detect, classify=classify),
        str(card["files"][path.name]["sha256"]),
        {camera: zones[camera] for camera in sorted(cameras) if camera in zones},
    )


def _live(config: ClassifyConfig) -> ClassifyConfig:
    """With the promoted model, if there is one and the settings name no other."""
    if config.model != ClassifyConfig().model:
        return config
    from monitor.learning.places import default_places
    from monitor.learning.registry import champion_file

    try:
        found = champion_file(default_places())
    except MonitorError as error:
        log.warning("%s; the shipped model is used", error)
        return config
    return config if found is None else replace(config, model=str(found[1].with_suffix("")))
