"""TLS to a server with a certificate of one's own, and the password of its user."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from memory_keyring import MemoryKeyring, keyring_in_use

from monitor.errors import ConfigError, StoreError
from monitor.storage.backup import backup
from monitor.storage.commands import run_store
from monitor.storage.store import Store
from monitor.storage.url import holds_password

if TYPE_CHECKING:
    from postgres import Server

pytest_plugins = ["postgres"]
SECRET = "a pass: word@office"
APART = "MASK_MONITOR_TEST_APART"


def in_a_process_of_its_own(test: Callable[..., None]) -> Callable[..., None]:
    """TensorFlow brings a TLS of its own, with which libpq's crashes: in the program they never
    meet, in a process of tests they may.
    """
    if os.environ.get(APART):
        return test

    def run(request: pytest.FixtureRequest) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:xdist", "-rs", request.node.nodeid],
            cwd=request.config.rootpath,
            env=os.environ | {APART: "1"},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


def make_ca(folder: Path, name: str) -> Path:
    """A certificate that signs others; its key lies beside it."""
    ca = folder / f"{name}.pem"
    _openssl(
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"),
        *("-keyout", str(ca.with_suffix(".key")), "-out", str(ca)),
    )
    return ca


def signed(ca: Path, host: str) -> tuple[str, str]:
    """Certificate and key of a server that is called so."""
    key, request, made = (ca.parent / f"{host}.{end}" for end in ("key", "csr", "crt"))
    names = ca.parent / "names"
    names.write_text(f"subjectAltName=DNS:{host}\n")
    _openssl(
        *("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={host}"),
        *("-keyout", str(key), "-out", str(request)),
    )
    _openssl(
        *("x509", "-req", "-days", "2", "-in", str(request), "-CA", str(ca), "-CAcreateserial"),
        *("-CAkey", str(ca.with_suffix(".key")), "-extfile", str(names), "-out", str(made)),
    )
    return made.read_text(), key.read_text()


def _openssl(*arguments: str) -> None:
    try:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)
    except FileNotFoundError:
        print("openssl is not installed: no certificate is made")
        pytest.skip("openssl is not installed: no certificate is made")


@dataclass(frozen=True)
class Office:
    """A server that wants TLS and a password, and is called `localhost` in its certificate."""

    server: Server
    database: str
    ca: Path
    other_ca: Path

    def url(self, host: str = "localhost", ca: Path | None = None, secret: str = "") -> str:
        user = f"front:{secret}" if secret else "front"
        place = f"{host}:{self.server.port}/{self.database}"
        trust = f"sslmode=verify-full&sslrootcert={ca or self.ca}"
        return f"postgresql+psycopg://{user}@{place}?{trust}"


@pytest.fixture
def office(start_postgres: Callable[..., Server], tmp_path: Path) -> Office:
    ca, other = make_ca(tmp_path, "Office"), make_ca(tmp_path, "Elsewhere")
    certificate, key = signed(ca, "localhost")
    server = start_postgres()
    database = server.new_database().rpartition("/")[2]
    quoted = SECRET.replace("'", "''")
    server.execute(f"CREATE ROLE front LOGIN SUPERUSER PASSWORD '{quoted}'")
    server.own("server.crt", certificate)
    server.own("server.key", key)
    server.own(
        "pg_hba.conf",
        "hostssl all front 127.0.0.1/32 scram-sha-256\nhost all desk 127.0.0.1/32 trust\n",
    )
    server.execute("ALTER SYSTEM SET ssl = on")
    server.execute("SELECT pg_reload_conf()")
    return Office(server, database, ca, other)


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryKeyring]:
    for name in ("PGPASSWORD", "PGPASSFILE"):
        monkeypatch.delenv(name, raising=False)
    with ExitStack() as stack:
        yield stack.enter_context(keyring_in_use(MemoryKeyring()))


def opened(url: str) -> str:
    """ "" where the store opens, else the line that is said."""
    said = ""
    try:
        Store(url).close()
    except StoreError as error:
        said = str(error)
    assert "\n" not in said
    assert SECRET not in said
    return said


@in_a_process_of_its_own
def test_the_server_is_who_it_says_and_the_password_is_in_the_keyring(
    office: Office,
    ring: MemoryKeyring,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "store password" in opened(office.url())  # there is none yet
    monkeypatch.setattr("sys.stdin", io.StringIO(SECRET + "\n"))
    assert run_store(["password", "--store", office.url()]) == 0
    assert "front is in the keyring" in capsys.readouterr().out
    assert list(ring.kept.values()) == [SECRET]
    assert opened(office.url()) == ""
    backup(office.url(), tmp_path / "copy")
    assert "does not match host name" in (said := opened(office.url("127.0.0.1")))
    assert "as its certificate does" in said
    assert "sslrootcert" in opened(office.url(ca=office.other_ca))
    assert "sslrootcert" in opened(office.url(ca=tmp_path / "missing.pem"))
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert run_store(["password", "--store", office.url()]) == 0
    assert ring.kept == {}


@in_a_process_of_its_own
def test_libpqs_own_file_is_obeyed(
    office: Office, ring: MemoryKeyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "pgpass"
    escaped = SECRET.replace("\\", "\\\\").replace(":", "\\:")
    kept.write_text(f"localhost:{office.server.port}:*:front:{escaped}\n")
    kept.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(kept))
    assert opened(office.url()) == ""


@in_a_process_of_its_own
def test_a_wrong_password_is_said(office: Office, ring: MemoryKeyring) -> None:
    said = opened(office.url(secret="wrong"))
    assert "password authentication failed" in said
    assert "store password" in said


def test_whose_password_it_is_has_to_be_named(tmp_path: Path) -> None:
    for url in ("", f"sqlite:///{tmp_path / 'm.db'}", "postgresql+psycopg://u:p@host/monitor"):
        with pytest.raises(ConfigError, match="name the server's user"):
            run_store(["password", "--store", url])


@pytest.mark.parametrize(
    ("url", "holds"),
    [
        ("postgresql+psycopg://front:secret@host/monitor", True),
        ("postgresql://host/monitor?user=front&password=secret", True),
        ("postgresql+psycopg://front@host:5433/monitor?sslmode=verify-full", False),
        ("postgresql+psycopg://host/monitor", False),
        ("sqlite:///C:/a@b:c.db", False),
        ("", False),
    ],
)
def test_a_password_in_clear_is_seen(url: str, holds: bool) -> None:
    assert holds_password(url) is holds
