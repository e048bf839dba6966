"""Which mask model is live: `champion`, `candidate` and `previous`, in one small file that is
replaced by renaming. Whoever reads it sees the old state or the new one, never half of one.

None in the place of a model is the shipped one. A model is named with the SHA-256 of its ONNX file;
it is used only if file, card and registry agree.
"""

from __future__ import annotations

import contextlib
import getpass
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from monitor.card import read_card, read_model
from monitor.errors import ConfigError, ModelError, StoreError
from monitor.files import one_writer, read_file, write_whole
from monitor.learning.places import Places

REGISTRY_MAX = 2**20  # bytes
HISTORY_MAX = 200
LOCK_WAIT_S = 10.0
SHIPPED = "the shipped model"


@dataclass(frozen=True, slots=True)
class Registered:
    """A model that was learnt."""

    name: str
    sha256: str  # of its ONNX file


@dataclass(frozen=True, slots=True)
class Event:
    """What was promoted or taken back."""

    at: str  # ISO 8601, UTC
    by: str
    what: str  # "promoted" or "rolled back"
    model: str  # its name; SHIPPED for that
    why: str = ""


@dataclass(frozen=True, slots=True)
class Live:
    """The registry's state."""

    champion: Registered | None = None
    previous: Registered | None = None
    candidate: Registered | None = None  # tested, and waiting for somebody to promote it
    has_previous: bool = False  # `previous` counts: None is the shipped model then
    history: tuple[Event, ...] = ()  # the newest last


def read_live(places: Places) -> Live:
    """
    Raises:
        StoreError: If the file is damaged.
    """
    try:
        values = json.loads(read_file(places.live, REGISTRY_MAX))
        return Live(
            _registered(values["champion"]),
            _registered(values["previous"]),
            _registered(values["candidate"]),
            bool(values["has_previous"]),
            tuple(Event(**event) for event in values["history"]),
        )
    except FileNotFoundError:
        return Live()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(
            f"the registry of models {places.live} is damaged ({str(error)[:80]}): run `python "
            f"main.py learn rollback --to-shipped`, which begins it anew"
        ) from None


def checked_file(places: Places, model: Registered) -> Path:
    """The ONNX file of a registered model, after file, card and registry were found to agree.

    Raises:
        ModelError: If they do not.
    """
    path = places.models / f"{model.name}.onnx"
    if path.parent != places.models:
        raise ModelError(f"{model.name!r} is no name of a model")
    card, _ = read_model(path)
    if card["files"][path.name]["sha256"] != model.sha256 or card.get("name") != model.name:
        raise ModelError(
            f"model {model.name} is not the one that was promoted: run `python main.py learn "
            f"rollback`"
        )
    return path


def champion_file(places: Places) -> tuple[Registered, Path] | None:
    """The live model; None: the shipped one.

    Raises:
        StoreError: If the registry is damaged.
        ModelError: If the model is.
    """
    champion = read_live(places).champion
    return None if champion is None else (champion, checked_file(places, champion))


def propose(places: Places, model: Registered) -> None:
    """A model has passed its tests and waits.

    Raises:
        StoreError, ModelError: One line; nothing has changed then.
    """
    with _changing(places) as live:
        checked_file(places, model)
        _write(places, replace(live, candidate=model))


def promote(places: Places, model: Registered, by: str, why: str) -> None:
    """Make a model the live one; running programs take it up within seconds.

    Raises:
        StoreError, ModelError: One line; what was live stays live.
    """
    with _changing(places) as live:
        checked_file(places, model)
        if live.champion == model:
            raise ConfigError(f"{model.name} is live already")
        waiting = None if live.candidate == model else live.candidate
        event = Event(_now(), by, "promoted", model.name, why)
        _write(places, Live(model, live.champion, waiting, True, _with(live, event)))


def roll_back(places: Places, by: str) -> str:
    """Make the model before the live one again. Returns its name.

    Raises:
        ConfigError: If there is none.
        StoreError, ModelError: One line; what was live stays live.
    """
    with _changing(places) as live:
        if not live.has_previous:
            raise ConfigError("nothing was promoted yet, so there is nothing to roll back")
        if live.previous is not None:
            checked_file(places, live.previous)
        name = live.previous.name if live.previous is not None else SHIPPED
        event = Event(_now(), by, "rolled back", name)
        state = Live(live.previous, live.champion, live.candidate, True, _with(live, event))
        _write(places, state)
    return name


def back_to_shipped(places: Places, by: str) -> None:
    """Make the shipped model the live one, whatever state the registry is in.

    Raises:
        StoreError: If it cannot be written.
    """
    with _locked(places):
        try:
            live = read_live(places)
        except StoreError:
            live = Live()
        event = Event(_now(), by, "rolled back", SHIPPED)
        has_previous = live.champion is not None
        _write(places, Live(None, live.champion, live.candidate, has_previous, _with(live, event)))


def tidy_models(places: Places, newest: str) -> None:
    """Delete models that nobody can come back to: all but the three of the registry, their parents
    and the newest one.

    Raises:
        StoreError: If the registry is damaged; nothing is then deleted.
    """
    with _changing(places) as live:
        kept = {newest, *(m.name for m in (live.champion, live.previous, live.candidate) if m)}
        for name in tuple(kept):
            with contextlib.suppress(ModelError):
                card = read_card(places.models / f"{name}.json", name)
                kept.add(str(card.get("parent", {}).get("name", "")))
        kept |= {f"{name}_features" for name in tuple(kept)}
        for path in places.models.iterdir() if places.models.is_dir() else ():
            with contextlib.suppress(OSError):
                if path.suffix in (".onnx", ".json", ".npz", ".keras") and path.stem not in kept:
                    path.unlink()


def user_name() -> str:
    """Who is at the computer."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # nobody has a name here
        return "somebody"


def _registered(value: Any) -> Registered | None:
    if value is None:
        return None
    model = Registered(**value)
    if not (isinstance(model.name, str) and isinstance(model.sha256, str)):
        raise ValueError("a model without name")
    return model


def _with(live: Live, event: Event) -> tuple[Event, ...]:
    return (*live.history, event)[-HISTORY_MAX:]


def _write(places: Places, live: Live) -> None:
    try:
        write_whole(places.live, json.dumps(asdict(live), indent=1).encode())
    except OSError as error:
        raise StoreError(
            f"the registry of models cannot be written ({error.strerror}): free the disk; what was "
            f"live stays live"
        ) from None


@contextlib.contextmanager
def _changing(places: Places) -> Iterator[Live]:
    with _locked(places):
        yield read_live(places)


@contextlib.contextmanager
def _locked(places: Places) -> Iterator[None]:
    """One writer at a time; a crash lets the lock go."""
    live = places.made(places.root) / "live"
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(one_writer(live, LOCK_WAIT_S))
        except TimeoutError:
            raise StoreError(
                "another program is changing the registry of models: try again"
            ) from None
        except OSError as error:
            raise StoreError(
                f"{live.parent} cannot be written ({error.strerror}): free the disk"
            ) from None
        yield


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
