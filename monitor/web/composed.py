"""The application: routes, guard and parts put together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from monitor import __version__
from monitor.errors import StoreError
from monitor.web import live_routes, page_routes, people_routes, score_routes
from monitor.web.access import Access
from monitor.web.calls import Calls
from monitor.web.cameras import Cameras
from monitor.web.enrolments import Enrolments
from monitor.web.guard import Guard
from monitor.web.keys import Keys, default_keys
from monitor.web.options import ServeOptions
from monitor.web.problems import Problem, answer
from monitor.web.rates import Rates
from monitor.web.scoring import ScoringThread
from monitor.web.sessions import Sessions
from monitor.web.site import STATIC, Site

TIDY_EVERY_S = 2.0
DECODING_MAX = 2  # threads: a picture is decoded faster than it is judged
SIGN_INS_PER_S, SIGN_INS_BURST = 0.2, 10
DESCRIPTION = "Tells who wears a mask on a picture. No picture is kept."


def make_site(options: ServeOptions, scoring: ScoringThread) -> Site:
    """The parts of a server.

    Raises:
        StoreError: If the data folder cannot be made.
    """
    limits = options.limits
    access = Access(Keys(options.keys or default_keys()), Sessions(), options.secure)
    return Site(
        options,
        scoring,
        access,
        Rates(limits.rate_per_s, limits.burst),
        Rates(SIGN_INS_PER_S, SIGN_INS_BURST),
        Calls(),
        Cameras(),
        Enrolments(),
        ThreadPoolExecutor(min(DECODING_MAX, limits.pictures_at_once), "decoding"),
    )


def make_app(site: Site) -> FastAPI:
    """The application of a server."""
    app = FastAPI(
        title="Mask Monitor",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,  # these load their scripts from elsewhere
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.site = site
    for routes in (score_routes, live_routes, people_routes, page_routes):
        app.include_router(routes.router)
    app.mount("/static", _OwnFiles(directory=STATIC))
    app.add_exception_handler(Problem, _of_problem)
    app.add_exception_handler(StoreError, _of_store)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(Exception, _of_fault)
    options = site.options
    hosts = tuple(name.lower() for name in options.names)
    app.add_middleware(
        Guard,
        calls=site.calls,
        hosts=hosts if options.loopback or hosts else None,
        requests_max=options.limits.requests_at_once,
    )
    return app


class _OwnFiles(StaticFiles):
    """The page's files: asked for anew each time, so that an update is seen at once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    site: Site = app.state.site
    tidying = asyncio.create_task(_tidy(site))
    try:
        yield
    finally:
        tidying.cancel()
        site.enrolments.stop()
        site.decoding.shutdown(wait=False, cancel_futures=True)


async def _tidy(site: Site) -> None:
    """Cameras that have gone are over."""
    while True:
        await asyncio.sleep(TIDY_EVERY_S)
        for camera in site.cameras.take_silent():
            live_routes.leave(site, camera.name)


async def _of_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return answer(error)


async def _of_store(request: Request, error: Exception) -> Response:
    """The keys cannot be read: the log of the server says which file."""
    return answer(Problem(503, "keys", "the server cannot read its keys: see its log", 5.0))


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    response = answer(Problem(error.status_code, "http", str(error.detail)))
    response.headers.update(error.headers or {})
    return response


async def _of_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return answer(Problem(422, "bad_request", f"{where}: {first['msg']}"))


async def _of_fault(request: Request, error: Exception) -> Response:
    return answer(Problem(500, "fault", "a fault of the server: see its log"))
