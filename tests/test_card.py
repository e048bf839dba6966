"""Model cards: a model that is not what its card says is refused by name."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from monitor.card import MODELS_DIR, embedding_of, load_card, sha256
from monitor.errors import ModelError


def make_model(folder: Path, content: bytes = b"weights", **changes: Any) -> Path:
    """A weight file with its card."""
    path = folder / "net.onnx"
    path.write_bytes(content)
    card = {
        "name": "net",
        "files": {path.name: {"sha256": hashlib.sha256(content).hexdigest()}},
    } | changes
    path.with_suffix(".json").write_text(json.dumps(card), encoding="utf-8")
    return path


def test_good_card(tmp_path: Path) -> None:
    assert load_card(make_model(tmp_path))["name"] == "net"


def test_sha256_of_a_known_text(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert (
        sha256(tmp_path / "abc")
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_missing_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"net\.onnx is missing from"):
        load_card(tmp_path / "net.onnx")


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").mkdir()
    with pytest.raises(ModelError, match="is missing"):
        load_card(tmp_path / "net.onnx")


def test_missing_card(tmp_path: Path) -> None:
    path = make_model(tmp_path)
    path.with_suffix(".json").unlink()
    with pytest.raises(ModelError, match=r"net\.onnx has no card net\.json"):
        load_card(path)


@pytest.mark.parametrize("where", [0, 3, -1])
def test_one_changed_byte(tmp_path: Path, where: int) -> None:
    path = make_model(tmp_path)
    changed = bytearray(path.read_bytes())
    changed[where] ^= 1
    path.write_bytes(changed)
    with pytest.raises(ModelError, match="SHA-256 differs"):
        load_card(path)


def test_model_cut_short(tmp_path: Path) -> None:
    path = make_model(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ModelError, match="SHA-256 differs"):
        load_card(path)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"[1]",
        b'"text"',
        b"null",
        b"{}",
        b'{"files": 3}',
        b'{"files": {"other.onnx": {"sha256": "00"}}}',
        b'{"files": {"net.onnx": "00"}}',
        b'{"files": {"net.onnx": {}}}',
        b"\xff\xfe{",
        b"[" * 100_000,
        b'{"a":' * 900 + b"1" + b"}" * 900,
        b'{"x": NaN}',
        b'{"x": [{"y": -Infinity}]}',
        b'{"x": 1e999}',
        b'{"x": ' + b"9" * 400 + b"}",
        b'{"x": ' + b"9" * 5000 + b"}",
        b'{"x": "\\ud800"}',
        b'{"name": "two\\nlines"}',
        b'{"name": ["net"]}',
        b'{"aligner": 3}',
        b'{"input": {"size": 1000000000}}',
        b'{"input": {"size": "128"}}',
        b'{"input": {"margin": -1}}',
        b'{"output": {"dimension": 0}}',
        b'{"x": "' + b"x" * 2**20 + b'"}',
    ],
)
def test_broken_card(tmp_path: Path, text: bytes) -> None:
    path = make_model(tmp_path)
    path.with_suffix(".json").write_bytes(text)
    with pytest.raises(
        ModelError, match=r"card net\.json cannot be read or does not list net\.onnx"
    ) as caught:
        load_card(path)
    assert len(str(caught.value)) < 500
    assert "\n" not in str(caught.value)


def test_a_bad_field_is_refused_though_the_file_is_listed(tmp_path: Path) -> None:
    for changes in ({"input": {"size": 0}}, {"name": ""}, {"note": 2**63}):
        with pytest.raises(ModelError, match=r"card net\.json cannot be read"):
            load_card(make_model(tmp_path, **changes))


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX has pipes among its files")
@pytest.mark.parametrize("name", ["net.onnx", "net.json"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, name: str) -> None:
    path = make_model(tmp_path)
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)
    with pytest.raises(ModelError, match="it is a device or a pipe"):
        load_card(path)


def test_the_embedding_model_is_told_by_its_card(tmp_path: Path) -> None:
    assert embedding_of(make_model(tmp_path, output={"dimension": 256})) == ("net", 256)
    for output in ({}, [], None, {"dimension": 3.5e9}):
        with pytest.raises(ModelError, match=r"card net\.json cannot be read"):
            embedding_of(make_model(tmp_path, output=output))


@pytest.mark.parametrize("path", sorted(MODELS_DIR.glob("*.onnx")), ids=lambda path: path.name)
def test_every_shipped_model_is_what_its_card_says(path: Path) -> None:
    card = load_card(path)
    assert card["name"]
    assert card["task"] in ("mask", "detector", "embedding", "gender", "aligner")
    assert card["files"][path.name]["bytes"] == path.stat().st_size
