"""Cards that the training side writes are those that the program reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.card import load_card
from monitor.errors import ModelError
from monitor.training.learning import cards


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "net_v1.onnx"
    path.write_bytes(b"weights")
    return path


def write(weights: Path, **fields: object) -> dict[str, object]:
    card = {"task": "mask", "files": cards.files_of(weights), **fields}
    cards.write_card(weights.with_suffix(""), card, keep=("figures",))
    return load_card(weights)


def test_the_program_reads_what_was_written(weights: Path) -> None:
    assert write(weights, classes=["a"])["name"] == "net_v1"
    weights.write_bytes(b"others")
    with pytest.raises(ModelError, match="SHA-256"):
        load_card(weights)


def test_figures_of_an_older_card_stay_and_all_else_is_new(weights: Path) -> None:
    write(weights, seed=1, figures={"right": 9})
    assert {"seed": 2, "figures": {"right": 9}}.items() <= write(weights, seed=2).items()


def test_a_value_is_put_into_the_card_that_is_there(weights: Path) -> None:
    before = write(weights, licence="MIT, größte Sorgfalt")
    cards.amend_card(weights.with_suffix(""), figures={"right": 3})
    assert load_card(weights) == before | {"figures": {"right": 3}}
    assert "größte" in weights.with_suffix(".json").read_text(encoding="utf-8")


def test_a_card_that_cannot_be_written_leaves_the_old_one(weights: Path) -> None:
    before = write(weights, seed=1)
    with pytest.raises(TypeError):
        write(weights, seed=object())
    assert load_card(weights) == before


def test_a_dot_in_the_name_is_no_ending(tmp_path: Path) -> None:
    path = tmp_path / "net_v1.5.onnx"
    path.write_bytes(b"weights")
    cards.write_card(tmp_path / "net_v1.5", {"files": cards.files_of(path)})
    assert load_card(path)["name"] == "net_v1.5"
