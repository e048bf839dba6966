"""Beyond this machine: over TLS, or behind a proxy that speaks it."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from tests.web.served import served


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("makes certificates with openssl, which is not here")
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"),
            *("-subj", "/CN=desk", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", key, "-out", cert),
        ],
        check=True,
        capture_output=True,
    )
    return cert, key


def test_over_tls_the_cookie_is_for_https_alone(
    tmp_path: Path, certificate: tuple[Path, Path], face: bytes
) -> None:
    cert, key = certificate
    listen = ("--host", "0.0.0.0", "--name", "127.0.0.1")
    with served(tmp_path, *listen, "--tls-cert", cert, "--tls-key", key) as server:
        assert server.url.startswith("https://127.0.0.1:")
        server.verify = ssl.create_default_context(cafile=str(cert))
        with server.client() as client:
            answer = client.post("/sign-in", data={"code": server.code})
            assert answer.status_code == 303
            cookie = answer.headers["set-cookie"]
            assert cookie.startswith("__Host-mask-monitor=")
            assert "Secure" in cookie
            assert client.get("/").status_code == 200
            assert client.get("/healthz", headers={"Host": "other.example"}).status_code == 400
        assert server.score(server.key("tls"), face).status_code == 200


def test_behind_a_proxy_cookies_are_for_https_and_any_name_is_taken(tmp_path: Path) -> None:
    with served(tmp_path, "--host", "0.0.0.0", "--behind-proxy") as server:
        port = server.url.rpartition(":")[2]
        server.url = f"http://127.0.0.1:{port}"
        with server.client() as client:
            head = {"Host": "masks.example"}
            assert client.get("/healthz", headers=head).status_code == 200
            answer = client.post(
                "/sign-in",
                data={"code": server.code},
                headers=head | {"Origin": "https://masks.example"},
            )
            assert answer.status_code == 303
            assert "Secure" in answer.headers["set-cookie"]
