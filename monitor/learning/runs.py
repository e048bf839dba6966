"""The record of each training: a small JSON file that the window reads, and a run in MLflow.

MLflow (mlflow-skinny, requirements-learn.txt) keeps its SQLite file and a folder of artifacts in
the data folder, or is a server by its address (`learning.mlflow`). It is imported where it is used,
with its telemetry off: nothing may leave the PC but to that server. A record is whole without it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from monitor import __version__
from monitor.errors import ConfigError, MonitorError, StoreError
from monitor.files import read_file, try_lock, write_whole
from monitor.learning.places import Places

log = logging.getLogger(__name__)

RECORD_MAX = 2**24  # bytes
EXPERIMENT = "mask-monitor"
# Read by MLflow when it is imported: no usage data, no look for newer versions, no long waits.
SWITCHES = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_ENABLE_ASYNC_LOGGING": "false",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "GIT_PYTHON_REFRESH": "quiet",  # GitPython comes with it, and looks for git when imported
}
RUNNING, BROKEN_OFF = "running", "broken off"


@dataclass(frozen=True)
class Record:
    """One training."""

    run_id: str
    kind: str  # "site" or "full"
    state: str  # "running", "better", "refused", "failed" or "broken off"
    by: str
    started: str  # ISO 8601, UTC
    seconds: float = 0.0
    code: str = __version__
    data: str = ""  # version of the data set
    parent: str = ""  # the model that was live
    model: str = ""  # what was learnt
    sha256: str = ""  # of its ONNX file
    reason: str = ""  # why it is better, refused, or has failed
    parameters: Mapping[str, float | str] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)  # faces, by label and part
    losses: tuple[float, ...] = ()  # one a step
    figures: Mapping[str, Any] = field(default_factory=dict)  # see `judge.Verdict.figures`
    confusion: tuple[tuple[int, ...], ...] = ()


def check_installed() -> None:
    """
    Raises:
        ConfigError: If MLflow is not installed.
    """
    if find_spec("mlflow") is None:
        raise ConfigError(
            "learning needs the package mlflow-skinny: run `pip install -r requirements-learn.txt`"
        )


class RunBook:
    """Writes the record of one training as it goes on."""

    def __init__(self, path: Path, record: Record) -> None:
        self._path, self.record = path, record
        self._began = time.monotonic()
        self.write()

    def write(self, **changes: Any) -> None:
        """
        Raises:
            StoreError: If it cannot be written.
        """
        seconds = round(time.monotonic() - self._began, 2)
        self.record = replace(self.record, seconds=seconds, **changes)
        try:
            write_whole(self._path, json.dumps(asdict(self.record), indent=1).encode())
        except OSError as error:
            raise StoreError(
                f"the record of the training cannot be written ({error.strerror}): free the disk"
            ) from None


@contextlib.contextmanager
def training(places: Places, kind: str, by: str, server: str) -> Iterator[RunBook]:
    """Keep a record of what is done inside, whatever comes of it.

    Raises:
        StoreError: If the record cannot be written.
    """
    moment = datetime.now(UTC)
    run_id = f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    folder = places.made(places.runs)
    with _held(folder / f"{run_id}.lock"):
        started = moment.isoformat(timespec="seconds")
        book = RunBook(folder / f"{run_id}.json", Record(run_id, kind, RUNNING, by, started))
        try:
            yield book
        except BaseException as error:
            reason = str(error) if isinstance(error, MonitorError) else type(error).__name__
            with contextlib.suppress(StoreError):
                book.write(state="failed", reason=reason)
            raise
        finally:
            if book.record.state != RUNNING:
                _tell_mlflow(places, book.record, server)


def records(places: Places) -> list[Record]:
    """All trainings, newest first; one whose record is damaged is left out, and told in the log."""
    found = []
    for path in sorted(places.runs.glob("*.json"), reverse=True) if places.runs.is_dir() else []:
        try:
            values = json.loads(read_file(path, RECORD_MAX))
            record = Record(**{f.name: values[f.name] for f in fields(Record)})
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("the record %s cannot be read (%s): delete it", path.name, error)
            continue
        if record.state == RUNNING and not _is_held(path.with_suffix(".lock")):
            record = replace(record, state=BROKEN_OFF)
        found.append(record)
    return found


@contextlib.contextmanager
def _held(path: Path) -> Iterator[None]:
    """A locked file while a training runs: a crash lets it go."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try_lock(handle)
        yield
    finally:
        os.close(handle)
        with contextlib.suppress(OSError):
            path.unlink()


def _is_held(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not try_lock(handle)
    finally:
        os.close(handle)


def _tell_mlflow(places: Places, record: Record, server: str) -> None:
    """Log a training that has ended. A fault of MLflow costs the run nothing but that."""
    try:
        _log_run(places, record, server)
    except Exception as error:  # MLflow raises whatever its parts raise
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        log.warning("the training %s could not be told to MLflow (%s)", record.run_id, reason)


def mlflow_client(places: Places, server: str) -> Any:
    """A client of the server, or of the files in the data folder."""
    for name, value in SWITCHES.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    logging.getLogger("alembic").setLevel(logging.ERROR)  # tells of each table that it makes

    return MlflowClient(server or f"sqlite:///{places.runs / 'mlflow.db'}")


def _log_run(places: Places, record: Record, server: str) -> None:
    client = mlflow_client(places, server)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    if experiment is None:
        where = None if server else (places.runs / "artifacts").as_uri()
        experiment_id = client.create_experiment(EXPERIMENT, artifact_location=where)
    else:
        experiment_id = experiment.experiment_id
    told = {
        "state": record.state,
        "by": record.by,
        "code": record.code,
        "data": record.data,
        "parent": record.parent,
        "model": record.model,
        "reason": record.reason,
    }
    run = client.create_run(experiment_id, run_name=record.run_id, tags=told)
    run_id = run.info.run_id
    for name, value in {**record.parameters, **record.counts}.items():
        client.log_param(run_id, _key(name), value)
    for step, loss in enumerate(record.losses):
        client.log_metric(run_id, "loss", loss, step=step)
    for name, rates in record.figures.items():
        client.log_metric(run_id, _key(f"{name} before"), rates["before"])
        client.log_metric(run_id, _key(f"{name} after"), rates["after"])
    client.log_metric(run_id, "seconds", record.seconds)
    # the whole record, with the confusion matrix and all intervals; by its path, so that no copy
    # lies in the system's folder of temporary files meanwhile
    client.log_artifact(run_id, str(places.runs / f"{record.run_id}.json"))
    client.set_terminated(run_id, "FAILED" if record.state == "failed" else "FINISHED")


def _key(name: str) -> str:
    """A name as MLflow allows it."""
    return "".join(c if c.isalnum() or c in " _-./" else "-" for c in name)
