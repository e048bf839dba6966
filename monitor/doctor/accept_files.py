"""Saves what an acceptance run has found. Nothing is overwritten."""

from __future__ import annotations

from pathlib import Path

from monitor.doctor.accept_records import Accepted
from monitor.doctor.accept_words import as_csv, as_markdown
from monitor.errors import ConfigError, PlaceTakenError, StoreError
from monitor.files import within

WRITERS = {".csv": as_csv, ".md": as_markdown}


def check_place(path: Path) -> None:
    """
    Raises:
        ConfigError: If it ends in neither .csv nor .md, or its folder is not there.
        PlaceTakenError: If there is something already.
    """
    if path.suffix.lower() not in WRITERS:
        raise ConfigError(
            f"{path} is neither CSV nor Markdown: give a name that ends in .csv or .md"
        )
    if not path.absolute().parent.is_dir():
        raise ConfigError(f"the folder {path.absolute().parent} is not there: make it first")
    if path.exists() or path.is_symlink():
        raise PlaceTakenError(f"{path} is there already: choose another name")


def save(accepted: Accepted, path: Path) -> None:
    """Write it as CSV or Markdown, by the end of the name. Any thread.

    Raises:
        ConfigError, PlaceTakenError: See `check_place`.
        StoreError: If it cannot be written.
    """
    check_place(path)
    content = WRITERS[path.suffix.lower()](accepted)

    def write() -> None:
        with path.open("x", encoding="utf-8", newline="") as file:  # not over another one's
            file.write(content)

    try:
        within(write, path)
    except FileExistsError:
        raise PlaceTakenError(f"{path} is there already: choose another name") from None
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written ({error.strerror}): choose another place"
        ) from None
