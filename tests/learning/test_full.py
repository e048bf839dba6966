"""`learn train --data`: from a folder of training pictures to a verdict, by the real commands."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.errors import ConfigError
from monitor.learning.commands import run_learn
from monitor.learning.full import data_version
from monitor.learning.places import Places
from monitor.learning.registry import champion_file
from monitor.learning.runs import records
from tests.training.conftest import make_chips

pytest.importorskip("mlflow", reason="requirements-learn.txt is not installed")
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy")

RUNS = Path(__file__).resolve().parents[2] / "runs"


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """Made-up faces of two sources."""
    numbers = {"masked": 24, "unmasked": 24, "incorrect": 12}
    folder = make_chips(make_chips(tmp_path / "chips", numbers, "one"), numbers, "two")
    yield folder
    shutil.rmtree(RUNS / f"learn-{data_version(folder)}", ignore_errors=True)


@pytest.mark.long  # trains, a minute or two
@pytest.mark.timeout(600)
def test_a_model_that_has_learnt_next_to_nothing_is_trained_tested_and_refused(
    data: Path, places: Places
) -> None:
    said: list[str] = []
    command = ["train", "--data", str(data), "--weights", "none", "--smoke", "--promote"]
    assert run_learn(command, said.append) == 0
    (record,) = records(places)
    assert (record.kind, record.state) == ("full", "refused")
    assert said[-1] == f"refused: {record.reason}"
    assert record.data == data_version(data)
    assert len(record.losses) >= 2
    assert champion_file(places) is None  # what is live stays live


def test_other_pictures_are_another_version(data: Path, tmp_path: Path) -> None:
    before = data_version(data)
    assert data_version(data) == before
    make_chips(data, {"masked": 1}, "three")
    assert data_version(data) != before
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="holds no file"):
        data_version(tmp_path / "empty")
