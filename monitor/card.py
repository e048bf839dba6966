"""Model cards: a JSON file beside each weight file that says what it is and which bytes it was.

`models/mask_v5.json` describes `models/mask_v5.onnx` (and `mask_v5.keras`). Fields that the program
reads:

    name        the model's name, written into every sighting
    task        "mask", "detector", "embedding", "gender", "aligner" or "recogniser" (whose further
                fields are in `monitor.identity.recogniser`)
    files       {"mask_v5.onnx": {"sha256": ..., "bytes": ...}, ...}
    classes     ["masked", "unmasked", "incorrect"], in the order of the network's outputs
    aligner     of an embedding model: the model that lays the faces straight first, see
                `monitor.identity.straighten`
    input       {"size": 128, "margin": 0.25, "colour": "RGB", "range": [-1, 1], "layout": "NHWC"}

All else (source, licence, data, split, seed, figures) is for people.

A card lies beside its model and is not signed: it shows damage and mix-ups, not tampering. Who can
write the model can write the card.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from monitor.errors import ModelError
from monitor.files import read_file

MODELS_DIR = Path(__file__).resolve().parent.parent / "models"
MODEL_BYTES_MAX = 2**30
MODEL_ANSWER_S = 30.0  # a model of 20 MB may come over a slow share
CARD_BYTES_MAX = 2**20
DEPTH_MAX = 20  # of lists and tables in a card
# what the program reckons with: part of the card, field, least, most
_BOUNDS = (("input", "size", 1, 4096), ("input", "margin", 0, 4), ("output", "dimension", 1, 65536))


def sha256(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_card(path: Path) -> dict[str, Any]:
    """The card of the weight file at `path`, after its bytes were checked against it.

    Raises:
        ModelError: See `read_model`.
    """
    return read_model(path)[0]


def read_model(path: Path) -> tuple[dict[str, Any], bytes]:
    """The card of the weight file at `path`, and the file's content.

    The file is read once: what was checked is what is given back, whoever changes it meanwhile.

    Raises:
        ModelError: If the file or its card is missing, the card cannot be read or does not list the
            file, or the SHA-256 differs.
    """
    name = shown(path.name)
    try:
        content = read_file(path, MODEL_BYTES_MAX, MODEL_ANSWER_S)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise ModelError(
            f"model file {name} is missing from {shown(str(path.parent))}: {_again(path)}"
        ) from None
    except OSError as error:
        raise ModelError(
            f"model file {name} cannot be read ({error.strerror}): {_again(path)}"
        ) from None
    card_path = path.with_suffix(".json")
    card = read_card(card_path, name)
    try:
        expected = card["files"][path.name]["sha256"]
    except (KeyError, TypeError) as error:
        raise _unreadable(card_path, name, repr(error)) from None
    if hashlib.sha256(content).hexdigest() != expected:
        raise ModelError(
            f"model {name} is not the file that its card {shown(card_path.name)} describes "
            f"(SHA-256 differs): {_again(path)}"
        )
    return card, content


def read_card(card_path: Path, model: str) -> dict[str, Any]:
    """A card by itself; `model` is the name of its model, for people.

    Raises:
        ModelError: If it is missing, cannot be read or holds what no card holds.
    """
    try:
        text = read_file(card_path, CARD_BYTES_MAX)
        card = json.loads(text.decode("utf-8"))
        _check(card)
    except FileNotFoundError:
        raise ModelError(
            f"model {model} has no card {shown(card_path.name)} beside it, so it is not used: "
            f"{_again(card_path)}"
        ) from None
    except OSError as error:
        raise _unreadable(card_path, model, str(error.strerror)) from None
    except (ValueError, RecursionError) as error:  # no JSON, no UTF-8, nested without end
        raise _unreadable(card_path, model, repr(error)) from None
    found: dict[str, Any] = card
    return found


def embedding_of(path: Path) -> tuple[str, int]:
    """Name and dimension of the embedding model at `path`, from its card.

    Raises:
        ModelError: See `read_model`; also if the card is not that of an embedding model.
    """
    card = load_card(path)
    try:
        return str(card["name"]), int(card["output"]["dimension"])
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(path.with_suffix(".json"), shown(path.name), repr(error)) from None


def shown(text: str) -> str:
    """A text from outside as it can stand in one line."""
    return text if text.isprintable() else ascii(text)


def _unreadable(card_path: Path, model: str, reason: str) -> ModelError:
    return ModelError(
        f"the card {shown(card_path.name)} cannot be read or does not list {model} "
        f"({reason[:200]}): {_again(card_path)}"
    )


def _again(path: Path) -> str:
    """What to do about a file that is not as it should be: a shipped one, or one's own."""
    if path.parent == MODELS_DIR:
        return "run `git checkout models` or install Mask Monitor again"
    return "make model and card anew, put back a copy of both, or name another model"


def _check(card: Any) -> None:
    """Raises ValueError where a card would lead its readers astray."""
    if not isinstance(card, dict):
        raise ValueError("it is no table")
    layer: list[Any] = [card]
    for _ in range(DEPTH_MAX):
        inside: list[Any] = []
        for value in layer:
            if isinstance(value, dict):
                inside += [*value, *value.values()]
            elif isinstance(value, list):
                inside += value
            else:
                _check_leaf(value)
        layer = inside
    if layer:
        raise ValueError("nested too deep")
    for name, longest in (("name", 100), ("aligner", 1000)):  # a name goes into every sighting
        text = card.get(name, "x")
        if not (isinstance(text, str) and text.isprintable() and 0 < len(text) <= longest):
            raise ValueError(f"{name} is no short text of one line")
    for part, name, low, high in _BOUNDS:
        section = card.get(part)
        value = section.get(name, low) if isinstance(section, dict) else low
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not low <= value <= high
        ):
            raise ValueError(f"{part}.{name} is not from {low} to {high}")


def _check_leaf(value: Any) -> None:
    if isinstance(value, int | float) and not abs(value) < 2**63:
        raise ValueError("a number is not finite, or too large")
    if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ValueError("half a letter in a text")
