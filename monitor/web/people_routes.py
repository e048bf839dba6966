"""People on the page: list, enrol by pictures or before the browser's camera, forget."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from monitor.errors import MonitorError
from monitor.web.access import Who
from monitor.web.enrolments import Standing
from monitor.web.keys import PAGE
from monitor.web.people import desk_of, people_listed
from monitor.web.problems import Problem
from monitor.web.reading import TYPES, decode, form_fields, read_body
from monitor.web.site import Site, site_of

if TYPE_CHECKING:
    from monitor.identity.desk import EnrolRequest

router = APIRouter(include_in_schema=False)

PICTURES_MAX = 40
FORM_BYTES_MAX = 64 * 2**20
SHOTS_MAX = 100


@router.get("/people/list")
async def listed(request: Request) -> Response:
    site, _ = _site_and_who(request)
    return JSONResponse({"people": await _at_desk(people_listed, site)})


@router.post("/people/enrol")
async def begin(request: Request) -> Response:
    """Enrol somebody: with pictures in the form at once, else guided from now on."""
    site, who = _site_and_who(request)
    body = await read_body(request, FORM_BYTES_MAX, site.options.limits)
    fields = await form_fields(request, body, files_max=PICTURES_MAX)
    wanted, desk = _enrol_request(fields), desk_of(site)
    files = [data for data in fields.get("pictures", []) if isinstance(data, bytes) and data]
    if not files:
        enrolment = site.enrolments.begin(desk, wanted, who.label)
        answer = {"id": enrolment.enrolment_id} | asdict(enrolment.standing)
        return JSONResponse(answer, 202)

    def work() -> Standing:
        pictures = (  # one in memory at a time
            (f"picture {number}", decode(data, site.options.limits))
            for number, data in enumerate(files, start=1)
        )
        return site.enrolments.from_pictures(desk, wanted, pictures)

    return _told(await run_in_threadpool(work))


@router.post("/people/enrol/{enrolment_id}/frame")
async def frame(request: Request, enrolment_id: str) -> Response:
    site, who = _site_and_who(request)
    enrolment = site.enrolments.find(enrolment_id, who.label)
    if request.headers.get("content-type", "") not in TYPES:
        raise Problem(415, "unknown_type", f"send a frame as one of {', '.join(TYPES)}")
    data = await read_body(request, site.options.limits.bytes_max, site.options.limits)
    limits = site.options.limits
    return _told(await run_in_threadpool(lambda: enrolment.look(decode(data, limits))))


@router.get("/people/enrol/{enrolment_id}")
async def standing(request: Request, enrolment_id: str) -> Response:
    site, who = _site_and_who(request)
    return _told(site.enrolments.find(enrolment_id, who.label).standing)


@router.post("/people/enrol/{enrolment_id}/skip")
async def skip(request: Request, enrolment_id: str) -> Response:
    site, who = _site_and_who(request)
    site.enrolments.find(enrolment_id, who.label).skip()
    return Response(status_code=204)


@router.post("/people/enrol/{enrolment_id}/cancel")
async def cancel(request: Request, enrolment_id: str) -> Response:
    site, who = _site_and_who(request)
    site.enrolments.find(enrolment_id, who.label).cancel()
    return Response(status_code=204)


@router.post("/people/forget")
async def forget(request: Request) -> Response:
    """Forget somebody; the answer is the receipt."""
    site, _ = _site_and_who(request)
    body = await read_body(request, 2**16, site.options.limits)
    name = _text(await form_fields(request, body, files_max=0), "name", needed=True)

    def work(site: Site) -> list[str]:
        from monitor.identity import words

        return words.of_receipt(desk_of(site).forget(name))

    return JSONResponse({"receipt": await _at_desk(work, site)})


def _site_and_who(request: Request) -> tuple[Site, Who]:
    site = site_of(request)
    return site, site.access.need(request, PAGE)


async def _at_desk(work: Any, site: Site) -> Any:
    try:
        return await run_in_threadpool(work, site)
    except MonitorError as error:
        raise Problem(409, "desk", str(error)) from None


def _told(standing: Standing) -> Response:
    return JSONResponse(asdict(standing), 409 if standing.state == "failed" else 200)


def _enrol_request(fields: dict[str, list[Any]]) -> EnrolRequest:
    from monitor.identity.desk import EnrolRequest, IfKnown
    from monitor.identity.guide import SHOTS

    kinds = {"": IfKnown.REFUSE, "add": IfKnown.ADD, "replace": IfKnown.REPLACE}
    if_known = kinds.get(_text(fields, "if_known"))
    count = _text(fields, "count") or str(SHOTS)
    if if_known is None or not count.isdecimal() or not 1 <= int(count[:9]) <= SHOTS_MAX:
        raise Problem(
            422, "bad_form", f"if_known is empty, add or replace; count is from 1 to {SHOTS_MAX}"
        )
    return EnrolRequest(
        _text(fields, "name", needed=True),
        _text(fields, "consent", needed=True),
        _last_day(_text(fields, "until")),
        _text(fields, "by"),
        if_known,
        int(count),
    )


def _last_day(text: str) -> date | None:
    from monitor.identity.desk import moment_after

    if not text:
        return None
    try:
        day = date.fromisoformat(text)
        over = moment_after(day) <= datetime.now(UTC)
    except (ValueError, OverflowError, OSError):
        raise Problem(422, "bad_date", "the last day is no date: write 2027-06-30") from None
    if over:
        raise Problem(422, "bad_date", "the last day is over: give a day to come")
    return day


def _text(fields: dict[str, list[Any]], name: str, *, needed: bool = False) -> str:
    values = fields.get(name, [""])
    value = values[0] if len(values) == 1 and isinstance(values[0], str) else None
    if value is None or (needed and not value.strip()):
        raise Problem(422, "bad_form", f"the {name} is missing: fill it in")
    return value.strip()
