"""The browser's camera, live: its frames come one after the other, and are followed like those of
any camera. Nothing is counted into the store.
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from monitor.web.judging import as_line, judge
from monitor.web.keys import PAGE
from monitor.web.problems import Problem
from monitor.web.reading import TYPES, read_body
from monitor.web.site import Site, site_of

router = APIRouter(include_in_schema=False)


@router.post("/live")
async def begin(request: Request) -> Response:
    site = site_of(request)
    who = site.access.need(request, PAGE)
    return JSONResponse({"id": site.cameras.begin(who.label).camera_id}, 201)


@router.post("/live/{camera_id}")
async def frame(request: Request, camera_id: str) -> Response:
    """The next frame; the answer is an events line."""
    site = site_of(request)
    who = site.access.need(request, PAGE)
    site.check_rate(who)
    camera = site.cameras.find(camera_id, who.label)
    kind = request.headers.get("content-type", "")
    if kind not in TYPES:
        raise Problem(415, "unknown_type", f"send a frame as one of {', '.join(TYPES)}")
    data = await read_body(request, site.options.limits.bytes_max, site.options.limits)
    if camera.busy:
        raise Problem(429, "too_often", "the last frame is still worked on: send one at a time", 1)
    camera.busy = True
    try:
        judged = await judge(site, data, camera.frame)
    finally:
        camera.busy = False
    return JSONResponse(as_line(judged, camera.count(judged.result)))


@router.post("/live/{camera_id}/end")
async def end(request: Request, camera_id: str) -> Response:
    site = site_of(request)
    who = site.access.need(request, PAGE)
    leave(site, site.cameras.find(camera_id, who.label).name)
    site.cameras.end(camera_id)
    return Response(status_code=204)


def leave(site: Site, name: str) -> None:
    """A camera is over: so are its visits."""
    site.scoring.ask(lambda pipeline: pipeline.end(name))
