"""Enrolling, naming and forgetting over the page's routes, with the real models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import httpx
import pytest

from tests.program import ROOT
from tests.web.served import Served, served

FORM = {"name": "Grace Hopper", "consent": "may greet me at the door", "by": "desk"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("desk")
    with served(home, "--identify", "--rate", "0", "--at-once", "16") as server:
        yield server


@pytest.fixture(scope="module")
def client(desk: Served) -> Iterator[httpx.Client]:
    with desk.signed_in() as client:
        yield client


def jpegs(who: str, lights: tuple[float, ...]) -> list[bytes]:
    """A portrait in some lights."""
    image = cv2.imread(str(ROOT / "assets" / "portraits" / f"{who}.jpg"))
    assert image is not None
    found = [cv2.imencode(".jpg", cv2.convertScaleAbs(image, alpha=light)) for light in lights]
    return [jpeg.tobytes() for _, jpeg in found]


def enrol(client: httpx.Client, pictures: list[bytes], **form: str) -> httpx.Response:
    files: list[Any] = [("pictures", ("x.jpg", data)) for data in pictures]
    return client.post("/people/enrol", data=FORM | form, files=files)


def names(client: httpx.Client, key: str, picture: bytes) -> list[str | None]:
    head = {"Authorization": f"Bearer {key}"}
    answer = client.post(
        "/v1/score", files={"picture": picture}, params={"identify": "true"}, headers=head
    )
    assert answer.status_code == 200, answer.text
    return [face["identity"] for face in answer.json()["faces"]]


def until(client: httpx.Client, key: str, picture: bytes, wanted: list[str]) -> bool:
    """The gallery is read anew within a second."""
    return any(names(client, key, picture) == wanted for _ in range(50))


def test_from_consent_to_receipt(desk: Served, client: httpx.Client) -> None:
    key = desk.key("names", "identify")
    hopper, collins = jpegs("hopper", (0.95,))[0], jpegs("collins", (1.0,))[0]
    assert names(client, key, hopper) == ["visitor"]
    answer = enrol(client, jpegs("hopper", (0.85, 1.0, 1.1)))
    assert answer.status_code == 200, answer.text
    assert "Grace Hopper is enrolled with 3 shots" in answer.json()["line"]
    (listed,) = client.get("/people/list").json()["people"]
    assert listed["consent"] == FORM["consent"]
    assert listed["until"] is None
    assert until(client, key, hopper, ["Grace Hopper"])
    assert names(client, key, collins) == ["visitor"]
    plain = desk.score(key, hopper).json()  # not asked for
    assert plain["faces"][0]["identity"] is None
    answer = enrol(client, jpegs("hopper", (1.0,)))
    assert answer.status_code == 409
    assert "enrolled already" in answer.json()["line"]
    receipt = client.post("/people/forget", data={"name": "grace hopper"}).json()["receipt"]
    assert "Grace Hopper was forgotten" in receipt[0] or "grace hopper" in receipt[0]
    # this server has confirmed it before the receipt was written
    assert names(client, key, hopper) == ["visitor"]
    assert client.get("/people/list").json() == {"people": []}
    assert not list(desk.home.rglob("*.jpg"))


def test_guided_before_the_camera_somebody_is_led_to_the_end(client: httpx.Client) -> None:
    begun = client.post("/people/enrol", data=FORM | {"name": "Guided", "count": "6"})
    assert begun.status_code == 202, begun.text
    place = f"/people/enrol/{begun.json()['id']}"
    frames = jpegs("collins", tuple(0.7 + 0.02 * number for number in range(30)))
    told, head = [], {"Content-Type": "image/jpeg"}
    standing = begun.json()
    for number in range(400):
        if standing["state"] != "running":
            break
        standing = client.post(
            f"{place}/frame", content=frames[number % len(frames)], headers=head
        ).json()
        told.append(standing["line"])
        if any(
            word in standing["line"] for word in ("Turn your", "closer", "Put your", "Take the")
        ):
            client.post(f"{place}/skip")
    assert standing["state"] == "done", told[-5:]
    assert any("Turn your head a little to your left" in line for line in told)
    assert "Guided is enrolled with 6 shots" in standing["line"]
    assert client.get(place).json()["state"] == "done"
    client.post("/people/forget", data={"name": "Guided"})


def test_one_enrolment_at_a_time_and_a_cancelled_one_stores_nothing(client: httpx.Client) -> None:
    begun = client.post("/people/enrol", data=FORM)
    assert enrol(client, jpegs("hopper", (1.0,))).status_code == 409
    place = f"/people/enrol/{begun.json()['id']}"
    assert client.post(f"{place}/cancel").status_code == 204
    frame, head = jpegs("hopper", (1.0,))[0], {"Content-Type": "image/jpeg"}
    for _ in range(100):
        standing = client.post(f"{place}/frame", content=frame, headers=head)
        if standing.status_code == 409:
            break
    assert "cancelled" in standing.json()["line"]
    assert client.get("/people/list").json() == {"people": []}


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({"name": " "}, 422, "name is missing"),
        ({"consent": ""}, 422, "consent is missing"),
        ({"until": "soon"}, 422, "no date"),
        ({"until": "2020-01-01"}, 422, "is over"),
        ({"until": "9999-12-31"}, 422, "no date"),
        ({"if_known": "all"}, 422, "if_known"),
        ({"count": "0"}, 422, "count"),
        ({"count": "9" * 50}, 422, "count"),
        ({"name": "visitor"}, 409, "strangers"),
        ({"name": "x" * 201}, 409, "characters"),
        ({"if_known": "add"}, 409, "not enrolled"),
    ],
)
def test_what_is_missing_is_said_and_nobody_is_enrolled(
    client: httpx.Client, data: Path, form: dict[str, str], status: int, words: str
) -> None:
    answer = enrol(client, [(data / "bare.jpg").read_bytes()], **form)
    assert answer.status_code == status, answer.text
    assert words in answer.text
    assert client.get("/people/list").json() == {"people": []}


def test_pictures_that_show_nobody_are_refused(client: httpx.Client, data: Path) -> None:
    answer = enrol(client, [(data / "no_face.jpg").read_bytes(), b"\xff\xd8\xff"])
    assert answer.status_code == 409
    answer = enrol(client, [(data / "no_face.jpg").read_bytes()])
    assert "no face is seen" in answer.json()["line"]
    assert client.post("/people/forget", data={"name": "Nobody"}).status_code == 409
