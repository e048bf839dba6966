"""API keys: made, shown once, kept as a hash, taken back."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import pytest

from monitor.errors import ConfigError, StoreError
from monitor.web.commands import run_keys
from monitor.web.keys import IDENTIFY, MASK, PAGE, Keys


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def test_a_key_is_known_again_and_no_other_text_is(file: Path) -> None:
    keys = Keys(file)
    key, text = keys.add("door", (MASK,))
    assert keys.find(text) == key
    for wrong in (
        "",
        text[:-1],
        text + "x",
        text.upper(),
        text[:-1] + "é",
        "mm_00000000_" + "a" * 43,
    ):
        assert keys.find(wrong) is None


def test_the_file_does_not_hold_the_key_and_is_its_owners_alone(file: Path) -> None:
    _, text = Keys(file).add("door", (MASK,))
    content = file.read_text()
    assert text not in content
    assert text.split("_", 2)[2] not in content
    assert json.loads(content)["keys"][0]["name"] == "door"
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_key_that_is_taken_back_is_unknown_to_whoever_has_the_file_open(file: Path) -> None:
    here, there = Keys(file), Keys(file)
    _, text = here.add("door", (MASK,))
    _, other = here.add("desk", (MASK,))
    assert there.find(text) is not None
    here.revoke("door")
    assert there.find(text) is None
    assert there.find(other) is not None
    with pytest.raises(ConfigError, match="no key 'door'"):
        here.revoke("door")


def test_identify_includes_mask_and_nothing_includes_the_page(file: Path) -> None:
    key, _ = Keys(file).add("door", (IDENTIFY,))
    assert key.allows(MASK)
    assert key.allows(IDENTIFY)
    assert not key.allows(PAGE)


def test_two_keys_have_two_names(file: Path) -> None:
    keys = Keys(file)
    keys.add("door", (MASK,))
    with pytest.raises(ConfigError, match="already"):
        keys.add(" door ", (MASK,))
    for name in ("", "  ", "a" * 101, "a\x07b"):
        with pytest.raises(ConfigError, match="1 to 100"):
            keys.add(name, (MASK,))


@pytest.mark.parametrize("content", ["", "[]", '{"keys": [{}]}', '{"keys": 3}', "\x00\xff"])
def test_a_damaged_file_is_said_and_lets_nobody_in(file: Path, content: str) -> None:
    file.write_text(content)
    with pytest.raises(StoreError, match=r"keys\.json is damaged"):
        Keys(file).find("mm_00000000_" + "a" * 43)


def test_the_commands_make_list_and_revoke(file: Path) -> None:
    said: list[str] = []
    here = ("--keys", str(file))
    run_keys(["list", *here], said.append)
    assert "keys add NAME" in said[-1]
    run_keys(["add", "door", "--scope", "mask,identify", *here], said.append)
    key = Keys(file).find(said[-1])
    assert key is not None
    assert key.scopes == (MASK, IDENTIFY)
    run_keys(["list", *here], said.append)
    assert "door: mask, identify" in said[-1]
    assert key.key_id in said[-1]
    run_keys(["revoke", key.key_id, *here], said.append)
    assert Keys(file).listed() == []


@pytest.mark.parametrize("argv", [["add", "x", "--scope", "all"], ["add", "x", "--scope", ","], []])
def test_a_wrong_command_is_said_in_one_line(file: Path, argv: list[str]) -> None:
    with pytest.raises(ConfigError) as error:
        run_keys([*argv, *(("--keys", str(file)) if argv else ())])
    assert "\n" not in str(error.value)
    assert not file.exists()
