"""The real server in a process of its own, on a port of 127.0.0.1 that the system chooses."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.web.served import Served

NEEDED = ("fastapi", "uvicorn", "jinja2", "python_multipart", "prometheus_client", "httpx")
MISSING = [name for name in NEEDED if importlib.util.find_spec(name) is None]


class _LeftOut(pytest.Module):
    """A file of tests that cannot even be imported here."""

    def collect(self) -> list[pytest.Item]:
        pytest.skip(
            f"the web side needs {MISSING[0]}: pip install -r requirements-web.txt",
            allow_module_level=True,
        )


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> object:
    return _LeftOut.from_parent(parent, path=module_path) if MISSING else None


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """In mask-only mode, with no bound on how often one may ask."""
    from tests.web.served import served

    with served(tmp_path_factory.mktemp("served"), "--rate", "0", "--at-once", "32") as server:
        yield server


@pytest.fixture(scope="module")
def naming_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The same with `--identify`, nobody enrolled yet."""
    from tests.web.served import served

    home = tmp_path_factory.mktemp("naming")
    with served(home, "--identify", "--rate", "0", "--at-once", "32") as server:
        yield server


@pytest.fixture(scope="session")
def face() -> bytes:
    """A JPEG with one bare face."""
    return (Path(__file__).resolve().parents[1] / "data" / "bare.jpg").read_bytes()
