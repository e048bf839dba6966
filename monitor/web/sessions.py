"""Who is signed in on the page, and the codes that one signs in with. In memory: a restart signs
everybody out.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

IDLE_S = 12 * 3600.0  # a working day
CODE_S = 600.0
SESSIONS_MAX, CODES_MAX = 1000, 20
# without 0 and O, 1 and I: a code is typed on a phone
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CODE_LENGTH = 16  # 80 bits


@dataclass(slots=True)
class Session:
    """One signed-in browser."""

    session_id: str  # for limits and the list of calls; not the cookie
    csrf: str
    seen_at: float  # monotonic, seconds


class Sessions:
    """Any thread.

    Args:
        now: A monotonic clock, seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}  # by the hash of the cookie
        self._codes: dict[str, float] = {}  # hash -> until when

    def new_code(self) -> str:
        """A code to sign in with, once, within ten minutes."""
        code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
        with self._lock:
            self._tidy()
            while len(self._codes) >= CODES_MAX:
                self._codes.pop(next(iter(self._codes)))
            self._codes[_hash(code)] = self._now() + CODE_S
        return "-".join(code[i : i + 4] for i in range(0, CODE_LENGTH, 4))

    def use_code(self, typed: str) -> bool:
        """Whether a code is good; it is not any more afterwards."""
        wanted = _hash("".join(c for c in typed.upper() if c.isalnum()))
        with self._lock:
            self._tidy()
            found = [code for code in self._codes if hmac.compare_digest(code, wanted)]
            for code in found:
                del self._codes[code]
        return bool(found)

    def begin(self) -> tuple[str, Session]:
        """Sign a browser in.

        Returns:
            The cookie, and the session.
        """
        cookie = secrets.token_urlsafe(32)
        session = Session(secrets.token_hex(4), secrets.token_urlsafe(32), self._now())
        with self._lock:
            self._tidy()
            while len(self._sessions) >= SESSIONS_MAX:  # the one that was silent for longest
                self._sessions.pop(min(self._sessions, key=lambda s: self._sessions[s].seen_at))
            self._sessions[_hash(cookie)] = session
        return cookie, session

    def find(self, cookie: str) -> Session | None:
        """The session of a cookie, whose time begins anew."""
        with self._lock:
            self._tidy()
            session = self._sessions.get(_hash(cookie))
            if session is not None:
                session.seen_at = self._now()
        return session

    def end(self, cookie: str) -> None:
        with self._lock:
            self._sessions.pop(_hash(cookie), None)

    def _tidy(self) -> None:
        now = self._now()
        self._codes = {code: until for code, until in self._codes.items() if until > now}
        over = [s for s, session in self._sessions.items() if now - session.seen_at > IDLE_S]
        for cookie in over:
            del self._sessions[cookie]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
