"""`people` as the user types it."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from monitor.errors import ConfigError
from monitor.identity.commands import run_forget, run_people
from monitor.identity.embed import MODEL
from monitor.identity.gallery import Gallery, save_gallery
from tests.identity.command_line import CommandLine


def test_people_lists_consents_and_removes_ended_ones(desk: CommandLine) -> None:
    assert "Nobody is enrolled" in desk.run(run_people)
    desk.enrol("Eileen")
    (eileen,) = desk.people()
    ended = dataclasses.replace(eileen, name="Bob", until=datetime.now(UTC) - timedelta(days=1))
    save_gallery(Gallery(MODEL, 256, (eileen, ended)), desk.gallery)
    said = desk.run(run_people).splitlines()
    assert "ENDED" in said[0]
    assert "Bob" in said[0]
    assert "until it is withdrawn: may greet me at the door" in said[1]
    assert "Bob" not in desk.run(run_people)


def test_foreign_gallery_is_not_overwritten(desk: CommandLine) -> None:
    desk.gallery.write_bytes(b"holiday")
    for command in (
        lambda: desk.enrol("Ann"),
        lambda: desk.run(run_people),
        lambda: desk.run(run_forget, "Ann"),
    ):
        with pytest.raises(ConfigError, match="no gallery of Mask Monitor"):
            command()
    assert desk.gallery.read_bytes() == b"holiday"
