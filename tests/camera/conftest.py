"""FFmpeg's own program, shared by the tests of decoding."""

from __future__ import annotations

import shutil

import pytest


@pytest.fixture
def ffmpeg() -> str:
    found = shutil.which("ffmpeg")
    if found is None:
        pytest.skip("compares with ffmpeg, which is not installed here")
    return found
