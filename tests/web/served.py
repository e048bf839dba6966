"""`python main.py serve` as a user starts it, and a client that asks it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.program import LIMIT_S, ROOT, environment, run

LINK = re.compile(r"(https?://\S+?)/sign-in#(\S+)")


class Served:
    """A running server. Nothing is remembered between two requests but what a test keeps."""

    def __init__(self, home: Path, *arguments: str | Path) -> None:
        self.home = home
        self.lines: list[str] = []
        self._told = threading.Event()
        self._process = subprocess.Popen(
            [sys.executable, ROOT / "main.py", "serve", "--port", "0", "--no-browser", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=home,
            env=environment(home),
        )
        self._reader = threading.Thread(target=self._read, name="terminal", daemon=True)
        self._reader.start()
        assert self._told.wait(LIMIT_S), self.lines
        found = next((m for line in self.lines if (m := LINK.search(line))), None)
        assert found is not None, self.lines
        self.url, self.code = found[1], found[2]
        self.verify: Any = True

    @property
    def pid(self) -> int:
        return self._process.pid

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))
            if LINK.search(line):
                self._told.set()
        self._told.set()

    def key(self, name: str, scope: str = "mask") -> str:
        """A new key, made by the command line."""
        done = run(self.home, "keys", "add", name, "--scope", scope)
        assert done.code == 0, done.err
        return done.out.splitlines()[-1]

    def client(self, key: str = "") -> httpx.Client:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=LIMIT_S, verify=self.verify)

    @contextmanager
    def signed_in(self) -> Iterator[httpx.Client]:
        """A browser's client: signed in, with the page's token in its head."""
        with self.client() as client:
            answer = client.post("/sign-in", data={"code": self.code})
            assert answer.status_code == 303, answer.text
            token = re.search(r'name="csrf" content="([^"]+)"', client.get("/").text)
            assert token is not None
            client.headers["X-CSRF-Token"] = token[1]
            self.code = client.post("/codes").json()["code"]  # for the next one
            yield client

    def score(self, key: str, picture: bytes, **query: str) -> httpx.Response:
        with self.client(key) as client:
            return client.post("/v1/score", files={"picture": picture}, params=query)

    def close(self) -> int:
        self._process.send_signal(signal.SIGINT)
        code = self._process.wait(LIMIT_S)
        self._reader.join(LIMIT_S)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(LIMIT_S)


@contextmanager
def served(home: Path, *arguments: str | Path) -> Iterator[Served]:
    """A server that has ended by itself, without a fault, when the block is left."""
    server = Served(home, *arguments)
    try:
        yield server
        assert server.close() == 0
        assert not [line for line in server.lines if "Traceback" in line], server.lines
    finally:
        server.kill()
