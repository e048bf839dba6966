"""Signing in, and what a stranger, another site or a stolen cookie cannot do."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from starlette.routing import Mount, Route

from monitor.errors import ConfigError
from monitor.web.commands import run_serve
from tests.program import run
from tests.web.served import Served, served

# what is for everybody: health, the document, signing in, the page's own files
FREE = {"/healthz", "/openapi.json", "/sign-in", "/static"}


def all_routes() -> list[tuple[str, str]]:
    """Every route of the application, by method and path."""
    from monitor.web.composed import make_app, make_site
    from monitor.web.options import ServeOptions
    from monitor.web.scoring import ScoringThread

    def no_models() -> None:
        raise AssertionError("it is not started")

    app = make_app(make_site(ServeOptions(keys=Path("none")), ScoringThread(no_models)))  # type: ignore[arg-type]
    found = []
    included = [getattr(route, "original_router", None) for route in app.routes]
    for route in [*app.routes, *(r for router in included if router for r in router.routes)]:
        if getattr(route, "original_router", None) is not None:
            continue
        assert isinstance(route, Route | Mount), route
        methods = getattr(route, "methods", None) or {"GET"}
        found += [(method, route.path) for method in sorted(methods)]
    return found


def test_every_route_but_the_free_ones_refuses_a_stranger(server: Served) -> None:
    routes = [(method, path) for method, path in all_routes() if path not in FREE]
    assert len(routes) >= 15
    with server.client() as client:
        for method, path in routes:
            url = re.sub(r"\{\w+\}", "0123abcd", path)
            answer = client.request(method, url, headers={"Cookie": "mask-monitor=guess"})
            if answer.status_code == 303:  # a page
                assert method == "GET"
                assert answer.headers["location"] == "/sign-in"
            else:
                assert answer.status_code == 401, (method, path, answer.status_code)


def test_a_key_for_pictures_opens_no_page(server: Served) -> None:
    with server.client(server.key("no page", "identify")) as client:
        for path in ("/", "/people", "/models", "/endpoint"):
            assert client.get(path).headers["location"] == "/sign-in"
        assert client.get("/people/list").status_code == 403
        assert client.post("/people/forget", data={"name": "x"}).status_code == 403
        assert client.get("/metrics").status_code == 200


def test_a_code_is_good_once(tmp_path: Path) -> None:
    with served(tmp_path) as server, server.client() as first, server.client() as second:
        code = {"code": server.code.lower().replace("-", " ")}  # as somebody types it
        answer = first.post("/sign-in", data=code)
        assert answer.status_code == 303
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert first.get("/").status_code == 200
        assert second.post("/sign-in", data=code).status_code == 401
        assert second.get("/").status_code == 303


def test_guessing_codes_is_slowed_down(tmp_path: Path) -> None:
    with served(tmp_path) as server, server.client() as client:
        tries = [client.post("/sign-in", data={"code": f"GUESS{n}"}) for n in range(14)]
        assert [answer.status_code for answer in tries[:10]] == [401] * 10
        assert tries[-1].status_code == 429


def test_a_key_for_the_page_signs_in_and_another_does_not(server: Served) -> None:
    with server.client() as client:
        code = {"code": server.key("no page 2", "mask,identify")}
        assert client.post("/sign-in", data=code).status_code == 401
        code = {"code": server.key("page", "page")}
        assert client.post("/sign-in", data=code).status_code == 303
        assert client.get("/people").status_code == 200


def test_another_sites_page_can_do_nothing(server: Served, face: bytes) -> None:
    with server.signed_in() as client:
        picture = {"picture": face}
        assert client.post("/v1/score", files=picture).status_code == 200
        for head in (
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
            {"X-CSRF-Token": "guess"},
            {"X-CSRF-Token": ""},
        ):
            answer = client.post("/v1/score", files=picture, headers=head)
            assert answer.status_code == 403, head
    evil = {"Origin": "https://evil.example"}
    with server.client() as stranger:  # signing a browser in as somebody else
        answer = stranger.post("/sign-in", data={"code": server.code}, headers=evil)
        assert answer.status_code == 403


def test_a_name_that_was_made_to_point_here_is_refused(server: Served) -> None:
    with server.client() as client:
        for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::"):
            answer = client.get("/healthz", headers={"Host": host})
            assert answer.status_code == 400, host
        for host in ("localhost", "localhost:9", "[::1]:80", "127.0.0.1"):
            assert client.get("/healthz", headers={"Host": host}).status_code == 200, host


def test_signing_out_ends_the_session(server: Served) -> None:
    with server.signed_in() as client:
        cookies = dict(client.cookies)
        assert client.post("/sign-out").status_code == 204
    with server.client() as client:
        client.cookies.update(cookies)
        assert client.get("/calls").status_code == 401


def test_every_answer_says_what_a_browser_may_do_with_it(server: Served) -> None:
    with server.signed_in() as client:
        for path in ("/", "/sign-in", "/static/page.css", "/healthz", "/nothing", "/openapi.json"):
            head = client.get(path).headers
            policy = head["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert "http" not in policy
            assert head["x-content-type-options"] == "nosniff"
            assert head["x-frame-options"] == "DENY"
        assert client.get("/nothing").json()["error"]["code"] == "http"


def test_the_pages_hold_nothing_from_elsewhere_and_nothing_inline(server: Served) -> None:
    with server.signed_in() as client:
        for path in ("/", "/people", "/models", "/endpoint"):
            text = client.get(path).text
            addresses = re.findall(r"(?:src|href|action)=\"([^\"]*)\"", text)
            assert addresses
            assert [a for a in addresses if not a.startswith(("/", "#"))] == []
            assert " style=" not in text
            assert not re.search(r"\son\w+=", text)


def test_nothing_of_a_picture_or_a_person_is_written_down(tmp_path: Path, face: bytes) -> None:
    with served(tmp_path) as server:
        with server.signed_in() as client:
            client.post("/v1/score", files={"picture": ("secret name.jpg", face)})
            client.post("/people/forget", data={"name": "Secret Name"})
            calls = client.get("/calls").text
        assert "secret" not in calls.lower()
        assert not [line for line in server.lines if "secret" in line.lower()]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    held = [path for path in files if face[1000:1100] in path.read_bytes()]
    assert held == []


def test_a_live_camera_follows_a_visit_and_belongs_to_whoever_began_it(
    server: Served, face: bytes
) -> None:
    head = {"Content-Type": "image/jpeg"}
    with server.signed_in() as client:
        camera = client.post("/live").json()["id"]
        answers = []
        for _ in range(12):
            answer = client.post(f"/live/{camera}", content=face, headers=head)
            assert answer.status_code == 200, answer.text
            answers.append(answer.json())
            if answers[-1]["count"]["unmasked"]:
                break
            time.sleep(0.12)  # a camera's pace: frames that are closer are not searched
        assert answers[-1]["count"] == {"masked": 0, "unmasked": 1, "incorrect": 0, "unsure": 0}
        assert answers[-1]["faces"][0]["track"] is not None
        assert answers[-1]["frame"] == len(answers) - 1
        with server.signed_in() as other:
            assert other.post(f"/live/{camera}", content=face, headers=head).status_code == 404
        assert client.post(f"/live/{camera}/end").status_code == 204
        assert client.post(f"/live/{camera}", content=face, headers=head).status_code == 404


def test_more_live_cameras_than_can_be_followed_are_refused(server: Served) -> None:
    with server.signed_in() as client:
        answers = [client.post("/live") for _ in range(9)]
        assert answers[-1].status_code == 503
        for answer in answers[:-1]:
            client.post(f"/live/{answer.json()['id']}/end")
        begun = client.post("/live")
        assert begun.status_code == 201
        client.post(f"/live/{begun.json()['id']}/end")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--host", "0.0.0.0"), "--tls-cert"),
        (("--tls-cert", "x.pem"), "--tls-key"),
        (("--tls-cert", "x.pem", "--tls-key", "y.pem"), "no certificate with its key"),
        (("--host", "192.0.2.1", "--behind-proxy"), "cannot be served"),
        (("--port", "70000"), "no number from 0 to 65535"),
        (("--model", "nothing"), "nothing.onnx is missing"),
    ],
)
def test_a_wrong_wish_is_said_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = run(tmp_path, "serve", "--no-browser", *arguments)
    assert done.code == 2
    assert words in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_a_missing_package_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.web.commands.PACKAGES", ("fastapi", "not_there"))
    with pytest.raises(ConfigError, match="needs not_there: run `make serve`"):
        run_serve(["--no-browser"])
