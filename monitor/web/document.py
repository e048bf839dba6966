"""The shapes of the endpoint's answers, for /openapi.json. What is sent is an events line as
`monitor.storage.events` makes it; these describe it.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

State = Literal["masked", "unmasked", "incorrect", "unsure"]
STATES = ("masked", "unmasked", "incorrect")


class FaceAnswer(BaseModel):
    """One face."""

    track: int | None = Field(description="null where pictures stand alone")
    box: list[float] = Field(description="x0, y0, x1, y1 in pixels of the upright picture")
    confidence: float = Field(description="of the detector, 0 to 1")
    state: State = Field(description="unsure: too small, cut off or undecided")
    state_confidence: float
    raw_state: Literal["masked", "unmasked", "incorrect"] = Field(description="what is likeliest")
    identity: str | None = Field(
        description="a name, `visitor`, or null where nobody was looked up"
    )
    identity_confidence: float | None


class CountAnswer(BaseModel):
    """Faces by state."""

    masked: int
    unmasked: int
    incorrect: int
    unsure: int


class TimesAnswer(BaseModel):
    """Milliseconds that each stage took."""

    detect: float
    track: float
    classify: float
    identify: float


class ScoreAnswer(BaseModel):
    """A line as `--events` writes it, with the picture's size and the model's name."""

    frame: int
    camera: str
    file: str | None
    t: float
    faces: list[FaceAnswer]
    count: CountAnswer
    ms: TimesAnswer
    size: list[int] = Field(description="width and height of the upright picture")
    model: str


class ErrorText(BaseModel):
    code: str = Field(description="for programs, as `too_large`")
    message: str = Field(description="for people: what is wrong and what to do")


class ErrorAnswer(BaseModel):
    """Every answer that is no success."""

    error: ErrorText


class HealthAnswer(BaseModel):
    status: Literal["ok", "starting", "failed"]


REFUSALS = {
    400: "The request is cut off or its head is wrong",
    401: "No key, or a wrong one",
    403: "The key lacks the scope",
    408: "The request was not there whole in time",
    409: "Names were asked for, and identification is off",
    413: "Too many bytes",
    415: "No picture of a kind that is read",
    422: "The picture is damaged, has too many pixels or frames, or the request is wrong",
    429: "This key asks too often: see Retry-After",
    503: "The server has too much to do: see Retry-After",
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The document's entries for some refusals."""
    return {status: {"model": ErrorAnswer, "description": REFUSALS[status]} for status in statuses}


def body_of_picture(field: str, types: tuple[str, ...]) -> dict[str, Any]:
    """The document's entry for a request that carries a picture."""
    binary = {"schema": {"type": "string", "format": "binary"}}
    form = {
        "type": "object",
        "required": [field],
        "properties": {field: {"type": "string", "format": "binary"}},
        "additionalProperties": False,
    }
    packed = {
        "type": "object",
        "required": [field],
        "properties": {field: {"type": "string", "format": "byte", "description": "in base64"}},
        "additionalProperties": False,
    }
    content: dict[str, Any] = {
        "multipart/form-data": {"schema": form},
        "application/json": {"schema": packed},
    }
    return {"requestBody": {"required": True, "content": content | dict.fromkeys(types, binary)}}
