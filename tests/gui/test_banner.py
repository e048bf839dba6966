"""Banners: what they say, what their button does, how they are hidden."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QToolButton
from pytestqt.qtbot import QtBot

from monitor.gui.banner import Banner, BannerStack, Severity
from monitor.gui.theme import make_palette
from tests.gui.looks import MakeWindow, contrast, pixels_of


def test_a_banner_that_was_hidden_comes_back_with_another_text(make_window: MakeWindow) -> None:
    window = make_window(start=False)
    stack = window.banners
    stack.show_message("x", Severity.ERROR, "first")
    assert stack.text("x") == "first"
    stack._hide("x")
    stack.show_message("x", Severity.ERROR, "first")
    assert stack.text("x") == ""
    stack.show_message("x", Severity.WARNING, "second")
    assert stack.text("x") == "second"
    stack.show_message("x", Severity.WARNING, "")
    assert stack.text("x") == ""
    assert not stack.isVisible()


@pytest.fixture
def stack(qtbot: QtBot) -> BannerStack:
    stack = BannerStack()
    qtbot.addWidget(stack)
    stack.resize(800, 200)
    return stack


def banners(stack: BannerStack) -> list[Banner]:
    """From above."""
    shown = [b for b in stack.findChildren(Banner) if not b.isHidden()]
    return sorted(shown, key=lambda banner: banner.y())


def test_banners_stand_in_the_order_in_which_they_came(qtbot: QtBot, stack: BannerStack) -> None:
    assert not stack.isVisible()
    for key, severity in zip("abc", Severity, strict=True):
        stack.show_message(key, severity, f"message {key}")
    with qtbot.waitExposed(stack):
        stack.show()
    stack.more.click()  # the third is folded
    stack.show_message("a", Severity.INFO, "message a, changed")
    QApplication.processEvents()
    assert [b.label.text() for b in banners(stack)] == [
        "message a, changed",
        "message b",
        "message c",
    ]
    assert [b.severity for b in banners(stack)] == list(Severity)
    stack.clear("b")
    assert [b.label.text() for b in banners(stack)] == ["message a, changed", "message c"]
    stack.clear("no such banner")
    stack.clear("a")
    stack.clear("c")
    assert not stack.isVisible()


def test_a_severity_that_changes_is_shown(stack: BannerStack) -> None:
    stack.show_message("a", Severity.WARNING, "lost")
    stack.show_message("a", Severity.ERROR, "lost")
    assert [b.severity for b in banners(stack)] == [Severity.ERROR]


def test_severities_differ_in_sign_and_in_colour(qtbot: QtBot) -> None:
    looks = set()
    for severity in Severity:
        banner = Banner(severity, lambda: None)
        qtbot.addWidget(banner)
        banner.set_message("the same text", "", None)
        banner.resize(600, 40)
        looks.add(pixels_of(banner.grab().toImage()).tobytes())
    assert len(looks) == len(Severity)
    assert len({severity.value[0] for severity in Severity}) == len(Severity)


def test_a_button_does_what_the_newest_message_says(qtbot: QtBot, stack: BannerStack) -> None:
    done: list[str] = []
    stack.show_message("a", Severity.ERROR, "lost", "Try again", lambda: done.append("again"))
    stack.show()
    (banner,) = banners(stack)
    assert banner.button.text() == "Try again"
    qtbot.mouseClick(banner.button, Qt.MouseButton.LeftButton)
    stack.show_message("a", Severity.ERROR, "lost", "Try now", lambda: done.append("now"))
    assert banner.button.text() == "Try now"
    qtbot.mouseClick(banner.button, Qt.MouseButton.LeftButton)
    assert done == ["again", "now"]
    stack.show_message("a", Severity.ERROR, "lost")
    assert not banner.button.isVisible()


def test_a_user_hides_a_message_and_clearing_it_lets_it_come_again(
    qtbot: QtBot, stack: BannerStack
) -> None:
    stack.show_message("a", Severity.ERROR, "lost")
    stack.show_message("b", Severity.INFO, "a notice")
    stack.show()
    (hide,) = banners(stack)[0].findChildren(QToolButton)
    assert hide.accessibleName() == "Hide this message"
    qtbot.mouseClick(hide, Qt.MouseButton.LeftButton)
    stack.show_message("a", Severity.ERROR, "lost")
    assert (stack.text("a"), stack.text("b")) == ("", "a notice")
    stack.clear("a")  # it is well again
    stack.show_message("a", Severity.ERROR, "lost")
    assert stack.text("a") == "lost"


def test_hiding_a_trouble_leaves_what_can_be_done(qtbot: QtBot, stack: BannerStack) -> None:
    done: list[str] = []
    text = "door is lost: check its cable"
    stack.show_message("a", Severity.WARNING, text, "Try now", lambda: done.append("1"))
    stack.show()
    high = stack.sizeHint().height()
    (hide,) = banners(stack)[0].findChildren(QToolButton)
    qtbot.mouseClick(hide, Qt.MouseButton.LeftButton)
    assert stack.text("a") == ""
    stack.show_message("a", Severity.WARNING, text, "Try now", lambda: done.append("2"))
    (banner,) = banners(stack)
    qtbot.waitUntil(lambda: stack.sizeHint().height() < high)
    qtbot.mouseClick(banner.button, Qt.MouseButton.LeftButton)
    assert done == ["2"]
    stack.show_message("a", Severity.WARNING, "door is on fire: run", "Try now", lambda: None)
    assert stack.text("a") == "door is on fire: run"
    stack.clear("a")
    assert banners(stack) == []


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("severity", list(Severity))
def test_the_text_can_be_read_in_both_themes(qtbot: QtBot, severity: Severity, dark: bool) -> None:
    banner = Banner(severity, lambda: None)
    qtbot.addWidget(banner)
    banner.setPalette(make_palette(dark))
    banner.set_message("<b>lost</b>", "", None)
    banner.resize(600, 40)
    ground = banner.grab().toImage().pixelColor(9, 3)
    assert contrast(banner.label.palette().windowText().color(), ground) >= 4.5
    assert banner.label.textFormat() is Qt.TextFormat.PlainText  # a camera's name is no markup
    assert banner.accessibleName() == "<b>lost</b>"


def test_what_matters_most_is_shown_and_the_rest_folded(qtbot: QtBot) -> None:
    stack = BannerStack()
    qtbot.addWidget(stack)
    stack.show()
    for key, severity in (
        *(("a", Severity.INFO), ("b", Severity.ERROR)),
        *(("c", Severity.INFO), ("d", Severity.WARNING)),
    ):
        stack.show_message(key, severity, f"message {key}", "Do it", lambda: None)
    shown = [b.label.text() for b in stack.findChildren(Banner) if b.isVisible()]
    assert sorted(shown) == ["message b", "message d"]
    assert stack.more.isVisible()
    assert stack.more.text() == "2 more"
    qtbot.mouseClick(stack.more, Qt.MouseButton.LeftButton)
    assert all(banner.isVisible() for banner in stack.findChildren(Banner))
    assert not stack.more.isVisible()
    for key in "ab":
        stack.clear(key)
    assert not stack.more.isVisible()
    assert [stack.text(key) for key in "cd"] == ["message c", "message d"]


def test_a_notice_goes_by_itself_where_nothing_is_to_be_done(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.gui.banner.READ_MS", 50)
    stack = BannerStack()
    qtbot.addWidget(stack)
    stack.show_message("saved", Severity.INFO, "It is saved")
    stack.show_message("asks", Severity.INFO, "Watch it?", "Keep it", lambda: None)
    stack.show_message("wrong", Severity.WARNING, "It is lost")
    qtbot.waitUntil(lambda: stack.text("saved") == "")
    qtbot.wait(200)
    assert stack.text("asks") == "Watch it?"
    assert stack.text("wrong") == "It is lost"
