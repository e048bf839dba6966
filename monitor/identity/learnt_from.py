"""Which recognisers learnt from the pictures that were kept of somebody: noted beside the pictures
by whoever trains one, so that `forget` finds them.

`recognisers.json` in the person's folder is a list of cards' paths. Forgetting takes the name and
the consent out of each card: the output stays, and stands for nobody.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from monitor.card import CARD_BYTES_MAX
from monitor.files import private, read_file, write_whole
from monitor.identity.person import EnrolledPerson
from monitor.identity.results import RecogniserWithdrawal
from monitor.names import same_name

NOTE = "recognisers.json"


def note_recogniser(folder: Path, card: Path) -> None:
    """Write beside somebody's kept pictures that a recogniser learnt from them.

    Args:
        folder: The person's, with `consent.json`.
        card: Of the recogniser.

    Raises:
        OSError: If it cannot be written.
    """
    cards = dict.fromkeys([*_noted(folder), str(card.absolute())])
    with private(folder / NOTE) as file:
        file.write(json.dumps(list(cards), ensure_ascii=False, indent=2).encode() + b"\n")


def withdraw(person: EnrolledPerson) -> tuple[RecogniserWithdrawal, ...]:
    """Take somebody out of the cards of all recognisers that are noted beside their pictures; call
    it before these are deleted. A card that is not there any more is passed over.
    """
    found = dict.fromkeys(card for folder in person.pictures for card in _noted(Path(folder)))
    done = []
    for card in found:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            done.append(RecogniserWithdrawal(_blanked(Path(card), person.name), card))
    for folder in person.pictures:
        with contextlib.suppress(OSError):
            (Path(folder) / NOTE).unlink()
    return tuple(done)


def _noted(folder: Path) -> list[str]:
    try:
        cards = json.loads(read_file(folder / NOTE, CARD_BYTES_MAX))
    except (OSError, ValueError, RecursionError):
        return []
    return [card for card in cards if isinstance(card, str)] if isinstance(cards, list) else []


def _blanked(path: Path, name: str) -> bool:
    """Whether the card says nothing of the person any more.

    Raises:
        FileNotFoundError, NotADirectoryError: If there is no card.
    """
    try:
        card = json.loads(read_file(path, CARD_BYTES_MAX))
        if card["task"] != "recogniser":
            return True  # another model lies there now
        kept = [None if _is(entry, name) else entry for entry in card["people"]]
        if kept != card["people"]:
            content = json.dumps(card | {"people": kept}, ensure_ascii=False, indent=2)
            write_whole(path, content.encode() + b"\n")
    except (FileNotFoundError, NotADirectoryError):
        raise
    except (OSError, ValueError, RecursionError, KeyError, TypeError):
        return False
    return True


def _is(entry: Any, name: str) -> bool:
    return entry is not None and same_name(str(entry["name"]), name)
