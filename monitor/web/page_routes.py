"""The pages: a picture, people, models, the endpoint; and signing in."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates
from starlette.concurrency import run_in_threadpool

from monitor import __version__
from monitor.errors import MonitorError
from monitor.marks import INKS, MARKS, PATTERNS, STROKES, SYMBOL_PEN, SYMBOL_SIDE, WIDTHS
from monitor.records import MaskState
from monitor.web.access import Who, check_same_site
from monitor.web.keys import PAGE
from monitor.web.models import Learnt, live_models, what_was_learnt
from monitor.web.people import people_listed
from monitor.web.problems import Problem
from monitor.web.reading import form_fields, read_body
from monitor.web.site import TEMPLATES, site_of

router = APIRouter(include_in_schema=False)
templates = Jinja2Templates(TEMPLATES)

SIGN_IN_BODY_MAX = 4096
NOBODY = "page sign-in"  # whose tries to sign in are counted together


def symbol_path(state: MaskState) -> str:
    """A symbol's strokes as an SVG path."""
    parts = []
    for (x, y), *rest in STROKES[state]:
        kind = "L" if len(rest) == 1 else "C"
        parts.append(f"M{x} {y}{kind}" + " ".join(f"{px} {py}" for px, py in rest))
    return "".join(parts)


def marks() -> dict[str, dict[str, Any]]:
    """How each state is marked, for templates and scripts."""
    return {
        state.value: {
            "colour": mark.colour,
            "word": mark.word,
            "line": mark.line.value,
            "width": WIDTHS[mark.line],
            "dashes": [part * WIDTHS[mark.line] for part in PATTERNS.get(mark.line, ())],
            "symbol": symbol_path(state),
            "ink": INKS[state],
        }
        for state, mark in MARKS.items()
    }


templates.env.globals.update(
    marks=marks(),
    marks_json=json.dumps({"states": marks(), "side": SYMBOL_SIDE, "pen": SYMBOL_PEN}),
    version=__version__,
)


def _signed_in(request: Request) -> Who | None:
    who = site_of(request).access.who(request)
    return who if who is not None and who.session is not None else None


def _page(request: Request, name: str, **values: Any) -> Response:
    """A page for whoever is signed in; everybody else is sent to sign in."""
    who = _signed_in(request)
    if who is None or who.session is None:
        return RedirectResponse("/sign-in", 303)
    site = site_of(request)
    known = {"csrf": who.session.csrf, "page": name, "identify": site.options.run.identify}
    return templates.TemplateResponse(request, f"{name}.html", known | values)


@router.get("/")
async def picture_page(request: Request) -> Response:
    return _page(request, "picture")


@router.get("/people")
async def people_page(request: Request) -> Response:
    if _signed_in(request) is None:
        return _page(request, "people")
    try:
        people, problem = await run_in_threadpool(people_listed, site_of(request)), ""
    except MonitorError as error:
        people, problem = [], str(error)
    return _page(request, "people", people=people, problem=problem)


@router.get("/models")
async def models_page(request: Request) -> Response:
    if _signed_in(request) is None:
        return _page(request, "models")
    try:
        learnt, problem = await run_in_threadpool(what_was_learnt), ""
    except MonitorError as error:
        learnt, problem = Learnt([], []), str(error)
    models = await live_models(site_of(request))
    return _page(request, "models", models=models, learnt=learnt, problem=problem)


@router.get("/endpoint")
async def endpoint_page(request: Request) -> Response:
    site = site_of(request)
    base = f"{'https' if site.options.secure else 'http'}://{request.headers.get('host', '')}"
    limits, health = site.options.limits, site.scoring.state.value
    return _page(request, "endpoint", base=base, limits=limits, health=health)


@router.get("/calls")
async def calls(request: Request) -> Response:
    """The last calls of the endpoint, newest first."""
    site = site_of(request)
    site.access.need(request, PAGE)
    rows = [
        {
            "at": call.at.isoformat(timespec="seconds"),
            "who": call.who,
            "status": call.status,
            "ms": round(call.ms, 1),
            "size": call.size_wh,
            "faces": call.faces,
        }
        for call in site.calls.last()
    ]
    return JSONResponse({"calls": rows, "state": site.scoring.state.value, "pending": site.pending})


# Signing in


@router.get("/sign-in")
async def sign_in_page(request: Request) -> Response:
    if _signed_in(request) is not None:
        return RedirectResponse("/", 303)
    return templates.TemplateResponse(request, "sign-in.html", {"page": "sign-in", "problem": ""})


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """A code, or a key with the scope `page`, for a session."""
    site = site_of(request)
    refused = partial(templates.TemplateResponse, request, "sign-in.html")
    try:
        check_same_site(request)
        wait_s = site.sign_ins.take(NOBODY)
        if wait_s:
            raise Problem(429, "too_often", "Too many tries: wait a minute", wait_s)
        body = await read_body(request, SIGN_IN_BODY_MAX, site.options.limits)
        typed = (await form_fields(request, body, files_max=0)).get("code", [""])[0]
        if not site.access.may_sign_in(typed):
            raise Problem(
                401, "wrong_code", "This code is not good, or was used already: ask for a new one"
            )
    except Problem as problem:
        known = {"page": "sign-in", "problem": problem.message}
        headers = {"Retry-After": "60"} if problem.status == 429 else {}
        return refused(known, problem.status, headers)
    cookie, _ = site.access.sessions.begin()
    response = RedirectResponse("/", 303)
    response.set_cookie(
        site.access.cookie,
        cookie,
        path="/",
        httponly=True,
        samesite="strict",
        secure=site.access.secure,
    )
    return response


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    site = site_of(request)
    site.access.need(request, PAGE)
    site.access.sessions.end(request.cookies.get(site.access.cookie, ""))
    response = Response(status_code=204)
    response.delete_cookie(site.access.cookie, path="/", secure=site.access.secure, httponly=True)
    return response


@router.post("/codes")
async def new_code(request: Request) -> Response:
    """A code for another device, as a phone."""
    site = site_of(request)
    site.access.need(request, PAGE)
    return JSONResponse({"code": site.access.sessions.new_code()}, 201)
