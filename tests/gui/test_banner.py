"""Banners: what they say, what their button does, how they are hidden."""

from __future__ import annotations

from tests.gui.looks import MakeWindow


def test_a_banner_that_was_hidden_comes_back_with_another_text(make_window: MakeWindow) -> None:
    from monitor.gui.banner import Severity

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
