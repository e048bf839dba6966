"""Who asks: somebody with an API key, or a browser that is signed in. Everybody else is refused."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request

from monitor.web.keys import PAGE, SCOPES, Key, Keys
from monitor.web.problems import Problem
from monitor.web.sessions import Session, Sessions

CSRF_HEADER = "x-csrf-token"
SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Who:
    """Whoever asks, as far as the server knows them."""

    label: str  # "key ID" or "page ID": no name
    scopes: tuple[str, ...]
    session: Session | None = None  # None: a key


class Access:
    """Any thread.

    Args:
        keys: Who has a key.
        sessions: Who is signed in.
        secure: Whether browsers come by https alone.
    """

    def __init__(self, keys: Keys, sessions: Sessions, secure: bool) -> None:
        self.keys, self.sessions, self.secure = keys, sessions, secure
        # The prefix has browsers take it from https alone, and from no other host of the domain.
        self.cookie = "__Host-mask-monitor" if secure else "mask-monitor"

    def who(self, request: Request) -> Who | None:
        """Whoever asks; None for a stranger."""
        kind, _, text = request.headers.get("authorization", "").partition(" ")
        if kind:
            key = self.keys.find(text.strip()) if kind.lower() == "bearer" else None
            return Who(f"key {key.key_id}", _scopes(key)) if key is not None else None
        session = self.sessions.find(request.cookies.get(self.cookie, ""))
        if session is None:
            return None
        return Who(f"page {session.session_id}", tuple(SCOPES), session)

    def need(self, request: Request, scope: str = "") -> Who:
        """Whoever asks, with a scope.

        Raises:
            Problem: 401 for a stranger, 403 if the key lacks the scope or another site's page asks
                through a browser that is signed in here.
        """
        who = self.who(request)
        if who is None:
            raise Problem(
                401,
                "no_key",
                "an API key is needed: send `Authorization: Bearer KEY` (made by "
                "`python main.py keys add NAME`), or sign in on the page",
            )
        if scope and scope not in who.scopes:
            raise Problem(
                403,
                "wrong_scope",
                f"the key lacks the scope {scope!r}: make one that has it with "
                f"`python main.py keys add NAME --scope {scope}`",
            )
        if who.session is not None and request.method not in SAFE:
            check_same_site(request)
            if request.headers.get(CSRF_HEADER, "") != who.session.csrf:
                raise Problem(403, "no_token", "the request lacks this page's token: load it anew")
        return who

    def may_sign_in(self, text: str) -> bool:
        """Whether a code, or a key for the page, is good. A code is used up by it."""
        key = self.keys.find(text.strip())
        if key is not None:
            return key.allows(PAGE)
        return self.sessions.use_code(text)


def check_same_site(request: Request) -> None:
    """
    Raises:
        Problem: 403 if a browser says that another site's page sends this.
    """
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host", ""):
        raise Problem(403, "other_site", "another site's page may not ask this")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Problem(403, "other_site", "another site's page may not ask this")


def _scopes(key: Key) -> tuple[str, ...]:
    return tuple(scope for scope in SCOPES if key.allows(scope))
