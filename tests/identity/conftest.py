from __future__ import annotations

from pathlib import Path

import pytest

from tests.identity.command_line import CommandLine


@pytest.fixture
def desk(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)
