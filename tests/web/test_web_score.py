"""`POST /v1/score` on the real server with real pictures."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.program import run
from tests.web.served import Served, served


@pytest.fixture(scope="module")
def key(server: Served) -> str:
    return server.key("tests")


def test_a_face_is_judged_as_a_run_on_the_folder_judges_it(
    server: Served, key: str, data: Path, tmp_path: Path
) -> None:
    events = tmp_path / "e.jsonl"
    done = run(tmp_path, "--headless", "--images", data, "--events", events, "--csv", "s.csv")
    assert done.code == 0, done.err
    lines = [json.loads(line) for line in events.read_text().splitlines()]
    assert {line["file"] for line in lines} == {"bare.jpg", "masked.jpg", "no_face.jpg"}
    for line in lines:
        answer = server.score(key, (data / line["file"]).read_bytes())
        assert answer.status_code == 200
        found = answer.json()
        assert found.keys() == line.keys() | {"size", "model"}
        assert found["faces"] == line["faces"]
        assert sum(found["count"].values()) == len(found["faces"])
        assert found["model"] == "mask_v5"


def test_form_json_and_plain_body_are_answered_alike(server: Served, key: str, face: bytes) -> None:
    packed = {"picture": base64.b64encode(face).decode()}
    with server.client(key) as client:
        answers = [
            client.post("/v1/score", files={"picture": face}),
            client.post("/v1/score", json=packed),
            client.post("/v1/score", content=face, headers={"Content-Type": "image/jpeg"}),
        ]
    assert [answer.status_code for answer in answers] == [200] * 3
    faces = [answer.json()["faces"] for answer in answers]
    assert faces[0] == faces[1] == faces[2]
    assert faces[0][0]["state"] == "unmasked"


def test_a_fast_search_finds_the_same_face(server: Served, key: str, face: bytes) -> None:
    close, fast = (server.score(key, face, search=how).json() for how in ("close", "fast"))
    assert [f["state"] for f in fast["faces"]] == [f["state"] for f in close["faces"]]


def test_a_search_for_large_faces_finds_the_large_one(
    server: Served, key: str, face: bytes
) -> None:
    close = server.score(key, face).json()["faces"]
    (left, top, right, bottom) = close[0]["box"]
    px = int(max(right - left, bottom - top))
    large = server.score(key, face, min_face=str(px // 2)).json()
    assert [f["state"] for f in large["faces"]] == [f["state"] for f in close]
    assert server.score(key, face, min_face="2000").status_code == 422


def test_nobody_is_named_without_the_scope_nor_where_naming_is_off(
    server: Served, key: str, face: bytes
) -> None:
    answer = server.score(key, face, identify="true")
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "wrong_scope"
    answer = server.score(server.key("names", "identify"), face, identify="true")
    assert answer.status_code == 409
    assert "--identify" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "head",
    [
        {},
        {"Authorization": "Bearer mm_00000000_" + "a" * 43},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic bWFzazptYXNr"},
        {"Authorization": "Bearer ü".encode("latin-1")},
        {"Cookie": "mask-monitor=x"},
    ],
)
def test_a_stranger_is_refused(server: Served, face: bytes, head: dict[str, str]) -> None:
    with server.client() as client:
        answer = client.post("/v1/score", files={"picture": face}, headers=head)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["error"]["code"] == "no_key"


def test_a_revoked_key_is_refused_at_once(server: Served, face: bytes) -> None:
    key = server.key("gone soon")
    assert server.score(key, face).status_code == 200
    assert run(server.home, "keys", "revoke", "gone soon").code == 0
    assert server.score(key, face).status_code == 401


def test_the_counters_know_how_many_faces_and_no_names(
    server: Served, key: str, face: bytes
) -> None:
    def unmasked() -> float:
        with server.client(key) as client:
            text = client.get("/metrics").text
        row = next(
            r for r in text.splitlines() if r.startswith('mask_monitor_faces_total{state="unm')
        )
        return float(row.split()[-1])

    before = unmasked()
    server.score(key, face)
    assert unmasked() == before + 1


def test_who_asks_too_often_is_told_when_to_come_again(tmp_path: Path, face: bytes) -> None:
    with served(tmp_path, "--rate", "1") as server:
        key = server.key("eager")
        answers = [server.score(key, face) for _ in range(6)]
        late = [answer for answer in answers if answer.status_code == 429]
        assert late
        assert {a.status_code for a in answers} == {200, 429}
        assert int(late[0].headers["Retry-After"]) >= 1
        assert server.score(server.key("other"), face).status_code == 200


def test_health_and_document_are_for_everybody(server: Served) -> None:
    with server.client() as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        document = client.get("/openapi.json").json()
    assert set(document["paths"]) == {"/v1/score", "/healthz", "/metrics"}
