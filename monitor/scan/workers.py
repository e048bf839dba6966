"""Workers by Ray: processes of this computer, or of a cluster. Imported once a scan has begun.

Nothing of Ray is installed with the program, and nothing of it is loaded on the way to the window.
On this computer it listens on 127.0.0.1 alone, asks for a password that is made for the scan, keeps
its files in a private folder that is deleted with it, and tells nobody of its use.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import re
import secrets
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.errors import ConfigError, MonitorError
from monitor.files import private

log = logging.getLogger(__name__)

INSTALL = "pip install -r requirements-scan.txt"
STORE_BYTES = 80 * 2**20  # of Ray's memory for results, which are small; the least that it takes
FOLDER = "mask-monitor-scan-"
ANSWER_S = 10.0
START_TRIES = 3  # Ray gives itself half a minute, which is short where the computer is busy
CLUSTER = re.compile(r"(\[[0-9A-Fa-f:]+\]|[^\s:/@\[\]]+):(\d{1,5})")
# read as Ray is loaded; its processes inherit them
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_USAGE_STATS_PROMPT_ENABLED": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_NUM_REDIS_GET_RETRIES": "90",  # seconds for its first process: a computer may be busy
    # else it kills workers, again and again, where other programs fill the memory
    "RAY_memory_monitor_refresh_ms": "0",
}
LOCAL = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # as on a desk's system: listen on 127.0.0.1 alone
    "RAY_AUTH_MODE": "token",
}
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a job: one of three."""

    job: Any
    result: Any = None
    crashed: str = ""  # the worker died over it
    fault: BaseException | None = None  # it raised this


class Workers:
    """Jobs to processes. One thread calls it.

    Args:
        number: How many at a time.
    """

    def __init__(self, ray: Any, number: int) -> None:
        self._ray, self.number = ray, number
        self._jobs: dict[Any, Any] = {}  # by Ray's reference
        self._remote: dict[str, Any] = {}

    @property
    def busy(self) -> int:
        return len(self._jobs)

    def submit(self, job: Any, function: Callable[..., Any], *arguments: Any) -> None:
        """Have a function of this program called with arguments that can be pickled.

        Args:
            job: Comes back with the answer.
        """
        name = function.__name__
        if name not in self._remote:
            self._remote[name] = self._ray.remote(max_retries=0, num_cpus=1)(function)
        self._jobs[self._remote[name].remote(*arguments)] = job

    def answers(self, wait_s: float) -> list[Answer]:
        """What has been answered; waits for the first of it for a while."""
        if not self._jobs:
            return []
        ready, _ = self._ray.wait(list(self._jobs), num_returns=1, timeout=wait_s)
        more, _ = self._ray.wait(list(self._jobs), num_returns=len(self._jobs), timeout=0)
        return [self._answer(reference) for reference in {*ready, *more}]

    def _answer(self, reference: Any) -> Answer:
        job, errors = self._jobs.pop(reference), self._ray.exceptions
        try:
            return Answer(job, self._ray.get(reference))
        except errors.RayTaskError as error:
            return Answer(job, fault=error.cause or error)
        except (
            errors.WorkerCrashedError,
            errors.NodeDiedError,
            errors.OutOfMemoryError,
            errors.ObjectLostError,
            errors.RaySystemError,
        ) as error:
            return Answer(job, crashed=type(error).__name__)


@contextlib.contextmanager
def local_workers(number: int) -> Iterator[Workers]:
    """So many processes of this computer, which end with the block.

    Raises:
        ConfigError: If Ray is not installed.
        MonitorError: If it cannot be started.
    """
    _remove_left()
    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}-"))
    try:
        with private(folder / "token") as file:
            file.write(secrets.token_hex(32).encode())
        os.environ.update(LOCAL | {"RAY_AUTH_TOKEN_PATH": str(folder / "token")})
        ray = load_ray()
        ray._raylet.AuthenticationTokenLoader.instance().reset_cache()  # of a former scan's token
        with _started(
            ray,
            "the workers cannot be started",
            START_TRIES,
            num_cpus=number,
            include_dashboard=False,
            object_store_memory=STORE_BYTES,
            _temp_dir=str(folder / "ray"),
            _node_ip_address="127.0.0.1",
        ):
            yield Workers(ray, number)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def cluster_workers(address: str, number: int | None) -> Iterator[Workers]:
    """Those of a cluster that this computer is part of.

    Args:
        address: HOST:PORT of its head.
        number: How many at a time; None: as many as it has cores.

    Raises:
        ConfigError: If Ray is not installed, or the address is none.
        MonitorError: If it does not answer.
    """
    if not CLUSTER.fullmatch(address):
        raise ConfigError(f"--cluster {address!r}: write HOST:PORT, as `ray start --head` says it")
    ray = load_ray()
    why = f"the cluster {address} does not answer, or this computer is not part of it"
    host, _, port = address.rpartition(":")
    try:  # Ray itself tries for minutes
        socket.create_connection((host.strip("[]"), int(port)), ANSWER_S).close()
    except (OSError, OverflowError) as error:
        raise MonitorError(f"{why} ({error})") from None
    with _started(ray, why, address=address):
        cores = int(ray.cluster_resources().get("CPU", 1))
        yield Workers(ray, max(1, min(number or cores, cores)))


def load_ray() -> Any:
    """Ray, kept from telling anybody anything.

    Raises:
        ConfigError: If it is not installed.
    """
    if importlib.util.find_spec("ray") is None:
        raise ConfigError(f"a scan needs Ray, which is not installed: run `{INSTALL}`")
    os.environ.update(QUIET)
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
    import ray
    from ray._private import node, worker

    # It prints hundreds of letters of each worker that dies, between the lines of the scan.
    worker.print_to_stdstream = _debugged
    # Three processes that nobody needs here. The first is there for the statistics of use alone
    # once the dashboard is off, and with these off, too, asks the network which cloud this is.
    for name in ("start_api_server", "start_monitor", "start_log_monitor"):
        setattr(node.Node, name, _left_out)
    return ray


def _left_out(self: Any, **_: Any) -> None:
    """Instead of a process that Ray would start."""


def _debugged(data: Any, *_: Any, **__: Any) -> None:
    log.debug("Ray: %s", data)


@contextlib.contextmanager
def _started(ray: Any, why: str, tries: int = 1, **options: Any) -> Iterator[None]:
    """
    Raises:
        MonitorError: If it cannot be started or reached.
    """
    for left in reversed(range(tries)):
        try:
            ray.init(
                log_to_driver=False,
                configure_logging=False,
                logging_level=logging.CRITICAL,
                namespace="mask-monitor",
                **options,
            )
            break
        except Exception as error:  # whatever Ray raises: it has no common kind
            log.debug("Ray has not started", exc_info=True)
            ray.shutdown()
            said = str(error).strip().partition("\n")[0][:200]
            if not left:
                raise MonitorError(f"{why} ({said})") from None
    try:
        yield
    finally:
        ray.shutdown()


def _remove_left() -> None:
    """Delete the folders of scans that were killed."""
    for path in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            if path.stat().st_uid != os.getuid():
                continue
            try:
                os.kill(int(path.name.removeprefix(FOLDER).partition("-")[0]), 0)
            except ProcessLookupError:
                shutil.rmtree(path, ignore_errors=True)
