"""One writer of a gallery at a time, in many programs."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.identity.commands import run_forget
from monitor.identity.files import gallery_lock
from monitor.identity.gallery import Gallery, load_gallery, save_gallery
from tests.identity.command_line import ROOT, CommandLine, enrolled, seen

# each takes the lock, reads, takes a while, and writes, as the desk does
WRITER = """
import sys, time
from pathlib import Path
from tests.identity.command_line import enrolled
from monitor.errors import ConfigError
from monitor.identity.files import gallery_lock
from monitor.identity.forget import forget
from monitor.identity.gallery import load_gallery, save_gallery
path, store, what, number = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
sys.stdin.readline()
while True:
    try:
        if what == "forget":
            forget(f"old {number}", path, store)
        else:
            with gallery_lock(path):
                gallery = load_gallery(path, "sface_masked_v3", 256)
                time.sleep(0.02)
                save_gallery(gallery.with_person(enrolled(f"new {number}", 100 + number)), path)
        break
    except ConfigError as error:  # on a slow machine the last ones wait for longer than it says
        if "close it and try again" not in str(error):
            raise
"""


@pytest.mark.long
@pytest.mark.timeout(700)
def test_24_forgets_and_enrolments_at_once_end_as_if_one_after_the_other(
    desk: CommandLine,
) -> None:
    people = [enrolled(f"old {number}", number) for number in range(14)]
    save_gallery(Gallery("sface_masked_v3", 256, tuple(people)), desk.gallery)
    seen(desk.store, *(f"Old {number}" for number in range(14)))
    jobs = [("forget", n) for n in range(12)] + [("enrol", n) for n in range(12)]
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, desk.gallery, desk.store, what, str(number)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        for what, number in jobs
    ]
    try:
        for program in programs:
            assert program.stdin is not None
            program.stdin.write("go\n")
            program.stdin.flush()
        errors = [program.communicate(timeout=600)[1] for program in programs]
    finally:
        for program in programs:
            if program.poll() is None:
                program.kill()
                program.communicate()
    # That others hold the store's journal is in the receipts, which these programs do not print.
    assert errors == [""] * len(errors)
    names = {p.name for p in load_gallery(desk.gallery, "sface_masked_v3", 256).people}
    assert names == {"old 12", "old 13", *(f"new {number}" for number in range(12))}


def test_a_lock_that_is_not_let_go_is_said(tmp_path: Path) -> None:
    path = tmp_path / "gallery.npz"
    with gallery_lock(path):
        began = time.monotonic()
        with (
            pytest.raises(ConfigError, match="another program has been writing"),
            gallery_lock(path, 0.2),
        ):
            raise AssertionError
        assert time.monotonic() - began < 5
    with gallery_lock(path, 0.2):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="rights work otherwise there")
def test_all_files_are_their_owner_s_alone(desk: CommandLine) -> None:
    desk.gallery.write_bytes(b"mask-monitor gallery, damaged")
    os.chmod(desk.gallery, 0o644)
    seen(desk.store, "Ada")
    desk.run(run_forget, "Ada", status=1)  # what is set aside may hold her
    for path in desk.folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


@pytest.mark.parametrize("kind", ["pipe", "missing folder", "long"])
def test_places_where_no_gallery_can_be(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "g.npz"
    if kind == "pipe":
        if not hasattr(os, "mkfifo"):
            pytest.skip("no pipes here")
        os.mkfifo(path)
    else:
        path = tmp_path / ("none/g.npz" if kind == "missing folder" else "g" * 5000)
    with pytest.raises(ConfigError) as caught, gallery_lock(path):
        load_gallery(path, "m", 4)
    assert "\n" not in str(caught.value)


@pytest.mark.long
def test_200_000_people_are_read_in_seconds(tmp_path: Path) -> None:
    """Quadratic, this took minutes."""
    path, number = tmp_path / "g.npz", 200_000
    vectors = np.ones((number, 1), np.float32)
    one = enrolled("x")
    people = tuple(
        type(one)(str(i), "yes", one.given, None, "desk", vectors[i : i + 1], one.kinds)
        for i in range(number)
    )
    save_gallery(Gallery("m", 1, people), path)
    began = time.monotonic()
    assert len(load_gallery(path, "m", 1).people) == number
    assert time.monotonic() - began < 60
