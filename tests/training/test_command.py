"""What the commands of the training side share."""

from __future__ import annotations

import shlex
import sys

import pytest

from monitor.errors import ConfigError
from monitor.training.command import first_words, run_main, typed


def test_a_typed_command_can_be_typed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    given = ["a folder/x", "--train-args", "--size 160"]
    line = typed("mask.train", given)
    assert line.startswith("python -m monitor.training.mask.train ")
    assert shlex.split(line)[3:] == given
    monkeypatch.setattr(sys, "argv", ["/somewhere/train.py", "--data", "d"])
    assert typed("mask.train", None) == "python -m monitor.training.mask.train --data d"


def test_first_words_are_a_whole_paragraph() -> None:
    assert first_words("One sentence\nover two lines.\n\nMore.") == "One sentence over two lines."
    assert first_words(None) == ""


def test_a_mistake_of_the_user_is_one_line_and_status_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def main() -> int:
        raise ConfigError("no such folder: give another")

    with pytest.raises(SystemExit) as ended:
        run_main(main)
    assert ended.value.code == 2
    assert capsys.readouterr().err == "no such folder: give another\n"
