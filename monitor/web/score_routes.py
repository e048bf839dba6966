"""The endpoint: `POST /v1/score`, `/healthz`, `/metrics`."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST

from monitor.records import Frame, Image, WorkerState
from monitor.web.access import Who
from monitor.web.calls import Call
from monitor.web.cameras import count_of
from monitor.web.document import HealthAnswer, ScoreAnswer, body_of_picture, refusals
from monitor.web.judging import as_line, judge
from monitor.web.keys import IDENTIFY, MASK
from monitor.web.problems import Problem
from monitor.web.reading import FIELD, TYPES, picture_bytes
from monitor.web.site import Site, site_of

router = APIRouter()
_bearer = HTTPBearer(auto_error=False, description="made by `python main.py keys add NAME`")


async def _may_score(request: Request) -> Who:
    """A dependency, so that a stranger is refused before anything else is looked at."""
    return site_of(request).access.need(request, MASK)


async def _may_look(request: Request) -> Who:
    return site_of(request).access.need(request)


@router.post(
    "/v1/score",
    summary="Who wears a mask on a picture",
    response_model=ScoreAnswer,
    responses=refusals(400, 401, 403, 408, 409, 413, 415, 422, 429, 503),
    openapi_extra=body_of_picture(FIELD, TYPES),
    dependencies=[Depends(_bearer)],
)
async def score(
    request: Request,
    who: Annotated[Who, Depends(_may_score)],
    identify: Annotated[
        bool, Query(description="also name who agreed; needs the scope `identify`")
    ] = False,
    search: Annotated[
        Literal["close", "fast"],
        Query(description="close: at several scales, as `--images`; fast: at one, as cameras"),
    ] = "close",
    min_face: Annotated[
        int,
        Query(
            ge=0,
            le=1000,
            description="the longer side, in pixels, of the smallest face that matters: the "
            "picture is searched at one scale, just enough for it. 0: the detector's own rule",
        ),
    ] = 0,
) -> Response:
    """One picture a request. It is kept nowhere."""
    site, began = site_of(request), time.perf_counter()
    call = partial(Call, datetime.now(UTC), who.label)
    try:
        site.check_rate(who)
        _check_identify(site, who, identify)
        data = await picture_bytes(request, site.options.limits)

        def frame(image: Image) -> Frame:
            return Frame(
                image,
                0,
                0.0,
                time.monotonic(),
                datetime.now(UTC),
                "web",
                live=False,
                still=True,
                name_faces=identify,
                closely=search == "close",
                smallest_px=min_face,
            )

        judged = await judge(site, data, frame)
    except Problem as problem:
        site.calls.scored(call(problem.status, 1e3 * (time.perf_counter() - began)))
        raise
    ms = 1e3 * (time.perf_counter() - began)
    faces = judged.result.faces
    site.calls.scored(call(200, ms, judged.result.frame.size_wh, len(faces)))
    return JSONResponse(as_line(judged, count_of(face.state for face in faces)))


def _check_identify(site: Site, who: Who, identify: bool) -> None:
    if not identify:
        return
    if IDENTIFY not in who.scopes:
        raise Problem(403, "wrong_scope", f"the key lacks the scope {IDENTIFY!r}")
    if not site.options.run.identify:
        raise Problem(
            409, "identify_off", "identification is off: start the server with --identify"
        )


@router.get(
    "/healthz",
    summary="Whether pictures can be judged",
    response_model=HealthAnswer,
    responses={503: {"model": HealthAnswer, "description": "The models are not loaded"}},
)
async def health(request: Request) -> Response:
    state = site_of(request).scoring.state
    if state is WorkerState.READY:
        return JSONResponse({"status": "ok"})
    status = "starting" if state is WorkerState.LOADING else "failed"
    return JSONResponse({"status": status}, 503)


@router.get(
    "/metrics",
    summary="Counters in Prometheus' text format",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}, **refusals(401, 403)},
    dependencies=[Depends(_bearer)],
)
async def metrics(request: Request, who: Annotated[Who, Depends(_may_look)]) -> Response:
    return Response(site_of(request).calls.exposition(), media_type=CONTENT_TYPE_LATEST)
