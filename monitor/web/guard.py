"""What every request goes through, before and after its route."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.web.calls import Calls
from monitor.web.options import is_loopback
from monitor.web.problems import Problem, answer

# Nothing is loaded from elsewhere, nothing inline is run, and nobody puts the page in a frame.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),  # with none, browsers would send no origin either
    (b"permissions-policy", b"camera=(self), microphone=(), geolocation=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Guard:
    """ASGI middleware.

    Args:
        app: What it guards.
        calls: Counts requests.
        hosts: Names that requests may give as their host; None: any.
        requests_max: Requests at one time; more are refused.
    """

    def __init__(
        self, app: ASGIApp, calls: Calls, hosts: Sequence[str] | None, requests_max: int
    ) -> None:
        self._app, self._calls, self._hosts = app, calls, hosts
        self._requests_max, self._requests = requests_max, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = list(HEADERS)
                if not any(name.lower() == b"cache-control" for name, _ in message["headers"]):
                    own.append((b"cache-control", b"no-store"))
                message["headers"] = [*message["headers"], *own]
            await send(message)

        problem = self._refusal(scope)
        self._requests += 1
        try:
            app = answer(problem) if problem is not None else self._app
            await app(scope, receive, send_guarded)
        finally:
            self._requests -= 1
            route = scope.get("route")
            self._calls.asked(str(getattr(route, "path", "other")), status)

    def _refusal(self, scope: Scope) -> Problem | None:
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        if self._hosts is not None and not _named(host, self._hosts):
            # A name that another site's owner had point here would let that site's page in.
            return Problem(
                400, "wrong_host", "the server is not known under this name: start it with --name"
            )
        if self._requests >= self._requests_max:
            return Problem(503, "busy", "too many requests at once", 1.0)
        return None


def _named(host: str, names: Sequence[str]) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return is_loopback(name) or name.lower() in names
