"""The page in a real headless Chromium: what a user does with it, by mouse, keyboard and camera."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.program import ROOT
from tests.web.browser import CHROMIUM, NARROW, WIDE, camera_film, chromium
from tests.web.served import Served

AXE = ROOT / ".web-test" / "axe.min.js"
PAGES = ("/", "/people", "/models", "/endpoint")
LIMIT_MS = 60_000
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here: run `make web-test`"),
    pytest.mark.skipif(
        importlib.util.find_spec("playwright") is None,
        reason="Playwright is not installed: run `make web-test`",
    ),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("film")
    with chromium(camera_film(ROOT / "assets" / "portraits" / "collins.jpg", folder)) as browser:
        yield browser


@pytest.fixture
def page(browser: Any, naming_server: Served) -> Iterator[Any]:
    """Signed in by the link that the server prints. Nothing may be said on the console, and nothing
    asked of another host.
    """
    yield from opened(browser, naming_server, WIDE)


@pytest.fixture
def narrow_page(browser: Any, naming_server: Served) -> Iterator[Any]:
    yield from opened(browser, naming_server, NARROW)


def opened(browser: Any, server: Served, size: tuple[int, int], scheme: str = "light") -> Any:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, base_url=server.url
    )
    context.set_default_timeout(LIMIT_MS)
    page, wrong = context.new_page(), []
    page.on("console", lambda m: wrong.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "request",
        lambda r: None if r.url.startswith((server.url, "blob:", "data:")) else wrong.append(r.url),
    )
    page.goto(f"/sign-in#{server.code}")
    page.wait_for_url("**/")
    answer = page.evaluate(
        """() => fetch("/codes", {method: "POST", headers: {"X-CSRF-Token":
        document.querySelector('meta[name=csrf]').content}}).then((a) => a.json())"""
    )
    server.code = answer["code"]  # for the next one
    yield page
    assert not [text for text in wrong if "status of 4" not in text], wrong
    context.close()


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bare, masked and bare, side by side."""
    data = ROOT / "tests" / "data"
    images = [cv2.imread(str(data / f"{name}.jpg")) for name in ("bare", "masked")]
    hopper = cv2.imread(str(ROOT / "assets" / "portraits" / "hopper.jpg"))
    assert hopper is not None
    path = tmp_path_factory.mktemp("three") / "three.png"
    cv2.imwrite(str(path), np.hstack([*images, cv2.resize(hopper, (300, 350))]))
    return path


def states(page: Any) -> list[str]:
    """Of the boxes that are drawn, from left to right."""
    found = page.eval_on_selector_all(
        "#boxes rect[data-state]", "all => all.map((r) => [r.x.baseVal.value, r.dataset.state])"
    )
    return [state for _, state in sorted(found)]


def status(page: Any, text: str) -> None:
    page.locator("#status").filter(has_text=re.compile(text)).wait_for()


def test_a_picture_is_chosen_and_its_faces_are_marked(page: Any, three: Path) -> None:
    page.set_input_files("#file", three)
    status(page, "3 faces: 1 masked, 2 no mask")
    assert states(page) == ["unmasked", "masked", "unmasked"]
    rows = page.locator("#faces tbody tr").all_inner_texts()
    assert [re.sub(r"\s+", " ", row).strip() for row in rows] == [
        "1 No mask 99 % visitor",
        "2 Masked 98 % visitor",
        "3 No mask 99 % visitor",
    ]
    assert page.get_attribute("#picture", "alt").startswith("The picture. 3 faces")


def test_the_marks_are_the_windows(page: Any, three: Path) -> None:
    from monitor.marks import MARKS, WIDTHS
    from monitor.records import MaskState

    page.set_input_files("#file", three)
    status(page, "3 faces")
    for state in (MaskState.MASKED, MaskState.UNMASKED):
        box, mark = page.locator(f'#boxes rect[data-state="{state.value}"]').first, MARKS[state]
        assert box.get_attribute("stroke") == mark.colour
        assert float(box.get_attribute("stroke-width")) == WIDTHS[mark.line]
        assert page.locator("#boxes text", has_text=mark.word).count() >= 1
    legend = page.locator(".legend").inner_text()
    assert all(mark.word in legend for mark in MARKS.values())


def test_a_picture_is_dropped(page: Any, face: bytes) -> None:
    page.evaluate(
        """(bytes) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], "x.jpg", {type: "image/jpeg"}));
        document.dispatchEvent(new DragEvent("drop", {dataTransfer: data, cancelable: true}));
        }""",
        list(face),
    )
    status(page, "1 face: 1 no mask")


def test_a_bad_file_is_said_and_the_next_good_one_is_judged(
    page: Any, tmp_path: Path, data: Path
) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff" + bytes(100))
    page.set_input_files("#file", tmp_path / "bad.jpg")
    page.locator("#problem").filter(has_text="damaged or cut off").wait_for()
    page.set_input_files("#file", data / "no_face.jpg")
    status(page, "No face was found")
    assert page.locator("#problem").is_hidden()
    assert page.locator("#faces").is_hidden()


def test_the_camera_gives_a_picture_and_is_let_go(page: Any) -> None:
    page.click("#camera")
    page.click("#take")
    status(page, "1 face: 1 no mask")
    assert states(page) == ["unmasked"]
    assert page.evaluate("document.getElementById('video').srcObject") is None


