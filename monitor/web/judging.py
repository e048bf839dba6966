"""From a picture's bytes to the pipeline's answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from monitor.records import Count, Frame, Image
from monitor.storage.events import event
from monitor.web.problems import Problem
from monitor.web.reading import decode
from monitor.web.scoring import Judged, StoppedError
from monitor.web.site import AGAIN_S, Site

ANSWER_S = 60.0  # the line is short: whoever waits longer waits for nothing


async def judge(site: Site, data: bytes, make_frame: Callable[[Image], Frame]) -> Judged:
    """Decode a picture and have it judged.

    Args:
        data: The file's bytes.
        make_frame: Makes a frame of the picture; called in the event loop.

    Raises:
        Problem: 415, 422 or 503.
    """
    with site.slot():
        loop = asyncio.get_running_loop()
        image = await loop.run_in_executor(site.decoding, decode, data, site.options.limits)
        return await answered(site, make_frame(image))


async def answered(site: Site, frame: Frame) -> Judged:
    """
    Raises:
        Problem: 503 if the server goes down or does not get to it.
    """
    try:
        async with asyncio.timeout(ANSWER_S):
            judged = await asyncio.wrap_future(site.scoring.analyse(frame))
    except TimeoutError:
        raise Problem(503, "busy", "the picture was not judged in time", AGAIN_S) from None
    except StoppedError:
        raise Problem(503, "stopping", "the server is going down", 5.0) from None
    site.calls.judged(judged.result)
    return judged


def as_line(judged: Judged, count: Count) -> dict[str, object]:
    """The answer: an events line, with the picture's size and the model."""
    size = list(judged.result.frame.size_wh)
    return event(judged.result, count) | {"size": size, "model": judged.model}
