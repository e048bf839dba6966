"""Model cards: a JSON file beside each weight file that says what it is and which bytes it was.

`models/mask_v3.json` describes `models/mask_v3.onnx` (and `mask_v3.keras`). Fields that the program
reads:

    name        the model's name, written into every sighting
    task        "mask", "detector", "embedding", "gender" or "aligner"
    files       {"mask_v3.onnx": {"sha256": ..., "bytes": ...}, ...}
    classes     ["masked", "unmasked", "incorrect"], in the order of the network's outputs
    aligner     of an embedding model: the model that lays the faces straight first, see
                `monitor.identity.straighten`
    input       {"size": 128, "margin": 0.25, "colour": "RGB", "range": [-1, 1], "layout": "NHWC"}

All else (source, licence, data, split, seed, figures) is for people.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from monitor.errors import ModelError

MODELS_DIR = Path(__file__).resolve().parent.parent / "models"


def sha256(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_card(path: Path) -> dict[str, Any]:
    """The card of the weight file at `path`, after its bytes were checked against it.

    Raises:
        ModelError: If the file or its card is missing, the card cannot be read or does not list the
            file, or the SHA-256 differs.
    """
    again = "run `git checkout models` or install Mask Monitor again"
    if not path.is_file():
        raise ModelError(f"model file {path.name} is missing from {path.parent}: {again}")
    card_path = path.with_suffix(".json")
    try:
        card: dict[str, Any] = json.loads(card_path.read_text(encoding="utf-8"))
        expected = card["files"][path.name]["sha256"]
    except FileNotFoundError:
        raise ModelError(
            f"model {path.name} has no card {card_path.name} beside it, so it is not used: {again}"
        ) from None
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise ModelError(
            f"the card {card_path.name} cannot be read or does not list {path.name} ({error!r}): "
            f"{again}"
        ) from None
    if sha256(path) != expected:
        raise ModelError(
            f"model {path.name} is not the file that its card {card_path.name} describes (SHA-256 "
            f"differs): {again}"
        )
    return card
