"""Why a request is refused: one shape for every answer that is no success."""

from __future__ import annotations

from starlette.responses import JSONResponse


class Problem(Exception):  # noqa: N818 (a refusal is no fault of the program)
    """A refusal with its status.

    Args:
        status: Of HTTP.
        code: For programs, as "too_large".
        message: For people: one line, what is wrong and what to do. Holds no name.
        retry_after_s: When it is worth trying again.
    """

    def __init__(
        self, status: int, code: str, message: str, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.retry_after_s = retry_after_s


def answer(problem: Problem) -> JSONResponse:
    """The answer that tells it."""
    headers = {}
    if problem.retry_after_s is not None:
        # whole seconds, as HTTP has it; never 0, which would be at once
        headers["Retry-After"] = str(max(1, round(problem.retry_after_s)))
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    body = {"error": {"code": problem.code, "message": problem.message}}
    return JSONResponse(body, problem.status, headers)