def test_live_follows_one_visit_until_it_is_stopped(page: Any) -> None:
    page.click("#camera")
    page.click("#live")
    status(page, r"Live\. 1 face: 1 no mask\. 1 visit so far")
    assert states(page) == ["unmasked"]
    page.click("#live")
    status(page, "Live has stopped")
    page.locator("#boxes rect").first.wait_for(state="detached")
    page.click("#camera")
    assert page.locator("#take").is_hidden()


def test_somebody_is_enrolled_named_and_forgotten(page: Any, tmp_path: Path, three: Path) -> None:
    portrait = cv2.imread(str(ROOT / "assets" / "portraits" / "hopper.jpg"))
    assert portrait is not None
    for number, light in enumerate((0.85, 1.0, 1.15)):
        cv2.imwrite(str(tmp_path / f"{number}.png"), cv2.convertScaleAbs(portrait, alpha=light))
    page.goto("/people")
    page.fill("#name", "Grace Hopper")
    page.fill("#consent", "may greet me at the door")
    page.check('input[value="pictures"]')
    page.set_input_files("#pictures", sorted(tmp_path.glob("*.png")))
    page.click("#begin")
    page.locator("#result").filter(has_text="Grace Hopper is enrolled with 3 shots").wait_for()
    assert "may greet me at the door" in page.locator("#people tbody").inner_text()
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    page.goto("/")
    for _ in range(20):  # the gallery is read anew within a second
        page.set_input_files("#file", three)
        status(page, "3 faces")
        if "Grace Hopper" in page.locator("#faces").inner_text():
            break
        page.wait_for_timeout(300)
    assert "Grace Hopper" in page.locator("#boxes").text_content()
    page.goto("/people")
    page.click("button.forget")
    page.click("#ask-forget")
    page.locator("#result").filter(has_text="Receipt: Grace Hopper was forgotten").wait_for()
    page.locator("#nobody").wait_for()


def test_an_enrolment_before_the_camera_guides_and_is_cancelled(page: Any) -> None:
    page.goto("/people")
    page.fill("#name", "Eileen")
    page.fill("#consent", "agreed")
    page.click("#begin")
    page.locator("#step").filter(has_text=re.compile("Look straight|Turn your head")).wait_for()
    page.locator("#taken-text").filter(has_text=re.compile("^[1-9]")).wait_for()
    page.click("#cancel")
    page.locator("#problem").filter(has_text="nothing was stored").wait_for()
    assert page.locator("#nobody").is_visible()
    assert page.input_value("#name") == "Eileen"  # the form is as it was


def test_the_endpoint_is_tried_and_the_call_is_listed(page: Any, three: Path) -> None:
    page.goto("/endpoint")
    page.set_input_files("#file", three)
    page.click("#try button")
    status(page, r"^200 \(")
    assert '"state": "masked"' in page.locator("#answer").inner_text()
    page.locator("#calls tr").first.wait_for()
    row = page.locator("#calls tr").first.inner_text()
    assert re.search(r"page [0-9a-f]{8}\s+200\s+1324 × 350\s+3", row)
    assert "three.png" not in page.content()
    page.click("#code-button")
    page.locator("#code").filter(has_text="/sign-in#").wait_for()


def test_the_models_that_work_are_shown_with_their_cards(page: Any) -> None:
    page.goto("/models")
    text = page.locator("main").inner_text()
    assert all(name in text for name in ("mask_v5", "yunet", "sface_masked_v3"))


def test_all_of_it_goes_by_keyboard_alone(page: Any, three: Path) -> None:
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "To the content"
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.id || document.activeElement.textContent")
        )
        if reached[-1] == "file":
            break
    assert reached[-1] == "file", reached
    assert "sign-out" in reached
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(three)
    status(page, "3 faces")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the camera
    page.locator("#live").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")  # live
    status(page, r"Live\. 1 face")
    page.keyboard.press("Space")
    status(page, "Live has stopped")


@pytest.mark.parametrize("path", PAGES)
def test_a_narrow_screen_needs_no_sideways_scrolling(
    narrow_page: Any, three: Path, path: str
) -> None:
    narrow_page.goto(path)
    if path == "/":
        narrow_page.set_input_files("#file", three)
        status(narrow_page, "3 faces")
    assert narrow_page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
    short = narrow_page.eval_on_selector_all(
        "button, .button, select",
        "all => all.filter((e) => e.offsetHeight && e.offsetHeight < 36).map((e) => e.id)",
    )
    assert short == []


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not here: run `make web-test`")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [*PAGES, "/sign-in"])
def test_axe_finds_nothing_that_bars_people(
    browser: Any, naming_server: Served, three: Path, path: str, scheme: str
) -> None:
    for page in opened(browser, naming_server, WIDE, scheme):
        if path == "/sign-in":
            page.context.clear_cookies()
        page.goto(path)
        if path == "/":
            page.set_input_files("#file", three)
            status(page, "3 faces")
        page.evaluate(AXE.read_text(encoding="utf-8"))  # the page's own policy lets no script in
        found = page.evaluate("axe.run()")
        serious = [
            (one["id"], one["impact"], one["nodes"][0]["html"])
            for one in found["violations"]
            if one["impact"] in ("serious", "critical", "moderate")
        ]
        assert serious == []
        assert len(found["passes"]) > 10


def test_without_a_sign_in_every_page_asks_for_one(browser: Any, server: Served) -> None:
    context = browser.new_context(base_url=server.url)
    page = context.new_page()
    for path in PAGES:
        page.goto(path)
        assert page.url.endswith("/sign-in")
    page.fill("#code", "AAAA-BBBB-CCCC-DDDD")
    page.click("button.main")
    page.locator('[role="alert"]').filter(has_text="not good").wait_for()
    context.close()
